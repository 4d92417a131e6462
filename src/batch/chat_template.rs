//! Chat templates, rendered as transformers renders them.
//!
//! Source of the rules: transformers 5.23 `utils/chat_template_utils.py` (trim and lstrip blocks on, loop controls,
//! Python's `json.dumps` behind `tojson`, `raise_exception`, `strftime_now`). The clock is fixed: training,
//! evaluation and export must render the same row to the same tokens on any day.

use std::collections::BTreeMap;

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, Value, context};
use regex::{Captures, Regex};

use crate::prompt::Message;

/// What `date_string` says: the constant that Llama 3.2's own template falls back to. `strftime_now` says the same day
/// in whatever format the template asks for.
const DATE: &str = "26 Jul 2024";

/// A template could not be compiled or rendered.
#[derive(Debug, thiserror::Error)]
#[error("chat template: {0:#}")]
pub struct TemplateFault(#[from] Error);

/// A compiled chat template with the special tokens it may name.
#[derive(Debug)]
pub struct ChatTemplate {
    env: Environment<'static>,
    source: String,
    tokens: BTreeMap<String, String>,
}

/// Steps that rendering may take. A conversation takes thousands; a file that loops would never end.
const FUEL: u64 = 5_000_000;

/// The longest template that is read. Those of real models have at most some 20,000 bytes.
const MOST_BYTES: usize = 64 << 10;
/// Room for parsing it, of which only what is needed becomes memory: about 4 KB for every byte, more than the parser
/// takes for the shortest operators there are.
const STACK_BYTES: usize = 256 << 20;

impl ChatTemplate {
    /// The plain Llama 3 template: BOS, then header, trimmed content and end of turn per message. No date, no forced
    /// system turn, so training and serving agree with no clock involved.
    pub const PLAIN_LLAMA3: &'static str = "{{ bos_token }}{% for message in messages %}{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}";

    /// No roles at all, for a model that was never taught any: the messages one below the other.
    pub const PLAIN_TEXT: &'static str =
        "{{ bos_token }}{% for message in messages %}{{ message['content'] | trim + '\n\n' }}{% endfor %}";

    /// Compiles a template.
    ///
    /// `tokens` holds the named special tokens (`bos_token`, `eos_token`, …) as the template sees them.
    ///
    /// # Errors
    /// The template's syntax.
    pub fn new(source: &str, tokens: BTreeMap<String, String>) -> Result<Self, TemplateFault> {
        // `{% generation %}` only marks spans for masks, which we take from token prefixes instead; what it does to
        // the white space around it stays.
        let tag = Regex::new(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}").map_err(broken)?;
        let source = tag.replace_all(source, |found: &Captures<'_>| {
            let word = if found.get(2).is_some() { "endif" } else { "if true" };
            format!("{{%{} {word} {}%}}", &found[1], &found[3])
        });
        let source = joined_lines(&source);
        let mut env = Environment::new();
        env.set_fuel(Some(FUEL));
        env.set_trim_blocks(true);
        env.set_lstrip_blocks(true);
        env.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        env.add_function("raise_exception", |text: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, text))
        });
        env.add_function("strftime_now", |format: String| strftime(&format));
        // minijinja counts none among the iterable, Python does not: `tools is iterable` asks whether there are any.
        env.add_test("iterable", |value: &Value| !value.is_none() && value.try_iter().is_ok());
        env.add_filter("tojson", to_json);
        compile(&mut env, &source)?;
        Ok(Self { env, source, tokens })
    }

    /// Another template over the same special tokens.
    ///
    /// # Errors
    /// The template's syntax.
    pub fn replaced(&self, source: &str) -> Result<Self, TemplateFault> {
        Self::new(source, self.tokens.clone())
    }

    /// The template's text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders a conversation; `add_generation_prompt` opens the assistant's turn.
    ///
    /// # Errors
    /// What the template raises, for example on roles it does not know.
    pub fn render(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, TemplateFault> {
        let tokens = Value::from_serialize(&self.tokens);
        // transformers always passes these two; a template may ask whether they are none, and undefined is not.
        let (tools, documents) = (Value::from(()), Value::from(()));
        let context = context! { messages, add_generation_prompt, tools, documents, date_string => DATE, ..tokens };
        Ok(self.env.get_template("chat")?.render(context)?)
    }
}

