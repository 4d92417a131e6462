//! How old a person is.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, compile};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::span::{Entity, Layer, Span};

pub(crate) struct Age;

/// What stands behind a label, up to the sign that parts details on one line.
macro_rules! labelled {
    ($words:literal, $value:literal) => {
        concat!(r"(?im)(?:^|[|•·;,(][ \t]*)[\s>*_#-]*(?:", $words, r")[*_]*[ \t]*[:：|][*_]*[ \t]*(", $value, ")")
    };
}

static AGE: LazyLock<Regex> = LazyLock::new(|| {
    compile(labelled!(
        r"age|alter|âge|edad|età|idade|leeftijd|wiek|ålder|alder|ikä|yaş|umur|usia|tuổi|возраст|年齢|年龄|年齡|나이",
        r"[0-9]{2}(?:[ \t]*(?:years(?:[ \t]old)?|jahre|ans|años|anni|anos|jaar|lat|år|歳|岁|歲|세))?\b"
    ))
});
static OLD: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)\b(?:i am|i'm|aged|ich bin|j'ai|tengo|ho|tenho)[ \t]+([1-9][0-9](?:[ \t]*(?:years old|jahre alt|ans|años|anni|anos))?)\b(?:[ \t]|[.,;)]|$)",
    )
});

impl Recognizer for Age {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let keyed = |line: &Line| line.cues.has(Cues::COLON) || line.cues.has(Cues::WIDE);
        for value in page.captures(&AGE, 0, keyed).filter_map(|found| found.get(1)) {
            out.push(Span::new(value.range(), Entity::Age, 0.85).by(Layer::Context, "behind its label"));
        }
        for value in page.captures(&OLD, 0, |line| line.digits >= 2).filter_map(|found| found.get(1)) {
            let followed = page.text()[value.end()..].trim_start();
            let years = value.as_str().len() > 2;
            // `I am 34.` and `aged 34`, not `I am 20 minutes late`.
            if years || followed.starts_with(['.', ',', ';', ')']) || followed.is_empty() {
                out.push(Span::new(value.range(), Entity::Age, 0.8).by(Layer::Context, "years of a person"));
            }
        }
    }
}
