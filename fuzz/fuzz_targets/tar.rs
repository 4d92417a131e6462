//! Tar archives whose header sums are right.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::read("export.tar.gz", &distill_fuzz::tar(bytes)));
