//! Hunts with [`smtp_fuzz::pair`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_fuzz::pair(data));
