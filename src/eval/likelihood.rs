//! How surprising plain text is to a student.

use std::sync::atomic::AtomicBool;

use super::EvalError;
use super::figure::Figure;
use super::pairs::score;
use crate::batch::{Encoder, IGNORE, Sequence};
use crate::train::engine::Engine;

/// Tokens that are read at once; longer texts are cut here, and each piece begins anew.
const WINDOW: usize = 256;

/// Texts as sequences with loss on every token, without template, at most `limit` tokens in all.
///
/// # Errors
/// The tokenizer.
pub(super) fn sequences(
    encoder: &Encoder,
    bos: Option<u32>,
    texts: &[String],
    limit: usize,
) -> Result<Vec<Sequence>, EvalError> {
    let mut out = Vec::new();
    let mut left = limit;
    for text in texts {
        let ids = encoder.tokenizer.encode_plain(text)?;
        for ids in ids.chunks(WINDOW) {
            let ids = &ids[..ids.len().min(left)];
            left -= ids.len();
            if ids.len() > 1 {
                let input_ids: Vec<u32> = bos.iter().chain(ids).copied().collect();
                // Without a first token the text's own first one is given; the label at position 0 never counts.
                let labels = bos.iter().map(|_| IGNORE).chain(ids.iter().map(|id| i64::from(*id))).collect();
                out.push(Sequence { input_ids, labels, prompt: 0..0, thought: 0..0 });
            }
        }
    }
    Ok(out)
}

/// Perplexity per token; rests on tokens.
///
/// # Errors
/// The engine, or `stop`.
pub(super) fn perplexity(
    engine: &dyn Engine,
    sequences: &[Sequence],
    stop: &AtomicBool,
) -> Result<Option<Figure>, EvalError> {
    let scores = score(engine, &sequences.iter().collect::<Vec<_>>(), stop)?;
    let (sum, tokens) = scores.iter().fold((0.0, 0), |all, (sum, tokens)| (all.0 + sum, all.1 + tokens));
    Ok(Figure::plain((-sum / tokens as f64).exp(), tokens))
}
