//! People by the places where only people stand: labels, greetings, quotations, references. Their names may be ones
//! that no lexicon has.

use std::sync::LazyLock;

use regex::Regex;

use super::around::names_a_thing;
use super::known::PARTICLES;
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::recognizer::compile;
use crate::mask::span::{Entity, Layer, Span};
use crate::mask::words::words;

/// Words for what a person does: cut off behind a name, and no name themselves.
const TITLES: &[&str] = &[
    "engineer",
    "engineering",
    "developer",
    "manager",
    "director",
    "lead",
    "leader",
    "head",
    "chief",
    "officer",
    "president",
    "vice",
    "senior",
    "junior",
    "staff",
    "principal",
    "architect",
    "analyst",
    "consultant",
    "designer",
    "scientist",
    "professor",
    "teacher",
    "student",
    "intern",
    "assistant",
    "associate",
    "specialist",
    "former",
    "administrator",
    "coordinator",
    "founder",
    "cofounder",
    "owner",
    "partner",
    "freelance",
    "contractor",
    "executive",
    "supervisor",
    "technician",
    "ceo",
    "cto",
    "cfo",
    "coo",
    "phd",
    "msc",
    "bsc",
    "mba",
    "md",
];

/// Before a name, and no part of it.
const HONORIFICS: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "dr",
    "prof",
    "professor",
    "sir",
    "dame",
    "rev",
    "herr",
    "herrn",
    "frau",
    "monsieur",
    "madame",
    "mme",
    "mlle",
    "señor",
    "señora",
    "sr",
    "sra",
    "signor",
    "signora",
    "dott",
];

/// Words that make a run of capitalised words something other than a person: sections, organisations, small words.
const NOT_NAMES: &[&str] = &[
    "software",
    "hardware",
    "platform",
    "systems",
    "system",
    "data",
    "product",
    "project",
    "program",
    "programme",
    "technical",
    "reliability",
    "security",
    "machine",
    "learning",
    "research",
    "marketing",
    "sales",
    "finance",
    "operations",
    "support",
    "customer",
    "service",
    "services",
    "backend",
    "frontend",
    "full",
    "stack",
    "resume",
    "résumé",
    "curriculum",
    "vitae",
    "cv",
    "experience",
    "education",
    "skills",
    "summary",
    "profile",
    "about",
    "me",
    "contact",
    "references",
    "referees",
    "interests",
    "languages",
    "certifications",
    "projects",
    "talks",
    "publications",
    "awards",
    "work",
    "employment",
    "history",
    "objective",
    "page",
    "untitled",
    "university",
    "college",
    "school",
    "institute",
    "department",
    "faculty",
    "team",
    "group",
    "company",
    "inc",
    "ltd",
    "llc",
    "gmbh",
    "corp",
    "corporation",
    "foundation",
    "bank",
    "the",
    "a",
    "an",
    "of",
    "in",
    "on",
    "at",
    "for",
    "to",
    "with",
    "and",
    "or",
    "my",
    "our",
    "your",
    "how",
    "why",
    "what",
    "who",
    "when",
    "where",
    "is",
    "are",
    "not",
    "from",
    "by",
    "this",
    "that",
    "these",
    "all",
    "some",
    "every",
    "everyone",
    "everybody",
    "you",
    "we",
    "i",
    "it",
    "no",
    "hiring",
    "recruiter",
    "recruiting",
    "sir",
    "madam",
    "sirs",
    "colleague",
    "colleagues",
    "reader",
    "readers",
    "friends",
    "folks",
    "committee",
    "diary",
    "santa",
    "available",
    "upon",
    "request",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "july",
    "september",
    "october",
    "november",
    "december",
    "christmas",
    "open",
    "source",
    "street",
    "road",
    "avenue",
    "north",
    "south",
    "east",
    "west",
    "new",
    "united",
    "great",
    "national",
    "international",
    "royal",
    "god",
    "goodness",
    "rule",
    "note",
    "conference",
    "conf",
    "society",
    "association",
    "council",
    "ministry",
    "office",
];

