use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::Watch;
use super::phase::{device, load_student};
use crate::eval::leak::{self, Budget, Hit, Leak, LeakKind};
use crate::eval::{
    self, Answer, Caps, EvalError, Figures, METRICS, Measured, Plan, Probe, Subject, Warning, by_reward,
};
use crate::hub::{Adapter, Folder};
use crate::id::ContentHash;
use crate::mask::Vault;
use crate::model::{self, Student};
use crate::report::{CellReport, EvaluationReport, LeakKindReport, LeakReport, MetricReport, SampleAnswer};
use crate::row::Row;
use crate::settings::Settings;
use crate::train::engine::{Portable, Trainable};
use crate::{Error, edge};

/// [`Evaluation::version`] of what this program writes.
pub const EVALUATION_VERSION: u32 = 2;

/// What was measured of a student at every stage, with every answer: `evaluation.json` of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// [`EVALUATION_VERSION`].
    pub version: u32,
    /// In order; the first is the student before.
    pub stages: Vec<StageFigures>,
    /// The stage that rewards are measured against.
    #[serde(default)]
    pub reference: Option<String>,
    /// Figures of the author's own answers, where they have any.
    #[serde(default)]
    pub author: Figures,
    /// What got worse on the way.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    /// Every question with the answers of all stages.
    pub answers: Vec<Asked>,
}

/// Figures of one stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageFigures {
    /// `base`, `learn`, `mimic`, `align`, `final`, or the name of an adapter.
    pub name: String,
    /// By the name of their metric.
    pub figures: Figures,
}

/// One question with the answers of all stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// `trained`, `paraphrased`, `unknown` or `prompt`.
    pub set: String,
    /// What was asked.
    pub question: String,
    /// What a right answer holds; empty for prompts.
    pub key: String,
    /// The author's answer.
    pub reference: String,
    /// In the order of the stages.
    pub answers: Vec<Answer>,
}

impl Evaluation {
    /// Figures of the last stage.
    #[must_use]
    pub fn last(&self) -> Option<&Figures> {
        self.stages.last().map(|s| &s.figures)
    }
}

/// Where a stage's weights are.
pub enum Weights<'a> {
    /// A folder with adapters on top of it, summed.
    Folder(&'a Folder, Vec<Adapter>),
    /// A GGUF.
    Gguf(PathBuf),
}

/// One student on the way.
pub struct Stage<'a> {
    /// Its name in the report.
    pub name: String,
    /// Its weights.
    pub weights: Weights<'a>,
}

impl Stage<'_> {
    /// Loads it.
    ///
    /// # Errors
    /// Weights that cannot be read, an adapter that does not fit.
    pub fn load(&self, device_name: &str) -> Result<Student, Error> {
        match &self.weights {
            Weights::Folder(folder, adapters) => load_student(folder, adapters, device_name),
            Weights::Gguf(path) => {
                model::from_gguf(path, &device(device_name)?).map_err(|e| Error::at(path, e.to_string()))
            }
        }
    }
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

/// How much is asked, by the settings.
#[must_use]
pub const fn caps(settings: &Settings) -> Caps {
    let e = &settings.eval;
    Caps {
        questions: e.questions,
        max_tokens: e.max_tokens,
        prompts: e.prompts,
        pairs: e.pairs,
        text_tokens: e.text_tokens,
        general: e.general,
        seed: settings.rows.seed,
    }
}

/// Measured stages that outlive an interruption: one file each, in a folder that is removed at the end.
pub struct Kept<'a> {
    /// Where.
    pub folder: &'a Path,
    /// Names everything that decides a stage's result, but its name.
    pub inputs: &'a ContentHash,
}

#[derive(Serialize, Deserialize)]
struct KeptStage {
    inputs: ContentHash,
    measured: Measured,
}

impl Kept<'_> {
    fn path(&self, stage: &str) -> PathBuf {
        self.folder.join(format!("{stage}.json"))
    }

    fn read(&self, stage: &str) -> Option<Measured> {
        let kept: KeptStage = serde_json::from_slice(&std::fs::read(self.path(stage)).ok()?).ok()?;
        (kept.inputs == *self.inputs).then_some(kept.measured)
    }

    fn write(&self, stage: &str, measured: &Measured) -> Result<(), Error> {
        let kept = KeptStage { inputs: self.inputs.clone(), measured: measured.clone() };
        let json = serde_json::to_vec(&kept).map_err(|e| Error::new(e.to_string()))?;
        edge::fs::create_dir(self.folder)?;
        edge::fs::write(&self.path(stage), &json)
    }
}

/// How stages are measured.
pub struct Measuring<'a> {
    /// What all of them are asked.
    pub plan: &'a Plan,
    /// `cpu` or `cuda`.
    pub device: &'a str,
    /// The stage before Align, which rewards are measured against; none measures no rewards.
    pub reference: Option<&'a str>,
    /// Scale of rewards.
    pub beta: f64,
    /// Keeps finished stages.
    pub kept: Option<Kept<'a>>,
}