/// Parses the template where a deep one has room: a chain of a thousand operators nests as deep in the parser.
fn compile(env: &mut Environment<'static>, source: &str) -> Result<(), Error> {
    if source.len() > MOST_BYTES {
        return Err(broken(format!("it has {} bytes, at most {MOST_BYTES} are read", source.len())));
    }
    std::thread::scope(|scope| {
        let parse = || env.add_template_owned("chat", source.to_owned());
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, parse).map_err(broken)?;
        thread.join().unwrap_or_else(|_| Err(broken("it cannot be parsed")))
    })
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::SyntaxError, error.to_string())
}

/// The source without the line breaks that a backslash takes out of a string, which Jinja does by Python's
/// `unicode-escape` and minijinja does not. Mistral's templates spread their system prompt so.
fn joined_lines(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let (mut inside, mut quote) = (false, None);
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match (inside, quote) {
            // A comment is text to its end, quotes and all.
            (false, _) if c == '{' && next == Some('#') => {
                let mut last = c;
                out.push(c);
                for c in chars.by_ref() {
                    out.push(c);
                    if last == '#' && c == '}' {
                        break;
                    }
                    last = c;
                }
                continue;
            }
            (false, _) => inside = c == '{' && matches!(next, Some('{' | '%')),
            (true, None) => match c {
                '\'' | '"' => quote = Some(c),
                '}' if out.ends_with(['}', '%']) => inside = false,
                _ => {}
            },
            (true, Some(_)) if c == '\\' => {
                let escaped = chars.next();
                if escaped != Some('\n') {
                    out.push(c);
                    out.extend(escaped);
                }
                continue;
            }
            (true, Some(open)) if c == open => quote = None,
            _ => {}
        }
        out.push(c);
    }
    out
}

/// Python's `strftime` of midnight on the fixed day, for the codes that templates use.
fn strftime(format: &str) -> Result<String, Error> {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let code = match chars.next() {
            // The same without a leading zero.
            Some('-') => match chars.next() {
                Some('m') => "7",
                Some('d') => "26",
                Some('H' | 'M' | 'S') => "0",
                Some('I') => "12",
                _ => "",
            },
            Some('Y') => "2024",
            Some('y') => "24",
            Some('m') => "07",
            Some('d' | 'e') => "26",
            Some('b' | 'h') => "Jul",
            Some('B') => "July",
            Some('a') => "Fri",
            Some('A') => "Friday",
            Some('j') => "208",
            Some('H' | 'M' | 'S') => "00",
            Some('I') => "12",
            Some('p') => "AM",
            Some('F') => "2024-07-26",
            Some('T') => "00:00:00",
            Some('%') => "%",
            _ => "",
        };
        if code.is_empty() {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("strftime_now: unknown format `{format}`")));
        }
        out.push_str(code);
    }
    Ok(out)
}

/// Python's `json.dumps(ensure_ascii=False)`: `", "` and `": "`, insertion order, optional indent.
fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<usize> = options.get("indent")?;
    let json = serde_json::to_value(value).map_err(|e| Error::new(ErrorKind::BadSerialization, e.to_string()))?;
    let mut out = String::new();
    write_json(&json, indent, 0, &mut out);
    Ok(out)
}

