//! Whose document this is: the names a document gives its author.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::{memchr_iter, memmem};

use super::position;
use super::scan::{BLANKS, Cursor, is_capital, is_spelt};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::phrases::Phrases;
use crate::mask::span::{Entity, Span};
use crate::mask::words::Hash;

/// How many lines count as the top of a document, where contact details stand.
const TOP: usize = 14;

/// The same in bytes.
const TOP_BYTES: usize = 800;

/// How many bytes may follow a signature: a footer or a postscript.
const SIGNED_OFF: usize = 200;

/// The names a document gives its author: its title when it is a résumé, `Name:` and `Author:` near the top, and
/// signatures. `name` is the document's path.
///
/// A title such as `Cold Water` has the shape of a name too, so a title counts only where contact details follow or
/// the headings or the file name are those of a résumé.
pub(crate) fn own_names(name: &str, page: &Page<'_>, patterns: &[Span]) -> Vec<String> {
    let text = page.text();
    let mut names = Vec::new();
    let mut keep = |name: &str| {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    };
    let mut said = page.lines().iter().map(|line| text[line.start..line.end].trim()).filter(|line| !line.is_empty());
    let first = said.next().unwrap_or_default();
    if is_resume(name, page, patterns) {
        let heading = std::iter::once(first).chain(said).find(|line| line.starts_with("# "));
        if let Some(found) = title_name(heading.unwrap_or(first)) {
            keep(found);
        }
    }
    let top = page.lines().iter().map(|line| &text[line.start..line.end]).filter(|line| !line.trim().is_empty());
    for line in top.take(TOP) {
        if let Some(found) = labelled(line).filter(|found| position::is_name(found)) {
            keep(found);
        }
    }
    let signed = dashed(page).into_iter().map(|found| (found, true));
    let signed = signed.chain(closed(page).into_iter().chain(copyrighted(page)).map(|found| (found, false)));
    for (range, last) in signed {
        let found = &text[range.clone()];
        // A dash begins list items too; a signature ends a text, give or take a line.
        let ends = !last || text[range.end..].trim().len() <= SIGNED_OFF;
        if ends && (position::is_name(found) || position::is_first_name(found)) {
            keep(found);
        }
    }
    names
}

/// Whether a line may hold a signature.
fn is_short(line: &Line) -> bool {
    line.end - line.start < 60
}

/// Before the name of who wrote it; longer ones first where one begins another.
const LABELS: &[&str] = &[
    "full name",
    "my name",
    "legal name",
    "name",
    "author",
    "written by",
    "by",
    "nombre",
    "nome",
    "nom",
    "vor- und nachname",
    "vollständiger name",
    "naam",
];

/// `- **Name:** Ada Quill`, `Author: Ada Quill`, `by Ada Quill`.
fn labelled(line: &str) -> Option<&str> {
    let bold = |c: char| matches!(c, '*' | '_');
    let mut cursor = Cursor::new(line, 0..line.len());
    cursor.skip(|c| c.is_whitespace() || matches!(c, '>' | '*' | '_' | '#' | '-'));
    if !LABELS.iter().any(|label| cursor.tag_in_any_case(label)) {
        return None;
    }
    cursor.skip(bold);
    cursor.blanks();
    cursor.take(|c| matches!(c, ':' | '=' | '|'));
    cursor.skip(bold);
    cursor.blanks();
    cursor.take(|c| matches!(c, ':' | '|'));
    cursor.blanks();
    cursor.take(|c| matches!(c, '"' | '\''));
    let value = cursor.rest().split([',', '<', '(', '|', '@']).next().unwrap_or_default();
    Some(value.trim_end_matches(BLANKS).trim_end_matches(['"', '\'', '*', '_', '.']))
}

/// The name at a place and nothing behind it.
fn lone_name(mut cursor: Cursor<'_>) -> Option<Range<usize>> {
    let name = cursor.loose_name(is_capital, 3)?;
    cursor.blanks();
    cursor.ends().then_some(name)
}

