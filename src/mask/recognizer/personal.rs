//! Citizenship, marital status: told by their labels.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memchr3_iter;

use super::Recognizer;
use super::anchor::{SIDE, behind};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::phrases::Phrases;
use crate::mask::span::{Entity, Layer, Span};

pub(crate) struct Personal;

static NATIONALITY: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "nationality|citizenship|staatsangehörigkeit|nationalität|staatsbürgerschaft|nationalité|nacionalidad|\
         nazionalità|cittadinanza|nacionalidade|nationaliteit|narodowość|obywatelstwo|nationalitet|medborgarskap|\
         kansalaisuus|uyruğu|uyruk|kewarganegaraan|quốc tịch|гражданство|国籍|國籍|국적",
    )
});
static MARITAL: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "marital status|civil status|familienstand|zivilstand|état civil|situation familiale|estado civil|\
         stato civile|burgerlijke staat|stan cywilny|civilstånd|sivilstatus|siviilisääty|medeni hali|medeni durum|\
         status perkawinan|tình trạng hôn nhân|семейное положение|婚姻状况|婚姻|配偶者|결혼 여부",
    )
});

/// Signs that part details on one line.
const PARTS: [char; 6] = ['|', '•', '·', ';', ',', '('];

/// The most characters of a value.
const LONGEST: usize = 40;

impl Recognizer for Personal {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let keyed = |line: &&Line| line.cues.has(Cues::COLON) || line.cues.has(Cues::WIDE);
        for line in page.lines().iter().filter(keyed) {
            let text = &page.text()[line.start..line.end];
            // Behind the last value.
            let mut from = 0;
            // The colon of East Asia begins with the last of these bytes.
            for at in memchr3_iter(b':', b'|', 0xEF, text.as_bytes()) {
                let Some(head) = text.get(from..at) else { continue };
                // A line may be as long as a text.
                let near = behind(text, at, SIDE);
                let (head, whole) = if near.len() < head.len() { (near, false) } else { (head, from == 0) };
                let Some(after) = text[at..].strip_prefix([':', '|', '：']) else { continue };
                let cell = match head.rsplit_once(PARTS) {
                    Some((_, cell)) => cell,
                    None if whole => head,
                    None => continue,
                };
                let label = bare(cell);
                let entity = if NATIONALITY.has(label) {
                    Entity::Nationality
                } else if MARITAL.has(label) {
                    Entity::MaritalStatus
                } else {
                    continue;
                };
                let Some(value) = value(after, entity) else { continue };
                let start = text.len() - after.len() + value.start;
                from = start + value.len();
                let said = text[start..from].trim_end_matches([' ', '.', '*', '_', ',']);
                if !said.is_empty() {
                    let range = line.start + start..line.start + start + said.len();
                    out.push(Span::new(range, entity, 0.85).by(Layer::Context, "behind its label"));
                }
            }
        }
    }
}

/// A label without what lists and Markdown put around it.
fn bare(cell: &str) -> &str {
    let mark = |c: char| c.is_whitespace() || matches!(c, '>' | '*' | '_' | '#' | '-');
    cell.trim_start_matches(mark).trim_end_matches([' ', '\t']).trim_end_matches(['*', '_'])
}

/// What stands behind the sign of a label, up to the sign that parts details on one line.
fn value(behind: &str, entity: Entity) -> Option<Range<usize>> {
    let value = behind.trim_start_matches(['*', '_']).trim_start_matches([' ', '\t']);
    let ends = |c: char| c.is_control() || (PARTS.contains(&c) && (c != ',' || entity == Entity::Nationality));
    let mut letters = value.char_indices().take_while(|(_, c)| !ends(*c)).take(LONGEST);
    let (_, first) = letters.next()?;
    let length = letters.last().map(|(at, c)| at + c.len_utf8());
    // One character alone is a value where it is a word: `中`.
    let length = length.or(first.is_alphabetic().then_some(first.len_utf8()))?;
    let start = behind.len() - value.len();
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Entity, &str)> {
        let mut out = Vec::new();
        Personal.find(&Page::new(text), &mut out);
        out.into_iter().map(|span| (span.entity, &text[span.range])).collect()
    }

    #[test]
    fn details_stand_behind_their_labels() {
        for (text, entity, value) in [
            ("Nationality: Dutch", Entity::Nationality, "Dutch"),
            ("- **Nationality:** Dutch, Belgian", Entity::Nationality, "Dutch"),
            ("> **Citizenship** : Dutch.", Entity::Nationality, "Dutch"),
            ("Born 1990; citizenship: Dutch (since 2001)", Entity::Nationality, "Dutch"),
            ("| nationality | Dutch | x: y", Entity::Nationality, "Dutch"),
            ("x (STAATSANGEHÖRIGKEIT: deutsch)", Entity::Nationality, "deutsch)"),
            ("国籍：中", Entity::Nationality, "中"),
            ("Гражданство: нет\tx", Entity::Nationality, "нет"),
            ("Marital status: married, two children; x", Entity::MaritalStatus, "married, two children"),
            ("Medeni durum: evli", Entity::MaritalStatus, "evli"),
        ] {
            assert_eq!(found(text), [(entity, value)], "{text}");
        }
        assert_eq!(found("Nationality: Dutch; civil status: single").len(), 2);
        for text in ["", ":", "Nationality:", "Nationality: -", "Nationality: ;", "Dual nationality: Dutch"] {
            assert!(found(text).is_empty(), "{text}");
        }
        for text in ["Nationality Dutch", "nationalities: Dutch", "x nationality: Dutch", "Nationality = Dutch"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
