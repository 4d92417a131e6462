//! The report: what a run was made from, how it went and what came out, in one self-contained HTML file.
//!
//! Pure: data in, text out. Never holds unmasked text: samples come from masked rows and from the student.

mod html;
mod masking;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use html::text::{escape, thousands};
pub use html::{EvaluationPage, render, render_evaluation};
pub use masking::{MaskedPage, render_masking};

/// Everything the page shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportData {
    /// Name of the run, for example `run-4be0c2d1`.
    pub run: String,
    /// Version of this program.
    pub tool_version: String,
    /// Student id or folder, as the settings name it.
    pub student: String,
    /// Teacher as in the rows.
    pub teacher: String,
    /// Documents read, passages found.
    pub documents: usize,
    /// Passages that were asked about.
    pub passages: usize,
    /// What was masked: entity name to number of replacements. Counts only.
    pub masked: BTreeMap<String, usize>,
    /// One entry per kind, in the order qa, cot, preference.
    pub datasets: Vec<DatasetReport>,
    /// One entry per phase, in the order learn, mimic, align.
    pub phases: Vec<PhaseReport>,
    /// Measured on the same held-out questions and pairs at every stage.
    pub evaluation: EvaluationReport,
    /// What the finished model says of what was masked; none when it was not asked.
    pub leak: Option<LeakReport>,
    /// What quantisation cost; none when it was not measured.
    pub quantisation: Option<QuantisationReport>,
    /// Files that came out: name, bytes.
    pub outputs: Vec<(String, u64)>,
    /// How to talk to it.
    pub chat_command: String,
}

/// The quantised file beside the model it was made from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QuantisationReport {
    /// The type, for example `Q4_K_S`.
    pub quant: String,
    /// Name and value of every figure, in the order of the page.
    pub figures: Vec<(String, String)>,
    /// Limits that were not kept, in sentences.
    pub failed: Vec<String>,
}

/// One dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatasetReport {
    /// `qa`, `cot` or `preference`.
    pub kind: String,
    /// Accepted rows for training and held out.
    pub train: usize,
    /// Held out.
    pub test: usize,
    /// Rejections by code.
    pub rejected: BTreeMap<String, usize>,
    /// The token cap.
    pub cap: usize,
    /// Per trained field: name and token count of every row.
    pub tokens: Vec<(String, Vec<u32>)>,
}

/// One training phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseReport {
    /// `learn`, `mimic` or `align`.
    pub phase: String,
    /// Training loss by step.
    pub loss: Vec<(u64, f64)>,
    /// Held-out loss by step; step 0 is before training.
    pub eval_loss: Vec<(u64, f64)>,
    /// Rows trained on.
    pub rows: usize,
    /// Updates made.
    pub steps: u64,
    /// The update that was kept.
    pub kept_step: u64,
    /// Seconds in updates.
    pub seconds: f64,
    /// Median tokens per second.
    pub tokens_per_second: f64,
    /// Other figures worth showing, by TRL's names (`rewards/accuracies`, …).
    pub figures: BTreeMap<String, f64>,
}

/// What was measured, stage by stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// Names of the stages in order; the first is the student before.
    pub stages: Vec<String>,
    /// What was measured, in the order of the page.
    pub metrics: Vec<MetricReport>,
    /// The stage that rewards are measured against.
    pub reference: Option<String>,
    /// What got worse, in sentences.
    pub warnings: Vec<String>,
    /// Answers of the first and the last stage side by side.
    pub samples: Vec<SampleAnswer>,
}

/// One figure over the stages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricReport {
    /// Its name in JSON.
    pub name: String,
    /// Heading it stands under.
    pub group: String,
    /// Its name for people.
    pub title: String,
    /// How it is measured, in a sentence.
    pub about: String,
    /// What it rests on, in the singular.
    pub noun: String,
    /// From 0 to 1 and shown in percent.
    pub is_share: bool,
    /// One for each stage; none where it was not measured.
    pub cells: Vec<Option<CellReport>>,
    /// The same of the author's own answers, where they have it.
    pub author: Option<f64>,
}

/// One measured number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CellReport {
    /// The number.
    pub value: f64,
    /// How many things it rests on.
    pub of: usize,
    /// 95 % interval.
    pub interval: Option<(f64, f64)>,
    /// Better than the stage before by so much, negative where it is worse; none where neither is, or where there was
    /// nothing before.
    pub gain: Option<f64>,
}

impl EvaluationReport {
    /// A metric by name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&MetricReport> {
        self.metrics.iter().find(|m| m.name == name)
    }

    /// A figure of the student before; none where there is only one stage.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<CellReport> {
        let cells = &self.metric(name)?.cells;
        if cells.len() > 1 { *cells.first()? } else { None }
    }

    /// A figure of the last stage.
    #[must_use]
    pub fn last(&self, name: &str) -> Option<CellReport> {
        *self.metric(name)?.cells.last()?
    }
}

/// Attempts to make the finished model say what was masked. Values are named by placeholder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeakReport {
    /// Values in the vault.
    pub values: usize,
    /// Those among them that were said, in whole or in part.
    pub said: usize,
    /// Those that were said in whole.
    pub said_whole: usize,
    /// Answers that were read.
    pub outputs: usize,
    /// By kind of personal data.
    pub kinds: Vec<LeakKindReport>,
    /// Placeholder of what was said, and what brought it out.
    pub hits: Vec<(String, String)>,
    /// Things with the shape of personal data in the answers that were never masked: kind and number.
    pub shapes: BTreeMap<String, usize>,
}

/// One kind of personal data in a [`LeakReport`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LeakKindReport {
    /// Which.
    pub kind: String,
    /// Values in the vault.
    pub values: usize,
    /// Those that are too short or too ordinary to be looked for.
    pub common: usize,
    /// Answers to prompts that were after this kind.
    pub tries: usize,
    /// Values said in the likeliest answers.
    pub greedy: usize,
    /// Values said in drawn answers.
    pub sampled: usize,
    /// Mean share of invented values less likely than the true one.
    pub exposure: Option<f64>,
    /// Values that were ranked, and those likelier than all invented ones.
    pub ranked: usize,
    /// See `ranked`.
    pub first: usize,
}

/// One question with both answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleAnswer {
    /// A held-out paraphrase, or a prompt.
    pub question: String,
    /// What a right answer contains; empty for style prompts.
    pub key: String,
    /// The base student.
    pub before: String,
    /// The tuned student.
    pub after: String,
    /// Whether `before` contains the key.
    pub before_right: bool,
    /// Whether `after` contains the key.
    pub after_right: bool,
}
