//! The front matter of a model card: the lines between `---` at the top of README.md, as far as cards use YAML.
//!
//! Mappings, lists, lists of mappings, flow lists, quoted and plain texts, block texts and comments. Scalars stay
//! text: a version `1.0` is a name, not a number. Anchors, tags and documents are not known; what is not understood
//! is left out, for a card only describes. Files for llama.cpp take names and tags from it, merged folders the licence.

/// The longest front matter that is read; the longest known ones, with a licence in them, have a third of it.
const MAX_BYTES: usize = 1 << 16;

/// Nesting beyond this is left out.
const MAX_DEPTH: usize = 8;

/// One value of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Card {
    /// Nothing, `~` or `null`.
    Null,
    Text(String),
    List(Vec<Card>),
    /// In file order.
    Map(Vec<(String, Card)>),
}

impl Card {
    /// The front matter of a README; an empty mapping when there is none.
    pub(crate) fn of_readme(readme: &str) -> Self {
        // As llama.cpp's converter does: a list of languages may mean Norwegian, and tabs are blanks.
        let lines: Vec<String> = readme.lines().map(|line| line.trim_end().replace('\t', "  ")).collect();
        let Some((first, rest)) = lines.split_first().filter(|(first, _)| *first == "---") else {
            return Self::Map(Vec::new());
        };
        let end = rest.iter().position(|line| line == first).unwrap_or(0);
        let body: Vec<&str> = rest.iter().take(end).map(String::as_str).collect();
        if body.iter().map(|line| line.len()).sum::<usize>() > MAX_BYTES {
            return Self::Map(Vec::new());
        }
        let mut lines = Lines { lines: &body, at: 0 };
        match lines.block(0, MAX_DEPTH) {
            map @ Self::Map(_) => map,
            _ => Self::Map(Vec::new()),
        }
    }

    /// The value of a key; `None` when the key is absent.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A text that is not empty.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// One or many: a list as it is, a text as a list of one, anything else as none.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Text(_) => std::slice::from_ref(self),
            _ => &[],
        }
    }
}

struct Lines<'a> {
    lines: &'a [&'a str],
    at: usize,
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

impl<'a> Lines<'a> {
    /// The next line that says something, with its indent.
    fn peek(&mut self) -> Option<(usize, &'a str)> {
        while let Some(line) = self.lines.get(self.at) {
            let text = line.trim_start();
            if !text.is_empty() && !text.starts_with('#') {
                return Some((indent_of(line), text));
            }
            self.at += 1;
        }
        None
    }

