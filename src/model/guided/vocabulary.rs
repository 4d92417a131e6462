use crate::batch::{EncodeError, StudentTokenizer};

use super::grammar::{Grammar, State};

/// The tokens of a model as bytes.
pub struct Vocabulary {
    /// By id; empty for what may never stand in an answer.
    bytes: Vec<Vec<u8>>,
    /// Ids that may always go on a string: whole characters, no quote, no backslash, no control character.
    plain: Vec<u32>,
    /// The others.
    odd: Vec<u32>,
}

impl Vocabulary {
    /// Reads the vocabulary once.
    #[must_use]
    pub fn new(tokenizer: &StudentTokenizer) -> Self {
        let bytes: Vec<Vec<u8>> = tokenizer.token_bytes().into_iter().map(Option::unwrap_or_default).collect();
        let is_plain = |token: &[u8]| {
            std::str::from_utf8(token).is_ok() && !token.iter().any(|b| matches!(b, 0..0x20 | 0x7F | b'"' | b'\\'))
        };
        let ids = (0u32..).zip(&bytes).filter(|(_, token)| !token.is_empty());
        let (plain, odd): (Vec<_>, Vec<_>) = ids.partition(|(_, token)| is_plain(token));
        let ids = |part: Vec<(u32, &Vec<u8>)>| part.into_iter().map(|(id, _)| id).collect();
        Self { plain: ids(plain), odd: ids(odd), bytes }
    }

    /// What a token adds to the text; empty for control tokens.
    #[must_use]
    pub fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], Vec::as_slice)
    }

    /// Calls `each` with every token that may stand next, in no particular order.
    pub fn allowed(&self, grammar: &Grammar, state: &State, mut each: impl FnMut(u32)) {
        let fits = |id: &&u32| grammar.after(state, self.bytes(**id)).is_some();
        if grammar.in_string(state) {
            self.plain.iter().for_each(|id| each(*id));
        } else {
            self.plain.iter().filter(fits).for_each(|id| each(*id));
        }
        self.odd.iter().filter(fits).for_each(|id| each(*id));
    }

    /// Whether a token that may stand next begins with `text` and goes on after it.
    pub fn has_longer(&self, grammar: &Grammar, state: &State, text: &[u8]) -> bool {
        self.bytes
            .iter()
            .any(|token| token.len() > text.len() && token.starts_with(text) && grammar.after(state, token).is_some())
    }

    /// The ids that the tokenizer gives to `text` as the beginning of an answer; their bytes are `text`.
    ///
    /// # Errors
    /// The tokenizer; a vocabulary in which some byte cannot be written.
    pub fn encode(&self, tokenizer: &StudentTokenizer, text: &[u8]) -> Result<Vec<u32>, EncodeError> {
        let words = String::from_utf8_lossy(text);
        let mut ids = tokenizer.encode_plain(&words)?;
        if self.spell(&ids) == text {
            return Ok(ids);
        }
        // SentencePiece puts a space before the first word of a text.
        if ids.first().is_some_and(|id| self.bytes(*id) == b" ") {
            ids.remove(0);
            if self.spell(&ids) == text {
                return Ok(ids);
            }
        }
        // A tokenizer that changes the text (a normaliser, say) cannot be asked: the longest token each time is not
        // what it would have said, but it is this text.
        self.longest(text).ok_or_else(|| EncodeError::Tokenizer("it has no tokens for some bytes".to_owned()))
    }

    fn spell(&self, ids: &[u32]) -> Vec<u8> {
        ids.iter().flat_map(|id| self.bytes(*id)).copied().collect()
    }

    fn longest(&self, text: &[u8]) -> Option<Vec<u32>> {
        let mut out = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let fitting = (0u32..).zip(&self.bytes).filter(|(_, t)| !t.is_empty() && rest.starts_with(t));
            let (id, token) = fitting.max_by_key(|(id, t)| (t.len(), std::cmp::Reverse(*id)))?;
            out.push(id);
            rest = rest.get(token.len()..)?;
        }
        Some(out)
    }
}
