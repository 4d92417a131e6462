//! The label view: what the loss sees of each row, and what is wrong with that.

use std::collections::BTreeMap;

use serde_json::json;

use crate::Error;
use crate::batch::{EncodedRow, IGNORE, Sequence, StudentTokenizer};
use crate::cli::Printer;
use crate::hub::Folder;
use crate::pipeline::Phase;

/// Rows that are named in a warning before the rest is counted.
const NAMED: usize = 3;

/// What of a student the view needs.
pub(super) struct Labels<'a> {
    tokenizer: &'a StudentTokenizer,
    /// The bytes of each id; `None` for control tokens.
    bytes: Vec<Option<Vec<u8>>>,
    bos: Option<u32>,
    /// Ids that end an answer.
    ends: Vec<u32>,
    color: bool,
}

/// What may be wrong with a row, by how it is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    NoLabels,
    TwoBos,
    NoEnd,
    EndWithoutLoss,
}

impl Fault {
    const fn says(self) -> &'static str {
        match self {
            Self::NoLabels => "nothing is trained on",
            Self::TwoBos => "begins with two BOS tokens",
            Self::NoEnd => "has no end of turn: the student would not learn to stop",
            Self::EndWithoutLoss => "has an end of turn without loss: the student would not learn to stop",
        }
    }
}

/// One line per sequence.
///
/// # Errors
/// A closed pipe.
pub(super) fn json_lines(rows: &[EncodedRow], phase: Phase, printer: &Printer) -> Result<(), Error> {
    for row in rows {
        for (side, s) in sides(row) {
            let line = if phase == Phase::Align {
                json!({ "id": row.id, "side": side, "input_ids": s.input_ids, "labels": s.labels })
            } else {
                json!({ "id": row.id, "input_ids": s.input_ids, "labels": s.labels })
            };
            printer.data(&format!("{line}\n"))?;
        }
    }
    Ok(())
}

fn sides(row: &EncodedRow) -> impl Iterator<Item = (&'static str, &Sequence)> {
    std::iter::once(("chosen", &row.chosen)).chain(row.rejected.as_ref().map(|s| ("rejected", s)))
}

impl<'a> Labels<'a> {
    /// # Errors
    /// A folder whose special tokens cannot be read.
    pub(super) fn new(folder: &Folder, tokenizer: &'a StudentTokenizer, color: bool) -> Result<Self, Error> {
        let special = folder.special_tokens()?;
        let id = |token: Option<String>| token.and_then(|token| tokenizer.id_of(&token));
        let mut ends = folder.config().eos_token_ids.clone();
        ends.extend(id(special.eos));
        Ok(Self { tokenizer, bytes: tokenizer.token_bytes(), bos: id(special.bos), ends, color })
    }

    /// The whole view: a line of counts, warnings, and `shown` rows (0: all).
    ///
    /// # Errors
    /// A closed pipe.
    pub(super) fn text(&self, rows: &[EncodedRow], phase: Phase, shown: usize, printer: &Printer) -> Result<(), Error> {
        let mut faults: BTreeMap<Fault, Vec<&EncodedRow>> = BTreeMap::new();
        for row in rows {
            for fault in self.faults(row) {
                faults.entry(fault).or_default().push(row);
            }
        }
        printer.data(&self.counts(rows, phase, &faults))?;
        for (fault, rows) in &faults {
            let names: Vec<&str> = rows.iter().take(NAMED).map(|row| short(&row.id)).collect();
            let more = if rows.len() > NAMED { format!(" and {} more", rows.len() - NAMED) } else { String::new() };
            let mark = if self.color { "\u{1b}[33mwarning\u{1b}[0m" } else { "warning" };
            printer.data(&format!("{mark}: {}: {}{more}\n", fault.says(), names.join(", ")))?;
        }
        // Rows that something is wrong with first: they are what one looks for.
        let bad = |row: &EncodedRow| faults.values().flatten().any(|other| other.id == row.id);
        let (first, then): (Vec<&EncodedRow>, Vec<&EncodedRow>) = rows.iter().partition(|row| bad(row));
        let most = if shown == 0 { rows.len() } else { shown };
        for row in first.into_iter().chain(then).take(most) {
            printer.data(&self.row(row))?;
        }
        if rows.len() > most {
            printer.data(&format!("\n{} more rows; `--rows 0` shows all\n", rows.len() - most))?;
        }
        Ok(())
    }

    fn counts(&self, rows: &[EncodedRow], phase: Phase, faults: &BTreeMap<Fault, Vec<&EncodedRow>>) -> String {
        let all = || rows.iter().flat_map(sides).map(|(_, s)| s);
        let tokens: usize = all().map(|s| s.input_ids.len()).sum();
        let labels: usize = all().map(Sequence::label_count).sum();
        let longest = all().map(|s| s.input_ids.len()).max().unwrap_or(0);
        let kind = if phase == Phase::Align { "pairs" } else { "rows" };
        let starts = match (self.bos, faults.contains_key(&Fault::TwoBos)) {
            (_, true) => "",
            (None, _) => ", no BOS",
            (Some(bos), _) if all().all(|s| s.input_ids.contains(&bos)) => ", one BOS each",
            _ => ", no BOS in some",
        };
        let ended = [Fault::NoLabels, Fault::NoEnd, Fault::EndWithoutLoss].iter().all(|f| !faults.contains_key(f));
        format!(
            "{}: {} {kind}, {tokens} tokens, {labels} with loss ({:.0} %), longest {longest}{starts}{}\n",
            phase.name(),
            rows.len(),
            100.0 * labels as f64 / tokens.max(1) as f64,
            if ended && !rows.is_empty() { ", all end with EOS" } else { "" }
        )
    }

