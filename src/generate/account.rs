use std::collections::BTreeMap;

use super::pool::Conflict;
use super::{Calibration, Job, Plan};
use crate::prompt::Passage;
use crate::row::{Rejected, Row};
use crate::teacher::{TeacherError, Usage};

/// How far a run is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Rows accepted so far.
    pub accepted: usize,
    /// Rows rejected so far.
    pub rejected: usize,
    /// Requests answered or given up.
    pub asked: usize,
    /// What the answers cost when they were paid for, by the recorded usage.
    pub cost_usd: f64,
    /// The question of the last accepted row.
    pub last: Option<String>,
    /// Rejections by code.
    pub reasons: BTreeMap<&'static str, usize>,
    /// What holds the teacher back.
    pub waiting: Option<String>,
}

/// What became of one passage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassageAccount {
    /// Name of the masked document.
    pub source: String,
    /// Bytes of the masked document.
    pub span: (usize, usize),
    /// The headings above it.
    pub heading: String,
    /// Words that are no placeholders.
    pub words: usize,
    /// Whether its rows are held out.
    pub held_out: bool,
    /// Rows it should give, by its length.
    pub quota: usize,
    /// Requests about it.
    pub asked: usize,
    /// Rows those asked for.
    pub rows_asked: usize,
    /// Rows accepted.
    pub accepted: usize,
    /// Rows, or whole answers, rejected.
    pub rejected: usize,
}

/// What a run made.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Accepted rows, at most as many as were wanted.
    pub rows: Vec<Row>,
    /// The others, with reasons.
    pub rejected: Vec<Rejected>,
    /// Accepted rows beyond those wanted.
    pub spare: usize,
    /// Requests for rows.
    pub asked: usize,
    /// Requests in all: repairs, shortenings and judgements too.
    pub turns: usize,
    /// Every passage, in reading order.
    pub passages: Vec<PassageAccount>,
    /// What all answers used.
    pub usage: Usage,
    /// Rows that answer one question in different ways.
    pub conflicts: Vec<Conflict>,
    /// How the judge did on rows whose worth was known.
    pub judge: Option<Calibration>,
    /// Why the run ended before its time.
    pub ended: Option<TeacherError>,
}

impl Outcome {
    pub(super) fn new(job: &Job<'_>, plan: &Plan<'_>) -> Self {
        let account = |(i, passage): (usize, &Passage)| PassageAccount {
            source: passage.source().to_owned(),
            span: (passage.span().start, passage.span().end),
            heading: passage.heading().to_owned(),
            words: passage.words(),
            held_out: plan.is_held_out(i),
            quota: plan.quota(i),
            asked: 0,
            rows_asked: 0,
            accepted: 0,
            rejected: 0,
        };
        Self { passages: job.passages.iter().enumerate().map(account).collect(), ..Self::default() }
    }

    /// Rejections by code.
    #[must_use]
    pub fn reasons(&self) -> BTreeMap<&'static str, usize> {
        let mut out = BTreeMap::new();
        for r in &self.rejected {
            *out.entry(r.code).or_default() += 1;
        }
        out
    }

    /// Passages with at least one accepted row.
    #[must_use]
    pub fn covered(&self) -> usize {
        self.passages.iter().filter(|p| p.accepted > 0).count()
    }
}
