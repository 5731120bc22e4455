//! No text troubles the parser.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| monitor_fuzz::refine_any(data));
