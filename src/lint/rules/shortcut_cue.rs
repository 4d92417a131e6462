//! PRF006: one trivial thing tells the sides of all pairs apart.

use super::prelude::*;
use std::collections::HashMap;

/// Flags preference datasets in which one cue, such as the final mark, separates chosen from rejected.
pub(in crate::lint) struct ShortcutCue;

static META: Meta = Meta {
    code: "PRF006",
    name: "shortcut-cue",
    severity: Severity::Error,
    fix: None,
    kinds: &[Kind::Preference],
    summary: "One trivial cue alone tells nearly all chosen sides from the rejected ones",
    explanation: "
## Why it matters
Preference training takes the easiest difference and stops there. When every rejected side ends in an exclamation mark,
the student learns to leave it out, and nothing about the tone.

## Example
All rejected sides hold an emoji, no chosen one does. Looked at are `length` (in words), `first_word`, `line_breaks`,
`emoji`, `bullets`, `bold`, `curved_quotes` (with apostrophes) and `final_mark`, over all pairs of the run from 30 on.
A cue separates the sides when its area under the curve exceeds 0.90: the chance that a chosen side picked at random has
more of it than a rejected one, or less. Words and marks are judged on one half of the pairs by how often they stood on
each side of the other half.

## How to fix
Ask the teacher for rejected sides without the cue, or take it out of both sides.
A cue that is meant to be learned is named in the settings: `intended_cues = [\"emoji\"]`.
",
};

/// What each cue counts, in the order of the settings' names for them.
const NUMBERS: [&str; 6] = ["length", "line_breaks", "emoji", "bullets", "bold", "curved_quotes"];
const TOKENS: [&str; 2] = ["first_word", "final_mark"];
/// The names that `intended_cues` knows.
pub(in crate::lint) const CUES: [&str; 8] =
    ["length", "line_breaks", "emoji", "bullets", "bold", "curved_quotes", "first_word", "final_mark"];

/// Different first words that are told apart; later ones count as one.
const WORDS: usize = 1 << 16;
/// Larger counts count as this.
const MOST: usize = 1 << 14;

impl Rule for ShortcutCue {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Cues {
            intended: settings.intended_cues.iter().map(String::as_str).collect(),
            pairs: settings.thresholds.cue_pairs as u64,
            auc: settings.thresholds.cue_auc,
            first: None,
            seen: 0,
            numbers: Default::default(),
            tokens: Default::default(),
        })
    }
}

struct Cues<'a> {
    intended: Vec<&'a str>,
    pairs: u64,
    auc: f64,
    first: Option<u32>,
    seen: u64,
    numbers: [Sides; NUMBERS.len()],
    tokens: [Halves; TOKENS.len()],
}

/// How often each value came on each side, by value: the area under the curve needs no more.
#[derive(Default)]
struct Sides(Vec<[u64; 2]>);

/// How often each word came, for either half of the pairs on each side.
#[derive(Default)]
struct Halves(HashMap<u64, [[u64; 2]; 2]>);

impl Sides {
    fn add(&mut self, side: usize, value: usize) {
        let value = value.min(MOST);
        if self.0.len() <= value {
            self.0.resize(value + 1, [0, 0]);
        }
        self.0[value][side] += 1;
    }

    fn auc(&self) -> f64 {
        auc(self.0.iter().copied())
    }
}

impl Halves {
    fn add(&mut self, half: usize, side: usize, token: u64) {
        let token = if self.0.len() < WORDS || self.0.contains_key(&token) { token } else { 0 };
        self.0.entry(token).or_default()[half][side] += 1;
    }

    /// Each half is scored by the other one: words that come once tell nothing.
    fn auc(&self) -> f64 {
        let area = |half: usize| {
            let odds = |[chosen, rejected]: [u64; 2]| (chosen as f64 + 1.0) / (rejected as f64 + 1.0);
            let mut scored: Vec<(f64, [u64; 2])> =
                self.0.values().map(|halves| (odds(halves[1 - half]), halves[half])).collect();
            scored.sort_by(|a, b| a.0.total_cmp(&b.0));
            let merged = scored.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq());
            auc(merged.map(|same| same.iter().fold([0, 0], |sum, (_, n)| [sum[0] + n[0], sum[1] + n[1]])))
        };
        f64::midpoint(area(0), area(1))
    }
}

/// The chance that a value of the first side exceeds one of the second, ties by half (Mann-Whitney), from how often
/// each value came on both, in rising order.
fn auc(values: impl Iterator<Item = [u64; 2]>) -> f64 {
    let (mut area, mut chosen, mut rejected) = (0.0, 0.0, 0.0);
    for [more, other] in values.map(|counts| counts.map(|count| count as f64)) {
        area += more * (rejected + other / 2.0);
        chosen += more;
        rejected += other;
    }
    if chosen * rejected == 0.0 { 0.5 } else { area / (chosen * rejected) }
}

