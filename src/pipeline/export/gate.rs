//! The finished file beside the model it was made from, position by position.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Check, ExportJob, Model, Watch, interrupted, spread, stopped};
use crate::Error;
use crate::batch::{ContextPolicy, Encoder, IGNORE, Sequence, encode_row};
use crate::eval::divergence::{self, Divergence};
use crate::eval::{self, Probe};
use crate::gguf::{GgufModel, Quant, Value};
use crate::report::QuantisationReport;
use crate::row::{Row, Split};
use crate::train::engine::cpu::stream::{self, Logits};
use crate::train::estimate::Base;

/// Tokens of a window, as `llama-perplexity` has them by default.
const WINDOW: usize = 512;
/// Windows of a text that are compared.
const MOST_WINDOWS: usize = 64;
/// Rows that are compared, and facts that are asked for.
const MOST_ROWS: usize = 200;

/// What is good enough for a phone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Mean Kullback-Leibler divergence, nats.
    pub max_kld: f64,
    /// Share of positions with the same likeliest token.
    pub min_same_top: f64,
    /// Share of facts that may be lost.
    pub max_recall_loss: f64,
}

/// Facts that a model would say: every token of the key is the likeliest one, given the question and the answer so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Asked.
    pub asked: usize,
    /// Said by the model.
    pub reference: usize,
    /// Said by the file.
    pub quantised: usize,
}

/// What quantisation cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Distributions side by side.
    pub divergence: Divergence,
    /// Rows or windows that they were taken from.
    pub rows: usize,
    /// How many there were to choose from.
    pub available: usize,
    /// `held-out rows`, `rows` or `windows of a text`.
    pub what: String,
    /// Facts, where rows had some.
    pub facts: Option<Facts>,
    /// Limits that were not kept, in words.
    pub failed: Vec<String>,
    /// The next better type, when something failed and there is one.
    pub better: Option<String>,
}

impl Quality {
    /// Before anything is measured.
    #[must_use]
    pub fn unknown() -> Self {
        let nothing = Divergence {
            mean_kld: f64::NAN,
            kld_99: f64::NAN,
            same_top: f64::NAN,
            perplexity_ratio: f64::NAN,
            ..Divergence::default()
        };
        Self {
            divergence: nothing,
            rows: 0,
            available: 0,
            what: String::new(),
            facts: None,
            failed: Vec::new(),
            better: None,
        }
    }

    /// The figures as metadata of the file, always of the same size.
    #[must_use]
    pub fn notes(&self) -> Vec<(String, Value)> {
        let d = &self.divergence;
        let facts = self.facts.unwrap_or_default();
        let share = |said: usize| said as f64 / facts.asked as f64;
        let passed = self.failed.is_empty() && d.mean_kld.is_finite();
        let float = |x: f64| Value::F32(x as f32);
        let count = |n: usize| Value::U32(u32::try_from(n).unwrap_or(u32::MAX));
        [
            ("passed", Value::Bool(passed)),
            ("rows", count(self.rows)),
            ("positions", count(d.positions)),
            ("kld_mean", float(d.mean_kld)),
            ("kld_99", float(d.kld_99)),
            ("same_top", float(d.same_top)),
            ("perplexity_ratio", float(d.perplexity_ratio)),
            ("recall", float(share(facts.quantised))),
            ("recall_reference", float(share(facts.reference))),
        ]
        .map(|(key, value)| (format!("distill.gate.{key}"), value))
        .to_vec()
    }

    /// The same for the report.
    #[must_use]
    pub fn report(&self, quant: &str) -> QuantisationReport {
        let d = &self.divergence;
        let mut figures = vec![
            ("KL divergence, mean", format!("{:.4} ± {:.4}", d.mean_kld, d.mean_kld_error)),
            ("KL divergence, 99 of 100 below", format!("{:.3}", d.kld_99)),
            ("Same likeliest token", format!("{:.1} %", d.same_top * 100.0)),
            ("Perplexity", format!("× {:.3}", d.perplexity_ratio)),
        ];
        if let Some(f) = self.facts {
            let value = format!("{} of {}, the model {}", f.quantised, f.asked, f.reference);
            figures.push(("Facts it would say", value));
        }
        figures.push(("Measured on", format!("{} tokens of {}", d.positions, self.measured_on())));
        let mut failed = self.failed.clone();
        failed.extend(self.better.as_ref().map(|better| format!("the next better type is {better}")));
        let figures = figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        QuantisationReport { quant: quant.to_owned(), figures, failed }
    }

