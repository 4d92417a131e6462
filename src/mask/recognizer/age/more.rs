//! Ages told by what goes on beside them: a second child, a birthday, a noun for a person, an honorific before a name.

use super::prose::Reader;
use super::{age_at, push, unit};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::recognizer::anchor::onward;
use crate::mask::recognizer::date::{digit, is_month};
use crate::mask::span::Span;
use crate::mask::words::{Gap, Hash};

/// What stands between the ages of two people.
const JOINTS: &[&str] = &[
    " und ", " and ", " & ", " et ", " y ", " e ", " i ", " a ", " og ", " och ", " ja ", " és ", " și ", " şi ",
    " и ", " та ", " і ", " й ", " ve ", " dan ", " en ", " in ", " + ", "、", "和", "と", " και ", " ו-", " و ",
];

/// `zwei Kinder (4 und 7)`, `aged 6 and 10`, `hijos de 5 y 9 años`: a number joined to an age is one too. Ages found
/// before are from place `first` of `out` on.
pub(super) fn joined(text: &str, first: usize, out: &mut Vec<Span>) {
    let mut index = first;
    while let Some(span) = out.get(index) {
        index += 1;
        let end = span.range.end;
        // A comma joins only the ages of relatives: a name, an age and a house number are the more usual row.
        let relative = span.rule == "age of a relative";
        let rest = onward(text, end, 48);
        let blanks = rest.trim_start_matches([' ', '\u{a0}']);
        let tail = match unit(blanks) {
            true => blanks.trim_start_matches(char::is_alphabetic),
            false => rest,
        };
        let joint = JOINTS.iter().find(|joint| tail.starts_with(**joint));
        let joint = joint.copied().or_else(|| (relative && tail.starts_with(", ")).then_some(", "));
        let Some(joint) = joint else { continue };
        let at = end + (rest.len() - tail.len()) + joint.len();
        let Some(stop) = age_at(text, at, 0).filter(|stop| stop - at <= 2) else { continue };
        let after = onward(text, stop, 24);
        let word = after.trim_start_matches([' ', '\u{a0}']);
        let over = word.is_empty()
            || word.starts_with([')', '）', ',', '.', ';', '!', '?', '\n', '\r', '，', '。', '|'])
            || unit(word)
            || JOINTS.iter().any(|joint| after.starts_with(*joint));
        if over && !out[first..].iter().any(|other| other.range.start == at) {
            push(text, at, stop, 0.75, "age of a relative", out);
        }
    }
}

/// Words that wish somebody well.
const WISHES: &[&str] = &[
    "birthday",
    "bday",
    "congrat",
    "many happy",
    "proficiat",
    "gefeliciteerd",
    "glückwunsch",
    "gratul",
    "alles gute",
    "alles liebe",
    "geburtstag",
    "joyeux",
    "anniversaire",
    "felicidades",
    "feliz",
    "cumple",
    "parabéns",
    "parabens",
    "auguri",
    "compleanno",
    "grattis",
    "tillykke",
    "onnea",
    "najlepszego",
    "sto lat",
    "vše nejlepší",
    "všetko najlepšie",
    "la mulți ani",
    "boldog",
    "isten éltessen",
    "поздрав",
    "с днём",
    "с днем",
    "вітаю",
    "з днем",
    "kutlu olsun",
    "doğum günü",
    "χρόνια πολλά",
    "מזל טוב",
    "selamat ulang",
    "jubil",
];

/// `today`, by which somebody's birthday is now.
const TODAY: &[&str] = &[
    "today",
    "vandaag",
    "heute",
    "i dag",
    "idag",
    "hoy",
    "hoje",
    "oggi",
    "aujourd",
    "dziś",
    "dzisiaj",
    "dnes",
    "tänään",
    "сегодня",
    "сьогодні",
    "bugün",
    "azi",
    "astăzi",
    "danas",
    "danes",
    "днес",
    "σήμερα",
    "היום",
    "tomorrow",
    "morgen",
    "yesterday",
    "gestern",
    "hari ini",
];

/// `happy birthday, 30 today!`: whether a number that ends at byte `end` behind `head` is whose birthday it is.
pub(super) fn birthday(head: &str, rest: &str) -> bool {
    let next = rest.trim_start_matches([' ', '\u{a0}']);
    let next = match unit(next) {
        true => next.trim_start_matches(char::is_alphabetic).trim_start_matches(' '),
        false => next,
    };
    let today = next.len() < rest.len() && TODAY.iter().any(|word| next.starts_with(word));
    today && {
        let lower = head.to_lowercase();
        WISHES.iter().any(|wish| lower.contains(wish)) || super::kin::called_before(head.trim_end_matches([',', ' ']))
    }
}

