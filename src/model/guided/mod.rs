//! Guided decoding: an answer that is JSON by its schema, whatever the model would rather say.
//!
//! The model is asked only where it has a say: inside strings, numbers and choices. What the schema fixes is fed to it
//! as text, many tokens at once. Three things make the joints between the two right.
//!
//! - Which tokens may be drawn is decided by their bytes, so a token may end a string and begin what follows it.
//! - Where fixed text is added, the whole answer is tokenised anew and the cache goes back to where the ids differ: at
//!   every joint the model has read its answer in the tokenizer's own tokens, as training and scoring would show it.
//! - Where fixed text ends, its last token is taken back if some token goes on beyond it, and the model draws it
//!   again (token healing): it is not held to a boundary that it would never have made.
//!
//! The same request gives the same answer, bit for bit: what is reused of an earlier prompt was computed in pieces of
//! a fixed length, just as it would be computed now.

mod grammar;
mod vocabulary;

use std::time::{Duration, Instant};

use candle_core::Tensor;

use super::llama::Cache;
use super::load::Student;
use crate::batch::EncodeError;

use grammar::State;
pub use grammar::{Grammar, GrammarError};
pub use vocabulary::Vocabulary;

/// Prompt tokens that are read at once. Rounding depends on how many they are, so the number is fixed.
const PIECE: usize = 64;
/// Room that has to be left for an answer.
const LEAST_ANSWER: usize = 64;
/// Tokens that are less likely than the likeliest by this factor (as a power of e, after the temperature) are not drawn.
const NEGLIGIBLE: f32 = 24.0;

/// How answers are drawn and how long they may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawing {
    /// 0 takes the most likely token always.
    pub temperature: f64,
    /// Nucleus; 1 keeps every token.
    pub top_p: f64,
    /// Seeds the draws of this answer.
    pub seed: u64,
    /// Tokens of a string after which it is closed at the end of its sentence.
    pub field_tokens: usize,
    /// Tokens of the whole answer, fixed ones included.
    pub max_tokens: usize,
}

/// Where an answer's time went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    /// Prompt tokens that were computed, not taken from the cache.
    pub read: usize,
    /// Tokens that the model chose.
    pub drawn: usize,
    /// Tokens fed beside those: fixed text, and what was read again after a joint.
    pub fed: usize,
    /// Time for the prompt.
    pub prompt: Duration,
    /// Time for the tokens drawn.
    pub free: Duration,
    /// Time for the tokens fed.
    pub forced: Duration,
}

impl Spent {
    /// Adds what another answer took.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.drawn += other.drawn;
        self.fed += other.fed;
        self.prompt += other.prompt;
        self.free += other.free;
        self.forced += other.forced;
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Guided {
    /// JSON. By the schema, but for rows that did not end: those lack their last properties.
    pub text: String,
    /// Tokens that were read, by the prompt alone.
    pub prompt_tokens: usize,
    /// Tokens of the answer.
    pub tokens: usize,
    /// Rows that are complete.
    pub rows: usize,
    /// Rows that did not end in time.
    pub cut: usize,
    /// Whether the answer is worth reading: false when it was cut before anything was complete.
    pub complete: bool,
    /// Where the time went.
    pub spent: Spent,
}

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub enum GuidedError {
    /// The prompt and the shortest answer are longer than what the model reads.
    #[error("the prompt has {tokens} tokens and the model reads {limit}, answer included")]
    TooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// The model's context.
        limit: usize,
    },
    /// No token can go on: a vocabulary without some byte.
    #[error("the model has no token that could follow")]
    Stuck,
    /// Somebody asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The tokenizer.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The device.
    #[error("{0}")]
    Candle(#[from] candle_core::Error),
}

/// What a model has read: keys and values of the last request, so that the next one with the same beginning need not
/// read it again.
#[derive(Default)]
pub struct Memory {
    cache: Cache,
    seen: Vec<u32>,
    /// So many of the first positions were read in whole pieces.
    pieces: usize,
}

impl Memory {
    /// Begins with a prompt; keeps of what was read before whole pieces of the same ids.
    fn begin(&mut self, prompt: &[u32]) -> candle_core::Result<()> {
        let same = common(&self.seen, prompt).min(self.pieces).min(prompt.len().saturating_sub(1));
        self.keep(same / PIECE * PIECE)
    }

