//! What stands around a run, and what it is worth.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::class::Class;
use super::known::is_toned;
use super::lists::{ARTICLES, HEADS, PLACED, POLITE, STRONG_BEFORE};
use super::{Sight, position};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::recognizer::anchor::{behind, onward};
use crate::mask::words::{Gap, Hash};

/// What people of a politer language put behind a name, with a hyphen in ours.
const JOINED: &[&str] = &[
    "san",
    "sama",
    "kun",
    "chan",
    "buchō",
    "bucho",
    "kachō",
    "kacho",
    "kakarichō",
    "shachō",
    "shacho",
    "tenchō",
    "tencho",
    "hakase",
    "kyōju",
    "senshu",
    "sempai",
    "seonsaengnim",
    "teacher",
    "ajumma",
    "ajusshi",
    "samchon",
    "emo",
    "halmeoni",
    "amma",
    "appa",
    "mama",
    "mami",
    "masi",
    "mausi",
    "chacha",
    "chachu",
    "khala",
    "apa",
    "bua",
    "tai",
    "ba",
    "xiong",
    "zong",
    "sensei",
    "senpai",
    "dono",
    "ssi",
    "nim",
    "ji",
    "bhai",
    "saab",
    "sahib",
    "garu",
    "gaaru",
    "hyung",
    "noona",
    "oppa",
    "unnie",
    "bey",
    "hanım",
    "xiansheng",
    "laoshi",
    "jan",
    "anna",
    "akka",
    "didi",
    "dada",
    "kaka",
    "jie",
    "ge",
    "shifu",
];
/// The same with a blank.
const BEHIND: &[&str] = &[
    "bhai",
    "bhaiya",
    "bhaiyya",
    "ji",
    "saab",
    "sahab",
    "garu",
    "didi",
    "sensei",
    "hanım",
    "Hanım",
    "bey",
    "Bey",
    "abi",
    "abla",
    "hoca",
    "Hoca",
    "hocam",
    "teyze",
    "amca",
    "usta",
    "Usta",
    "Efendi",
    "efendi",
    "sama",
    "jan",
    "aunty",
    "bibi",
    "dai",
    "dajju",
    "dayi",
    "xanım",
    "müəllim",
    "agha",
    "khanom",
    "khanum",
    "ssi",
    "nim",
    "laoshi",
    "xiansheng",
];

/// Verbs whose object is a book, a film or a part.
const READ: &[&str] = &[
    "read",
    "reads",
    "reading",
    "reread",
    "rereading",
    "binged",
    "rewatched",
    "played",
    "portrayed",
    "understudied",
    "lese",
    "gelesen",
    "lu",
    "relu",
    "leí",
    "releí",
    "leyendo",
    "lendo",
    "letto",
    "rileggo",
    "čtu",
    "četl",
    "četla",
    "czytam",
    "czytał",
    "czytała",
    "läste",
    "läser",
    "leste",
    "læste",
    "lukenut",
    "olvastam",
    "citit",
    "okudu",
    "okudum",
    "читал",
    "читала",
    "читаю",
    "прочитал",
    "прочитала",
    "читав",
    "прочитав",
];

/// Whether `tail` begins with one of these words.
fn is_honoured(tail: &str, words: &[&str]) -> bool {
    let length = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
    length > 1 && words.contains(&&tail[..length])
}

/// How many bytes the first character of `tail` has.
fn after_length(tail: &str) -> usize {
    tail.chars().next().map_or(0, char::len_utf8)
}

/// How many bytes of a line count on either side.
const SIGHT: usize = 1024;