    /// `27 held-out rows`, or how many of how many.
    fn measured_on(&self) -> String {
        if self.available > self.rows {
            format!("{} of {} {}", self.rows, self.available, self.what)
        } else {
            format!("{} {}", self.rows, self.what)
        }
    }

    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let d = &self.divergence;
        let mut line = format!(
            "KL divergence {:.4} (99 %: {:.3}), same likeliest token {:.1} %, perplexity × {:.3}",
            d.mean_kld,
            d.kld_99,
            d.same_top * 100.0,
            d.perplexity_ratio
        );
        if let Some(f) = self.facts {
            line.push_str(&format!(", facts {} of {} (model: {})", f.quantised, f.asked, f.reference));
        }
        line.push_str(&format!("; {} tokens of {}", d.positions, self.measured_on()));
        line
    }
}

/// What is compared, as tokens.
pub struct Prepared {
    sequences: Vec<Sequence>,
    /// How many of them are compared as distributions; what follows are facts.
    compared: usize,
    /// How many there were to choose from.
    available: usize,
    /// What they are.
    what: &'static str,
}

impl Prepared {
    /// `None` when there is nothing to compare.
    pub fn new(model: &Model<'_>, check: &Check<'_>) -> Result<Option<Self>, Error> {
        let (available, what);
        let (sequences, compared) = match check {
            Check::None => return Ok(None),
            Check::Text(text) => {
                let mut windows = text_windows(&model.encoder()?, text)?;
                (available, what) = (windows.len(), "windows of a text");
                windows.truncate(MOST_WINDOWS);
                if windows.is_empty() {
                    return Err(Error::new(format!("the text has fewer than {WINDOW} tokens")).data());
                }
                let n = windows.len();
                (windows, n)
            }
            Check::Rows(rows) => {
                let encoder = model.encoder()?;
                let fault = |e: crate::batch::EncodeError| Error::new(e.to_string());
                let held = held_out(rows);
                let mut sequences = Vec::new();
                for row in spread(held.iter().copied(), MOST_ROWS) {
                    sequences.push(encode_row(&encoder, row, ContextPolicy::Auto).map_err(fault)?.chosen);
                }
                let compared = sequences.len();
                // Trained facts in words that were not trained on: nobody can lose what was never learnt.
                for probe in eval::probes(rows, MOST_ROWS, 0) {
                    sequences.extend(fact(&encoder, &probe)?);
                }
                available = held.len();
                what = if held.iter().all(|row| row.split == Split::Test) { "held-out rows" } else { "rows" };
                (sequences, compared)
            }
        };
        Ok((compared > 0).then_some(Self { sequences, compared, available, what }))
    }
}

/// The held-out rows; all of them where no row knows of a split.
fn held_out(rows: &[Row]) -> Vec<&Row> {
    let held: Vec<&Row> = rows.iter().filter(|row| row.split == Split::Test).collect();
    if held.is_empty() { rows.iter().collect() } else { held }
}

