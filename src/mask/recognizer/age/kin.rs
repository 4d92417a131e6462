//! Ages beside people: relatives and their years, numbers behind a name, a date of birth or a marital status.

use super::more::{birthday, titled_before};
use super::{age_at, push, unit};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::Page;
use crate::mask::recognizer::anchor::{Anchor, Kind, SIDE, behind};
use crate::mask::recognizer::date::digit;
use crate::mask::span::Span;
use crate::mask::words::Hash;

/// Ages of relatives: `kids: Zoë (12), Lil' Dre (9)`, `a daughter, 7`.
pub(super) fn kin(page: &Page<'_>, anchor: &Anchor, out: &mut Vec<Span>) {
    const REACH: usize = 110;
    let text = page.text();
    let Some(line) = page.lines().get(page.line_at(anchor.end())) else { return };
    let Some(rest) = text.get(anchor.end()..line.end) else { return };
    let rest = &rest[..rest.char_indices().nth(REACH).map_or(rest.len(), |(at, _)| at)];
    let mut from = 0;
    for (at, c) in rest.char_indices() {
        if matches!(c, '.' | ';' | '!' | '?') && rest[at + c.len_utf8()..].starts_with([' ', '\t']) && at > 30 {
            return;
        }
        if at < from || digit(c).is_none() {
            continue;
        }
        let place = anchor.end() + at;
        from = at + rest[at..].chars().take_while(|c| digit(*c).is_some()).map(char::len_utf8).sum::<usize>();
        let Some(end) = age_at(text, place, 0) else { return };
        let head = &text[line.start..place];
        let bare = head.trim_end();
        // `dos hijos de 5 y 9 años`.
        let bare = [" de", " di", " von", " of", " van", " aged", " w wieku", " âgés de", " im Alter von"]
            .iter()
            .find_map(|small| bare.strip_suffix(small).filter(|rest| rest.len() + line.start <= anchor.end()))
            .unwrap_or(bare);
        let of = bare.len() < head.trim_end().len();
        // `far til Ellinor på 8`, `sa fille Maëlle de 6 ans`: behind the name of the child.
        let called = [" på", " van", " de", " di", " von", " of", " aged"].iter().find_map(|small| {
            let name = bare.strip_suffix(small)?;
            (!of && name.len() + line.start > anchor.end() && called_before(name)).then_some(name)
        });
        let bare = called.unwrap_or(bare);
        let called = called.is_some();
        let opened = called || bare.ends_with(['(', '（']);
        let comma = bare.ends_with([',', '،', '，', '、']);
        let name = bare.trim_end_matches(['(', '（', ',', '،', '，', '、', ' ']);
        let next = text.get(end..line.end).unwrap_or_default();
        let after = next.trim_start_matches([' ', '\u{a0}']);
        let closed = after.starts_with([')', '）', ',', '،', ';', '.', '&', '/', '!', '?'])
            || after.is_empty()
            || (unit(after) && unit_ends(after))
            || follows_kin(after);
        // `Mum of 3` counts children; `hijos de 5 y 9 años` does not.
        let closed =
            closed && (!of || unit(after) || follows_kin(after) && after.contains(|c: char| c.is_ascii_digit()));
        let capital = name
            .rsplit(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '-')))
            .find(|word| !word.is_empty())
            .and_then(|word| word.chars().next())
            .is_some_and(|c| c.is_uppercase() || (c.is_alphabetic() && !c.is_lowercase()));
        // `M.Sc, 92`.
        let degree = name.rsplit(|c: char| !c.is_alphabetic()).next().is_some_and(|word| {
            word.len() <= 3 && name.len() > word.len() && name[..name.len() - word.len()].ends_with('.')
        });
        if degree {
            return;
        }
        // `mother of two (3 and 5)`.
        let counted = opened
            && name.get(anchor.end().saturating_sub(line.start)..).is_some_and(|between| {
                [
                    "of one",
                    "of two",
                    "of three",
                    "of four",
                    "of five",
                    "von zwei",
                    "von drei",
                    "von vier",
                    "de deux",
                    "de trois",
                    "de quatre",
                    "de dos",
                    "de tres",
                    "de dois",
                    "de duas",
                    "de três",
                    "di due",
                    "di tre",
                    "van twee",
                    "van drie",
                    "till två",
                    "till tre",
                    "til to",
                    "til tre",
                    "dwojga",
                    "trojga",
                    "dvou",
                    "двоих",
                    "троих",
                ]
                .iter()
                // The preposition may belong to the anchor.
                .any(|words| {
                    let between = between.trim();
                    *words == between || words.split_once(' ').is_some_and(|(_, count)| count == between)
                })
            });
        let direct = name.len() + line.start <= anchor.end() || counted;
        // `Mi hijo tiene 6 años y mi hija 9.`
        let own = direct && !opened && !comma && closed && {
            let head = behind(text, anchor.start(), SIDE).trim_end();
            let word = head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
            [
                "my", "mi", "meine", "mein", "ma", "mon", "minha", "meu", "mia", "mio", "mijn", "moja", "mój", "moje",
                "můj", "min", "моя", "мой", "моєї", "benim", "her", "his",
            ]
            .contains(&word.as_str())
        };
        if own {
            push(text, place, end, 0.7, "age of a relative", out);
            return;
        }
        if (opened || comma || of) && closed && (capital || direct) {
            push(text, place, end, 0.75, "age of a relative", out);
        } else if !(opened || comma || of) {
            return;
        }
    }
}

