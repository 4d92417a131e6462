//! A conversation: what was read stays in the cache, what is drawn is told as it comes.

use super::cache::Cache;
use super::decoder::{DecodeError, Decoder};
use super::sample::{Sampler, Sampling};

/// What a turn ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// New ids, without the one that ended the turn.
    pub ids: Vec<u32>,
    /// The model ended the turn itself.
    pub stopped: bool,
    /// Tokens that were read before the first new one.
    pub read: usize,
}

/// One conversation.
pub struct Talk<'a> {
    decoder: &'a Decoder,
    stop_ids: &'a [u32],
    cache: Cache,
    seen: Vec<u32>,
    logits: Vec<f32>,
}

impl<'a> Talk<'a> {
    /// An empty one.
    #[must_use]
    pub fn new(decoder: &'a Decoder, stop_ids: &'a [u32]) -> Self {
        Self { decoder, stop_ids, cache: decoder.cache(), seen: Vec::new(), logits: Vec::new() }
    }

    /// Tokens that the model reads, question and answer together.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.decoder.config().context_limit()
    }

    /// Continues `ids`, the whole conversation so far; as much of it as the cache holds is not read again.
    ///
    /// `each` sees every new id as it is drawn; false ends the turn. It is asked with `None` between the parts of a
    /// long prompt.
    ///
    /// # Errors
    /// As [`Decoder::read`].
    pub fn answer(
        &mut self,
        ids: &[u32],
        sampling: &Sampling,
        each: &mut dyn FnMut(Option<u32>) -> bool,
    ) -> Result<Said, DecodeError> {
        // The last token is always read: its logits are what the answer begins with.
        let same = self.seen.iter().zip(ids).take_while(|(a, b)| a == b).count().min(ids.len().saturating_sub(1));
        self.cache.truncate(same);
        self.seen.truncate(same);
        let mut out = Said { ids: Vec::new(), stopped: false, read: ids.len() - same };
        if !self.decoder.read(&mut self.cache, &ids[same..], &mut self.logits, &mut |_| each(None))? {
            return Ok(out);
        }
        self.seen.extend_from_slice(&ids[same..]);
        let mut sampler = Sampler::new(*sampling);
        let limit = self.decoder.config().context_limit();
        while out.ids.len() < sampling.max_tokens && !self.logits.is_empty() {
            let id = sampler.next(&mut self.logits, &self.seen);
            if self.stop_ids.contains(&id) {
                out.stopped = true;
                break;
            }
            out.ids.push(id);
            if !each(Some(id)) || self.seen.len() >= limit || out.ids.len() == sampling.max_tokens {
                break;
            }
            self.decoder.read(&mut self.cache, &[id], &mut self.logits, &mut |_| true)?;
            self.seen.push(id);
        }
        Ok(out)
    }
}
