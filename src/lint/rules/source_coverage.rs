//! BAL002: parts of the sources give no row, or one source gives most of them.

use super::prelude::*;
use crate::id::ContentHash;
use crate::lint::finding::safe_id;
use crate::lint::text::count_words;
use crate::row::normalise;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Flags sources whose passages gave no row, and kinds of which one source among several gave too many.
pub(in crate::lint) struct SourceCoverage;

static META: Meta = Meta {
    code: "BAL002",
    name: "source-coverage",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "More than a tenth of the passages of the sources give no row, or one source gives most rows",
    explanation: "
## Why it matters
What no row speaks of is not learned, and nobody notices: the numbers of rows look fine.
A source that gives most of the rows is learned at the expense of the others.

## Example
Six of 40 passages of the sources have no row, of any kind. Passages are cut as for generation, at headings and
at 190 words; those under 40 tokens and those that say what another says do not count, and there have to be ten.
`notes.md` gives 80 of 130 question-answer rows, and there are four sources or more: 30 % is the limit,
or half more than the source's own share of the text, where that is known. A long résumé beside short posts may have
its part. Only rows that name their source are judged, from 20 of a kind on, and coverage needs the sources at hand.

## How to fix
Raise `--rows`, or generate from the uncovered documents alone and join the files.
",
};

/// Passages longer than this are parted, as in generation.
const MAX_WORDS: usize = 190;
/// A heading opens a new passage once the one before has this many words.
const MIN_WORDS: usize = 30;
/// Tokens from which a passage is worth a row.
const LEAST_TOKENS: usize = 40;
/// Fewest passages of which a share is judged.
const LEAST_PASSAGES: usize = 10;
/// Fewest rows of which a share is judged.
const LEAST_ROWS: u64 = 20;
/// Fewest sources.
const LEAST_SOURCES: usize = 4;
/// Sources that are counted; a run with more has no source that gives most rows.
const MOST_SOURCES: usize = 1 << 16;
/// How much more than its share of the text a source may give.
const MORE: f64 = 1.5;

impl Rule for SourceCoverage {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        // About four tokens are three words.
        let tokens = |text: &str| cx.counter.map_or(count_words(text) * 4 / 3, |counter| counter.count(text));
        let worth = |text: &str| tokens(text) >= LEAST_TOKENS;
        let passages = cx.sources.map(|sources| {
            let cut = |(name, text): (&'a String, &'a String)| {
                let cut = passages(text).into_iter().filter(|span| worth(&text[span.clone()]));
                let passage = |span: Range<usize>| Passage {
                    text: ContentHash::of(normalise(&text[span.clone()]).as_bytes()),
                    span,
                    covered: false,
                };
                (name.as_str(), cut.map(passage).collect())
            };
            sources.iter().map(cut).collect()
        });
        let t = &settings.thresholds;
        Box::new(Coverage {
            uncovered: t.uncovered,
            share: t.source_share,
            sizes: cx.sources.map(|sources| sources.iter().map(|(name, text)| (name.as_str(), text.len())).collect()),
            passages,
            matched: false,
            table: None,
            own: 0,
            tallies: Kind::ALL.map(|_| Tally::default()),
        })
    }
}

/// A stretch of a source.
struct Passage {
    span: Range<usize>,
    /// What it says: the same in another source is covered with it.
    text: ContentHash,
    covered: bool,
}

#[derive(Default)]
struct Tally {
    first: Option<u32>,
    rows: u64,
    /// Rows by source, and the last byte that any of them is about.
    sources: BTreeMap<String, (u64, usize)>,
}

struct Coverage<'a> {
    uncovered: f64,
    share: f64,
    sizes: Option<BTreeMap<&'a str, usize>>,
    passages: Option<BTreeMap<&'a str, Vec<Passage>>>,
    /// Whether any row is about a passage at hand.
    matched: bool,
    table: Option<u32>,
    /// Rows that name their source.
    own: u64,
    tallies: [Tally; Kind::ALL.len()],
}

