//! `CommonMark` with tables, footnotes, task lists and front matter.

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::builder::Builder;
use super::flow::Flow;
use super::{DocumentError, MAX_DEPTH, front_matter, html, tag};

/// Reads Markdown. HTML in it is read as HTML; comments go.
pub(super) fn extract(text: &str) -> Result<Builder, DocumentError> {
    let (matter, body) = front_matter::split(text).unwrap_or((Builder::default(), text));
    check_depth(body)?;
    check_brackets(body)?;
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST;
    let mut reader = Reader { flow: Flow::default(), raw: None, pairs: 0 };
    reader.flow.append(matter);
    for event in Parser::new_ext(body, options) {
        reader.event(event)?;
    }
    Ok(reader.flow.finish())
}

/// Refuses lines that open more quotations and lists than anyone writes: each further line costs time per level.
fn check_depth(text: &str) -> Result<(), DocumentError> {
    let deep = text.lines().any(|line| {
        let marks = line
            .bytes()
            .take_while(|byte| matches!(byte, b'>' | b' ' | b'\t' | b'-' | b'+' | b'*' | b'.' | b')' | b'0'..=b'9'));
        let mut levels = 0;
        let mut before = b' ';
        for byte in marks {
            levels += usize::from(byte == b'>' || (byte == b' ' && before != b' ' && before != b'>'));
            before = byte;
        }
        levels > MAX_DEPTH
    });
    if deep { Err(DocumentError::TooDeep { limit: MAX_DEPTH }) } else { Ok(()) }
}

/// The most square brackets open at once in a paragraph. Each waits for its end in a tree that outgrows the caches of
/// the machine long before memory ends; a paragraph of real text has a handful.
const MAX_BRACKETS: usize = 100_000;

/// Refuses paragraphs that open brackets without end.
fn check_brackets(text: &str) -> Result<(), DocumentError> {
    let (mut open, mut blank) = (0usize, true);
    for byte in text.bytes() {
        match byte {
            b'[' => open += 1,
            b']' => open = open.saturating_sub(1),
            // A blank line ends the paragraph.
            b'\n' if blank => open = 0,
            _ => {}
        }
        blank = byte == b'\n' || (blank && byte.is_ascii_whitespace());
        if open > MAX_BRACKETS {
            return Err(DocumentError::TooManyBrackets { limit: MAX_BRACKETS });
        }
    }
    Ok(())
}

