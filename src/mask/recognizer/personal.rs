//! Citizenship, marital status: told by their labels.

use std::sync::LazyLock;

use regex::Regex;

use super::{Recognizer, compile};
use crate::mask::page::{Cues, Page};
use crate::mask::span::{Entity, Layer, Span};

pub(crate) struct Personal;

/// What stands behind a label, up to the sign that parts details on one line.
macro_rules! labelled {
    ($words:literal, $value:literal) => {
        concat!(r"(?im)(?:^|[|•·;,(][ \t]*)[\s>*_#-]*(?:", $words, r")[*_]*[ \t]*[:：|][*_]*[ \t]*(", $value, ")")
    };
}

static NATIONALITY: LazyLock<Regex> = LazyLock::new(|| {
    compile(labelled!(
        r"nationality|citizenship|staatsangehörigkeit|nationalität|staatsbürgerschaft|nationalité|nacionalidad|nazionalità|cittadinanza|nacionalidade|nationaliteit|narodowość|obywatelstwo|nationalitet|medborgarskap|kansalaisuus|uyruğu|uyruk|kewarganegaraan|quốc tịch|гражданство|国籍|國籍|국적",
        r"[^\n|•·;,(\p{Cc}]{2,40}"
    ))
});
static MARITAL: LazyLock<Regex> = LazyLock::new(|| {
    compile(labelled!(
        r"marital status|civil status|familienstand|zivilstand|état civil|situation familiale|estado civil|stato civile|burgerlijke staat|stan cywilny|civilstånd|sivilstatus|siviilisääty|medeni (?:hali|durum)|status perkawinan|tình trạng hôn nhân|семейное положение|婚姻状况|婚姻|配偶者|결혼 여부",
        r"[^\n|•·;(\p{Cc}]{2,40}"
    ))
});

impl Recognizer for Personal {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        for (pattern, entity) in [(&*NATIONALITY, Entity::Nationality), (&*MARITAL, Entity::MaritalStatus)] {
            let keyed = |line: &crate::mask::page::Line| line.cues.has(Cues::COLON) || line.cues.has(Cues::WIDE);
            for value in page.captures(pattern, 0, keyed).filter_map(|found| found.get(1)) {
                let value =
                    value.start()..value.start() + value.as_str().trim_end_matches([' ', '.', '*', '_', ',']).len();
                out.push(Span::new(value, entity, 0.85).by(Layer::Context, "behind its label"));
            }
        }
    }
}
