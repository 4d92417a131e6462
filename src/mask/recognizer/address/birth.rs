//! Places of birth: behind a label, behind a date of birth, or behind `born in`, in some forty languages.

use std::ops::Range;
use std::sync::LazyLock;

use super::tokens::{self, Kind, Role, Token};
use super::zone::{PLACES, Zone};
use crate::mask::lexicon::Flags;
use crate::mask::page::{Cues, Page};
use crate::mask::recognizer::Recognizer;
use crate::mask::recognizer::anchor::onward;
use crate::mask::recognizer::date::date_at;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::{Hash, Word};

pub(crate) struct Birthplace;

/// What a word says about a birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cue {
    /// Somebody was born; a date or a preposition follows.
    Born,
    /// Too short or too common: a date must follow.
    Short,
    /// A place is what its label asks for.
    Place,
    /// Part of a label that only tells of a birth with another word.
    Half,
    /// A preposition of places.
    In,
    /// A word between a birth and its date or its place.
    Between,
    /// What may follow a date of birth too.
    Never,
}

const CUES: &[(Cue, &str)] = &[
    (
        Cue::Born,
        "born geboren geborene né née nato nata nacido nacida nació nací nascido nascida nasceu nasci född født fødd fæddur \
         fædd urodzony urodzona urodziłem urodziłam urodził urodziła narozen narozena narozený narozená narodený narodená \
         narodil narodila rođen rođena rojen rojena született születtem syntynyt sündinud dzimis dzimusi gimęs gimusi gimė \
         născut născută doğumlu doğum doğmuş doğdum lahir dilahirkan родился родилась рожден рождена роден родена родена \
         народився народилась народилася народжений туған γεννήθηκα γεννήθηκε γεννηθείς γεννησησ נולד נולדה נולדתי مواليد ولد ولدت \
         متولد जन्म জন্ম เกิด sinh dob birth naissance nacimiento nascita nascimento geboorte geburt geburtsdatum geburtstag \
         geburtsdaten geboortedatum fødselsdato födelsedatum födelsedag fødselsdag urodzenia narození narodenia rođenja \
         rojstva születési születés syntymäaika sünniaeg nașterii рождения народження раждане γέννησης birthdate birthday \
         nakatira ipinanganak kapanganakan الميلاد الولادة تولد ولادت לידה ילידת יליד narodenia narodzin urodzin nasceu nascemos \
         doğumluyum doğumludur doğdu nacimos sündis нар народж",
    ),
    (Cue::Short, "b geb nasc nac ur nar synt szül род р нар f g. dz gim"),
    (
        Cue::Place,
        "birthplace geburtsort geboorteplaats födelseort fødested fødeby syntymäpaikka rodiště naturalidade natural naturale \
         originaire hometown ttl τόπος τοποσ ภูมิลำเนา 籍贯 籍貫 出生地 本籍 本籍地 出身地 出身 출생지 고향 본적 domicile quê birth-place \
         rodisko sünnikoht dzimšanas gimtinė geburtsstadt birthcity cityofbirth placeofbirth pob district origin geboorteplek \
         födelsestad födelseland lugarnacimiento lugardenacimiento lieunaissance lieudenaissance luogonascita luogodinascita \
         localnascimento localdenascimento birthtown fødselssted fæðingarstaður originario originaria oriundo oriunda natif native \
         gebürtig gebürtige gebürtiger rodák rodačka rodem родом уроженец уроженка hails afkomstig pochodzę pochodzi pocházím \
         pochází pochádzam ursprungligen opprinnelig oprindeligt alunperin originally syntyjään",
    ),
    (
        Cue::Half,
        "paikka mjesto geburts home state district native ort place lieu lugar luogo local miejsce místo mesto miesto kraj hely yeri место місце място محل مكان مکان स्थान nơi tempat plaats ort sted locul locul loc city town",
    ),
    (
        Cue::In,
        "in at à a en te i v ve w we u у в във в во la în em no na på tại di से στην στη στο σε ב at zu koht ng sa i ing को",
    ),
    (
        Cue::Between,
        "on op le il el am den dnia dne o of and und et y e i og och ja és dan raised bred brought up grew aufgewachsen uppvuxen oppvokst opvokset getogen élevé élevée criado criada cresciuto cresciuta wychowany \
         wychowana vyrůstal vyrůstala kasvanut вырос выросла odrastao odrasla się se jsem som sem zum zur wurde stato stata date day \
         time idő ort place lieu lugar luogo local miejsce místo mesto miesto datum data fecha birth naissance nacimiento \
         nascita nascimento hely yeri tarihi tanggal tgl lahir temps di de del della do da г р r година року года lieu dato \
         tid и та και was the year of місце место място дата quán nguyên ngày день محل تاریخ تولد الميلاد في को में date-of birth my is",
    ),
    (
        Cue::Never,
        "male female single married divorced widowed unmarried casado casada soltero soltera divorciado divorciada viudo viuda \
         verheiratet ledig geschieden verwitwet célibataire marié mariée divorcé divorcée pacsé pacsée solteiro solteira sposato \
         sposata coniugato coniugata nubile celibe gehuwd ongehuwd gift ugift sambo żonaty zamężna kawaler panna ženatý vdaná \
         svobodný svobodná slobodný slobodná evli bekar lajang menikah kawin",
    ),
];

struct Cues_ {
    slots: Vec<(u64, u8)>,
}

