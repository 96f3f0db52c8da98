//! Hunts with [`smtp_fuzz::server`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_fuzz::server(data));
