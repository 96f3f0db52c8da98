//! Hunts with [`smtp_fuzz::command`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| smtp_fuzz::command(data));
