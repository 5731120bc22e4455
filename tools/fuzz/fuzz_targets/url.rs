//! No password leaves an address.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| monitor_fuzz::take_apart_url(data));
