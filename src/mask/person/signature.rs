//! Whose document this is: the names a document gives its author.

use std::sync::LazyLock;

use regex::Regex;

use super::position;
use crate::mask::page::{Cues, Line, Page};
use crate::mask::recognizer::compile;
use crate::mask::span::{Entity, Span};

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
        let found = LABELLED.captures(line).and_then(|found| found.get(1));
        if let Some(found) = found.filter(|found| position::is_name(found.as_str())) {
            keep(found.as_str());
        }
    }
    let short = |line: &Line| line.end - line.start < 60;
    let dashed = |line: &Line| short(line) && (line.cues.has(Cues::DASH) || line.cues.has(Cues::WIDE));
    let signed = page.captures(&DASHED, 0, dashed).map(|found| (found, true));
    let signed = signed.chain(page.captures(&CLOSING, 2, short).map(|found| (found, false)));
    let marked = |line: &Line| line.cues.has(Cues::BRACKET) || line.cues.has(Cues::WIDE) || line.cues.has(Cues::DIGIT);
    let signed = signed.chain(page.captures(&COPYRIGHT, 0, marked).map(|found| (found, false)));
    for (found, last) in signed {
        let Some(found) = found.get(1) else { continue };
        // A dash begins list items too; a signature ends a text, give or take a line.
        let ends = !last || text[found.end()..].trim().len() <= SIGNED_OFF;
        if ends && (position::is_name(found.as_str()) || position::is_first_name(found.as_str())) {
            keep(found.as_str());
        }
    }
    names
}

/// `- **Name:** Ada Quill`, `Author: Ada Quill`, `by Ada Quill`.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?i)^[\s>*_#-]*(?:(?:full |my |legal )?name|author|written by|by|nom|nombre|nome|vor- und nachname|vollständiger name|naam)[*_]*[ \t]*[:=|]?[*_]*[ \t]*[:|]?[ \t]*["']?([^\n,<(|"@]{3,60}?)["'*_.]*[ \t]*(?:[,<(|@].*)?$"#,
    )
});

/// `-- Zdenka` on a line of its own.
static DASHED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?m)^[ \t]*(?:-{2,3}|[–—]{1,2}|\\-\\-|~)[ \t]*([\p{Lu}][\p{L}\p{M}'’.-]*(?:[ \t]+[\p{L}\p{M}'’.-]+){0,3})[ \t]*$",
    )
});

/// `Best,` and the name on the next line.
static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?mi)^[ \t]*(?:best(?: regards| wishes)?|(?:kind |warm |many )?regards|cheers|sincerely|yours(?: sincerely| truly| faithfully)?|thanks|thank you|many thanks|all the best|mit freundlichen grüßen|viele grüße|liebe grüße|cordialement|bien à vous|saludos|un saludo|atentamente|cordiali saluti|met vriendelijke groet|pozdrawiam)[,.!]?[ \t]*\n\s*((?-i:\p{Lu})[\p{L}\p{M}'’.-]*(?:[ \t]+[\p{L}\p{M}'’.-]+){0,3})[ \t]*$",
    )
});

/// `© 2024 Ada Quill`.
static COPYRIGHT: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:©|\(c\)|copyright)[ \t]*(?:©[ \t]*)?(?:\d{4}(?:[-–]\d{2,4})?[ \t,]*)?(?:by[ \t]+)?((?-i:\p{Lu})[\p{L}\p{M}'’-]+(?:[ \t]+(?-i:\p{Lu})[\p{L}\p{M}'’.-]*){1,2})",
    )
});

static SECTION: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?mi)^[#*_ \t]*(?:(?:work |professional |relevant )?experience|employment(?: history)?|education|skills|curriculum vitae|résumé|resume|berufserfahrung|ausbildung|kenntnisse|lebenslauf|formation|expérience(?: professionnelle)?|compétences|experiencia(?: laboral)?|educación|formación|esperienza|istruzione)[*_: \t]*$",
    )
});

static FILE: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:^|[^a-z])(?:resume|résumé|cv|vita|vitae|profile|about|bio|contact|linkedin|lebenslauf|curriculum)(?:[^a-z]|$)",
    )
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
    let section = |line: &&Line| line.end - line.start < 48 && SECTION.is_match(&text[line.start..line.end]);
    FILE.is_match(name) || patterns.iter().any(contact) || page.lines().iter().filter(section).nth(1).is_some()
}

/// The name in a title: `# Ada Quill`, `# Ada Quill, PhD`, `# Résumé of Ada Quill`, `# Ada Quill - Engineer`.
fn title_name(title: &str) -> Option<&str> {
    static LEAD: LazyLock<Regex> = LazyLock::new(|| {
        compile(
            r"(?i)^[#*_\s]*(?:(?:résumé|resume|curriculum vitae|cv|lebenslauf)(?:[ \t]+(?:of|von|de)[ \t]+|[ \t]*[:–—|-][ \t]*))?",
        )
    });
    static TAIL: LazyLock<Regex> = LazyLock::new(|| compile(r"[ \t]*(?:[,|(•·/:]|[ \t][-–—][ \t]|['’]s[ \t]).*$"));
    let title = title.trim().lines().next()?;
    let title = title.get(LEAD.find(title)?.end()..)?;
    let title = title
        .get(..TAIL.find(title).map_or(title.len(), |tail| tail.start()))?
        .trim_matches([' ', '*', '_', '#', '\t']);
    (position::is_name(title)).then_some(title)
}