    fn faults(&self, row: &EncodedRow) -> Vec<Fault> {
        let mut out = Vec::new();
        for (_, s) in sides(row) {
            if s.label_count() == 0 {
                out.push(Fault::NoLabels);
                continue;
            }
            if self.bos.is_some_and(|bos| s.input_ids.iter().filter(|&&id| id == bos).count() > 1) {
                out.push(Fault::TwoBos);
            }
            // Some templates write a line break behind the end of turn.
            let ends = |id: u32| self.ends.contains(&id);
            if !s.labels.iter().any(|&label| u32::try_from(label).is_ok_and(ends)) {
                // An end before the answer is the question's.
                let start = s.labels.iter().position(|&label| label != IGNORE).unwrap_or(0);
                let unseen = s.input_ids.iter().skip(start).any(|&id| ends(id));
                out.push(if unseen { Fault::EndWithoutLoss } else { Fault::NoEnd });
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    fn row(&self, row: &EncodedRow) -> String {
        let count = |s: &Sequence| format!("{} tokens, {} with loss", s.input_ids.len(), s.label_count());
        let Some(rejected) = &row.rejected else {
            return format!(
                "\n{}: {}\n{}\n",
                self.bold(short(&row.id)),
                count(&row.chosen),
                self.tokens(&row.chosen, 0)
            );
        };
        let shared = row.chosen.input_ids.iter().zip(&rejected.input_ids).take_while(|(a, b)| a == b).count();
        // A first word that both answers have in common is no part of the prompt.
        let labelled = |s: &Sequence| s.labels.iter().position(|&label| label != IGNORE).unwrap_or(s.labels.len());
        let shared = shared.min(labelled(&row.chosen)).min(labelled(rejected));
        let prompt = Sequence {
            input_ids: row.chosen.input_ids[..shared].to_vec(),
            labels: vec![IGNORE; shared],
            prompt: 0..0,
            thought: 0..0,
        };
        format!(
            "\n{}: a prompt of {shared} tokens for both\n{}\n{}: {}\n{}\n{}: {}\n{}\n",
            self.bold(short(&row.id)),
            self.tokens(&prompt, 0),
            self.bold("chosen"),
            count(&row.chosen),
            self.tokens(&row.chosen, shared),
            self.bold("rejected"),
            count(rejected),
            self.tokens(rejected, shared)
        )
    }

    fn bold(&self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Tokens from position `from` on. In colour the prompt is dim, labels are green, a lighter and a darker one by
    /// turns, and control tokens stand out; without, each label is in brackets.
    fn tokens(&self, s: &Sequence, from: usize) -> String {
        let mut out = String::from("  ");
        let (mut pending, mut bright) = (Vec::new(), false);
        for (&id, &label) in s.input_ids.iter().zip(&s.labels).skip(from) {
            let (text, control) = match self.bytes.get(id as usize) {
                Some(Some(bytes)) => {
                    pending.extend_from_slice(bytes);
                    // A character may lie in several tokens: it is shown with the last of them.
                    match std::str::from_utf8(&pending) {
                        Ok(text) => (text.to_owned(), false),
                        Err(e) if e.error_len().is_none() => (String::new(), false),
                        Err(_) => (String::from_utf8_lossy(&pending).into_owned(), false),
                    }
                }
                _ => (self.tokenizer.token_of(id).unwrap_or_else(|| format!("<id {id}>")), true),
            };
            if !text.is_empty() {
                pending.clear();
            }
            let text = visible(&text);
            let learned = label != IGNORE;
            if !self.color {
                let text = text.replace('\n', "\n  ");
                out.push_str(&if learned { format!("[{text}]") } else { text });
                continue;
            }
            bright = learned && !bright;
            let style = match (learned, control) {
                (true, true) => "30;42",
                (true, false) if bright => "92",
                (true, false) => "32",
                (false, true) => "36",
                (false, false) => "2",
            };
            for (i, line) in text.split('\n').enumerate() {
                let lead = if i > 0 { "\n  " } else { "" };
                if line.is_empty() {
                    out.push_str(lead);
                } else {
                    out.push_str(&format!("{lead}\u{1b}[{style}m{line}\u{1b}[0m"));
                }
            }
        }
        out
    }
}

/// A row's id as far as one reads it.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Line breaks are marked and kept, other control characters shown: a document does not talk to the terminal.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("⏎\n"),
            '\u{0}'..='\u{1f}' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => out.push('\u{2421}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
