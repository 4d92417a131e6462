//! Names in Vietnamese behind a word for who somebody is: `cô Hồ Thị Bạch Yến`, `em trai Tôn Thất Khoa`.
//!
//! Every syllable of such a name is a word of its own and half of them are names of streets, schools and kings too, so
//! the lists say little. A word of address in small letters says all.

use super::known::is_toned;
use crate::mask::lexicon::Flags;
use crate::mask::page::{Cues, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::{Gap, Word};

const ROLES: &[&str] = &[
    "cô",
    "thầy",
    "ông",
    "bà",
    "anh",
    "chị",
    "bác",
    "chú",
    "dì",
    "cậu",
    "mợ",
    "thím",
    "dượng",
    "cháu",
    "bạn",
    "vợ",
    "chồng",
    "trai",
    "gái",
    "mẹ",
    "bố",
    "cha",
    "ba",
    "má",
    "con",
    "bé",
    "sếp",
    "trưởng",
];

/// Adds the names behind such words.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    let (text, words) = (page.text(), page.words());
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::WIDE)) {
        let row = &text.as_bytes()[line.start..line.end];
        // The letters with two marks, which Vietnamese has and its neighbours have not.
        if !row.windows(2).any(|pair| pair[0] == 0xE1 && matches!(pair[1], 0xBA | 0xBB)) {
            continue;
        }
        let from = words.partition_point(|word| word.start() < line.start);
        let to = words.partition_point(|word| word.start() < line.end);
        named(text, &words[from..to], out);
    }
}

fn named(text: &str, words: &[Word], out: &mut Vec<Span>) {
    let mut at = 1;
    while at < words.len() {
        let (role, first) = (&words[at - 1], &words[at]);
        let led = first.capital && first.gap == Gap::Space && !role.capital && ROLES.contains(&&text[role.range()]);
        if !led {
            at += 1;
            continue;
        }
        let mut end = at;
        while let Some(word) = words.get(end) {
            let syllable = word.capital && !word.shouted && !word.coded && word.letters <= 7;
            if !syllable || (end > at && word.gap != Gap::Space) || end - at > 4 {
                break;
            }
            end += 1;
        }
        let name = &words[at..end];
        let vietnamese = |word: &Word| {
            text[word.range()].contains(is_toned) || word.entry.flags.any(Flags::GIVEN.or(Flags::SURNAME))
        };
        // `con gái Mỹ`, `anh Việt Nam`: a country.
        let place = name.len() < 3 && name.iter().all(|word| word.entry.flags.any(Flags::PLACE));
        if !name.is_empty() && name.iter().all(vietnamese) && !place && (name.len() > 1 || strong(text, role, name)) {
            let range = name[0].start()..name[name.len() - 1].end();
            out.push(Span::new(range, Entity::Person, 0.7).by(Layer::Context, "name behind who somebody is"));
        }
        at = end.max(at + 1);
    }
}

/// Whether one syllable alone is somebody: behind a word of address, and no sentence goes on in capitals.
fn strong(text: &str, role: &Word, name: &[Word]) -> bool {
    let address = ["cô", "thầy", "anh", "chị", "bác", "chú", "dì", "bé", "sếp", "ông", "bà"];
    address.contains(&&text[role.range()]) && name[0].entry.flags.any(Flags::GIVEN.or(Flags::SURNAME))
}
