//! Whose documents these are: names and user names told by the documents themselves.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::recognizer::{compile, name};
use super::scan;
use super::span::Entity;
use crate::document::{BlockKind, Document};

/// How many blocks count as the top of a document, where contact details stand.
const TOP: usize = 14;

/// How many bytes may follow a signature: a footer or a postscript.
const SIGNED_OFF: usize = 200;

/// The names a document gives its author: its title when it is a résumé, `Name:` and `Author:` near the top, and
/// signatures.
///
/// A title such as `Cold Water` has the shape of a name too, so a title counts only where contact details follow or
/// the headings or the file name are those of a résumé.
#[must_use]
pub fn learn_names(document: &Document) -> Vec<String> {
    let text = document.expose_text();
    let mut names = Vec::new();
    let mut keep = |name: &str| {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    };
    let resume = is_resume(document);
    let title = document.blocks().iter().find(|block| block.kind == BlockKind::Heading { level: 1 });
    if let Some(found) = title.filter(|_| resume).and_then(|block| text.get(block.span.clone())).and_then(title_name) {
        keep(found);
    }
    // Plain text has no headings: there the name is the first line.
    let first = text.lines().find(|line| !line.trim().is_empty());
    if let Some(found) = first.filter(|_| resume && title.is_none()).and_then(title_name) {
        keep(found);
    }
    for block in document.blocks().iter().take(TOP) {
        for line in text.get(block.span.clone()).unwrap_or_default().lines() {
            if let Some(found) =
                LABELLED.captures(line).and_then(|found| found.get(1)).filter(|found| name::is_name(found.as_str()))
            {
                keep(found.as_str());
            }
        }
    }
    for (pattern, last) in [(&*DASHED, true), (&*CLOSING, false), (&*COPYRIGHT, false)] {
        for found in pattern.captures_iter(text).filter_map(|found| found.get(1)) {
            // A dash begins list items too; a signature ends a text, give or take a line.
            let ends = !last || text[found.end()..].trim().len() <= SIGNED_OFF;
            if ends && (name::is_name(found.as_str()) || name::is_first_name(found.as_str())) {
                keep(found.as_str());
            }
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

fn is_resume(document: &Document) -> bool {
    let text = document.expose_text();
    let top =
        document.blocks().get(..TOP).unwrap_or(document.blocks()).last().map_or(text.len(), |block| block.span.end);
    let contact = |entity| {
        matches!(entity, Entity::Email | Entity::Phone | Entity::Handle | Entity::Address | Entity::DateOfBirth)
    };
    FILE.is_match(document.name())
        || SECTION.find_iter(text).count() > 1
        || text.get(..top).is_some_and(|top| top.len() < 4_000 && scan(top).iter().any(|span| contact(span.entity)))
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
    (name::is_name(title)).then_some(title)
}

/// User names in profile addresses and after platform labels: `zmorvaille` in `github.com/zmorvaille`.
pub(super) fn learn_user_names(text: &str) -> BTreeSet<String> {
    static PROFILE: LazyLock<Regex> = LazyLock::new(|| {
        compile(
            r"(?i)\b(?:linkedin\.com/(?:in|pub)/|(?:github|gitlab|twitter|x|instagram|facebook|behance|dribbble|kaggle|bitbucket|keybase|codeberg|soundcloud|twitch|patreon|mastodon)\.(?:com|org|net|io|social|tv)/@?|t\.me/|stackoverflow\.com/users/\d+/|[a-z]*\.?medium\.com/@|youtube\.com/@|bsky\.app/profile/)([\p{L}\p{N}_-][\p{L}\p{N}_.-]*)",
        )
    });
    static OWN: &[&str] = &[
        "about",
        "blog",
        "home",
        "search",
        "explore",
        "features",
        "login",
        "share",
        "orgs",
        "rust-lang",
        "topics",
        "intent",
        "status",
        "watch",
        "groups",
        "company",
    ];
    let profiles = PROFILE
        .captures_iter(text)
        .filter_map(|found| Some(found.get(1)?.as_str().trim_end_matches('.').to_lowercase()));
    let handles = scan(text)
        .into_iter()
        .filter(|span| span.entity == Entity::Handle)
        .map(|span| text[span.range].trim_start_matches('@').to_lowercase());
    profiles.chain(handles).filter(|user| !OWN.contains(&user.as_str())).collect()
}
