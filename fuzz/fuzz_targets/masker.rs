//! What has to hold for every masked text.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::mask(bytes));
