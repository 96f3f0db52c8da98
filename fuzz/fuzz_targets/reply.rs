//! Hunts with [`smtp_fuzz::reply`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_fuzz::reply(data));
