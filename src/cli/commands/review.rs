//! `distill mask --review`: a person decides about the doubtful finds, and the settings remember it.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::ops::Range;
use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, TableLike, Value};

use crate::cli::lines::{self, Next};
use crate::cli::{Global, Printer};
use crate::document::Document;
use crate::mask::{Entity, Masker, Span};
use crate::settings::{Persona, Workspace};
use crate::{Error, ExitKind, edge};

/// What is missed by less than this is shown too: finds are masked from 0.5 on.
const NEAR: f32 = 0.35;
/// Characters shown on either side of a value.
const AROUND: usize = 50;
/// Characters shown of a value.
const SHOWN: usize = 120;

/// One value that is to be decided about.
struct Doubt {
    entity: Entity,
    value: String,
    /// The lowest of its finds.
    score: f32,
    why: String,
    /// Whether it stays readable as things are.
    near: bool,
    times: usize,
    /// Where it was met first: the place, and the words around it.
    place: String,
    context: String,
}

/// What was decided.
#[derive(Default)]
struct Decisions {
    allow: Vec<String>,
    deny: Vec<String>,
}

#[derive(Clone, Copy)]
enum Answer {
    Mask,
    Keep,
    Skip,
    All,
    Quit,
}

impl Answer {
    /// By its first letter; nothing typed is `skip`.
    fn read(line: &str) -> Option<Self> {
        match line.trim().to_lowercase().chars().next() {
            None | Some('s') => Some(Self::Skip),
            Some('m') => Some(Self::Mask),
            Some('k') => Some(Self::Keep),
            Some('a') => Some(Self::All),
            Some('q') => Some(Self::Quit),
            Some(_) => None,
        }
    }
}

/// Asks about everything below `below`, and writes what was decided.
pub(super) fn run(
    documents: &[Document],
    persona: &Persona,
    below: f32,
    global: &Global,
    printer: &Printer,
) -> Result<ExitKind, Error> {
    let doubts = doubts(documents, &Masker::new(persona.policy(), documents), below);
    if doubts.is_empty() {
        printer.talk(&format!("no find has a score below {below}"));
        return Ok(ExitKind::Success);
    }
    let decisions = ask(&doubts, printer)?;
    let (allowed, denied) = (decisions.allow.len(), decisions.deny.len());
    if allowed + denied == 0 {
        printer.talk("nothing was decided");
        return Ok(ExitKind::Success);
    }
    if Workspace::is_at(&global.directory) {
        let path = global.directory.join(Workspace::FILE);
        save(&path, &decisions)?;
        printer.talk(&format!("{}: {allowed} texts allowed, {denied} denied", path.display()));
    } else {
        printer.talk("there is no workspace to write to; put these lines into its distill.toml:");
        let mut lines = DocumentMut::new();
        edit(&mut lines, &decisions).map_err(Error::new)?;
        printer.data(&lines.to_string())?;
    }
    Ok(ExitKind::Success)
}

/// The doubtful finds by value: masked ones first, then those that were nearly found; by kind, the least sure first.
fn doubts(documents: &[Document], masker: &Masker, below: f32) -> Vec<Doubt> {
    let mut by_value: BTreeMap<(bool, Entity, String), Doubt> = BTreeMap::new();
    for document in documents {
        let text = document.expose_text();
        let found = masker.detect(text).into_iter().filter(|span| span.score < below).map(|span| (span, false));
        let near = masker.near_misses(text, NEAR).into_iter().map(|span| (span, true));
        for (span, near) in found.chain(near) {
            let value = &text[span.range.clone()];
            let why = || format!("{} ({})", span.layer.name(), span.rule);
            let doubt = by_value.entry((near, span.entity, value.to_lowercase())).or_insert_with(|| {
                let (place, context) = context(document, &span);
                Doubt {
                    entity: span.entity,
                    value: value.to_owned(),
                    score: span.score,
                    why: why(),
                    near,
                    times: 0,
                    place,
                    context,
                }
            });
            doubt.times += 1;
            if span.score < doubt.score {
                doubt.score = span.score;
                doubt.why = why();
            }
        }
    }
    let mut doubts: Vec<Doubt> = by_value.into_values().collect();
    doubts.sort_by(|a, b| (a.near, a.entity).cmp(&(b.near, b.entity)).then(a.score.total_cmp(&b.score)));
    doubts
}

