//! STY002: the answers do not sound like the author.

use super::prelude::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Flags kinds of which too many answers are farther from the author's style than the author's own texts are.
pub(in crate::lint) struct DistantStyle;

static META: Meta = Meta {
    code: "STY002",
    name: "distant-style",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "More than a tenth of the answers are farther from the author's style than the author's own texts",
    explanation: "
## Why it matters
Facts are learned from what is said, the tone from how. Answers in the teacher's tone teach the teacher's tone.

## Example
The author writes `Two hours down. Nobody slept.`; 40 of 130 answers read
`The outage, which affected several systems, was subsequently resolved by the responsible team.`
The distance compares small words, letter sequences, sentence rhythm, marks and choice of words with the author's texts;
1.0 is what 95 in 100 stretches of the author's own texts stay under. One answer in twenty may exceed it.
Answers and chosen sides are measured, per kind, from 30 answers on, and the worst rows are named.
Of files with more than 256 rows a sample is measured.
Without author texts, or with fewer than 20 texts and 2,000 words of them, nothing can be said.

## How to fix
Show the teacher more samples of the author's writing, or drop the worst rows.
",
};

/// Fewest answers: of fewer, a tenth is soon reached by chance.
const LEAST: u64 = 30;
/// Rows of a file that are all measured; then one in four to four times as many, one in sixteen of the next, and so on.
const ALL: u64 = 256;
/// Rows that are named.
const WORST: usize = 3;

impl Rule for DistantStyle {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Distant {
            share: settings.thresholds.style_share,
            known: cx.profile.is_some_and(crate::style::Profile::is_reliable),
            has_texts: cx.profile.is_some(),
            tallies: Kind::ALL.map(|_| Tally::default()),
        })
    }
}

/// One kind's answers. They are measured on all cores, in no order: sums and the worst are the same in every order.
#[derive(Default)]
struct Tally {
    first: Option<u32>,
    answers: AtomicU64,
    far: AtomicU64,
    /// Answers of rows that were made from somebody's documents.
    own: AtomicU64,
    /// Distance in thousandths and the row.
    worst: Mutex<BTreeSet<(u64, RowRef)>>,
}

struct Distant {
    share: f64,
    known: bool,
    has_texts: bool,
    tallies: [Tally; Kind::ALL.len()],
}

/// How many rows a row stands for: measuring takes long, and a share needs no more than some hundred.
const fn weight(row: u64) -> u64 {
    let mut weight = 1;
    while row >= ALL * weight {
        weight *= 4;
    }
    weight
}

impl Check for Distant {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        if let Some(kind) = table.kind() {
            self.tallies[kind as usize].first.get_or_insert(table.index);
        }
    }

    fn row(&self, row: &View<'_>, _out: &mut Findings) {
        let (Some(kind), Some(answer)) = (row.kind(), row.answer()) else { return };
        let tally = &self.tallies[kind as usize];
        let weight = weight(row.at.row());
        if weight > 1 && !row.hash().is_multiple_of(weight) {
            return;
        }
        tally.answers.fetch_add(weight, Ordering::Relaxed);
        tally.own.fetch_add(if row.table.has_provenance() { weight } else { 0 }, Ordering::Relaxed);
        let Some(profile) = row.cx().profile.filter(|_| self.known) else { return };
        let distance = profile.distance(answer.text);
        if distance > 1.0 {
            tally.far.fetch_add(weight, Ordering::Relaxed);
            let mut worst = tally.worst.lock().unwrap_or_else(PoisonError::into_inner);
            worst.insert(((1000.0 * distance) as u64, row.at));
            if worst.len() > WORST {
                worst.pop_first();
            }
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        for (kind, tally) in Kind::ALL.into_iter().zip(&mut self.tallies) {
            let (answers, far) = (*tally.answers.get_mut(), *tally.far.get_mut());
            let Some(table) = tally.first.filter(|_| answers >= LEAST) else { continue };
            if far as f64 <= self.share * answers as f64 {
                continue;
            }
            let worst = tally.worst.get_mut().unwrap_or_else(PoisonError::into_inner);
            let here = RowRef::new(table, 0);
            let rows: Vec<String> = worst
                .iter()
                .rev()
                .map(|(distance, row)| format!("{} ({:.1})", out.name(*row, here), *distance as f64 / 1000.0))
                .collect();
            let about = if answers > ALL { "about " } else { "" };
            let message = format!(
                "{about}{far} of {answers} {} answers are farther from the author's style than the author's own texts, most of all {}",
                kind.name(),
                rows.join(", ")
            );
            out.push(Finding::in_table(&META, table, message));
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        // Rows of nobody's documents have no author.
        let own: u64 = self.tallies.iter().map(|tally| tally.own.load(Ordering::Relaxed)).sum();
        if self.known || own < LEAST {
            return vec![];
        }
        let reason = match self.has_texts {
            true => "too few texts of the author: their style is not known well enough",
            false => "no texts of the author: how far the answers are from their style cannot be told",
        };
        vec![Skipped { code: META.code, file: None, reason: reason.to_owned() }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_thinned_out_and_weighed() {
        assert_eq!([0, 255, 256, 1023, 1024, 4096, 100_000].map(weight), [1, 1, 4, 4, 16, 64, 1024]);
        // Of a hundred thousand rows about 1,300 are measured.
        let measured: f64 = (0..100_000).map(|row| 1.0 / weight(row) as f64).sum();
        assert!((1000.0..1300.0).contains(&measured), "{measured}");
    }

    #[test]
    fn the_author_is_near_and_others_are_not() {
        let own = "Two hours down. Nobody slept. The cable was wet and so was I. Fine.";
        let profile = crate::style::Profile::measure(&[own; 200]);
        assert!(profile.is_reliable());
        let bland = "The outage, which affected several systems, was subsequently resolved by the responsible team.";
        let check = |far: usize, profile: Option<&crate::style::Profile>, expected: usize| {
            let settings = LintSettings::default();
            let cx = Context { profile, ..Context::default() };
            let mut check = DistantStyle.start(&settings, &cx);
            let table =
                TableInfo::new(0, "t", vec![], std::collections::BTreeMap::new(), Some(Layout::native(Kind::Qa)));
            let table = Arc::new(table);
            let plan = crate::lint::finding::Plan { cap: 9, ..Default::default() };
            let mut out = Findings::new(Arc::new(plan));
            check.table(&table, &mut out);
            for row in 0..40 {
                let answer = if (row as usize) < far { bland } else { own };
                let record = crate::lint::tests::record(row, &[("response", answer)]);
                check.row(&View::new(&table, &record, &cx), &mut out);
            }
            check.finish(&mut out);
            assert_eq!(out.list.len(), expected, "{far}");
        };
        check(0, Some(&profile), 0);
        check(4, Some(&profile), 0);
        check(5, Some(&profile), 1);
        check(40, None, 0);
    }
}
