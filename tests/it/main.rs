//! One integration binary; a file per area.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests stop at the first surprise")]

mod support;

#[cfg(feature = "teacher")]
mod doctor;
#[cfg(feature = "train")]
mod engine;
#[cfg(feature = "train")]
mod eval;

#[cfg(unix)]
mod ci;
mod datasets;
#[cfg(feature = "train")]
mod export;
#[cfg(feature = "train")]
mod families;
mod filter;
#[cfg(feature = "train")]
mod leak;
#[cfg(feature = "train")]
mod local;
mod masking;
mod ner;
#[cfg(feature = "train")]
mod numerics;
mod pdf;
mod persona;
#[cfg(feature = "train")]
mod plan;
mod privacy;
mod profile;
#[cfg(feature = "teacher")]
mod rate;
mod repair;
#[cfg(feature = "train")]
mod runs;
#[cfg(feature = "train")]
mod spine;
#[cfg(feature = "teacher")]
mod teacher;