fn write_json(value: &serde_json::Value, indent: Option<usize>, depth: usize, out: &mut String) {
    let newline = |out: &mut String, depth: usize| {
        if let Some(width) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', width * depth));
        }
    };
    let comma = if indent.is_some() { "," } else { ", " };
    match value {
        serde_json::Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(comma);
                }
                newline(out, depth + 1);
                write_json(item, indent, depth + 1, out);
            }
            newline(out, depth);
            out.push(']');
        }
        serde_json::Value::Object(fields) if !fields.is_empty() => {
            out.push('{');
            for (i, (key, item)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push_str(comma);
                }
                newline(out, depth + 1);
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                out.push_str(": ");
                write_json(item, indent, depth + 1, out);
            }
            newline(out, depth);
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Role;

    fn message(role: Role, content: &str) -> Message {
        Message { role, content: content.to_owned() }
    }

    #[test]
    fn deep_templates_are_read_or_refused_and_never_overflow() {
        let new = |source: String| ChatTemplate::new(&source, BTreeMap::new()).map(|_| ()).map_err(|e| e.to_string());
        let n = MOST_BYTES / 8;
        for deep in [
            format!("{{{{ {}1 }}}}", "-".repeat(n)),
            format!("{{{{ {}1 }}}}", "not ".repeat(n)),
            format!("{{{{ a{} }}}}", ".b".repeat(n)),
            format!("{{{{ 'a'{} }}}}", "|upper".repeat(n)),
            format!("{{{{ 1{} }}}}", "+1".repeat(n)),
        ] {
            let _ = new(deep);
        }
        assert!(new("x".repeat(MOST_BYTES + 1)).unwrap_err().contains("at most"));
    }

    #[test]
    fn a_template_without_an_end_is_stopped() {
        let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}";
        let template = ChatTemplate::new(endless, BTreeMap::new()).unwrap();
        let fault = template.render(&[message(Role::User, "hi")], true).unwrap_err();
        assert!(fault.to_string().contains("fuel"), "{fault}");
    }

    fn plain() -> ChatTemplate {
        ChatTemplate::new(
            ChatTemplate::PLAIN_LLAMA3,
            BTreeMap::from([("bos_token".to_owned(), "<|begin_of_text|>".to_owned())]),
        )
        .unwrap()
    }

    #[test]
    fn llama3_trims_and_opens_the_turn() {
        let text = plain().render(&[message(Role::User, "  Hi \n")], true).unwrap();
        assert_eq!(
            text,
            "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
        );
    }

    #[test]
    fn json_is_pythons() {
        let template = ChatTemplate::new("{{ messages[0] | tojson }}", BTreeMap::new()).unwrap();
        assert_eq!(
            template.render(&[message(Role::User, "<a> & b")], false).unwrap(),
            r#"{"role": "user", "content": "<a> & b"}"#
        );
    }

    #[test]
    fn the_fixed_day_takes_any_format() {
        let render = |source: &str| ChatTemplate::new(source, BTreeMap::new()).unwrap().render(&[], false);
        // Python's answers for datetime(2024, 7, 26).
        assert_eq!(render("{{ strftime_now('%Y-%m-%d') }}").unwrap(), "2024-07-26");
        assert_eq!(render("{{ strftime_now('%d %B %Y, %A %H:%M') }}").unwrap(), "26 July 2024, Friday 00:00");
        assert_eq!(render("{{ strftime_now('%-d/%m/%y %b %a %j %%') }}").unwrap(), "26/07/24 Jul Fri 208 %");
        assert!(render("{{ strftime_now('%Q') }}").unwrap_err().to_string().contains("%Q"));
    }

    #[test]
    fn strings_go_on_over_lines_and_tools_are_none() {
        // As Mistral Small 3 writes it. Outside of strings a backslash is a backslash.
        let source = "{# don't \\\n#}\\\n{%- set text = \"It's Paris.\\\n\\\nOr \\\"not\\\".\" %}\n{{- text }}\
            {%- if tools is not none or tools is iterable %}TOOLS{%- endif %}{{ 'a\\\\' }}\\\n.";
        let template = ChatTemplate::new(source, BTreeMap::new()).unwrap();
        assert_eq!(template.render(&[], false).unwrap(), "\\It's Paris.Or \"not\".a\\\\\n.");
    }

    #[test]
    fn templates_can_refuse() {
        let template = ChatTemplate::new("{{ raise_exception('no system turn') }}", BTreeMap::new()).unwrap();
        assert!(template.render(&[], false).unwrap_err().to_string().contains("no system turn"));
    }
}
