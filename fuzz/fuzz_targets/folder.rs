//! Model folders: settings, tokenizer and weights.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::folder(bytes));
