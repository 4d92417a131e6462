//! Everything that is measured of one student, by one plan that is the same for every stage.

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::figure::{Figure, Figures};
use super::general::{QUESTIONS, TEXT, ask_general};
use super::likelihood::{perplexity, sequences};
use super::overlap::{chrf, distinct, length_ratio, rouge_l};
use super::pairs::{PairScore, by_likelihood, chosen_logp, score_pairs};
use super::voice::{author, put, style};
use super::{Answer, EvalError, Probe, ProbeSets, ask, probe_sets, recall};
use crate::batch::{Encoder, Sequence};
use crate::model::Llama;
use crate::row::shape::doesnt_know;
use crate::row::{Content, Row, Side, Split};
use crate::style::Profile;
use crate::train::engine::Engine;

/// How much is asked at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Held-out wordings of trained facts; a quarter as many trained questions and unknown ones.
    pub questions: usize,
    /// Tokens of an answer.
    pub max_tokens: usize,
    /// Held-out prompts that are answered.
    pub prompts: usize,
    /// Held-out pairs that are scored.
    pub pairs: usize,
    /// Tokens of held-out text in the author's voice.
    pub text_tokens: usize,
    /// Ask the fixed questions too.
    pub general: bool,
    /// Seeds what is drawn.
    pub seed: u64,
}

/// A held-out prompt with the author's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompted {
    /// What is asked for.
    pub prompt: String,
    /// As the author has it.
    pub reference: String,
}

/// What every stage is asked: chosen once, so that stages can be compared.
#[derive(Default)]
pub struct Plan {
    /// Questions about facts.
    pub probes: ProbeSets,
    /// Prompts for the author's voice.
    pub prompts: Vec<Prompted>,
    /// Prompt, chosen and rejected answer of held-out pairs.
    pub pairs: Vec<(String, String, String)>,
    /// Held-out text in the author's voice.
    pub text: Vec<String>,
    /// How the author writes.
    pub profile: Option<Profile>,
    /// See [`Caps`].
    pub caps: Option<Caps>,
}

impl Plan {
    /// Chooses from rows of any kind; `own` are the author's texts where there are some, else the answers that are
    /// trained on as the author's take their place.
    #[must_use]
    pub fn new(rows: &[&Row], own: &[&str], caps: Caps) -> Self {
        let qa: Vec<Row> = rows.iter().filter(|r| matches!(r.content, Content::Qa(_))).map(|r| (*r).clone()).collect();
        let of = |split: Split| {
            rows.iter().filter(move |r| r.split == split).filter_map(|r| match &r.content {
                Content::Preference(p) => Some((p, r.sides)),
                _ => None,
            })
        };
        let held: Vec<_> = of(Split::Test).map(|(p, _)| p).collect();
        let pairs = evenly(&held, caps.pairs)
            .into_iter()
            .map(|p| (p.prompt.clone(), p.chosen.clone(), p.rejected.clone()))
            .collect();
        let prompts = evenly(&held, caps.prompts)
            .into_iter()
            .map(|p| Prompted { prompt: p.prompt.clone(), reference: p.chosen.clone() })
            .collect();
        let mut text: Vec<String> = held.iter().map(|p| p.chosen.clone()).collect();
        text.extend(rows.iter().filter(|r| r.split == Split::Test).filter_map(|r| match &r.content {
            Content::Qa(qa) => Some(qa.response.clone()),
            Content::Cot(cot) => Some(cot.response.clone()),
            Content::Preference(_) => None,
        }));
        let mut seen = std::collections::BTreeSet::new();
        text.retain(|text| seen.insert(text.clone()));
        let chosen: Vec<&str> = if own.is_empty() {
            let by_hand = of(Split::Train).filter(|(_, s)| s.is_some_and(|s| s.chosen == Side::Post));
            let by_hand: Vec<&str> = by_hand.map(|(p, _)| p.chosen.as_str()).collect();
            if by_hand.is_empty() { of(Split::Train).map(|(p, _)| p.chosen.as_str()).collect() } else { by_hand }
        } else {
            own.to_vec()
        };
        Self {
            probes: probe_sets(&qa, caps.questions, caps.seed),
            prompts,
            pairs,
            text,
            profile: (!chosen.is_empty()).then(|| Profile::measure(&chosen)),
            caps: Some(caps),
        }
    }

