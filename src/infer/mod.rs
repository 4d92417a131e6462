//! Making tokens on the CPU from a GGUF file as it lies there.

pub mod dot;
