//! Words around a run that make it part of the name of a thing.

use std::sync::LazyLock;

use super::Sight;
use super::class::Class;
use super::endings::{JOBS, NOUNS, THINGS};
use super::known::is_toned;
use super::lists::{EPONYM_NOUNS, JOINTS};
use crate::mask::lexicon::Flags;
use crate::mask::phrases::Phrases;
use crate::mask::words::Gap;

/// Two capitals before a name that make it that of a ship, a school, a firm.
const SHORT_HEADS: &[&str] = &[
    "MS", "MV", "MT", "SS", "MF", "MY", "SY", "FV", "RV", "SV", "TS", "LO", "SP", "SD", "RS", "PT", "OŠ", "ZŠ", "SŠ",
    "MŠ", "ST", "СУ", "ОУ", "IC", "IS", "EE", "SK", "LU", "BG", "NV", "BV", "CV", "UD", "CD", "FC", "SC", "CF", "AC",
];

/// Words for places before a name, with the accents that tell them from names.
const VIETNAMESE: &[&str] = &[
    "chợ",
    "Chợ",
    "chùa",
    "Chùa",
    "cầu",
    "Cầu",
    "núi",
    "Núi",
    "sông",
    "Sông",
    "hồ",
    "Hồ",
    "phố",
    "Phố",
    "đường",
    "Đường",
    "phường",
    "Phường",
    "quận",
    "Quận",
    "huyện",
    "Huyện",
    "tỉnh",
    "Tỉnh",
    "thôn",
    "Thôn",
    "làng",
    "Làng",
    "xã",
    "Xã",
    "đền",
    "Đền",
    "đình",
    "Đình",
    "biển",
    "Biển",
    "đảo",
    "Đảo",
    "trường",
    "Trường",
    "ngõ",
    "Ngõ",
    "hẻm",
    "Hẻm",
    "phở",
    "Phở",
    "mì",
    "quán",
    "Quán",
    "tiệm",
    "Tiệm",
    "xưởng",
    "TNHH",
];

/// How words begin for what two people found, and for animals, of whom there are more than one: `cats Oliver and Sophie`.
const GIVEN_BY: &[&str] = &[
    "Fond",
    "Fund",
    "Stift",
    "Sticht",
    "Found",
    "Säät",
    "Nada",
    "Zaklad",
    "Фонд",
    "cats",
    "dogs",
    "horses",
    "ponies",
    "goats",
    "Katzen",
    "Hunde",
    "Kater",
    "Pferde",
    "chats",
    "chiens",
    "chevaux",
    "gatos",
    "perros",
    "caballos",
    "cães",
    "cachorros",
    "cavalos",
    "gatti",
    "cani",
    "cavalli",
    "katten",
    "honden",
    "paarden",
    "koty",
    "psy",
    "konie",
    "kočky",
    "psi",
    "katter",
    "hundar",
    "hunder",
    "katte",
    "hunde",
    "kissat",
    "koirat",
    "pisici",
    "câini",
    "кошки",
    "коты",
    "собаки",
];

/// Who a house is called after, behind `im.` and its like.
const RELIGIOUS: &[&str] = &[
    "Brata",
    "Siostry",
    "Ojca",
    "Matki",
    "Księdza",
    "Papieża",
    "Kardynała",
    "Biskupa",
    "Świętego",
    "Świętej",
    "ks",
    "bł",
    "Prof",
    "prof",
    "Dr",
    "dr",
    "gen",
    "płk",
    "kpt",
    "mjr",
    "kard",
    "bp",
    "abp",
    "por",
    "академика",
    "академіка",
    "профессора",
    "професора",
    "героя",
    "Героя",
    "генерала",
    "маршала",
    "адмирала",
    "космонавта",
    "поэта",
    "поета",
    "лётчика",
    "летчика",
    "святого",
    "Святого",
    "акад",
    "проф",
    "ген",
    "Короля",
    "В",
    "А",
];

