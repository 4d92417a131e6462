//! The pipeline: stages over a workspace, each skipped when its inputs have not changed.
//!
//! A stage is a function of the workspace and of what the stages before it left. Its artifacts are written first and
//! its manifest last; whatever kills the process in between, the next run does the stage again and ends with the same
//! bytes. Long stages resume inside: generation from the teacher's cache, training from its checkpoint.

mod account;
mod documents;
#[cfg(feature = "train")]
mod engine;
#[cfg(feature = "train")]
mod evaluate;
#[cfg(feature = "train")]
mod export;
#[cfg(feature = "train")]
mod fit;
#[cfg(feature = "train")]
mod follow;
mod lint;
#[cfg(feature = "train")]
mod local;
#[cfg(feature = "train")]
mod merge;
#[cfg(feature = "train")]
mod on_policy;
#[cfg(feature = "train")]
mod phase;
mod rows;
#[cfg(feature = "train")]
mod stack;
mod teachers;
#[cfg(feature = "train")]
mod train_all;
mod vault;
mod voice;

pub use documents::{
    Masked, READER_LIMITS, Sources, extract_paths, mask_documents, name_model, read_alone, read_documents,
};
#[cfg(feature = "train")]
pub use evaluate::{
    Asked, EVALUATION_VERSION, Evaluation, Kept, Measuring, Stage, StageFigures, Weights, caps, evaluate,
    evaluation_report, leak_report, plan, try_leaks, try_leaks_of,
};
#[cfg(feature = "train")]
pub use export::{Calibration, Check, Export, ExportJob, Facts, Limits, Model, Quality, export_model};
#[cfg(feature = "train")]
pub use fit::{Fit, fit_phase};
pub use lint::{LintInputs, dataset_files, is_dataset};
#[cfg(feature = "train")]
pub use local::LocalTeacher;
#[cfg(feature = "train")]
pub use merge::{MERGE_LIMIT, MergeInput, MergeLoss, MergeOutcome, MergedInto, held_out, merge_student, trained_on};
#[cfg(feature = "train")]
pub use on_policy::StudentSampler;
#[cfg(feature = "train")]
pub use phase::{
    MODEL, Phase, PhaseInput, PhaseOutcome, device, encode_phase, load_student, open_student, recipe, run_phase,
};
pub use rows::{RowMaker, default_output, generate_file, make_rows};
#[cfg(feature = "teacher")]
pub use teachers::wire_settings;
pub use teachers::{TeacherChoice, choose_teacher};
#[cfg(feature = "train")]
pub use train_all::{RunEvaluation, Summary, evaluate_workspace, train_all};
pub use vault::{VAULT, VaultFile};
pub use voice::{Judged, OwnTexts, own_texts};

use std::sync::atomic::AtomicBool;

/// Set by Ctrl-C; every stage looks at it between two pieces of work.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// Whoever shows what a stage does. Only the command line has one that writes.
pub trait Watch {
    /// A stage begins; `skipped` when it is up to date.
    fn stage(&self, name: &str, skipped: bool);
    /// A line worth reading.
    fn say(&self, line: &str);
    /// A line for those who asked to hear more (`-v`).
    fn detail(&self, line: &str);
    /// `done` of `total` with a few words; called often. What follows a line break goes below the bar.
    fn progress(&self, done: u64, total: u64, words: &str);
    /// The bar, if there is one, has served.
    fn finish(&self);
}

/// Shows nothing.
pub struct Silent;

impl Watch for Silent {
    fn stage(&self, _name: &str, _skipped: bool) {}
    fn say(&self, _line: &str) {}
    fn detail(&self, _line: &str) {}
    fn progress(&self, _done: u64, _total: u64, _words: &str) {}
    fn finish(&self) {}
}
