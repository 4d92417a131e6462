//! `distill` turns a person's documents into a small model that knows what they know, reasons as they do and sounds
//! like them.
//!
//! | stage | value in → value out | module |
//! | --- | --- | --- |
//! | extract | bytes → [`document::Document`] | [`document`] |
//! | mask | `Document` → [`mask::MaskedDocument`] | [`mask`] |
//! | prompt | [`prompt::Passage`] + template → [`prompt::Prompt`] | [`prompt`] |
//! | ask | `Prompt` → [`teacher::Completion`] | [`teacher`] |
//! | parse | `Completion` → [`row::Row`] or [`row::Rejected`] | [`row`], [`generate`] |
//! | store, lint | rows → [`dataset::Table`] → findings | [`dataset`], [`lint`] |
//! | batch | rows → [`batch::Sequence`] | [`batch`] |
//! | train | base + sequences → adapter | `train`, `model` |
//! | merge, export | adapter + base → merged folder → GGUF | `merge`, `gguf`, `hub` |
//! | run all | workspace → everything above that is out of date | `pipeline` |
//!
//! ARCHITECTURE.md says which folder may use which, and where to add things.

pub mod error;
pub mod id;

pub mod batch;
pub mod dataset;
pub mod document;
pub mod generate;
pub mod lint;
pub mod mask;
pub mod prompt;
pub mod report;
pub mod row;
pub mod settings;
pub mod style;
pub mod teacher;

#[cfg(feature = "train")]
pub mod eval;
#[cfg(feature = "train")]
pub mod gguf;
#[cfg(feature = "train")]
pub mod hub;
#[cfg(feature = "train")]
pub mod infer;
#[cfg(feature = "train")]
pub mod merge;
#[cfg(feature = "train")]
pub mod model;
#[cfg(feature = "train")]
pub mod package;
#[cfg(feature = "train")]
pub mod plan;
#[cfg(feature = "train")]
pub mod train;

pub mod cli;
pub mod edge;
pub mod pipeline;

pub use error::{Error, ExitKind};