    fn keep(&mut self, length: usize) -> candle_core::Result<()> {
        self.cache.truncate(length)?;
        self.seen.truncate(length);
        self.pieces = self.pieces.min(length);
        Ok(())
    }

    /// Logits after `prompt` and `answer`, `[V]`; how many tokens were computed for them.
    fn logits(
        &mut self,
        student: &Student,
        prompt: &[u32],
        answer: &[u32],
        stop: &dyn Fn() -> bool,
    ) -> Result<(Vec<f32>, usize), GuidedError> {
        let target = [prompt, answer].concat();
        let same = common(&self.seen, &target).min(target.len().saturating_sub(1));
        self.keep(same)?;
        let whole = prompt.len() / PIECE * PIECE;
        loop {
            if stop() {
                return Err(GuidedError::Interrupted);
            }
            let at = self.seen.len();
            let end = if at < whole { at / PIECE * PIECE + PIECE } else { target.len() };
            let next = target.get(at..end).unwrap_or_default();
            let ids = Tensor::from_slice(next, (1, next.len()), student.model.device())?;
            let hidden = student.model.hidden(&ids, Some(&mut self.cache))?;
            self.seen.extend_from_slice(next);
            if end <= whole {
                self.pieces = end;
            }
            if end == target.len() {
                let last = hidden.narrow(1, next.len() - 1, 1)?.flatten(0, 1)?;
                return Ok((student.model.logits(&last)?.squeeze(0)?.to_vec1()?, target.len() - same));
            }
        }
    }
}

/// Answers `prompt` by `grammar`.
///
/// `stop` is looked at between tokens.
///
/// # Errors
/// See [`GuidedError`]. The memory may be used again after any of them.
pub fn answer(
    student: &Student,
    vocabulary: &Vocabulary,
    memory: &mut Memory,
    prompt: &[u32],
    grammar: &Grammar,
    drawing: &Drawing,
    stop: &dyn Fn() -> bool,
) -> Result<Guided, GuidedError> {
    let limit = student.model.config.context_limit();
    if prompt.len() + LEAST_ANSWER > limit {
        return Err(GuidedError::TooLong { tokens: prompt.len(), limit });
    }
    memory.begin(prompt)?;
    let mut writer = Writer {
        grammar,
        vocabulary,
        text: Vec::new(),
        states: vec![grammar.start()],
        ids: Vec::new(),
        healed: 0,
        field: Field::default(),
        cut: 0,
    };
    let outcome = writer.write(student, memory, prompt, drawing, limit, stop);
    if !matches!(outcome, Ok(_) | Err(GuidedError::Interrupted)) {
        // A forward pass that failed may have left keys of some layers only.
        *memory = Memory::default();
    }
    let (spent, finished) = outcome?;
    let rows = writer.state().rows();
    Ok(Guided {
        text: String::from_utf8_lossy(&writer.text).into_owned(),
        prompt_tokens: prompt.len(),
        tokens: writer.ids.len(),
        rows,
        cut: writer.cut,
        complete: finished && (rows > 0 || writer.cut == 0),
        spent,
    })
}

/// The string that is being written.
#[derive(Clone, Copy, Default)]
struct Field {
    step: usize,
    start: usize,
    tokens: usize,
}

/// An answer on its way.
struct Writer<'a> {
    grammar: &'a Grammar,
    vocabulary: &'a Vocabulary,
    text: Vec<u8>,
    /// The state before each byte and after the last.
    states: Vec<State>,
    /// Tokens of the text.
    ids: Vec<u32>,
    /// Up to here the text is fixed, but its last token was taken back and is drawn.
    healed: usize,
    field: Field,
    cut: usize,
}

