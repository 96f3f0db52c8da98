//! Hunts with [`smtp_fuzz::dialogue`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_fuzz::dialogue(data));
