//! What the reader of content streams hands to the layout: characters with a place.

use std::rc::Rc;

/// One character, or the few that one drawn shape stands for, in the frame of its own writing direction.
///
/// `x` runs along the line, `y` across it from the top of the page down, both in points.
#[derive(Clone, Debug)]
pub(super) struct Glyph {
    /// The characters; a space is a glyph like any other.
    pub(super) text: String,
    /// Where it begins.
    pub(super) x0: f64,
    /// Where the next one would begin.
    pub(super) x1: f64,
    /// The line it stands on.
    pub(super) y: f64,
    /// The height of the font.
    pub(super) size: f64,
    /// Set in a bold font.
    pub(super) bold: bool,
    /// Drawn without ink, as the text layer over a scanned page is.
    pub(super) hidden: bool,
    /// The writing direction in whole degrees, clockwise; 0 is the usual one.
    pub(super) angle: i16,
    /// Its place among the glyphs of the page as they were drawn.
    pub(super) order: usize,
    /// Where it leads.
    pub(super) link: Option<Rc<str>>,
}

/// A rectangle of the page, from its top left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x0: f64,
    pub(super) y0: f64,
    pub(super) x1: f64,
    pub(super) y1: f64,
}

impl Area {
    /// Whether a point lies within.
    pub(super) fn holds(&self, x: f64, y: f64) -> bool {
        (self.x0..=self.x1).contains(&x) && (self.y0..=self.y1).contains(&y)
    }
}

/// An address and the places of a page that lead there.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) url: Rc<str>,
    pub(super) areas: Vec<Area>,
}

/// One page as it was drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) links: Vec<Link>,
    /// Small filled shapes as wide as high, which may be bullets.
    pub(super) dots: Vec<Area>,
    pub(super) width: f64,
    pub(super) height: f64,
}