impl Sight<'_> {
    /// What stands around a run, as a sum, and whether it spoke for the run.
    pub(super) fn surroundings(&self, start: usize, end: usize, count: usize) -> (f32, bool) {
        let (first, last) = (&self.words[start], &self.words[end - 1]);
        let head = &self.text[..first.start()];
        let tail = &self.text[last.end()..];
        let line = &self.page.lines()[self.page.line_at(first.start())];
        // A line may be as long as a text.
        let line_head = behind(self.text, first.start(), SIGHT);
        let line_tail = onward(&self.text[..line.end], last.end().min(line.end), SIGHT);
        let mut extra = 0.0f32;
        let mut good = false;
        let mut add = |value: f32| {
            extra += value;
            good |= value > 0.0;
        };
        // Before.
        let previous = start.checked_sub(1).filter(|at| self.words[*at].end() >= line.start);
        let parted = previous.map_or("", |at| &self.text[self.words[at].end()..first.start()]);
        let thing = previous.is_some() && self.thing_before(start, line.start);
        let firm = self.firm_after(end, line.end);
        let thing_behind = firm || self.thing_after(end, line.end);
        // Nobody has what only firms have, however whole a name the founder's is.
        if firm {
            add(-0.5);
        }
        // What stands behind the name of a house, or where in a page, says nothing of a person.
        let house = thing || thing_behind;
        if let Some(at) = previous {
            let word = &self.words[at];
            let spoken = &self.text[word.range()];
            let close = parted.trim_matches([' ', '*', '_', '\u{a0}', '"', '“']);
            // `Sir John A. Macdonald Public School`: the honorific is part of the house too.
            if thing || (self.flags[at].any(Flags::HONORIFIC) && thing_behind) {
                add(-0.7);
            } else if self.flags[at].any(Flags::HONORIFIC)
                && matches!(close, "" | ".")
                && word.letters >= 1
                && (word.capital || count > 1 || POLITE.contains(&word.hash))
            {
                add(0.5);
            } else if self.flags[at].any(Flags::ROLE)
                && (matches!(close, "" | ":" | "," | "(" | "–" | "-") || (close == "." && word.letters <= 5))
                && !(!close.is_empty() && self.flags[start].any(Flags::WORD) && count == 1)
            {
                // `Director, Ernst Quill & Partners LLP`.
                add(match (thing_behind, close) {
                    (true, _) => 0.0,
                    (false, ",") => 0.35,
                    (false, _) => 0.45,
                });
            } else if close.is_empty()
                && at > 0
                && self.flags[at - 1].any(Flags::ROLE)
                && matches!(spoken, "of" | "de" | "von" | "di" | "van" | "av" | "af" | "to" | "do" | "da" | "od")
            {
                add(0.4);
            } else if matches!(close, "" | ":" | "," | ".") {
                let lower = spoken.to_lowercase();
                let strong = STRONG_BEFORE.contains(&lower.as_str());
                let phrase = (2..=5).any(|count| {
                    at + 1 >= count && LEXICON.phrase(&self.words[at + 1 - count..=at]).any(Flags::BEFORE)
                });
                if close == "." {
                    // `geb. Schlüter`, `gez. Quill`.
                    add(
                        if matches!(
                            lower.as_str(),
                            "geb"
                                | "gez"
                                | "née"
                                | "attn"
                                | "att"
                                | "roz"
                                | "z"
                                | "ur"
                                | "rod"
                                | "szül"
                                | "урожд"
                                | "dzim"
                        ) {
                            0.4
                        } else {
                            0.0
                        },
                    );
                } else if strong || phrase {
                    add(if close == "," { 0.2 } else { 0.35 });
                } else if close.is_empty() && self.flags[at].any(Flags::BEFORE) {
                    add(if count > 1 { 0.15 } else { 0.2 });
                } else if close.is_empty() && head.ends_with("/o ") {
                    // `c/o A. Quill`, `e/o`: at somebody's, and somebody else.
                    add(0.25);
                } else if close.is_empty() && ARTICLES.contains(&lower.as_str()) {
                    // `saludos a Fer`: to somebody, where it is no article.
                    let to = lower == "a" && at > 0 && self.flags[at - 1].any(Flags::FOREIGN.or(Flags::BEFORE));
                    // `mit der Resi`, `a Lurdinhas`: in some languages people have articles.
                    let person = count == 1
                        && self.classes[start] == Class::Given
                        && !word.capital
                        && matches!(
                            lower.as_str(),
                            "der" | "die" | "den" | "dem" | "o" | "a" | "el" | "la" | "il" | "en" | "na"
                        )
                        && tail.starts_with([' ', '.', ',', '!', '?', ')', '\n']);
                    add(if to {
                        0.1
                    } else if lower == "the" && count > 1 {
                        // `deckhand on the Nora Quill`: in English no person has an article.
                        -0.5
                    } else if person {
                        -0.05
                    } else {
                        -0.35
                    });
                } else if close.is_empty() && PLACED.contains(&lower.as_str()) {
                    add(if count > 1 { -0.1 } else { -0.3 });
                }
                let of = close.is_empty()
                    && parted.len() < 3
                    && matches!(lower.as_str(), "of" | "von" | "de" | "für" | "for" | "di");
                if of
                    && at > 0
                    && self.flags[at - 1].any(Flags::ORGANISATION_TAIL.or(Flags::ORGANISATION_HEAD))
                    && self.words[at - 1].capital
                {
                    add(-0.6);
                }
            }
            // `has read Ada Quill twice`: a book, or a part in a play; a letter is somebody's.
            let read = close.is_empty() && parted.len() < 4 && READ.contains(&spoken);
            if read && !tail.starts_with(['\'', '’']) {
                add(-0.4);
            }
            if !thing && close.is_empty() && HEADS.contains(&spoken.to_lowercase().as_str()) {
                add(-0.7);
            }
            // `Hart v. Quill`.
            let initials = self.classes[start] == Class::Initial;
            let versus = count < 3 && !initials && matches!(spoken, "v" | "vs") && matches!(close, "" | ".");
            if versus && at > 0 && self.words[at - 1].capital && word.gap == Gap::Space {
                add(-0.6);
            }
            // `Rivers / Bonny`: another word for the same.
            if count == 1 && parted == " / " && self.classes[at] != Class::Given {
                add(-0.2);
            }
            // `St. Mary`, `Foster & Partners`.
            if close == "&" && count == 1 && self.words[at].capital {
                add(if self.classes[at] == Class::Given { -0.1 } else { -0.4 });
            }
            let honoured = self.flags[at].any(Flags::HONORIFIC);
            let role = self.flags[at].any(Flags::ROLE);
            if close.is_empty() && self.classes[at] == Class::Block && word.capital && count == 1 && !honoured && !role
            {
                add(-0.2);
            }
        }
        // `Hadoop, Cassandra, Athena`: one in a list of products.
        if count == 1 && previous.is_some() && first.gap == Gap::Comma && self.among_products(start, line.start, tail) {
            add(-0.35);
        }
        match head.chars().next_back() {
            Some('`' | '/' | '\\' | '<' | '=' | '$' | '°') => add(-0.6),
            Some('#' | '@') => add(-0.4),
            Some('.') if !head.ends_with("..") => add(-0.3),
            Some('-' | '\u{2010}') if previous.is_some_and(|at| self.words[at].end() + 1 >= first.start()) => add(-0.5),
            _ => {}
        }
        let counted = head.trim_end_matches(' ').chars().next_back().is_some_and(|c| c.is_ascii_digit());
        if counted && count == 1 && head.ends_with(' ') && !line_head.trim().ends_with('.') {
            add(-0.2);
        }
        // After.
        let mut after = tail.chars();
        match (after.next(), after.next()) {
            (Some('`' | '/' | '\\' | '=' | '>'), _) => add(-0.5),
            (Some('.'), Some(c)) if c.is_alphanumeric() => add(-0.6),
            // `Kuroiwa-san`, `Rakesh-ji`, `Emine Hanım`.
            (Some('-' | '\u{2010}'), Some(_)) if is_honoured(&tail[after_length(tail)..], JOINED) => add(0.55),
            (Some(' '), Some(_)) if !self.flags[start].any(Flags::WORD) && is_honoured(&tail[1..], BEHIND) => add(0.4),
            (Some('-' | '\u{2010}'), Some(c)) if c.is_alphanumeric() => add(-0.6),
            (Some('\'' | '’'), Some('s' | 'S')) => add(0.1),
            (Some(' '), Some(c)) if c.is_ascii_digit() => {
                add(match (count == 1 && end == start + 1, self.a_whole_name(start, end) || begins_a_line(line_head)) {
                    (true, _) => -0.5,
                    // `Ion Xe 20`, but `Ada Quill 34`.
                    (false, false) => -0.3,
                    (false, true) => -0.1,
                })
            }
            (Some('('), Some(')')) => add(-0.6),
            _ => {}
        }
        // `Kleingarten „Dr. Quill e. V.“`.
        if [" e. V.", " e.V.", " e.\u{a0}V."].iter().any(|club| tail.starts_with(club)) {
            add(-0.7);
        }
        if let Some(next) = self.words.get(end).filter(|next| next.start() < line.end) {
            let spoken = &self.text[next.range()];
            let then = self.words.get(end + 1).is_some_and(|then| then.capital && then.start() < line.end);
            // `Quill v Hart`: a case before a court.
            let initials = self.classes[start] == Class::Initial;
            if count < 3 && then && !initials && next.gap == Gap::Space && matches!(spoken, "v" | "vs") {
                add(-0.6);
            }
            // `Giovanni XXIII`, `Pedro II`: a king, a pope, and what bears the name.
            if count == 1 && next.gap == Gap::Space && is_a_roman_number(spoken) {
                add(-0.6);
            }
            // `Emily of Emerald Hill`.
            if count == 1 && then && next.gap == Gap::Space && spoken == "of" && !self.words[end + 1].shouted {
                add(-0.3);
            }
            // `Turbo Garrett GT1749V`: a model.
            if next.coded && next.gap == Gap::Space && !self.a_whole_name(start, end) {
                add(-0.3);
            }
            let gap = self.text[last.end()..next.start()].trim_matches(['*', '_']);
            let flags = self.flags[end];
            let spoken = self.text[next.range()].to_lowercase();
            if matches!(
                gap,
                " " | "-"
                    | "\u{2010}"
                    | "–"
                    | "'"
                    | "’"
                    | "' "
                    | "’ "
                    | "'s "
                    | "’s "
                    | " & "
                    | "” "
                    | "“ "
                    | "\" "
                    | " -"
            ) {
                let thing = next.capital && HEADS.contains(&spoken.as_str()) && gap == " ";
                if thing || thing_behind {
                    add(-0.7);
                } else if flags.any(Flags::VERB) && !next.capital && gap == " " {
                    let also = Flags::ALSO_PRODUCT.or(Flags::ALSO_PLACE).or(Flags::PLACE).or(Flags::ALSO_WORD);
                    let weak =
                        self.classes[start] == Class::WeakGiven && first.letters > 3 && !self.flags[start].any(also);
                    add(if count == 1 && weak { 0.29 } else { 0.25 });
                    // `"Mayhew is the one you can't stop watching."`
                    let spoken = head.ends_with(['"', '“', '„', '«', '”']) && count == 1;
                    let name = !matches!(self.classes[start], Class::Unknown);
                    if spoken && name && !flags.any(Flags::JOB) {
                        add(0.25);
                    }
                }
            }
            let role = matches!(gap.trim(), "," | "(" | "–" | "—" | "|" | "-" | "·" | "•")
                && flags.any(Flags::JOB.or(Flags::SUFFIX));
            if house {
                // `Fundación Ana Quill | Educadora`: a job there.
            } else if role && count > 1 {
                add(0.3);
            } else if role {
                add(0.1);
            }
            // `Wannes (man)`, `Anna, wife`.
            if flags.any(Flags::ROLE) && !next.capital && !house && matches!(gap.trim(), "(" | ",") {
                add(0.4);
            }
            // `Curtis & Sloane`, but `Anna & Peter`.
            let and = gap.trim() == "&";
            if and && count == 1 && next.capital {
                // `Mr Barry & Mrs Noelene Quill`
                let couple = self.flags[end].any(Flags::HONORIFIC);
                add(if couple || self.classes[end] == Class::Given { -0.1 } else { -0.4 });
            }
            // `à Paul, qui a relu`: behind the comma it is a who, not a what.
            let who = gap == ", "
                && count == 1
                && !next.capital
                && matches!(self.classes[start], Class::WeakGiven | Class::Given)
                && matches!(
                    spoken.as_str(),
                    "who"
                        | "qui"
                        | "quien"
                        | "quem"
                        | "który"
                        | "która"
                        | "který"
                        | "která"
                        | "ktorý"
                        | "ktorá"
                        | "которая"
                        | "который"
                        | "який"
                        | "яка"
                        | "којa"
                        | "који"
                        | "koja"
                        | "koji"
                        | "aki"
                        | "joka"
                );
            if who && !house {
                // A dedication: `à mon frère ; à Paul, qui …`.
                let to = ["; à ", "; a ", "; to ", "; für "].iter().any(|to| line_head.ends_with(to));
                add(if to { 0.6 } else { 0.3 });
            }
        }
        let mail = line_tail.trim_start_matches([' ', '*', '_', ',', '|', '"']);
        if mail.starts_with(['<', '(']) && mail.get(..mail.len().min(60)).unwrap_or(mail).contains('@') {
            add(0.4);
        }
        add(self.row(start, end, line_head, line_tail));
        if count == 1 && self.abbreviated(start, end) {
            add(-0.5);
        }
        if self.quoted_by(start, line.start, line_tail) {
            add(0.4);
        }
        let called = [
            "for friends",
            "to friends",
            "to my friends",
            "to everyone",
            "para os amigos",
            "para los amigos",
            "pour les intimes",
            "pour les amis",
            "für freunde",
            "per gli amici",
            "voor vrienden",
            "dla przyjaciół",
            "pro přátele",
            "para amigos",
        ];
        if line_tail.starts_with(' ') && line_tail.is_char_boundary(line_tail.len().min(24)) {
            let rest = line_tail[1..].trim_start();
            if rest.starts_with(['f', 't', 'p', 'v', 'd']) && called.iter().any(|words| rest.starts_with(words)) {
                add(0.45);
            }
        }
        // The line.
        let key = line_head.trim_end_matches([' ', '*', '_', '"', '\t', '|']);
        let field = line_head.trim_end_matches([' ', '*', '_', '"']);
        let leader = field.len() < 80
            && (field.ends_with(['\t', '|', '…']) || field.ends_with("..") || line_head.ends_with("   "));
        let field = if leader { Some(field.trim_end_matches(['.', ' ', '\t', '|', '…', '_'])) } else { None };
        if let Some(key) = key.strip_suffix([':', '：', '=']).or(field).filter(|key| key.len() < 48)
            && position::is_person_label(key.trim_end_matches(['"', '\'', '`']))
        {
            // `{ "name": "Quill & Hart", "position": … }`: the name of an employer.
            let thing = key.trim_end_matches(['"', '\'', ' ']).ends_with("name") && names_a_thing(head, tail);
            add(if thing { -0.3 } else { 0.45 });
        }
        let bare = |c: char| !c.is_alphanumeric();
        // `Ausbilder: Herbert Quill`, whatever the label: nothing but the name behind it.
        let named = matches!(self.classes[start], Class::WeakGiven | Class::Surname) && !first.shouted;
        if count == 2 && named && line_head.ends_with(": ") && line_tail.chars().all(bare) && line_head.len() < 80 {
            add(0.13);
        }
        // `Religion: Christian`, `Ship: Ada Quill`.
        // `Films: Charulata, Quill`: one of a list behind such a label.
        if let Some((key, list)) = line_head.rsplit_once([':', '：']).filter(|(key, _)| key.len() < 120)
            && is_other_label(key)
            && list.len() < 120
            && !list.contains([';', '•', '|', '\t', '('])
            && !list.contains(". ")
        {
            add(-0.5);
        }
        // `EMEL\t:`, `ABHA   :`: the key of a form.
        let form =
            line_tail.starts_with(['\t', ' ']) && line_tail.trim_start_matches([' ', '\t']).starts_with([':', '：']);
        if count == 1 && form && line_head.chars().all(bare) {
            add(-0.6);
        }
        // In a column for names.
        let row = line_head.len() + line_tail.len() <= super::row::WIDEST;
        let table = row && (line_head.contains(['|', '\t']) || line_tail.contains(['|', '\t']));
        if table && self.in_a_column_of_names(start) {
            add(0.55);
        }
        let alone = line_head.chars().all(bare) && line_tail.chars().all(bare);
        let leads = line_head.chars().all(bare);
        if alone && count > 1 && !house {
            add(0.15);
        }
        if leads
            && count > 1
            && !house
            && self.near_top(line.start)
            && line_tail.trim_start().starts_with([',', '|', '(', '–', '—', '•', '·', '-'])
        {
            add(0.25);
        }
        if alone && self.near_top(line.start) && count > 1 && count < 5 && !house {
            add(0.3);
        }
        // The same letters in an address.
        if let Some(value) = self.hints.vouch(&self.words[start..end]) {
            add(value);
        }
        // In languages with cases nothing but a name has a capital within a sentence.
        if count == 1
            && previous.is_some_and(|at| self.flags[at].any(Flags::CASES) || !self.words[at].capital)
            && matches!(first.gap, Gap::Space | Gap::Comma)
            && self.inflected.contains(&start)
        {
            add(0.3);
        }
        // Every syllable of Vietnamese is a name of somebody.
        if count == 1 && self.text[first.range()].contains(is_toned) {
            add(-0.3);
        }
        // The title of a play, a school, a ship: `«Αντιγόνη»`.
        let opened = head.ends_with(['„', '«', '“', '"', '‚', '‘', '”', '\'']);
        let closed =
            tail.starts_with(['“', '»', '”', '"', '‘', '’']) || (tail.starts_with('\'') && head.ends_with('\''));
        if opened && closed && !context_of_nickname(line_head, line_tail) {
            let data = listed_in_data(line_head);
            add(match (data, count > 1) {
                (true, _) => -0.1,
                // `USAMV „Ion Quill”`: a house, and whom it is called after.
                (false, true) if previous.is_some_and(|at| self.houses(at, parted)) => -0.9,
                (false, true) => -0.5,
                (false, false) => -0.4,
            });
        } else if self.titled(start, end, line_head, line_tail) {
            add(-0.3);
        }
        // `Surname:    ΜΟΡΒΑΣ / MORVAS`: once in each script.
        let twice = parted == " / "
            && first.shouted
            && line_head.len() < 100
            && line_head.split_once(": ").is_some_and(|(key, _)| position::is_person_label(key));
        if twice {
            add(0.5);
        }
        let form = line_head.trim_end_matches([' ', '\t']).ends_with(':') || line_head.ends_with('\t');
        if first.shouted && count == 1 && !alone && !form && !twice {
            add(-0.2);
        }
        // `CAT Gen`, `Cardiac ICU`: an abbreviation, though somebody somewhere is called so.
        let short = |at: usize| {
            let weak =
                matches!(self.classes[at], Class::WeakGiven | Class::WeakSurname | Class::Unknown | Class::Likely);
            self.words[at].shouted && self.words[at].letters <= 4 && weak
        };
        if count > 1 && (start..end).any(short) && !(start..end).all(|at| self.words[at].shouted) {
            add(-0.35);
        }
        (extra, good)
    }

    /// Whether the list of single words that the word at `start` is one of has a product or a firm before it, and no
    /// sentence begins with it.
    fn among_products(&self, start: usize, line: usize, tail: &str) -> bool {
        let goes_on = tail.starts_with([',', ';', '.', '\n', ')']) || tail.is_empty() || tail.starts_with(" and ");
        let mut at = start;
        for _ in 0..5 {
            let listed = at > 0 && self.words[at].gap == Gap::Comma && self.words[at - 1].start() >= line;
            if !goes_on || !listed || !self.words[at - 1].capital {
                return false;
            }
            at -= 1;
            let flags = self.flags[at];
            let name = flags.any(Flags::GIVEN.or(Flags::SURNAME));
            if flags.any(Flags::ORGANISATION.or(Flags::ALSO_PRODUCT)) && !name {
                return true;
            }
        }
        false
    }

    /// Whether an opening quote and nothing else stands behind the word at `at`, and the word is a capitalised one that
    /// says nothing of a person.
    fn houses(&self, at: usize, parted: &str) -> bool {
        let person = Flags::ROLE.or(Flags::HONORIFIC).or(Flags::JOB).or(Flags::BEFORE).or(Flags::VERB);
        let word = &self.words[at];
        parted.starts_with(' ')
            && parted.chars().count() == 2
            && word.capital
            && word.letters > 2
            && self.classes[at] == Class::Block
            && !self.flags[at].any(person)
    }

    /// Whether a run has a given name and a surname of the lists, and so needs nothing around it.
    fn a_whole_name(&self, start: usize, end: usize) -> bool {
        let classes = &self.classes[start..end];
        let given = classes.iter().filter(|class| **class == Class::Given).count();
        given > 1 || (given == 1 && classes.contains(&Class::Surname))
    }

    /// Whether a line is among the first three that say anything.
    pub(super) fn near_top(&self, start: usize) -> bool {
        start < 400 && self.text[..start].lines().filter(|line| line.contains(char::is_alphanumeric)).count() < 3
    }
}

