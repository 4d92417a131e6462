//! Plain text, in each of its encodings.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::read("a.txt", bytes));