/// Whether a unit is over soon: `4 tuổi)`, `7 г.`.
fn unit_ends(after: &str) -> bool {
    let rest = after.trim_start_matches(|c: char| {
        c.is_alphabetic() || matches!(c, '\u{300}'..='\u{36f}') || (c >= '\u{900}' && c.is_alphanumeric())
    });
    rest.is_empty() || rest.starts_with(|c: char| !c.is_alphanumeric()) && !rest.starts_with(" of ")
}

fn follows_kin(after: &str) -> bool {
    let word: String = after.chars().take_while(|c| c.is_alphabetic()).collect();
    matches!(
        word.as_str(),
        "and"
            | "y"
            | "e"
            | "et"
            | "und"
            | "i"
            | "a"
            | "en"
            | "og"
            | "och"
            | "ja"
            | "és"
            | "și"
            | "и"
            | "та"
            | "ve"
            | "dan"
    )
}

/// `Bob Chia, 59, retired`, `Ilie Brăescu (64)`.
pub(super) fn behind_name(page: &Page<'_>, anchors: &[Anchor], index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let anchor = &anchors[index];
    let Some(end) = age_at(text, anchor.start(), 5) else { return };
    if end != anchor.end() {
        return;
    }
    let head = behind(text, anchor.start(), SIDE);
    let opened = head.ends_with('(');
    let next = text.get(end..).unwrap_or_default();
    let good = if opened {
        next.starts_with([')', '!', '?'])
            || next.starts_with(" and ")
            || next.starts_with(" en ")
            || next.starts_with(", ")
    } else {
        let after = next.trim_start_matches(' ');
        let word = after.trim_start_matches([',', ' ']);
        // `Via Rossi, 15, 20121 Milano` is an address; an age goes on in words or ends the sentence.
        let noun = word.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let said = noun.starts_with(char::is_uppercase) && noun.len() > 3 && {
            let flags = LEXICON.word(Hash::of(noun));
            flags.any(Flags::JOB) || citizen(noun)
        };
        (next.starts_with(',') && (word.starts_with(|c: char| c.is_lowercase()) || said || goes_on(word)))
            || (next.starts_with(['.', '!']) && next[1..].starts_with([' ', '\n']))
            || next.starts_with(')')
            || next.trim().is_empty()
            || next.starts_with("\n")
    };
    let two = anchor.end() - anchor.start() == 2;
    // `Maria, 41, nurse`: a name that is a place or a word too, and a job.
    let worker = next.starts_with(", ") && {
        let noun = next[2..].split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        !noun.is_empty() && LEXICON.word(Hash::of(noun)).any(Flags::JOB.or(Flags::ROLE))
    };
    if good && two && !opened && worker && called_before(head.trim_end_matches([',', ' '])) {
        push(text, anchor.start(), end, 0.65, "number behind a name", out);
        return;
    }
    if good
        && two
        && let Some(words) = named_before(head.trim_end_matches(['(', ',', ' ']))
        && (opened || words >= 2 || next.starts_with(','))
    {
        push(text, anchor.start(), end, 0.65, "number behind a name", out);
        return;
    }
    // `Mr Holt (58) of Bury`, `Mr. Tan, 63, taxi driver`.
    if good && two && (opened || next.starts_with(',')) && titled_before(head.trim_end_matches(['(', ',', ' '])) {
        push(text, anchor.start(), end, 0.65, "number behind a name", out);
        return;
    }
    if two && !opened && birthday(head, next) {
        push(text, anchor.start(), end, 0.65, "age on a birthday", out);
        return;
    }
    // `Student, 22, sucht Zimmer`: who somebody is, at the beginning of a line.
    if good && two && !opened && next.starts_with(", ") {
        let noun = head.trim_end_matches([',', ' ']);
        let alone = noun.len() >= 4 && noun.chars().all(char::is_alphabetic) && noun.starts_with(char::is_uppercase);
        if alone && LEXICON.word(Hash::of(noun)).any(Flags::JOB.or(Flags::ROLE)) {
            push(text, anchor.start(), end, 0.65, "number behind who somebody is", out);
            return;
        }
    }
    // `DOB 12/03/1990 (34)`: a date of birth right before it.
    let dated = opened
        && two
        && (next.starts_with(')') || next.starts_with(' ') && unit(next.trim_start()) || next.starts_with(" J"))
        && head.trim_end_matches(['(', ' ']).ends_with(|c: char| digit(c).is_some() || matches!(c, '.' | 'r'))
        && anchors[..index].iter().rev().take_while(|other| other.end() + 48 > anchor.start()).any(|other| {
            matches!(other.kind, Kind::Birth | Kind::BirthTight)
                && text.get(other.end()..anchor.start()).is_some_and(|gap| !gap.contains('\n'))
        });
    // `Male, 34, single`, `Ich, 52, verheiratet`.
    let detail = |other: &Anchor| other.kind == Kind::Detail;
    let after = end + 2;
    let told = two
        && !opened
        && (next.starts_with(", ")
            && anchors[index + 1..]
                .iter()
                .take_while(|other| other.start() <= after)
                .any(|other| other.start() == after && detail(other))
            || next.starts_with(',')
                && anchors[..index].iter().rev().take(4).any(|other| {
                    detail(other) && other.end() + 2 == anchor.start() && plain_sex(&text[other.start()..other.end()])
                }));
    // `beworben, 22 J.,`: the abbreviation of years, and nothing they were spent on.
    let german = two
        && (opened || head.ends_with(", "))
        && [" J.,", " J.)", " J.;", " J.\n"].iter().any(|tail| next.starts_with(tail))
        && text.get(anchor.start()..end).and_then(|age| age.parse::<u32>().ok()).is_some_and(|age| age >= 14);
    // `so I am told (58, retired fitter from Split)`.
    let retired = two
        && opened
        && next.starts_with(", ")
        && RETIRED.contains(&{ next[2..].split(|c: char| !c.is_alphabetic()).next().unwrap_or_default() });
    // `We are both retirees, 66 and 63.`
    let both = two && !opened && head.ends_with(", ") && pair_follows(next) && {
        let word = head.trim_end_matches([',', ' ']).rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        RETIRED.contains(&word) || PEOPLE.contains(&word)
    };
    // `Me (38)`, `Ich (38, aus Hall)`, `我（29）`.
    // `Zsombor (4), he will answer`.
    let child = opened && !two && next.starts_with("), ") && named_before(head.trim_end_matches(['(', ' '])).is_some();
    // `Aila Ryynänen, 72 v.,` in Finnish.
    let finnish =
        two && !opened && next.starts_with(" v.") && named_before(head.trim_end_matches([',', ' '])).is_some();
    let me = child
        || finnish
        || german
        || retired
        || both
        || opened
            && next.starts_with([')', ','])
            && anchor.end() - anchor.start() == 2
            && head.trim_end_matches(['(', ' ']).rsplit(|c: char| !c.is_alphabetic()).next().is_some_and(|word| {
                matches!(
                    word,
                    "Me" | "me"
                        | "I"
                        | "Ich"
                        | "ich"
                        | "Yo"
                        | "yo"
                        | "Moi"
                        | "moi"
                        | "Io"
                        | "io"
                        | "Ik"
                        | "ik"
                        | "Jag"
                        | "jag"
                        | "Jeg"
                        | "jeg"
                        | "Ja"
                        | "ja"
                        | "Já"
                        | "já"
                        | "Eu"
                        | "eu"
                        | "Я"
                        | "я"
                        | "Ben"
                        | "ben"
                        | "Minä"
                        | "Én"
                        | "Saya"
                        | "saya"
                        | "Aku"
                        | "myself"
                )
            });
    // `RUT 9.315.746-K, 61, nacida en Lota`.
    let told = told
        || two
            && !opened
            && next.starts_with(", ")
            && anchors[index + 1..].iter().take_while(|other| other.start() <= after).any(|other| {
                other.start() == after && matches!(other.kind, Kind::Birth | Kind::BirthYear | Kind::BirthTight)
            });
    if dated || told || me {
        push(text, anchor.start(), end, 0.7, "number beside a detail of a person", out);
        return;
    }
    // `my neighbour, 84.`, `At 29, pregnant, I …`.
    let before = head.trim_end_matches([' ', ',']);
    if good && two && !opened {
        let word = before.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let kin = matches!(
            word,
            "neighbour"
                | "neighbor"
                | "grandmother"
                | "grandfather"
                | "widow"
                | "widower"
                | "retired"
                | "retiree"
                | "pensioner"
                | "mother"
                | "father"
                | "niece"
                | "nephew"
        );
        if kin {
            push(text, anchor.start(), end, 0.65, "number behind a person", out);
        }
    }
}