impl Sight<'_> {
    /// Whether words before the run make it part of the name of a thing: `Lycée Jean Moulin`, `Spitalul Clinic „Dr.
    /// Gavril Curteanu`, `im. Karola Marcinkowskiego`, `Universidad Peruana Cayetano Heredia`.
    pub(super) fn thing_before(&self, start: usize, line: usize) -> bool {
        let mut behind = self.words[start].start();
        // Whether only particles were passed: `théorème de Pythagore`.
        let mut joined = true;
        // The same, with titles: `им. академика Е. Н. Квилла`, `im. św. Brata Alberta`.
        let mut titled = true;
        for step in 1..=5 {
            let Some(at) = start.checked_sub(step) else { return false };
            let word = &self.words[at];
            if word.start() < line {
                return false;
            }
            let gap = &self.text[word.end()..behind];
            let close = gap.len() <= 8
                && gap.chars().all(|c| {
                    matches!(
                        c,
                        ' ' | '\u{a0}'
                            | '„'
                            | '“'
                            | '”'
                            | '«'
                            | '»'
                            | '"'
                            | '\''
                            | '‘'
                            | '’'
                            | '.'
                            | '-'
                            | '*'
                            | '('
                    )
                });
            // A wide blank parts columns.
            if !close || (gap.contains('(') && gap != " (") || gap.contains("   ") {
                return false;
            }
            behind = word.start();
            let flags = self.flags[at];
            // A stop ends a sentence, unless what it stands behind is an abbreviation.
            if gap.contains('.') && word.letters > 5 {
                return false;
            }
            let name = self.classes[at] == Class::Given || self.classes[at] == Class::Surname;
            let raised = word.capital || word.caseless;
            let spoken = &self.text[word.range()];
            if word.is_initial() && word.capital && at > 0 && self.ships(at) {
                return true;
            }
            // `Ms Quill` and `IM Quill` are people, `MS Roald Amundsen` is a ship, `St Andrew` a saint.
            let title =
                (flags.any(Flags::HONORIFIC) && !word.shouted && word.letters < 4 && !spoken.starts_with(['S', 'Á']))
                    || (word.shouted && word.letters < 3 && !SHORT_HEADS.contains(&spoken));
            // `a nombre de Ana Quill` is in her name, `el número de Avogadro` is not.
            let named = spoken == "nombre" && at > 0 && matches!(&self.text[self.words[at - 1].range()], "a" | "en");
            if flags.any(Flags::THING_BEFORE) && !name && !title && !named && !(flags.any(Flags::ROLE) && !word.capital)
            {
                let small =
                    word.letters >= 4 || gap.contains('.') || matches!(spoken, "im" | "rue" | "via" | "rua" | "св");
                let vietnamese = spoken.contains(is_toned);
                let after = matches!(spoken, "im" | "им" | "ім" | "imienia" | "имени" | "імені" | "imeni");
                if raised
                    || (small && (joined || vietnamese || (titled && after)))
                    || (small && gap.contains(['„', '«', '“', '"']))
                {
                    return true;
                }
            }
            // `chợ Đông Ba`: the accents tell these from the names they share their letters with.
            if step == 1 && word.letters <= 6 && VIETNAMESE.contains(&spoken) {
                return true;
            }
            // `Fondation Simone et Cino Quill`: a couple gave it.
            let couple = step == 1
                && at > 1
                && matches!(
                    spoken,
                    "et" | "e" | "y" | "i" | "und" | "and" | "en" | "og" | "och" | "a" | "și" | "и" | "ja" | "&"
                )
                && self.words[at - 1].capital
                && self.classes[at - 1].named()
                && self.words[at - 1].gap == Gap::Space
                && GIVEN_BY.iter().any(|head| self.text[self.words[at - 2].range()].starts_with(head));
            if couple {
                return true;
            }
            // `Gewerbeschule Heinrich Quill`: a compound that is a thing.
            if word.capital && word.letters >= 8 && !name && step <= 2 && ends_as_a_thing(spoken) {
                return true;
            }
            let tail = flags.any(Flags::ORGANISATION_TAIL) && word.letters > 3 && word.capital && !word.shouted;
            if tail && !name && !flags.any(Flags::JOB.or(Flags::ROLE).or(Flags::VERB).or(Flags::SUFFIX)) {
                return true;
            }
            let passed = raised && !flags.any(Flags::JOB.or(Flags::ROLE)) && !flags.any(Flags::VERB);
            let joint = flags.any(Flags::PARTICLE)
                || self.classes[at] == Class::Particle
                || flags.any(Flags::HONORIFIC)
                || JOINTS.contains(&spoken);
            titled &= joint || RELIGIOUS.contains(&spoken);
            // `Liceo artistico Vincenzo Quill`, `Škola úžitkového výtvarníctva Jozefa Quilla`: what kind of house, in small
            // letters.
            let small = |at: usize| {
                let (word, flags) = (&self.words[at], self.flags[at]);
                !word.capital
                    && word.letters >= 5
                    && self.words[at + 1].gap == Gap::Space
                    && !flags.any(Flags::WORD.or(Flags::VERB).or(Flags::BEFORE).or(Flags::ROLE).or(Flags::JOB))
            };
            let head = |at: usize| {
                let capital = self.words[at].capital && self.words[at + 1].gap == Gap::Space;
                capital && self.flags[at].any(Flags::THING_BEFORE) && self.classes[at] != Class::Given
            };
            let kind = gap == " " && small(at) && at > 0 && (head(at - 1) || (small(at - 1) && at > 1 && head(at - 2)));
            if kind {
                return true;
            }
            if !passed && !joint && !(titled && RELIGIOUS.contains(&spoken)) {
                return false;
            }
            joined &= !word.capital && word.letters <= 3;
        }
        false
    }

    /// `M/Y Lady Quill`, `S/S`, `R/V`: the letter at `at` ends what stands before the name of a ship.
    fn ships(&self, at: usize) -> bool {
        let (first, second) = (&self.words[at - 1], &self.words[at]);
        first.is_initial()
            && self.text.get(first.end()..second.start()) == Some("/")
            && matches!(
                &self.text[first.start()..second.end()],
                "M/Y"
                    | "M/V"
                    | "M/S"
                    | "M/T"
                    | "M/F"
                    | "S/Y"
                    | "S/V"
                    | "S/S"
                    | "F/V"
                    | "R/V"
                    | "T/S"
                    | "D/S"
                    | "K/V"
                    | "O/V"
            )
    }

    /// Whether words behind the run make it part of the name of a thing: `Tigran Petrosian Chess House`, `Haydn-Orchester`,
    /// `Balogun Harold & Co.`, `Moi Girls' High School`.
    pub(super) fn thing_after(&self, end: usize, line: usize) -> bool {
        let mut before = self.words[end - 1].end();
        let mut firm = false;
        for step in 0..5 {
            let Some(word) = self.words.get(end + step).filter(|word| word.start() < line) else { return false };
            let gap = &self.text[before..word.start()];
            let joined = matches!(
                gap,
                " " | "-"
                    | "\u{2010}"
                    | "–"
                    | "\u{a0}"
                    | "'s "
                    | "’s "
                    | "' "
                    | "’ "
                    | " & "
                    | " + "
                    | "” "
                    | "\" "
                    | "“ "
                    | " -"
                    | "** "
            );
            // The `s` of a possessive is a word here.
            let possessive = matches!(gap, "'" | "’") && word.letters == 1;
            if possessive {
                before = word.end();
                continue;
            }
            if !joined {
                return false;
            }
            before = word.end();
            firm |= gap == " & ";
            let flags = self.flags[end + step];
            let spoken = &self.text[word.range()];
            let name = matches!(self.classes[end + step], Class::Given | Class::Surname);
            let tail = flags.any(Flags::ORGANISATION_TAIL) || (flags.any(Flags::STREET) && word.letters > 2);
            if word.capital && !name && (tail || flags.any(Flags::THING_AFTER)) {
                return !self.a_role_follows(end + step, line) || flags.any(Flags::THING_AFTER);
            }
            let noun = |spoken: &str| EPONYM_NOUNS.contains(&spoken.to_lowercase().as_str());
            if step <= 1 && !name && (flags.any(Flags::THING_AFTER) || noun(spoken)) && word.letters > 2 {
                return !flags.any(Flags::FOREIGN) || word.capital || word.letters > 4;
            }
            // `Curtis & Sloane Personal Management`: words of jobs stand in the names of firms.
            // So do they before what says that it is a house: `General Hospital`.
            let house = self.words.get(end + step + 1).is_some_and(|next| {
                let flags = self.flags[end + step + 1];
                next.gap == Gap::Space && next.capital && flags.any(Flags::ORGANISATION_TAIL) && !flags.any(Flags::JOB)
            });
            if !word.capital || (flags.any(Flags::JOB.or(Flags::SUFFIX)) && !firm && !house) {
                return false;
            }
        }
        false
    }

    /// `Mehmet Quill Demir Doğrama Ltd. Şti.`, `Hans Quill eftf. AS`, `Quill i Wspólnicy sp.k.`: behind the run, over
    /// capitalised words, follows what only firms have.
    pub(super) fn firm_after(&self, end: usize, line: usize) -> bool {
        let mut before = self.words[end - 1].end();
        for step in 0..5 {
            if names_a_firm(self.text.get(before..line).unwrap_or_default()) {
                return true;
            }
            let Some(word) = self.words.get(end + step).filter(|word| word.start() < line && word.capital) else {
                return false;
            };
            let other = Flags::JOB.or(Flags::SUFFIX).or(Flags::ROLE).or(Flags::HONORIFIC).or(Flags::VERB);
            if !matches!(&self.text[before..word.start()], " " | "-" | " & " | " + ")
                || self.flags[end + step].any(other)
            {
                return false;
            }
            before = word.end();
        }
        false
    }

    /// `Ana Quill Software Engineer`: the words behind the run are a job. Behind a comma they are that of whoever works
    /// there: `Quill Construction, Site Manager`.
    fn a_role_follows(&self, at: usize, line: usize) -> bool {
        (at..at + 4)
            .take_while(|next| {
                let near = |word: &crate::mask::words::Word| *next == at || word.gap == Gap::Space;
                self.words.get(*next).is_some_and(|word| word.start() < line && word.capital && near(word))
            })
            .any(|at| self.flags[at].any(Flags::JOB))
    }
}

