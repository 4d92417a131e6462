//! Europass XML.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::xml("cv.xml", bytes));
