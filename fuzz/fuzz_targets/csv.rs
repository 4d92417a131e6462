//! Tables, and those of a LinkedIn export.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::table(bytes));
