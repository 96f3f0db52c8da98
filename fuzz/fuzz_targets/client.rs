//! Hunts with [`smtp_fuzz::client`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_fuzz::client(data));
