/// A run of a text beside its other version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Both have it.
    Same(String),
    /// Only the old text has it.
    Gone(String),
    /// Only the new text has it.
    New(String),
}

/// Words that are compared one by one; texts that differ in more of them are shown one after the other.
const MOST: usize = 2000;

/// What became of a text, word by word. White space belongs to the word before it and tells no words apart.
#[must_use]
pub fn words(old: &str, new: &str) -> Vec<Piece> {
    let (old, new) = (split(old), split(new));
    let front = old.iter().zip(&new).take_while(|(a, b)| same(a, b)).count();
    let back = old[front..].iter().rev().zip(new[front..].iter().rev()).take_while(|(a, b)| same(a, b)).count();
    let (a, b) = (&old[front..old.len() - back], &new[front..new.len() - back]);
    let mut pieces: Vec<Piece> = vec![];
    add(&mut pieces, Piece::Same, &new[..front]);
    if a.len() > MOST || b.len() > MOST {
        add(&mut pieces, Piece::Gone, a);
        add(&mut pieces, Piece::New, b);
    } else {
        between(a, b, &mut pieces);
    }
    add(&mut pieces, Piece::Same, &new[new.len() - back..]);
    pieces
}

/// The longest common subsequence of two lists of words, as pieces.
fn between(a: &[&str], b: &[&str], pieces: &mut Vec<Piece>) {
    let width = b.len() + 1;
    let mut longest = vec![0_u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if same(a[i], b[j]) {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && same(a[i], b[j]) {
            add(pieces, Piece::Same, &b[j..=j]);
            (i, j) = (i + 1, j + 1);
        } else if j == b.len() || (i < a.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
            add(pieces, Piece::Gone, &a[i..=i]);
            i += 1;
        } else {
            add(pieces, Piece::New, &b[j..=j]);
            j += 1;
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    a.trim_end() == b.trim_end()
}

fn add(pieces: &mut Vec<Piece>, sort: fn(String) -> Piece, words: &[&str]) {
    if words.is_empty() {
        return;
    }
    let text = words.concat();
    match (pieces.last_mut(), sort(text)) {
        (Some(Piece::Same(last)), Piece::Same(text))
        | (Some(Piece::Gone(last)), Piece::Gone(text))
        | (Some(Piece::New(last)), Piece::New(text)) => last.push_str(&text),
        (_, piece) => pieces.push(piece),
    }
}

/// Words, each with the white space behind it.
fn split(text: &str) -> Vec<&str> {
    let mut out = vec![];
    let mut start = 0;
    let mut space = false;
    for (at, c) in text.char_indices() {
        if space && !c.is_whitespace() {
            out.push(&text[start..at]);
            start = at;
        }
        space = c.is_whitespace();
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}
