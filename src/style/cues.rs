//! Cues that tell the two sides of preference pairs apart without a word of their tone.

use std::collections::BTreeMap;

use super::counts::Rate;
use super::text::{Text, cut};

/// A cue with an AUC above this separates the sides by itself.
pub const TELLING: f64 = 0.9;

/// How well one trivial cue tells `chosen` from `rejected`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cue {
    /// Which one: `length`, `first_word`, `line_breaks`, …
    pub name: &'static str,
    /// The chance that a side picked at random from all `chosen` has more of it than one from all `rejected`, or less
    /// where that is the way it points: from 0.5 (tells nothing) to 1.
    pub auc: f64,
    /// Share of pairs whose sides it puts the right way round, undecided ones by half.
    pub share: f64,
    /// Whether `chosen` is the side with more of it; for words and marks, whatever is `chosen`'s counts as more.
    pub chosen_has_more: bool,
}

impl Cue {
    /// Whether it alone separates the sides.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        self.auc > TELLING
    }
}

/// What a cue is in a text.
type Number = fn(&str, &Text) -> f64;
type Token = fn(&str, &Text) -> String;

fn total(text: &Text, rate: Rate) -> f64 {
    text.sentences.iter().map(|sentence| sentence.counts.of(rate)).sum::<usize>() as f64
}

const NUMBERS: [(&str, Number); 11] = [
    ("length", |_, text| text.words() as f64),
    ("line_breaks", |raw, _| raw.trim().lines().filter(|line| !line.trim().is_empty()).count() as f64),
    ("emoji", |_, text| total(text, Rate::Emoji)),
    ("bullets", |_, text| total(text, Rate::Bullet)),
    ("bold", |raw, _| (raw.matches("**").count() / 2) as f64),
    ("hashtags", |_, text| total(text, Rate::Hashtag)),
    ("exclamation_marks", |_, text| total(text, Rate::Exclamation)),
    ("em_dashes", |_, text| total(text, Rate::Dash)),
    // Straight ones or none: whether there are any at all is a matter of contractions.
    ("curved_quotes", |_, text| f64::from(u8::from(text.curved.0 > 0))),
    ("small_first_letter", |_, text| {
        f64::from(u8::from(text.sentences.first().is_some_and(|s| s.lower == Some(true))))
    }),
    ("headings", |raw, _| raw.lines().filter(|line| line.starts_with('#') && line.contains("# ")).count() as f64),
];

const TOKENS: [(&str, Token); 2] = [
    ("first_word", |_, text| {
        let words = text.sentences.iter().flat_map(|sentence| &sentence.words);
        words.map(|word| word.text.clone()).next().unwrap_or_default()
    }),
    ("final_mark", |_, text| text.sentences.last().map_or_else(String::new, |s| s.end.name().to_owned())),
];

/// How well each cue alone tells the sides of `(chosen, rejected)` pairs apart, the best first.
///
/// Words and marks are scored on one half of the pairs by how often they stood on each side of the other half, so that
/// words that come once tell nothing. Fewer than four pairs give no cues.
#[must_use]
pub fn cue_balance(pairs: &[(&str, &str)]) -> Vec<Cue> {
    if pairs.len() < 4 {
        return Vec::new();
    }
    let cuts: Vec<(Text, Text)> = pairs.iter().map(|(chosen, rejected)| (cut(chosen), cut(rejected))).collect();
    let both = || pairs.iter().zip(&cuts);
    let mut out = Vec::new();
    for (name, number) in NUMBERS {
        let values: Vec<(f64, f64)> = both().map(|((c, r), (cc, rc))| (number(c, cc), number(r, rc))).collect();
        let (auc, share) = (auc(&values), share(&values));
        let more = auc >= 0.5;
        let (auc, share) = if more { (auc, share) } else { (1.0 - auc, 1.0 - share) };
        out.push(Cue { name, auc, share, chosen_has_more: more });
    }
    for (name, token) in TOKENS {
        let values: Vec<(String, String)> = both().map(|((c, r), (cc, rc))| (token(c, cc), token(r, rc))).collect();
        let (mut areas, mut shares) = (0.0, 0.0);
        for half in 0..2 {
            let mut odds: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
            for (_, (chosen, rejected)) in values.iter().enumerate().filter(|(i, _)| i % 2 != half) {
                odds.entry(chosen).or_default().0 += 1.0;
                odds.entry(rejected).or_default().1 += 1.0;
            }
            let score = |token: &str| {
                let (chosen, rejected) = odds.get(token).copied().unwrap_or_default();
                ((chosen + 1.0) / (rejected + 1.0)).ln()
            };
            let scored = values.iter().enumerate().filter(|(i, _)| i % 2 == half);
            let scored: Vec<(f64, f64)> = scored.map(|(_, (c, r))| (score(c), score(r))).collect();
            areas += auc(&scored) / 2.0;
            shares += share(&scored) / 2.0;
        }
        // Below one half is chance: a token points only where it was seen to.
        out.push(Cue { name, auc: areas.max(0.5), share: shares.max(0.5), chosen_has_more: true });
    }
    out.sort_by(|a, b| b.auc.total_cmp(&a.auc).then(a.name.cmp(b.name)));
    out
}