impl Writer<'_> {
    /// Whether the answer was finished, else it met a limit outside any row.
    fn write(
        &mut self,
        student: &Student,
        memory: &mut Memory,
        prompt: &[u32],
        drawing: &Drawing,
        limit: usize,
        stop: &dyn Fn() -> bool,
    ) -> Result<(Spent, bool), GuidedError> {
        let mut spent = Spent::default();
        let mut dice = Dice(drawing.seed);
        loop {
            self.fixed_text(student)?;
            if self.grammar.is_finished(self.state()) {
                return Ok((spent, true));
            }
            if self.ids.len() >= drawing.max_tokens || prompt.len() + self.ids.len() >= limit {
                if !self.cut_row(true) {
                    return Ok((spent, false));
                }
                continue;
            }
            let clock = Instant::now();
            let (logits, read) = memory.logits(student, prompt, &self.ids, stop)?;
            if spent.drawn == 0 {
                spent.read = read.saturating_sub(self.ids.len());
                spent.fed = self.ids.len();
                spent.prompt = clock.elapsed();
            } else {
                let one = clock.elapsed() / u32::try_from(read).unwrap_or(u32::MAX).max(1);
                spent.free += one;
                spent.forced += clock.elapsed().saturating_sub(one);
                spent.fed += read.saturating_sub(1);
            }
            if self.wants_to_end(&logits, &student.stop_ids) {
                self.push(b"\"")?;
                continue;
            }
            let mut allowed = Vec::new();
            self.vocabulary.allowed(self.grammar, self.state(), |id| {
                if let Some(logit) = logits.get(id as usize).filter(|logit| logit.is_finite()) {
                    allowed.push((*logit, id));
                }
            });
            let id = draw(allowed, drawing, &mut dice).ok_or(GuidedError::Stuck)?;
            spent.drawn += 1;
            let before = self.text.len();
            self.push(self.vocabulary.bytes(id))?;
            self.ids.push(id);
            self.keep_short(before, drawing.field_tokens);
        }
    }

    fn state(&self) -> &State {
        // One state per byte and one more: never empty.
        &self.states[self.states.len() - 1]
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), GuidedError> {
        for &byte in bytes {
            let next = self.grammar.next(self.state(), byte).ok_or(GuidedError::Stuck)?;
            self.text.push(byte);
            self.states.push(next);
        }
        Ok(())
    }

    fn truncate(&mut self, length: usize) {
        self.text.truncate(length);
        self.states.truncate(length + 1);
    }

    /// Adds what has to follow and tokenises the whole anew.
    fn fixed_text(&mut self, student: &Student) -> Result<(), GuidedError> {
        if self.text.len() < self.healed {
            return Ok(());
        }
        let before = self.text.len();
        while let Some(byte) = self.grammar.forced(self.state()) {
            self.push(&[byte])?;
        }
        let tokens: usize = self.ids.iter().map(|id| self.vocabulary.bytes(*id).len()).sum();
        if self.text.len() == before && tokens == before {
            return Ok(());
        }
        self.ids = self.vocabulary.encode(&student.encoder.tokenizer, &self.text)?;
        if self.grammar.is_finished(self.state()) {
            return Ok(());
        }
        let last = self.ids.last().map_or(0, |id| self.vocabulary.bytes(*id).len());
        let at = self.text.len() - last;
        // Only text that nobody chose is taken back.
        if last > 0
            && at >= before
            && let (Some(state), Some(tail)) = (self.states.get(at), self.text.get(at..))
            && self.vocabulary.has_longer(self.grammar, state, tail)
        {
            self.healed = self.text.len();
            self.truncate(at);
            self.ids.pop();
        }
        Ok(())
    }

    /// The model would end its turn or the line if it could: in a string that is the closing quote.
    fn wants_to_end(&self, logits: &[f32], stop_ids: &[u32]) -> bool {
        let closes = self.grammar.in_string(self.state()) && self.grammar.next(self.state(), b'"').is_some();
        closes
            && (0u32..)
                .zip(logits)
                .max_by(|a, b| a.1.total_cmp(b.1))
                .is_some_and(|(id, _)| stop_ids.contains(&id) || self.vocabulary.bytes(id).starts_with(b"\n"))
    }

    /// Closes a string that is long enough at the end of a sentence, and gives up a row whose string never gets there.
    fn keep_short(&mut self, before: usize, most: usize) {
        let step = self.state().step();
        if step != self.field.step {
            self.field = Field {
                step,
                start: self.states.iter().rposition(|s| s.step() != step).map_or(0, |i| i + 1),
                tokens: 0,
            };
        }
        self.field.tokens += 1;
        if self.field.tokens < most || !self.grammar.in_string(self.state()) {
            return;
        }
        if let Some(end) = sentence_end(&self.text, self.field.start, before) {
            self.truncate(end);
            if self.push(b"\"").is_ok() {
                return;
            }
        }
        if self.field.tokens >= most + most / 2 {
            self.cut_row(false);
        }
    }

    /// Ends the open row behind its last complete property, and with `last` the answer; false outside rows.
    fn cut_row(&mut self, last: bool) -> bool {
        let state = *self.state();
        let (Some(at), Some(next)) = (state.cut_at(), self.grammar.without_rest(&state, last)) else { return false };
        self.truncate(at);
        self.text.push(b'}');
        self.states.push(next);
        self.healed = 0;
        self.cut += 1;
        true
    }
}

