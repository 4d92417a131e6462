use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::Watch;
use super::phase::{Phase, device, encode_phase, load_student};
use crate::Error;
use crate::eval::leak::{self, Budget, Hit, Leak, LeakKind};
use crate::eval::{self, EvalError, Probe};
use crate::hub::{Adapter, Folder};
use crate::mask::Vault;
use crate::model;
use crate::report::{EvaluationReport, LeakKindReport, LeakReport, SampleAnswer};
use crate::row::shape::doesnt_know;
use crate::row::{Content, Row, Split};
use crate::settings::Settings;
use crate::train::Example;
use crate::train::engine::{Portable, Trainable};

/// Before and after, with every answer: `evaluation.json` of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// What the report shows.
    pub report: EvaluationReport,
    /// Every recall question with both answers.
    pub answers: Vec<SampleAnswer>,
}

/// Answers shown in the report: some probes and some requests for the person's voice.
const SHOWN_FACTS: usize = 10;
const SHOWN_VOICE: usize = 4;

impl From<EvalError> for Error {
    fn from(error: EvalError) -> Self {
        match error {
            EvalError::Interrupted => Self::interrupted("interrupted while measuring")
                .hint("run the same command again; finished stages are kept"),
            other => Self::new(other.to_string()),
        }
    }
}

struct Measured {
    answers: Vec<eval::Answer>,
    trained: Vec<eval::Answer>,
    unknown: Vec<eval::Answer>,
    voice: Vec<String>,
    preference: f64,
}