/// `-- Zdenka` on a line of its own.
fn dashed(page: &Page<'_>) -> Vec<Range<usize>> {
    let wanted = |line: &&Line| is_short(line) && (line.cues.has(Cues::DASH) || line.cues.has(Cues::WIDE));
    let name = |line: &Line| {
        let mut cursor = Cursor::new(page.text(), line.start..line.end);
        cursor.blanks();
        let read = match cursor.peek()? {
            '-' => (2..=3).contains(&cursor.skip(|c| c == '-')),
            '–' | '—' => cursor.skip(|c| matches!(c, '–' | '—')) <= 2,
            '~' => cursor.take(|c| c == '~'),
            // As Markdown has it.
            _ => cursor.tag(r"\-\-"),
        };
        if !read {
            return None;
        }
        cursor.blanks();
        lone_name(cursor)
    };
    page.lines().iter().filter(wanted).filter_map(name).collect()
}

static CLOSINGS: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "best|best regards|best wishes|regards|kind regards|warm regards|many regards|cheers|sincerely|yours|\
         yours sincerely|yours truly|yours faithfully|thanks|thank you|many thanks|all the best|\
         mit freundlichen grüßen|viele grüße|liebe grüße|cordialement|bien à vous|saludos|un saludo|atentamente|\
         cordiali saluti|met vriendelijke groet|pozdrawiam",
    )
});

/// `Best,` and the name on the next line that is not empty.
fn closed(page: &Page<'_>) -> Vec<Range<usize>> {
    let (text, lines) = (page.text(), page.lines());
    let mut found = Vec::new();
    let mut row = 0;
    while let Some(line) = lines.get(row) {
        row += 1;
        let said = text[line.start..line.end].trim_matches(BLANKS);
        if !is_short(line) || !CLOSINGS.has(said.strip_suffix([',', '.', '!']).unwrap_or(said)) {
            continue;
        }
        let is_said = |line: &&Line| !text[line.start..line.end].trim().is_empty();
        let Some((below, line)) = lines.iter().enumerate().skip(row).find(|(_, line)| is_said(line)) else { break };
        let mut cursor = Cursor::new(text, line.start..line.end);
        cursor.skip(char::is_whitespace);
        if let Some(name) = lone_name(cursor) {
            found.push(name);
            row = below + 1;
        }
    }
    found
}

/// `© 2024 Ada Quill`.
fn copyrighted(page: &Page<'_>) -> Vec<Range<usize>> {
    static COPYRIGHT: LazyLock<u64> = LazyLock::new(|| Hash::of("copyright"));
    let text = page.text();
    let bytes = text.as_bytes();
    let bracketed = |at: &usize| bytes[*at..].get(..3).is_some_and(|sign| sign.eq_ignore_ascii_case(b"(c)"));
    let word = *COPYRIGHT;
    let mut signs: Vec<usize> = memmem::find_iter(bytes, "©").map(|at| at + "©".len()).collect();
    signs.extend(memchr_iter(b'(', bytes).filter(bracketed).map(|at| at + 3));
    signs.extend(page.words().iter().filter(|found| found.hash == word).map(|found| found.end()));
    signs.sort_unstable();
    let mut found: Vec<Range<usize>> = Vec::new();
    for sign in signs {
        let Some(line) = page.lines().get(page.line_at(sign)) else { continue };
        let marked = line.cues.has(Cues::BRACKET) || line.cues.has(Cues::WIDE) || line.cues.has(Cues::DIGIT);
        let read = found.last().is_some_and(|last| sign <= last.end);
        if marked
            && !read
            && let Some(name) = holder(Cursor::new(text, sign..line.end))
        {
            found.push(name);
        }
    }
    found
}

