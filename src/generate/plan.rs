use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::{GenerateError, Job, PassageAccount};
use crate::id::{ContentHash, Hasher};
use crate::prompt::{Brief, Passage, Prompt};
use crate::row::{Kind, TokenCounter, normalise};

/// More rows are asked for than are wanted, since some are rejected: a quarter more at first.
const SURPLUS: (usize, usize) = (5, 4);
/// Requests about one passage in one round at most, once it has shown that it has much to give.
const MOST_AT_ONCE: u32 = 16;
/// An excerpt that stands as somebody's own answer has at least so many words.
const EXCERPT_WORDS: usize = 14;

/// Which passages are held out: the share `ratio`, at least one when there are five, drawn by content and seed.
///
/// The draw is per passage and the same for every kind, so a held-out passage is in no training row at all.
#[must_use]
pub fn held_out(passages: &[Passage], ratio: f64, seed: u64) -> BTreeSet<usize> {
    let mut count = (passages.len() as f64 * ratio).round() as usize;
    if ratio > 0.0 && passages.len() >= 5 {
        count = count.max(1);
    }
    let mut order: Vec<(ContentHash, usize)> = passages
        .iter()
        .enumerate()
        .map(|(i, p)| (Hasher::new().text("split").bytes(&seed.to_le_bytes()).text(p.text()).finish(), i))
        .collect();
    order.sort();
    order.into_iter().take(count).map(|(_, i)| i).collect()
}

/// What is asked about which passage.
pub struct Plan<'a> {
    job: &'a Job<'a>,
    held_out: BTreeSet<usize>,
    quotas: Vec<usize>,
    /// Passages that say what no passage before them said.
    is_distinct: Vec<bool>,
    voice: Vec<Passage>,
    style: String,
    /// Per passage, stretches of the person's own prose.
    excerpts: Vec<Vec<String>>,
}

impl<'a> Plan<'a> {
    /// The plan of a job. Asks nothing.
    ///
    /// # Errors
    /// [`GenerateError::NoPassages`].
    pub fn new(job: &'a Job<'a>) -> Result<Self, GenerateError> {
        let passages = job.passages;
        if passages.is_empty() {
            return Err(GenerateError::NoPassages);
        }
        let held_out = held_out(passages, job.settings.test_ratio, job.settings.seed);
        // The same text in two documents (a résumé as Markdown and as HTML) would only give the same rows.
        let mut seen = BTreeSet::new();
        let weights: Vec<usize> =
            passages.iter().map(|p| if seen.insert(normalise(p.text())) { p.words().max(1) } else { 0 }).collect();
        let is_distinct = weights.iter().map(|w| *w > 0).collect();
        let quotas = quotas(&weights, (job.wanted * SURPLUS.0).div_ceil(SURPLUS.1));
        let voice = voice(passages, &held_out, job.settings.voice_samples);
        let style = job.profile.map(|p| p.for_prompt(90)).unwrap_or_default();
        let excerpts = passages
            .iter()
            .map(|p| match job.kind {
                Kind::Preference if job.own_prose.contains(&p.id()) => excerpts(p, job.counter, job.settings.cap),
                _ => Vec::new(),
            })
            .collect();
        Ok(Self { job, held_out, quotas, is_distinct, voice, style, excerpts })
    }

    /// Whether the rows of passage `i` are held out from training.
    #[must_use]
    pub fn is_held_out(&self, i: usize) -> bool {
        self.held_out.contains(&i)
    }

    /// Rows that passage `i` should give, by its length; 0 for one that says what another has said.
    #[must_use]
    pub fn quota(&self, i: usize) -> usize {
        self.quotas[i]
    }

    /// The requests of the first round: every passage with a quota.
    #[must_use]
    pub fn first_round(&'a self) -> Vec<(usize, Brief<'a>)> {
        let most = self.job.settings.per_request;
        (0..self.quotas.len())
            .filter(|i| self.quotas[*i] > 0)
            .map(|i| (i, self.brief(i, 0, 0, self.quotas[i].min(most))))
            .collect()
    }