/// Whether nothing but a label stands before a run in its line.
fn begins_a_line(head: &str) -> bool {
    head.ends_with(": ") || !head.contains(char::is_alphanumeric)
}

fn is_a_roman_number(word: &str) -> bool {
    word.len() > 1 && word.bytes().all(|byte| matches!(byte, b'I' | b'V' | b'X'))
}

/// Whether the quotes around a name say how somebody is called, rather than what a thing is called.
fn context_of_nickname(before: &str, after: &str) -> bool {
    let word = before.trim_end_matches(|c: char| !c.is_alphanumeric());
    let word = word.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
    let called = [
        "nickname",
        "called",
        "aka",
        "known",
        "as",
        "dit",
        "dite",
        "genannt",
        "alias",
        "apodado",
        "apodada",
        "vulgo",
        "detto",
        "detta",
        "zwana",
        "zwany",
        "přezdívka",
        "by",
        "von",
        "name",
        "me",
        "beaver",
    ];
    called.contains(&word.as_str()) || after.trim_start_matches(['"', '”', '“', '»', '’']).starts_with(" said")
}

/// Whether a value stands in a list or behind a key, as in JSON.
fn listed_in_data(head: &str) -> bool {
    head.trim_end_matches(['"', '\'', ' ']).ends_with([':', '[', ',', '{', '='])
}

