//! Names within the names of files: `CV_DesmondTeo_2024.pdf`.

use memchr::memchr_iter;

use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Page};
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Hash;

const EXTENSIONS: &[&str] = &[
    "pdf", "doc", "docx", "odt", "rtf", "pages", "jpg", "jpeg", "png", "zip", "xls", "xlsx", "md", "txt", "tex",
    "heic", "tif", "tiff", "ppt", "pptx", "key", "html", "json", "yaml", "yml", "mp3", "mp4", "m4a", "wav", "hwp",
    "epub",
];

/// What is of one person, in the name of a file: `CV_Vasseur.pdf`, `zivotopis_hrusovska.docx`, `Zeugnis_Quill.pdf`.
const PAPERS: &[&str] = &[
    "cv",
    "resume",
    "résumé",
    "lebenslauf",
    "curriculum",
    "vitae",
    "zivotopis",
    "životopis",
    "zyciorys",
    "życiorys",
    "curriculo",
    "currículo",
    "currículum",
    "hojadevida",
    "oneletrajz",
    "önéletrajz",
    "ansioluettelo",
    "meritforteckning",
    "özgeçmiş",
    "ozgecmis",
    "bewerbung",
    "anschreiben",
    "zeugnis",
    "arbeitszeugnis",
    "motivationsschreiben",
    "motivation",
    "coverletter",
    "application",
    "certificate",
    "diploma",
    "transcript",
    "passport",
    "reisepass",
    "ausweis",
    "payslip",
    "lohnzettel",
    "gehaltsabrechnung",
    "biodata",
    "portfolio",
    "lettre",
    "carta",
    "lettera",
    "podanie",
    "sollicitatie",
    "ansökan",
    "soknad",
    "søknad",
    "ansogning",
    "ansøgning",
    "hakemus",
    "cvitae",
    "rezume",
    "резюме",
    "rirekisho",
    "headshot",
    "bio",
    "zusage",
    "vollmacht",
    "svedectvo",
    "swiadectwo",
    "attestation",
    "arztbrief",
    "befund",
    "geburtsurkunde",
];

/// Adds the names in file names that are parted by `_`, `-` and capitals.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::DOT | Cues::CAPITAL | Cues::DASH)) {
        let row = &text[line.start..line.end];
        for dot in memchr_iter(b'.', row.as_bytes()) {
            let tail = &row.as_bytes()[dot + 1..];
            let length = tail.iter().take(8).take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let known = EXTENSIONS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(&tail[..length]));
            if !known || !ends(&row[dot + 1 + length..]) {
                continue;
            }
            let start = row[..dot].rfind(BORDERS).map_or(0, |at| at + 1);
            let stem = &row[start..dot];
            if stem.contains(['_', '-']) {
                pieces(line.start + start, stem, out);
            }
        }
    }
}

/// What parts a file name from its surroundings.
const BORDERS: [char; 11] = [' ', '\t', '"', '(', ')', '<', '>', ',', ';', '`', '/'];

/// Whether no letter or digit follows before what parts words.
fn ends(rest: &str) -> bool {
    !rest.chars().take_while(|c| !BORDERS.contains(c)).any(char::is_alphanumeric)
}

/// Marks the pieces of `stem` that are names and nothing else; neighbours are one name.
fn pieces(start: usize, stem: &str, out: &mut Vec<Span>) {
    let mut found: Option<std::ops::Range<usize>> = None;
    let mut last = '_';
    let mut from = 0;
    let mut cuts: Vec<(usize, usize)> = Vec::new();
    for (at, c) in stem.char_indices().chain([(stem.len(), '_')]) {
        let parts = !c.is_alphabetic() || (c.is_uppercase() && last.is_lowercase());
        if parts {
            if at > from {
                cuts.push((from, at));
            }
            from = if c.is_alphabetic() { at } else { at + c.len_utf8() };
        }
        last = c;
    }
    let word =
        Flags::WORD.or(Flags::FOREIGN).or(Flags::ALSO_WORD).or(Flags::JOB).or(Flags::PLACE).or(Flags::ORGANISATION);
    // `CV_Vasseur.pdf`: whose file it is, whatever the name.
    let paper = |piece: &str| PAPERS.contains(&piece.to_lowercase().as_str());
    let vita = cuts.len() <= 4 && cuts.iter().any(|(from, to)| paper(&stem[*from..*to]));
    for (from, to) in cuts {
        let piece = &stem[from..to];
        let flags = LEXICON.word(Hash::of(piece));
        let named = flags.any(Flags::GIVEN.or(Flags::SURNAME)) && !flags.any(word) && piece.chars().count() > 2;
        let near = |found: &std::ops::Range<usize>| from <= found.end + 1;
        let also = flags.any(Flags::GIVEN.or(Flags::SURNAME)) && found.as_ref().is_some_and(near);
        let shouted = !piece.chars().any(char::is_lowercase);
        let unknown = vita
            && (flags == Flags::default() || (flags.any(Flags::GIVEN.or(Flags::SURNAME)) && !flags.any(Flags::JOB)))
            && piece.chars().count() > if shouted { 4 } else { 3 }
            && !paper(piece);
        // `Le Quillec`, written together.
        let led = vita
            && (2..=3).contains(&piece.len())
            && piece.starts_with(char::is_uppercase)
            && Flags::PARTICLE.any(flags)
            && stem[to..].starts_with(char::is_uppercase);
        let small = vita && (named || unknown);
        if !(named || also || unknown || led) || !(small || piece.starts_with(char::is_uppercase)) {
            continue;
        }
        match found.as_mut().filter(|found| near(found)) {
            Some(found) => found.end = to,
            None => {
                push(start, found.take(), out);
                found = Some(from..to);
            }
        }
    }
    push(start, found, out);
}

fn push(start: usize, found: Option<std::ops::Range<usize>>, out: &mut Vec<Span>) {
    if let Some(found) = found {
        let range = start + found.start..start + found.end;
        out.push(Span::new(range, Entity::Person, 0.7).by(Layer::Lexicon, "name in a file name"));
    }
}