/// `resume.md:14`, and the line with the value between marks.
fn context(document: &Document, span: &Span) -> (String, String) {
    let (text, Range { start, end }) = (document.expose_text(), span.range.clone());
    let number = 1 + text[..start].matches('\n').count();
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let rest = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let before: Vec<char> = text[line..start].chars().rev().take(AROUND).collect();
    let before: String = before.into_iter().rev().collect();
    let after: String = text[end..rest].chars().take(AROUND).collect();
    let value = shown(&text[start..end]);
    (format!("{}:{number}", document.name()), format!("{}»{value}«{}", visible(&before), visible(&after)))
}

fn shown(value: &str) -> String {
    let head: String = value.chars().take(SHOWN).collect();
    visible(&head) + if head.len() < value.len() { "…" } else { "" }
}

/// Nothing in a document may steer the terminal.
fn visible(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '·' } else { c }).collect()
}

fn ask(doubts: &[Doubt], printer: &Printer) -> Result<Decisions, Error> {
    let mut decisions = Decisions::default();
    let lines = lines::lines();
    let mut answered = 0;
    // Kinds that were answered for as a whole.
    let mut all: Vec<(bool, Entity)> = Vec::new();
    for (index, doubt) in doubts.iter().enumerate() {
        if all.contains(&(doubt.near, doubt.entity)) {
            decisions.deny.push(denied(doubt));
            continue;
        }
        printer.ask(&question(doubt, index + 1, doubts.len()));
        let answer = loop {
            printer.ask("  mask, keep, skip, all of this kind (mask), quit [m/k/s/a/q] > ");
            let line = match lines::next(&lines) {
                Next::Some(line) => line,
                Next::End => break None,
                // What was answered is kept, as with `q`.
                Next::Stopped => {
                    printer.ask("\n");
                    break Some(Answer::Quit);
                }
            };
            let line = line.map_err(|e| Error::new(format!("standard input: {e}")))?;
            answered += 1;
            match Answer::read(&line) {
                Some(answer) => break Some(answer),
                None => printer.ask("  that is none of them\n"),
            }
        };
        match answer {
            Some(Answer::Mask) => decisions.deny.push(denied(doubt)),
            Some(Answer::Keep) => decisions.allow.push(doubt.value.clone()),
            Some(Answer::All) => {
                decisions.deny.push(denied(doubt));
                all.push((doubt.near, doubt.entity));
            }
            Some(Answer::Skip) => {}
            Some(Answer::Quit) => break,
            None if answered == 0 && !std::io::stdin().is_terminal() => {
                printer.ask("\n");
                return Err(Error::new("there is nobody to ask: standard input is no terminal and has no answers").hint(
                    "run it in a terminal, or pipe one letter a line: m mask, k keep, s skip, a mask all of the kind, q quit",
                ));
            }
            None => {
                printer.ask(&format!("\nthe answers end here; {} were not decided\n", doubts.len() - index));
                break;
            }
        }
    }
    Ok(decisions)
}

fn question(doubt: &Doubt, number: usize, of: usize) -> String {
    let state = if doubt.near { "not masked" } else { "masked" };
    let times = if doubt.times > 1 { format!(", {} times", doubt.times) } else { String::new() };
    format!(
        "\n{number}/{of}  {} {:.2}, {state}{times}: {}\n  {}\n  {}: {}\n",
        doubt.entity.name().replace('_', " "),
        doubt.score,
        shown(&doubt.value),
        doubt.why,
        visible(&doubt.place),
        doubt.context,
    )
}

/// As it stands in the list: a person as it is, any other kind by its name.
fn denied(doubt: &Doubt) -> String {
    match doubt.entity {
        Entity::Person if !doubt.value.contains(':') => doubt.value.clone(),
        entity => format!("{entity}:{}", doubt.value),
    }
}

/// Writes the decisions into a settings file, everything else in it left as it is.
fn save(path: &Path, decisions: &Decisions) -> Result<(), Error> {
    let text = edge::fs::read_text(path)?;
    let mut settings: DocumentMut =
        text.parse().map_err(|e: toml_edit::TomlError| Error::at(path, e.message().to_owned()))?;
    edit(&mut settings, decisions).map_err(|why| Error::at(path, why))?;
    edge::fs::rewrite(path, settings.to_string().as_bytes())
}

fn edit(settings: &mut DocumentMut, decisions: &Decisions) -> Result<(), String> {
    let persona = settings
        .entry("persona")
        .or_insert_with(toml_edit::table)
        .as_table_like_mut()
        .ok_or("`persona` is not a table")?;
    // Who decides anew changes their mind.
    take(persona, "allow", &decisions.deny)?;
    take(persona, "deny", &decisions.allow)?;
    add(persona, "allow", &decisions.allow)?;
    add(persona, "deny", &decisions.deny)
}