/// Whether the keys around a `name` are those of a firm, a school, a project: `position`, `institution`, `version`.
pub(super) fn names_a_thing(head: &str, tail: &str) -> bool {
    const KEYS: &[&str] = &[
        "position",
        "startdate",
        "start_date",
        "enddate",
        "institution",
        "studytype",
        "highlights",
        "industry",
        "founded",
        "version",
        "license",
        "dependencies",
        "description",
        "keywords",
        "issuer",
        "awarder",
        "publisher",
        "releasedate",
        "level",
        "company",
        "employer",
        "jobtitle",
        "job_title",
        "from",
        "until",
        "degree",
        "area",
        "headquarters",
        "vat",
    ];
    let near = |text: &str| {
        text.split(['\n', ','])
            .map(|field| field.trim_matches([' ', '\t', '"', '\'', '{', '[', '-']))
            .filter(|field| !field.is_empty())
            .filter_map(|field| {
                field.split_once([':', '"']).map(|(key, _)| key.trim_end_matches('"').to_ascii_lowercase())
            })
            .take(3)
            .any(|key| KEYS.contains(&key.as_str()))
    };
    let within = tail.char_indices().nth(120).map_or(tail, |(at, _)| &tail[..at]);
    let stop = within.find('}').unwrap_or(within.len());
    let array = head.rfind(['[', ']']).filter(|at| head.len() - at < 4000);
    let list = array.map_or("", |at| head[..at].rsplit(['{', ',', '\n']).next().unwrap_or_default().trim());
    let kinds = ["work", "education", "volunteer", "awards", "certificates", "publications", "skills", "projects"];
    near(&within[..stop]) || kinds.iter().any(|kind| list.trim_matches(['"', ':', ' ']).eq_ignore_ascii_case(kind))
}

