//! Collects the words of one block: white space folded, links written out, line breaks told apart.

use super::label;

/// One line of a block.
pub(super) struct Line {
    /// Its words.
    pub(super) text: String,
    /// Whether the author broke the line before it on purpose.
    pub(super) hard: bool,
    /// Bytes at its start that were set in bold, 0 for none.
    pub(super) bold: usize,
}

/// What the lines of a paragraph come to.
pub(super) enum Unit {
    /// A `Label: value` line.
    KeyValue { key: String, line: String },
    /// A line of cells between bars.
    Row(String),
    /// Words, with `\n` where the author broke the line.
    Words(String),
}

/// The words of one block.
#[derive(Default)]
pub(super) struct Inline {
    done: Vec<Line>,
    text: String,
    hard: bool,
    bold: usize,
    /// Where bold words that began the line began to be bold; how many bold elements are open.
    bold_open: Option<usize>,
    /// White space seen but not written: it counts only between words.
    space: bool,
    link: Option<(usize, String)>,
}

impl Inline {
    /// Words with any white space around and between them.
    pub(super) fn push(&mut self, words: &str) {
        for c in words.chars() {
            if c.is_whitespace() {
                self.space = true;
            } else {
                self.settle();
                self.text.push(c);
            }
        }
    }

    /// Code within a line; its backticks stay, since names of things read badly without.
    pub(super) fn code(&mut self, code: &str) {
        let mark = if code.contains('`') { "``" } else { "`" };
        if !code.trim().is_empty() {
            self.push(mark);
            self.push(code.trim());
            self.space = false;
            self.text.push_str(mark);
        }
    }

    /// A line break without meaning; within a link a space.
    pub(super) fn soft_break(&mut self) {
        self.line_break(false);
    }

    /// A line break that the author meant.
    pub(super) fn hard_break(&mut self) {
        self.line_break(true);
    }

    /// Bold words begin.
    pub(super) fn open_bold(&mut self) {
        if self.text.is_empty() && self.bold_open.is_none() {
            self.bold_open = Some(0);
        }
        if let Some(open) = &mut self.bold_open {
            *open += 1;
        }
    }

    /// Bold words end.
    pub(super) fn close_bold(&mut self) {
        if let Some(open) = &mut self.bold_open {
            *open -= 1;
            if *open == 0 {
                self.bold_open = None;
                self.bold = self.text.len();
            }
        }
    }

    /// A link begins; one within another ends the first, as in HTML.
    pub(super) fn open_link(&mut self, url: &str) {
        self.close_link();
        if self.space && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.space = false;
        self.link = Some((self.text.len(), url.to_owned()));
    }

    /// A link ends: `[words](url)`, or the address alone where the words say no more.
    pub(super) fn close_link(&mut self) {
        let Some((start, url)) = self.link.take() else { return };
        let words = self.text.split_off(start);
        let url = clean_url(&url);
        match url {
            Some(url) if words.is_empty() || words == url => self.text.push_str(&url),
            Some(url) => self.text.extend(["[", &words, "](", &url, ")"]),
            None => self.text.push_str(&words),
        }
    }

    /// A link ends because what it stood in does; without words so far it waits for those of the next block.
    pub(super) fn close_worded_link(&mut self) {
        if self.link.as_ref().is_some_and(|(start, _)| *start < self.text.len()) {
            self.close_link();
        }
    }

    /// Whether no words were pushed. A link may be open: it takes the words to come, even those of another block.
    pub(super) fn is_empty(&self) -> bool {
        self.done.is_empty() && self.text.is_empty()
    }

    /// How many words there are.
    pub(super) fn word_count(&self) -> usize {
        let lines = self.done.iter().map(|line| line.text.as_str()).chain([self.text.as_str()]);
        lines.flat_map(str::split_whitespace).filter(|word| word.contains(char::is_alphanumeric)).count()
    }

    /// The lines, leaving this empty. An open link is written out, or kept for the next block if it has no words yet.
    pub(super) fn take(&mut self) -> Vec<Line> {
        let wordless = self.link.take_if(|(start, _)| *start == self.text.len());
        self.close_link();
        self.end_line();
        let done = std::mem::take(&mut self.done);
        *self = Self { link: wordless.map(|(_, url)| (0, url)), ..Self::default() };
        done
    }

    fn settle(&mut self) {
        if self.space {
            if self.text.len() > self.link.as_ref().map_or(0, |link| link.0) {
                self.text.push(' ');
            }
            self.space = false;
        }
    }

