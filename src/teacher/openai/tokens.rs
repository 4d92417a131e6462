//! Token counts before (limits, budget) and instead of (servers without `usage`) the endpoint's own.

use std::sync::{Mutex, PoisonError};

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

/// How large a prompt is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    bytes: u64,
    /// Tokens, as likely more as less.
    pub(super) expected: u64,
    /// Tokens, seldom more.
    pub(super) upper: u64,
}

/// Sizes of prompts in tokens. Counting takes a millisecond or more for each, which at a hundred requests a second is
/// a large part of a processor; so the first ones are counted, and the rest is told by their bytes and by what the
/// server counted for those before.
pub(super) struct Sizes {
    pub(super) counter: Counter,
    /// Whether a limit or a budget hangs on the first ones too.
    has_to_count: bool,
    ratio: Mutex<Ratio>,
}

/// Tokens in a byte.
#[derive(Clone, Copy, Default)]
struct Ratio {
    mean: f64,
    deviation: f64,
    prompts: u32,
}

/// Prompts after which the ratio is relied on.
const ENOUGH_PROMPTS: u32 = 8;

impl Sizes {
    pub(super) fn new(counter: Counter, has_to_count: bool) -> Self {
        Self { counter, has_to_count, ratio: Mutex::default() }
    }

    pub(super) fn of(&self, messages: &[Message], schema: &serde_json::Value) -> Size {
        let bytes = messages.iter().map(|m| m.content.len()).sum::<usize>() as u64 + schema.to_string().len() as u64;
        let ratio = *self.ratio.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = |per_byte: f64| (bytes as f64 * per_byte).ceil() as u64;
        if ratio.prompts >= ENOUGH_PROMPTS {
            return Size { bytes, expected: tokens(ratio.mean), upper: tokens(ratio.mean + 2.0 * ratio.deviation) };
        }
        if self.has_to_count {
            let counted = self.counter.prompt(messages, schema);
            return Size { bytes, expected: counted, upper: counted };
        }
        // Text in Latin letters has about four bytes a token, and seldom less than three.
        Size { bytes, expected: bytes / 4 + 1, upper: bytes / 3 + 1 }
    }

    /// Takes in what the server counted.
    pub(super) fn learn(&self, size: Size, prompt_tokens: u64) {
        if size.bytes == 0 || prompt_tokens == 0 {
            return;
        }
        let seen = prompt_tokens as f64 / size.bytes as f64;
        let mut ratio = self.ratio.lock().unwrap_or_else(PoisonError::into_inner);
        if ratio.prompts == 0 {
            *ratio = Ratio { mean: seen, deviation: seen / 8.0, prompts: 1 };
            return;
        }
        ratio.deviation += ((seen - ratio.mean).abs() - ratio.deviation) / 16.0;
        ratio.mean += (seen - ratio.mean) / 16.0;
        ratio.prompts = ratio.prompts.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Role;

    #[test]
    fn sizes_follow_what_the_server_counts() {
        let sizes = Sizes::new(Counter::for_model("gpt-4o"), true);
        let text = "The migration took two weekends and nobody noticed. ".repeat(30);
        let messages = [Message { role: Role::User, content: text }];
        let schema = serde_json::json!({ "type": "object" });
        let counted = sizes.of(&messages, &schema);
        assert_eq!(counted.expected, sizes.counter.prompt(&messages, &schema));
        assert!((250..400).contains(&counted.expected), "{counted:?}");
        for _ in 0..20 {
            sizes.learn(counted, counted.expected * 2);
        }
        let learned = sizes.of(&messages, &schema);
        assert!(learned.expected.abs_diff(counted.expected * 2) <= 1, "{learned:?}");
        assert!(learned.upper >= learned.expected && learned.upper < learned.expected * 5 / 4, "{learned:?}");
        // A server that counts nothing changes nothing.
        sizes.learn(counted, 0);
        assert_eq!(sizes.of(&messages, &schema).expected, learned.expected);
    }
}
