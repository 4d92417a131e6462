//! How fast a decoder is here.

use std::time::Instant;

use serde::Serialize;

use super::decoder::{DecodeError, Decoder};

/// Tokens per second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Of reading it.
    pub prompt: f64,
    /// Tokens made after it.
    pub made_tokens: usize,
    /// Of making them.
    pub made: f64,
    /// Threads.
    pub threads: usize,
}

/// Reads `prompt` tokens and makes `made` more, `rounds` times after one that does not count; medians.
///
/// As `llama-bench` has it: any tokens, each test with an empty cache, nothing sampled.
///
/// # Errors
/// As [`Decoder::read`].
pub fn bench(decoder: &Decoder, prompt: usize, made: usize, rounds: usize) -> Result<Speed, DecodeError> {
    let vocabulary = decoder.config().vocab_size as u32;
    let id = |i: usize| (i as u32).wrapping_mul(2_654_435_761) % vocabulary;
    let mut logits = Vec::new();
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        let ids: Vec<u32> = (0..prompt).map(id).collect();
        let start = Instant::now();
        decoder.read(&mut decoder.cache(), &ids, &mut logits, &mut |_| true)?;
        let read = prompt as f64 / start.elapsed().as_secs_f64();
        let mut cache = decoder.cache();
        let start = Instant::now();
        for i in 0..made {
            decoder.read(&mut cache, &[id(i)], &mut logits, &mut |_| true)?;
        }
        let wrote = made as f64 / start.elapsed().as_secs_f64();
        if round > 0 {
            rates[0].push(read);
            rates[1].push(wrote);
        }
    }
    let [prompt_rate, made_rate] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied().unwrap_or(0.0)
    });
    Ok(Speed {
        prompt_tokens: prompt,
        prompt: prompt_rate,
        made_tokens: made,
        made: made_rate,
        threads: decoder.threads(),
    })
}