/// Area under the curve of all firsts against all seconds, ties by half: the Mann-Whitney statistic by ranks.
fn auc(values: &[(f64, f64)]) -> f64 {
    let mut all: Vec<(f64, bool)> =
        values.iter().flat_map(|(chosen, rejected)| [(*chosen, true), (*rejected, false)]).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut below) = (0.0, 0.0);
    for same in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let chosen = same.iter().filter(|(_, chosen)| *chosen).count() as f64;
        let rejected = same.len() as f64 - chosen;
        sum += chosen * (below + rejected / 2.0);
        below += rejected;
    }
    sum / (values.len() as f64).powi(2).max(1.0)
}

fn share(values: &[(f64, f64)]) -> f64 {
    let right = |(chosen, rejected): &(f64, f64)| match chosen.total_cmp(rejected) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    values.iter().map(right).sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'c>(cues: &'c [Cue], name: &str) -> &'c Cue {
        cues.iter().find(|cue| cue.name == name).unwrap()
    }

    #[test]
    fn areas_are_mann_whitney() {
        assert_eq!(auc(&[(1.0, 0.0), (2.0, 0.0)]), 1.0);
        assert_eq!(auc(&[(0.0, 0.0), (1.0, 1.0)]), 0.5);
        assert_eq!(auc(&[(3.0, 1.0), (0.0, 2.0)]), 0.5);
        assert_eq!(auc(&[(3.0, 1.0), (1.0, 2.0)]), 0.625); // 3>1, 3>2, 1=1, 1<2
    }

    #[test]
    fn one_cue_that_tells_is_named_and_balanced_ones_are_not() {
        let chosen =
            ["The server fell.", "It was quiet.", "We wrote less.", "A buoy lied.", "I made tea.", "They left."];
        let rejected = [
            "The server fell! 🎉",
            "It was quiet!",
            "We wrote less! 🚀",
            "A buoy lied!",
            "I made tea! 🙌",
            "They left!",
        ];
        let pairs: Vec<(&str, &str)> = chosen.into_iter().zip(rejected).collect();
        let cues = cue_balance(&pairs);
        let exclamation = of(&cues, "exclamation_marks");
        assert!(exclamation.is_telling() && !exclamation.chosen_has_more && exclamation.share == 1.0);
        assert!(of(&cues, "final_mark").auc > 0.7);
        assert_eq!(of(&cues, "emoji").auc, 0.75);
        for name in ["length", "first_word", "bullets", "bold", "line_breaks", "curved_quotes"] {
            assert_eq!(of(&cues, name).auc, 0.5, "{name}");
        }
        assert!(cue_balance(&pairs[..3]).is_empty());
    }

    #[test]
    fn words_that_come_once_tell_nothing() {
        let sides: Vec<(String, String)> = (0..20).map(|i| (format!("w{i} is it."), format!("v{i} is it."))).collect();
        let pairs: Vec<(&str, &str)> = sides.iter().map(|(c, r)| (c.as_str(), r.as_str())).collect();
        assert_eq!(of(&cue_balance(&pairs), "first_word").auc, 0.5);
        let pairs = vec![("The end.", "Sure, the end."); 8];
        assert!(of(&cue_balance(&pairs), "first_word").is_telling());
    }
}