static WORDS: LazyLock<Cues_> = LazyLock::new(|| {
    let mut slots = vec![(0u64, 0u8); 1024];
    for (cue, list) in CUES {
        for word in list.split_whitespace() {
            let hash = Hash::of(word);
            let at = slot(&slots, hash);
            slots[at] = (hash, slots[at].1 | 1 << *cue as u8);
        }
    }
    Cues_ { slots }
});

fn slot(slots: &[(u64, u8)], hash: u64) -> usize {
    let mask = slots.len() - 1;
    #[expect(clippy::cast_possible_truncation, reason = "masked")]
    let mut at = hash as usize & mask;
    while slots[at].0 != 0 && slots[at].0 != hash {
        at = (at + 1) & mask;
    }
    at
}

fn cues(hash: u64) -> u8 {
    WORDS.slots[slot(&WORDS.slots, hash)].1
}

const fn bit(cue: Cue) -> u8 {
    1 << cue as u8
}

impl Recognizer for Birthplace {
    fn find(&self, page: &Page<'_>, out: &mut Vec<Span>) {
        let text = page.text();
        let words = page.words();
        let told = bit(Cue::Born) | bit(Cue::Short) | bit(Cue::Place);
        let mut done = 0;
        for word in words.iter().filter(|word| cues(word.hash) & told != 0) {
            if word.start() < done {
                continue;
            }
            let index = page.line_at(word.start());
            let line = &page.lines()[index];
            // Only the neighbourhood of the word is read.
            let mut end = line.end.min(word.start() + REACH);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let mut start = word.start().saturating_sub(REACH / 4).max(line.start);
            while !text.is_char_boundary(start) {
                start -= 1;
            }
            // No part of a word at the borders.
            while start > line.start && text[..start].chars().next_back().is_some_and(char::is_alphanumeric) {
                start -= text[..start].chars().next_back().map_or(1, char::len_utf8);
            }
            let mut read = Vec::new();
            tokens::read(text, start..end, words, &mut read);
            tokens::end_line(line.end, &mut read);
            let zone = Zone { text, tokens: read };
            let Some(at) = zone.tokens.iter().position(|token| token.start <= word.start() && word.end() <= token.end)
            else {
                continue;
            };
            let found = zone.birthplace(at).or_else(|| zone.before_verb(at));
            if found.is_none() {
                column(page, word, index, out);
            }
            if let Some(found) = found {
                let (Some(first), Some(last)) = (zone.get(found.start), zone.get(found.end - 1)) else { continue };
                done = last.end;
                out.push(
                    Span::new(first.start..last.end, Entity::PlaceOfBirth, 0.85)
                        .by(Layer::Context, "place behind a word for birth"),
                );
            }
        }
        if page.lines().iter().any(|line| line.cues.has(Cues::WIDE)) {
            undivided(text, out);
            thai(text, out);
        }
        stars(page, out);
        brackets(page, out);
    }
}

/// The column of a table whose head asks for the place of birth.
fn column(page: &Page<'_>, word: &Word, index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let Some(line) = page.lines().get(index) else { return };
    let head = &text[line.start..line.end];
    if head.len() > 512 || line.cues.has(Cues::DIGIT) {
        return;
    }
    let Some(sign) = ['|', '\t', ';', ','].into_iter().find(|sign| head.contains(*sign)) else { return };
    let nth = head[..word.start() - line.start].matches(sign).count();
    let cell = head.split(sign).nth(nth).unwrap_or_default().to_lowercase();
    let asked = cell.split(|c: char| !c.is_alphabetic()).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    // Another cell asks for something else about people: a row of a key and its value has none.
    let others = head.split(sign).enumerate().filter(|(at, _)| *at != nth).any(|(_, cell)| {
        cell.to_lowercase().split(|c: char| !c.is_alphabetic()).any(|part| {
            matches!(part, "name" | "nom" | "nombre" | "nome" | "surname" | "sex" | "gender" | "date" | "datum" | "fecha" | "data" | "born" | "dob" | "id" | "passport")
        })
    });
    if !others {
        return;
    }
    let place = asked.iter().any(|part| cues(Hash::of(part)) & (bit(Cue::Half) | bit(Cue::Place)) != 0);
    if !place || asked.len() > 5 || cell.chars().count() > 40 {
        return;
    }
    for row in page.lines().iter().skip(index + 1).take(400) {
        let cells = &text[row.start..row.end];
        if cells.matches(sign).count() < nth.max(1) {
            break;
        }
        let Some(cell) = cells.split(sign).nth(nth) else { break };
        let value = cell.trim_matches([' ', '\t', '*', '"', '_']);
        let start = value.as_ptr() as usize - text.as_ptr() as usize;
        let fits = value.chars().next().is_some_and(char::is_alphabetic)
            && !value.chars().any(|c| c.is_ascii_digit() || matches!(c, '@' | ':' | '\u{1}'))
            && value.chars().count() <= 48;
        if fits {
            out.push(
                Span::new(start..start + value.len(), Entity::PlaceOfBirth, 0.7)
                    .by(Layer::Context, "place in a column of places of birth"),
            );
        }
    }
}

