//! The answer of the process that read a file.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::wire(bytes));