    /// The requests of a later round: passages that were never asked first, then those that gave least of their quota,
    /// no more than may be needed. A passage that keeps giving is asked more than once in a round.
    pub(super) fn later_round(
        &'a self,
        passages: &[PassageAccount],
        missing: usize,
        last_yield: f64,
        exhausted: &BTreeSet<usize>,
    ) -> Vec<(usize, Brief<'a>)> {
        let settings = self.job.settings;
        let most = settings.per_request;
        // Those without a quota were too short to be among the first; they have their turn when others gave too little.
        let mut order: Vec<usize> =
            (0..passages.len()).filter(|i| self.is_distinct[*i] && !exhausted.contains(i)).collect();
        let has_unasked = order.iter().any(|&i| passages[i].asked == 0);
        order.retain(|&i| !has_unasked || passages[i].asked == 0);
        order.sort_by_key(|&i| {
            (passages[i].accepted * 1000 / self.quotas[i].max(1), std::cmp::Reverse(self.quotas[i].min(1)), i)
        });
        let needed = (missing as f64 / last_yield.clamp(0.1, 1.0) * 1.1).ceil() as usize;
        let (mut out, mut asked_for) = (Vec::new(), 0);
        let mut offsets: Vec<usize> = passages.iter().map(|p| p.rows_asked).collect();
        for nth in 0..MOST_AT_ONCE {
            let before = out.len();
            for &i in &order {
                let (account, quota) = (&passages[i], self.quotas[i]);
                let asked = u32::try_from(account.asked).unwrap_or(u32::MAX);
                let limit = settings.max_rounds.max(u32::try_from(2 * quota / most).unwrap_or(u32::MAX));
                let gives = account.accepted > 0 && account.rejected <= account.accepted;
                let at_once = if gives { asked + 1 } else { 1 };
                if asked_for >= needed || nth >= at_once || asked.saturating_add(nth) >= limit {
                    continue;
                }
                let due = quota.saturating_sub(account.accepted).saturating_sub(nth as usize * most);
                let wanted = due.clamp(most.min(3), most);
                out.push((i, self.brief(i, asked + nth, offsets[i], wanted)));
                offsets[i] += wanted;
                asked_for += wanted;
            }
            if out.len() == before {
                break;
            }
        }
        // By passage, so that the account is in reading order, and within one in the order of asking.
        out.sort_by_key(|(i, brief)| (brief.sample, *i));
        out
    }

