//! What a font says about a character code: its characters, its width, its weight.

use std::rc::Rc;

use hayro_font::hayro_cmap::{self, BfString};
use hayro_font::{Font, FontCache, FontGlyph, FontQuery};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name, Rect};
use unicode_normalization::UnicodeNormalization;

/// Stands for a shape whose characters the file does not tell.
pub(super) const UNKNOWN: char = '\u{FFFD}';

/// The fonts of a document, each read once.
#[derive(Default)]
pub(super) struct Fonts<'a>(FontCache<'a>);

/// One font as the content stream uses it.
pub(super) struct Face<'a> {
    font: Font<'a>,
    /// Set in bold.
    pub(super) bold: bool,
    /// What the size in the content stream is to be multiplied by; other than 1 only where glyphs are drawings.
    pub(super) scale: f64,
}

/// One character code of a string.
pub(super) struct Code {
    /// Its characters.
    pub(super) text: String,
    /// How far the pen moves along and across, in thousandths of the font size.
    pub(super) advance: (f64, f64),
    /// Bytes it took in the string.
    pub(super) bytes: usize,
    /// The single-byte code 32, which word spacing applies to.
    pub(super) space: bool,
}

impl<'a> Fonts<'a> {
    /// The font of a dictionary; `None` where it cannot be made out.
    pub(super) fn face(&self, dict: &Dict<'a>) -> Option<Rc<Face<'a>>> {
        let substitute: hayro_font::FontResolverFn = std::sync::Arc::new(|query| {
            Some(match query {
                FontQuery::Standard(font) => font.get_font_data(),
                FontQuery::Fallback(query) => query.pick_standard_font().get_font_data(),
            })
        });
        let maps: hayro_font::CMapResolverFn = std::sync::Arc::new(hayro_cmap::load_embedded);
        let font = self.0.font(dict, &substitute, &maps)?;
        Some(Rc::new(Face { font, bold: is_bold(dict), scale: drawn_scale(dict) }))
    }
}

impl Face<'_> {
    /// Whether lines run from left to right rather than from top to bottom.
    pub(super) fn is_horizontal(&self) -> bool {
        self.font.is_horizontal()
    }

    /// The code that begins at `offset`.
    pub(super) fn code(&self, bytes: &[u8], offset: usize) -> Code {
        let (code, length) = self.font.read_code(bytes, offset);
        let found = match self.font.glyph(self.font.map_code(code), code) {
            FontGlyph::Outline(glyph) => glyph.as_unicode(),
            FontGlyph::Type3(glyph) => glyph.as_unicode(),
        };
        let text = match found {
            Some(BfString::Char(c)) => plain(&c.to_string()),
            Some(BfString::String(words)) => plain(&words),
            None if length == 1 && code == 32 => " ".to_owned(),
            None => UNKNOWN.to_string(),
        };
        let advance = self.font.code_advance(code);
        Code { text, advance: (advance.x, advance.y), bytes: length.max(1), space: length == 1 && code == 32 }
    }
}

/// Ligatures and forms of presentation become the letters they stand for; all else stays as it is.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{FB00}'..='\u{FB06}' | '\u{FB13}'..='\u{FB17}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' => {
                out.extend(std::iter::once(c).nfkc());
            }
            '\0' => {}
            c if c.is_whitespace() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Whether a font is bold, by what its descriptor says or else by its name.
fn is_bold(dict: &Dict<'_>) -> bool {
    let descendant = dict.get::<Array<'_>>(keys::DESCENDANT_FONTS).and_then(|fonts| fonts.iter::<Dict<'_>>().next());
    let inner = descendant.as_ref().unwrap_or(dict);
    let described = inner.get::<Dict<'_>>(keys::FONT_DESC).is_some_and(|descriptor| {
        let flags = descriptor.get::<i32>(keys::FLAGS).unwrap_or(0);
        flags & (1 << 18) != 0 || descriptor.get::<f32>(keys::FONT_WEIGHT).is_some_and(|weight| weight >= 600.0)
    });
    described
        || [dict, inner]
            .iter()
            .filter_map(|dict| dict.get::<Name<'_>>(keys::BASE_FONT))
            .any(|name| is_bold_name(name.as_str()))
}

/// Whether a font's name says that it is bold: `Lato-SemiBold`, `CMBX10`, `NimbusRomNo9L-Medi`.
fn is_bold_name(name: &str) -> bool {
    let name = name.split_once('+').map_or(name, |(_, rest)| rest).to_ascii_lowercase();
    ["bold", "black", "heavy", "-demi"].iter().any(|word| name.contains(word))
        || ["cmbx", "cmssbx", "sfbx", "ecbx", "txb", "ptmb"].iter().any(|start| name.starts_with(start))
        || name.ends_with("-medi")
        || name.ends_with("-mediital")
}

/// The height of a drawn font's glyphs in units of its size. Such fonts choose their own scale, so that the size in
/// the content stream says little by itself.
fn drawn_scale(dict: &Dict<'_>) -> f64 {
    if dict.get::<Name<'_>>(keys::SUBTYPE).is_none_or(|name| name.as_str() != "Type3") {
        return 1.0;
    }
    let unit = dict.get::<[f64; 6]>(keys::FONT_MATRIX).map_or(0.001, |matrix| matrix[3].abs().max(matrix[0].abs()));
    let height = dict.get::<Rect>(keys::FONT_BBOX).map_or(0.0, |area| area.height());
    // A box is asked for but may be empty.
    let scale = if height > 0.0 { unit * height } else { unit * 1000.0 };
    if (0.2..5.0).contains(&scale) { scale } else { scale.clamp(1e-6, 1e6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_by_name() {
        for name in ["ABCDEF+Lato-Semibold", "CMBX10", "NimbusRomNo9L-Medi", "Arial,Bold", "Roboto-Black"] {
            assert!(is_bold_name(name), "{name}");
        }
        for name in ["Lato-Medium", "CMR10", "NimbusRomNo9L-Regu", "Times-Roman"] {
            assert!(!is_bold_name(name), "{name}");
        }
    }

    #[test]
    fn ligatures_come_apart() {
        assert_eq!(plain("\u{FB01}\u{A0}\u{FB04}½²"), "fi ffl½²");
    }
}
