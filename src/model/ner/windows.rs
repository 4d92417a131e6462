//! A text as tokens, and those as windows that a model can read.

use std::ops::Range;

use tokenizers::Tokenizer;

use super::TaggerError;

/// One piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) id: u32,
    /// First byte in the text as it came, whatever the tokenizer made of it.
    pub(super) start: usize,
    /// Byte behind the last; equal to `start` for a piece that is nothing but blanks.
    pub(super) end: usize,
}

/// Texts are tokenized in parts of about so many bytes: the tokenizer's bookkeeping takes some hundred bytes a token.
const PART: usize = 1 << 16;

/// The tokens of a text, in order, without those that a tokenizer puts around it.
pub(super) fn tokens(tokenizer: &Tokenizer, text: &str) -> Result<Vec<Token>, TaggerError> {
    let mut tokens = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let part = &text[from..part_end(text, from)];
        let coded = tokenizer.encode(part, false).map_err(|error| TaggerError::Tokenizer(error.to_string()))?;
        for (id, &(start, end)) in coded.get_ids().iter().zip(coded.get_offsets()) {
            let start = part.floor_char_boundary(start);
            let end = part.ceil_char_boundary(end).max(start);
            // Some tokenizers count the blank before a word to it, some do not.
            let value = part.get(start..end).unwrap_or_default();
            let start = start + (value.len() - value.trim_start().len());
            let end = start + value.trim().len();
            tokens.push(Token { id: *id, start: from + start, end: from + end });
        }
        from += part.len();
    }
    Ok(tokens)
}

/// Where the part that begins at `from` ends: behind a line, else behind a word, else anywhere.
fn part_end(text: &str, from: usize) -> usize {
    let most = text.len().min(from + 2 * PART);
    if most == text.len() {
        return most;
    }
    let least = text.ceil_char_boundary(from + PART);
    let most = text.floor_char_boundary(most);
    let late = &text[least..most];
    let behind = |at: usize, c: char| least + at + c.len_utf8();
    let line = late.rfind('\n').map(|at| behind(at, '\n'));
    let word = || late.char_indices().rev().find(|(_, c)| c.is_whitespace()).map(|(at, c)| behind(at, c));
    line.or_else(word).unwrap_or(most)
}

/// Whether a token goes on with the word of the token before it.
pub(super) fn goes_on(text: &str, before: &Token, token: &Token) -> bool {
    let last = text.get(..before.end).and_then(|head| head.chars().next_back());
    let first = text.get(token.start..token.end).and_then(|word| word.chars().next());
    let letter = |c: char| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c);
    before.end == token.start
        && before.start < before.end
        && last
            .zip(first)
            .is_some_and(|(last, first)| letter(last) && letter(first) && !(unspaced(last) || unspaced(first)))
}

/// Scripts that put no blanks between words: there every piece stands for itself.
fn unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Tokens that are read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// What the model sees.
    pub(super) read: Range<usize>,
    /// Whose labels count: the windows' shares follow each other without a gap.
    pub(super) keep: Range<usize>,
}

/// Cuts tokens into windows of at most `room`: behind a blank line where there is one in the second half, else behind a
/// line, else behind a word. But for the first case windows overlap by an eighth, and each label is taken from the
/// window in which the token stands farther from the edge.
pub(super) fn windows(text: &str, tokens: &[Token], room: usize) -> Vec<Window> {
    let mut windows = Vec::new();
    let (mut start, mut kept) = (0, 0);
    while kept < tokens.len() {
        if tokens.len() - start <= room {
            windows.push(Window { read: start..tokens.len(), keep: kept..tokens.len() });
            break;
        }
        let most = start + room;
        let mut best = (Break::Inside, most);
        for at in start + room / 2 + 1..=most {
            let found = (break_at(text, tokens, at), at);
            if found.0 >= best.0 {
                best = found;
            }
        }
        let (kind, end) = best;
        let (mut next, mut border) = (end, end);
        if kind < Break::Paragraph {
            let word = |mut at: usize, least: usize| {
                let wanted = at;
                while at > least && break_at(text, tokens, at) == Break::Inside {
                    at -= 1;
                }
                if at > least { at } else { wanted }
            };
            next = word(end - room / 8, end - room / 4);
            border = word(end - room / 16, next);
        }
        windows.push(Window { read: start..end, keep: kept..border });
        (start, kept) = (next, border);
    }
    windows
}

