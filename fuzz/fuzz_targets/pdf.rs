//! PDF, without the process that it is read in.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::read("a.pdf", bytes));
