//! Dates of birth. Only a label tells them from the dates a career is made of.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, compile};
use crate::mask::page::{Line, Page};
use crate::mask::span::{Entity, Layer, Span};

pub(crate) struct DateOfBirth;

macro_rules! month {
    () => { r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|févr?(?:ier)?|mar(?:ch|s|zo)?|märz|maart|apr(?:il|ile)?|avril|abril|may|mai|mayo|maggio|mei|jun(?:e|i|io)?|juin|giugno|jul(?:y|i|io)?|juil(?:let)?|luglio|aug(?:ust|ustus)?|août|agosto|sep(?:t(?:ember|embre|iembre)?)?|settembre|o[ck]t(?:ober|obre|ubre)?|ottobre|nov(?:ember|embre|iembre)?|de[czs](?:ember|embre)?|diciembre|dicembre|déc(?:embre)?|enero|febrero|gennaio|febbraio)" };
}
macro_rules! date {
    () => {
        concat!(
            r"(?:[0-9]{1,2}(?:st|nd|rd|th|er|º)?\.?[ \t-]+(?:of[ \t]+|de[ \t]+)?",
            month!(),
            r"\.?,?[ \t-]+(?:de[ \t]+|del[ \t]+)?[0-9]{2,4}",
            "|",
            month!(),
            r"\.?[ \t]+[0-9]{1,2}(?:st|nd|rd|th)?,?[ \t]+[0-9]{4}",
            r"|[0-9]{4}[ \t]*[-./年][ \t]*[0-9]{1,2}[ \t]*[-./月][ \t]*[0-9]{1,2}日?",
            r"|[0-9]{1,2}[ \t]?[-./][ \t]?[0-9]{1,2}[ \t]?[-./][ \t]?[0-9]{2,4}",
            r"|[0-9]{1,2}[-/ ]",
            month!(),
            r"[-/ ][0-9]{2,4}",
            "|",
            month!(),
            r"[ \t]+(?:19|20)[0-9]{2})"
        )
    };
}

/// What says that a birth follows, in some thirty languages.
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:\b(?:date[ \t]+of[ \t]+birth|birth[ _-]?date|d\.?o\.?b\b\.?|birth[ _-]?day|born|geburtsdatum|geburtstag|geboren|geb\.|geboortedatum|date[ \t]+de[ \t]+naissance|née?(?:\(e\))?[ \t]+le|fecha[ \t]+de[ \t]+nac(?:imiento|\.)|nacid[oa]|nacimiento|f\.[ \t]*nac\.|data[ \t]+di[ \t]+nascita|nat[oa]|data[ \t]+de[ \t]+nascimento|nascid[oa]|nascimento|data[ \t]+urodzenia|ur\.|urodzon[ya]|född|født|fødselsdato|födelsedatum|syntymäaika|syntynyt|synt\.|datum[ \t]+narození|narozena?|nar\.|születési|született|data[ \t]+nașterii|născut[ăa]?|datum[ \t]+rođenja|rođena?|datum[ \t]+rojstva|tanggal[ \t]+lahir|tgl\.?[ \t]*lahir|tempat|ttl|tarikh[ \t]+lahir|lahir|ngày[ \t]+sinh|sinh[ \t]+ngày|doğum[ \t]+tarihi|d\.[ \t]*tarihi|doğum|gimimo[ \t]+data|dzimšanas[ \t]+datums|sünniaeg|dzimis|gimęs|kaarawan)|生年月日|出生日期|出生年月|出生|生于|生日|생년월일|생일|дата[ \t]+рождения|дата[ \t]+народження|родился|родилась|роден|ημερομηνία[ \t]+γέννησης|γεννήθηκε|ημ\.[ \t]*γέννησης|γέννησης|תאריך[ \t]+לידה|ת\.[ \t]*לידה|נולד|تاريخ[ \t]+الميلاد|تاريخ[ \t]+الولادة|مواليد|تاریخ[ \t]+تولد|जन्म|জন্ম|పుట్టిన|பிறந்த|วันเกิด|เกิดวันที่|เกิด|วัน[ \t]*เดือน[ \t]*ปีเกิด|\*)",
    )
});

