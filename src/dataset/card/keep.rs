//! What stays of a card that is there.

use super::text::{Block, begin, end};

/// A card in its parts.
pub(super) struct Card<'c> {
    /// The keys of the header with their lines.
    header: Vec<(&'c str, &'c str)>,
    body: &'c str,
}

impl<'c> Card<'c> {
    /// Takes a card apart.
    ///
    /// # Errors
    /// It was not made by this: there is no telling what may be replaced.
    pub(super) fn read(card: &'c str) -> Result<Self, String> {
        let card = card.trim_start_matches('\u{feff}');
        let (header, body) = card
            .strip_prefix("---\n")
            .and_then(|rest| if rest.starts_with("---") { Some(("", rest)) } else { rest.split_once("\n---") })
            .map_or(("", card), |(header, body)| {
                (header, body.trim_start_matches(['-', '\r']).trim_start_matches('\n'))
            });
        if !body.contains("<!-- distill:begin ") {
            return Err("is a card that `distill card` did not write".to_owned());
        }
        Ok(Self { header: keys(header), body })
    }

    /// The lines of a key; `None` when it is not there or says nothing.
    pub(super) fn key(&self, key: &str) -> Option<&'c str> {
        let (_, block) = self.header.iter().find(|(known, _)| *known == key)?;
        let value = block.split_once(':').map_or("", |(_, value)| value.trim());
        (!value.is_empty() && !value.to_lowercase().starts_with("todo")).then_some(*block)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&'c str, &'c str)> {
        self.header.iter().copied()
    }

    /// The text with its blocks written anew; everything between them stays. Blocks that are not there follow.
    pub(super) fn renewed(&self, blocks: &[Block]) -> String {
        let mut out = self.body.to_owned();
        for block in blocks {
            let (first, last) = (begin(block.name), end(block.name));
            let place = out.find(&first).and_then(|from| {
                let to = out[from..].find(&last)?;
                Some(from..from + to + last.len())
            });
            match place {
                Some(place) => out.replace_range(place, block.render().trim_end()),
                None => {
                    out.truncate(out.trim_end().len());
                    out.push_str("\n\n");
                    out.push_str(&block.render());
                }
            }
        }
        out
    }
}

/// Keys of the first level, each with the lines up to the next; comments are left out.
fn keys(header: &str) -> Vec<(&str, &str)> {
    let mut out: Vec<(&str, &str)> = vec![];
    let mut start = 0;
    let mut key = None;
    let mut at = 0;
    for line in header.split_inclusive('\n') {
        let begins = line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && line.contains(':');
        if begins || line.starts_with('#') {
            if let Some(key) = key {
                out.push((key, &header[start..at]));
            }
            key = begins.then(|| line.split(':').next().unwrap_or_default().trim());
            start = at;
        }
        at += line.len();
    }
    if let Some(key) = key {
        out.push((key, &header[start..]));
    }
    out
}