    /// A list or a mapping whose lines stand `least` columns in or more.
    fn block(&mut self, least: usize, depth: usize) -> Card {
        match self.peek() {
            Some((indent, text)) if indent >= least && depth > 0 => {
                if is_item(text) {
                    self.list(indent, depth)
                } else {
                    self.map(indent, depth, None)
                }
            }
            _ => Card::Null,
        }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Card {
        let mut items = Vec::new();
        while let Some((at, text)) = self.peek().filter(|(at, text)| *at == indent && is_item(text)) {
            self.at += 1;
            let rest = text.strip_prefix('-').unwrap_or(text);
            let content = rest.trim_start();
            let column = at + 1 + (rest.len() - content.len());
            items.push(match split_key(content) {
                _ if content.is_empty() || content.starts_with('#') => self.block(indent + 1, depth - 1),
                Some(first) if depth > 1 => self.map(column, depth - 1, Some(first)),
                _ => self.value(content, indent, depth - 1),
            });
        }
        Card::List(items)
    }

    /// `first` is an entry that stood behind the dash of a list.
    fn map(&mut self, indent: usize, depth: usize, first: Option<(String, &'a str)>) -> Card {
        let mut entries = Vec::new();
        let mut pending = first;
        loop {
            let (key, rest) = match pending.take() {
                Some(entry) => entry,
                None => match self.peek() {
                    Some((at, text)) if at >= indent && !(at == indent && is_item(text)) => {
                        self.at += 1;
                        // A line that is no entry, or stands too far in, is passed over.
                        match split_key(text).filter(|_| at == indent) {
                            Some(entry) => entry,
                            None => continue,
                        }
                    }
                    _ => break,
                },
            };
            let value = if rest.is_empty() || rest.starts_with('#') {
                // A list may stand as far in as its key.
                match self.peek() {
                    Some((at, text)) if at > indent || (at == indent && is_item(text)) => self.block(at, depth - 1),
                    _ => Card::Null,
                }
            } else {
                self.value(rest, indent, depth - 1)
            };
            entries.push((key, value));
        }
        Card::Map(entries)
    }

    /// A value that begins on the line of its key or dash; `indent` is that of the line.
    fn value(&mut self, first: &str, indent: usize, depth: usize) -> Card {
        if let Some(folded) = block_text(first) {
            return Card::Text(self.block_text(indent, folded));
        }
        let mut text = first.to_owned();
        let quoted = first.starts_with(['"', '\'']);
        let flow = first.starts_with(['[', '{']);
        // What goes on stands further in, but for flow lists, which end with their bracket.
        while !(quoted || flow) || !is_closed(&text) {
            match self.lines.get(self.at) {
                Some(line) if !line.trim().is_empty() && (indent_of(line) > indent || flow) => {
                    text = format!("{} {}", without_comment(&text), line.trim());
                    self.at += 1;
                }
                _ => break,
            }
        }
        if flow && depth > 0 {
            let mut chars = text.chars().peekable();
            return flow_value(&mut chars, depth);
        }
        scalar(&text)
    }

    /// Lines that stand further in than `indent`, with their breaks or folded to blanks.
    fn block_text(&mut self, indent: usize, folded: bool) -> String {
        let mut lines: Vec<&str> = Vec::new();
        while let Some(line) = self.lines.get(self.at).filter(|l| l.trim().is_empty() || indent_of(l) > indent) {
            lines.push(line);
            self.at += 1;
        }
        let inset = lines.iter().filter(|line| !line.is_empty()).map(|line| indent_of(line)).min().unwrap_or(0);
        let cut: Vec<&str> = lines.iter().map(|line| line.get(inset..).unwrap_or("")).collect();
        cut.join(if folded { " " } else { "\n" }).trim_end().to_owned()
    }
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// `|`, `>` and their chomping signs; true where lines are folded.
fn block_text(text: &str) -> Option<bool> {
    let rest = text.strip_prefix(['|', '>'])?;
    let signs = rest.split('#').next().unwrap_or(rest).trim();
    signs.chars().all(|c| matches!(c, '+' | '-' | '0'..='9')).then(|| text.starts_with('>'))
}

/// `key: rest` or `key:`. The key may be quoted.
fn split_key(text: &str) -> Option<(String, &str)> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (key, rest) = text.get(1..)?.split_once(quote)?;
        let rest = rest.trim_start().strip_prefix(':')?;
        return (rest.is_empty() || rest.starts_with(' ')).then(|| (key.to_owned(), rest.trim_start()));
    }
    if text.starts_with(['[', '{', '#', '|', '>']) {
        return None;
    }
    let (key, rest) = match text.split_once(": ") {
        Some(found) => found,
        None => (text.strip_suffix(':')?, ""),
    };
    (!key.contains(" #")).then(|| (key.trim().to_owned(), rest.trim_start()))
}

/// Whether quotes and brackets of a value are all closed.
fn is_closed(text: &str) -> bool {
    let (mut depth, mut quote, mut escaped) = (0i32, None, false);
    for (i, c) in text.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') && (i == 0 || depth > 0) => quote = Some(c),
            None if matches!(c, '[' | '{') => depth += 1,
            None if matches!(c, ']' | '}') => depth -= 1,
            None => {}
        }
    }
    depth <= 0 && quote.is_none()
}

/// Plain text up to a comment.
fn without_comment(text: &str) -> &str {
    if text.starts_with(['"', '\'', '[', '{']) {
        return text;
    }
    text.split(" #").next().unwrap_or(text).trim_end()
}

fn scalar(text: &str) -> Card {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('\'') {
        // Two quotes inside mean one.
        let end = inner.replace("''", "\u{0}\u{0}").find('\'').unwrap_or(inner.len());
        return Card::Text(inner.get(..end).unwrap_or(inner).replace("''", "'"));
    }
    if let Some(inner) = text.strip_prefix('"') {
        return Card::Text(unescape(inner));
    }
    match without_comment(text) {
        "" | "~" | "null" | "Null" | "NULL" => Card::Null,
        plain => Card::Text(plain.to_owned()),
    }
}

/// The inside of double quotes, up to the closing one.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(code @ ('x' | 'u' | 'U')) => {
                    let digits = if code == 'x' {
                        2
                    } else if code == 'u' {
                        4
                    } else {
                        8
                    };
                    let number: String = chars.by_ref().take(digits).collect();
                    out.extend(u32::from_str_radix(&number, 16).ok().and_then(char::from_u32));
                }
                Some(other) => out.push(other),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

