//! No text takes more than its share of time.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| monitor_fuzz::take_time(data));