/// Two to four capitalised words, particles aside, none of them a word that people are not called.
pub(crate) fn is_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut full = 0;
    let mut counted = 0;
    for word in &words {
        if PARTICLES.contains(word) {
            continue;
        }
        let bare = word.trim_end_matches([',', '.']);
        let letters = bare.chars().filter(|c| c.is_alphabetic()).count();
        let shape = bare.chars().all(|c| {
            c.is_alphabetic()
                || matches!(c, '-' | '\'' | '’' | '.')
                || unicode_normalization::char::is_combining_mark(c)
        });
        if !shape || !bare.chars().next().is_some_and(char::is_uppercase) || is_other(bare) {
            return false;
        }
        counted += 1;
        full += usize::from(letters > 1);
    }
    (2..=5).contains(&counted)
        && full >= 1
        && plausible(text)
        && text.chars().count() <= 60
        && words.last().is_some_and(|word| !PARTICLES.contains(word))
}

/// Whether the lexicon has nothing against a run being a person: headings, houses and jobs have the shape of one too.
fn plausible(text: &str) -> bool {
    let other = Flags::WORD
        .or(Flags::JOB)
        .or(Flags::PLACE)
        .or(Flags::ORGANISATION)
        .or(Flags::ORGANISATION_TAIL)
        .or(Flags::STREET)
        .or(Flags::THING_AFTER)
        .or(Flags::ROLE);
    let (mut named, mut against, mut heads, mut doubtful) = (0, 0, 0, 0);
    for (at, word) in words(text).iter().filter(|word| word.letters > 1 && word.capital).enumerate() {
        let flags = LEXICON.word(word.hash);
        if flags.any(Flags::GIVEN.or(Flags::SURNAME)) {
            named += 1;
            doubtful += usize::from(flags.any(Flags::FOREIGN) && flags.any(Flags::ALSO_WORD));
            let sure = flags.any(Flags::ORGANISATION_TAIL) && !flags.any(Flags::ALSO_WORD) && at > 0;
            against += usize::from(sure && named == 1);
        } else if flags.any(Flags::THING_BEFORE) {
            heads += 1;
        } else if flags.any(other.or(Flags::FOREIGN)) {
            against += 1;
        }
    }
    let sure = named > doubtful || (named == 0 && against == 0) || (doubtful < 2 && against == 0);
    heads == 0 && against <= named && (named > 0 || against == 0) && sure
}

/// One capitalised word that may be a first name.
pub(super) fn is_first_name(text: &str) -> bool {
    let mut chars = text.chars();
    let capital = chars.next().is_some_and(char::is_uppercase);
    let lower = text.chars().skip(1).all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'));
    let count = text.chars().count();
    capital && lower && (2..=20).contains(&count) && text.chars().any(char::is_lowercase) && !is_other(text)
}

pub(super) fn is_other(word: &str) -> bool {
    let word = word.to_lowercase();
    NOT_NAMES.contains(&word.as_str()) || TITLES.contains(&word.as_str())
}

/// One word of a name; a group of them with particles and initials between.
macro_rules! word {
    () => {
        r"(?:\p{Lu}[\p{L}\p{M}]*(?:['’-]\p{L}[\p{L}\p{M}]*)*)"
    };
}
macro_rules! full_name {
    () => {
        concat!(
            r"(?:",
            word!(),
            r"\.?(?:[ \t]+(?:(?:van|von|der|den|de|del|della|di|da|dos|du|la|le|ter|ten|zu|bin|ibn|al)[ \t]+)*",
            word!(),
            r"(?:\.(?:[ \t]+\p{Lu}[\p{L}\p{M}'’-]+))?){1,3})"
        )
    };
}
macro_rules! any_name {
    () => {
        concat!(r"(?:", full_name!(), "|", word!(), ")")
    };
}