struct Reader {
    flow: Flow,
    /// A block whose text is read as it stands: the language of code, `None` for HTML, and the text so far.
    raw: Option<(Option<String>, String)>,
    /// See [`tag::check_pairs`]: the limit is for the document, however many pieces of HTML it has.
    pairs: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) -> Result<(), DocumentError> {
        if let Some((_, raw)) = &mut self.raw
            && let Event::Text(text) | Event::Html(text) = &event
        {
            raw.push_str(text);
            return Ok(());
        }
        if let Event::Html(tag) | Event::InlineHtml(tag) = &event {
            self.count(tag)?;
        }
        let inline = &mut self.flow.inline;
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag)?,
            Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) => inline.push(&text),
            Event::Code(code) => inline.code(&code),
            Event::Html(tag) | Event::InlineHtml(tag) => tag::inline(&tag, inline),
            Event::FootnoteReference(name) => inline.push(&format!("[^{name}]")),
            Event::SoftBreak => inline.soft_break(),
            Event::HardBreak => inline.hard_break(),
            Event::Rule => self.flow.flush(),
            Event::TaskListMarker(done) => inline.push(if done { "[x] " } else { "[ ] " }),
        }
        Ok(())
    }

    fn count(&mut self, source: &str) -> Result<(), DocumentError> {
        self.pairs = self.pairs.saturating_add(tag::attribute_pairs(source));
        tag::check_pairs(self.pairs)
    }

    fn start(&mut self, tag: Tag<'_>) {
        let flow = &mut self.flow;
        match tag {
            Tag::Heading { level, .. } => flow.open_heading(level as u8),
            Tag::BlockQuote(_) => flow.open_quote(),
            Tag::CodeBlock(kind) => {
                flow.flush();
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.raw = Some((Some(language), String::new()));
            }
            Tag::HtmlBlock => self.raw = Some((None, String::new())),
            Tag::List(start) => flow.open_list(start),
            Tag::Item => flow.open_item(),
            Tag::FootnoteDefinition(name) => {
                flow.flush();
                flow.inline.push(&format!("[^{name}]: "));
            }
            Tag::DefinitionListTitle => flow.open_term(),
            Tag::Table(_) => flow.open_table(),
            Tag::TableCell => flow.open_cell(),
            Tag::Strong => flow.inline.open_bold(),
            Tag::Link { dest_url, link_type, .. } => match link_type {
                // The words are the address already.
                LinkType::Email => {}
                _ => flow.inline.open_link(&dest_url),
            },
            // A footnote's text goes on in the line of its mark.
            Tag::Paragraph
            | Tag::TableHead
            | Tag::TableRow
            | Tag::DefinitionList
            | Tag::DefinitionListDefinition
            | Tag::Emphasis
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Image { .. }
            | Tag::MetadataBlock(_) => {}
        }
    }

    fn end(&mut self, tag: TagEnd) -> Result<(), DocumentError> {
        let raw = if matches!(tag, TagEnd::CodeBlock | TagEnd::HtmlBlock) { self.raw.take() } else { None };
        if let Some((None, source)) = &raw {
            self.count(source)?;
        }
        let flow = &mut self.flow;
        match tag {
            TagEnd::Paragraph
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionListDefinition
            | TagEnd::MetadataBlock(_) => flow.flush(),
            TagEnd::Heading(_) => flow.close_heading(),
            TagEnd::BlockQuote(_) => flow.close_quote(),
            TagEnd::CodeBlock | TagEnd::HtmlBlock => match raw {
                Some((Some(language), code)) => flow.code(&language, &code),
                Some((None, source)) => flow.append(html::extract(&source)?),
                None => {}
            },
            TagEnd::List(_) => flow.close_list(),
            TagEnd::Item => flow.close_item(),
            TagEnd::DefinitionList => flow.close_terms(),
            TagEnd::DefinitionListTitle => flow.close_term(),
            TagEnd::Table => flow.close_table(),
            TagEnd::TableHead | TagEnd::TableRow => flow.close_row(),
            TagEnd::TableCell => flow.close_cell(),
            TagEnd::Strong => flow.inline.close_bold(),
            TagEnd::Link => flow.inline.close_link(),
            TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Superscript | TagEnd::Subscript | TagEnd::Image => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(extract(source).map(|builder| builder.finish().0).as_deref(), Ok(expected));
    }

    #[test]
    fn words_without_emphasis() {
        check("*a* **b** ***c*** ~~d~~ `e*` \\*f\\* snake_case_g\n", "a b c d `e*` *f* snake_case_g\n");
        check("Soft\nbreak  \nhard\\\nbreak\n", "Soft break\nhard\nbreak\n");
    }

    #[test]
    fn links_and_images() {
        check(
            "[a][r] <https://u.example> <j@e.example> ![alt *x*](i.png)\n\n[r]: https://r.example \"t\"\n",
            "[a](https://r.example) https://u.example j@e.example alt x\n",
        );
        check("[![logo](l.png)](https://e.example)", "[logo](https://e.example)\n");
    }

    #[test]
    fn lists_nest() {
        check("1. a\n   - b\n\n     more\n2. c\n\n\n* d\n", "1. a\n   - b\n\n     more\n\n2. c\n\n- d\n");
        check("- [x] done\n- [ ] open\n", "- [x] done\n- [ ] open\n");
    }

    #[test]
    fn labels() {
        check("**Email:** a@e.example\n**Phone**: 1\n", "Email: a@e.example\nPhone: 1\n");
        check("Jo Doe\nPhone: 1\nCity: Leith\n", "Jo Doe\n\nPhone: 1\nCity: Leith\n");
        check("Term\n: value\n", "Term: value\n");
    }

    #[test]
    fn other_blocks() {
        check("| a | b |\n|---|---|\n| *c* | |\n", "| a | b |\n| c |  |\n");
        check("> quoted\n> words\n\n```sh\nls\n```\n", "> quoted words\n\n```sh\nls\n```\n");
        check("Word[^1].\n\n[^1]: note\n", "Word[^1].\n\n[^1]: note\n");
        check("Title\n===\n\n## Sub {#id}\n", "# Title\n\n## Sub\n");
    }

    #[test]
    fn brackets_without_end_are_refused() {
        let many = "[".repeat(MAX_BRACKETS + 1);
        assert_eq!(extract(&many).err(), Some(DocumentError::TooManyBrackets { limit: MAX_BRACKETS }));
        assert!(extract(&"[a](b) ".repeat(MAX_BRACKETS + 1)).is_ok());
        assert!(extract(&format!("{0}\n \n{0}", "[".repeat(MAX_BRACKETS / 2 + 1))).is_ok());
    }

    #[test]
    fn html_within() {
        check("a<br>b <!-- x --> <a href=\"u\">c</a> <b>d</b>\n", "a\nb [c](u) d\n");
        check("<!-- gone\n\nall of it -->\n\n<div align=center><p>Kept &amp; read</p></div>\n", "Kept & read\n");
    }
}