/// A question with the tokens of the answer's key as labels; `None` when the key does not stand in the answer.
fn fact(encoder: &Encoder, probe: &Probe) -> Result<Option<Sequence>, Error> {
    let Some(Range { start, end }) = find_words(&probe.answer, &probe.key) else { return Ok(None) };
    let fault = |e: crate::batch::EncodeError| Error::new(e.to_string());
    let mut sequence = encoder.sequence(&probe.question, &probe.answer).map_err(fault)?;
    let Some(first) = sequence.labels.iter().position(|&l| l != IGNORE) else { return Ok(None) };
    // Text before a token is what decoding the tokens up to it gives, templates' white space aside.
    let answer = &sequence.input_ids[first..];
    let whole = encoder.tokenizer.decode(answer, true).map_err(fault)?;
    let shift = whole.find(probe.answer.trim()).unwrap_or(0) as isize
        - (probe.answer.len() - probe.answer.trim_start().len()) as isize;
    let (start, end) = (start as isize + shift, end as isize + shift);
    let mut before = 0isize;
    let mut kept = 0;
    let labels: Vec<bool> = (1..=answer.len())
        .map(|n| {
            // Half a character reads as a replacement: it counts when it is whole.
            let text = encoder.tokenizer.decode(&answer[..n], true).unwrap_or_default();
            let after = text.trim_end_matches('\u{FFFD}').len() as isize;
            let inside = after > start && before < end && after > before;
            before = after.max(before);
            kept += usize::from(inside);
            inside
        })
        .collect();
    for (label, inside) in sequence.labels[first..].iter_mut().zip(labels) {
        if !inside {
            *label = IGNORE;
        }
    }
    Ok((kept > 0).then_some(sequence))
}

/// Where `key` stands in `text` as whole words, whatever the case; bytes of `text`.
fn find_words(text: &str, key: &str) -> Option<Range<usize>> {
    let key: Vec<char> = key.trim().chars().flat_map(char::to_lowercase).collect();
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let inner = [word(key.first().copied()), word(key.last().copied())];
    if key.is_empty() {
        return None;
    }
    text.char_indices().find_map(|(start, _)| {
        let mut rest = key.as_slice();
        let mut end = start;
        for c in text[start..].chars() {
            if rest.is_empty() {
                break;
            }
            let lower: Vec<char> = c.to_lowercase().collect();
            rest = rest.strip_prefix(lower.as_slice())?;
            end += c.len_utf8();
        }
        let joined =
            (inner[0] && word(text[..start].chars().next_back())) || (inner[1] && word(text[end..].chars().next()));
        (rest.is_empty() && !joined).then_some(start..end)
    })
}

/// A text cut as `llama-perplexity -c 512` cuts it: windows of 512 tokens whose first gives way to BOS where the
/// tokenizer puts one before every text, and labels in the second half, where every token has seen at least 256 others.
///
/// # Errors
/// The tokenizer's own.
pub fn text_windows(encoder: &Encoder, text: &str) -> Result<Vec<Sequence>, Error> {
    let fault = |e: crate::batch::EncodeError| Error::new(e.to_string());
    let bos = encoder.bos().map_err(fault)?;
    let mut ids: Vec<u32> = bos.into_iter().collect();
    // A file's last line break is none of the text there either.
    let text = text.strip_suffix('\n').unwrap_or(text);
    ids.extend(encoder.tokenizer.encode_plain(text).map_err(fault)?);
    let windows = ids.chunks_exact(WINDOW).map(|window| {
        let mut input_ids = window.to_vec();
        if let (Some(bos), Some(first)) = (bos, input_ids.first_mut()) {
            *first = bos;
        }
        let label = |(i, &id): (usize, &u32)| if i > WINDOW / 2 { i64::from(id) } else { IGNORE };
        let labels = input_ids.iter().enumerate().map(label).collect();
        Sequence { input_ids, labels, ..Sequence::default() }
    });
    Ok(windows.collect())
}