/// `[a, "b", {c: d}]`.
fn flow_value(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, depth: usize) -> Card {
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
    match chars.peek().copied() {
        Some(open @ ('[' | '{')) if depth > 0 => {
            chars.next();
            let (mut items, mut entries) = (Vec::new(), Vec::new());
            loop {
                while chars.next_if(|c| c.is_whitespace() || *c == ',').is_some() {}
                match chars.peek() {
                    None => break,
                    Some(']' | '}') => {
                        chars.next();
                        break;
                    }
                    Some(_) => {}
                }
                let value = flow_value(chars, depth - 1);
                if chars.next_if_eq(&':').is_some() {
                    let key = value.text().unwrap_or_default().to_owned();
                    entries.push((key, flow_value(chars, depth - 1)));
                } else {
                    items.push(value);
                }
            }
            if open == '{' { Card::Map(entries) } else { Card::List(items) }
        }
        Some(quote @ ('"' | '\'')) => {
            chars.next();
            let mut text = String::from(quote);
            while let Some(c) = chars.next() {
                text.push(c);
                match (quote, c) {
                    ('"', '\\') => text.extend(chars.next()),
                    ('\'', '\'') if chars.peek() == Some(&'\'') => text.extend(chars.next()),
                    _ if c == quote => break,
                    _ => {}
                }
            }
            scalar(&text)
        }
        _ => {
            let mut text = String::new();
            while let Some(c) = chars.peek().copied() {
                if matches!(c, ',' | ']' | '}' | '[' | '{') || (c == ':' && !text.contains("//") && is_colon(chars)) {
                    break;
                }
                text.push(c);
                chars.next();
            }
            if text.is_empty() {
                // A bracket where nesting ends: taken, so that reading goes on.
                chars.next();
            }
            scalar(&text)
        }
    }
}

/// Whether the colon ahead ends a key: a blank or the end follows it.
fn is_colon(chars: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut ahead = chars.clone();
    ahead.next();
    ahead.next().is_none_or(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn card(yaml: &str) -> Card {
        Card::of_readme(&format!("---\n{yaml}\n---\n# Title\ntext: no\n"))
    }

    fn text(text: &str) -> Card {
        Card::Text(text.to_owned())
    }

    fn texts(items: &[&str]) -> Card {
        Card::List(items.iter().map(|item| text(item)).collect())
    }

    #[test]
    fn what_cards_hold() {
        let card = card(
            "license: apache-2.0   # free\r\nlanguage:\n- en\n- no\n- 'de'\nbase_model:\n  - org/Some-Model-7B\n\
             tags: [a, \"b, c\", 'd''e',\n  f]\nversion: 1.0\nempty:\nnone: ~\nlink: https://example.org/a#b\n\
             description: >-\n  two\n  lines\n\n\"quoted key\": \"a\\nb \\u00e9\"\nplain: goes\n  on here\n\
             datasets:\n  - name: One\n    repo_url: https://example.org/one\n  - name: Two\n  -\n    name: Three\n\
             flow: {a: b, c: [d]}\n# comment\nlast: x",
        );
        for (key, value) in [
            ("license", text("apache-2.0")),
            ("language", texts(&["en", "no", "de"])),
            ("base_model", texts(&["org/Some-Model-7B"])),
            ("tags", texts(&["a", "b, c", "d'e", "f"])),
            ("version", text("1.0")),
            ("empty", Card::Null),
            ("none", Card::Null),
            ("link", text("https://example.org/a#b")),
            ("description", text("two lines")),
            ("quoted key", text("a\nb é")),
            ("plain", text("goes on here")),
            ("last", text("x")),
        ] {
            assert_eq!(card.get(key), Some(&value), "{key}");
        }
        let datasets = card.get("datasets").unwrap().items();
        assert_eq!(datasets.len(), 3);
        assert_eq!(datasets[0].get("repo_url"), Some(&text("https://example.org/one")));
        assert_eq!(datasets[2].get("name"), Some(&text("Three")));
        assert_eq!(card.get("flow").unwrap().get("c"), Some(&texts(&["d"])));
        assert_eq!(card.get("text"), None);
    }

    #[test]
    fn no_front_matter_is_an_empty_card() {
        for readme in ["", "# Title\n---\na: b\n---\n", "---\na: b\n", " ---\na: b\n---\n", "---\n- a\n---\n"] {
            assert_eq!(Card::of_readme(readme), Card::Map(Vec::new()), "{readme}");
        }
    }

    #[test]
    fn deep_nesting_ends() {
        for deep in ["[".repeat(100_000), "a:\n".repeat(50_000), format!("a: {}", "{b: ".repeat(50_000))] {
            let _ = card(&deep);
        }
        let steps: String = (0..3000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
        let _ = card(&steps);
        let _ = card(&format!("{}x", "- ".repeat(10_000)));
    }

    proptest! {
        #[test]
        fn noise_ends_without_a_panic(yaml in "[-a:'\"\\[\\]{},#|> \n\\\\é]{0,120}") {
            let _ = card(&yaml);
        }
    }
}
