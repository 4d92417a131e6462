//! People who are named as references: the entries below such a heading.

use std::ops::Range;
use std::sync::LazyLock;

use super::position::push;
use super::scan::{BLANKS, Cursor};
use crate::mask::page::Page;
use crate::mask::phrases::Phrases;
use crate::mask::span::Span;

static REFERENCES: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "references|professional references|personal references|referees|testimonials|recommendations|referenzen|\
         références|referencias|referenze",
    )
});

/// The first name on each entry below a heading `References`, until the next heading.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    let mut inside = false;
    for line in page.lines() {
        let trimmed = text[line.start..line.end].trim_end();
        let heading = trimmed.trim_start_matches(['#', '*', '_', ' ', '\t']);
        if REFERENCES.has(heading.trim_end_matches(['*', '_', ':', ' ', '\t'])) && trimmed.len() < 60 {
            inside = true;
        } else if inside {
            let known = out.len();
            if let Some(name) = entry(Cursor::new(text, line.start..line.start + trimmed.len())) {
                push(name.start, &text[name], false, 0.8, "entry under references", out);
            }
            let heading = is_section(trimmed) || (trimmed.len() > 3 && is_shouted(trimmed));
            inside = out.len() > known || !heading;
        }
    }
}

/// The name that begins an entry of a list, behind its bullet, `Dr.` or `Name:`.
fn entry(mut line: Cursor<'_>) -> Option<Range<usize>> {
    line.blanks();
    let mut number = line;
    if line.take(|c| "-*+•|>".contains(c)) {
        line.blanks();
    } else if (1..=2).contains(&number.skip(char::is_numeric)) && number.take(|c| matches!(c, '.' | ')')) {
        line = number;
        line.blanks();
    }
    let mut heading = line;
    if (3..=6).contains(&heading.skip(|c| c == '#')) && heading.blanks() {
        line = heading;
    }
    line.skip(|c| matches!(c, '*' | '_'));
    let mut titled = line;
    let title = titled.any_tag(&["Mrs", "Mr", "Ms", "Dr", "Prof"]);
    titled.take(|c| c == '.');
    // `Dr. Ada Quill` is named behind the title, of `Dr. Quill` it is a part.
    (if title && titled.blanks() { named(titled) } else { None }).or_else(|| named(line))
}

fn named(mut line: Cursor<'_>) -> Option<Range<usize>> {
    let mut label = line;
    let sign = |c: char| matches!(c, '*' | '_' | ' ' | '\t');
    if ["reference", "name", "referee"].iter().any(|word| label.tag_in_any_case(word)) {
        label.skip(sign);
        if label.take(|c| c == ':') {
            label.skip(sign);
            line = label;
        }
    }
    line.full_name()
}

/// Whether a line is a heading: `# Skills`, `SKILLS & TOOLS`.
fn is_section(line: &str) -> bool {
    let bare = line.trim_start_matches('#');
    let level = line.len() - bare.len();
    let shouted = |line: &str| {
        line.starts_with(|c: char| c.is_ascii_uppercase())
            && line.chars().all(|c| c.is_ascii_uppercase() || matches!(c, ' ' | '&'))
    };
    ((1..=6).contains(&level) && bare.starts_with(BLANKS)) || ((5..=41).contains(&line.len()) && shouted(line))
}

fn is_shouted(line: &str) -> bool {
    let mut letters = line.chars().filter(|c| c.is_alphabetic());
    line.chars().any(char::is_uppercase)
        && letters.all(char::is_uppercase)
        && !line.contains(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_below_references_name_people() {
        let wanted = |entry: &str| entry_of(entry).map(str::to_owned);
        for entry in [
            "Ovidia Quill, director",
            "- Ovidia Quill",
            " 12) Ovidia Quill",
            "### **Ovidia Quill**",
            "* Dr. Ovidia Quill",
            "- **Name:** Ovidia Quill",
            "Referee: Ovidia Quill",
        ] {
            assert_eq!(wanted(entry).as_deref(), Some("Ovidia Quill"), "{entry}");
        }
        assert_eq!(wanted("1. Dr. Quill").as_deref(), Some("Dr. Quill"));
        for entry in ["", "-", "Ovidia", "123. Ovidia Quill", "## Ovidia Quill", "ovidia Quill"] {
            assert_eq!(wanted(entry), None, "{entry}");
        }
        let headings = ["# x", "###### x", "SKILLS & TOOLS", "SKILLS"];
        let others = ["", "#x", "####### x", "SKIL", "Skills", " SKILLS", "SKILLS 2"];
        assert!(headings.iter().all(|line| is_section(line)) && !others.iter().any(|line| is_section(line)));
        let text = "**References:**\n- Ovidia Quill\nSKILLS\n- Ada Tremblay";
        let mut out = Vec::new();
        find(&Page::new(text), &mut out);
        assert_eq!(out.into_iter().map(|span| &text[span.range]).collect::<Vec<_>>(), ["Ovidia Quill"]);
    }

    fn entry_of(text: &str) -> Option<&str> {
        entry(Cursor::new(text, 0..text.len())).map(|found| &text[found])
    }
}
