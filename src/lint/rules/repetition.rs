//! TXT006: a text that says the same again and again.

use std::collections::HashSet;

use super::prelude::*;
use crate::dataset::Shape;
use crate::lint::text::mix;

/// Flags texts of which repeated runs of words make up too much.
pub(in crate::lint) struct Repetition;

static META: Meta = Meta {
    code: "TXT006",
    name: "repetition",
    severity: Severity::Warning,
    fix: None,
    kinds: &Kind::ALL,
    summary: "Repeated runs of words make up too much of a text",
    explanation: "
## Why it matters
Models fall into loops, and a student that is trained on a loop falls into it sooner.

## Example
`The pump was fixed. The pump was fixed. The pump was fixed. …`
Texts from 30 words on are judged as Gopher's data was: by the share of characters in the most frequent run of 2, 3 and 4
words (more than 20, 18 and 16 %), and in all repeated runs of 5 to 10 words (more than 15 to 10 %).
In a short text two mentions of one name would be such a share, so the most frequent pair has to occur four times and
the most frequent run of 3 or 4 words three times. Fenced code does not count.

## How to fix
Ask the teacher again, with another seed or a penalty on repetition.
",
};

impl Rule for Repetition {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        let t = &settings.thresholds;
        Box::new(Shares { least: t.repetition_words.max(2), top: t.top_ngrams, all: t.repeated_ngrams })
    }
}

struct Shares {
    least: usize,
    top: [f64; 3],
    all: [f64; 6],
}

/// How often the most frequent run of 2, 3 and 4 words has to occur.
const OFTEN: [usize; 3] = [4, 3, 3];

impl Check for Shares {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let native = row.table.layout.as_ref().is_some_and(|layout| layout.shape == Shape::Native);
        for text in row.trained() {
            // What others give as context is whatever a tool or a page said.
            let given = text.role == Role::System || (text.role == Role::Context && !native);
            // A word and the space after it are two bytes at least.
            if given || text.text.len() + 1 < 2 * self.least {
                continue;
            }
            if let Some((run, share)) = self.judge(text.text) {
                // Runs of one word overlap with themselves.
                let (share, words) = (share.min(1.0) * 100.0, run.unsigned_abs());
                let what = if run > 0 { "the most frequent run of" } else { "repeated runs of" };
                let message = format!("{share:.0} % of `{}` is {what} {words} words", text.name);
                out.push(row.finding_in(&META, text, message));
            }
        }
    }
}

impl Shares {
    /// The first limit that a text breaks: words in a run, negative for all runs of that length, and the share.
    fn judge(&self, text: &str) -> Option<(i32, f64)> {
        let words = words(text);
        if words.len() < self.least {
            return None;
        }
        // Whatever breaks a limit repeats three pairs at least; most texts do not.
        if repeated_pairs(&words) < 3 {
            return None;
        }
        let total: usize = words.iter().map(|(_, length)| length + 1).sum::<usize>() - 1;
        let mut hashes: Vec<(u64, usize)> = words.clone();
        for (i, (limit, often)) in self.top.iter().zip(OFTEN).enumerate() {
            let n = i + 2;
            grow(&mut hashes, &words, n);
            let (count, length) = most_frequent(&hashes)?;
            let share = (count * (length + n - 1)) as f64 / total as f64;
            if count >= often && share > *limit {
                return Some((n as i32, share));
            }
        }
        for (i, limit) in self.all.iter().enumerate() {
            let n = i + 5;
            grow(&mut hashes, &words, n);
            let mut seen = HashSet::new();
            let (mut at, mut repeated) = (0, 0);
            while let Some((hash, length)) = hashes.get(at) {
                if seen.insert(*hash) {
                    at += 1;
                } else {
                    repeated += length + n - 1;
                    at += n;
                }
            }
            if repeated == 0 {
                return None;
            }
            let share = repeated as f64 / total as f64;
            if share > *limit {
                return Some((-(n as i32), share));
            }
        }
        None
    }
}