/// Sends the rows through both models, one layer at a time, and compares.
pub fn measure(
    model: &Model<'_>,
    file: &Path,
    check: &Prepared,
    job: &ExportJob<'_>,
    watch: &dyn Watch,
) -> Result<Quality, Error> {
    let sequences: Vec<&Sequence> = check.sequences.iter().collect();
    let file = Arc::new(GgufModel::open(file)?);
    let mut reference = pass(&*model.weights()?, &sequences, "measuring the model", watch)?;
    let mut quantised = pass(&file, &sequences, "measuring the file", watch)?;
    let targets = divergence::targets(&sequences);
    let positions = divergence::compare(&mut *reference, &mut *quantised, &targets, &mut |done, total| {
        watch.progress(done as u64, total as u64, "comparing");
        !stopped()
    });
    watch.finish();
    let Some(positions) = positions else { return Err(interrupted()) };
    let compared: usize = check.sequences[..check.compared].iter().map(Sequence::label_count).sum();
    let (of_rows, of_facts) = positions.split_at(compared);
    let mut facts = Facts::default();
    let mut rest = of_facts;
    for sequence in &check.sequences[check.compared..] {
        let (key, after) = rest.split_at(sequence.label_count());
        rest = after;
        facts.asked += 1;
        facts.reference += usize::from(key.iter().all(|p| p.hit[0]));
        facts.quantised += usize::from(key.iter().all(|p| p.hit[1]));
    }
    let mut quality = Quality {
        divergence: divergence::summary(of_rows),
        rows: check.compared,
        available: check.available,
        what: check.what.to_owned(),
        facts: (facts.asked > 0).then_some(facts),
        failed: Vec::new(),
        better: None,
    };
    judge(&mut quality, job.limits, job.quant);
    Ok(quality)
}

fn pass(
    weights: &dyn crate::train::engine::cpu::Weights,
    sequences: &[&Sequence],
    words: &str,
    watch: &dyn Watch,
) -> Result<Box<dyn Logits>, Error> {
    struct Shown<'a>(&'a dyn Watch, &'a str);
    impl stream::Watch for Shown<'_> {
        fn progress(&mut self, done: usize, total: usize) -> bool {
            self.0.progress(done as u64, total as u64, self.1);
            !stopped()
        }
    }
    stream::run(weights, Base::Bf16, sequences, true, &mut Shown(watch, words))?.ok_or_else(interrupted)
}