/// `Leonor Quaresma (Ponta Delgada, 1979-02-28)`: a place and a full date in brackets behind a name.
fn brackets(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::BRACKET) && line.digits >= 6) {
        for (open, _) in text[line.start..line.end].match_indices('(') {
            let from = line.start + open + 1;
            let inside = onward(text, from, 72);
            let Some(close) = inside.find([')', '\n']).filter(|close| inside[*close..].starts_with(')')) else { continue };
            let inside = &inside[..close];
            let Some((place, when)) = inside.split_once(", ").filter(|(place, _)| place.starts_with(char::is_uppercase)) else { continue };
            let plain = place.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '-' | '\'' | '’' | '.'));
            let at = from + place.len() + 2;
            let Some(date) = date_at(text, at, false).filter(|date| {
                date.day && date.end == at + when.len() && date.year.is_some_and(|year| (1900..=2010).contains(&year))
            }) else {
                continue;
            };
            // A name stands before it.
            let head = text[line.start..from - 1].trim_end();
            let name = head.rsplit([' ', '\u{a0}']).take(2).collect::<Vec<_>>();
            let named = name.len() == 2 && name.iter().all(|word| word.starts_with(char::is_uppercase) || word.starts_with("d'"));
            if plain && named && place.split(' ').count() <= 5 {
                out.push(Span::new(from..from + place.len(), Entity::PlaceOfBirth, 0.7).by(Layer::Context, "place and date behind a name"));
                out.push(Span::new(at..date.end, Entity::DateOfBirth, 0.7).by(Layer::Context, "place and date behind a name"));
            }
        }
    }
}

/// How far behind its word a place may begin and end, in bytes.
const REACH: usize = 200;

/// `* 12.3.1981 in Graz`.
fn stars(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.digits >= 4 && line.end - line.start < 4000) {
        let spelt = &text[line.start..line.end];
        let Some(star) = spelt.find('*') else { continue };
        let from = line.start + star + 1;
        if !text[from..line.end].trim_start().starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let mut read = Vec::new();
        tokens::read(text, from..line.end, page.words(), &mut read);
        tokens::end_line(line.end, &mut read);
        let zone = Zone { text, tokens: read };
        let Some(end) = zone.date(0).filter(|end| *end > 1) else { continue };
        let preposition = zone.get(end).is_some_and(|word| word.is_word() && cues(word.hash) & bit(Cue::In) != 0);
        if !preposition {
            continue;
        }
        if let Some(found) = zone.place(end + 1, false, true)
            && let (Some(first), Some(last)) = (zone.get(found.start), zone.get(found.end - 1))
        {
            out.push(
                Span::new(first.start..last.end, Entity::PlaceOfBirth, 0.7)
                    .by(Layer::Context, "place behind a star and a date"),
            );
            if let (Some(begin), Some(last)) = (zone.get(0), zone.get(end - 1)) {
                out.push(
                    Span::new(begin.start..last.end, Entity::DateOfBirth, 0.7)
                        .by(Layer::Context, "date behind a star and before a place"),
                );
            }
        }
    }
}

/// Thai: what follows the word up to a wide blank, a digit or the end of the line.
fn thai(text: &str, out: &mut Vec<Span>) {
    for cue in ["สถานที่เกิด", "เกิดที่", "บ้านเกิด", "ภูมิลำเนา"] {
        for (at, _) in text.match_indices(cue) {
            let rest = &text[at + cue.len()..];
            let value = rest.trim_start_matches([' ', ':', '：', '\t', '|']);
            let begin = text.len() - value.len();
            let letters = |c: char| matches!(c, '\u{e00}'..='\u{e7f}' | '.' | ' ');
            let stop = value.find(|c: char| !letters(c)).unwrap_or(value.len());
            let value = value[..stop].split("  ").next().unwrap_or_default();
            // One place, or parts with their short words: `อ.เมือง จ.เชียงใหม่`.
            let value = match value.split_once(' ') {
                Some((first, rest)) if !rest.starts_with(['จ', 'อ', 'ต']) => first,
                _ => value.trim_end_matches([' ', '.']),
            };
            if (2..=40).contains(&value.chars().count()) {
                out.push(
                    Span::new(begin..begin + value.len(), Entity::PlaceOfBirth, 0.8)
                        .by(Layer::Context, "place beside a word for birth"),
                );
            }
        }
    }
}

/// Languages that put no blank around the words.
fn undivided(text: &str, out: &mut Vec<Span>) {
    let mut push = |range: Range<usize>| {
        if !range.is_empty() {
            out.push(Span::new(range, Entity::PlaceOfBirth, 0.8).by(Layer::Context, "place beside a word for birth"));
        }
    };
    for cue in ["出生于", "出生於", "出生在", "籍贯", "籍貫", "我来自", "我來自", "出生地", "出身地"] {
        for (at, _) in text.match_indices(cue) {
            let start = at + cue.len();
            let rest = text[start..].trim_start_matches(['：', ':', ' ', '\u{3000}', '是']);
            let begin = text.len() - rest.len();
            let end = rest.find(|c: char| !matches!(c, '\u{3400}'..='\u{9FFF}')).unwrap_or(rest.len());
            let count = rest[..end].chars().count();
            if (2..=9).contains(&count) && (begin > start || !cue.starts_with('籍')) {
                push(begin..begin + end);
            }
        }
    }
    for cue in ["生まれ", "出身"] {
        for (end, _) in text.match_indices(cue) {
            let head = text[..end].trim_end_matches(|c: char| matches!(c, '\u{3400}'..='\u{9FFF}' | 'ヶ' | 'ノ' | '々'));
            let name = &text[head.len()..end];
            if name.chars().count() >= 3 && name.ends_with(['県', '市', '都', '府', '町', '村', '区', '郡']) {
                push(head.len()..end);
            }
        }
    }
    for cue in ["에서 태어", "에서 출생", "에서 나고 자"] {
        for (end, _) in text.match_indices(cue) {
            let hangul = |c: char| matches!(c, '가'..='힣');
            let head = text[..end].trim_end_matches(hangul);
            let mut begin = head.len();
            let wider = head.trim_end_matches(' ');
            let region = wider.trim_end_matches(hangul);
            if wider.ends_with(['도', '시', '군']) && head.len() - wider.len() == 1 && wider.len() - region.len() >= 6
            {
                begin = region.len();
            }
            push(begin..end);
        }
    }
}

