//! Résumés, lists of posts and Mastodon archives in JSON; posts of X in what looks like a script.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::json(bytes));