/// Compares the figures with the limits.
fn judge(quality: &mut Quality, limits: Limits, quant: Quant) {
    let d = &quality.divergence;
    let mut failed = Vec::new();
    // What is no number fails.
    if d.mean_kld.is_nan() || d.mean_kld > limits.max_kld {
        failed.push(format!("KL divergence {:.4}, at most {} is asked for", d.mean_kld, limits.max_kld));
    }
    if d.same_top.is_nan() || d.same_top < limits.min_same_top {
        let (is, least) = (d.same_top * 100.0, limits.min_same_top * 100.0);
        failed.push(format!("the same likeliest token at {is:.1} % of positions, at least {least:.0} % is asked for"));
    }
    if let Some(f) = quality.facts {
        let lost = (f.reference as f64 - f.quantised as f64) / f.asked as f64;
        if lost > limits.max_recall_loss {
            let (lost, most) = (lost * 100.0, limits.max_recall_loss * 100.0);
            failed.push(format!("{lost:.1} points of recall lost, at most {most:.0} are allowed"));
        }
    }
    if !failed.is_empty() {
        quality.better = quant.next_better().map(|better| better.name().to_owned());
    }
    quality.failed = failed;
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { max_kld: 0.06, min_same_top: 0.9, max_recall_loss: 0.02 };

    fn quality(mean_kld: f64, same_top: f64, facts: Option<Facts>) -> Quality {
        let divergence = Divergence { positions: 10, mean_kld, same_top, ..Divergence::default() };
        let mut quality = Quality { divergence, facts, ..Quality::unknown() };
        judge(&mut quality, LIMITS, Quant::Q4KS);
        quality
    }

    #[test]
    fn limits_and_the_next_better_type() {
        let good = quality(0.05, 0.95, Some(Facts { asked: 100, reference: 90, quantised: 88 }));
        assert!(good.failed.is_empty() && good.better.is_none(), "{good:?}");
        for bad in [
            quality(0.07, 0.95, None),
            quality(0.05, 0.89, None),
            quality(f64::NAN, 0.95, None),
            quality(0.01, 0.99, Some(Facts { asked: 100, reference: 90, quantised: 87 })),
        ] {
            assert_eq!((bad.failed.len(), bad.better.as_deref()), (1, Some("Q4_K_M")), "{bad:?}");
        }
        assert_eq!(quality(0.5, 0.5, None).failed.len(), 2);
    }

    #[test]
    fn keys_are_found_as_words_of_the_original() {
        let found = |text: &str, key: &str| find_words(text, key).map(|r| text[r].to_owned());
        assert_eq!(found("In 2015 I sold 5 boats", "5").as_deref(), Some("5"));
        assert_eq!(find_words("In 2015 I sold 5 boats", "5"), Some(15..16));
        assert_eq!(found("İzmir, 42 boats", "42").as_deref(), Some("42"), "a letter whose lower case is longer");
        assert_eq!(found("The BLUE door.", "blue door").as_deref(), Some("BLUE door"));
        assert_eq!(found("twenty-five", "five").as_deref(), Some("five"));
        assert_eq!(found("fivefold", "five"), None);
        assert_eq!(found("anything", " "), None);
    }

    fn encoder() -> Encoder {
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student");
        crate::model::encoder(&crate::hub::Folder::open(&dir).unwrap()).unwrap()
    }

    #[test]
    fn a_fact_is_the_tokens_of_its_key() {
        let encoder = encoder();
        for (response, key) in [
            ("I wrote the queue in Rust in 2019.", "Rust"),
            ("I wrote the queue in 2019.", "2019"),
            ("Ich kam aus Zürich über 3 Brücken.", "3"),
            ("It took 38 ms.", "38 ms"),
        ] {
            let probe = Probe { question: "Which one was it?".into(), key: key.into(), answer: response.into() };
            let sequence = fact(&encoder, &probe).unwrap().unwrap();
            let ids: Vec<u32> =
                sequence.labels.iter().filter(|&&l| l != IGNORE).map(|&l| u32::try_from(l).unwrap()).collect();
            let text = encoder.tokenizer.decode(&ids, true).unwrap();
            assert!(text.contains(key) && text.trim().len() <= key.len() + 2, "{key}: {text:?}");
        }
    }

    #[test]
    fn what_the_model_cannot_read_is_refused() {
        struct Quiet;
        impl stream::Watch for Quiet {}
        let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tiny-student");
        let folder = crate::hub::Folder::open(&dir).unwrap();
        let limit = folder.config().context_limit();
        let read = |tokens: usize| {
            let sequence = Sequence { input_ids: vec![1; tokens], labels: vec![IGNORE; tokens], ..Sequence::default() };
            stream::run(&folder, Base::Bf16, &[&sequence], true, &mut Quiet).map(|_| ()).map_err(|e| e.to_string())
        };
        assert!(read(limit + 1).unwrap_err().contains(&limit.to_string()));
        assert!(read(40).is_ok());
    }

    #[test]
    fn windows_are_those_of_llama_perplexity() {
        let encoder = encoder();
        let text = "The queue took two months and 38 ms a call. ".repeat(200);
        let windows = text_windows(&encoder, &text).unwrap();
        assert!(windows.len() > 2);
        let bos = encoder.bos().unwrap();
        for window in &windows {
            assert_eq!((window.input_ids.len(), window.label_count()), (512, 255));
            assert!(window.labels[..257].iter().all(|&l| l == IGNORE) && window.labels[257] != IGNORE);
            assert!(bos.is_none_or(|bos| window.input_ids[0] == bos));
        }
        assert!(text_windows(&encoder, "short").unwrap().is_empty());
    }

    #[test]
    fn notes_never_change_their_size() {
        let (before, after) = (Quality::unknown().notes(), quality(0.05, 0.95, None).notes());
        assert_eq!(before.len(), after.len());
        for ((a, old), (b, new)) in before.iter().zip(&after) {
            assert_eq!((a, old.type_id()), (b, new.type_id()));
        }
        assert_eq!(before[0].1, Value::Bool(false), "a file that was never measured has not passed");
        assert_eq!(after[0].1, Value::Bool(true));
    }
}
