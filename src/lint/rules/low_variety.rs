//! BAL003: the questions are variations of few, or the file is in an order that matters.

use super::prelude::*;
use crate::lint::text::{mix, sequence};
use std::collections::HashSet;
use std::sync::Arc;

/// Flags files whose questions repeat their word pairs, and files whose halves are not of one kind.
pub(in crate::lint) struct LowVariety;

static META: Meta = Meta {
    code: "BAL003",
    name: "low-variety",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "The questions of a file are variations of a few, or its first half differs from its second",
    explanation: "
## Why it matters
Questions from a template teach the template. A file in an order that matters (short rows first, one kind of task
after the other) teaches the end of the file best, and a split by position measures something else than was trained.

## Example
`Why did the night crew stop the winch before dawn?` and 130 other combinations of the same twenty phrases.
Of each hundred rows in a row, different word pairs are divided by all word pairs of the questions (distinct-2);
the mean over these blocks has to be 0.5 at least. Blocks keep the number from falling with the size of the file.
Exact repetitions are left to the rules for duplicates.

Answers of 6 words in the first half and of 30 in the second: lengths of questions and of answers are compared by a
Kolmogorov-Smirnov test (p below 0.01, and a distance of 0.3 at least, for in large files every difference is
certain), the words that questions begin with by the share that would have to change (0.5, and more in small files).
Files of our own are in the order of their sources, which is not an order that matters: their halves are not compared.

## How to fix
Ask for other wordings, with the questions that are there in the prompt. Shuffle a file that is sorted.
",
};

/// Rows of a block.
const BLOCK: usize = 100;
/// Different questions that a block needs to be judged.
const LEAST_QUESTIONS: usize = 50;
/// Greatest chance of a false alarm.
const P: f64 = 0.01;
/// Least Kolmogorov-Smirnov distance that matters.
const DISTANCE: f64 = 0.3;
/// Least share of first words that matters when it changes.
const CHANGED: f64 = 0.5;
/// Stretches of a file that are counted apart; when there are more, neighbours are joined.
const STRETCHES: usize = 64;
/// Rows of a stretch to begin with.
const STRETCH: u64 = 16;
/// Classes of lengths: single bytes to 32, then eight to each doubling.
const LENGTHS: usize = 160;
/// Classes of first words.
const FIRST_WORDS: usize = 32;

impl Rule for LowVariety {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        Box::new(Variety { pairs: t.distinct_pairs, least: t.variety_rows.max(2) as u64, file: None })
    }
}

/// What a stretch of a file adds up to.
#[derive(Clone)]
struct Stretch {
    questions: [u32; LENGTHS],
    answers: [u32; LENGTHS],
    first_words: [u32; FIRST_WORDS],
}

impl Stretch {
    const fn new() -> Self {
        Self { questions: [0; LENGTHS], answers: [0; LENGTHS], first_words: [0; FIRST_WORDS] }
    }

    fn add(&mut self, other: &Self) {
        let sum = |a: &mut [u32], b: &[u32]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        sum(&mut self.questions, &other.questions);
        sum(&mut self.answers, &other.answers);
        sum(&mut self.first_words, &other.first_words);
    }
}

/// Word pairs of up to [`BLOCK`] questions.
#[derive(Default)]
struct Block {
    rows: usize,
    questions: HashSet<u64>,
    pairs: HashSet<u64>,
    all: usize,
}

struct File {
    table: u32,
    kind: Kind,
    /// Whether its halves are compared.
    ordered: bool,
    rows: u64,
    block: Block,
    /// Sum of distinct-2 over blocks, and blocks.
    distinct: (f64, u32),
    stretches: Vec<Stretch>,
    /// Rows of a whole stretch, and of the last one.
    rows_each: u64,
    rows_last: u64,
}

struct Variety {
    pairs: f64,
    least: u64,
    file: Option<Box<File>>,
}

