//! Hunts with [`smtp_fuzz::chunks`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_fuzz::chunks(data));