/// Asks every stage the same. One student is in memory at a time.
///
/// # Errors
/// A model, or `stop`; finished stages are [kept](Kept).
pub fn evaluate(
    stages: &[Stage<'_>],
    how: &Measuring<'_>,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<Evaluation, Error> {
    let steps = how.plan.steps();
    let total = (steps * stages.len()) as u64;
    let mut all = Vec::with_capacity(stages.len());
    for (nth, stage) in stages.iter().enumerate() {
        let name = &stage.name;
        if let Some(measured) = how.kept.as_ref().and_then(|kept| kept.read(name)) {
            watch.detail(&format!("{name}: measured before"));
            all.push(measured);
            continue;
        }
        watch.progress((nth * steps) as u64, total, &format!("{name}: loading"));
        let Student { model, encoder, stop_ids } = stage.load(how.device)?;
        // The engine needs something to train; nothing is.
        let none = Trainable::Lora { modules: Vec::new(), seed: 0 };
        let engine = Portable::new(model, &none).map_err(EvalError::from)?;
        let subject = Subject { model: engine.student(), engine: &engine, encoder: &encoder, stop_ids: &stop_ids };
        let mut progress = |done: usize, words: &str| {
            watch.progress((nth * steps + done) as u64, total, &format!("{name}: {words}"));
        };
        let measured = eval::measure(&subject, how.plan, stop, &mut progress);
        watch.finish();
        let measured = measured?;
        if let Some(kept) = &how.kept {
            kept.write(name, &measured)?;
        }
        all.push(measured);
    }
    watch.finish();
    let names: Vec<&str> = stages.iter().map(|s| s.name.as_str()).collect();
    Ok(gather(&names, all, how))
}

fn gather(names: &[&str], mut all: Vec<Measured>, how: &Measuring<'_>) -> Evaluation {
    let reference = names.iter().position(|name| Some(*name) == how.reference);
    if let Some(before) = reference.and_then(|at| all.get(at)).map(|m| m.pairs.clone()) {
        for measured in all.iter_mut().skip(reference.unwrap_or_default() + 1) {
            if let Some((wins, margin)) = by_reward(&measured.pairs, &before, how.beta) {
                measured.figures.insert("preference_reward".into(), wins);
                measured.figures.insert("reward_margin".into(), margin);
            }
        }
    }
    let plan = how.plan;
    let mut answers = Vec::new();
    let mut add = |set: &str, probes: &[Probe], of: fn(&Measured) -> &Vec<Answer>| {
        answers.extend(probes.iter().enumerate().map(|(i, p)| Asked {
            set: set.to_owned(),
            question: p.question.clone(),
            key: p.key.clone(),
            reference: p.answer.clone(),
            answers: all.iter().filter_map(|m| of(m).get(i).cloned()).collect(),
        }));
    };
    add("trained", &plan.probes.trained, |m| &m.trained);
    add("paraphrased", &plan.probes.paraphrased, |m| &m.paraphrased);
    add("unknown", &plan.probes.unknown, |m| &m.unknown);
    let prompts: Vec<Probe> = plan
        .prompts
        .iter()
        .map(|p| Probe { question: p.prompt.clone(), key: String::new(), answer: p.reference.clone() })
        .collect();
    add("prompt", &prompts, |m| &m.prompted);
    let stages: Vec<StageFigures> =
        names.iter().zip(all).map(|(name, m)| StageFigures { name: (*name).to_owned(), figures: m.figures }).collect();
    let figures: Vec<(&str, &Figures)> = stages.iter().map(|s| (s.name.as_str(), &s.figures)).collect();
    Evaluation {
        version: EVALUATION_VERSION,
        warnings: eval::warnings(&figures),
        stages,
        reference: reference.and_then(|at| names.get(at)).map(|name| (*name).to_owned()),
        author: plan.author(),
        answers,
    }
}

/// What every stage is asked, from rows of all kinds.
#[must_use]
pub fn plan(rows: &[Vec<Row>], own: &[&str], settings: &Settings) -> Plan {
    Plan::new(&rows.iter().flatten().collect::<Vec<_>>(), own, caps(settings))
}

/// What the report shows of it.
#[must_use]
pub fn evaluation_report(evaluation: &Evaluation) -> EvaluationReport {
    let metrics = METRICS.iter().filter_map(|metric| {
        let cell = |nth: usize, stage: &StageFigures| {
            let figure = stage.figures.get(metric.name)?;
            let before = nth.checked_sub(1).and_then(|at| evaluation.stages.get(at)?.figures.get(metric.name));
            Some(CellReport {
                value: figure.value,
                of: figure.of,
                interval: figure.low.zip(figure.high),
                gain: before.and_then(|before| metric.better.gain(before.value, figure.value)),
            })
        };
        let cells: Vec<Option<CellReport>> =
            evaluation.stages.iter().enumerate().map(|(nth, stage)| cell(nth, stage)).collect();
        cells.iter().any(Option::is_some).then(|| MetricReport {
            name: metric.name.to_owned(),
            group: metric.group.to_owned(),
            title: metric.title.to_owned(),
            about: metric.about.to_owned(),
            noun: metric.noun.to_owned(),
            is_share: metric.unit == eval::Unit::Share,
            cells,
            author: evaluation.author.get(metric.name).map(|figure| figure.value),
        })
    });
    EvaluationReport {
        stages: evaluation.stages.iter().map(|s| s.name.clone()).collect(),
        metrics: metrics.collect(),
        reference: evaluation.reference.clone(),
        warnings: evaluation.warnings.iter().map(|w| w.text.clone()).collect(),
        samples: samples(evaluation),
    }
}

/// Evenly over the questions, right and wrong ones as they come: a report that picks its samples is an advertisement.
fn samples(evaluation: &Evaluation) -> Vec<SampleAnswer> {
    let of = |set: &'static str, shown: usize| {
        let all: Vec<&Asked> = evaluation.answers.iter().filter(|a| a.set == set).collect();
        let step = (all.len() / shown).max(1);
        all.into_iter().step_by(step).take(shown)
    };
    let sample = |asked: &Asked| {
        let text = |answer: Option<&Answer>| answer.map_or((String::new(), false), |a| (a.text.clone(), a.right));
        let first = asked.answers.first().filter(|_| asked.answers.len() > 1);
        let ((before, before_right), (after, after_right)) = (text(first), text(asked.answers.last()));
        SampleAnswer {
            question: asked.question.clone(),
            key: asked.key.clone(),
            before,
            after,
            before_right,
            after_right,
        }
    };
    of("paraphrased", SHOWN_FACTS).chain(of("prompt", SHOWN_VOICE)).map(sample).collect()
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
    try_leaks_of(&student, vault, settings, stop, watch)
}