/// `manager: X Y` and the like; also field labels of forms and exports.
static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r#"(?im:^|[\s(*_|,;"'-])(?i:(?:line |hiring |project |emergency )?(?:manager|supervisor|mentor|referee|reference|contact(?: person| name)?|advisor|adviser|tutor|author|reviewer|reviewed by|written by|signed|signed by|from|to|cc|attn|attention|name|full name|customer|patient|client|employee|candidate|applicant|spouse|next of kin|first name|last name|surname|given name|vorname|nachname|ansprechpartner|nombre|nom|nome))["'*_]*[ \t]*[:=][*_]*[ \t]*["']?("#,
        full_name!(),
        ")"
    ))
});

/// `Dear Ana,` takes a first name alone, as the comma ends it.
static DEAR: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"(?m)^[ \t]*(?:Dear|Hi|Hello|Hey|Liebe|Lieber|Hallo|Cher|Chère|Bonjour|Hola|Querido|Querida|Ciao|Beste)[ \t]+(",
        any_name!(),
        r")[ \t]*[,!:]"
    ))
});

/// `… she said. — Ana Quill, director`: who a quotation is by. A hyphen alone begins a list item.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r#"(?m)(?:["”»][ \t]*\n?[ \t>]*[-–—]{1,2}|^[ \t>]*(?:--|[–—]))[ \t]*("#,
        full_name!(),
        r")[ \t]*(?:[,(|]|$)"
    ))
});

static REFERENCES: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r"(?i)^[#*_ \t]*(?:(?:professional |personal )?references|referees|testimonials|recommendations|referenzen|références|referencias|referenze)[*_: \t]*$",
    )
});
static SECTION: LazyLock<Regex> = LazyLock::new(|| compile(r"^(?:#{1,6}[ \t]|[A-Z][A-Z &]{4,40}$)"));
static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"^(?:[ \t]*[-*+•|>]|[ \t]*\d{1,2}[.)])?[ \t]*(?:#{3,6}[ \t]+)?[*_]*(?:(?:Mr|Mrs|Ms|Dr|Prof)\.?[ \t]+)?(?i:(?:reference|name|referee)[*_ \t]*:[*_ \t]*)?(",
        full_name!(),
        ")"
    ))
});

/// Adds the names that stand where people are named.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    for found in page.captures(&LABELLED, 0, |line| line.cues.has(Cues::COLON)).filter_map(|found| found.get(1)) {
        let (head, tail) = (&page.text()[..found.start()], &page.text()[found.end()..]);
        let name = head.trim_end_matches(['"', '\'', ' ', ':', '=', '*']).ends_with("name");
        if name && head.ends_with(['"', '\'', ' ']) && names_a_thing(head, tail) {
            continue;
        }
        push(found.start(), found.as_str(), false, 0.75, "name behind a label", out);
    }
    for found in page.captures(&DEAR, 0, |line| line.end - line.start < 60).filter_map(|found| found.get(1)) {
        push(found.start(), found.as_str(), true, 0.75, "name in a greeting", out);
    }
    let dashed = |line: &crate::mask::page::Line| line.cues.has(Cues::DASH) || line.cues.has(Cues::WIDE);
    for found in page.captures(&QUOTED, 1, dashed).filter_map(|found| found.get(1)) {
        push(found.start(), found.as_str(), false, 0.7, "name behind a quotation", out);
    }
    for found in page.captures(&DISPLAYED, 0, |line| line.cues.has(Cues::AT)).filter_map(|found| found.get(1)) {
        let value = found.as_str().trim();
        if !value.split_whitespace().any(is_other) {
            let range = found.start()..found.start() + found.as_str().trim_end().len();
            out.push(Span::new(range, Entity::Person, 0.75).by(Layer::Structure, "name before an e-mail address"));
        }
    }
    references(page, out);
    initials(page, out);
}

