//! Batches: rows come in as text, token sequences with labels go out. Nothing after this module sees text.

mod chat_template;
mod count;
mod encode;
mod examples;

pub use chat_template::{ChatTemplate, TemplateFault};
pub use count::{counter_from_bytes, open_counter};
pub use encode::{EncodeError, Encoder, IGNORE, Sequence, StudentTokenizer, TextStream, question};
pub use examples::{ContextPolicy, EncodedRow, encode_probe, encode_row};