/// `Gymnasieskole`, `Heinrich-Heine-Gesamtschule`: compounds whose end says what kind of thing they are.
pub(super) fn ends_as_a_thing(word: &str) -> bool {
    static ENDINGS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(THINGS.split(' ')));
    ENDINGS.ends(word)
}

/// Whether a compound that no list has is a job: `Fahrdienstleiter`, `buurtwerker`.
pub(super) fn ends_as_a_job(word: &str) -> bool {
    static ENDINGS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(JOBS.split(' ')));
    ENDINGS.ends(word)
}

/// Whether a word that no list has ends as only common nouns do: `Verantwortung`, `Responsabilidad`.
pub(super) fn ends_as_a_noun(word: &str) -> bool {
    static ENDINGS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(NOUNS.split(' ')));
    ENDINGS.ends(word)
}

/// `Quill & Sons`, `Quill Ltda`: behind the name of somebody follows what makes it that of the family's firm.
pub(super) fn names_a_firm(tail: &str) -> bool {
    const FIRMS: &[&str] = &[
        " & Sons",
        " & Son",
        " and Sons",
        " & Daughters",
        " & Partners",
        " & Co",
        " & Associates",
        " & Brothers",
        " & Söhne",
        " & Sohn",
        " & Partner",
        " & Fils",
        " et Fils",
        " & fils",
        " et fils",
        " & Figli",
        " e Figli",
        " & figli",
        " & Hijos",
        " e Hijos",
        " y Hijos",
        " & Filhos",
        " e Filhos",
        " & Zonen",
        " en Zonen",
        " & Zoon",
        " & Söner",
        " & Sønner",
        " & Synowie",
        " i Synowie",
        " a synové",
        " & synové",
        " és Fia",
        " és Társa",
        " & Asociados",
        " y Asociados",
        " e Associados",
        " & Associés",
        " e Associati",
        " Ltd",
        " Ltda",
        " LLP",
        " GmbH",
        " Oy",
        " Ky",
        " Tmi",
        " AB",
        " ApS",
        " BV",
        " B.V.",
        " s.r.o.",
        " Kft",
        " Bt.",
        " d.o.o.",
        " Inc",
        " Lda",
        " S.r.l.",
        " SRL",
        " Sp. z o.o.",
        " A/S",
        " AS",
        " ASA",
        " ANS",
        " AG",
        " KG",
        " OHG",
        " LLC",
        " Corp",
        " PLC",
        " Plc",
        " Pty",
        " Pte",
        " Pvt",
        " Sdn",
        " NV",
        " N.V.",
        " VOF",
        " SARL",
        " Sàrl",
        " SAS",
        " SASU",
        " EURL",
        " SpA",
        " S.p.A.",
        " S.A.",
        " S.L.",
        " SL",
        " SLU",
        " Oyj",
        " Zrt",
        " Nyrt",
        " Kkt",
        " OÜ",
        " SIA",
        " UAB",
        " a.s.",
        " v.o.s.",
        " sp. k.",
        " sp.k.",
        " sp. j.",
        " sp.j.",
        " sp. z o.o.",
        " S.K.A.",
        " s.c.",
        " Ltd. Şti.",
        " A.Ş.",
        " Tbk",
        " i Wspólnicy",
        " i Wspólnik",
        " i Spółka",
        " i S-ka",
        " & Søn",
        " Α.Ε.",
        " Ε.Π.Ε.",
        " Ο.Ε.",
        " Ι.Κ.Ε.",
        " S.n.c.",
        " Snc",
        " SNC",
        " S.R.L.",
        " & Son's",
        " & Cie",
        " & Cía",
        " y Cía",
        " e Cia",
        " & Cia",
        " et Cie",
        " und Partner",
        " und Söhne",
        " und Kollegen",
        " & Kollegen",
        " en Partners",
        " och Söner",
        " og Sønner",
        " e Soci",
        " e Sócios",
        " y Socios",
        " & Co.",
        " и партнёры",
        " и партнеры",
        " та партнери",
        " и сыновья",
        " eftf",
        " Eftf",
        " Efterf",
        " Eft.",
        " Nachf",
        " Nfg",
        " Inh.",
        " e.K.",
        " e. K.",
    ];
    tail.starts_with(' ')
        && FIRMS.iter().any(|firm| tail.strip_prefix(firm).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}
