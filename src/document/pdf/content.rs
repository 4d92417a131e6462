//! Runs the content streams of a page, for what they write and where.
//!
//! Drawing is left out: only text, the matrices it stands in, and the forms it may stand in are followed.

use std::collections::BTreeMap;
use std::rc::Rc;

use hayro_font::kurbo::{Affine, Point, Vec2};
use hayro_syntax::content::TypedIter;
use hayro_syntax::content::ops::TypedInstruction as Op;
use hayro_syntax::object::dict::keys;
use hayro_syntax::object::{Dict, Name, Number, Object, Stream};
use hayro_syntax::page::Resources;

use super::font::{Face, Fonts, UNKNOWN};
use super::glyph::{Area, Glyph};
use super::text_string;
use crate::document::DocumentError;

/// Operators and characters read in one document. Some thousand pages of text; drawings count too.
const MAX_STEPS: usize = 40_000_000;

/// Glyphs kept in one document: a thousand pages.
const MAX_GLYPHS: usize = 4_000_000;

/// Small shapes kept on a page.
const MAX_DOTS: usize = 2_000;

/// What a form costs, in operators: forms that draw each other twice double with every level.
const FORM_STEPS: usize = 1_000;

/// How deep forms may stand in one another.
const MAX_FORM_DEPTH: usize = 16;

/// Graphics states saved at a time.
const MAX_SAVED: usize = 256;

/// The largest number of glyphs that words given by the author may stand for; past that they cover whole lines, whose
/// places would be lost.
const MAX_REPLACED: usize = 8;

/// What the pages of one document may still use.
pub(super) struct Budget {
    steps: usize,
    glyphs: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: MAX_STEPS, glyphs: MAX_GLYPHS }
    }
}

impl Budget {
    fn step(&mut self) -> Result<(), DocumentError> {
        self.steps = self.steps.checked_sub(1).ok_or(DocumentError::PdfTooMuch)?;
        Ok(())
    }

    fn glyph(&mut self) -> Result<(), DocumentError> {
        self.glyphs = self.glyphs.checked_sub(1).ok_or(DocumentError::PdfTooMuch)?;
        self.step()
    }
}

/// Reads one content stream after another into glyphs.
pub(super) struct Reader<'f, 'a> {
    fonts: &'f Fonts<'a>,
    budget: &'f mut Budget,
    /// The state that the page began with.
    first: State<'a>,
    state: State<'a>,
    saved: Vec<State<'a>>,
    marks: Vec<Option<Mark>>,
    /// The box of the path being drawn.
    path: Option<Area>,
    /// What was written, in the order of writing.
    pub(super) glyphs: Vec<Glyph>,
    /// Small filled shapes.
    pub(super) dots: Vec<Area>,
}

/// Words that the author gave for what is drawn until the mark ends.
struct Mark {
    words: String,
    from: usize,
}

#[derive(Clone)]
struct State<'a> {
    matrix: Affine,
    text: Affine,
    line: Affine,
    face: Option<Rc<Face<'a>>>,
    size: f64,
    letter_gap: f64,
    word_gap: f64,
    stretch: f64,
    leading: f64,
    rise: f64,
    hidden: bool,
}

impl<'f, 'a> Reader<'f, 'a> {
    /// A reader for one page; `matrix` takes its points to a page that begins at the top left.
    pub(super) fn new(fonts: &'f Fonts<'a>, budget: &'f mut Budget, matrix: [f64; 6]) -> Self {
        let state = State {
            matrix: Affine::new(matrix),
            text: Affine::IDENTITY,
            line: Affine::IDENTITY,
            face: None,
            size: 1.0,
            letter_gap: 0.0,
            word_gap: 0.0,
            stretch: 1.0,
            leading: 0.0,
            rise: 0.0,
            hidden: false,
        };
        Self {
            fonts,
            budget,
            first: state.clone(),
            state,
            saved: Vec::new(),
            marks: Vec::new(),
            path: None,
            glyphs: Vec::new(),
            dots: Vec::new(),
        }
    }