/// Words for who no longer works, as they stand behind an age.
const RETIRED: &[&str] = &[
    "retired",
    "retiree",
    "retirees",
    "pensioner",
    "pensioners",
    "widow",
    "widower",
    "pensioniert",
    "pensionierter",
    "pensionierte",
    "verrentet",
    "Rentner",
    "Rentnerin",
    "Rentnerpaar",
    "Pensionist",
    "Pensionistin",
    "retraité",
    "retraitée",
    "retraités",
    "veuf",
    "veuve",
    "jubilado",
    "jubilada",
    "jubilados",
    "pensionista",
    "viudo",
    "viuda",
    "aposentado",
    "aposentada",
    "reformado",
    "reformada",
    "aposentados",
    "reformados",
    "pensionato",
    "pensionata",
    "pensionati",
    "vedovo",
    "vedova",
    "gepensioneerd",
    "gepensioneerde",
    "weduwe",
    "weduwnaar",
    "emeryt",
    "emerytka",
    "emerytowany",
    "emerytowana",
    "rencista",
    "rencistka",
    "důchodce",
    "důchodkyně",
    "dôchodca",
    "dôchodkyňa",
    "umirovljenik",
    "umirovljenica",
    "umirovljeni",
    "umirovljena",
    "penzioner",
    "penzionerka",
    "upokojenec",
    "upokojenka",
    "upokojeni",
    "pensionerad",
    "pensionär",
    "pensjonist",
    "pensjonert",
    "pensioneret",
    "eläkeläinen",
    "nyugdíjas",
    "pensionar",
    "pensionară",
    "пенсионер",
    "пенсионерка",
    "пенсіонер",
    "пенсіонерка",
    "пенсионирана",
    "пенсиониран",
    "συνταξιούχος",
    "emekli",
    "pensiunan",
    "pesara",
    "متقاعد",
    "متقاعدة",
    "פנסיונר",
    "פנסיונרית",
];