    /// Nothing of it can be asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let general = self.caps.is_some_and(|caps| caps.general);
        self.probes == ProbeSets::default() && self.pairs.is_empty() && self.text.is_empty() && !general
    }

    /// Pieces of work of one stage, for whoever shows progress.
    #[must_use]
    pub fn steps(&self) -> usize {
        let general = if self.caps.is_some_and(|caps| caps.general) { QUESTIONS.len() } else { 0 };
        let probes = &self.probes;
        probes.trained.len()
            + probes.paraphrased.len()
            + probes.unknown.len()
            + self.prompts.len()
            + self.pairs.len()
            + general
    }

    /// Figures of the author's own answers, to read a student's against: see [`Measured::figures`].
    #[must_use]
    pub fn author(&self) -> Figures {
        let texts: Vec<&str> = self
            .prompts
            .iter()
            .map(|p| p.reference.as_str())
            .chain(self.unknown().map(|p| p.answer.as_str()))
            .collect();
        author(&texts, self.profile.as_ref())
    }

    /// Questions about untold facts that the author has an answer to.
    fn unknown(&self) -> impl Iterator<Item = &Probe> {
        self.probes.unknown.iter().filter(|p| !p.answer.is_empty())
    }
}

/// At most `limit` of them, evenly spread.
fn evenly<T: Copy>(all: &[T], limit: usize) -> Vec<T> {
    let n = limit.min(all.len());
    (0..n).map(|i| all[i * all.len() / n]).collect()
}

/// A student to be measured.
pub struct Subject<'a> {
    /// Answers.
    pub model: &'a Llama,
    /// Scores; the same weights.
    pub engine: &'a dyn Engine,
    /// Tokenizer and template.
    pub encoder: &'a Encoder,
    /// Ids that end a turn.
    pub stop_ids: &'a [u32],
}

/// What was measured of one student alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// By the name of their [`Metric`](super::Metric).
    pub figures: Figures,
    /// Answers to [`ProbeSets::trained`], in order.
    pub trained: Vec<Answer>,
    /// To [`ProbeSets::paraphrased`].
    pub paraphrased: Vec<Answer>,
    /// To [`ProbeSets::unknown`].
    pub unknown: Vec<Answer>,
    /// To [`Plan::prompts`].
    pub prompted: Vec<Answer>,
    /// Scores of [`Plan::pairs`]: with those of a reference, what [`by_reward`](super::by_reward) wants.
    pub pairs: Vec<PairScore>,
}

/// Measures one student.
///
/// `progress` is told how many of [`Plan::steps`] are done, and what is being done.
///
/// # Errors
/// Template, tokenizer, device, or `stop`.
pub fn measure(
    subject: &Subject<'_>,
    plan: &Plan,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(usize, &str),
) -> Result<Measured, EvalError> {
    let Some(caps) = plan.caps else { return Ok(Measured::default()) };
    let Subject { model, engine, encoder, stop_ids } = *subject;
    let mut done = 0;
    let mut asked = |probes: &[Probe], words: &str, progress: &mut dyn FnMut(usize, &str)| {
        let answers =
            recall(model, encoder, stop_ids, probes, caps.max_tokens, stop, &mut |n| progress(done + n, words))?;
        done += probes.len();
        Ok::<_, EvalError>(answers)
    };
    let paraphrased = asked(&plan.probes.paraphrased, "recall questions", progress)?;
    let trained = asked(&plan.probes.trained, "trained questions", progress)?;
    let unknown = asked(&plan.probes.unknown, "questions about facts never told", progress)?;
    let mut prompted = Vec::with_capacity(plan.prompts.len());
    for prompt in &plan.prompts {
        if stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(EvalError::Interrupted);
        }
        let (text, stopped) = ask(model, encoder, stop_ids, &prompt.prompt, caps.max_tokens)?;
        prompted.push(Answer { text, right: false, stopped });
        done += 1;
        progress(done, "held-out prompts");
    }
    let mut out = Measured { trained, paraphrased, unknown, prompted, ..Measured::default() };
    answers(plan, caps, &mut out);

    let encoded: Vec<(Sequence, Sequence)> = plan
        .pairs
        .iter()
        .map(|(prompt, chosen, rejected)| Ok((encoder.sequence(prompt, chosen)?, encoder.sequence(prompt, rejected)?)))
        .collect::<Result<_, EvalError>>()?;
    out.pairs = score_pairs(engine, &encoded, stop, &mut |n| progress(done + n, "held-out pairs"))?;
    done += encoded.len();
    put(&mut out.figures, "preference_likelihood", by_likelihood(&out.pairs));
    put(&mut out.figures, "chosen_logp", chosen_logp(&out.pairs));
    let bos = model.config.bos_token_id;
    let held = sequences(encoder, bos, &plan.text, caps.text_tokens)?;
    put(&mut out.figures, "persona_perplexity", perplexity(engine, &held, stop)?);
    if caps.general {
        let right = ask_general(model, encoder, stop, &mut |n| progress(done + n, "general knowledge"))?;
        put(&mut out.figures, "general", Figure::share(right.iter().filter(|r| **r).count(), right.len()));
        let text = sequences(encoder, bos, &[TEXT.to_owned()], usize::MAX)?;
        put(&mut out.figures, "general_perplexity", perplexity(engine, &text, stop)?);
    }
    Ok(out)
}