impl Check for Cues<'_> {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let Some((chosen, rejected)) = row.pair() else { return };
        self.first.get_or_insert(row.table.index);
        let half = (self.seen % 2) as usize;
        self.seen += 1;
        for (side, text) in [(0, chosen), (1, rejected)] {
            let words = text.words();
            let marks = Marks::of(text.text);
            let counts = [words.len(), marks.lines, marks.emoji, marks.bullets, marks.bold, usize::from(marks.curved)];
            for (cue, count) in self.numbers.iter_mut().zip(counts) {
                cue.add(side, count);
            }
            self.tokens[0].add(half, side, words.first().copied().unwrap_or_default());
            self.tokens[1].add(half, side, marks.last);
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        let Some(first) = self.first else { return };
        if self.seen < self.pairs.max(2) {
            return;
        }
        let numbers = NUMBERS.iter().zip(self.numbers.iter().map(Sides::auc));
        let tokens = TOKENS.iter().zip(self.tokens.iter().map(Halves::auc));
        let kinds = numbers.map(|cue| (cue, true)).chain(tokens.map(|cue| (cue, false)));
        for ((name, auc), counted) in kinds.filter(|((name, _), _)| !self.intended.contains(name)) {
            let area = if counted { auc.max(1.0 - auc) } else { auc };
            if area <= self.auc {
                continue;
            }
            let more = match (counted, auc > 0.5) {
                (false, _) => "",
                (true, true) => ", `chosen` has more",
                (true, false) => ", `rejected` has more",
            };
            let message = format!("`{name}` alone tells the sides of {} pairs apart (AUC {area:.2}{more})", self.seen);
            out.push(Finding::in_table(&META, first, message));
        }
    }
}

/// What a text looks like.
#[derive(Default, Debug, PartialEq, Eq)]
struct Marks {
    /// Lines with something on them.
    lines: usize,
    emoji: usize,
    bullets: usize,
    bold: usize,
    /// Whether any quote or apostrophe is curved.
    curved: bool,
    /// The final mark; 0 for a letter or a digit, 1 for an emoji.
    last: u64,
}

impl Marks {
    fn of(text: &str) -> Self {
        let mut out = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            out.lines += 1;
            out.bullets += usize::from(is_item(line));
        }
        out.bold = text.matches("**").count() / 2;
        if !text.is_ascii() {
            out.emoji = text.chars().filter(|c| is_emoji(*c)).count();
            out.curved = text.contains(['“', '”', '„', '‘', '’']);
        }
        // A quotation or a bracket closes after its mark.
        let closes =
            |c: char| c.is_whitespace() || matches!(c, '"' | '”' | '“' | '’' | '\'' | '»' | ')' | ']' | '*' | '_');
        out.last = match text.trim_end_matches(closes).chars().next_back() {
            None => 0,
            Some(c) if c.is_alphanumeric() => 0,
            Some(c) if is_emoji(c) || c == '\u{fe0f}' => 1,
            Some(c) => u64::from(c),
        };
        out
    }
}

/// Whether a line is an item of a list.
fn is_item(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = rest.len() < line.len() && rest.len() + 3 > line.len();
    (numbered && (rest.starts_with(". ") || rest.starts_with(") ")))
        || ["- ", "* ", "• ", "– ", "→ "].iter().any(|bullet| line.starts_with(bullet))
}

const fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{2b50}' | '\u{2b55}'
        | '\u{231a}' | '\u{231b}' | '\u{23e9}'..='\u{23f3}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_counted() {
        let check = |text: &str, [lines, emoji, bullets, bold]: [usize; 4], curved: bool, last: u64| {
            assert_eq!(Marks::of(text), Marks { lines, emoji, bullets, bold, curved, last }, "{text}");
        };
        check("One.\n\n- two\n- **three**", [3, 0, 2, 1], false, 0);
        check("1. one\n12) two\n2024. three", [3, 0, 2, 0], false, 0);
        check("He said “fine.”", [1, 0, 0, 0], true, u64::from('.'));
        check("Great 🚀✨", [1, 2, 0, 0], false, 1);
        check("it's 5 * 3 - 2?", [1, 0, 0, 0], false, u64::from('?'));
        check("", [0, 0, 0, 0], false, 0);
    }

    #[test]
    fn areas_are_mann_whitney() {
        let of = |values: &[(usize, usize)]| {
            let mut sides = Sides::default();
            for (chosen, rejected) in values {
                sides.add(0, *chosen);
                sides.add(1, *rejected);
            }
            sides.auc()
        };
        assert_eq!(of(&[(1, 0), (2, 0)]), 1.0);
        assert_eq!(of(&[(0, 0), (1, 1)]), 0.5);
        assert_eq!(of(&[(3, 1), (1, 2)]), 0.625); // 3>1, 3>2, 1=1, 1<2
        assert_eq!(of(&[]), 0.5);
    }

    #[test]
    fn words_are_judged_by_the_other_half() {
        let of = |pairs: &[(u64, u64)]| {
            let mut halves = Halves::default();
            for (i, (chosen, rejected)) in pairs.iter().enumerate() {
                halves.add(i % 2, 0, *chosen);
                halves.add(i % 2, 1, *rejected);
            }
            halves.auc()
        };
        let once: Vec<(u64, u64)> = (0..40).map(|i| (2 * i, 2 * i + 1)).collect();
        assert_eq!(of(&once), 0.5);
        assert_eq!(of(&[(7, 8); 40]), 1.0);
        assert_eq!(of(&[(7, 7); 40]), 0.5);
    }
}
