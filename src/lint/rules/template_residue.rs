//! SCH006: what a template or a chat format left behind.

use super::pattern;
use super::prelude::*;
use crate::dataset::Shape;
use crate::lint::mention::in_code;
use regex::Regex;
use std::sync::LazyLock;

/// Flags unfilled template slots, chat control tokens and placeholder words.
pub(in crate::lint) struct TemplateResidue;

static META: Meta = Meta {
    code: "SCH006",
    name: "template-residue",
    severity: Severity::Error,
    fix: None,
    kinds: &Kind::ALL,
    summary: "A field holds an unfilled template slot, a chat control token or a placeholder word",
    explanation: "
## Why it matters
The student learns to write the slot. A control token in the text can end a turn in the middle of an answer.

## Example
`Answer the question about {{ passage }}.`, `Sure.<|im_end|>`, or a whole context of `N/A`.
`{name}` counts where nothing around it looks like code. The same words in backticks are taken to be a quotation, and
masked values such as `[PERSON_1]` are meant to stay. In a file of one column `text` chat tokens are the format.

## How to fix
Mend the prompt template and generate the rows again. An absent context is written as an empty string.
",
};

/// Slots of double braces with a plain name in them; `{{ .Values.x }}` and `${{ secrets.x }}` belong to other tools.
const JINJA: &str = r"(?P<dollar>\$)?(?:\{\{-?[ \t\n]*[A-Za-z_][0-9A-Za-z_.| ]*-?\}\}|\{%-?[ \t\n]*(?:if|for|endif|endfor|else|set|include)(?-u:\b)[^%]*%\})";
/// Slots of single braces, only with names that generators use: braces are ordinary in routes and code.
const SLOT: &str = r"(?i)(?P<before>[/$#0-9A-Z_.:\x22'^}\\-])?\{ ?(?:instruction|context|response|thought|prompt|chosen|rejected|passage|question|answer|document|excerpt|persona|topic|source_text|input_text|user_input|output|(?P<plain>(?:user_?|first_?|last_?|full_?|your_?|company_?|product_?|customer_?|author_?)?name|user|input|text|query|company|product|role|job_title|language|subject|style|tone|audience|date|city|country|examples?|num_[a-z]{1,12}|n_[a-z]{1,12}|max_words|count)) ?\}";
/// Control tokens of the common chat formats.
const CHAT: &str = r"<\|[a-zA-Z][a-zA-Z0-9_]{1,30}\|>|<｜[A-Za-z_▁]{2,40}｜>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|\[(?:BOS|EOS|PAD|CLS|SEP)\]|^[ \t\n]*<s>|</s>";
/// Slots in words: `[insert name here]`, `<your answer>`; a link has its address right after.
const BLANK: &str =
    r"(?i)\[(?:insert|enter your|fill in|your) [ -Z^_a-~]{1,40}\](?P<before>\()?|<(?:insert|your) [a-z ]{1,40}>";
/// Values that stand for no value.
const WORDS: [&str; 12] =
    ["null", "none", "nil", "nan", "n/a", "undefined", "todo", "tbd", "fixme", "string", "placeholder", "..."];
/// Bytes of the longest of them.
const LONGEST: usize = 11;

impl Rule for TemplateResidue {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, _settings: &'a LintSettings, _cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Residue)
    }
}

/// Each pattern with what it finds. Most datasets have no braces at all, so they are compiled when one is met.
static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let kinds = [
        (JINJA, "an unfilled template slot"),
        (SLOT, "an unfilled template slot"),
        (CHAT, TOKEN),
        (BLANK, "a blank to be filled in"),
    ];
    kinds.into_iter().filter_map(|(source, what)| Some((pattern(source)?, what))).collect()
});

/// What [`CHAT`] finds.
const TOKEN: &str = "a chat control token";

struct Residue;

/// The first slot or token that is used and not mentioned.
fn find(text: &str, templated: bool) -> Option<(std::ops::Range<usize>, &'static str)> {
    memchr::memchr3(b'{', b'[', b'<', text.as_bytes())?;
    let patterns = PATTERNS.iter().filter(|(_, what)| !(templated && *what == TOKEN));
    patterns.flat_map(|(pattern, what)| pattern.captures_iter(text).map(move |hit| (hit, what))).find_map(
        |(hit, what)| {
            let whole = hit.get(0)?;
            let foreign = hit.name("dollar").is_some()
                || hit.name("before").is_some()
                || (hit.name("plain").is_some() && code(line(text, whole.start())));
            let used = !foreign && !in_code(text, whole.start()) && !strike(text, whole.range());
            used.then(|| (whole.range(), *what))
        },
    )
}