/// Words for two people and more.
const PEOPLE: &[&str] = &[
    "parents",
    "grandparents",
    "twins",
    "sisters",
    "brothers",
    "siblings",
    "daughters",
    "sons",
    "kids",
    "children",
    "girls",
    "boys",
    "Eltern",
    "Großeltern",
    "Kinder",
    "Töchter",
    "Söhne",
    "enfants",
    "filles",
    "fils",
    "hijos",
    "hijas",
    "padres",
    "filhos",
    "filhas",
    "figli",
    "figlie",
    "kinderen",
    "ouders",
    "dzieci",
    "córki",
    "synowie",
    "děti",
    "dcery",
    "barn",
];

/// Whether ` and 63` follows, and the clause ends.
fn pair_follows(next: &str) -> bool {
    let Some(rest) = next.strip_prefix(' ') else { return false };
    let word = rest.split(|c: char| !(c.is_alphabetic() || c == '&')).next().unwrap_or_default();
    let digits = rest[word.len()..].trim_start_matches(' ');
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    matches!(word, "and" | "&" | "und" | "et" | "y" | "e" | "en" | "i" | "a" | "og" | "och" | "ja")
        && (1..=2).contains(&count)
        && (digits.len() == count || digits[count..].starts_with(['.', ',', ')', ';', '\n', '!']))
}

/// Whether what follows a comma is a capitalised job with more words behind it, as German writes them.
fn goes_on(word: &str) -> bool {
    let mut words = word.split(' ');
    let first = words.next().unwrap_or_default();
    first.chars().count() > 3
        && first.starts_with(char::is_uppercase)
        && first.chars().all(char::is_alphabetic)
        && !LEXICON.word(Hash::of(first)).any(Flags::PLACE.or(Flags::STREET))
        && words.next().is_some_and(|next| next.starts_with(char::is_lowercase))
}

/// Whether a given name ends `head`, be it a place or a word too.
pub(super) fn called_before(head: &str) -> bool {
    named_before(head).is_some() || {
        let word = head.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let flags = LEXICON.word(Hash::of(word));
        word.starts_with(char::is_uppercase)
            && flags.any(Flags::GIVEN)
            && !flags.any(Flags::ORGANISATION.or(Flags::ALSO_PRODUCT))
    }
}

