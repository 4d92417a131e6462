//! A text, masked with a document of its own author, comes back.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::unmask(bytes));
