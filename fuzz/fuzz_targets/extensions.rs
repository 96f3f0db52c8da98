//! Hunts with [`smtp_fuzz::extensions`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_fuzz::extensions(data));
