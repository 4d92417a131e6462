//! Rows to token ids and labels.

use std::collections::BTreeMap;
use std::path::Path;

use tokenizers::Tokenizer;

use super::chat_template::{ChatTemplate, TemplateFault};
use crate::id::{ContentHash, Hasher};
use crate::prompt::{Message, Role};
use crate::row::TokenCounter;

/// The label of a position without loss, as in transformers.
pub const IGNORE: i64 = -100;

/// A private-use character stands for a control token that occurs in somebody's text while the template is rendered.
const STAND_IN: char = '\u{F8FF}';

/// A row could not become tokens.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateFault),
    /// The tokenizer.
    #[error("tokenizer: {0}")]
    Tokenizer(String),
    /// The prompt's tokens are not a prefix of the whole: the answer would be trained in part.
    #[error("the template renders no answer after the prompt")]
    NoAnswer,
}

/// One training sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    /// `[T]` token ids, BOS and end of turn included.
    pub input_ids: Vec<u32>,
    /// `[T]`: the token id where there is loss, [`IGNORE`] elsewhere. Not shifted: position `t` is predicted from
    /// the positions before it, so a label at position 0 never counts.
    pub labels: Vec<i64>,
    /// Positions of the prompt's own words, without what the template puts around them.
    pub prompt: std::ops::Range<usize>,
    /// Positions of the chain of thought within the answer; empty without one. A token that ends the thought and begins
    /// the answer belongs to the answer.
    pub thought: std::ops::Range<usize>,
}

impl Sequence {
    /// How many positions carry loss.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels.iter().skip(1).filter(|&&label| label != IGNORE).count()
    }

    /// A weight for every label: `thought_weight` in the chain of thought, 1 elsewhere. `[label_count]`.
    #[must_use]
    pub fn label_weights(&self, thought_weight: f32) -> Vec<f32> {
        let labels = self.labels.iter().enumerate().skip(1).filter(|(_, label)| **label != IGNORE);
        labels.map(|(i, _)| if self.thought.contains(&i) { thought_weight } else { 1.0 }).collect()
    }
}

/// The student's tokenizer: counts text for the token cap and encodes rendered chats.
pub struct StudentTokenizer {
    inner: Tokenizer,
    /// The same with control tokens read as plain text.
    plain: Tokenizer,
    special: Vec<String>,
    hash: ContentHash,
}

impl StudentTokenizer {
    /// Reads `tokenizer.json` from its bytes.
    ///
    /// # Errors
    /// What the `tokenizers` crate has to say about the file.
    pub fn from_bytes(json: &[u8]) -> Result<Self, EncodeError> {
        let mut inner = Tokenizer::from_bytes(json).map_err(|e| EncodeError::Tokenizer(e.to_string()))?;
        // Truncation and padding belong to whoever trained the tokenizer, never to us: rows are never cut.
        inner.with_truncation(None).map_err(|e| EncodeError::Tokenizer(e.to_string()))?;
        inner.with_padding(None);
        let mut plain = inner.clone();
        plain.set_encode_special_tokens(true);
        let mut special: Vec<String> =
            inner.get_added_tokens_decoder().into_values().filter(|t| t.special).map(|t| t.content).collect();
        special.sort();
        Ok(Self { inner, plain, special, hash: Self::hash_of(json) })
    }

    /// Names a `tokenizer.json` by its bytes.
    pub(super) fn hash_of(json: &[u8]) -> ContentHash {
        Hasher::new().text("tokenizer").bytes(json).finish()
    }