/// What parts a token from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Break {
    Inside,
    Word,
    Line,
    Paragraph,
}

fn break_at(text: &str, tokens: &[Token], at: usize) -> Break {
    let Some((before, token)) = at.checked_sub(1).and_then(|before| Some((tokens.get(before)?, tokens.get(at)?)))
    else {
        return Break::Paragraph;
    };
    match text.get(before.end..token.start).unwrap_or_default().matches('\n').count() {
        0 if goes_on(text, before, token) => Break::Inside,
        0 => Break::Word,
        1 => Break::Line,
        _ => Break::Paragraph,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two letters a token.
    fn cut(text: &str) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        for (start, c) in text.char_indices() {
            let end = start + c.len_utf8();
            match tokens.last_mut() {
                Some(last) if last.end == start && last.end - last.start < 2 && c.is_alphanumeric() => last.end = end,
                _ if c.is_whitespace() => {}
                _ => tokens.push(Token { id: 0, start, end }),
            }
        }
        tokens
    }

    #[test]
    fn every_token_is_kept_once_and_read_with_neighbours() {
        let line = "one twoo threee, four fiveee six seven eightt nine ten\n";
        for text in
            [line.repeat(9), format!("{line}{line}\n{line}\n").repeat(5), "x".repeat(500), line.replace(' ', "")]
        {
            let tokens = cut(&text);
            for room in [8, 13, 16, 62, 510] {
                let windows = windows(&text, &tokens, room);
                let mut next = 0;
                for window in &windows {
                    assert!(window.read.len() <= room && window.read.start <= window.keep.start);
                    assert!(window.keep.end <= window.read.end && window.keep.start == next && !window.keep.is_empty());
                    next = window.keep.end;
                }
                assert_eq!(next, tokens.len());
                assert!(windows.len() <= tokens.len() / (room / 2 - room / 4) + 1, "{} of {room}", windows.len());
            }
        }
        assert!(windows("", &[], 8).is_empty());
    }

    #[test]
    fn windows_end_where_a_paragraph_does() {
        let text = "aa bb cc dd ee ff\n\ngg hh ii\njj kk ll mm";
        let found = windows(text, &cut(text), 8);
        assert_eq!(found, [Window { read: 0..6, keep: 0..6 }, Window { read: 6..13, keep: 6..13 }]);
        let text = "aa bb cc dd ee ff\ngg hh ii jj kk ll mm";
        let found = windows(text, &cut(text), 8);
        assert_eq!((found[0].read.end, found[0].keep.end, found[1].read.start), (6, 6, 5));
    }

    #[test]
    fn words_go_on_over_letters_and_marks_alone() {
        let text = "toke\u{301}ska o'neil 王小 x";
        let piece = |from: &str| {
            let start = text.find(from).expect("a piece");
            Token { id: 0, start, end: start + from.len() }
        };
        assert!(goes_on(text, &piece("toke"), &piece("\u{301}ska")));
        assert!(!goes_on(text, &piece("o'"), &piece("neil")) && !goes_on(text, &piece("王"), &piece("小")));
        assert!(!goes_on(text, &piece("小"), &piece("x")));
    }

    #[test]
    fn long_texts_are_cut_behind_lines_words_or_anywhere() {
        for text in ["ab cd\n".repeat(60_000), "ab cd ".repeat(60_000), "é".repeat(200_000)] {
            let mut at = 0;
            let mut parts = 0;
            while at < text.len() {
                let end = part_end(&text, at);
                assert!(end > at && text.is_char_boundary(end));
                if text.contains('\n') {
                    assert!(text[..end].ends_with('\n'));
                } else if text.contains(' ') {
                    assert!(text[..end].ends_with(' '));
                }
                at = end;
                parts += 1;
            }
            assert!(parts < 8);
        }
    }
}