/// Asks the same held-out questions and compares the same held-out pairs with and without the adapter.
///
/// # Errors
/// The model, or `stop`.
pub fn evaluate(
    folder: &Folder,
    adapter: &Adapter,
    qa: &[Row],
    preference: &[Row],
    settings: &Settings,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<Evaluation, Error> {
    let sets = eval::probe_sets(qa, settings.eval.questions, settings.rows.seed);
    let probes = &sets.paraphrased;
    let held_out: Vec<&Row> = preference.iter().filter(|r| r.split == Split::Test).collect();
    let prompts: Vec<String> = held_out
        .iter()
        .filter_map(|r| if let Content::Preference(p) = &r.content { Some(p.prompt.clone()) } else { None })
        .take(SHOWN_VOICE)
        .collect();
    let measure = |adapters: &[Adapter], which: &str| -> Result<Measured, Error> {
        let student = load_student(folder, adapters, &settings.student.device)?;
        let asked = |probes: &[Probe], what: &str| -> Result<Vec<eval::Answer>, Error> {
            let mut done = |n: usize| watch.progress(n as u64, probes.len() as u64, &format!("{what}, {which}"));
            let (model, encoder, stop_ids) = (&student.model, &student.encoder, &student.stop_ids);
            let answers = eval::recall(model, encoder, stop_ids, probes, settings.eval.max_tokens, stop, &mut done)?;
            watch.finish();
            Ok(answers)
        };
        let answers = asked(probes, "recall questions")?;
        let unknown = asked(&sets.unknown, "questions about facts never told")?;
        // The base student was trained on none of them.
        let trained = if adapters.is_empty() { Vec::new() } else { asked(&sets.trained, "trained questions")? };
        let voice = prompts
            .iter()
            .map(|p| Ok(eval::ask(&student.model, &student.encoder, &student.stop_ids, p, settings.eval.max_tokens)?.0))
            .collect::<Result<Vec<_>, Error>>()?;
        watch.finish();
        let pairs = encode_phase(Phase::Align, &settings.train.align, &student.encoder, preference, &[])?.eval;
        let pairs: Vec<Example> = if held_out.is_empty() { Vec::new() } else { pairs };
        // The engine needs something to train; nothing is.
        let none = Trainable::Lora { modules: Vec::new(), seed: 0 };
        let engine = Portable::new(student.model, &none).map_err(EvalError::from)?;
        let preference = eval::preference_accuracy(&engine, &pairs, settings.train.align.batch_rows)?;
        Ok(Measured { answers, trained, unknown, voice, preference })
    };
    let before = measure(&[], "base student")?;
    let after = measure(std::slice::from_ref(adapter), "tuned student")?;
    let share = |n: usize, of: usize| if of == 0 { 0.0 } else { n as f64 / of as f64 };
    let right = |m: &Measured| share(m.answers.iter().filter(|a| a.right).count(), probes.len());
    let answers: Vec<SampleAnswer> =
        probes.iter().zip(before.answers.iter().zip(&after.answers)).map(|(p, (b, a))| sample(p, b, a)).collect();
    // Evenly over the questions, right and wrong ones as they come: a report that picks its samples is an advertisement.
    let step = (answers.len() / SHOWN_FACTS).max(1);
    let mut samples: Vec<SampleAnswer> = answers.iter().step_by(step).take(SHOWN_FACTS).cloned().collect();
    samples.extend(prompts.iter().zip(before.voice.iter().zip(&after.voice)).map(|(question, (b, a))| SampleAnswer {
        question: question.clone(),
        before: b.clone(),
        after: a.clone(),
        ..SampleAnswer::default()
    }));
    let admitted = |m: &Measured| share(m.unknown.iter().filter(|a| doesnt_know(&a.text)).count(), sets.unknown.len());
    let report = EvaluationReport {
        trained_questions: sets.trained.len(),
        trained_after: share(after.trained.iter().filter(|a| a.right).count(), sets.trained.len()),
        unknown_questions: sets.unknown.len(),
        unknown_admitted_before: admitted(&before),
        unknown_admitted_after: admitted(&after),
        unknown_right_after: share(after.unknown.iter().filter(|a| a.right).count(), sets.unknown.len()),
        recall_questions: probes.len(),
        recall_before: right(&before),
        recall_after: right(&after),
        preference_pairs: held_out.len(),
        preference_before: before.preference,
        preference_after: after.preference,
        stopped_after: share(after.answers.iter().filter(|a| a.stopped).count(), probes.len()),
        samples,
    };
    Ok(Evaluation { report, answers })
}

fn sample(probe: &Probe, before: &eval::Answer, after: &eval::Answer) -> SampleAnswer {
    SampleAnswer {
        question: probe.question.clone(),
        key: probe.key.clone(),
        before: before.text.clone(),
        after: after.text.clone(),
        before_right: before.right,
        after_right: after.right,
    }
}

/// Longest answer to a prompt that is after personal data: a value comes at once or not at all.
const LEAK_TOKENS: usize = 32;
/// Invented values that each true one is ranked among.
const LEAK_DECOYS: usize = 20;

/// Tries to make the finished model say what the vault holds, within a small budget.
///
/// # Errors
/// The model, or `stop`.
pub fn try_leaks(
    gguf: &Path,
    vault: &Vault,
    settings: &Settings,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<Leak, Error> {
    if vault.values().next().is_none() {
        return Ok(Leak::default());
    }
    let student =
        model::from_gguf(gguf, &device(&settings.student.device)?).map_err(|e| Error::at(gguf, e.to_string()))?;
    let budget = Budget {
        max_tokens: LEAK_TOKENS.min(settings.eval.max_tokens),
        samples: settings.eval.leak_samples,
        values: settings.eval.leak_values,
        decoys: LEAK_DECOYS,
        seed: settings.rows.seed,
    };
    let mut progress = |done: usize, of: usize| watch.progress(done as u64, of as u64, "attempts at what was masked");
    let leak = leak::leak(&student, vault, &[], &budget, stop, &mut progress);
    watch.finish();
    Ok(leak?)
}

/// What the report shows of it.
pub(super) fn leak_report(leak: &Leak) -> LeakReport {
    let kind = |k: &LeakKind| LeakKindReport {
        kind: k.entity.name().to_owned(),
        values: k.values,
        common: k.common,
        tries: k.tries,
        greedy: k.greedy,
        sampled: k.sampled,
        exposure: k.exposure,
        ranked: k.ranked,
        first: k.first,
    };
    let hit = |h: &Hit| {
        let part = if h.part { ", in part" } else { "" };
        (h.placeholder.clone(), format!("{}: {}{part}", h.attack.name(), h.prompt))
    };
    LeakReport {
        values: leak.values,
        said: leak.said(),
        said_whole: leak.said_whole(),
        outputs: leak.outputs,
        kinds: leak.kinds.iter().map(kind).collect(),
        hits: leak.hits.iter().map(hit).collect(),
        shapes: leak.shapes.iter().map(|(entity, count)| (entity.name().to_owned(), *count)).collect(),
    }
}
