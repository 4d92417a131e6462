//! Zip and gzip as the bytes come.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::read("export.zip", bytes));