/// The same of a student that is loaded.
///
/// # Errors
/// Template, tokenizer, device, or `stop`.
pub fn try_leaks_of(
    student: &Student,
    vault: &Vault,
    settings: &Settings,
    stop: &AtomicBool,
    watch: &dyn Watch,
) -> Result<Leak, Error> {
    let budget = Budget {
        max_tokens: LEAK_TOKENS.min(settings.eval.max_tokens),
        samples: settings.eval.leak_samples,
        values: settings.eval.leak_values,
        decoys: LEAK_DECOYS,
        seed: settings.rows.seed,
    };
    let mut progress = |done: usize, of: usize| watch.progress(done as u64, of as u64, "attempts at what was masked");
    let leak = leak::leak(student, vault, &[], &budget, stop, &mut progress);
    watch.finish();
    Ok(leak?)
}

/// What the report shows of it.
#[must_use]
pub fn leak_report(leak: &Leak) -> LeakReport {
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::atomic::Ordering;

    use super::*;

    /// Asks to stop as soon as a stage begins.
    struct StopAt<'a> {
        stage: &'a str,
        stop: &'a AtomicBool,
        heard: RefCell<Vec<String>>,
    }

    impl Watch for StopAt<'_> {
        fn stage(&self, _name: &str, _skipped: bool) {}
        fn say(&self, _line: &str) {}
        fn detail(&self, line: &str) {
            self.heard.borrow_mut().push(line.to_owned());
        }
        fn progress(&self, _done: u64, _total: u64, words: &str) {
            if words.starts_with(self.stage) {
                self.stop.store(true, Ordering::Relaxed);
            }
        }
        fn finish(&self) {}
    }

    #[test]
    fn finished_stages_outlive_an_interruption() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student")).unwrap();
        let stages: Vec<Stage<'_>> = ["first", "second"]
            .map(|name| Stage { name: name.into(), weights: Weights::Folder(&folder, vec![]) })
            .into();
        let caps = Caps { questions: 4, max_tokens: 4, prompts: 2, pairs: 2, text_tokens: 50, general: true, seed: 0 };
        let plan = Plan::new(&[], &[], caps);
        let (inputs, other) = (ContentHash::of(b"these"), ContentHash::of(b"others"));
        let parts = dir.path().join("parts");
        let run = |inputs: Option<&ContentHash>, stage: &str| {
            let stop = AtomicBool::new(false);
            let watch = StopAt { stage, stop: &stop, heard: RefCell::default() };
            let kept = inputs.map(|inputs| Kept { folder: &parts, inputs });
            let how = Measuring { plan: &plan, device: "cpu", reference: None, beta: 0.1, kept };
            (evaluate(&stages, &how, &stop, &watch), watch.heard.into_inner())
        };
        let whole = run(None, "nobody").0.unwrap();
        let cut = run(Some(&inputs), "second").0.unwrap_err();
        assert_eq!(cut.exit(), crate::ExitKind::Interrupted);
        let (again, heard) = run(Some(&inputs), "nobody");
        assert_eq!((again.unwrap(), heard), (whole, vec!["first: measured before".to_owned()]));
        // What was measured of something else is measured again.
        let (_, heard) = run(Some(&other), "second");
        assert!(heard.is_empty(), "{heard:?}");
    }
}