    /// Ids of text in which control tokens have their meaning; nothing is added.
    ///
    /// # Errors
    /// The tokenizer's own.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, EncodeError> {
        let encoding = self.inner.encode_fast(text, false).map_err(|e| EncodeError::Tokenizer(e.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Whether an id is a control token, which no text contains.
    #[must_use]
    pub fn is_control(&self, id: u32) -> bool {
        self.token_of(id).is_some_and(|token| self.special.contains(&token))
    }

    /// Ids of text in which nothing is a control token.
    ///
    /// # Errors
    /// The tokenizer's own.
    pub fn encode_plain(&self, text: &str) -> Result<Vec<u32>, EncodeError> {
        let encoding = self.plain.encode_fast(text, false).map_err(|e| EncodeError::Tokenizer(e.to_string()))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Text of ids.
    ///
    /// # Errors
    /// Ids outside the vocabulary.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, EncodeError> {
        self.inner.decode(ids, skip_special).map_err(|e| EncodeError::Tokenizer(e.to_string()))
    }

    /// The id of one token, control tokens included.
    #[must_use]
    pub fn id_of(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The text of one id, control tokens included.
    #[must_use]
    pub fn token_of(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The bytes that each token adds to a text, by id; `None` for control tokens and ids without a token.
    ///
    /// A token may hold part of a character, which [`decode`](Self::decode) cannot show.
    #[must_use]
    pub fn token_bytes(&self) -> Vec<Option<Vec<u8>>> {
        let decoder = self.inner.get_decoder().and_then(|d| serde_json::to_string(d).ok()).unwrap_or_default();
        let byte_level = decoder.contains("\"ByteLevel\"");
        let added = self.inner.get_added_tokens_decoder();
        let vocabulary = self.inner.get_vocab(true);
        let size = vocabulary.values().max().map_or(0, |id| *id as usize + 1);
        let mut out = vec![None; size];
        for (token, id) in vocabulary {
            let bytes = match added.get(&id) {
                Some(token) if token.special => None,
                Some(token) => Some(token.content.clone().into_bytes()),
                None if byte_level => token.chars().map(byte_of).collect(),
                None => Some(piece_bytes(&token)),
            };
            if let Some(slot) = out.get_mut(id as usize) {
                *slot = bytes.filter(|bytes| !bytes.is_empty());
            }
        }
        out
    }

    /// Tokens in the vocabulary, added ones included.
    #[must_use]
    pub fn vocab_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}

impl TokenCounter for StudentTokenizer {
    fn count(&self, text: &str) -> usize {
        // A tokenizer that cannot read a text would fail on every later step too; counting it as too long
        // rejects the row with a reason.
        self.encode_plain(text).map_or(usize::MAX, |ids| ids.len())
    }

    fn hash(&self) -> ContentHash {
        self.hash.clone()
    }
}

/// Text of ids that come one by one.
///
/// A character may be spread over several tokens, and what a token reads as may depend on the one before it: text is
/// given out when it is whole, decoded together with the last piece that was.
#[derive(Debug, Default)]
pub struct TextStream {
    ids: Vec<u32>,
    /// What is decoded again, and how much of it was given out.
    from: usize,
    shown: usize,
}

impl TextStream {
    /// The text that `id` completes; often empty, and never half a character.
    ///
    /// # Errors
    /// An id outside the vocabulary.
    pub fn push(&mut self, tokenizer: &StudentTokenizer, id: u32) -> Result<String, EncodeError> {
        self.ids.push(id);
        self.rest(tokenizer, false)
    }

    /// What is left at the end, half characters included.
    ///
    /// # Errors
    /// As [`TextStream::push`].
    pub fn finish(&mut self, tokenizer: &StudentTokenizer) -> Result<String, EncodeError> {
        self.rest(tokenizer, true)
    }

    fn rest(&mut self, tokenizer: &StudentTokenizer, last: bool) -> Result<String, EncodeError> {
        let before = tokenizer.decode(&self.ids[self.from..self.shown], true)?;
        let text = tokenizer.decode(&self.ids[self.from..], true)?;
        if !last && text.ends_with('\u{FFFD}') {
            return Ok(String::new());
        }
        let new = text.get(before.len()..).unwrap_or_default().to_owned();
        if !new.is_empty() || last {
            (self.from, self.shown) = (self.shown, self.ids.len());
        }
        Ok(new)
    }
}

/// Tokenizer and chat template of one student.
pub struct Encoder {
    /// The tokenizer.
    pub tokenizer: StudentTokenizer,
    /// The template.
    pub template: ChatTemplate,
}

impl Encoder {
    /// Reads `tokenizer.json` and the template of a Hugging Face folder.
    ///
    /// `template` is the template's source if the folder has one; without it the plain Llama 3 template is used.
    /// `tokens` names the special tokens.
    ///
    /// # Errors
    /// A tokenizer or template that cannot be read.
    pub fn new(
        tokenizer_json: &[u8],
        template: Option<&str>,
        tokens: BTreeMap<String, String>,
    ) -> Result<Self, EncodeError> {
        let tokenizer = StudentTokenizer::from_bytes(tokenizer_json)?;
        let template = ChatTemplate::new(template.unwrap_or(ChatTemplate::PLAIN_LLAMA3), tokens)?;
        Ok(Self { tokenizer, template })
    }

    /// Reads a tokenizer file alone, for counting.
    ///
    /// # Errors
    /// As [`Encoder::new`]; also when the file cannot be read.
    pub fn counter(path: &Path) -> Result<StudentTokenizer, crate::Error> {
        let bytes = crate::edge::fs::read(path)?;
        StudentTokenizer::from_bytes(&bytes).map_err(|e| crate::Error::at(path, e.to_string()))
    }

    /// The token that the tokenizer puts before every text, if it does.
    ///
    /// # Errors
    /// The tokenizer's own.
    pub fn bos(&self) -> Result<Option<u32>, EncodeError> {
        let with = self.tokenizer.inner.encode_fast("a", true).map_err(|e| EncodeError::Tokenizer(e.to_string()))?;
        let first = with.get_ids().first().copied();
        Ok(first.filter(|first| {
            with.get_ids().len() > 1 && !self.tokenizer.encode("a").is_ok_and(|ids| ids.first() == Some(first))
        }))
    }

    /// Token ids of a conversation.
    ///
    /// Control tokens written inside a message stay plain text: somebody's document cannot end a turn.
    ///
    /// # Errors
    /// Template and tokenizer.
    pub fn ids(&self, messages: &[Message], add_generation_prompt: bool) -> Result<Vec<u32>, EncodeError> {
        let special = &self.tokenizer.special;
        let hostile = messages
            .iter()
            .any(|m| special.iter().any(|s| m.content.contains(s.as_str())) || m.content.contains(STAND_IN));
        if !hostile {
            return self.tokenizer.encode(&self.template.render(messages, add_generation_prompt)?);
        }
        let mut found: Vec<String> = Vec::new();
        let shielded: Vec<Message> = messages
            .iter()
            .map(|m| Message { role: m.role, content: shield(&m.content, special, &mut found) })
            .collect();
        let rendered = self.template.render(&shielded, add_generation_prompt)?;
        let mut ids = Vec::new();
        let mut found = found.into_iter();
        for (i, piece) in rendered.split(STAND_IN).enumerate() {
            if i > 0
                && let Some(text) = found.next()
            {
                ids.extend(self.tokenizer.encode_plain(&text)?);
            }
            ids.extend(self.tokenizer.encode(piece)?);
        }
        Ok(ids)
    }

    /// One sequence with loss on the answer only, its end of turn included.
    ///
    /// The answer starts at the longest common prefix of the prompt's ids and the whole's, as in TRL 1.16
    /// (`sft_trainer.py`), so that a merge across the boundary is trained rather than torn.
    ///
    /// # Errors
    /// Template, tokenizer, or a template that renders nothing for the answer.
    pub fn sequence(&self, prompt: &str, answer: &str) -> Result<Sequence, EncodeError> {
        let user = Message { role: Role::User, content: prompt.to_owned() };
        let assistant = Message { role: Role::Assistant, content: answer.to_owned() };
        let prompt_ids = self.ids(std::slice::from_ref(&user), true)?;
        let input_ids = self.ids(&[user, assistant], false)?;
        let start = prompt_ids.iter().zip(&input_ids).take_while(|(a, b)| a == b).count();
        if start >= input_ids.len() {
            return Err(EncodeError::NoAnswer);
        }
        let labels =
            input_ids.iter().enumerate().map(|(i, &id)| if i < start { IGNORE } else { i64::from(id) }).collect();
        Ok(Sequence { prompt: self.words_of_prompt(&prompt_ids, start)?, input_ids, labels, thought: 0..0 })
    }

    /// One sequence whose answer is a thought, an empty line and a response.
    ///
    /// The thought ends where the same conversation with the thought alone becomes another one.
    ///
    /// # Errors
    /// As [`Encoder::sequence`].
    pub fn sequence_with_thought(&self, prompt: &str, thought: &str, response: &str) -> Result<Sequence, EncodeError> {
        let thought = thought.trim();
        let mut whole = self.sequence(prompt, &format!("{thought}\n\n{}", response.trim()))?;
        let alone = self.sequence(prompt, thought)?;
        let end = whole.input_ids.iter().zip(&alone.input_ids).take_while(|(a, b)| a == b).count();
        let start = whole.labels.iter().position(|&l| l != IGNORE).unwrap_or(end);
        whole.thought = start..end.max(start);
        Ok(whole)
    }

    /// Where the user's words lie: what differs between this prompt and another one.
    fn words_of_prompt(&self, prompt_ids: &[u32], end: usize) -> Result<std::ops::Range<usize>, EncodeError> {
        let other = self.ids(&[Message { role: Role::User, content: "\u{2042}".to_owned() }], true)?;
        let before = prompt_ids.iter().zip(&other).take_while(|(a, b)| a == b).count();
        let after = prompt_ids.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
        let words_end = prompt_ids.len().saturating_sub(after).min(end);
        Ok(before.min(words_end)..words_end)
    }
}

/// The user's turn: the instruction, and below it the context when there is one.
#[must_use]
pub fn question(instruction: &str, context: &str) -> String {
    if context.trim().is_empty() {
        instruction.to_owned()
    } else {
        format!("{}\n\n{}", instruction.trim(), context.trim())
    }
}

/// The byte that a character of a byte-level vocabulary stands for: printable ones for themselves, the others in
/// order from U+0100 on. Source: `bytes_to_unicode` of GPT-2's `encoder.py`.
pub(super) fn byte_of(c: char) -> Option<u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    match u32::from(c) {
        code @ 0..=0xFF => u8::try_from(code).ok().filter(|byte| printable(*byte)),
        code => (0..=u8::MAX).filter(|byte| !printable(*byte)).nth(code as usize - 0x100),
    }
}

/// The bytes of a SentencePiece token: `▁` is a space, `<0x0A>` a byte.
fn piece_bytes(token: &str) -> Vec<u8> {
    let byte = token.strip_prefix("<0x").and_then(|t| t.strip_suffix('>')).and_then(|t| u8::from_str_radix(t, 16).ok());
    byte.map_or_else(|| token.replace('\u{2581}', " ").into_bytes(), |byte| vec![byte])
}

fn shield(text: &str, special: &[String], found: &mut Vec<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, token)) = special
        .iter()
        .map(String::as_str)
        .chain(["\u{F8FF}"])
        .filter_map(|s| rest.find(s).map(|at| (at, s)))
        .min_by_key(|&(at, s)| (at, std::cmp::Reverse(s.len())))
    {
        out.push_str(&rest[..at]);
        out.push(STAND_IN);
        found.push(token.to_owned());
        rest = &rest[at + token.len()..];
    }
    out.push_str(rest);
    out
}
