//! Any file is read or refused.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| monitor_fuzz::load_saved(data));
