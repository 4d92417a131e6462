//! OpenDocument texts: the input is their parts, parted by the byte FF.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::package("a.odt", distill_fuzz::ODT, bytes));
