use candle_core::Tensor;
use candle_transformers::generation::{LogitsProcessor, Sampling as CandleSampling};

use super::llama::{Cache, Llama};

/// How the next token is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 takes the most likely token always.
    pub temperature: f64,
    /// Nucleus; 1 keeps every token.
    pub top_p: f64,
    /// Seeds the draw.
    pub seed: u64,
    /// Stops after this many tokens.
    pub max_tokens: usize,
}

impl Sampling {
    /// The most likely token always, at most `max_tokens` of them.
    #[must_use]
    pub const fn greedy(max_tokens: usize) -> Self {
        Self { temperature: 0.0, top_p: 1.0, seed: 0, max_tokens }
    }
}

/// What a generation ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// New ids, without the one that ended the turn.
    pub ids: Vec<u32>,
    /// The model ended the turn itself.
    pub stopped: bool,
}

/// One conversation with its cache.
pub struct Session<'a> {
    model: &'a Llama,
    stop_ids: &'a [u32],
    cache: Cache,
    seen: Vec<u32>,
}

impl<'a> Session<'a> {
    /// An empty conversation.
    #[must_use]
    pub fn new(model: &'a Llama, stop_ids: &'a [u32]) -> Self {
        Self { model, stop_ids, cache: Cache::default(), seen: Vec::new() }
    }

    /// Tokens that the model reads, question and answer together.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.model.config.context_limit()
    }

    /// Continues `ids`, the whole conversation so far; what the cache already holds is not computed again.
    ///
    /// `each` sees every new id as it is drawn; returning false ends the turn.
    ///
    /// # Errors
    /// The device, or a prompt longer than the model's context.
    pub fn generate(
        &mut self,
        ids: &[u32],
        sampling: &Sampling,
        each: &mut dyn FnMut(u32) -> bool,
    ) -> candle_core::Result<Generated> {
        if !ids.starts_with(&self.seen) || self.seen.len() >= ids.len() {
            self.cache = Cache::default();
            self.seen.clear();
        }
        let draw = if sampling.temperature <= 0.0 {
            CandleSampling::ArgMax
        } else if sampling.top_p < 1.0 {
            CandleSampling::TopP { p: sampling.top_p, temperature: sampling.temperature }
        } else {
            CandleSampling::All { temperature: sampling.temperature }
        };
        let mut processor = LogitsProcessor::from_sampling(sampling.seed, draw);
        let limit = self.model.config.context_limit();
        if ids.len() >= limit {
            return Err(candle_core::Error::Msg(format!(
                "the conversation has {} tokens, the model reads {limit}",
                ids.len()
            )));
        }
        let mut next: Vec<u32> = ids[self.seen.len()..].to_vec();
        let mut out = Generated { ids: Vec::new(), stopped: false };
        while out.ids.len() < sampling.max_tokens && self.seen.len() + next.len() < limit {
            let hidden = self
                .model
                .hidden(&Tensor::from_slice(&next, (1, next.len()), self.model.device())?, Some(&mut self.cache))?;
            let last = hidden.narrow(1, next.len() - 1, 1)?.flatten(0, 1)?;
            self.seen.append(&mut next);
            let logits = self.model.logits(&last)?.squeeze(0)?;
            let id = processor.sample(&logits)?;
            if self.stop_ids.contains(&id) {
                out.stopped = true;
                break;
            }
            out.ids.push(id);
            if !each(id) {
                break;
            }
            next.push(id);
        }
        Ok(out)
    }
}
