//! TXT003: white space and code points that are not in the usual form.

use std::ops::Range;
use std::sync::Arc;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::prelude::*;
use crate::dataset::Shape;
use crate::lint::text::invisible;

/// Flags text that is not in composed form, Windows line ends, hard spaces, outer space and runs of empty lines.
pub(in crate::lint) struct UntidyText;

static META: Meta = Meta {
    code: "TXT003",
    name: "untidy-text",
    severity: Severity::Info,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A text is not NFC, or has Windows line ends, hard spaces, outer space or several empty lines",
    explanation: "
## Why it matters
The same words in another form are other tokens. A student that sees both learns neither well, and one that sees a space
before every answer begins its own with a space.

## Example
`cafe\\u0301` for `café`, `\\r\\n`, `New\\u00a0York`, `\"response\": \" Two of them.\"`, three line feeds in a row.
Hard spaces stay where typography wants them: before `; : ! ? » %` and dashes, after `«`, beside a number or a unit
(`5 km`, `12 000`, `§ 5`) and after a single letter (`J. Smith`, `v Praze`).
Empty lines stay inside fenced code and before the next function; an indented first line stays where others are indented.
The space between a prompt and its continuation (`The sky is` and ` blue.`) stays where a file is made of such pairs.
A text of nothing but space is `empty-field`.

## How to fix
The fix composes, turns line ends and hard spaces into plain ones, and trims.
",
};

impl Rule for UntidyText {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Tidy)
    }
}

struct Tidy;

impl Check for Tidy {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        for text in row.texts() {
            let Some(dirt) = untidy(text.text) else { continue };
            if text.text.chars().all(|c| c.is_whitespace() || invisible(c)) {
                continue;
            }
            let keep = joint(row, text);
            let Some((what, range)) = dirt.describe(text.text, keep) else { continue };
            let message = format!("`{}` has {what}", text.name);
            let edit = Edit::Rewrite(text.name.to_string(), Arc::new(move |text: &str| tidied(text, keep)));
            out.mark(row.finding_in(&META, text, message).safe(edit), text.text, range);
        }
    }
}

/// Which outer space joins a text to its neighbour: at the start, at the end.
fn joint(row: &View<'_>, text: &Text<'_>) -> (bool, bool) {
    let Some(layout) = row.table.layout.as_ref().filter(|_| !text.name.contains('[')) else { return (false, false) };
    let spaced = |text: &Text<'_>| text.text.starts_with(' ') && !text.text.starts_with("  ");
    let continues = match (layout.shape, layout.kind) {
        (Shape::PromptCompletion | Shape::Preference | Shape::ImplicitPreference, _) => true,
        (Shape::Native, Kind::Preference) => row.pair().is_some_and(|(a, b)| spaced(a) && spaced(b)),
        _ => false,
    };
    let side = matches!(text.role, Role::Answer | Role::Chosen | Role::Rejected);
    (continues && side && spaced(text), continues && text.role == Role::Prompt && layout.shape != Shape::Native)
}

/// What may be wrong with a text; most have nothing.
#[derive(Clone, Copy, Default)]
struct Dirt {
    decomposed: bool,
    returns: bool,
    hard: bool,
    outer: bool,
    lines: bool,
}

/// A quick look; `None` when nothing can be wrong.
fn untidy(text: &str) -> Option<Dirt> {
    let (mut returns, mut feeds) = (false, 0_usize);
    for b in text.bytes() {
        returns |= b == b'\r';
        feeds += usize::from(b == b'\n');
    }
    let ascii = text.is_ascii();
    let dirt = Dirt {
        decomposed: !ascii && !is_nfc(text),
        returns: returns && text.contains("\r\n"),
        hard: !ascii && text.contains(['\u{a0}', '\u{202f}']),
        outer: text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace),
        lines: feeds >= 3,
    };
    (dirt.decomposed || dirt.returns || dirt.hard || dirt.outer || dirt.lines).then_some(dirt)
}