    /// Runs one stream with what it may name.
    ///
    /// # Errors
    /// More operators or glyphs than a document may have.
    pub(super) fn run(&mut self, stream: &[u8], resources: &Resources<'a>, depth: usize) -> Result<(), DocumentError> {
        let (saved, marks) = (self.saved.len(), self.marks.len());
        let mut faces = BTreeMap::new();
        let mut operations = TypedIter::new(stream);
        while let Some(operation) = operations.next() {
            self.budget.step()?;
            match operation {
                Op::SaveState(_) if self.saved.len() < MAX_SAVED => self.saved.push(self.state.clone()),
                Op::RestoreState(_) if self.saved.len() > saved => {
                    if let Some(state) = self.saved.pop() {
                        self.state = state;
                    }
                }
                Op::Transform(m) => self.state.matrix *= affine([m.0, m.1, m.2, m.3, m.4, m.5]),
                Op::SetGraphicsState(name) => {
                    let state = resources.get_ext_g_state(name.0);
                    // The font may be set in a dictionary, as a reference and a size.
                    if let Some((font, size)) = state.and_then(|state| state.get::<(Dict<'a>, f64)>(keys::FONT)) {
                        self.state.face = self.fonts.face(&font);
                        self.state.size = size;
                    }
                }
                Op::XObject(name) => self.form(name.0, resources, depth)?,
                Op::BeginMarkedContent(_) => self.marks.push(None),
                Op::BeginMarkedContentWithProperties(mark) => {
                    let words = properties(mark.1, resources).and_then(|dict| dict.get(keys::ACTUAL_TEXT));
                    let words = words.map(|words: hayro_syntax::object::String<'_>| text_string(&words));
                    let from = self.glyphs.len();
                    self.marks.push(words.map(|words| Mark { words, from }));
                }
                Op::EndMarkedContent(_) if self.marks.len() > marks => self.end_mark(),
                Op::TextFont(font) => {
                    self.state.size = font.1.as_f64();
                    self.state.face = faces
                        .entry(font.0.as_str().to_owned())
                        .or_insert_with(|| self.fonts.face(&resources.get_font(font.0)?))
                        .clone();
                }
                other if self.draw(&other) => {}
                other => self.text(&other)?,
            }
        }
        self.saved.truncate(saved);
        self.marks.truncate(marks);
        Ok(())
    }

    /// Follows a path for the dots before list items, which browsers draw; `false` for what is no part of a path.
    fn draw(&mut self, operation: &Op<'_, '_>) -> bool {
        match operation {
            Op::MoveTo(p) => self.reach(p.0, p.1),
            Op::LineTo(p) => self.reach(p.0, p.1),
            Op::CubicTo(p) => self.reach(p.4, p.5),
            Op::CubicStartTo(p) => self.reach(p.2, p.3),
            Op::CubicEndTo(p) => self.reach(p.2, p.3),
            Op::RectPath(r) => {
                let state = self.state.matrix;
                let (x, y) = (r.0.as_f64(), r.1.as_f64());
                for (x, y) in [(x, y), (x + r.2.as_f64(), y + r.3.as_f64())] {
                    self.extend(state * Point::new(x, y));
                }
            }
            Op::FillPathNonZero(_) | Op::FillPathNonZeroCompatibility(_) | Op::FillPathEvenOdd(_) => {
                let (wide, high) = self.path.map_or((0.0, 0.0), |path| (path.x1 - path.x0, path.y1 - path.y0));
                let dot = (1.0..10.0).contains(&wide) && (wide - high).abs() < 0.2 * wide;
                self.dots.extend(self.path.take().filter(|_| dot && self.dots.len() < MAX_DOTS));
            }
            Op::StrokePath(_) | Op::CloseAndStrokePath(_) | Op::EndPath(_) => self.path = None,
            _ => return false,
        }
        true
    }

    fn reach(&mut self, x: Number, y: Number) {
        self.extend(self.state.matrix * Point::new(x.as_f64(), y.as_f64()));
    }

    fn extend(&mut self, p: Point) {
        let path = self.path.get_or_insert(Area { x0: p.x, y0: p.y, x1: p.x, y1: p.y });
        (path.x0, path.x1) = (path.x0.min(p.x), path.x1.max(p.x));
        (path.y0, path.y1) = (path.y0.min(p.y), path.y1.max(p.y));
    }

    fn text(&mut self, operation: &Op<'_, '_>) -> Result<(), DocumentError> {
        let state = &mut self.state;
        match operation {
            Op::BeginText(_) => (state.text, state.line) = (Affine::IDENTITY, Affine::IDENTITY),
            Op::CharacterSpacing(gap) => state.letter_gap = gap.0.as_f64(),
            Op::WordSpacing(gap) => state.word_gap = gap.0.as_f64(),
            Op::HorizontalScaling(percent) => state.stretch = percent.0.as_f64() / 100.0,
            Op::TextLeading(leading) => state.leading = leading.0.as_f64(),
            Op::TextRise(rise) => state.rise = rise.0.as_f64(),
            // 3 is neither filled nor stroked, 7 only clips.
            Op::TextRenderingMode(mode) => state.hidden = matches!(mode.0.as_i64(), 3 | 7),
            Op::SetTextMatrix(m) => {
                state.line = affine([m.0, m.1, m.2, m.3, m.4, m.5]);
                state.text = state.line;
            }
            Op::NextLine(by) => state.next_line(by.0.as_f64(), by.1.as_f64()),
            Op::NextLineAndSetLeading(by) => {
                state.leading = -by.1.as_f64();
                state.next_line(by.0.as_f64(), by.1.as_f64());
            }
            Op::NextLineUsingLeading(_) => state.next_line(0.0, -state.leading),
            Op::ShowText(words) => self.show(words.0)?,
            Op::NextLineAndShowText(words) => {
                state.next_line(0.0, -state.leading);
                self.show(words.0)?;
            }
            Op::ShowTextWithParameters(words) => {
                (state.word_gap, state.letter_gap) = (words.0.as_f64(), words.1.as_f64());
                state.next_line(0.0, -state.leading);
                self.show(words.2)?;
            }
            Op::ShowTexts(parts) => {
                for part in parts.0.iter::<Object<'_>>() {
                    match part {
                        Object::String(words) => self.show(&words)?,
                        Object::Number(gap) => self.state.shift(-gap.as_f64() / 1000.0 * self.state.size),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn show(&mut self, words: &[u8]) -> Result<(), DocumentError> {
        let Some(face) = self.state.face.clone() else { return Ok(()) };
        let mut offset = 0;
        while offset < words.len() {
            let code = face.code(words, offset);
            offset += code.bytes;
            self.budget.glyph()?;
            let state = &mut self.state;
            let horizontal = face.is_horizontal();
            let along = if horizontal { code.advance.0 } else { code.advance.1 } / 1000.0 * state.size;
            let gap = state.letter_gap + if code.space { state.word_gap } else { 0.0 };
            let stretch = if horizontal { state.stretch } else { 1.0 };
            let place = state.matrix * state.text;
            let pen = |along: f64| {
                place * if horizontal { Point::new(along, state.rise) } else { Point::new(state.rise, along) }
            };
            let (start, end) = (pen(0.0), pen(along * stretch));
            let coefficients = place.as_coeffs();
            let up = Vec2::new(coefficients[2], coefficients[3]).hypot() * state.size.abs() * face.scale;
            let direction = if horizontal {
                Vec2::new(coefficients[0], coefficients[1]) * (state.stretch * state.size).signum()
            } else {
                Vec2::new(-coefficients[2], -coefficients[3])
            };
            if let Some(glyph) = placed(code.text, start, end, direction, up) {
                self.glyphs.push(Glyph { bold: face.bold, hidden: state.hidden, order: self.glyphs.len(), ..glyph });
            }
            let by = (along + gap) * stretch;
            state.text *= Affine::translate(if horizontal { (by, 0.0) } else { (0.0, by) });
        }
        Ok(())
    }

    fn form(&mut self, name: &Name<'_>, resources: &Resources<'a>, depth: usize) -> Result<(), DocumentError> {
        let Some(form) = resources.get_x_object(name) else { return Ok(()) };
        let dict = form.dict();
        let is_form = dict.get::<Name<'_>>(keys::SUBTYPE).is_some_and(|kind| kind.as_str() == "Form");
        if !is_form || depth >= MAX_FORM_DEPTH {
            return Ok(());
        }
        self.inner(&form, resources, depth)
    }

    /// Runs a form, or what an annotation looks like, and comes back to the state before it.
    pub(super) fn inner(
        &mut self,
        form: &Stream<'a>,
        resources: &Resources<'a>,
        depth: usize,
    ) -> Result<(), DocumentError> {
        let Ok(data) = form.decoded_data() else { return Ok(()) };
        let own = form.dict().get::<Dict<'a>>(keys::RESOURCES).map(Resources::new);
        let before = self.state.clone();
        if let Some(matrix) = form.dict().get::<[f64; 6]>(keys::MATRIX) {
            self.state.matrix *= Affine::new(matrix);
        }
        // Setting up and decoding cost time even where the stream then says little.
        let cost = FORM_STEPS + data.len() / 16;
        self.budget.steps = self.budget.steps.checked_sub(cost).ok_or(DocumentError::PdfTooMuch)?;
        self.run(&data, own.as_ref().unwrap_or(resources), depth + 1)?;
        self.state = before;
        Ok(())
    }

    /// Goes back to the state that the page began with, moved: what comes next is drawn at a place of the page.
    pub(super) fn restart_at(&mut self, x: f64, y: f64) {
        self.state = self.first.clone();
        self.state.matrix *= Affine::translate((x, y));
    }

    fn end_mark(&mut self) {
        let Some(Some(Mark { words, from })) = self.marks.pop() else { return };
        let Some(drawn) = self.glyphs.get(from..).filter(|drawn| !drawn.is_empty()) else { return };
        let (first, last) = (&drawn[0], &drawn[drawn.len() - 1]);
        let level = (first.y - last.y).abs() < 0.5 * first.size && first.angle == last.angle;
        let unread = drawn.iter().any(|glyph| glyph.text.contains(UNKNOWN));
        if (level && drawn.len() <= MAX_REPLACED) || unread {
            let x1 = if level { last.x1 } else { first.x1 };
            self.glyphs.truncate(from + 1);
            if let Some(glyph) = self.glyphs.last_mut() {
                (glyph.text, glyph.x1) = (words, x1);
            }
        }
    }
}

impl State<'_> {
    fn next_line(&mut self, x: f64, y: f64) {
        self.line *= Affine::translate((x, y));
        self.text = self.line;
    }

    fn shift(&mut self, by: f64) {
        let horizontal = self.face.as_ref().is_none_or(|face| face.is_horizontal());
        self.text *= Affine::translate(if horizontal { (by * self.stretch, 0.0) } else { (0.0, by) });
    }
}

fn affine(numbers: [Number; 6]) -> Affine {
    Affine::new(numbers.map(|number| number.as_f64()))
}

/// The property list of a mark: in place, or named in the resources.
fn properties<'b, 'a: 'b>(object: &Object<'b>, resources: &Resources<'a>) -> Option<Dict<'b>> {
    match object {
        Object::Dict(dict) => Some(dict.clone()),
        Object::Name(name) => resources.properties.get(name),
        _ => None,
    }
}

/// A glyph in the frame of its writing direction; `None` for what has no place, or no size that could be read.
fn placed(text: String, start: Point, end: Point, direction: Vec2, size: f64) -> Option<Glyph> {
    const MIN_SIZE: f64 = 1.0;
    const FAR: f64 = 1e6;
    let finite = [start.x, start.y, end.x, end.y, direction.x, direction.y].iter().all(|v| v.abs() < FAR);
    let drawn = finite && size.is_finite() && (MIN_SIZE..FAR).contains(&size) && direction.hypot() > 0.0;
    if !drawn || text.is_empty() {
        return None;
    }
    let degrees = direction.atan2().to_degrees();
    // A page that was scanned askew, or a slope too small to see, is level.
    let right_angle = (degrees / 90.0).round() * 90.0;
    let degrees = if (degrees - right_angle).abs() < 5.0 { right_angle } else { degrees.round() };
    let degrees = if degrees <= -179.5 { 180.0 } else { degrees };
    let (sin, cos) = degrees.to_radians().sin_cos();
    let turn = |p: Point| (p.x * cos + p.y * sin, p.y * cos - p.x * sin);
    let ((x0, y), (x1, _)) = (turn(start), turn(end));
    #[expect(clippy::cast_possible_truncation, reason = "between -180 and 180")]
    let angle = degrees as i16;
    Some(Glyph { text, x0, x1: x1.max(x0), y, size, bold: false, hidden: false, angle, order: 0, link: None })
}
