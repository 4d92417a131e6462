//! Writes the words of a block with their links, line ends and bars.

use super::blocks::Block;
use super::join::{Glue, Vocabulary, is_hyphen};
use super::words::Word;
use crate::document::inline::{self, Inline};

/// The words with their links; what stood at the right margin comes after them.
pub(super) fn inline(block: &Block, vocabulary: &Vocabulary) -> Vec<inline::Line> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut tails: Vec<&[Word]> = Vec::new();
    for (line, hard) in block.lines.iter().zip(&block.hard) {
        if *hard {
            write_tails(&mut tokens, &mut tails);
        }
        for (cell, words) in line.cells.iter().enumerate() {
            for (idx, word) in words.iter().enumerate() {
                let starts = (cell == 0 && idx == 0).then(|| tokens.last_mut()).flatten();
                let before = match starts {
                    Some(last) if !hard => match vocabulary.glue(last.word, word) {
                        Glue::Space => Before::Space,
                        Glue::Tight => Before::Nothing,
                        Glue::Unhyphenated => {
                            last.text = last.text.trim_end_matches(is_hyphen);
                            Before::Nothing
                        }
                    },
                    Some(_) => Before::Break,
                    None if idx == 0 && cell > 0 => Before::Bar,
                    None => within(word),
                };
                tokens.push(Token { before, text: &word.text, word });
            }
        }
        tails.extend(line.tails.iter().map(Vec::as_slice));
    }
    write_tails(&mut tokens, &mut tails);
    write_words(&tokens)
}

/// What stood at the right margin of lines read so far.
fn write_tails<'w>(tokens: &mut Vec<Token<'w>>, tails: &mut Vec<&'w [Word]>) {
    for tail in tails.drain(..) {
        for (idx, word) in tail.iter().enumerate() {
            let before = if idx == 0 { Before::Bar } else { within(word) };
            tokens.push(Token { before, text: &word.text, word });
        }
    }
}

/// What stands before a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Space,
    /// A bar, since a wide gap parts it from the word before.
    Bar,
    /// A line break that the author meant.
    Break,
}

/// A word as it is written.
struct Token<'w> {
    before: Before,
    text: &'w str,
    word: &'w Word,
}

/// What stands before a word within a line.
fn within(word: &Word) -> Before {
    if word.tight { Before::Nothing } else { Before::Space }
}

fn write_words(tokens: &[Token<'_>]) -> Vec<inline::Line> {
    let mut inline = Inline::default();
    let (mut link, mut bold) = (None, false);
    let mut last: Option<&Token<'_>> = None;
    for token in tokens {
        let same_link = link.is_some() && link == token.word.link.as_ref();
        let breaks = last.is_some() && token.before == Before::Break;
        if link.is_some() && (!same_link || breaks) {
            inline.close_link();
            link = None;
        }
        if bold && (!token.word.bold || breaks) {
            inline.close_bold();
            bold = false;
        }
        match (last, token.before) {
            (None, _) | (_, Before::Nothing) => {}
            (_, Before::Break) => inline.hard_break(),
            (Some(last), Before::Bar) if is_word(last.text) && is_word(token.text) => inline.push(" | "),
            (_, Before::Space | Before::Bar) => inline.push(" "),
        }
        let starts_line = last.is_none() || token.before == Before::Break;
        if starts_line && token.word.bold {
            inline.open_bold();
            bold = true;
        }
        if link.is_none()
            && let Some(url) = &token.word.link
        {
            inline.open_link(url);
            link = Some(url);
        }
        inline.push(token.text);
        last = Some(token);
    }
    inline.close_link();
    if bold {
        inline.close_bold();
    }
    inline.take()
}

/// Whether there is more to it than marks such as a bar or a dot, which part by themselves.
pub(super) fn is_word(text: &str) -> bool {
    text.is_empty() || text.chars().any(char::is_alphanumeric)
}

/// The words of a cell of a table.
pub(super) fn words_of(cell: &[Word]) -> String {
    let tokens: Vec<Token<'_>> =
        cell.iter().map(|word| Token { before: within(word), text: &word.text, word }).collect();
    inline::joined(write_words(&tokens))
}
