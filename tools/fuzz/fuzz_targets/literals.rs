//! No literal is shown.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| monitor_fuzz::hide_literals(data));