impl Dirt {
    /// In words, with the first place; `None` when a closer look finds nothing.
    fn describe(self, text: &str, keep: (bool, bool)) -> Option<(String, Range<usize>)> {
        let mut found: Vec<(&str, Range<usize>)> = vec![];
        if self.decomposed {
            let mut buffer = [0; 4];
            let at = text.char_indices().find(|(_, c)| !is_nfc(c.encode_utf8(&mut buffer)));
            let mark = at.or_else(|| {
                text.char_indices().find(|(_, c)| unicode_normalization::char::canonical_combining_class(*c) > 0)
            });
            let (at, length) = mark.map_or((0, 0), |(at, c)| (at, c.len_utf8()));
            found.push(("characters that are not composed (NFC)", at..at + length));
        }
        if self.returns
            && let Some(at) = text.find("\r\n")
        {
            found.push(("Windows line ends", at..at + 2));
        }
        if self.hard
            && let Some(range) = hard_spaces(text).next()
        {
            found.push(("hard spaces between words", range));
        }
        if self.outer {
            let kept = trimmed(text, keep);
            if kept.start > 0 {
                found.push(("space before the first word", 0..kept.start));
            } else if kept.end < text.len() {
                found.push(("space after the last word", kept.end..text.len()));
            }
        }
        if self.lines
            && let Some(range) = empty_lines(text).into_iter().next()
        {
            found.push(("several empty lines in a row", range));
        }
        let range = found.first()?.1.clone();
        let names: Vec<&str> = found.into_iter().map(|(name, _)| name).collect();
        Some((names.join(", "), range))
    }
}

/// The text in its usual form; `None` when it is already.
fn tidied(text: &str, keep: (bool, bool)) -> Option<String> {
    let mut out = text.replace("\r\n", "\n");
    if !is_nfc(&out) {
        out = out.nfc().collect();
    }
    let spaces: Vec<Range<usize>> = hard_spaces(&out).collect();
    for range in spaces.into_iter().rev() {
        out.replace_range(range, " ");
    }
    for range in empty_lines(&out).into_iter().rev() {
        out.replace_range(range, "\n\n");
    }
    let kept = trimmed(&out, keep);
    let out = out[kept].to_owned();
    (out != text).then_some(out)
}

/// What remains when outer space goes: all of it, but for a joint and for indentation that is one of several.
fn trimmed(text: &str, keep: (bool, bool)) -> Range<usize> {
    let mut start = text.len() - text.trim_start().len();
    let mut end = text.trim_end().len();
    if keep.0 {
        start = 0;
    } else if start > 0 && end > start {
        // Empty lines go; what stands before the first word on its own line may be the indentation of a block.
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let indented = |line: &str| line.starts_with([' ', '\t']) && !line.trim().is_empty();
        if line < start && text[start..end].lines().skip(1).any(indented) {
            start = line;
        }
    }
    if keep.1 && text[end..].chars().all(|c| c == ' ') {
        end = text.len();
    }
    start.min(end)..end
}

/// Hard spaces that typography does not ask for.
fn hard_spaces(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.char_indices().filter(|(_, c)| matches!(c, '\u{a0}' | '\u{202f}')).filter_map(|(at, c)| {
        let end = at + c.len_utf8();
        (!typographic(&text[..at], &text[end..])).then_some(at..end)
    })
}

/// Whether a hard space between these is good typography.
fn typographic(before: &str, after: &str) -> bool {
    let (Some(left), Some(right)) = (before.chars().next_back(), after.chars().next()) else { return false };
    if left.is_whitespace() || right.is_whitespace() {
        return false;
    }
    if matches!(right, ';' | ':' | '!' | '?' | '»' | '›' | '%' | '‰' | '°' | '–' | '—' | '€' | '$' | '£')
        || matches!(left, '«' | '‹' | '–' | '—' | '§' | '№' | '$' | '€' | '£')
        || left.is_numeric()
        || right.is_numeric()
    {
        return true;
    }
    // Suffixes in Mongolian are set off by narrow spaces.
    if matches!(right, '\u{1800}'..='\u{18af}') {
        return true;
    }
    // A single letter, as an initial or a preposition, should not end a line.
    let mut back = before.chars().rev();
    let letter = match back.next() {
        Some('.') => back.next(),
        other => other,
    };
    letter.is_some_and(char::is_alphabetic) && back.next().is_none_or(|c| !c.is_alphanumeric())
}