/// Makes runs of `n` words out of runs of one word less.
fn grow(runs: &mut Vec<(u64, usize)>, words: &[(u64, usize)], n: usize) {
    runs.truncate((words.len() + 1).saturating_sub(n));
    for (run, (hash, length)) in runs.iter_mut().zip(&words[n - 1..]) {
        run.0 = mix(run.0, *hash);
        run.1 += length;
    }
}

/// Occurrences and length of the most frequent run, the longest of them; `None` when none occurs twice.
fn most_frequent(runs: &[(u64, usize)]) -> Option<(usize, usize)> {
    let mut sorted = runs.to_vec();
    sorted.sort_unstable();
    let groups = sorted.chunk_by(|a, b| a.0 == b.0).map(|group| (group.len(), group[0].1));
    groups.max().filter(|(count, _)| *count > 1)
}

const START: u64 = 0xcbf2_9ce4_8422_2325;

/// One more letter of a word (FNV-1a).
fn step(hash: u64, letter: u32) -> u64 {
    (hash ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3)
}

/// Pairs of words less different pairs of words.
fn repeated_pairs(words: &[(u64, usize)]) -> usize {
    let size = (2 * words.len()).next_power_of_two();
    let mut table = vec![0_u64; size];
    let mut repeated = 0;
    for pair in words.windows(2) {
        // Nobody's pair is 0, but for one in 2^64.
        let hash = mix(mix(0, pair[0].0), pair[1].0);
        let mut at = (hash >> 32) as usize & (size - 1);
        while table[at] != 0 && table[at] != hash {
            at = (at + 1) & (size - 1);
        }
        repeated += usize::from(table[at] == hash);
        table[at] = hash;
    }
    repeated
}

/// Words outside fenced code, hashed without regard to ASCII case, with their lengths in characters.
fn words(text: &str) -> Vec<(u64, usize)> {
    let mut out = Vec::with_capacity(text.len() / 5);
    let mut count = |text: &str| {
        let mut word = (START, 0_usize);
        let mut end = |word: &mut (u64, usize)| {
            if word.1 > 0 {
                out.push(std::mem::replace(word, (START, 0)));
            }
        };
        if text.is_ascii() {
            for b in text.bytes() {
                if b.is_ascii_alphanumeric() {
                    word = (step(word.0, u32::from(b.to_ascii_lowercase())), word.1 + 1);
                } else {
                    end(&mut word);
                }
            }
        } else {
            for c in text.chars() {
                if c.is_alphanumeric() {
                    word = (step(word.0, u32::from(c.to_ascii_lowercase())), word.1 + 1);
                } else {
                    end(&mut word);
                }
            }
        }
        end(&mut word);
    };
    if text.contains("```") {
        text.split("```").step_by(2).for_each(count);
    } else {
        count(text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_told_from_style() {
        let settings = LintSettings::default();
        let check = |text: &str, expected: usize| {
            let mut check = Repetition.start(&settings, &Context::default());
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Qa, &[("response", text)]);
            assert_eq!(out.len(), expected, "{text}");
        };
        let varied = "The terminals sang in the same second and the server fell over, so we waited and asked again, \
                      together, for seventeen minutes of choir practice that nobody had booked a hall for.";
        check(varied, 0);
        check(&format!("{varied} {varied}"), 1); // all of it twice
        check(&"The pump was fixed. ".repeat(8), 1);
        check(&"The pump was fixed. ".repeat(7), 0); // 28 words
        check(&format!("{varied} Very {}", "very ".repeat(30)), 1);
        // Two mentions of a long name, anaphora, code.
        check(
            "We replaced RabbitMQ with NATS JetStream at Tidewrack Telemetry. Nobody at Tidewrack Telemetry noticed. \
             That is what a queue is for: messages went in, messages came out, and none of them was lost on the way.",
            0,
        );
        check(
            "We tried more servers. We tried fewer servers. We tried to read the client code, which nobody had done in \
             three years, and there it was: a loop of eleven lines with no pause in it at all.",
            0,
        );
        check(&format!("{varied}\n```\n{}```", "x = x + y\n".repeat(20)), 0);
    }
}
