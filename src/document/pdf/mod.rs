//! PDF, read by where its characters stand.
//!
//! A PDF has no paragraphs, only glyphs at places. [`content`] runs the pages for those, [`words`] joins them to
//! words, [`layout`] finds columns and lines in reading order, [`repeated`] takes out what every page repeats, and
//! [`blocks`] tells headings, items, rows and paragraphs by size, weight and place.
//!
//! What cannot be seen is left out: glyphs below a point in size or beside the page, and text without ink where ink
//! says the same. White text stays, since dark bars carry it; so does a text layer without ink over a picture.
//! The file's own title and author are not used: they name templates and machines more often than people.

mod blocks;
mod bullets;
mod content;
mod font;
mod glyph;
mod join;
mod layout;
mod levels;
mod links;
mod repeated;
mod words;
mod write;

use hayro_syntax::page::Page as Source;
use hayro_syntax::{DecryptionError, LoadPdfError, Pdf};

use self::content::{Budget, Reader};
use self::font::{Fonts, UNKNOWN};
use self::glyph::Page;
use super::DocumentError;
use super::builder::Builder;

/// The most pages read; a thousand are a book.
const MAX_PAGES: usize = 2_000;

/// Reads a PDF. An encrypted one is tried with the empty password, which is what viewers do.
///
/// # Errors
/// A file that is not whole, that needs a password, that holds pictures only, or that would take too long.
pub(super) fn extract(bytes: &[u8]) -> Result<Builder, DocumentError> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => DocumentError::PdfLocked,
        LoadPdfError::Decryption(_) => DocumentError::PdfCipher,
        LoadPdfError::Invalid => DocumentError::PdfBroken,
    })?;
    if pdf.pages().is_empty() {
        return Err(DocumentError::PdfBroken);
    }
    if pdf.pages().len() > MAX_PAGES {
        return Err(DocumentError::PdfTooMuch);
    }
    let (fonts, mut budget) = (Fonts::default(), Budget::default());
    let pages: Vec<Page> = pdf.pages().iter().map(|page| read(page, &fonts, &mut budget)).collect::<Result<_, _>>()?;
    readable(&pages, || pdf.pages().iter().any(has_picture))?;
    let pages = repeated::strip(pages.iter().map(words::rows).collect());
    Ok(blocks::build(layout::lines(pages)))
}

fn read<'a>(source: &'a Source<'a>, fonts: &Fonts<'a>, budget: &mut Budget) -> Result<Page, DocumentError> {
    let matrix = source.initial_transform(true).as_coeffs();
    let mut reader = Reader::new(fonts, budget, matrix);
    reader.run(source.page_stream().unwrap_or_default(), source.resources(), 0)?;
    links::appearances(source, &mut reader)?;
    let (glyphs, dots) = (reader.glyphs, reader.dots);
    let (width, height) = source.render_dimensions();
    Ok(Page { glyphs, dots, links: links::links(source, matrix), width: width.into(), height: height.into() })
}

/// Whether there are words at all, and whether the file says which.
fn readable(pages: &[Page], picture: impl FnOnce() -> bool) -> Result<(), DocumentError> {
    let glyphs = || pages.iter().flat_map(|page| &page.glyphs).filter(|glyph| !glyph.text.trim().is_empty());
    let (all, unknown) = glyphs().fold((0_usize, 0_usize), |(all, unknown), glyph| {
        (all + 1, unknown + usize::from(glyph.text.contains(UNKNOWN)))
    });
    if all == 0 {
        return Err(if picture() { DocumentError::PdfPictures } else { DocumentError::Empty });
    }
    // Some icons without a name are usual; a third of the text is not.
    if unknown * 3 > all { Err(DocumentError::PdfUnmapped) } else { Ok(()) }
}

fn has_picture(page: &Source<'_>) -> bool {
    use hayro_syntax::content::ops::TypedInstruction as Op;
    let mut operations = page.typed_operations();
    let mut left = 100_000;
    while let Some(operation) = operations.next() {
        if matches!(operation, Op::XObject(_) | Op::InlineImage(_)) {
            return true;
        }
        left -= 1;
        if left == 0 {
            break;
        }
    }
    false
}

/// A string of the document proper: UTF-16 or UTF-8 with a mark, else taken as Latin.
fn text_string(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests;
