//! Drawing the next token.
//!
//! The order is llama.cpp's: penalty for what was said, then the most likely `top_k`, the nucleus `top_p`, the floor
//! `min_p`, and temperature last, over what is left.

use crate::train::rng::Stream;

/// How the next token is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// 0 takes the most likely token always.
    pub temperature: f64,
    /// Only the most likely tokens; 0 keeps all.
    pub top_k: usize,
    /// Nucleus: the fewest tokens that hold this share; 1 keeps all.
    pub top_p: f64,
    /// Only tokens at least this share as likely as the likeliest; 0 keeps all.
    pub min_p: f64,
    /// Divides what speaks for a token that stands among the last [`Sampling::repeat_last`]; 1 is none.
    pub repeat_penalty: f64,
    /// How far back the penalty looks.
    pub repeat_last: usize,
    /// Seeds the draw.
    pub seed: u64,
    /// Stops after this many tokens.
    pub max_tokens: usize,
}

impl Sampling {
    /// The most likely token always, at most `max_tokens` of them.
    #[must_use]
    pub const fn greedy(max_tokens: usize) -> Self {
        Self {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repeat_penalty: 1.0,
            repeat_last: 64,
            seed: 0,
            max_tokens,
        }
    }
}

/// Draws tokens.
pub struct Sampler {
    how: Sampling,
    draws: Stream,
    candidates: Vec<(f32, u32)>,
}

impl Sampler {
    /// The same seed draws the same tokens from the same logits.
    #[must_use]
    pub fn new(how: Sampling) -> Self {
        Self { how, draws: Stream::new(how.seed, "sample", 0), candidates: Vec::new() }
    }

    /// The next token after `said`; `logits` are changed where a penalty applies. Of equals the first.
    pub fn next(&mut self, logits: &mut [f32], said: &[u32]) -> u32 {
        let how = self.how;
        if how.repeat_penalty != 1.0 {
            let mut recent = said[said.len().saturating_sub(how.repeat_last)..].to_vec();
            recent.sort_unstable();
            recent.dedup();
            for id in recent {
                if let Some(logit) = logits.get_mut(id as usize) {
                    let penalty = how.repeat_penalty as f32;
                    *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
                }
            }
        }
        let likelier = |a: f32, b: f32| a > b;
        if how.temperature <= 0.0 {
            let mut top = 0;
            for (i, &x) in logits.iter().enumerate() {
                if likelier(x, logits[top]) {
                    top = i;
                }
            }
            return top as u32;
        }
        self.candidates.clear();
        self.candidates.extend(logits.iter().zip(0..).map(|(&x, id)| (if x.is_nan() { f32::MIN } else { x }, id)));
        let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if how.top_k > 0 && how.top_k < self.candidates.len() {
            self.candidates.select_nth_unstable_by(how.top_k, order);
            self.candidates.truncate(how.top_k);
        }
        self.candidates.sort_unstable_by(order);
        let top = self.candidates.first().map_or(0.0, |c| f64::from(c.0));
        let share = |candidates: &[(f32, u32)], temperature: f64| -> Vec<f64> {
            let weights: Vec<f64> = candidates.iter().map(|c| ((f64::from(c.0) - top) / temperature).exp()).collect();
            let sum: f64 = weights.iter().sum();
            weights.iter().map(|w| w / sum).collect()
        };
        if how.top_p < 1.0 {
            let mut before = 0.0;
            let mut kept = 0;
            for s in share(&self.candidates, 1.0) {
                if before >= how.top_p {
                    break;
                }
                before += s;
                kept += 1;
            }
            self.candidates.truncate(kept.max(1));
        }
        if how.min_p > 0.0 {
            let floor = how.min_p.ln() + top;
            let kept = self.candidates.iter().take_while(|c| f64::from(c.0) >= floor).count();
            self.candidates.truncate(kept.max(1));
        }
        let drawn = self.draws.uniform();
        let mut sum = 0.0;
        for (s, candidate) in share(&self.candidates, how.temperature).iter().zip(&self.candidates) {
            sum += s;
            if drawn < sum {
                return candidate.1;
            }
        }
        self.candidates.last().map_or(0, |c| c.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(how: Sampling, logits: &[f32], said: &[u32]) -> Vec<f64> {
        let mut sampler = Sampler::new(how);
        let mut counts = vec![0.0; logits.len()];
        for _ in 0..20_000 {
            counts[sampler.next(&mut logits.to_vec(), said) as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    #[test]
    fn draws_follow_the_distribution() {
        let logits: Vec<f32> = [0.5f32, 0.3, 0.15, 0.05].iter().map(|p| p.ln()).collect();
        let all = Sampling { temperature: 1.0, ..Sampling::greedy(1) };
        for (got, want) in shares(all, &logits, &[]).iter().zip([0.5, 0.3, 0.15, 0.05]) {
            assert!((got - want).abs() < 0.015, "{got} {want}");
        }
        let two = shares(Sampling { top_k: 2, ..all }, &logits, &[]);
        assert!((two[0] - 0.625).abs() < 0.02 && two[2] == 0.0, "{two:?}");
        // 0.5 alone does not reach 0.6, 0.5 + 0.3 does.
        let nucleus = shares(Sampling { top_p: 0.6, ..all }, &logits, &[]);
        assert!((nucleus[1] - 0.375).abs() < 0.02 && nucleus[2] == 0.0, "{nucleus:?}");
        let floor = shares(Sampling { min_p: 0.25, ..all }, &logits, &[]);
        assert!(floor[2] > 0.1 && floor[3] == 0.0, "{floor:?}");
        let cold = shares(Sampling { temperature: 0.1, ..all }, &logits, &[]);
        assert!(cold[0] > 0.98, "{cold:?}");
    }

    #[test]
    fn greedy_and_the_penalty() {
        let greedy = Sampling::greedy(1);
        assert_eq!(Sampler::new(greedy).next(&mut [1.0, 3.0, 3.0], &[]), 1, "of equals the first");
        let punished = Sampling { repeat_penalty: 2.0, ..greedy };
        assert_eq!(Sampler::new(punished).next(&mut [1.0, 1.9, 0.5], &[1]), 0);
        assert_eq!(Sampler::new(punished).next(&mut [-1.0, -0.9, -3.0], &[1, 1]), 0, "once, however often it was said");
        let short = Sampling { repeat_last: 1, ..punished };
        assert_eq!(Sampler::new(short).next(&mut [1.0, 1.9, 0.5], &[1, 2]), 1);
    }

    #[test]
    fn one_seed_one_sequence() {
        let how = Sampling { temperature: 1.0, seed: 7, ..Sampling::greedy(1) };
        let run = |how| -> Vec<u32> {
            let mut sampler = Sampler::new(how);
            (0..50).map(|_| sampler.next(&mut [0.0; 100], &[])).collect()
        };
        assert_eq!(run(how), run(how));
        assert_ne!(run(how), run(Sampling { seed: 8, ..how }));
    }
}