/// `"She ships." — R. C.`, `– S.H-H`: initials behind a dash at the end of a line, below or behind what somebody said.
fn initials(page: &Page<'_>, out: &mut Vec<Span>) {
    let dashed = |line: &&Line| {
        line.cues.has(Cues::DOT | Cues::CAPITAL) && (line.cues.has(Cues::DASH) || line.cues.has(Cues::WIDE))
    };
    for line in page.lines().iter().filter(dashed) {
        let row = page.text()[line.start..line.end].trim_end();
        let Some((at, c)) = row.char_indices().rev().take(14).find(|(_, c)| matches!(c, '—' | '–' | '―' | ' '))
        else {
            continue;
        };
        let (mut head, value) = (row[..at].trim_end(), &row[at + c.len_utf8()..]);
        if c == ' ' {
            let bare = head.trim_end_matches(['—', '–', '―', '-']);
            if bare.len() == head.len() {
                continue;
            }
            head = bare.trim_end();
        }
        let letters = value.chars().filter(|c| c.is_uppercase()).count();
        let shape = value.chars().all(|c| c.is_uppercase() || matches!(c, '.' | '-')) && value.contains('.');
        let said = head.is_empty() || head.ends_with(['"', '”', '»', '“', '.', '!', '?', '’', '›', ')']);
        if shape && said && (2..=4).contains(&letters) && value.starts_with(char::is_uppercase) {
            let start = line.start + row.len() - value.len();
            out.push(
                Span::new(start..start + value.len(), Entity::Person, 0.65)
                    .by(Layer::Structure, "initials of whoever said it"),
            );
        }
    }
}

/// `Ada Quill <ada@…>`, as in the head of a letter.
static DISPLAYED: LazyLock<Regex> = LazyLock::new(|| {
    compile(
        r#"(?:^|[:;,>]|: ")[ \t]*"?([\p{L}][\p{L}\p{M}.'’-]*(?:,?[ \t]+[\p{L}\p{M}.'’-]+){0,4})"?[ \t]*<[^<>\s@]+@"#,
    )
});

/// Whether what stands before a colon says that a person follows: `Line manager`, `Hiring contact`.
pub(super) fn is_person_label(key: &str) -> bool {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        compile(
            r"(?i)(?:^|[^\p{L}])(?:name|names|surname|nachname|vorname|manager|supervisor|mentor|mentors|referee|referees|reference|references|contact|advisor|adviser|tutor|author|authors|reviewer|reviewed by|written by|signed|from|to|cc|bcc|attn|attention|customer|patient|client|employee|candidate|applicant|spouse|wife|husband|father|mother|father's name|mother's name|son|daughter|partner|next of kin|emergency contact|ansprechpartner|ansprechpartnerin|betreuer|betreuerin|referenz|referenzen|vorgesetzter|vorgesetzte|gez\.?|nom|prénom|nombre|apellidos?(?: paterno| materno)?|nombres?\(s\)|nombres|who|quien|teacher|coach|trainer|tutor legal|responsable|led by|gesprächspartner|verantwortlich|verantwortliche|inhaber|encargado|encargada|referente|opiekun|prowadzący|vedoucí|školitel|garant|ansvarig|kontaktperson|yhteyshenkilö|kapcsolattartó|persoană de contact|ilgili kişi|yetkili|sorumlu|joueur|jugador|ärztin|médico|lékař|lekarz|nome|cognome|naam|naam en voornaam|roepnaam|voornaam|voornamen|familienaam|middle|middle name|given|given names?|given name\(s\)|surname at birth|maiden name|legal|legal name|preferred name|in english|english name|nazwisko|nazwisko rodowe|prezime|ime|ime i prezime|ime in priimek|priimek|příjmení|rodné příjmení|priezvisko|meno|meno a priezvisko|etunimi|sukunimi|kutsumanimi|lähiomainen|pårörende|anhörig|fornavn|etternavn|efternavn|förnamn|efternamn|tilltalsnamn|keresztnév|vezetéknév|anyja neve|nume și prenume|prenume|vardas|pavardė|vārds|uzvārds|eesnimi|perekonnanimi|nome completo|nome da mãe|nome do pai|nombre completo|padre|madre|esposa|esposo|cónyuge|conjoint|conjointe|épouse|époux|enfants?|kinder|kids?|children|dependants?|beneficiary|nominee|ehefrau|ehemann|ehepartner|notfallkontakt|contatto|figli|moglie|marito|hijos?|hijas?|filhos|família|børn|barn|lapset|дети|діти|жена|муж|дружина|чоловік|фамилия|имя|отчество|прізвище|ім’я|піб|име|презиме|име и презиме|κύριος|επώνυμο|ονοματεπώνυμο|όνομα πατρός|όνομα μητρός|영문|영문명|英文|英文名|nama lengkap|nama panggilan|nama|pangalan|jina|jina kamili|họ và tên|tên|imię ojca|imię|imię i nazwisko|jméno|namn|navn|nimi|név|nume|adı?|soyadı?|όνομα|имя|фио|ім'я|name in full|full name|known as|nickname|né|née|geb|photo|foto|supervisors?|advisors?|examiners?|host|hosts|speaker|speakers|von|an|de|para|à|da)[ \t*_.]*(?:\([^)]{0,30}\))?$",
        )
    });
    LABEL.is_match(key)
}

