//! Annotations: where a page leads, and what is written in the fields of a form.

use std::collections::BTreeMap;
use std::rc::Rc;

use hayro_font::kurbo::{Affine, Point};
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Array, Dict, Name, Rect, Stream};
use hayro_syntax::page::Page as Source;

use super::content::Reader;
use super::glyph::{Area, Link};
use super::text_string;
use crate::document::DocumentError;

/// Annotations read on a page.
const MAX_ANNOTATIONS: usize = 2_000;

/// The height of a band of the page.
const BAND: f64 = 24.0;

/// The most bands an area is entered in.
const MAX_BANDS: i64 = 500;

/// Hidden, and not to be shown on a screen.
const UNSEEN: i32 = (1 << 1) | (1 << 5);

/// The addresses of a page with the places that lead there.
pub(super) fn links(source: &Source<'_>, matrix: [f64; 6]) -> Vec<Link> {
    annotations(source).filter_map(|annotation| link(&annotation, Affine::new(matrix))).collect()
}

fn link(annotation: &Dict<'_>, matrix: Affine) -> Option<Link> {
    let action = annotation.get::<Dict<'_>>(keys::A)?;
    let url = text_string(&action.get::<hayro_syntax::object::String<'_>>(keys::URI)?);
    let url = url.trim();
    let whole = annotation.get::<Rect>(keys::RECT).map(|r| area([(r.x0, r.y0), (r.x1, r.y1)], matrix));
    let quads: Vec<f64> =
        annotation.get::<Array<'_>>(keys::QUADPOINTS).map(|q| q.iter::<f64>().collect()).unwrap_or_default();
    let (quads, _) = quads.as_chunks::<8>();
    let mut areas: Vec<Area> = quads
        .iter()
        .map(|q| area([(q[0], q[1]), (q[2], q[3]), (q[4], q[5]), (q[6], q[7])], matrix))
        .filter(|quad| quad.x1 > quad.x0 && quad.y1 > quad.y0)
        .collect();
    if areas.is_empty() {
        areas.push(whole?);
    }
    (!url.is_empty()).then(|| Link { url: url.into(), areas })
}

fn area<const N: usize>(corners: [(f64, f64); N], matrix: Affine) -> Area {
    let none = Area { x0: f64::MAX, y0: f64::MAX, x1: f64::MIN, y1: f64::MIN };
    corners.iter().map(|corner| matrix * Point::from(*corner)).fold(none, |area, p| Area {
        x0: area.x0.min(p.x),
        y0: area.y0.min(p.y),
        x1: area.x1.max(p.x),
        y1: area.y1.max(p.y),
    })
}

/// The links of a page by height, so that a glyph is compared with those around it only.
pub(super) struct Index<'l>(BTreeMap<i64, Vec<(Area, &'l Rc<str>)>>);

impl<'l> Index<'l> {
    /// Enters all links.
    pub(super) fn new(links: &'l [Link]) -> Self {
        let mut bands: BTreeMap<i64, Vec<(Area, &Rc<str>)>> = BTreeMap::new();
        for link in links {
            for area in &link.areas {
                let (first, last) = (band(area.y0), band(area.y1));
                for band in first..=last.min(first.saturating_add(MAX_BANDS)) {
                    bands.entry(band).or_default().push((*area, &link.url));
                }
            }
        }
        Self(bands)
    }

    /// Where a point leads.
    pub(super) fn at(&self, x: f64, y: f64) -> Option<Rc<str>> {
        let near = self.0.get(&band(y))?;
        near.iter().find(|(area, _)| area.holds(x, y)).map(|(_, url)| Rc::clone(url))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, and no glyph stands that far out")]
fn band(y: f64) -> i64 {
    (y / BAND).floor() as i64
}

/// Runs what the fields of a form and the author's text boxes look like: their words are on the page as much as its
/// own.
pub(super) fn appearances<'a>(source: &'a Source<'a>, reader: &mut Reader<'_, 'a>) -> Result<(), DocumentError> {
    for annotation in annotations(source) {
        let kind = annotation.get::<Name<'_>>(keys::SUBTYPE);
        let written = kind.is_some_and(|kind| matches!(kind.as_str(), "Widget" | "FreeText"));
        if !written || annotation.get::<i32>(keys::F).unwrap_or(0) & UNSEEN != 0 {
            continue;
        }
        let looks = annotation.get::<Dict<'a>>(keys::AP).and_then(|looks| looks.get::<Stream<'a>>(keys::N));
        if let (Some(form), Some(place)) = (looks, annotation.get::<Rect>(keys::RECT)) {
            let inner = form.dict().get::<Rect>(keys::BBOX);
            let (x, y) = (place.x0 - inner.map_or(0.0, |r| r.x0), place.y0 - inner.map_or(0.0, |r| r.y0));
            reader.restart_at(x, y);
            reader.inner(&form, source.resources(), 0)?;
        }
    }
    Ok(())
}

fn annotations<'a>(source: &Source<'a>) -> impl Iterator<Item = Dict<'a>> {
    let list = source.raw().get::<Array<'a>>(keys::ANNOTS);
    list.into_iter().flat_map(|list| list.iter::<Dict<'a>>()).take(MAX_ANNOTATIONS)
}