/// A day, of any calendar and script; only a label makes it one of birth.
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        "(?i)(?:",
        date!(),
        r"|\p{Nd}{1,2}[ºo°.]?[ \t]*(?:de[ \t]+|of[ \t]+)?[\p{L}\p{M}]{3,14}\.?,?[ \t]*(?:de[ \t]+|del[ \t]+)?\p{Nd}{4}(?:[ \t]*(?:r\.|E\.C\.|г\.|р\.))?",
        r"|[\p{L}\p{M}]{3,14}[ \t]+\p{Nd}{1,2},?[ \t]+\p{Nd}{4}(?:[ \t]*E\.C\.)?",
        r"|\p{Nd}{4}\.?[ \t]+[\p{L}]{3,14}[ \t]+\p{Nd}{1,2}\.?",
        r"|(?:平成|昭和|大正|令和|民國|民国)?\p{Nd}{1,4}[ \t]*[年년][ \t]*\p{Nd}{1,2}[ \t]*[月월][ \t]*\p{Nd}{1,2}[ \t]*[日일]?",
        r"|\p{Nd}{1,2}[./-]\p{Nd}{1,2}[./-]\p{Nd}{2,4}|\p{Nd}{4}[./-]\p{Nd}{1,2}[./-]\p{Nd}{1,2}",
        ")"
    ))
});

/// A year alone, where the sentence is about a person's birth.
static YEAR: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)(?:\b(?:year[ \t]+of[ \t]+birth|birth[ _-]?year|geburtsjahr|jahrgang|année[ \t]+de[ \t]+naissance)[*_]*[ \t]*[:=|]?[*_]*[ \t]*|\b(?:(?:i|he|she|they|who)[ \t]+(?:was|were)[ \t]+born|geboren|né(?:e|\(e\))?)[ \t]+(?:in|en)?[ \t]*)((?:19|20)[0-9]{2})\b",
    )
});

impl Recognizer for DateOfBirth {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        // The date may stand on the line below its label.
        let near = |line: &Line| line.digits >= 3 || line.end - line.start < 48;
        let text = page.text();
        for label in page.find(&LABEL, near) {
            // A star is a birth only in brackets: `(* 17.03.1987)`; a list item begins so too.
            let star = label.as_str() == "*";
            let joined = text[..label.start()].chars().next_back().is_some_and(char::is_alphabetic)
                && label.as_str().starts_with(|c: char| c.is_ascii_alphabetic());
            if joined || (star && !text[..label.start()].ends_with('(')) {
                continue;
            }
            let line = page.line_at(label.end());
            let lines = page.lines();
            let Some(here) = lines.get(line) else { continue };
            let rest = here.end.saturating_sub(label.end());
            let below = lines.get(line + 1).filter(|_| rest < 12).map_or(here.end, |next| next.end);
            let Some(reach) = text.get(label.end()..below) else { continue };
            let reach = &reach[..reach.char_indices().nth(72).map_or(reach.len(), |(at, _)| at)];
            let Some(date) = DATE.find(reach) else { continue };
            // Up to a place and a label in two languages may stand between; a sentence may not.
            let between = &reach[..date.start()];
            let short = between.trim().chars().count() <= 40
                && !between.contains(". ")
                && between.split_whitespace().count() <= 6;
            let range = label.end() + date.start()..label.end() + date.end();
            // Whole digits: the pattern may stop in the middle of a longer number.
            let cut = text[range.end..].chars().next().is_some_and(char::is_numeric);
            if short && !cut {
                out.push(Span::new(range, Entity::DateOfBirth, 0.9).by(Layer::Context, "date behind a word for birth"));
            }
        }
        out.extend(
            page.captures(&YEAR, 0, |line| line.digits >= 4)
                .filter_map(|found| found.get(1))
                .map(|year| Span::new(year.range(), Entity::DateOfBirth, 0.7)),
        );
    }
}
