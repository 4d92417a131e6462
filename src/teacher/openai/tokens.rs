//! Token counts before (limits, budget) and instead of (servers without `usage`) the endpoint's own.

use tiktoken_rs::tokenizer::{Tokenizer, get_tokenizer};
use tiktoken_rs::{CoreBPE, bpe_for_tokenizer};

use crate::prompt::Message;

/// Counts tokens the way the model's vendor does, or with `o200k_base` where the model is unknown: near enough.
#[derive(Clone, Copy)]
pub(super) struct Counter(Tokenizer);

impl Counter {
    pub(super) fn for_model(model: &str) -> Self {
        // Gateways prefix the vendor (`openai/gpt-4o`).
        let name = model.rsplit('/').next().unwrap_or(model);
        Self(get_tokenizer(name).unwrap_or(Tokenizer::O200kBase))
    }

    /// Tokens of one text.
    pub(super) fn text(self, text: &str) -> u64 {
        const LONGEST_COUNTED_BYTES: usize = 1 << 18;
        // A runaway answer is not worth seconds of counting; four bytes a token is the usual rule of thumb.
        if text.len() > LONGEST_COUNTED_BYTES {
            return text.len() as u64 / 4;
        }
        // The vocabulary is parsed at the first call and shared by the whole process.
        let bpe: Option<&'static CoreBPE> = bpe_for_tokenizer(self.0).ok();
        bpe.map_or(text.len() as u64 / 4, |bpe| bpe.count_ordinary(text) as u64)
    }

    /// Tokens that a conversation and its schema put before the model, with the vendor's overhead of about four
    /// tokens a message.
    pub(super) fn prompt(self, messages: &[Message], schema: &serde_json::Value) -> u64 {
        let messages: u64 = messages.iter().map(|m| self.text(&m.content) + 4).sum();
        messages + self.text(&schema.to_string()) + 3
    }
}