/// Whether what stands before a colon says that no person follows.
fn is_other_label(key: &str) -> bool {
    static OTHER: LazyLock<HashSet<u64>> = LazyLock::new(|| {
        "religion confession konfession religión religião religione wyznanie languages language sprachen langues idiomas \
         lingue języki skills tools software hobbies hobbys city state country town lga origin caste gotra rashi nakshatra \
         sect brand model make marke marca marque vessel ship boat schiff navire barco buque nave skip fartøy fartyg school \
         college university schule école escuela escola scuola szkoła škola company employer firma entreprise empresa \
         azienda ditta zaměstnavatel arbeitgeber employeur empregador datore werkgever project projekt projet proyecto \
         hotel font game song band album film movie play book breed dog cat pet pets hund hunde katze chien chat perro gato \
         cane gatto pies kot playlist client-server district station stadt ville ciudad cidade città miasto město \
         films movies novels plays operas songs books games titles syllabus repertoire repertorio repertório repertoár \
         repertuar répertoire repertoar filme películas libros obras romane bücher stücke opern filmes livros peças film \
         libri opere spettacoli książki filmy sztuki knihy hry opery böcker filmer bøger bøker elokuvat kirjat könyvek \
         filmek cărți piese kitaplar filmler oyunlar фильмы книги пьесы оперы спектакли фільми книги вистави ταινίες \
         vozila vehicles vehicle fahrzeuge fahrzeug vehículos veículos veicoli véhicules pojazdy vozidla fordon køretøjer \
         cars autos coches carros camions trucks vessels ships boats schiffe navires barcos navios navi buques statki \
         instruments equipment geräte technik technika ausrüstung equipos equipamentos strumenti appareils sprzęt přístroje \
         vybavení utrustning udstyr utstyr laitteet műszerek оборудование обладнання brands marken marcas marques marche \
         marki značky märken mærker merker merkit márkák markalar марки fonts font typeface typefaces schriften polices \
         fuentes caracteri caratteri čcionki písma typsnitt stack tech tools frameworks libraries technologies technologien \
         tecnologías tecnologias tecnologie narzędzia nástroje verktyg værktøjer verktøy työkalut инструменты products \
         produkte productos produtos prodotti produits produkty clients kunden clientes clienti klienci klienti kunder \
         asiakkaat ügyfelek müşteriler клиенты клієнти πελάτες airport hospital museum theatre theater bridge mountain river \
         award awards prize prizes preise premios prêmios prix premi nagrody ceny priser palkinnot díjak ödüller scholarships \
         stipendien becas bolsas bourses borse hometown nationality nationalität bands groups artists albums podcast podcasts \
         anime manga serien series séries serie seriály seriale wine wines wein vins vini vinos vinhos beer beers bier bières \
         cerveza cervezas birra birre pivo piwo cocktails dishes gerichte platos plats piatti pratos dances tänze bailes \
         breeds rassen razas races razze plants pflanzen plantas plantes piante subjects fächer asignaturas matières materie \
         modules module modul modules kurse kurzy courses cursos cours corsi topics themen temas thèmes temi certifications roses rosen apples sorten kartoffelsorten obstsorten varieties lieblingsbücher lieblingsfilme roles rollen rôles ruoli papéis papeles \
         zertifikate certificados certificazioni"
            .split_whitespace()
            .map(Hash::of)
            .collect()
    });
    let word = key.rsplit(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    OTHER.contains(&Hash::of(word))
}