fn list<'t>(persona: &'t mut dyn TableLike, key: &str) -> Result<Option<&'t mut Array>, String> {
    match persona.get_mut(key) {
        None => Ok(None),
        Some(item) => item.as_array_mut().map(Some).ok_or_else(|| format!("`persona.{key}` is not a list")),
    }
}

/// The text of a list's entry, its kind aside.
fn bare(text: &str) -> String {
    let named = text.split_once(':').filter(|(kind, _)| kind.trim().parse::<Entity>().is_ok());
    named.map_or(text, |(_, rest)| rest).trim().to_lowercase()
}

fn take(persona: &mut dyn TableLike, key: &str, texts: &[String]) -> Result<(), String> {
    if let Some(list) = list(persona, key)? {
        let texts: Vec<String> = texts.iter().map(|text| bare(text)).collect();
        list.retain(|value| !value.as_str().is_some_and(|value| texts.contains(&bare(value))));
    }
    Ok(())
}

fn add(persona: &mut dyn TableLike, key: &str, texts: &[String]) -> Result<(), String> {
    if texts.is_empty() {
        return Ok(());
    }
    if !persona.contains_key(key) {
        persona.insert(key, Item::Value(Value::Array(Array::new())));
    }
    let Some(list) = list(persona, key)? else { return Ok(()) };
    for text in texts {
        if list.iter().any(|value| value.as_str() == Some(text)) {
            continue;
        }
        // A list with a value a line goes on so.
        let before = list.iter().last().and_then(|value| value.decor().prefix()).and_then(|prefix| prefix.as_str());
        match before
            .filter(|prefix| prefix.contains('\n'))
            .map(|prefix| prefix.rsplit('\n').next().unwrap_or_default().to_owned())
        {
            Some(indent) => list.push_formatted(Value::from(text.as_str()).decorated(format!("\n{indent}"), "")),
            None => list.push(text.as_str()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(before: &str, allow: &[&str], deny: &[&str]) -> String {
        let mut settings: DocumentMut = before.parse().expect("TOML");
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        edit(&mut settings, &Decisions { allow: own(allow), deny: own(deny) }).expect("lists");
        settings.to_string()
    }

    #[test]
    fn a_settings_file_keeps_its_comments_and_its_form() {
        let before = "# mine\n[persona]\nnames = []   # none\nallow = []   # texts\ndeny = [\n  \"a\", # one\n  \"url:b.example\",\n]\n\n[rows]\nqa = 3\n";
        let after = edited(before, &["Gerald"], &["c", "phone:12"]);
        assert_eq!(
            after,
            "# mine\n[persona]\nnames = []   # none\nallow = [\"Gerald\"]   # texts\ndeny = [\n  \"a\", # one\n  \"url:b.example\",\n  \"c\",\n  \"phone:12\",\n]\n\n[rows]\nqa = 3\n"
        );
        assert_eq!(edited(&after, &["Gerald"], &["c"]), after, "twice is once");
        let back = edited(&after, &["B.example"], &["Gerald"]);
        assert!(
            !back.contains("url:b.example") && back.contains("allow = [ \"B.example\"]")
                || back.contains("allow = [\"B.example\"]"),
            "{back}"
        );
        assert!(back.contains("\"phone:12\",\n  \"Gerald\",\n]"), "{back}");
    }

    #[test]
    fn a_file_without_the_lists_gets_them() {
        assert_eq!(edited("", &["a"], &["b"]), "[persona]\nallow = [\"a\"]\ndeny = [\"b\"]\n");
        assert_eq!(edited("persona.allow = [\"x\"]\n", &["a"], &[]), "persona.allow = [\"x\", \"a\"]\n");
        let inline = edited(
            "persona = { names = [\"x\"] }
",
            &["a"],
            &[],
        );
        assert_eq!(
            inline.replace(" ,", ","),
            "persona = { names = [\"x\"], allow = [\"a\"] }
"
        );
        let mut wrong: DocumentMut = "[persona]\nallow = \"x\"\n".parse().expect("TOML");
        assert!(edit(&mut wrong, &Decisions { allow: vec!["a".into()], deny: vec![] }).is_err());
    }

    #[test]
    fn values_cannot_steer_the_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\u{202e}\n"), "a·[2Jb··");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), SHOWN + 1);
    }
}
