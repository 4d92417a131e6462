//! Other people, by the places where only people stand: references, thanks, greetings, honorifics, reporting lines.

use std::sync::LazyLock;

use regex::Regex;

use super::compile;
use crate::mask::span::{Entity, Span};

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

const PARTICLES: &[&str] = &[
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "do", "du", "la", "le", "ter", "ten",
    "zu", "bin", "ibn", "al", "el", "y", "e", "af", "av",
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
        && text.chars().count() <= 60
        && words.last().is_some_and(|word| !PARTICLES.contains(word))
}

/// One capitalised word that may be a first name.
pub(crate) fn is_first_name(text: &str) -> bool {
    let mut chars = text.chars();
    let capital = chars.next().is_some_and(char::is_uppercase);
    let lower = text.chars().skip(1).all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'));
    let count = text.chars().count();
    capital && lower && (2..=20).contains(&count) && text.chars().any(char::is_lowercase) && !is_other(text)
}

fn is_other(word: &str) -> bool {
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

/// `Mr`, `Dr`, `Frau` … and what follows.
static HONORIFIC: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Dame|Rev|Herr|Herrn|Frau|Monsieur|Madame|Mme|Mlle|Señor|Señora|Sr|Sra|Signor|Signora|Sig|Dott|Pan|Pani|Dhr|Mevr)\.?[ \t]+(?:(?:Dr|Prof)\.?[ \t]+)*(",
        any_name!(),
        ")"
    ))
});

/// After these, a full name only: `Thanks to Kubernetes` is no person.
static INTRODUCED: LazyLock<Regex> = LazyLock::new(|| {
    compile(concat!(
        r"(?i:\b(?:thanks(?:[ \t]+(?:again|also|a lot|so much))?,?[ \t]+to|thank you,?(?:[ \t]+to)?|thanks|grateful to|indebted to|credits?[ \t]+(?:to|go(?:es)? to)|shout-?out to|hat tip to|kudos to|dedicated to|in memory of|my name is|i am|i'm|mein name ist|je m'appelle|me llamo|mi chiamo|reported to|reports to|reporting to|managed by|mentored by|supervised by|advised by|interviewed by|recommended by|referred by|married to|my (?:wife|husband|partner|son|daughter|brother|sister|mother|father|boss|manager|mentor|supervisor|colleague|friend|teammate|advisor|tutor|professor)(?:,| was| is)?|(?:hi|hello|dear|hey|ciao|hallo|liebe|lieber|bonjour|hola)))[ \t]+(",
        full_name!(),
        ")"
    ))
});

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

/// Finds names by position.
pub(crate) fn find(text: &str, out: &mut Vec<Span>) {
    let rules: [(&Regex, f32, bool); 5] = [
        (&HONORIFIC, 0.8, true),
        (&INTRODUCED, 0.75, false),
        (&LABELLED, 0.75, false),
        (&DEAR, 0.75, true),
        (&QUOTED, 0.7, false),
    ];
    for (pattern, score, lone) in rules {
        for found in pattern.captures_iter(text).filter_map(|found| found.get(1)) {
            push(text, found.start(), found.as_str(), lone, score, out);
        }
    }
    references(text, out);
}

/// Cuts a run of capitalised words back to those that are a name, from the left.
fn push(text: &str, start: usize, run: &str, lone: bool, score: f32, out: &mut Vec<Span>) {
    let (mut start, mut run) = (start, run.trim_end_matches('.'));
    while let Some((first, rest)) = run.split_once([' ', '\t']) {
        if !HONORIFICS.contains(&first.trim_end_matches('.').to_lowercase().as_str()) {
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
            out.push(Span::new(start..start + run.len(), Entity::Person, score));
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
    debug_assert!(text.is_char_boundary(start));
}

/// The first name on each entry below a heading `References`, until the next heading.
fn references(text: &str, out: &mut Vec<Span>) {
    let mut inside = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_end();
        if REFERENCES.is_match(trimmed) {
            inside = true;
        } else if inside {
            let known = out.len();
            if let Some(found) = ENTRY.captures(trimmed).and_then(|found| found.get(1)) {
                push(text, offset + found.start(), found.as_str(), false, 0.8, out);
            }
            inside = out.len() > known || !SECTION.is_match(trimmed);
        }
        offset += line.len();
    }
}
