//! Places of birth: behind a label, behind a date of birth, or behind `born in`, in some forty languages.

use std::ops::Range;
use std::sync::LazyLock;

use super::birth_rows::{below, brackets, column, stars, thai, undivided};
use super::tokens::{self, Kind, Role, Token};
use super::zone::{PLACES, Zone};
use crate::mask::lexicon::Flags;
use crate::mask::page::{Cues, Page};
use crate::mask::recognizer::Recognizer;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::Hash;

pub(crate) struct Birthplace;

/// What a word says about a birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
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
         născut născută doğumlu doğum doğmuş doğdum lahir dilahirkan родился родилась рођен рођена рођени рожден рождена роден родена родена \
         народився народилась народилася народжений туған γεννήθηκα γεννήθηκε γεννηθείς γεννησησ נולד נולדה נולדתי مواليد ولد ولدت \
         متولد जन्म জন্ম เกิด sinh dob birth naissance nacimiento nascita nascimento geboorte geburt geburtsdatum geburtstag \
         geburtsdaten geboortedatum fødselsdato födelsedatum födelsedag fødselsdag urodzenia narození narodenia rođenja \
         rojstva születési születés syntymäaika sünniaeg nașterii рождения народження раждане γέννησης birthdate birthday \
         nakatira ipinanganak kapanganakan الميلاد الولادة تولد ولادت לידה ילידת יליד narodenia narodzin urodzin nasceu nascemos \
         doğumluyum doğumludur doğdu nacimos sündis нар народж nastere nasterii narozeni urodzenia dogum dogdum szuletes szuletett \
         rodjenja rodjen rodena dogumlu birth_place place_of_birth loc_nastere locul_nasterii lugar_nacimiento lieu_naissance \
         luogo_nascita local_nascimento miejsce_urodzenia misto_narozeni miesto_narodenia mesto_rodjenja dogum_yeri \
         szuletesi_hely tempat_lahir noi_sinh geburts_ort",
    ),
    (Cue::Short, "b geb nasc nac ur nar synt szül род р нар f g. dz gim tarihi"),
    (
        Cue::Place,
        "birthplace geburtsort geboorteplaats födelseort fødested fødeby syntymäpaikka rodiště naturalidade natural naturale \
         originaire hometown ttl τόπος τοποσ ภูมิลำเนา 籍贯 籍貫 出生地 本籍 本籍地 出身地 出身 출생지 고향 본적 domicile quê birth-place \
         rodisko sünnikoht dzimšanas gimtinė geburtsstadt birthcity cityofbirth placeofbirth pob district origin geboorteplek \
         födelsestad födelseland lugarnacimiento lugar_nacimiento place_of_birth birth_place loc_nastere locul_nasterii lieu_naissance luogo_nascita \
         local_nascimento miejsce_urodzenia misto_narozeni miesto_narodenia mesto_rodjenja dogum_yeri szuletesi_hely \
         tempat_lahir noi_sinh geburts_ort lugardenacimiento lieunaissance lieudenaissance luogonascita luogodinascita \
         localnascimento localdenascimento birthtown fødselssted fæðingarstaður originario originaria oriundo oriunda natif native \
         gebürtig gebürtige gebürtiger rodák rodačka rodem родом уроженец уроженка hails afkomstig pochodzę pochodzi pocházím \
         pochází pochádzam ursprungligen opprinnelig oprindeligt alunperin ursprünglich originally syntyjään",
    ),
    (
        Cue::Half,
        "paikka mjesto geburts home state district native ort place lieu lugar luogo local miejsce místo mesto miesto kraj hely yeri מקום место місце място محل مكان مکان स्थान nơi tempat plaats ort sted locul locul loc city town",
    ),
    (
        Cue::In,
        "in at à a en te i v ve w we u у в във в во la în em no na på tại di से στην στη στο σε ב at zu koht ng sa i ing near outside को",
    ),
    (
        Cue::Between,
        "farm village small tiny ranch suburb outskirts on op le il el am den dnia dne o of and und et y e i og och ja és dan raised bred brought up grew aufgewachsen uppvuxen oppvokst opvokset getogen élevé élevée criado criada cresciuto cresciuta wychowany \
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

pub(super) fn cues(hash: u64) -> u8 {
    WORDS.slots[slot(&WORDS.slots, hash)].1
}

pub(super) const fn bit(cue: Cue) -> u8 {
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
            let found = zone.birthplace(at).or_else(|| zone.before_verb(at)).or_else(|| zone.before_bracket(at));
            if found.is_none() {
                below(page, word, index, out);
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

/// How far behind its word a place may begin and end, in bytes.
const REACH: usize = 200;

/// Words that only a small word makes one for where somebody is from.
const ORIGIN: &[&str] = &[
    "natif",
    "native",
    "gebürtig",
    "gebürtige",
    "gebürtiger",
    "rodák",
    "rodačka",
    "rodem",
    "родом",
    "уроженец",
    "уроженка",
    "hails",
    "afkomstig",
    "pochodzę",
    "pochodzi",
    "pocházím",
    "pochází",
    "pochádzam",
    "ursprungligen",
    "ursprünglich",
    "opprinnelig",
    "oprindeligt",
    "alunperin",
    "originally",
    "syntyjään",
    "originaire",
    "originario",
    "originaria",
    "oriundo",
    "oriunda",
    "natural",
];

impl Zone<'_> {
    /// A place behind a word for where somebody is from and its preposition.
    fn origin(&self, at: usize) -> Option<Range<usize>> {
        const SMALL: &[&str] = &[
            "of", "from", "aus", "de", "du", "des", "di", "da", "do", "uit", "z", "ze", "из", "с", "з", "fra", "från",
            "d",
        ];
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
        let other = token.flags.any(Flags::ORGANISATION.or(Flags::ALSO_PRODUCT).or(Flags::WORD).or(Flags::JOB))
            && !known
            || token.shouted && token.letters <= 4
            || token.role.any(Role::STOP);
        (!other).then(|| self.place(next, false, true)).flatten()
    }

    /// `sono di Palermo (nato l'11/09/1979)`, `from Cork (born 1979)`.
    fn before_bracket(&self, at: usize) -> Option<Range<usize>> {
        const SMALL: &[&str] = &["di", "de", "from", "aus", "z", "ze", "из", "uit", "från", "fra", "din"];
        let place = at.checked_sub(2).filter(|_| self.sign(at - 1) == Some('('))?;
        let token = self.get(place).filter(|token| token.is_word() && token.capital && token.flags.any(PLACES))?;
        let small = place.checked_sub(1).is_some_and(|small| SMALL.contains(&self.spelt(small)));
        (small && token.gap <= 1 && !token.flags.any(Flags::ORGANISATION)).then_some(place..place + 1)
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
            self.get(at).is_some_and(|token| {
                token.is_word() && token.capital && !token.role.any(Role::STOP) && self.cue(at) == 0
            })
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
                let fits = name(last) && ENDINGS.iter().any(|end| self.spelt(last).ends_with(end))
                    || name(last) && verb == "születésű";
                fits.then_some(last..at)
            }
            "doğdum" | "doğdu" | "doğmuş" | "doğmuşum" | "dünyaya" => {
                let case = matches!(self.spelt(last), "da" | "de" | "ta" | "te")
                    && matches!(self.sign(last.wrapping_sub(1)), Some('\'' | '’'));
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
        let Some(subject) = was.and_then(|was| was.checked_sub(1)).and_then(|subject| self.get(subject)) else {
            return true;
        };
        if !subject.is_word() {
            return true;
        }
        let (flags, small) = (subject.flags, !subject.capital && !subject.caseless);
        let pronoun = subject.letters <= 4 && small
            || ["i", "he", "she", "who", "they", "we"]
                .iter()
                .any(|who| self.text[subject.start..subject.end].eq_ignore_ascii_case(who));
        let thing = flags.any(Flags::WORD.or(Flags::ORGANISATION).or(Flags::ORGANISATION_TAIL).or(Flags::ALSO_PRODUCT));
        let person =
            if small { flags.any(Flags::ROLE.or(Flags::JOB)) && !thing } else { flags.any(Flags::GIVEN) || !thing };
        pronoun || person
    }

    pub(super) fn cue(&self, at: usize) -> u8 {
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
        if matches!(self.spelt(at), "NATO" | "que" | "Que")
            || short && token.letters == 1 && (token.capital || self.sign(at + 1) != Some('.'))
        {
            return None;
        }
        // `D. tarihi/yeri`: the beginning of something else without its letter.
        let initial = at >= 2 && self.sign(at - 1) == Some('.') && self.tight(at - 1);
        if self.spelt(at) == "tarihi" && !(initial && matches!(self.spelt(at - 2), "D" | "d")) {
            return None;
        }
        // `L. nac.`, `Lug. nasc.`, `M. ur.`: of a place by its first letter.
        label |= short
            && initial
            && ["L", "l", "Lug", "lug", "M", "m", "Mjesto", "Loc", "loc", "Pl", "pl"].contains(&self.spelt(at - 2));
        // `DOB 6/2/1986; b. Napier`: a clause of its own, behind another word for a birth.
        if self.spelt(at) == "b"
            && self.sign(at + 1) == Some('.')
            && at > 0
            && self.sign(at - 1).is_some_and(|sign| matches!(sign, ';' | ',' | '(' | '·' | '•' | '|'))
            && (0..at).any(|before| self.cue(before) & bit(Cue::Born) != 0)
            && self.get(at + 2).is_some_and(|place| place.is_word() && place.capital && !place.role.any(Role::STOP))
            && let Some(end) = self.place_words(at + 2, false)
            && (self.is_break(end) || self.sign(end).is_some_and(|sign| matches!(sign, ';' | ',' | ')' | '·' | '|')))
        {
            return self.place(at + 2, false, false);
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
        if token.caseless
            && matches!(self.sign(at + 1), Some(':' | '：'))
            && (1..=2).any(|back| at.checked_sub(back).is_some_and(|before| self.cue(before) & bit(Cue::Half) != 0))
        {
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
                    if english && self.spelt(next) == "a" && next == at + 1 {
                        return None;
                    }
                    // `नासिक में` behind `जन्म`; in Hebrew the preposition is a letter of the word.
                    let locative = token.caseless
                        && (self.spelt(next + 1) == "में"
                            || born && self.spelt(next).starts_with('ב') && token.letters >= 3)
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
                    let more =
                        label && !colon && !named && (1..=2).any(|on| matches!(self.sign(next + on), Some(':' | '：')));
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
                    let parish = label
                        && colon
                        && !named
                        && token.role.any(Role::AREA)
                        && (token.letters > 4 || !self.spelt(next).is_ascii());
                    // `F. nac.: 28.07.1986   L. nac.: …`: the letter of the next label.
                    let letter = dated
                        && token.letters <= 3
                        && self.sign(next + 1) == Some('.')
                        && self.cue(next + 2) & (bit(Cue::Short) | bit(Cue::Born)) != 0;
                    if letter {
                        return None;
                    }
                    if !(named || parish) || token.role.any(Role::STOP) && token.letters > 2 {
                        return None;
                    }
                    // `DOB 07 Oct 1993   Telavi`; a label would end in a colon.
                    let alone = next == at + 1
                        && born
                        && english
                        && (!token.flags.any(Flags::GIVEN.or(Flags::SURNAME).or(Flags::WORD)) || self.hyphened(next))
                        && (token.flags.any(PLACES)
                            || self.hyphened(next)
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
                        && ["ssa", "ssä", "lla", "llä", "uose", "yje", "ėje", "oje"]
                            .iter()
                            .any(|end| self.spelt(next).ends_with(end));
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
                            && !self.get(next + 1).is_some_and(Token::is_code)
                            && !token.flags.any(Flags::GIVEN.or(Flags::SURNAME))
                        || alone;
                    if !fits
                        || short && !dated && !label
                        || born && !label && !dated && !preposition && !alone && !before_date()
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
                        || dated
                            && self.sign(next - 1) == Some('(')
                            && self.place_words(next, false).is_some_and(|end| end > next + 1);
                    // `рођен 15. 2. 1984., Горњи Милановац`: two names, and nothing behind them.
                    let several = several
                        || dated
                            && parted
                            && self.place_words(next, false).is_some_and(|end| {
                                end > next + 1
                                    && self.is_break(end)
                                    && (next..end).all(|at| {
                                        self.get(at).is_some_and(|word| {
                                            word.capital
                                                && !word.flags.any(Flags::JOB.or(Flags::ORGANISATION))
                                                && !word.role.any(Role::STOP)
                                        })
                                    })
                            });
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
}
