//! Dates of birth. Only a label tells them from the dates a career is made of.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, compile};
use crate::mask::page::{Line, Page};
use crate::mask::span::{Entity, Span};

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

/// A label, a day in between at most a few signs and small words.
static DATED: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r#"(?i)(?:\b(?:date[ \t]+of[ \t]+birth|birth[ _-]?date|d\.?o\.?b\b\.?|birth[ _-]?day|born|geburtsdatum|geburtstag|geboren|geb\.|geboortedatum|date[ \t]+de[ \t]+naissance|née?(?:\(e\))?|fecha[ \t]+de[ \t]+nacimiento|nacid[oa]|f\.[ \t]*nac\.|data[ \t]+di[ \t]+nascita|nat[oa]|data[ \t]+de[ \t]+nascimento|nascid[oa]|data[ \t]+urodzenia|ur\.|urodzon[ya]|født|född|fødselsdato|födelsedatum|syntymäaika|datum[ \t]+narození|narozena?)|生年月日|出生日期|생년월일|дата[ \t]+рождения|doğum[ \t]+tarihi|\*)"#,
        r#"["'*_)]*(?:[ \t]*[:=|,–—-]|[ \t]*\(?(?:dd|mm|yyyy|jj|tt|aaaa|[/.-])+\)?[ \t]*:?)?[ \t*_"'|]*\n?[ \t]*(?:(?:on|am|le|el|il|em|op|den|dnia|is|was|the|around|dne)[ \t]+){0,3}["'(]?("#,
        date!(),
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
    fn entity(&self) -> Entity {
        Entity::DateOfBirth
    }

    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        // The date may stand on the line below its label.
        let near = |line: &Line| line.digits >= 3 || line.end - line.start < 48;
        for found in page.captures(&DATED, 1, near) {
            let (Some(whole), Some(date)) = (found.get(0), found.get(1)) else { continue };
            // A star is a birth only at the start of the text around it: `* 17.03.1987`; a list item begins so too.
            let star = whole.as_str().starts_with('*');
            let listed = star && !text[..whole.start()].ends_with('(');
            // Whole digits: the pattern may stop in the middle of a longer number.
            let cut = text[date.end()..].chars().next().is_some_and(|c| c.is_ascii_digit());
            if !listed && !cut {
                out.push(Span::new(date.range(), Entity::DateOfBirth, 0.9));
            }
        }
        out.extend(
            page.captures(&YEAR, 0, |line| line.digits >= 4)
                .filter_map(|found| found.get(1))
                .map(|year| Span::new(year.range(), Entity::DateOfBirth, 0.7)),
        );
    }
}