/// Where the first sentence ends whose end can be seen in `text[from..]`, by the position behind it. `start` is where
/// the string begins.
fn sentence_end(text: &[u8], start: usize, from: usize) -> Option<usize> {
    let string = std::str::from_utf8(text.get(start..)?).ok()?;
    let mut previous = ' ';
    let mut characters = string.char_indices().peekable();
    while let Some((i, c)) = characters.next() {
        let end = start + i + c.len_utf8();
        let next = characters.peek().map(|(_, next)| *next);
        // The point of `3.5` or of a list's `3.` is not known for one until something follows.
        let ends = match c {
            '.' => next.is_none_or(|n| matches!(n, ' ' | '\\')) && !(next.is_none() && previous.is_ascii_digit()),
            '!' | '?' | '…' => next.is_none_or(|n| matches!(n, ' ' | '\\')),
            '。' | '！' | '？' => true,
            _ => false,
        };
        if ends && end >= from {
            return Some(end);
        }
        previous = c;
    }
    None
}

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// One of the tokens, each with its logit.
fn draw(mut tokens: Vec<(f32, u32)>, drawing: &Drawing, dice: &mut Dice) -> Option<u32> {
    let best = tokens.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
    if drawing.temperature <= 0.0 {
        return Some(best.1);
    }
    let temperature = drawing.temperature as f32;
    tokens.retain(|(logit, _)| (best.0 - logit) / temperature < NEGLIGIBLE);
    tokens.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let weight = |logit: f32| f64::from((logit - best.0) / temperature).exp();
    let total: f64 = tokens.iter().map(|(logit, _)| weight(*logit)).sum();
    let mut kept = 0.0;
    let mut last = 0;
    while last < tokens.len() && (kept < drawing.top_p * total || last == 0) {
        kept += weight(tokens[last].0);
        last += 1;
    }
    let mut left = dice.uniform() * kept;
    for (logit, id) in &tokens[..last] {
        left -= weight(*logit);
        if left < 0.0 {
            return Some(*id);
        }
    }
    tokens.get(last.checked_sub(1)?).map(|(_, id)| *id)
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    /// Uniform in `[0, 1)`.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests;