/// Cuts a run of capitalised words back to those that are a name, from the left.
fn push(start: usize, run: &str, lone: bool, score: f32, rule: &'static str, out: &mut Vec<Span>) {
    let (mut start, mut run) = (start, run.trim_end_matches('.'));
    while let Some((first, rest)) = run.split_once([' ', '\t']) {
        let bare = first.trim_end_matches('.');
        let title = first.ends_with('.')
            && bare.chars().count() > 1
            && LEXICON.word(crate::mask::words::Hash::of(bare)).any(Flags::HONORIFIC);
        if !title && !HONORIFICS.contains(&bare.to_lowercase().as_str()) {
            break;
        }
        let rest = rest.trim_start();
        start += run.len() - rest.len();
        run = rest;
    }
    for tail in ["'s", "’s"] {
        run = run.strip_suffix(tail).unwrap_or(run);
    }
    loop {
        if is_name(run) || (lone && is_first_name(run)) {
            out.push(Span::new(start..start + run.len(), Entity::Person, score).by(Layer::Structure, rule));
            return;
        }
        let Some(cut) = run.rfind([' ', '\t']) else { break };
        // `Ana Quill Director` is Ana Quill; `Cloud Team` is nobody.
        let removed = run[cut..].trim().trim_end_matches('.').to_lowercase();
        run = run[..cut].trim_end();
        if !TITLES.contains(&removed.as_str()) && !lone {
            break;
        }
    }
}

/// The first name on each entry below a heading `References`, until the next heading.
fn references(page: &Page<'_>, out: &mut Vec<Span>) {
    let mut inside = false;
    for line in page.lines() {
        let trimmed = page.text()[line.start..line.end].trim_end();
        if trimmed.len() < 60 && REFERENCES.is_match(trimmed) {
            inside = true;
        } else if inside {
            let known = out.len();
            if let Some(found) = ENTRY.captures(trimmed).and_then(|found| found.get(1)) {
                push(line.start + found.start(), found.as_str(), false, 0.8, "entry under references", out);
            }
            let heading = SECTION.is_match(trimmed) || (trimmed.len() > 3 && is_shouted(trimmed));
            inside = out.len() > known || !heading;
        }
    }
}

fn is_shouted(line: &str) -> bool {
    let mut letters = line.chars().filter(|c| c.is_alphabetic());
    line.chars().any(char::is_uppercase)
        && letters.all(char::is_uppercase)
        && !line.contains(|c: char| c.is_ascii_digit())
}