    fn brief(&'a self, i: usize, sample: u32, offset: usize, wanted: usize) -> Brief<'a> {
        let own = &self.excerpts[i];
        // Each request goes on with the excerpts behind those of the one before.
        let from = offset.min(own.len());
        Brief {
            kind: self.job.kind,
            passage: &self.job.passages[i],
            voice: &self.voice,
            style: &self.style,
            excerpts: &own[from..(from + wanted).min(own.len())],
            wanted,
            sample,
            offset,
            turn: i * 3 + offset,
            cap: self.job.settings.cap,
        }
    }
}

/// Shares `total` out by weight, whole numbers, largest remainders first. As long as there is enough, everything with
/// a weight gets one.
fn quotas(weights: &[usize], total: usize) -> Vec<usize> {
    let sum: usize = weights.iter().sum();
    let weighted: Vec<usize> = (0..weights.len()).filter(|i| weights[*i] > 0).collect();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let first = usize::from(total >= weighted.len());
    let mut out: Vec<usize> = weights.iter().map(|w| if *w > 0 { first } else { 0 }).collect();
    let rest = total - first * weighted.len().min(total);
    let mut given = 0;
    let mut remainders = Vec::new();
    for &i in &weighted {
        let share = rest * weights[i];
        out[i] += share / sum;
        given += share / sum;
        remainders.push((std::cmp::Reverse(share % sum), i));
    }
    remainders.sort_unstable();
    for (_, i) in remainders.into_iter().take(rest - given) {
        out[i] += 1;
    }
    out
}

/// Samples of the person's writing, never held-out ones. Prose shows a voice better than lists do.
fn voice(passages: &[Passage], held_out: &BTreeSet<usize>, count: usize) -> Vec<Passage> {
    let mut prose: Vec<usize> = (0..passages.len()).filter(|i| !held_out.contains(i)).collect();
    let listed = |p: &Passage| p.text().lines().filter(|l| l.trim_start().starts_with(['-', '*', '|', '#'])).count();
    prose.sort_by_key(|&i| (listed(&passages[i]), i));
    prose.into_iter().take(count).map(|i| passages[i].clone()).collect()
}

/// Stretches of whole sentences of somebody's own prose, without placeholders, each well below the cap.
fn excerpts(passage: &Passage, counter: &dyn TokenCounter, cap: usize) -> Vec<String> {
    let budget = cap * 3 / 4;
    let (mut out, mut open) = (Vec::new(), String::new());
    let mut close = |open: &mut String| {
        let text = std::mem::take(open);
        if text.split_whitespace().count() >= EXCERPT_WORDS {
            out.push(text);
        }
    };
    for paragraph in passage.text().split("\n\n") {
        let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.starts_with(['#', '-', '*', '|', '>', '`']) {
            close(&mut open);
            continue;
        }
        for sentence in crate::style::sentences(&line).into_iter().map(str::trim) {
            if sentence.contains('[') {
                close(&mut open);
                continue;
            }
            // Whoever is meant was named before.
            if open.is_empty() && LEANING.contains(&first_word(sentence).as_str()) {
                continue;
            }
            let longer = if open.is_empty() { sentence.to_owned() } else { format!("{open} {sentence}") };
            if counter.count(&longer) > budget {
                close(&mut open);
                open = if counter.count(sentence) > budget { String::new() } else { sentence.to_owned() };
            } else {
                open = longer;
            }
        }
        // A paragraph's end is a good place to stop once there is something to say.
        if open.split_whitespace().count() >= 2 * EXCERPT_WORDS {
            close(&mut open);
        }
    }
    close(&mut open);
    out
}

/// First words of sentences that lean on the one before.
const LEANING: [&str; 20] = [
    "he", "she", "it", "they", "his", "her", "its", "their", "this", "that", "these", "those", "but", "and", "so",
    "then", "also", "which", "or", "one",
];

fn first_word(sentence: &str) -> String {
    sentence.split(|c: char| !c.is_alphabetic()).find(|w| !w.is_empty()).unwrap_or_default().to_lowercase()
}

/// Values that were masked: they may be in no prompt and in no row.
pub struct Forbidden(Option<AhoCorasick>);

impl Forbidden {
    /// A finder of these values.
    #[must_use]
    pub fn new(values: &[String]) -> Self {
        // What is shorter stands in any text.
        let values: Vec<&String> = values.iter().filter(|v| v.chars().count() >= 4).collect();
        Self(if values.is_empty() { None } else { AhoCorasick::new(values).ok() })
    }

    /// A prompt that holds a masked value by itself (`Mark`, but not in `Marketing`) is not to be sent.
    pub(super) fn check(&self, prompt: &Prompt) -> Result<(), GenerateError> {
        if prompt.messages().iter().any(|m| self.finds(&m.content)) {
            return Err(GenerateError::Leak { source_name: prompt.passage().source().to_owned() });
        }
        Ok(())
    }

    /// Whether a value stands in `text` by itself.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        let joined = |edge: Option<char>, own: Option<char>| {
            edge.is_some_and(char::is_alphanumeric) && own.is_some_and(char::is_alphanumeric)
        };
        self.0.as_ref().is_some_and(|values| {
            values.find_overlapping_iter(text).any(|found| {
                let own = &text[found.range()];
                !joined(text[..found.start()].chars().next_back(), own.chars().next())
                    && !joined(text[found.end()..].chars().next(), own.chars().next_back())
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_follow_length_and_leave_nobody_out() {
        assert_eq!(quotas(&[100, 100, 100], 6), [2, 2, 2]);
        assert_eq!(quotas(&[10, 190], 10), [1, 9]);
        assert_eq!(quotas(&[0, 50, 50], 3), [0, 2, 1]);
        assert_eq!(quotas(&[30, 10, 20], 2), [1, 0, 1], "too few for all: the longest");
        assert_eq!(quotas(&[0, 0], 5), [0, 0]);
        for total in 0..60 {
            assert_eq!(quotas(&[7, 0, 13, 90, 1], total).iter().sum::<usize>(), total);
        }
    }

    #[test]
    fn a_value_is_found_by_itself_only() {
        let forbidden = Forbidden::new(&["Mark".into(), "a.b@c.example".into(), "Ann".into()]);
        assert!(forbidden.finds("Ask Mark about it.") && forbidden.finds("(a.b@c.example)"));
        assert!(!forbidden.finds("Marketing") && !forbidden.finds("Ann"), "three letters stand in any text");
    }
}