impl File {
    fn close_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if block.questions.len() >= LEAST_QUESTIONS && block.all > 0 {
            self.distinct.0 += block.pairs.len() as f64 / block.all as f64;
            self.distinct.1 += 1;
        }
    }

    fn question(&mut self, words: &[u64]) {
        self.block.rows += 1;
        if self.block.questions.insert(sequence(words)) {
            self.block.all += words.len().saturating_sub(1);
            self.block.pairs.extend(words.windows(2).map(|pair| mix(pair[0], pair[1])));
        }
        if self.block.rows == BLOCK {
            self.close_block();
        }
    }

    /// The stretch that the next row is in.
    fn stretch(&mut self) -> Option<&mut Stretch> {
        if self.rows_last == self.rows_each || self.stretches.is_empty() {
            if self.stretches.len() == STRETCHES {
                let joined = self.stretches.chunks(2).map(|pair| {
                    let mut sum = pair[0].clone();
                    pair[1..].iter().for_each(|next| sum.add(next));
                    sum
                });
                self.stretches = joined.collect();
                self.rows_each *= 2;
            }
            self.stretches.push(Stretch::new());
            self.rows_last = 0;
        }
        self.rows_last += 1;
        self.stretches.last_mut()
    }

    fn judge(mut self, least: u64, pairs: f64, out: &mut Findings) {
        self.close_block();
        if self.rows < least {
            return;
        }
        let kind = self.kind.name();
        if self.distinct.1 > 0 {
            let mean = self.distinct.0 / f64::from(self.distinct.1);
            if mean < pairs {
                let message = format!(
                    "{:.0} % of the word pairs in a hundred {kind} questions are different, at least {:.0} % should be",
                    100.0 * mean,
                    100.0 * pairs
                );
                out.push(Finding::in_table(&META, self.table, message));
            }
        }
        if !self.ordered {
            return;
        }
        let (first, second) = self.stretches.split_at(self.stretches.len() / 2);
        let total = |half: &[Stretch]| {
            let mut sum = Stretch::new();
            half.iter().for_each(|stretch| sum.add(stretch));
            sum
        };
        let (first, second) = (total(first), total(second));
        let mut differ = vec![];
        for (what, a, b) in [
            ("length of the questions", &first.questions, &second.questions),
            ("length of the answers", &first.answers, &second.answers),
        ] {
            let (distance, p) = kolmogorov_smirnov(a, b);
            if distance >= DISTANCE && p < P {
                differ.push(what);
            }
        }
        if changed(&first.first_words, &second.first_words) {
            differ.push("first words of the questions");
        }
        if !differ.is_empty() {
            let message =
                format!("the first and the second half of the file differ in the {}", differ.join(" and the "));
            out.push(Finding::in_table(&META, self.table, message));
        }
    }
}

/// The class of a length in bytes, which are counted already.
fn class(bytes: usize) -> usize {
    if bytes <= 32 {
        return bytes;
    }
    (32.0 + 8.0 * (bytes as f64 / 32.0).log2()).min((LENGTHS - 1) as f64) as usize
}

/// The two-sample Kolmogorov-Smirnov distance of two histograms, and its asymptotic p-value with Stephens' correction
/// (M. A. Stephens, 1970). Ties make p too large rather than too small.
fn kolmogorov_smirnov(a: &[u32], b: &[u32]) -> (f64, f64) {
    let sum = |counts: &[u32]| counts.iter().map(|n| f64::from(*n)).sum::<f64>();
    let (n, m) = (sum(a), sum(b));
    if n == 0.0 || m == 0.0 {
        return (0.0, 1.0);
    }
    let (mut below, mut distance) = (0.0, 0.0_f64);
    for (a, b) in a.iter().zip(b) {
        below += f64::from(*a) / n - f64::from(*b) / m;
        distance = distance.max(below.abs());
    }
    let root = (n * m / (n + m)).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * distance;
    let term = |k: i32| f64::from(1 - 2 * ((k + 1) % 2)) * (-2.0 * f64::from(k * k) * lambda * lambda).exp();
    let p = 2.0 * (1..=100).map(term).sum::<f64>();
    (distance, if lambda < 0.2 { 1.0 } else { p.clamp(0.0, 1.0) })
}

/// Whether half of a distribution would have to change to become the other, beyond what chance does to so few.
fn changed(a: &[u32], b: &[u32]) -> bool {
    let sum = |counts: &[u32]| counts.iter().map(|n| f64::from(*n)).sum::<f64>();
    let (n, m) = (sum(a), sum(b));
    if n == 0.0 || m == 0.0 {
        return false;
    }
    let share = a.iter().zip(b).map(|(a, b)| (f64::from(*a) / n - f64::from(*b) / m).abs()).sum::<f64>() / 2.0;
    // Half the sum of standard deviations of the differences.
    let chance = a
        .iter()
        .zip(b)
        .map(|(a, b)| {
            let p = f64::from(a + b) / (n + m);
            (p * (1.0 - p) * (1.0 / n + 1.0 / m)).sqrt()
        })
        .sum::<f64>()
        / 2.0;
    share >= CHANGED + chance
}