/// Two or three capitalised words behind a sign of copyright and its years.
fn holder(mut cursor: Cursor<'_>) -> Option<Range<usize>> {
    cursor.blanks();
    if cursor.tag("©") {
        cursor.blanks();
    }
    let mut year = cursor;
    if year.skip(char::is_numeric) == 4 {
        cursor = year;
        if year.take(|c| matches!(c, '-' | '–')) && (2..=4).contains(&year.skip(char::is_numeric)) {
            cursor = year;
        }
        cursor.skip(|c| matches!(c, ' ' | '\t' | ','));
    }
    let mut by = cursor;
    if by.tag_in_any_case("by") && by.blanks() {
        cursor = by;
    }
    let joint = |c: char| is_spelt(c) || matches!(c, '\'' | '’' | '-');
    let start = cursor.at();
    if !cursor.take(is_capital) || cursor.skip(joint) == 0 {
        return None;
    }
    let mut end = None;
    for _ in 0..2 {
        if !cursor.blanks() || !cursor.take(is_capital) {
            break;
        }
        cursor.skip(|c| joint(c) || c == '.');
        end = Some(cursor.at());
    }
    end.map(|end| start..end)
}

static SECTIONS: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "experience|work experience|professional experience|relevant experience|employment|employment history|\
         education|skills|curriculum vitae|résumé|resume|berufserfahrung|ausbildung|kenntnisse|lebenslauf|formation|\
         expérience|expérience professionnelle|compétences|experiencia|experiencia laboral|educación|formación|\
         esperienza|istruzione",
    )
});

static FILES: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new("resume|résumé|cv|vita|vitae|profile|about|bio|contact|linkedin|lebenslauf|curriculum")
});

fn is_resume(name: &str, page: &Page<'_>, patterns: &[Span]) -> bool {
    let text = page.text();
    let contact = |span: &Span| {
        span.range.start < TOP_BYTES
            && matches!(
                span.entity,
                Entity::Email | Entity::Phone | Entity::Handle | Entity::Address | Entity::DateOfBirth
            )
    };
    let section = |line: &&Line| {
        let said = &text[line.start..line.end];
        let said = said.trim_start_matches(['#', '*', '_', ' ', '\t']);
        line.end - line.start < 48 && SECTIONS.has(said.trim_end_matches(['*', '_', ':', ' ', '\t']))
    };
    // The list has no other letter past ASCII.
    let part = |c: char| !c.is_ascii_alphabetic() && !matches!(c, 'é' | 'É');
    name.split(part).any(|part| FILES.has(part))
        || patterns.iter().any(contact)
        || page.lines().iter().filter(section).nth(1).is_some()
}

/// What a title may say before the name.
const LEADS: &[&str] = &["résumé", "resume", "curriculum vitae", "cv", "lebenslauf"];

/// The name in a title: `# Ada Quill`, `# Ada Quill, PhD`, `# Résumé of Ada Quill`, `# Ada Quill - Engineer`.
fn title_name(title: &str) -> Option<&str> {
    let title = title.trim().lines().next()?;
    let mut cursor = Cursor::new(title, 0..title.len());
    cursor.skip(|c| c.is_whitespace() || matches!(c, '#' | '*' | '_'));
    let mut lead = cursor;
    if LEADS.iter().any(|word| lead.tag_in_any_case(word)) {
        let blank = lead.blanks();
        let mut of = lead;
        if blank && ["of", "von", "de"].iter().any(|word| of.tag_in_any_case(word)) && of.blanks() {
            cursor = of;
        } else if lead.take(|c| matches!(c, ':' | '–' | '—' | '|' | '-')) {
            lead.blanks();
            cursor = lead;
        }
    }
    let title = cursor.rest();
    let tail = title.char_indices().find(|(at, c)| ends_title(&title[*at..], *c)).map_or(title.len(), |(at, _)| at);
    let title = title[..tail].trim_matches([' ', '*', '_', '#', '\t']);
    (position::is_name(title)).then_some(title)
}

