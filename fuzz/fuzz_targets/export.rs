//! Exports: names and contents in turn, parted by the byte FF, in a zip archive.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::read("export.zip", &distill_fuzz::export(bytes)));