/// Whether a word is a sex and nothing else.
fn plain_sex(word: &str) -> bool {
    ["male", "female", "männlich", "weiblich", "man", "woman"].iter().any(|sex| word.eq_ignore_ascii_case(sex))
}

/// Whether a word with a capital is who belongs to a country: `Italian`, `Ghanaian`, `Polish`.
fn citizen(word: &str) -> bool {
    [
        "ian",
        "ean",
        "ish",
        "ese",
        "can",
        "ani",
        "aqi",
        "eli",
        "mani",
        "dutch",
        "french",
        "german",
        "greek",
        "czech",
        "thai",
        "swiss",
        "welsh",
        "deutscher",
        "deutsche",
    ]
    .iter()
    .any(|end| {
        word.len() >= end.len() && word.get(word.len() - end.len()..).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
    })
}

/// `Female | 27 | Single`, `Male / 34 / Married`: between two details.
pub(super) fn beside_detail(page: &Page<'_>, anchors: &[Anchor], index: usize, out: &mut Vec<Span>) {
    let text = page.text();
    let anchor = &anchors[index];
    let rest = text.get(anchor.end()..).unwrap_or_default();
    let signs = |c: char| matches!(c, ' ' | '|' | '/' | '·' | '•' | ';' | ',' | '，' | '、' | '｜');
    let gap = rest.len() - rest.trim_start_matches(signs).len();
    if !(1..=5).contains(&gap) || rest[..gap].trim().is_empty() {
        return;
    }
    let at = anchor.end() + gap;
    let Some(end) = text.get(at..at + 2).filter(|two| two.bytes().all(|byte| byte.is_ascii_digit())).map(|_| at + 2)
    else {
        return;
    };
    let next = text.get(end..).unwrap_or_default();
    let wide = next.len() - next.trim_start_matches(signs).len();
    let detail = anchors[index + 1..]
        .iter()
        .take_while(|other| other.start() <= end + wide)
        .any(|other| other.kind == Kind::Detail && other.start() == end + wide && wide > 0);
    let over = plain_sex(&text[anchor.start()..anchor.end()])
        && (next.is_empty() || next.starts_with(['\n', '\r']) || wide > 0 && !next[..wide].trim().is_empty())
        && rest[..gap].contains(['|', '/', '·', '•', ';']);
    if (detail || over) && text[at..end].parse::<u32>().is_ok_and(|value| value >= 14) {
        push(text, at, end, 0.7, "number between details of a person", out);
    }
}

/// How many words of a person's name end `head`: a given name of the lexicon among them, and nothing of a street.
pub(super) fn named_before(head: &str) -> Option<usize> {
    let head = head.trim_end();
    let mut count = 0;
    let (mut given, mut weak, mut surname) = (false, false, false);
    for word in head.rsplit([' ', '\u{a0}']).take(6) {
        if matches!(word, "I'm" | "I’m" | "Im") {
            break;
        }
        // A sign before a word ends the run: `(Ana`, `— Bob`, `"Bob`.
        let inner = word.trim_start_matches(['(', '"', '“', '*', '„', '«', '—', '–']);
        let opens = inner.len() < word.len();
        let clean = inner.trim_end_matches(['*', '"', '”', '»']);
        if clean.is_empty() {
            break;
        }
        let small = matches!(
            clean,
            "van"
                | "von"
                | "de"
                | "der"
                | "den"
                | "da"
                | "dos"
                | "del"
                | "di"
                | "la"
                | "bin"
                | "ibn"
                | "al"
                | "from"
                | "aus"
                | "of"
        );
        let capital = clean.chars().next().is_some_and(char::is_uppercase)
            && clean.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.'));
        if !capital && !small {
            break;
        }
        if capital {
            for part in clean.split(['-', '\'', '’']) {
                let flags = LEXICON.word(Hash::of(part));
                if flags.any(Flags::STREET) || flags.any(Flags::ORGANISATION) && !flags.any(Flags::GIVEN) {
                    return None;
                }
                given |= flags.any(Flags::GIVEN)
                    && !flags.any(Flags::WORD.or(Flags::ALSO_WORD).or(Flags::ALSO_PLACE).or(Flags::PLACE));
                weak |= flags.any(Flags::GIVEN);
                surname |= flags.any(Flags::SURNAME) && !flags.any(Flags::GIVEN);
            }
            count += 1;
        }
        if opens {
            break;
        }
    }
    ((given || (weak && surname && count >= 2)) && count > 0).then_some(count)
}
