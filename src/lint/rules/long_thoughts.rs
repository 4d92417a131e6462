//! COT005: thoughts that are too long for a small student.

use super::prelude::*;
use std::collections::BTreeMap;

/// Flags datasets whose usual thought is long or has many steps.
pub(in crate::lint) struct LongThoughts;

static META: Meta = Meta {
    code: "COT005",
    name: "long-thoughts",
    severity: Severity::Warning,
    fix: None,
    kinds: &[Kind::Cot],
    summary: "The median thought of the dataset is too long, or has too many steps, for a student of up to 3B parameters",
    explanation: "
## Why it matters
Small students learn more from short chains than from long ones, which they cannot follow to the end
(Li et al. 2025, arXiv:2502.12143).

## Example
A dataset whose median thought has 140 tokens, or 9 steps. Steps are numbered or bulleted lines, or lines that begin
with `Step`; in a text without such lines each sentence is one. Medians are judged from ten thoughts on, over all files
of a run: single long thoughts are fine. For larger students raise `thought_tokens` and `thought_steps`.

## How to fix
Ask the teacher for the shortest way to the answer in three or four sentences, or take a smaller teacher.
",
};

/// Fewest thoughts that have a median worth naming.
const LEAST: u64 = 10;
/// Longer thoughts count as this long.
const MOST: usize = 1 << 14;

impl Rule for LongThoughts {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        Box::new(Lengths {
            most_tokens: t.thought_tokens,
            most_steps: t.thought_steps,
            tokens: Median::default(),
            steps: Median::default(),
            uncounted: 0,
            first: None,
        })
    }
}

/// How often each value came: a median without the values.
#[derive(Default)]
struct Median {
    counts: BTreeMap<usize, u64>,
    total: u64,
}

impl Median {
    fn add(&mut self, value: usize) {
        *self.counts.entry(value.min(MOST)).or_default() += 1;
        self.total += 1;
    }

    /// The lower of the two middle values, when there are enough.
    fn get(&self) -> Option<usize> {
        if self.total < LEAST {
            return None;
        }
        let mut below = 0;
        for (value, count) in &self.counts {
            below += count;
            if 2 * below >= self.total {
                return Some(*value);
            }
        }
        None
    }
}

struct Lengths {
    most_tokens: usize,
    most_steps: usize,
    tokens: Median,
    steps: Median,
    uncounted: u64,
    first: Option<u32>,
}

impl Check for Lengths {
    fn remember(&mut self, row: &View<'_>, _out: &mut Findings) {
        let Some(thought) = row.last(Role::Thought) else { return };
        self.first.get_or_insert(row.table.index);
        self.steps.add(steps(thought.text));
        match row.tokens(thought) {
            Some(tokens) => self.tokens.add(tokens),
            None => self.uncounted += 1,
        }
    }

    fn finish(&mut self, out: &mut Findings) {
        let Some(first) = self.first else { return };
        let long = self.tokens.get().filter(|tokens| *tokens > self.most_tokens);
        let many = self.steps.get().filter(|steps| *steps > self.most_steps);
        let median = match (long, many) {
            (Some(tokens), Some(steps)) => format!("{tokens} tokens and {steps} steps"),
            (Some(tokens), None) => format!("{tokens} tokens"),
            (None, Some(steps)) => format!("{steps} steps"),
            (None, None) => return,
        };
        let message = format!("the median of {} thoughts has {median}", self.steps.total);
        out.push(Finding::in_table(&META, first, message));
    }

    fn skipped(&self) -> Vec<Skipped> {
        if self.uncounted < LEAST {
            return vec![];
        }
        let reason = format!("{} thoughts have no token count, and there is no tokenizer", self.uncounted);
        vec![Skipped { code: META.code, file: None, reason }]
    }
}

/// Steps of a thought: marked lines, else sentences.
fn steps(text: &str) -> usize {
    let marked = text.lines().filter(|line| is_marked(line)).count();
    if marked >= 2 {
        return marked;
    }
    let ends = |word: &&str| word.trim_end_matches(['"', '”', '\'', '’', ')']).ends_with(['.', '!', '?', '…']);
    let mut words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).peekable();
    let mut sentences = 0;
    while let Some(word) = words.next() {
        sentences += usize::from(words.peek().is_none() || ends(&word) && !is_short(word));
    }
    sentences
}

/// `1.`, `e.g.`, `Mr.`: a point that ends no sentence.
fn is_short(word: &str) -> bool {
    let bare = word.trim_start_matches(['(', '[', '"', '“']).trim_end_matches('.');
    word.ends_with('.')
        && (bare.len() <= 2 && bare.bytes().all(|b| b.is_ascii_digit())
            || bare.contains('.') && bare.chars().all(|c| c == '.' || c.is_alphabetic())
            || ["Mr", "Mrs", "Ms", "Dr", "St", "vs", "approx", "etc", "No"].contains(&bare))
}

/// Whether a line is an item of a list or the head of a step.
fn is_marked(line: &str) -> bool {
    let line = line.trim_start();
    if ["- ", "* ", "• "].iter().any(|bullet| line.starts_with(bullet)) {
        return true;
    }
    let line = line.trim_start_matches(['#', '*', ' ']);
    let (digits, rest) = line.split_at(line.bytes().take_while(u8::is_ascii_digit).count());
    if (1..=2).contains(&digits.len()) && (rest.starts_with(". ") || rest.starts_with(") ")) {
        return true;
    }
    let step = line.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("step "));
    step && line[5..].starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_lines_or_sentences() {
        let check = |text: &str, expected: usize| assert_eq!(steps(text), expected, "{text}");
        check("The pump leaks. It is 3.5 years old, e.g. since spring. Buy one!", 3);
        check("1. Drain it. Then dry it.\n2. Open it.\n3. Look.", 3);
        check("Step 1: drain it.\nStep 2: dry it.\n**Step 3:** look.", 3);
        check("- it leaks\n- it is old", 2);
        check("It leaks", 1);
        check("", 0);
    }

    #[test]
    fn the_middle_counts() {
        let of = |values: &[usize]| {
            let mut median = Median::default();
            for value in values {
                median.add(*value);
            }
            median.get()
        };
        assert_eq!(of(&[1, 1, 1, 1, 1, 9, 9, 9, 9, 200]), Some(1));
        assert_eq!(of(&[1, 1, 1, 1, 7, 7, 9, 9, 9, 200]), Some(7));
        assert_eq!(of(&[9; 9]), None);
        assert_eq!(of(&[MOST * 2; 10]), Some(MOST));
    }
}
