//! Web pages and saved profiles.
//!
//! html5ever's tokenizer does entities, comments and raw text; the few rules of nesting that words depend on are ours.
//! No tree is built, so memory and time stay linear where a tree of misnested tags can grow without bound.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::builder::Builder;
use super::flow::Flow;
use super::tag::{attribute, attribute_pairs, check_pairs, is_hidden};
use super::{DocumentError, MAX_DEPTH, element};

/// The names of `<meta>` whose content a reader of the page would want.
const META: &[(&str, &str)] = &[("author", "Author"), ("description", "Description"), ("keywords", "Keywords")];

/// Reads a page or a fragment of one.
pub(super) fn extract(source: &str) -> Result<Builder, DocumentError> {
    check_pairs(attribute_pairs(source))?;
    let sink = Page(RefCell::new(State::default()));
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(source));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let state = tokenizer.sink.0.into_inner();
    if state.too_deep {
        return Err(DocumentError::TooDeep { limit: MAX_DEPTH });
    }
    Ok(state.finish())
}

struct Page(RefCell<State>);

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) if !state.too_deep => match tag.kind {
                TagKind::StartTag => return state.start(&tag),
                TagKind::EndTag => state.end(&tag.name),
            },
            Token::CharacterTokens(words) if !state.too_deep => state.words(&words),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// An element that is open.
struct Open {
    name: String,
    /// Whether it hides what is in it.
    hidden: bool,
}

#[derive(Default)]
struct State {
    flow: Flow,
    open: Vec<Open>,
    /// Open elements that are not shown.
    hidden: usize,
    title: Option<String>,
    meta: Builder,
    code: Option<String>,
    too_deep: bool,
}

impl State {
    fn words(&mut self, words: &str) {
        if self.hidden > 0 {
            // The title is hidden for itself alone; a picture's title lies in a hidden picture.
            if self.hidden == 1 && self.open.last().is_some_and(|open| open.name == "title") {
                self.title.get_or_insert_default().push_str(words);
            }
        } else if let Some(code) = &mut self.code {
            code.push_str(words);
        } else {
            self.flow.inline.push(words);
        }
    }

    fn start(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if element::is_void(name) {
            self.void(tag);
            return TokenSinkResult::Continue;
        }
        self.close_implied(name);
        let hidden = element::is_dropped(name) || is_hidden(tag);
        self.open.push(Open { name: name.to_owned(), hidden });
        self.hidden += usize::from(hidden);
        self.too_deep = self.open.len() > MAX_DEPTH;
        if self.hidden == 0 && self.code.is_none() {
            self.enter(name, tag);
        }
        // Foreign elements may close themselves; on others the slash means nothing.
        if tag.self_closing && self.open.iter().any(|open| matches!(open.name.as_str(), "svg" | "math")) {
            self.pop();
        }
        match name {
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" | "noscript" => {
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            _ => TokenSinkResult::Continue,
        }
    }