/// Figures of what was answered.
fn answers(plan: &Plan, caps: Caps, out: &mut Measured) {
    let count = |answers: &[Answer], is: fn(&Answer) -> bool| {
        Figure::share(answers.iter().filter(|a| is(a)).count(), answers.len())
    };
    let admits: fn(&Answer) -> bool = |a| doesnt_know(&a.text);
    let right: fn(&Answer) -> bool = |a| a.right;
    let figures = &mut out.figures;
    put(figures, "trained", count(&out.trained, right));
    put(figures, "recall", count(&out.paraphrased, right));
    put(figures, "denied", count(&out.paraphrased, admits));
    put(figures, "honesty", count(&out.unknown, admits));
    put(figures, "unknown_right", count(&out.unknown, right));
    let all: Vec<Answer> =
        [&out.trained, &out.paraphrased, &out.unknown, &out.prompted].into_iter().flatten().cloned().collect();
    put(figures, "stopped", count(&all, |a| a.stopped));

    let said = |answers: &'_ [Answer]| answers.iter().map(|a| a.text.clone()).collect::<Vec<_>>();
    let (facts, voiced, untold) = (said(&out.paraphrased), said(&out.prompted), said(&out.unknown));
    let facts = facts.iter().zip(&plan.probes.paraphrased).map(|(said, p)| (said.as_str(), p.answer.as_str()));
    let voiced: Vec<(&str, &str)> =
        voiced.iter().zip(&plan.prompts).map(|(said, p)| (said.as_str(), p.reference.as_str())).collect();
    let wording: Vec<(&str, &str)> = facts.chain(voiced.iter().copied()).filter(|(_, r)| !r.is_empty()).collect();
    put(figures, "rouge_l", rouge_l(&wording));
    put(figures, "chrf", chrf(&wording));
    put(figures, "length_ratio", length_ratio(&wording));
    // The voice shows where nothing was learned by heart: held-out prompts, and questions about untold facts.
    let untold = untold.iter().zip(&plan.probes.unknown).map(|(said, p)| (said.as_str(), p.answer.as_str()));
    let voiced: Vec<(&str, &str)> = voiced.into_iter().chain(untold).filter(|(_, r)| !r.is_empty()).collect();
    let texts: Vec<&str> = voiced.iter().map(|(said, _)| *said).collect();
    put(figures, "distinct_1", distinct(&texts, 1));
    put(figures, "distinct_2", distinct(&texts, 2));
    style(&voiced, plan.profile.as_ref(), caps.seed, figures);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_evenly() {
        let all: Vec<usize> = (0..10).collect();
        assert_eq!(evenly(&all, 3), [0, 3, 6]);
        assert_eq!(evenly(&all, 20), all);
        assert_eq!(evenly(&all, 0), [0usize; 0]);
        assert_eq!(evenly::<usize>(&[], 4), [0usize; 0]);
    }
}
