//! A vault that somebody else wrote, and a text to restore with it, parted by the byte FF.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::vault(bytes));
