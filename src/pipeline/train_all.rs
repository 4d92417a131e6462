use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use super::documents::{Masked, mask_documents, name_model, read_documents};
use super::evaluate::{
    Evaluation, Kept, Measuring, Stage, Weights, caps, evaluate, evaluation_report, leak_report, plan, try_leaks,
};
    trained_in: &Path,