/// Whether somebody asked for a text with slots in it.
fn wants_template(row: &View<'_>) -> bool {
    row.prompt().is_some_and(|prompt| {
        let asked = prompt.text.to_ascii_lowercase();
        ["template", "placeholder", "format string", "f-string"].iter().any(|word| asked.contains(word))
    })
}

/// Whether a whole text stands for no text.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    let filler = text.get(..LONGEST).is_some_and(|head| head.eq_ignore_ascii_case("lorem ipsum"));
    filler || (text.len() <= LONGEST && WORDS.contains(&text.to_lowercase().as_str()))
}

/// The line around a byte.
fn line(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    &text[start..end]
}

/// Whether a line looks like code, in which braces are what they are.
fn code(line: &str) -> bool {
    let signs =
        ["f\"", "f'", "(\"", "('", "=", "=>", "->", "::", "();", "return ", "import ", "http", "$", "\\", "}}", "{{"];
    signs.iter().any(|sign| line.contains(sign)) || line.trim_end().ends_with([';', '{', '}']) && line.contains('(')
}

/// Whether `<s>` and `</s>` are a pair: struck-out text in HTML, not the ends of a sequence.
fn strike(text: &str, hit: std::ops::Range<usize>) -> bool {
    match &text[hit.clone()] {
        "</s>" => text[..hit.start].contains("<s>") && !text.trim_start().starts_with("<s>"),
        _ => false,
    }
}

impl Check for Residue {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        // A column of whole conversations is written in the tokens of its template.
        let templated = row.table.layout.as_ref().is_some_and(|layout| layout.shape == Shape::Text);
        for text in row.texts() {
            if let Some((range, what)) = find(text.text, templated) {
                if what != TOKEN && text.role != Role::Prompt && wants_template(row) {
                    continue;
                }
                out.mark(row.finding_in(&META, text, format!("`{}` holds {what}", text.name)), text.text, range);
            }
        }
        for text in row.trained() {
            if is_placeholder(text.text) {
                let finding = row.finding_in(&META, text, format!("`{}` is a placeholder word", text.name));
                out.mark(finding, text.text, 0..text.text.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_and_tokens_but_not_their_mention() {
        let settings = LintSettings::default();
        let check = |text: &str, expected: usize| {
            let mut check = TemplateResidue.start(&settings, &Context::default());
            let out = crate::lint::tests::findings(check.as_mut(), Kind::Cot, &[("thought", text)]);
            assert_eq!(out.len(), expected, "{text}");
        };
        check("about {{ passage }} here", 1);
        check("{% if context %}yes", 1);
        check("about {question}", 1);
        check("fine.<|eot_id|>", 1);
        check("fine.</s>", 1);
        check("<s>fine</s>", 1);
        check("[INST] hello", 1);
        check("Dear [insert name],", 1);
        check("Hi [your name], hello", 1);
        check("TODO", 1);
        check("the chart reads {{ .Values.image }}", 0);
        check("the step uses ${{ secrets.token }}", 0);
        check("the route is /users/{id} and /q/{question}", 0);
        check("write `{{ passage }}` there", 0);
        check("the token `<|im_start|>` opens a turn", 0);
        check("it was <s>slow</s> fine", 0);
        check("[PERSON_1] called [ORG_2] about item [1]", 0);
        check("see [your guide](guide.md) and [Add a pump]", 0);
        check("None of them worked.", 0);
        check("Dear {name}, the rope is here.", 1);
        check("Write {num_questions} questions about {company}.", 1);
        check("fine.<｜end▁of▁sentence｜>", 1);
        check("fine.<eos>", 1);
        check("[PAD] fine [PAD]", 1);
        check("print(f\"hello {name}\")", 0);
        check("let line = format!(\"hello {name}\");", 0);
        check("the route is /users/{name}, the set is {text}\\}", 0);
        check("\\frac{text}{count}", 0);
        check("a set {a, b} and {x}", 0);
        check("https://example.com/?q={query}", 0);
        check("n/a", 1);
        check("lorem ipsum dolor sit amet", 1);
        check("if a < b | c > d then", 0);
    }
}