/// Runs of two and more empty lines, from the first line feed to the last, outside code.
fn empty_lines(text: &str) -> Vec<Range<usize>> {
    let mut out = vec![];
    let mut fenced = false;
    let (mut at, mut last) = (0, "");
    // Where the line before the run ends, and how many empty lines the run has.
    let mut run: Option<(usize, usize)> = None;
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        if words.is_empty() {
            if line.ends_with('\n') {
                match &mut run {
                    Some((_, count)) => *count += 1,
                    None => run = Some((at, 1)),
                }
            }
        } else {
            if let Some((start, count)) = run.take()
                && count >= 2
                && start > 0
                && !fenced
                && !code(last, line)
            {
                out.push(text[..start].trim_end().len()..at);
            }
            if words.starts_with("```") || words.starts_with("~~~") {
                fenced = !fenced;
            }
            last = line;
        }
        at += line.len();
    }
    out
}

/// Whether empty lines between these two are the space between functions.
fn code(before: &str, after: &str) -> bool {
    let indented = before.starts_with([' ', '\t']) || after.starts_with([' ', '\t']);
    let opens =
        ["def ", "class ", "async def ", "@", "if __name__", "import ", "from ", "fn ", "func ", "//", "/*", "}"];
    indented || opens.iter().any(|open| after.starts_with(open)) || before.trim_end().ends_with(['{', '}', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_with(keep: (bool, bool), text: &str, expected: &str) {
        let got = tidied(text, keep);
        assert_eq!(got.as_deref().unwrap_or(text), expected, "{text:?}");
        assert_eq!(tidied(expected, keep), None, "{expected:?}");
        let found = untidy(text).and_then(|dirt| dirt.describe(text, keep));
        assert_eq!(found.is_some(), text != expected, "{text:?} {found:?}");
    }

    #[test]
    fn form_is_mended_and_meaning_is_kept() {
        let check = |text: &str, expected: &str| check_with((false, false), text, expected);
        check("cafe\u{301} ole\u{301}", "café olé");
        check("5 k\u{2126}", "5 kΩ");
        check("one\r\ntwo\r\n", "one\ntwo");
        check("New\u{a0}York", "New York");
        check("New\u{202f}York", "New York");
        check("hard\u{a0}\u{a0}run", "hard  run");
        check(" \u{a0}outer\u{a0} ", "outer");
        check("\n\n  one line\n", "one line");
        check("a\n\n\nb", "a\n\nb");
        check("a\n \n\t\n\nb\n\n\n\nc", "a\n\nb\n\nc");
        check("a\r\n\r\n\r\nb", "a\n\nb");
        check("il\u{a0}e\u{301}tait", "il était");
        // Good typography.
        for text in [
            "Où était-ce\u{a0}? À «\u{a0}Paris\u{a0}», voilà\u{202f}!",
            "About 5\u{a0}km, 12\u{202f}000\u{a0}€, §\u{a0}5, Fig.\u{a0}3 and 4\u{a0}°C",
            "J.\u{a0}Smith, z.\u{a0}B. v\u{a0}Praze — слово\u{a0}— это",
            "two\n\nparagraphs\n",
        ] {
            check(text, text.trim_end());
        }
        // Code.
        let fenced = "Use\n```python\na = 1\n\n\nb = 2\n```\nnow";
        check(fenced, fenced);
        let bare = "def a():\n    return 1\n\n\ndef b():\n    return 2";
        check(bare, bare);
        let block = "    if x:\n        return 1\n    return 2";
        check(block, block);
        check("\n\n    if x:\n        return 1", "    if x:\n        return 1");
        check("plain words, no defect: 你好 😀", "plain words, no defect: 你好 😀");
    }

    #[test]
    fn the_joint_of_a_continuation_stays() {
        check_with((true, false), " blue.", " blue.");
        check_with((true, false), " blue. ", " blue.");
        check_with((false, true), "The sky is ", "The sky is ");
        check_with((false, true), "The sky is \n", "The sky is");
    }
}
