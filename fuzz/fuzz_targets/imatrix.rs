//! Importance matrices, in both forms.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::imatrix(bytes));