/// Whether a name with an honorific before it ends `head`: `Mr Holt`, `Frau Dr. Anna Weber`.
pub(super) fn titled_before(head: &str) -> bool {
    let mut words = head.rsplit([' ', '\u{a0}']).filter(|word| !word.is_empty());
    let capital = |word: &str| word.chars().next().is_some_and(char::is_uppercase);
    words.next().is_some_and(|name| capital(name) && name.chars().all(|c| c.is_alphabetic() || "-'’".contains(c)))
        && words
            .take(2)
            .take_while(|word| capital(word))
            .any(|word| LEXICON.word(Hash::of(word.trim_matches(['.', '(', '"']))).any(Flags::HONORIFIC))
}

/// Nouns for a man or a woman and nothing else: with an age behind them no job is counted in years.
const PEOPLE: &[&str] = &[
    "man",
    "woman",
    "boy",
    "girl",
    "guy",
    "lady",
    "frau",
    "mann",
    "mädchen",
    "junge",
    "femme",
    "homme",
    "fille",
    "garçon",
    "dame",
    "mujer",
    "hombre",
    "chica",
    "chico",
    "niña",
    "niño",
    "muchacha",
    "muchacho",
    "señora",
    "señor",
    "donna",
    "uomo",
    "ragazza",
    "ragazzo",
    "mulher",
    "homem",
    "menina",
    "menino",
    "rapaz",
    "moça",
    "rapariga",
    "vrouw",
    "meisje",
    "jongen",
    "kvinne",
    "kvinna",
    "kvinde",
    "mand",
    "jente",
    "pige",
    "flicka",
    "pojke",
    "gutt",
    "dreng",
    "fyr",
    "kille",
    "tjej",
    "mies",
    "nainen",
    "tyttö",
    "poika",
    "kobieta",
    "mężczyzna",
    "chłopak",
    "dziewczyna",
    "żena",
    "žena",
    "muž",
    "femeie",
    "bărbat",
    "nő",
    "férfi",
    "женщина",
    "мужчина",
    "девушка",
    "парень",
    "жінка",
    "чоловік",
    "γυναίκα",
    "άνδρας",
    "kadın",
    "erkek",
    "wanita",
    "pria",
    "perempuan",
    "female",
    "male",
];

pub(super) fn is_person(word: &str) -> bool {
    word.len() >= 3 && PEOPLE.contains(&word.to_lowercase().as_str())
}

/// Small words behind the age of `a woman of 39`.
const GO_ON: &[&str] = &[
    "de", "from", "fra", "från", "aus", "uit", "z", "ze", "i", "met", "mit", "con", "com", "with", "som", "que", "die",
    "der", "who", "wo", "qui", "che", "na", "og", "och", "and", "und", "et", "y", "e", "en", "med",
];

/// Small words between a verb and the years that somebody will be: `werde im Mai 33`, `täytän ensi vuonna 50`.
const WHEN: &[&str] = &[
    "im",
    "in",
    "en",
    "em",
    "w",
    "v",
    "ve",
    "i",
    "à",
    "a",
    "u",
    "в",
    "у",
    "nächstes",
    "nächsten",
    "next",
    "this",
    "nästa",
    "neste",
    "næste",
    "volgend",
    "volgende",
    "ensi",
    "vuonna",
    "tänä",
    "jahr",
    "jaar",
    "year",
    "år",
    "año",
    "ano",
    "anno",
    "rok",
    "roku",
    "année",
    "cette",
    "ce",
    "este",
    "esta",
    "próximo",
    "prossimo",
    "l'anno",
    "tomorrow",
    "morgen",
    "soon",
    "bald",
    "snart",
    "pronto",
    "presto",
    "ich",
    "jag",
    "jeg",
    "ik",
    "in",
];

/// Words behind an age and a sex in one: `26F here`, `54M with chest pain`.
const BEHIND_SEX: &[&str] = &[
    "here",
    "from",
    "looking",
    "seeking",
    "who",
    "with",
    "presenting",
    "presents",
    "presented",
    "single",
    "living",
    "based",
    "student",
    "and",
    "in",
    "admitted",
    "c",
    "s",
    "hx",
    "smoker",
    "pt",
    "living",
];