/// Whether the name in a title ends before `rest`, which begins with `first`: at a sign, a dash between blanks, `'s`.
fn ends_title(rest: &str, first: char) -> bool {
    let blank = |c: char| matches!(c, ' ' | '\t');
    let mut behind = Cursor::new(rest, first.len_utf8()..rest.len());
    match first {
        ',' | '|' | '(' | '•' | '·' | '/' | ':' => true,
        ' ' | '\t' => behind.take(|c| matches!(c, '-' | '–' | '—')) && behind.take(blank),
        '\'' | '’' => behind.take(|c| c == 's') && behind.take(blank),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, find: impl Fn(&Page<'_>) -> Vec<Range<usize>>) -> Vec<&str> {
        find(&Page::new(text)).into_iter().map(|found| &text[found]).collect()
    }

    #[test]
    fn labels_at_the_start_of_a_line_tell_a_name() {
        for (line, name) in [
            ("- **Name:** Ada Quill", "Ada Quill"),
            ("> AUTHOR = \"Ada Quill\", engineer", "Ada Quill"),
            ("written by Ada Quill <ada@quill.example>", "Ada Quill"),
            ("Nombre: Ada Quill.", "Ada Quill"),
            ("nome | Ada Quill |", "Ada Quill"),
            ("Vollständiger Name: Ada Quill  ", "Ada Quill"),
            ("name", ""),
        ] {
            assert_eq!(labelled(line), Some(name), "{line}");
        }
        for line in ["", "Her name: Ada Quill", "Ada Quill", "nam: Ada Quill"] {
            assert_eq!(labelled(line), None, "{line}");
        }
    }

    #[test]
    fn signatures_are_read() {
        for line in ["-- Zdenka", "  ---Zdenka ", "— Zdenka", "––Zdenka", r"\-\- Zdenka"] {
            assert_eq!(read(line, dashed), ["Zdenka"], "{line}");
        }
        for line in ["- Zdenka", "---- Zdenka", "——— Zdenka", "-- zdenka", "-- Zdenka, Brno", "--", "", "x -- Zdenka"]
        {
            assert!(read(line, dashed).is_empty(), "{line}");
        }
        assert_eq!(read("~ Zdeňka", dashed), ["Zdeňka"]);
        assert_eq!(read("Best,\nAda", closed), ["Ada"]);
        assert_eq!(read(" Viele Grüße! \n \n\n  Ada van der Quill ", closed), ["Ada van der Quill"]);
        assert_eq!(read("KIND REGARDS\nAda B.\nthanks,\n\nBo", closed), ["Ada B.", "Bo"]);
        for text in
            ["Best", "Best\n", "Best ,\nAda", "Best of\nAda", "Best,\nada", "Best,\nAda, Brno", "Best,\n4\nAda", ""]
        {
            assert!(read(text, closed).is_empty(), "{text}");
        }
    }

    #[test]
    fn holders_of_copyright_are_read() {
        for text in [
            "© Ada Quill",
            "(c) 2024 Ada Quill, all",
            "Copyright © 2020–2024, Ada Quill",
            "COPYRIGHT (C) 2024-25 by Ada Quill",
            "© 2020-24 By Ada Quill",
        ] {
            assert_eq!(read(text, copyrighted), ["Ada Quill"], "{text}");
        }
        assert_eq!(read("© Ada Š. Quill Bell © Bo Li", copyrighted), ["Ada Š. Quill", "Bo Li"]);
        for text in
            ["", "©", "© Ada", "© ada Quill", "© A Quill", "© 20245 Ada Quill", "Copyright Ada Quill", "(d) Ada Quill"]
        {
            assert!(read(text, copyrighted).is_empty(), "{text}");
        }
    }

    #[test]
    fn titles_name_people() {
        for title in [
            "# Ada Quill",
            "Ada Quill, PhD",
            "**Résumé of Ada Quill**",
            "CV — Ada Quill",
            "cv: Ada Quill",
            "Lebenslauf von Ada Quill",
            "Ada Quill - Engineer",
            "Ada Quill's page",
            "Ada Quill\t(she)",
        ] {
            assert_eq!(title_name(title), Some("Ada Quill"), "{title}");
        }
        for title in ["", "#", "Ada", "résumé", "cvAda"] {
            assert_eq!(title_name(title), None, "{title}");
        }
        assert_eq!(title_name("# Ada Quill-Bell"), Some("Ada Quill-Bell"));
    }
}