    fn line_break(&mut self, hard: bool) {
        if self.link.is_some() {
            self.space = true;
            return;
        }
        self.end_line();
        self.hard |= hard;
    }

    fn end_line(&mut self) {
        let hard = std::mem::take(&mut self.hard);
        // A line left empty by two breaks parts what stands around it.
        self.done.push(Line { text: std::mem::take(&mut self.text), hard, bold: std::mem::take(&mut self.bold) });
        self.bold_open = None;
        self.space = false;
    }
}

/// Groups lines: labelled lines stand alone, lines broken without meaning join the one before.
pub(super) fn units(lines: Vec<Line>) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut parted = true;
    for line in lines {
        if line.text.trim().is_empty() {
            parted = true;
            continue;
        }
        if line.text.starts_with("| ") && line.text.ends_with(" |") {
            units.push(Unit::Row(line.text));
            parted = true;
            continue;
        }
        let key = label::marked(&line.text, line.bold).or_else(|| label::label(&line.text)).map(str::to_owned);
        match (key, units.last_mut()) {
            (Some(key), _) => units.push(Unit::KeyValue { key, line: line.text }),
            (None, Some(Unit::Words(words))) if !parted => {
                words.push(if line.hard { '\n' } else { ' ' });
                words.push_str(&line.text);
            }
            (None, Some(Unit::KeyValue { line: value, .. })) if !parted && !line.hard => {
                value.push(' ');
                value.push_str(&line.text);
            }
            (None, _) => units.push(Unit::Words(line.text)),
        }
        parted = false;
    }
    units
}

/// All lines as one piece of text, with `\n` where the author broke the line.
pub(super) fn joined(lines: Vec<Line>) -> String {
    let mut words = String::new();
    for line in lines {
        if !words.is_empty() && !line.text.is_empty() {
            words.push(if line.hard { '\n' } else { ' ' });
        }
        words.push_str(&line.text);
    }
    words
}

/// The address as it can stand in Markdown; `None` where it leads nowhere outside the page.
fn clean_url(url: &str) -> Option<String> {
    let url = url.trim();
    let scheme = url.get(..11).unwrap_or(url).to_ascii_lowercase();
    if url.is_empty() || url.starts_with('#') || scheme.starts_with("javascript:") || scheme.starts_with("data:") {
        return None;
    }
    let balanced = url.matches('(').count() == url.matches(')').count();
    let mut clean = String::with_capacity(url.len());
    for c in url.chars() {
        match c {
            c if c.is_control() => {}
            c if c.is_whitespace() => clean.push_str("%20"),
            '(' if !balanced => clean.push_str("%28"),
            ')' if !balanced => clean.push_str("%29"),
            c => clean.push(c),
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(push: impl FnOnce(&mut Inline), expected: &str) {
        let mut inline = Inline::default();
        push(&mut inline);
        assert_eq!(joined(inline.take()), expected);
    }

    #[test]
    fn links() {
        let link = |url: &'static str, words: &'static str| {
            move |i: &mut Inline| {
                i.push("a ");
                i.open_link(url);
                i.push(words);
                i.close_link();
                i.push(" b");
            }
        };
        check(link("https://x.example/a b", " x "), "a [x](https://x.example/a%20b) b");
        check(link("https://x.example", "https://x.example"), "a https://x.example b");
        check(link("https://x.example", ""), "a https://x.example b");
        check(link("#top", "top"), "a top b");
        check(link("JavaScript:void(0)", "open"), "a open b");
        check(link("https://x.example/a)", "x"), "a [x](https://x.example/a%29) b");
    }

    #[test]
    fn breaks_and_labels() {
        let mut inline = Inline::default();
        inline.push("Jane Doe");
        inline.hard_break();
        inline.open_bold();
        inline.push("where to write");
        inline.close_bold();
        inline.push(": jane@example.com,");
        inline.soft_break();
        inline.push("any day");
        inline.hard_break();
        inline.push("Leith");
        inline.hard_break();
        inline.push("Edinburgh");
        let units: Vec<String> = units(inline.take())
            .into_iter()
            .map(|unit| match unit {
                Unit::KeyValue { key, line } => format!("{key} = {line}"),
                Unit::Row(words) | Unit::Words(words) => words,
            })
            .collect();
        assert_eq!(
            units,
            ["Jane Doe", "where to write = where to write: jane@example.com, any day", "Leith\nEdinburgh"]
        );
    }
}