impl Check for Variety {
    fn table(&mut self, table: &Arc<TableInfo>, out: &mut Findings) {
        if let Some(file) = self.file.take() {
            file.judge(self.least, self.pairs, out);
        }
        self.file = table.kind().map(|kind| {
            // Rows that say where they are from are in the order of their sources.
            let sourced = table.native_kind().is_some() && table.has("source");
            let ordered = !sourced && !table.has_provenance();
            Box::new(File {
                table: table.index,
                kind,
                ordered,
                rows: 0,
                block: Block::default(),
                distinct: (0.0, 0),
                stretches: vec![],
                rows_each: STRETCH,
                rows_last: 0,
            })
        });
    }

    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let (Some(file), Some(question)) = (&mut self.file, row.prompt()) else { return };
        let words = question.words();
        let Some(first) = words.first() else { return };
        file.rows += 1;
        file.question(words);
        if !file.ordered {
            return;
        }
        let answer = row.answer().map_or(0, |answer| answer.text.len());
        if let Some(stretch) = file.stretch() {
            stretch.questions[class(question.text.len())] += 1;
            stretch.answers[class(answer)] += 1;
            stretch.first_words[(first % FIRST_WORDS as u64) as usize] += 1;
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        if let Some(file) = self.file.take() {
            file.judge(self.least, self.pairs, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_compared_by_distance_and_chance() {
        // Samples 1..=10 and 6..=15 of R's ks.test: D = 0.5, asymptotic p = 0.1641; with the correction for small
        // samples it is smaller.
        let mut a = [0; LENGTHS];
        let mut b = [0; LENGTHS];
        (1..=10).for_each(|i| a[i] += 1);
        (6..=15).for_each(|i| b[i] += 1);
        let (distance, p) = kolmogorov_smirnov(&a, &b);
        assert!((distance - 0.5).abs() < 1e-12 && (0.1..0.1641).contains(&p), "{distance} {p}");
        assert_eq!(kolmogorov_smirnov(&a, &a), (0.0, 1.0));
        let far = kolmogorov_smirnov(&[100, 0], &[0, 100]);
        assert!((far.0 - 1.0).abs() < 1e-12 && far.1 < 1e-9, "{far:?}");
        assert!(changed(&[100, 0], &[0, 100]) && !changed(&[50, 50], &[60, 40]) && !changed(&[2, 0, 1], &[0, 2, 1]));
    }

    #[test]
    fn classes_of_lengths_grow() {
        let classes: Vec<usize> = (0..100_000).map(class).collect();
        assert!(classes.is_sorted() && classes[32] == 32 && classes[33] == 32 && classes[64] == 40);
        assert!(classes[99_999] < LENGTHS);
    }

    fn run(rows: impl Iterator<Item = (String, String)>, columns: &[&str]) -> Vec<String> {
        let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
        let records = (0..).zip(rows).map(|(row, (question, answer))| {
            let mut values = serde_json::Map::new();
            for column in &columns {
                let text = match column.as_str() {
                    "instruction" => question.as_str(),
                    "response" => answer.as_str(),
                    _ => "",
                };
                values.insert(column.clone(), text.into());
            }
            crate::dataset::Record { row, line: None, values }
        });
        let records = records.collect();
        let table = crate::dataset::Table {
            path: "t".into(),
            kind: None,
            columns,
            metadata: std::collections::BTreeMap::new(),
            records,
        };
        let settings = LintSettings { select: vec!["BAL003".to_owned()], ..LintSettings::default() };
        let report = crate::lint::lint([&table].into_iter(), &settings, &Context::default()).unwrap();
        report.findings.into_iter().map(|finding| finding.message).collect()
    }

    /// A pseudo-random word.
    fn word(n: u64, of: u64) -> String {
        format!("w{}", mix(n, n) % of)
    }

    #[test]
    fn size_alone_is_no_lack_of_variety() {
        let native = ["instruction", "context", "response"];
        // 20,000 questions of nine words from a vocabulary of 1,000: over the whole file distinct-2 is far below 0.5.
        let question = |i: u64| (0..9).map(|j| word(31 * i + 7919 * j, 1000)).collect::<Vec<_>>().join(" ");
        let rows = (0..20_000).map(|i| (question(i), "yes".to_owned()));
        assert_eq!(run(rows, &native), [""; 0]);
        let template =
            |i: u64| format!("why did the {} stop the {} before dawn today", word(i, 12), word(i + 500, 900));
        assert_eq!(run((0..300).map(|i| (template(i), "yes".to_owned())), &native).len(), 1);
        // One question about many contexts is a task, not a lack of variety.
        assert_eq!(run((0..300).map(|_| ("Sum up the log.".to_owned(), "yes".to_owned())), &native), [""; 0]);
    }

    #[test]
    fn sorted_files_are_told_from_shuffled_ones() {
        let native = ["instruction", "context", "response"];
        let question = |i: u64| (0..9).map(|j| word(31 * i + 7919 * j, 1000)).collect::<Vec<_>>().join(" ");
        let answer = |n: u64| "so ".repeat(n as usize);
        let sorted = || (0..400).map(|i| (question(i), answer(1 + i / 20)));
        let shuffled = || (0..400).map(|i| (question(i), answer(1 + mix(i, i) % 20)));
        assert_eq!(run(sorted(), &native).len(), 1);
        assert_eq!(run(shuffled(), &native), [""; 0]);
        assert_eq!(run(sorted(), &["instruction", "context", "response", "source"]), [""; 0]);
    }
}