impl Reader<'_, '_> {
    /// `I'm 19F.`, `I (31M)`, `Hi all, 26F here`, `a 54M with chest pain`: a sex right behind a number of two digits,
    /// which begins at byte `begin`, for word `index`. `16M tokens` and `24F connector` are quantities.
    pub(super) fn glued_sex(&self, index: usize, begin: usize) -> bool {
        let word = &self.words[index];
        let before = index.checked_sub(1).map(|before| &self.words[before]);
        let gap = before.and_then(|before| self.text.get(before.end()..begin)).unwrap_or("\n");
        let next = self.words.get(index + 1).filter(|next| matches!(next.gap, Gap::Space));
        let goes_on = next.is_some_and(|next| BEHIND_SEX.contains(&&self.text[next.range()]));
        let rest = &self.text[word.end()..];
        let over = rest.is_empty() || rest.starts_with(['.', ',', ')', '\n', ';', '!', '?', '/']);
        let person = matches!(gap, " " | " (") && before.is_some() && {
            let at = index - 1;
            self.person_at(Some(at))
                || self.cue(at).any(super::cues::Cue::BE) && self.person_at(at.checked_sub(1))
                || matches!(&self.text[self.words[at].range()], "her" | "him" | "Me" | "me")
        };
        let opens = gap.ends_with(['\n', '(']) || matches!(gap, ", " | ". " | ": " | "! ");
        let article = gap == " " && before.is_some_and(|before| matches!(&self.text[before.range()], "a" | "A" | "an"));
        person && (over || goes_on) || goes_on && (opens || article)
    }

    /// The age in `(m, 28)`, `(w/28)` behind the sex that word `index` is.
    pub(super) fn behind_sex(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let word = &self.words[index];
        let rest = onward(self.text, word.end(), 12);
        let number = rest.strip_prefix(", ").or_else(|| rest.strip_prefix('/')).or_else(|| rest.strip_prefix(" / "))?;
        let count = number.bytes().take_while(u8::is_ascii_digit).count();
        let value: u32 = number.get(..count).filter(|digits| digits.len() == 2)?.parse().ok()?;
        let at = word.end() + rest.len() - number.len();
        let letter = word.letters == 1 && "mfwdvhkжч".contains(word.first);
        // `(k, 12)` are numbers of a formula: letters that are no sex in English stand behind a person.
        let person = "mfw".contains(word.first) || self.person_at(index.checked_sub(1)) || "жч".contains(word.first);
        let opened = self.text[..word.start()].ends_with(" (") || self.text[..word.start()].ends_with("\n(");
        (opened && letter && person && (16..=99).contains(&value) && number[count..].starts_with([')', ',']))
            .then_some(at..at + count)
    }

    /// `una chica de 24 de Murcia`, `en mand på 52 år`: behind a noun for a person and a small word.
    pub(super) fn of_person(&self, index: usize, value: u32, years: bool, ends: bool, after: Option<usize>) -> bool {
        let Some(noun) = index.checked_sub(1).filter(|_| self.words[index].gap == Gap::Space) else { return false };
        let on = after.is_some_and(|after| GO_ON.contains(&&self.text[self.words[after].range()]));
        (value >= 14 || years) && (ends || years || on) && is_person(&self.text[self.words[noun].range()])
    }

    /// The number behind a verb of birthdays with the time between: `werde im Mai 33`, `fyller i mars 50`.
    pub(super) fn later(&self, index: usize) -> Option<std::ops::Range<usize>> {
        let mut last = index;
        for next in index + 1..(index + 4).min(self.words.len()) {
            let word = &self.words[next];
            let text = &self.text[word.range()];
            if word.gap != Gap::Space || !(is_month(text) || WHEN.contains(&text.to_lowercase().as_str())) {
                break;
            }
            last = next;
        }
        let end = self.words[last].end();
        if last == index || !self.text[end..].starts_with(' ') {
            return None;
        }
        let month = is_month(&self.text[self.words[last].range()]);
        let stop = age_at(self.text, end + 1, 14).filter(|stop| stop - end == 3)?;
        let rest = &self.text[stop..];
        let word = rest.trim_start_matches(' ');
        // `werde im Mai 12 Tage …` and `wird im Mai 24.` of a year are none.
        let over = word.is_empty() || word.starts_with(['.', ',', '!', '\n', ';', ')']) || unit(word) && !month;
        let lower = rest.starts_with(". ") && rest[2..].starts_with(char::is_lowercase);
        (over && !lower && !self.text[end + 1..].starts_with(|c: char| digit(c) == Some(0))).then_some(end + 1..stop)
    }
}
