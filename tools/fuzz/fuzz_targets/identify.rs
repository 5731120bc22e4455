//! Any text has an identity that is its own.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| monitor_fuzz::identify_any(data));