/// Spans of the passages of a masked document: blocks parted by empty lines, put together as generation does it.
fn passages(text: &str) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = vec![];
    let mut open: Option<(Range<usize>, usize)> = None;
    let mut start = 0;
    for block in text.split_inclusive("\n\n") {
        let span = start..start + block.len();
        start = span.end;
        let words = block.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        if words == 0 {
            continue;
        }
        let level = block.trim_start().bytes().take_while(|b| *b == b'#').count();
        let heading = (1..=3).contains(&level);
        let full = open.as_ref().is_some_and(|(_, n)| n + words > MAX_WORDS || (heading && *n >= MIN_WORDS));
        if full {
            out.extend(open.take().map(|(span, _)| span));
        }
        let (whole, n) = open.get_or_insert((span.clone(), 0));
        whole.end = span.end;
        *n += words;
    }
    out.extend(open.map(|(span, _)| span));
    out
}

/// The bytes of its source that a row is about.
fn span(row: &View<'_>) -> Option<Range<usize>> {
    let bounds = row.record.values.get("span")?.as_array()?;
    let bound = |i: usize| bounds.get(i)?.as_u64().and_then(|at| usize::try_from(at).ok());
    Some(bound(0)?..bound(1)?)
}

impl Check for Coverage<'_> {
    fn table(&mut self, table: &Arc<TableInfo>, _out: &mut Findings) {
        if let Some(kind) = table.kind() {
            self.tallies[kind as usize].first.get_or_insert(table.index);
        }
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        if !(row.table.native_kind().is_some() && row.table.has("source")) {
            return;
        }
        let (Some(kind), Some(source)) = (row.kind(), row.record.text("source")) else { return };
        let span = span(row);
        self.own += 1;
        self.table.get_or_insert(row.at.table());
        let tally = &mut self.tallies[kind as usize];
        tally.rows += 1;
        let end = span.as_ref().map_or(0, |span| span.end);
        if let Some((rows, last)) = tally.sources.get_mut(source) {
            *rows += 1;
            *last = end.max(*last);
        } else if tally.sources.len() < MOST_SOURCES {
            tally.sources.insert(source.to_owned(), (1, end));
        }
        let known = self.passages.as_mut().and_then(|passages| passages.get_mut(source));
        if let (Some(known), Some(span)) = (known, span) {
            self.matched = true;
            let from = known.partition_point(|passage| passage.span.end <= span.start);
            known[from..].iter_mut().take_while(|p| p.span.start < span.end).for_each(|p| p.covered = true);
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        if let (Some(table), Some(passages), true) = (self.table, &self.passages, self.matched) {
            let all = || passages.iter().flat_map(|(name, list)| list.iter().map(move |passage| (*name, passage)));
            let covered: BTreeSet<ContentHash> =
                all().filter(|(_, p)| p.covered).map(|(_, p)| p.text.clone()).collect();
            let (mut texts, mut count, mut missing) = (BTreeSet::new(), 0, vec![]);
            for (name, passage) in all() {
                if texts.insert(&passage.text) {
                    count += 1;
                    if !covered.contains(&passage.text) {
                        missing.push(format!("{} from byte {}", safe_id(name), passage.span.start));
                    }
                }
            }
            if count >= LEAST_PASSAGES && missing.len() as f64 > self.uncovered * count as f64 {
                let more = if missing.len() > 3 { ", …" } else { "" };
                let message = format!(
                    "{} of {count} passages of at least {LEAST_TOKENS} tokens give no row: {}{more}",
                    missing.len(),
                    missing[..missing.len().min(3)].join(", ")
                );
                out.push(Finding::in_table(&META, table, message));
            }
        }
        for (kind, tally) in Kind::ALL.into_iter().zip(&self.tallies) {
            let Some(table) = tally.first.filter(|_| tally.rows >= LEAST_ROWS) else { continue };
            if !(LEAST_SOURCES..MOST_SOURCES).contains(&tally.sources.len()) {
                continue;
            }
            let size = |name: &str, seen: usize| {
                self.sizes.as_ref().and_then(|sizes| sizes.get(name)).copied().unwrap_or(seen) as f64
            };
            let total: f64 = tally.sources.iter().map(|(name, (_, seen))| size(name, *seen)).sum();
            for (name, (rows, seen)) in &tally.sources {
                let share = *rows as f64 / tally.rows as f64;
                let part = if total > 0.0 { size(name, *seen) / total } else { 0.0 };
                if share > self.share.max(MORE * part) {
                    let message = format!(
                        "{rows} of {} {} rows come from one of {} sources, {}",
                        tally.rows,
                        kind.name(),
                        tally.sources.len(),
                        safe_id(name)
                    );
                    out.push(Finding::in_table(&META, table, message));
                }
            }
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let reason = match &self.passages {
            _ if self.own < LEAST_ROWS => return vec![],
            None => "no sources: passages without a row cannot be told",
            Some(_) if !self.matched => "no row is about one of the sources: passages without a row cannot be told",
            Some(_) => return vec![],
        };
        vec![Skipped { code: META.code, file: None, reason: reason.to_owned() }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_open_at_headings_and_end_when_full() {
        let check = |text: &str, expected: &[Range<usize>]| assert_eq!(passages(text), expected);
        let part = format!("# A\n\n{}\n\n", "word ".repeat(MIN_WORDS).trim_end());
        let n = part.len();
        check(&format!("{part}{part}"), &[0..n, n..2 * n]);
        check("# A\n\nshort\n\n# B\n\nshort", std::slice::from_ref(&(0..22)));
        let long = format!("{}\n\n", "word ".repeat(100).trim_end());
        let n = long.len();
        check(&format!("{long}{long}{long}"), &[0..n, n..2 * n, 2 * n..3 * n]);
        check("\n\n\n\n", &[]);
    }

    /// Findings over rows of `(source, span)`.
    fn run(sources: Option<&BTreeMap<String, String>>, rows: &[(&str, [usize; 2])]) -> usize {
        let settings = LintSettings { select: vec!["BAL002".to_owned()], ..LintSettings::default() };
        let columns = ["instruction", "context", "response", "source", "span"].map(str::to_owned).to_vec();
        let record = |(row, (source, span)): (u64, &(&str, [usize; 2]))| {
            let values = serde_json::json!({"instruction": "Why?", "context": "", "response": "So.", "source": source, "span": span});
            let values = values.as_object().cloned().unwrap();
            crate::dataset::Record { row, line: None, values }
        };
        let records = (0..).zip(rows).map(record).collect();
        let table = crate::dataset::Table { path: "t".into(), kind: None, columns, metadata: BTreeMap::new(), records };
        let cx = Context { sources, ..Context::default() };
        crate::lint::lint([&table].into_iter(), &settings, &cx).unwrap().findings.len()
    }

    #[test]
    fn shares_of_sources_go_by_their_size() {
        let rows = |shares: [usize; 4], sizes: [usize; 4]| -> Vec<(&'static str, [usize; 2])> {
            let names = ["a", "b", "c", "d"].into_iter().zip(shares).zip(sizes);
            names.flat_map(|((name, n), size)| vec![(name, [0, size]); n]).collect()
        };
        let check = |shares: [usize; 4], sizes: [usize; 4], expected: usize| {
            assert_eq!(run(None, &rows(shares, sizes)), expected, "{shares:?} {sizes:?}");
        };
        check([6, 6, 6, 2], [9, 9, 9, 9], 0);
        check([14, 2, 2, 2], [9, 9, 9, 9], 1);
        check([14, 2, 2, 2], [9, 2, 2, 2], 0);
        check([14, 3, 3, 0], [9, 9, 9, 9], 0);
        check([7, 1, 1, 1], [9, 9, 9, 9], 0);
        check([14, 2, 2, 2], [0, 0, 0, 0], 1);
    }

    #[test]
    fn passages_without_a_row_are_counted() {
        let text = |n: usize| format!("# Part {n}\n\n{} {n}\n\n", "rope and tide and wind".repeat(12));
        let whole: String = (0..12).map(text).collect();
        let spans = passages(&whole);
        assert_eq!(spans.len(), 12);
        let sources = BTreeMap::from([("a".to_owned(), whole.clone()), ("b".to_owned(), whole)]);
        let check = |covered: usize, expected: usize| {
            let rows: Vec<_> = spans[..covered].iter().map(|span| ("a", [span.start + 5, span.end])).collect();
            assert_eq!(run(Some(&sources), &rows), expected, "{covered}");
        };
        check(12, 0);
        check(11, 0);
        check(10, 1);
    }
}
