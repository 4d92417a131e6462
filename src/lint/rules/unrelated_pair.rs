//! PRF003: two sides that answer two questions.

use super::prelude::*;
use crate::lint::text::{fold, hash};
use crate::row::{Arithmetic, unsupported};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// Flags pairs whose sides have next to no word in common.
pub(in crate::lint) struct UnrelatedPair;

static META: Meta = Meta {
    code: "PRF003",
    name: "unrelated-pair",
    severity: Severity::Warning,
    fix: Some(Fix::Unsafe),
    kinds: &[Kind::Preference],
    summary: "`chosen` and `rejected` have nothing to do with each other",
    explanation: "
## Why it matters
A pair teaches the difference between its sides. Where everything differs the student learns what is talked about,
not how.

## Example
Chosen: a note about a broken pump; rejected: an advertisement for a newsletter.
Sides are unrelated when they share less than 5 % of their content words (word beginnings, without the small words of
English, German, French and Spanish) and no number and no name. Sides with fewer than six content words
(`Yes, do it.`) say too little to be judged.

## How to fix
Ask the teacher to say the same thing in the other tone, or drop the pair.
",
};

/// Sides with fewer content words are not judged.
const LEAST: usize = 6;
/// Letters by which words are the same: `deployed`, `deployment`.
const STEM: usize = 5;

/// Small words that any two texts share.
const SMALL: &str = "\
the a an and or but so if then than that this these those there here it its is are was were be been being am do does \
did done has have had having not no nor of to in on at by for from with without about as into over under up down out \
off i me my mine we us our ours you your yours he him his she her they them their who whom which what when where why \
how all any some each every both few more most other such only own same too very just can could will would shall \
should may might must also again once ever never still yet even much many well now always often because while after \
before until since during through between against one two get got make made let like \
der die das und ist nicht ich ein eine einen einem einer mit auf für den dem des im zu von wir habe hat hatte sind wie \
bei nach aus zum zur auch über es sie er war aber oder noch nur so dass als an wenn man mich mir uns \
le la les un une des et est en que qui dans pour pas sur avec au aux ce cette il elle nous vous ils je mon ma mes du \
de se ne par plus mais ou où y a été sont \
el los las una unos y es por con para no se lo su sus al del como más pero o ya muy mi me te qué si fue son";

static SMALL_HASHES: LazyLock<BTreeSet<u64>> = LazyLock::new(|| SMALL.split_whitespace().map(hash).collect());

impl Rule for UnrelatedPair {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Unrelated { least: settings.thresholds.sides_far })
    }
}

struct Unrelated {
    least: f64,
}

impl Check for Unrelated {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let Some((chosen, rejected)) = row.pair() else { return };
        // Whole words are at hand already, and settle it for nearly all pairs.
        if self.share_words(chosen.words(), rejected.words()) {
            return;
        }
        let (ours, theirs) = (stems(chosen.text), stems(rejected.text));
        if ours.len().min(theirs.len()) < LEAST || jaccard(&ours, &theirs) >= self.least {
            return;
        }
        if !share_fact(chosen.text, rejected.text) {
            let message = format!("`{}` and `{}` share no content word, number or name", chosen.name, rejected.name);
            out.push(row.finding_in(&META, rejected, message).unsafely(Edit::Drop));
        }
    }
}

impl Unrelated {
    /// Whether so many content words are the same that the small words do not matter.
    fn share_words(&self, a: &[u64], b: &[u64]) -> bool {
        let needed = self.least * (a.len() + b.len()) as f64;
        let mut shared: Vec<u64> = Vec::with_capacity(8);
        for word in a.iter().filter(|word| b.contains(word) && !SMALL_HASHES.contains(word)) {
            if !shared.contains(word) {
                shared.push(*word);
                if shared.len() as f64 >= needed {
                    return true;
                }
            }
        }
        false
    }
}

fn jaccard<T: Ord>(a: &BTreeSet<T>, b: &BTreeSet<T>) -> f64 {
    let shared = a.intersection(b).count();
    let all = a.len() + b.len() - shared;
    if all == 0 { 1.0 } else { shared as f64 / all as f64 }
}

/// The beginnings of the content words; every character of a script that does not part words.
fn stems(text: &str) -> BTreeSet<String> {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words = words.filter(|word| !SMALL_HASHES.contains(&hash(word)));
    let mut out = BTreeSet::new();
    for word in words {
        if word.contains(unparted) {
            out.extend(word.chars().map(String::from));
        } else {
            out.insert(word.chars().take(STEM).collect());
        }
    }
    out
}

/// Chinese, Japanese, Thai, Lao, Burmese, Khmer.
const fn unparted(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

/// Whether a number or a name of one text is in the other.
fn share_fact(a: &str, b: &str) -> bool {
    let claims = |support: &[&str]| unsupported(a, support, Arithmetic::Strict).len();
    claims(&[]) > claims(&[b])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strangers_are_unrelated() {
        let settings = LintSettings::default();
        let check = |chosen: &str, rejected: &str, expected: usize| {
            let mut check = UnrelatedPair.start(&settings, &Context::default());
            let fields = [("prompt", "Write a note."), ("chosen", chosen), ("rejected", rejected)];
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Preference, &fields);
            assert_eq!(out.len(), expected, "{chosen} / {rejected}");
        };
        let pump = "pump broke again. swapped the seal, wet socks, went home late.";
        check(pump, "Subscribe today and receive fresh gardening inspiration monthly, straight to the inbox.", 1);
        check(pump, "The pumps required another seal replacement, which we completed in the evening.", 0);
        check(
            "pump broke at 03:40. wet socks, swapped seals, slow walk home.",
            "Everything stopped suddenly near 03:40; maintenance repaired machinery quickly.",
            0,
        );
        check("No, never.", "Subscribe today and receive fresh gardening inspiration monthly.", 0);
        check("水泵又坏了,我换了密封圈,很晚才回家。", "水泵需要更换密封圈,我们在晚上完成了维修。", 0);
        check("水泵又坏了,我换了密封圈,很晚才回家。", "今天订阅花园杂志,每月获得新鲜灵感与礼物。", 1);
        check(
            "Die Pumpe war kaputt, wir haben nachts eine Dichtung getauscht.",
            "Der Austausch der Dichtungen an den Pumpen verlief sehr erfolgreich.",
            0,
        );
    }
}
