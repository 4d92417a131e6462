//! Single HTML tags: their attributes, what hides an element, and tags within a line of Markdown.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use super::DocumentError;
use super::inline::Inline;

/// The most comparisons spent on finding doubled attributes, which the tokenizer does pair by pair.
const MAX_ATTRIBUTE_PAIRS: usize = 1_000_000_000;

/// The value of an attribute.
pub(super) fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

/// Whether the tag itself says that the element is not shown, or not to be read aloud.
pub(super) fn is_hidden(tag: &Tag) -> bool {
    let style: String = attribute(tag, "style").unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    let style = style.to_ascii_lowercase();
    attribute(tag, "hidden").is_some()
        || attribute(tag, "aria-hidden").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || attribute(tag, "role").is_some_and(|value| value.eq_ignore_ascii_case("navigation"))
        || style.contains("display:none")
        || style.contains("visibility:hidden")
}

/// Refuses tags whose attributes would keep the tokenizer comparing for minutes.
pub(super) fn check_pairs(pairs: usize) -> Result<(), DocumentError> {
    if pairs > MAX_ATTRIBUTE_PAIRS { Err(DocumentError::TooManyAttributes) } else { Ok(()) }
}

/// The comparisons that the attributes of all tags cost, counted high.
pub(super) fn attribute_pairs(source: &str) -> usize {
    let (mut pairs, mut parts) = (0usize, 0usize);
    let (mut in_tag, mut quote, mut last) = (false, None, 0u8);
    for byte in source.bytes() {
        match (in_tag, quote) {
            (false, _) => {
                in_tag = last == b'<' && byte.is_ascii_alphabetic();
            }
            (true, Some(open)) => {
                if byte == open {
                    quote = None;
                    parts += 1;
                }
            }
            (true, None) => match byte {
                b'>' => {
                    in_tag = false;
                    pairs = pairs.saturating_add(parts.saturating_mul(parts));
                    parts = 0;
                }
                b'"' | b'\'' if last == b'=' => quote = Some(byte),
                b'/' => parts += 1,
                _ if byte.is_ascii_whitespace() && !last.is_ascii_whitespace() => parts += 1,
                _ => {}
            },
        }
        if !(byte.is_ascii_whitespace() && last == b'=') {
            last = byte;
        }
    }
    // A tag that never ends is still read to the end.
    pairs.saturating_add(parts.saturating_mul(parts))
}

/// Takes one tag within a line of Markdown.
pub(super) fn inline(source: &str, inline: &mut Inline) {
    let name_end = source.trim_start_matches(['<', '/']);
    let name = name_end.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
    match (name.as_str(), source.starts_with("</")) {
        ("br", _) => inline.hard_break(),
        ("b" | "strong", false) => inline.open_bold(),
        ("b" | "strong", true) => inline.close_bold(),
        ("a", true) => inline.close_link(),
        ("a" | "img", false) => {
            let first = RefCell::new(None);
            let tokenizer = Tokenizer::new(FirstTag(first), TokenizerOpts::default());
            let input = BufferQueue::default();
            input.push_back(StrTendril::from_slice(source));
            let _ = tokenizer.feed(&input);
            tokenizer.end();
            let Some(tag) = tokenizer.sink.0.into_inner() else { return };
            match (name.as_str(), attribute(&tag, "href"), attribute(&tag, "alt")) {
                ("a", Some(url), _) => inline.open_link(url),
                ("img", _, Some(words)) => inline.push(words),
                _ => {}
            }
        }
        _ => {}
    }
}

struct FirstTag(RefCell<Option<Tag>>);

impl TokenSink for FirstTag {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token {
            self.0.borrow_mut().get_or_insert(tag);
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: usize) {
        assert_eq!(attribute_pairs(source), expected);
    }

    #[test]
    fn pairs_are_counted_outside_quotes() {
        check("<p>a b c</p> 1 < 2 > 1", 0);
        check("<p a=1 b>", 4);
        check("<img src=\"a b / c\" alt='d e'>", 16);
        check("<p a b c", 9);
    }

    #[test]
    fn inline_tags() {
        let mut inline_words = Inline::default();
        for tag in ["<A HREF='x&amp;y'>", "<img alt=\"a > b\">", "</a>", "<br/>", "<!-- c -->", "<u>", "<"] {
            inline(tag, &mut inline_words);
        }
        inline_words.push("z");
        assert_eq!(super::super::inline::joined(inline_words.take()), "[a > b](x&y)\nz");
    }
}