/// Words that only a small word makes one for where somebody is from.
const ORIGIN: &[&str] = &[
    "natif", "native", "gebürtig", "gebürtige", "gebürtiger", "rodák", "rodačka", "rodem", "родом", "уроженец", "уроженка", "hails",
    "afkomstig", "pochodzę", "pochodzi", "pocházím", "pochází", "pochádzam", "ursprungligen", "opprinnelig", "oprindeligt", "alunperin",
    "originally", "syntyjään", "originaire", "originario", "originaria", "oriundo", "oriunda", "natural",
];

impl Zone<'_> {
    /// A place behind a word for where somebody is from and its preposition.
    fn origin(&self, at: usize) -> Option<Range<usize>> {
        const SMALL: &[&str] = &["of", "from", "aus", "de", "du", "des", "di", "da", "do", "uit", "z", "ze", "из", "с", "з", "fra", "från", "d"];
        let mut next = at + 1;
        // `Native place: Nashik` is a label.
        let half = |next: usize| self.cue(next) & bit(Cue::Half) != 0;
        let colon = |next: usize| matches!(self.sign(next), Some(':' | '：' | '|'));
        if half(next) || colon(next) {
            let mut signed = false;
            while half(next) || colon(next) || self.dash(next) {
                signed |= self.get(next).is_some_and(|token| !token.is_word());
                next += 1;
            }
            let token = self.get(next).filter(|token| signed && (token.capital || token.caseless))?;
            return (!token.role.any(Role::STOP)).then(|| self.place(next, true, true)).flatten();
        }
        let small = self.get(next).is_some_and(|word| {
            word.is_word() && word.gap <= 1 && SMALL.contains(&self.spelt(next).to_lowercase().as_str())
        });
        let finnic = ["sta", "stä", "lta", "ltä"].iter().any(|end| self.spelt(next).ends_with(end))
            && self.get(next).is_some_and(|word| word.capital);
        let town = self.role(next).any(Role::AREA) && self.sign(next + 1) == Some('.');
        if !small && !finnic && !town {
            return None;
        }
        next += usize::from(small);
        if self.sign(next).is_some_and(|sign| matches!(sign, '\'' | '’')) {
            next += 1;
        }
        if self.role(next).any(Role::AREA) && self.sign(next + 1) == Some('.') {
            next += 2;
        }
        let token = self.get(next).filter(|token| token.is_word() && (token.capital || token.caseless))?;
        let known = token.flags.any(PLACES);
        let other = token.flags.any(Flags::ORGANISATION.or(Flags::ALSO_PRODUCT).or(Flags::WORD).or(Flags::JOB)) && !known
            || token.shouted && token.letters <= 4
            || token.role.any(Role::STOP);
        (!other).then(|| self.place(next, false, true)).flatten()
    }

    /// `Berwick-upon-Tweed`, `Châlons-sur-Marne`.
    fn hyphened(&self, at: usize) -> bool {
        let joint = |at: usize| self.dash(at) && self.tight(at) && self.tight(at + 1);
        joint(at + 1) && joint(at + 3) && self.get(at + 2).is_some_and(|small| small.is_word() && !small.capital && small.letters <= 5)
    }

    /// A month in Hebrew and the like.
    fn dated_word(&self, at: usize) -> bool {
        crate::mask::recognizer::date::is_month(self.spelt(at)) || self.spelt(at).starts_with("בשנת")
    }

    /// A place right before a verb for birth: `in Gera geboren`, `Egerben születtem`, `Çorum'da doğdum`.
    fn before_verb(&self, at: usize) -> Option<Range<usize>> {
        const ENDINGS: [&str; 12] = ["ben", "ban", "on", "en", "ön", "ott", "ett", "ött", "án", "én", "ssa", "ssä"];
        let verb = self.spelt(at).to_lowercase();
        let last = at.checked_sub(1)?;
        let word = self.get(last)?;
        let name = |at: usize| {
            self.get(at).is_some_and(|token| token.is_word() && token.capital && !token.role.any(Role::STOP) && self.cue(at) == 0)
        };
        match verb.as_str() {
            "geboren" => {
                let mut from = last;
                while from > 0 && from + 4 > last && (name(from) || self.dash(from) && self.tight(from)) {
                    from -= 1;
                }
                let small = matches!(self.spelt(from), "in" | "zu" | "te" | "im");
                (small && from < last).then_some(from + 1..at)
            }
            "születtem" | "született" | "születésű" | "születésem" => {
                let fits = name(last) && ENDINGS.iter().any(|end| self.spelt(last).ends_with(end)) || name(last) && verb == "születésű";
                fits.then_some(last..at)
            }
            "doğdum" | "doğdu" | "doğmuş" | "doğmuşum" | "dünyaya" => {
                let case = matches!(self.spelt(last), "da" | "de" | "ta" | "te") && matches!(self.sign(last.wrapping_sub(1)), Some('\'' | '’'));
                let place = last.checked_sub(2).filter(|place| case && name(*place))?;
                Some(place..place + 1)
            }
            "doğumlu" | "doğumluyum" | "doğumludur" => (name(last) && word.gap <= 1).then_some(last..at),
            _ => None,
        }
    }

    /// Whether it is a person that `born` at `at` is said of.
    fn born_person(&self, at: usize) -> bool {
        let was = at.checked_sub(1).filter(|before| matches!(self.spelt(*before), "was" | "were"));
        let Some(subject) = was.and_then(|was| was.checked_sub(1)).and_then(|subject| self.get(subject)) else { return true };
        if !subject.is_word() {
            return true;
        }
        let (flags, small) = (subject.flags, !subject.capital && !subject.caseless);
        let pronoun = subject.letters <= 4 && small
            || ["i", "he", "she", "who", "they", "we"].iter().any(|who| self.text[subject.start..subject.end].eq_ignore_ascii_case(who));
        let thing = flags.any(Flags::WORD.or(Flags::ORGANISATION).or(Flags::ORGANISATION_TAIL).or(Flags::ALSO_PRODUCT));
        let person = if small { flags.any(Flags::ROLE.or(Flags::JOB)) && !thing } else { flags.any(Flags::GIVEN) || !thing };
        pronoun || person
    }

    fn cue(&self, at: usize) -> u8 {
        self.get(at).filter(|token| token.is_word()).map_or(0, |token| cues(token.hash))
    }

    /// A place that the word at `at` tells.
    fn birthplace(&self, at: usize) -> Option<Range<usize>> {
        let token = self.get(at)?;
        let own = self.cue(at);
        let born = own & bit(Cue::Born) != 0;
        let short = own & bit(Cue::Short) != 0 && !born;
        let mut label = own & bit(Cue::Place) != 0;
        // `NATO`, `TTL` in other senses, `OF` …
        if matches!(self.spelt(at), "NATO" | "que" | "Que") || short && token.letters == 1 && (token.capital || self.sign(at + 1) != Some('.'))
        {
            return None;
        }
        // `Home District`, `State of Origin`; not every district.
        if matches!(self.spelt(at).to_ascii_lowercase().as_str(), "district" | "origin")
            && !(1..=2).any(|back| {
                at.checked_sub(back)
                    .is_some_and(|before| matches!(self.spelt(before).to_ascii_lowercase().as_str(), "home" | "state"))
            })
        {
            return None;
        }
        // `native of Galway`, `gebürtig aus`, `родом из`; a native app is none.
        if ORIGIN.contains(&self.spelt(at).to_lowercase().as_str()) {
            return self.origin(at);
        }
        let english = self.spelt(at).eq_ignore_ascii_case("born");
        // `The company was born in Leeds`.
        if english && !self.born_person(at) {
            return None;
        }
        // Arabic, Hebrew: the label and its value, with a colon between.
        if token.caseless && matches!(self.sign(at + 1), Some(':' | '：')) && (1..=2).any(|back| at.checked_sub(back).is_some_and(|before| self.cue(before) & bit(Cue::Half) != 0)) {
            let value = self.get(at + 2).filter(|value| value.is_word() && value.caseless)?;
            return (value.letters >= 2).then(|| self.place(at + 2, true, true)).flatten();
        }
        // `place of birth`, `lieu de naissance`, `miejsce urodzenia`, `محل تولد`.
        label |= (1..=4).any(|back| {
            at.checked_sub(back).is_some_and(|before| {
                self.cue(before) & bit(Cue::Half) != 0 && (born || short && (back <= 2 || token.letters >= 3))
            })
        });
        let mut next = at + 1;
        let (mut dated, mut parted, mut preposition, mut wide) = (false, false, false, false);
        let (mut colon, mut leaders) = (false, false);
        let mut steps = 0;
        while steps < 28 {
            let token = self.get(next)?;
            steps += usize::from(!token.is_sign('.'));
            if token.kind == Kind::Break {
                return None;
            }
            if let Some(end) = self.date(next) {
                dated = true;
                (parted, preposition, wide) = (false, false, false);
                next = end;
                continue;
            }
            if token.gap == 2 {
                wide = true;
            }
            match token.kind {
                Kind::Sign(sign) => match sign {
                    // The next cell of a table, unless it asks for a place: `14/03/1991 | Luogo Lecce`.
                    '|' if dated
                        && !label
                        && self.cue(next + 1) & (bit(Cue::Half) | bit(Cue::Place)) == 0
                        && !self.get(next + 1).is_some_and(|place| place.flags.any(PLACES) && place.capital) =>
                    {
                        return None;
                    }
                    ':' | '=' | '：' | '|' => {
                        colon = true;
                        parted = true;
                    }
                    ',' | '/' | '—' | '–' | '-' | '#' | '、' | '،' => parted = true,
                    '.' | '…' | '"' | '(' | ')' | '\'' | '’' | '{' => {
                        // `Born: 14.02.1979 (Pécs)`.
                        parted |= sign == '('
                            && dated
                            && self.place_words(next + 1, false).is_some_and(|end| self.sign(end) == Some(')'));
                        // `Luogo di nascita .... Torino`.
                        leaders |= sign == '…' || sign == '.' && self.sign(next + 1) == Some('.');
                        if sign == '.'
                            && self.sign(next.wrapping_sub(1)) != Some('.')
                            && self.sign(next + 1) != Some('.')
                            && !dated
                            && !short
                            && !self.role(next - 1).any(Role::STOP)
                            && self.get(next + 1).is_some_and(|next| next.gap == 1 && next.capital)
                            && self.get(next - 1).is_some_and(|word| word.letters > 4)
                        {
                            return None;
                        }
                    }
                    _ => return None,
                },
                Kind::Code => return None,
                Kind::Word => {
                    let cue = self.cue(next);
                    let area = token.role.any(Role::AREA) && self.sign(next + 1) == Some('.') && self.tight(next + 1);
                    let dutch = token.letters == 1
                        && self.dash(next + 1)
                        && self.tight(next + 1)
                        && self.get(next + 2).is_some_and(|word| word.capital);
                    let named = token.capital || token.caseless || area || dutch;
                    if english && self.spelt(next) == "a" {
                        return None;
                    }
                    // `नासिक में` behind `जन्म`; in Hebrew the preposition is a letter of the word.
                    let locative = token.caseless
                        && (self.spelt(next + 1) == "में" || born && self.spelt(next).starts_with('ב') && token.letters >= 3)
                        && !self.dated_word(next);
                    if locative && cue & (bit(Cue::Between) | bit(Cue::In)) == 0 {
                        return self.place(next, false, true);
                    }
                    if matches!(self.spelt(next), "في" | "در" | "ב") {
                        preposition = true;
                        next += 1;
                        continue;
                    }
                    if cue & bit(Cue::In) != 0 && !token.capital {
                        preposition = true;
                        next += 1;
                        continue;
                    }
                    if cue & (bit(Cue::Between) | bit(Cue::Half)) != 0
                        && !(named && (preposition || colon && label && token.flags.any(PLACES) && !token.caseless))
                    {
                        label |= cue & bit(Cue::Half) != 0;
                        next += 1;
                        continue;
                    }
                    if cue & (bit(Cue::Born) | bit(Cue::Short)) != 0 && !preposition {
                        next += 1;
                        continue;
                    }
                    if cue & bit(Cue::Never) != 0 {
                        return None;
                    }
                    // `Birthplace / Geboorteplek:`: a label in a second language.
                    if self.sign(next - 1) == Some('/') && matches!(self.sign(next + 1), Some(':' | '：')) {
                        next += 1;
                        continue;
                    }
                    // `(місце народження за паспортом: …)`: words of the label.
                    let more = label && !colon && !named && (1..=2).any(|on| matches!(self.sign(next + on), Some(':' | '：')));
                    if more {
                        next += 1;
                        continue;
                    }
                    // `Syntynyt Ilomantsissa vuonna 1978`.
                    if born
                        && next == at + 1
                        && token.capital
                        && token.gap == 1
                        && self.spelt(at).starts_with(['s', 'S'])
                        && ["ssa", "ssä", "lla", "llä"].iter().any(|end| self.spelt(next).ends_with(end))
                    {
                        return self.place(next, false, true);
                    }
                    let parish = label && colon && !named && token.role.any(Role::AREA) && token.letters > 4;
                    if !(named || parish) || token.role.any(Role::STOP) && token.letters > 2 {
                        return None;
                    }
                    // `DOB 07 Oct 1993   Telavi`; a label would end in a colon.
                    let alone = next == at + 1
                        && born
                        && english
                        && (!token.flags.any(Flags::GIVEN.or(Flags::SURNAME).or(Flags::WORD)) || self.hyphened(next))
                        && (token.flags.any(PLACES) || self.hyphened(next)
                            || at == 0
                            || self.get(at - 1).is_some_and(|before| before.sign().is_some()));
                    // `Született: Szeged, 1980. május 4.`
                    let before_date = || {
                        self.place_words(next, false).is_some_and(|end| {
                            self.sign(end).is_some_and(|sign| matches!(sign, ',' | '،' | '、'))
                                && self.date(end + 1).is_some()
                                || !english && self.get(end).is_some_and(Token::is_code) && self.date(end).is_some()
                        })
                    };
                    // `Syntynyt 3.4.1970 Oulussa`: the place has its case at its end.
                    let inside = dated
                        && !parted
                        && !wide
                        && ["ssa", "ssä", "lla", "llä"].iter().any(|end| self.spelt(next).ends_with(end));
                    let fits = inside
                        || born && (colon || !english && next == at + 1) && !dated && before_date()
                        || label && (parted || wide || dated && (parted || preposition)) && (colon || wide || parted)
                        || preposition && (born || dated)
                        || dated && parted
                        || label && token.caseless && next == at + 1
                        || leaders && label
                        || dated
                            && wide
                            && !token.caseless
                            && !(token.shouted && token.letters <= 4)
                            && !self.get(next + 1).is_some_and(Token::is_code) && !token.flags.any(Flags::GIVEN.or(Flags::SURNAME))
                        || alone;
                    if !fits || short && !dated && !label || born && !label && !dated && !preposition && !alone && !before_date()
                    {
                        return None;
                    }
                    let sure = label || preposition || inside;
                    // A word after a comma may be anything: an ordinary word is no place.
                    let several = self
                        .get(next + 1)
                        .is_some_and(|word| word.is_word() && word.role.any(Role::PARTICLE) && !word.capital)
                        && self.get(next + 2).is_some_and(|word| word.capital);
                    // `(Bad Tölz)`.
                    let several = several
                        || dated && self.sign(next - 1) == Some('(') && self.place_words(next, false).is_some_and(|end| end > next + 1);
                    let capitals = token.shouted && !self.get(at).is_some_and(|own| own.shouted);
                    if !sure
                        && !token.flags.any(PLACES)
                        && (token.flags.any(Flags::WORD.or(Flags::FOREIGN).or(Flags::JOB)) && !several || capitals)
                    {
                        return None;
                    }
                    return self.place(next, label && !dated, dated || label || self.hyphened(next));
                }
                Kind::Break => return None,
            }
            next += 1;
        }
        None
    }

    /// The token behind a date that begins at `at`; a year alone is one.
    fn date(&self, at: usize) -> Option<usize> {
        let first = self.get(at)?;
        let month = first.is_word() && first.role.any(Role::STOP) && first.letters >= 3;
        if !first.is_code() && !month {
            return None;
        }
        if month && !(at + 1..at + 4).any(|at| self.get(at).is_some_and(Token::is_code)) {
            return None;
        }
        let (mut codes, mut words, mut year) = (0, 0, false);
        let mut next = at;
        let mut end = None;
        while next < at + 11 {
            let Some(token) = self.get(next) else { break };
            if token.gap == 2 && next > at {
                break;
            }
            match token.kind {
                Kind::Code => {
                    if token.digits > 4 || codes == 3 {
                        break;
                    }
                    codes += 1;
                    let long = token.digits == 4;
                    if year && long {
                        break;
                    }
                    year |= long;
                    if long || codes == 3 || year && codes + words >= 2 {
                        end = Some(next + 1);
                    }
                    if year && codes + words >= 3 {
                        break;
                    }
                }
                Kind::Sign('.' | '-' | '/' | '٫') if next > at => {}
                Kind::Sign(',' | '،') if next > at && !year => {}
                Kind::Word => {
                    let particle = token.letters <= 3 && token.role.any(Role::PARTICLE) && words + codes > 0 && !year;
                    if particle {
                    } else if words == 0 && codes == 1 && token.shouted | token.capital && matches!(self.spelt(next), "I" | "V" | "X") {
                        // `7.X.1981`.
                        words += 1;
                    } else if words == 0
                        && token.letters >= 2
                        && !(year && codes >= 2)
                        && (codes > 0 || month)
                        && self.cue(next) & bit(Cue::In) == 0
                    {
                        // After the year only a month goes on: `1990. május 3.`.
                        if year && !token.role.any(Role::STOP) && self.sign(next - 1).is_none_or(|sign| sign != '.') {
                            break;
                        }
                        words += 1;
                    } else {
                        break;
                    }
                }
                _ => break,
            }
            next += 1;
        }
        let mut end = end?;
        // `1983. 09. 14.`, `05.10.1986 г.`, `30.08.1978 r.`
        for _ in 0..2 {
            if self.sign(end) == Some('.') && self.tight(end) {
                end += 1;
            }
            let year =
                self.get(end).is_some_and(|word| word.is_word() && word.gap <= 1 && word.letters <= 4 && !word.capital)
                    && ["г", "r", "р", "года", "року", "р.", "роки", "عام", "m", "E.C"].contains(&self.spelt(end));
            if year {
                end += 1;
            }
        }
        Some(end)
    }

    /// The place that begins at `at`.
    fn place(&self, at: usize, label: bool, sure: bool) -> Option<Range<usize>> {
        let mut end = self.place_words(at, label)?;
        let first = self.get(at)?;
        // `Doğum Yeri: Çorum Doğum Tarihi: …`: the next label is no part of it.
        if matches!(self.sign(end), Some(':' | '：' | '=')) {
            let label = (at + 1..end).find(|next| self.cue(*next) & bit(Cue::Born) != 0).unwrap_or(end - 1);
            if label <= at {
                return None;
            }
            end = label;
            while end > at + 1 && self.get(end - 1).is_some_and(|token| token.sign().is_some()) {
                end -= 1;
            }
            return Some(at..end);
        }
        // A label follows, not a place.
        if matches!(self.sign(end), Some(':' | '：' | '='))
            || !sure && first.flags.any(Flags::ORGANISATION.or(Flags::ORGANISATION_TAIL)) && !first.flags.any(PLACES)
        {
            return None;
        }
        let mut whole = end;
        // `(29)`, `(Oise)`.
        if self.sign(whole) == Some('(')
            && let Some(close) = (whole + 2..whole + 6).find(|at| self.sign(*at) == Some(')'))
        {
            let short = (whole + 1..close).all(|at| {
                self.get(at).is_some_and(|token| {
                    token.name_like() && (!token.role.any(Role::STOP) || token.shouted && token.letters == 2) || token.is_code() && token.digits <= 3
                })
            });
            if short {
                whole = close + 1;
            }
        }
        // `Caruaru – PE`, `Sonsón – Antioquia`, `Tepatitlán, Jal.`, `Paris 14e`.
        whole = self.region(whole, label || sure);
        for _ in 0..2 {
            let slash = self.sign(whole) == Some('/') && self.tight(whole + 1);
            let comma =
                matches!(self.sign(whole), Some(',' | '،')) && self.get(whole + 1).is_some_and(|next| next.gap == 1);
            if !slash && !comma {
                break;
            }
            let Some(more) = self.place_words(whole + 1, label) else { break };
            let region = self.get(whole + 1).is_some_and(|word| word.flags.any(PLACES) || word.role.any(Role::STATE));
            let ended = self.get(more).is_none_or(|token| {
                !matches!(token.kind, Kind::Word | Kind::Code | Kind::Sign(':' | '：')) || token.gap == 2
            });
            let alone = label && ended && self.is_break(more);
            if !(slash && ended || region && ended || alone) {
                break;
            }
            whole = more;
        }
        // `г. Сызрань`: the word for a town before it.
        let mut from = at;
        if from >= 2
            && self.sign(from - 1) == Some('.')
            && self.get(from - 2).is_some_and(|word| word.is_word() && word.role.any(Role::AREA) && word.letters <= 4 && !word.capital)
        {
            from -= 2;
        }
        // `Самарская обл.`
        if self
            .get(whole)
            .is_some_and(|word| word.is_word() && word.gap == 1 && word.role.any(Role::AREA) && !word.capital && word.letters >= 3)
        {
            whole += 1;
            if self.sign(whole) == Some('.') && self.tight(whole) {
                whole += 1;
            }
        }
        Some(from..whole)
    }

    /// The end of a province, a district or a country behind a place that ends at `at`.
    fn region(&self, mut at: usize, sure: bool) -> usize {
        // A quarter of a city in digits.
        if self.get(at).is_some_and(|token| {
            token.is_code() && token.gap == 1 && token.digits <= 2 && token.letters <= 3 && token.letters > 0
        }) && self.get(at + 1).is_none_or(|token| !matches!(token.kind, Kind::Word | Kind::Code) || token.gap == 2)
        {
            at += 1;
        }
        let single = |at: usize| self.get(at).is_some_and(|token| token.gap == 1);
        let dash = self.dash(at)
            && (single(at) && single(at + 1) || self.get(at + 1).is_some_and(|next| next.shouted && next.letters == 2));
        let comma = matches!(self.sign(at), Some(',' | '،' | '/')) && self.get(at + 1).is_some_and(|next| next.gap <= 1);
        if !(dash || comma) || self.date(at + 1).is_some() {
            return at;
        }
        let Some(end) = self.place_words(at + 1, false) else { return at };
        let Some(first) = self.get(at + 1) else { return at };
        let known = first.flags.any(PLACES);
        let dot = usize::from(
            self.sign(end) == Some('.') && self.tight(end) && self.get(end - 1).is_some_and(|word| word.letters <= 5),
        );
        let other = first.flags.any(
            Flags::GIVEN
                .or(Flags::SURNAME)
                .or(Flags::JOB)
                .or(Flags::ORGANISATION)
                .or(Flags::ORGANISATION_TAIL)
                .or(Flags::FOREIGN)
                .or(Flags::WORD),
        ) && !known
            || first.role.any(Role::STOP) && first.letters > 2
            || self.cue(at + 1) & bit(Cue::Never) != 0;
        let short = first.shouted && first.letters == 2;
        let close = self.get(end + dot).is_none_or(|token| {
            token.gap == 2
                || matches!(token.kind, Kind::Break | Kind::Sign('.' | ';' | ')' | '|' | ',' | '"' | '—' | '–' | '('))
                || token.is_word() && !token.capital && !token.caseless
        });
        let told = known || short || first.role.any(Role::STATE) || dot == 1 && first.letters <= 4;
        let fits = end - at <= 4 && close && (short || !other) && (told || sure && self.sign(end) != Some(','));
        if fits { end + dot } else { at }
    }

    /// The words of one name of a place.
    fn place_words(&self, at: usize, label: bool) -> Option<usize> {
        let (mut next, mut end, mut names) = (at, None, 0);
        while next < at + 12 {
            let Some(token) = self.get(next) else { break };
            if token.gap == 2 && next > at {
                break;
            }
            match token.kind {
                Kind::Word => {
                    let area = token.role.any(Role::AREA)
                        && names == 0
                        && (self.sign(next + 1) == Some('.') || label && token.letters > 4 && next == at)
                        || names == 0 && token.letters == 1 && self.dash(next + 1) && self.tight(next + 1);
                    if token.caseless {
                        let most = if label { 3 } else { 1 };
                        if names >= most || names > 0 && self.cue(next) != 0 {
                            break;
                        }
                        names += 1;
                        end = Some(next + 1);
                    } else if names > 0 && token.gap == 0 && self.sign(next - 1).is_some_and(|sign| matches!(sign, '\'' | '’')) {
                        // `Кам'янець`.
                        end = Some(next + 1);
                    } else if token.capital && !(token.role.any(Role::STOP) && token.letters > 2 && names > 0) {
                        names += 1;
                        if names > 5 {
                            break;
                        }
                        end = Some(next + 1);
                    } else if !(area
                        || names > 0
                            && token.role.any(Role::PARTICLE)
                            && (self.get(next + 1).is_some_and(|next| next.capital)
                                || self.dash(next + 1)
                                    && self.tight(next + 1)
                                    && self.get(next + 2).is_some_and(|next| next.capital)
                                || self.dash(next + 1)
                                    && self.role(next + 2).any(Role::PARTICLE)
                                    && self.dash(next + 3)
                                    && self.get(next + 4).is_some_and(|next| next.capital)
                                || self.role(next + 1).any(Role::PARTICLE)
                                    && self.get(next + 2).is_some_and(|next| next.capital)))
                    {
                        break;
                    }
                }
                Kind::Sign('-' | '\'' | '’' | '‑') if self.tight(next) && self.tight(next + 1) => {}
                Kind::Sign('.')
                    if self.tight(next)
                        && self.get(next.wrapping_sub(1)).is_some_and(|word| word.letters <= 3 && next > at) => {}
                _ => break,
            }
            next += 1;
        }
        end
    }
}
