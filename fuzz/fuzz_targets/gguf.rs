//! Model files: the container, the settings, the tensors and the tokenizer in them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| distill_fuzz::gguf(bytes));