    fn void(&mut self, tag: &Tag) {
        if &*tag.name == "meta" {
            let known =
                attribute(tag, "name").and_then(|name| META.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
            if let (Some((_, key)), Some(content)) = (known, attribute(tag, "content").filter(|c| !c.trim().is_empty()))
            {
                self.meta.key_value(0, key, &format!("{key}: {content}"));
            }
        }
        if self.hidden > 0 || is_hidden(tag) {
            return;
        }
        match (&*tag.name, &mut self.code) {
            ("br", Some(code)) => code.push('\n'),
            ("br", None) => self.flow.inline.hard_break(),
            ("hr", None) => self.flow.flush(),
            ("img", None) => {
                if let Some(words) = attribute(tag, "alt") {
                    self.flow.inline.push(words);
                }
            }
            _ => {}
        }
    }

    /// Ends what `name` cannot stand in: a paragraph before a block, an item before the next.
    fn close_implied(&mut self, name: &str) {
        if element::is_block(name) {
            self.close_within(&["p"], element::is_scope);
        }
        match name {
            "li" => self.close_within(&["li"], |open| matches!(open, "ul" | "ol" | "menu") || element::is_scope(open)),
            "dt" | "dd" => self.close_within(&["dt", "dd"], |open| open == "dl" || element::is_scope(open)),
            "td" | "th" => self.close_within(&["td", "th"], |open| open == "table"),
            "tr" => self.close_within(&["tr"], |open| open == "table"),
            "tbody" | "thead" | "tfoot" => {
                self.close_within(&["tbody", "thead", "tfoot", "caption"], |open| open == "table")
            }
            "body" => self.close_within(&["head"], |_| false),
            "a" => self.close_within(&["a"], element::is_block),
            _ => {}
        }
        // A page may leave out the tags of its head.
        if element::is_block(name) && name != "html" && name != "head" {
            self.close_within(&["head"], |_| false);
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "br" => self.flow.inline.hard_break(),
            "a" => {
                self.close_within(&[name], element::is_block);
                if self.hidden == 0 {
                    self.flow.inline.close_link();
                }
            }
            "li" => self.close_within(&[name], |open| matches!(open, "ul" | "ol" | "menu") || element::is_scope(open)),
            "table" => self.close_within(&[name], |_| false),
            _ if element::is_table_part(name) => self.close_within(&[name], |open| open == "table"),
            _ if element::is_block(name) || element::is_dropped(name) => self.close_within(&[name], element::is_scope),
            _ => self.close_within(&[name], element::is_block),
        }
    }

    /// Closes the innermost open element of these names, with all in it, unless a wall stands between.
    fn close_within(&mut self, names: &[&str], wall: impl Fn(&str) -> bool) {
        for idx in (0..self.open.len()).rev() {
            let name = self.open[idx].name.as_str();
            if names.contains(&name) {
                while self.open.len() > idx {
                    self.pop();
                }
                return;
            }
            if wall(name) {
                return;
            }
        }
    }

    fn pop(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if self.hidden == 0 {
            self.leave(&open.name);
        }
        self.hidden -= usize::from(open.hidden);
    }

    fn enter(&mut self, name: &str, tag: &Tag) {
        let flow = &mut self.flow;
        if element::breaks_table(name) && flow.in_row() {
            flow.break_table();
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => flow.open_heading(name.as_bytes()[1] - b'0'),
            "ul" | "menu" => flow.open_list(None),
            "ol" => flow.open_list(Some(attribute(tag, "start").and_then(|start| start.parse().ok()).unwrap_or(1))),
            "li" => flow.open_item(),
            "dt" => flow.open_term(),
            "blockquote" => flow.open_quote(),
            "table" => flow.open_table(),
            "td" | "th" => flow.open_cell(),
            "pre" => {
                flow.flush();
                self.code = Some(String::new());
            }
            "a" => {
                if let Some(url) = attribute(tag, "href") {
                    flow.inline.open_link(url);
                }
            }
            "b" | "strong" => flow.inline.open_bold(),
            "q" => flow.inline.push("\""),
            _ if element::is_block(name) => flow.flush(),
            _ => {}
        }
    }

    fn leave(&mut self, name: &str) {
        let flow = &mut self.flow;
        if self.code.is_some() && name != "pre" {
            return;
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => flow.close_heading(),
            "ul" | "ol" | "menu" => flow.close_list(),
            "li" => flow.close_item(),
            "dt" => flow.close_term(),
            "dl" => flow.close_terms(),
            "blockquote" => flow.close_quote(),
            "table" => flow.close_table(),
            "tr" => flow.close_row(),
            "td" | "th" => flow.close_cell(),
            "pre" => flow.code("", &self.code.take().unwrap_or_default()),
            "a" => flow.inline.close_worded_link(),
            "b" | "strong" => flow.inline.close_bold(),
            "q" => flow.inline.push("\""),
            _ if element::is_block(name) => flow.flush(),
            _ => {}
        }
    }

    /// The head's words first, then the page; a title that the page repeats as a heading is left out.
    fn finish(mut self) -> Builder {
        while !self.open.is_empty() {
            self.pop();
        }
        self.flow.inline.close_link();
        let body = self.flow.finish();
        let mut page = Builder::default();
        match self.title.as_deref().map(str::trim) {
            Some(title) if title.is_empty() || body.has_heading(title) => {}
            Some(title) if body.has_title() => page.key_value(0, "Title", &format!("Title: {title}")),
            Some(title) => page.heading(1, title),
            None => {}
        }
        page.append(self.meta);
        page.gap();
        page.append(body);
        page
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
    fn what_is_not_shown_goes() {
        check(
            "<title>T</title><style>p{}</style><nav><a href=x>Home</a></nav><p>a<script>'</p>'</script> b<!-- c --></p>\
             <div hidden>d<br>d</div><i aria-hidden=true>e</i><p style='Display : None'>f<p>g<noscript><p>h</noscript>",
            "# T\n\na b\n\ng\n",
        );
    }

    #[test]
    fn contact_lines() {
        check(
            "<address><b>Name</b>: Jo<br>Tel: <a href='tel:+1'>1</a><br>2 Quay<br>Leith</address>",
            "Name: Jo\nTel: [1](tel:+1)\n\n2 Quay\nLeith\n",
        );
        check(
            "<dl><dt>City<dd>Leith<dt>Born:<dd>1987<dd>in May<dt>Left</dl>",
            "City: Leith\nBorn: 1987\n\nin May\n\nLeft\n",
        );
    }

    #[test]
    fn lists_nest_without_end_tags() {
        check(
            "<ul><li>a<ul><li>b<li>c</ul><li>d</ul><ol start=3><li><p>e<p>f</ol>",
            "- a\n  - b\n  - c\n- d\n\n3. e\n\n   f\n",
        );
        check("<li>a<li><h3>b</h3>c", "- a\n\n### b\n\n  c\n");
    }

    #[test]
    fn tables() {
        check("<table><caption>C<tr><th>a<th>b<tr><td>c<br>d<td><p>e|f</table>", "C\n\n| a | b |\n| c d | e\\|f |\n");
        check("<table><tr><td>left<td><h2>Work</h2><p>words<tr><td>more</table>", "left\n\n## Work\n\nwords\n\nmore\n");
    }

    #[test]
    fn words_and_links() {
        check(
            "<p>caf&eacute;&nbsp;&amp; <em>b</em><wbr>c <img alt='d'> <a href='/e?f&amp;g'> h </a>.",
            "café & bc d [h](/e?f&g) .\n",
        );
        check("<a href=u><h3>card</h3><p>text</p></a>", "### [card](u)\n\ntext\n");
        check("<pre>a  &lt;b<br>c</pre><blockquote><p>q<p>r</blockquote>", "```\na  <b\nc\n```\n\n> q\n\n> r\n");
    }

    #[test]
    fn head() {
        check(
            "<head><title>Jo</title><meta name=Author content='Jo D'></head><body><h1>Jo</h1>",
            "Author: Jo D\n\n# Jo\n",
        );
        check("<title>Jo &middot; CV</title><h1>Jo</h1>", "Title: Jo · CV\n\n# Jo\n");
    }

    #[test]
    fn limits() {
        let deep = "<div>".repeat(MAX_DEPTH + 1);
        assert_eq!(extract(&deep).err(), Some(DocumentError::TooDeep { limit: MAX_DEPTH }));
        let wide = " a".repeat(50_000);
        assert_eq!(extract(&format!("<p{wide}>")).err(), Some(DocumentError::TooManyAttributes));
        let image = format!("<img alt=x src=\"data:{}\">", "a/ ".repeat(50_000));
        check(&image, "x\n");
    }
}
