//! People by the places where only people stand: labels, greetings, quotations. Their names may be ones
//! that no lexicon has.

use std::sync::LazyLock;

use memchr::{memchr_iter, memchr2, memchr2_iter};

use super::around::names_a_thing;
use super::known::PARTICLES;
use super::scan::{BLANKS, Cursor, is_capital, is_letter, loose_names_before};
use crate::mask::lexicon::{Flags, LEXICON};
use crate::mask::page::{Cues, Line, Page};
use crate::mask::phrases::Phrases;
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
    static OTHERS: LazyLock<Phrases> = LazyLock::new(|| Phrases::of(NOT_NAMES.iter().chain(TITLES).copied()));
    OTHERS.has(word)
}

/// `manager: X Y` and the like; also field labels of forms and exports. Only the words next to the sign are here:
/// `line manager` is one that ends in `manager`.
static LABELLED: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "manager|supervisor|mentor|referee|reference|contact|contact person|contact name|advisor|adviser|tutor|author|\
         reviewer|reviewed by|written by|signed|signed by|from|to|cc|attn|attention|name|full name|customer|patient|\
         client|employee|candidate|applicant|spouse|next of kin|first name|last name|surname|given name|vorname|\
         nachname|ansprechpartner|nombre|nom|nome",
    )
});

/// `Dear Ana,` takes a first name alone, as the comma ends it.
const DEAR: &[&str] = &[
    "Dear", "Hi", "Hello", "Hey", "Liebe", "Lieber", "Hallo", "Cher", "Chère", "Bonjour", "Hola", "Querido", "Querida",
    "Ciao", "Beste",
];

/// Adds the names that stand where people are named.
pub(super) fn find(page: &Page<'_>, out: &mut Vec<Span>) {
    labelled(page, out);
    greeted(page, out);
    quoted(page, out);
    displayed(page, out);
    super::widen::initials(page, out);
}

fn labelled(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    let edge = |c: char| c.is_whitespace() || "(*_|,;\"'-".contains(c);
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::COLON)) {
        let mut from = line.start;
        for sign in memchr2_iter(b':', b'=', &text.as_bytes()[line.start..line.end]) {
            let sign = line.start + sign;
            // A name has no sign in it, so this one stands behind all that was read.
            let mut value = Cursor::new(text, sign + 1..line.end);
            value.skip(|c| matches!(c, '*' | '_'));
            value.blanks();
            value.take(|c| matches!(c, '"' | '\''));
            if !value.peek().is_some_and(is_capital) {
                continue;
            }
            let label = text[from..sign].trim_end_matches(BLANKS).trim_end_matches(['"', '\'', '*', '_']);
            if LABELLED.end(label, edge)
                && let Some(name) = value.full_name()
            {
                from = value.at();
                let thing = label.ends_with("name")
                    && text[..name.start].ends_with(['"', '\'', ' '])
                    && names_a_thing(&text[..name.start], &text[name.end..]);
                if !thing {
                    push(name.start, &text[name], false, 0.75, "name behind a label", out);
                }
            }
        }
    }
}

fn greeted(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.end - line.start < 60) {
        let mut cursor = Cursor::new(text, line.start..line.end);
        cursor.blanks();
        let word = cursor.rest().split(BLANKS).next().unwrap_or_default();
        if !DEAR.contains(&word) || !cursor.tag(word) || !cursor.blanks() {
            continue;
        }
        let Some(name) = cursor.any_name() else { continue };
        cursor.blanks();
        if cursor.take(|c| matches!(c, ',' | '!' | ':')) {
            push(name.start, &text[name], true, 0.75, "name in a greeting", out);
        }
    }
}

/// `… she said. — Ana Quill, director`: who a quotation is by. A hyphen alone begins a list item, unless the line above
/// ends in a quotation.
fn quoted(page: &Page<'_>, out: &mut Vec<Span>) {
    let (text, lines) = (page.text(), page.lines());
    let dashed = |line: &Line| line.cues.has(Cues::DASH) || line.cues.has(Cues::WIDE);
    let is_quoted = |head: &str| head.strip_suffix(['.', ',']).unwrap_or(head).ends_with(['"', '”', '»']);
    for (row, line) in lines.iter().enumerate().filter(|(_, line)| dashed(line)) {
        let mut at = line.start;
        // The dashes that are no hyphens begin with this byte.
        while let Some(found) = memchr2(b'-', 0xE2, &text.as_bytes()[at..line.end]) {
            let first = at + found;
            let mut cursor = Cursor::new(text, first..line.end);
            let count = cursor.skip(|c| matches!(c, '-' | '–' | '—'));
            at = cursor.at().max(first + 1);
            let dashes = &text[first..cursor.at()];
            cursor.blanks();
            if !(1..=2).contains(&count) || !cursor.peek().is_some_and(is_capital) {
                continue;
            }
            let head = text[line.start..first].trim_end_matches([' ', '\t', '>']);
            let above = || row.checked_sub(1).and_then(|row| lines.get(row)).filter(|line| dashed(line));
            let said = match head.is_empty() {
                true if matches!(dashes, "--" | "–" | "—") => true,
                true => above().is_some_and(|line| is_quoted(text[line.start..line.end].trim_end_matches(BLANKS))),
                false => is_quoted(head),
            };
            if !said {
                continue;
            }
            let Some(name) = cursor.full_name() else { continue };
            cursor.blanks();
            if cursor.ends() || cursor.take(|c| matches!(c, ',' | '(' | '|')) {
                push(name.start, &text[name], false, 0.7, "name behind a quotation", out);
            }
        }
    }
}

/// `Ada Quill <ada@…>`, as in the head of a letter: behind a sign, or at the beginning of the text.
fn displayed(page: &Page<'_>, out: &mut Vec<Span>) {
    let text = page.text();
    for line in page.lines().iter().filter(|line| line.cues.has(Cues::AT)) {
        for open in memchr_iter(b'<', &text.as_bytes()[line.start..line.end]) {
            let open = line.start + open;
            let mail = &text[open + 1..line.end];
            let user = mail.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '@'));
            if !user.is_some_and(|end| end > 0 && mail[end..].starts_with('@')) {
                continue;
            }
            let head = text[line.start..open].trim_end_matches(BLANKS);
            let head = head.strip_suffix('"').unwrap_or(head);
            let opened = |start: &usize| {
                let before = &head[..*start];
                let before = before.strip_suffix('"').unwrap_or(before).trim_end_matches(BLANKS);
                (before.is_empty() && line.start == 0)
                    || before.ends_with([':', ';', ',', '>'])
                    || before.ends_with(": \"")
            };
            let Some(start) = loose_names_before(head).filter(opened).last() else { continue };
            let name = &head[start..];
            if !name.split_whitespace().any(is_other) {
                let range = line.start + start..line.start + head.len();
                out.push(Span::new(range, Entity::Person, 0.75).by(Layer::Structure, "name before an e-mail address"));
            }
        }
    }
}

/// What says that a person follows.
static PERSON: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new(
        "name|names|surname|nachname|vorname|manager|supervisor|mentor|mentors|referee|referees|reference|references|\
         contact|advisor|adviser|tutor|author|authors|reviewer|reviewed by|written by|signed|from|to|cc|bcc|attn|\
         attention|customer|patient|client|employee|candidate|applicant|spouse|wife|husband|father|mother|\
         father's name|mother's name|son|daughter|partner|next of kin|emergency contact|ansprechpartner|\
         ansprechpartnerin|betreuer|betreuerin|referenz|referenzen|vorgesetzter|vorgesetzte|gez|nom|prénom|nombre|\
         apellido|apellidos|apellido paterno|apellido materno|apellidos paterno|apellidos materno|nombre(s)|nombres(s)|\
         nombres|who|quien|teacher|coach|trainer|tutor legal|responsable|led by|gesprächspartner|verantwortlich|\
         verantwortliche|inhaber|encargado|encargada|referente|opiekun|prowadzący|vedoucí|školitel|garant|ansvarig|\
         kontaktperson|yhteyshenkilö|kapcsolattartó|persoană de contact|ilgili kişi|yetkili|sorumlu|joueur|jugador|\
         ärztin|médico|lékař|lekarz|nome|cognome|naam|naam en voornaam|roepnaam|voornaam|voornamen|familienaam|middle|\
         middle name|given|given name|given names|given name(s)|surname at birth|maiden name|legal|legal name|\
         preferred name|in english|english name|nazwisko|nazwisko rodowe|prezime|ime|ime i prezime|ime in priimek|\
         priimek|příjmení|rodné příjmení|priezvisko|meno|meno a priezvisko|etunimi|sukunimi|kutsumanimi|lähiomainen|\
         pårörende|anhörig|fornavn|etternavn|efternavn|förnamn|efternamn|tilltalsnamn|keresztnév|vezetéknév|\
         anyja neve|nume și prenume|prenume|vardas|pavardė|vārds|uzvārds|eesnimi|perekonnanimi|nome completo|\
         nome da mãe|nome do pai|nombre completo|padre|madre|esposa|esposo|cónyuge|conjoint|conjointe|épouse|époux|\
         enfant|enfants|kinder|kid|kids|children|dependant|dependants|beneficiary|nominee|ehefrau|ehemann|ehepartner|\
         notfallkontakt|contatto|figli|moglie|marito|hijo|hijos|hija|hijas|filhos|família|børn|barn|lapset|дети|діти|\
         жена|муж|дружина|чоловік|фамилия|имя|отчество|прізвище|ім’я|піб|име|презиме|име и презиме|κύριος|επώνυμο|\
         ονοματεπώνυμο|όνομα πατρός|όνομα μητρός|영문|영문명|英文|英文名|nama lengkap|nama panggilan|nama|pangalan|jina|\
         jina kamili|họ và tên|tên|imię ojca|imię|imię i nazwisko|jméno|namn|navn|nimi|név|nume|ad|adı|soyad|soyadı|\
         όνομα|имя|фио|ім'я|name in full|full name|known as|nickname|né|née|geb|photo|foto|supervisor|supervisors|\
         advisor|advisors|examiner|examiners|host|hosts|speaker|speakers|firstname|lastname|fname|lname|givenname|\
         familyname|fullname|displayname|assignee|reporter|approver|requester|requestor|attendee|attendees|caller|\
         insured|tenant|landlord|guest|payee|account holder|cardholder|bénéficiaire|titulaire|titular|intestatario|\
         kontoinhaber|kontoinhaberin|inhaberin|rekeninghouder|posiadacz|majitel|tulajdonos|получатель|отправитель|\
         отримувач|ausbilder|ausbilderin|hausarzt|hausärztin|vermieter|vermieterin|huisarts|orientador|orientadora|\
         coorientador|coorientadora|encadrant|encadrante|rapporteur|rapporteuse|handledare|veileder|vejleder|ohjaaja|\
         témavezető|promotor|promotorka|oponent|oponentka|školitelka|relatore|relatrice|correlatore|dirigido por|\
         carer|nurse|plumber|von|an|de|para|à|da",
    )
});

/// Whether what stands before a colon says that a person follows: `Line manager`, `Hiring contact`. A remark in brackets
/// may stand behind it.
pub(super) fn is_person_label(key: &str) -> bool {
    let noted = key.strip_suffix(')').and_then(|key| key.rsplit_once('('));
    let key = match noted {
        Some((_, note)) if note.contains(')') || note.chars().count() > 30 => return false,
        Some((key, _)) => key,
        None => key,
    };
    PERSON.end(key.trim_end_matches([' ', '\t', '*', '_', '.']), |c| !is_letter(c))
}

/// Cuts a run of capitalised words back to those that are a name, from the left.
pub(super) fn push(start: usize, run: &str, lone: bool, score: f32, rule: &'static str, out: &mut Vec<Span>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, find: impl Fn(&Page<'_>, &mut Vec<Span>)) -> Vec<&str> {
        let mut out = Vec::new();
        find(&Page::new(text), &mut out);
        out.into_iter().map(|span| &text[span.range]).collect()
    }

    #[test]
    fn labels_name_people() {
        for text in [
            "Manager: Ovidia Quill",
            "x, **Line manager**: Ovidia Quill",
            "\"name\": \"Ovidia Quill\"",
            "NEXT OF KIN = Ovidia Quill",
            "(sur-name :_ Ovidia Quill",
        ] {
            assert_eq!(read(text, labelled), ["Ovidia Quill"], "{text}");
        }
        assert_eq!(read("From: Ovidia Quill, to: Bo Tremblay", labelled), ["Ovidia Quill", "Bo Tremblay"]);
        for text in
            ["", ":", "filename: Ovidia Quill", "Manager Ovidia Quill", "next  of kin: Ovidia Quill", "to:\nAda Quill"]
        {
            assert!(read(text, labelled).is_empty(), "{text}");
        }
    }

    #[test]
    fn greetings_and_quotations_name_people() {
        for text in ["Dear Ovidia Quill,", " Hi\tOvidia Quill !", "x\nLieber Ovidia Quill:"] {
            assert_eq!(read(text, greeted), ["Ovidia Quill"], "{text}");
        }
        assert_eq!(read("Chère Ovidia,", greeted), ["Ovidia"]);
        for text in ["", "Dear", "dear Ovidia,", "Dearest Ovidia,", "Hi Ovidia", "Hi Ovidia, Bo", "x Dear Ovidia,"] {
            assert_eq!(read(text, greeted).len(), usize::from(text == "Hi Ovidia, Bo"), "{text}");
        }
        for text in [
            "-- Ovidia Quill",
            " > — Ovidia Quill, director",
            "“It works.” - Ovidia Quill (director)",
            "\"It works.\" > —— Ovidia Quill|",
            "It works – see.\" \n- Ovidia Quill",
        ] {
            assert_eq!(read(text, quoted), ["Ovidia Quill"], "{text}");
        }
        for text in [
            "",
            "—",
            "- Ovidia Quill",
            "--- Ovidia Quill",
            "—— Ovidia Quill",
            "It works. — Ovidia Quill",
            "-- Ovidia Quill said",
            "It works.\"\n- Ovidia Quill",
        ] {
            assert!(read(text, quoted).is_empty(), "{text}");
        }
    }

    #[test]
    fn names_before_addresses_are_people() {
        for (text, name) in [
            ("To: Ovidia Quill <ada@quill.example>", "Ovidia Quill"),
            ("\"Ovidia Quill\" <ada@quill.example>", "Ovidia Quill"),
            ("x: \" Ovidia Quill <ada@quill.example>", "Ovidia Quill"),
            ("Cc: Quill, ovidia<ada@quill.example>", "Quill, ovidia"),
        ] {
            assert_eq!(read(text, displayed), [name], "{text}");
        }
        for text in [
            "",
            "<ada@quill.example>",
            "x\nOvidia Quill <ada@quill.example>",
            "To: Ovidia Quill <@x>",
            "To: Ada <b c@d>",
        ] {
            assert!(read(text, displayed).is_empty(), "{text}");
        }
    }

    #[test]
    fn labels_say_that_a_person_follows() {
        for key in [
            "Name",
            "LINE MANAGER",
            "Contact (mobile)",
            "given name(s)",
            "given name(s) (as in passport)",
            "gez.",
            "**Soyadı** ",
            "ΌΝΟΜΑ ΠΑΤΡΌΣ",
            "Κύριος",
            "father's name",
            "ім’я",
            "x/von",
        ] {
            assert!(is_person_label(key), "{key}");
        }
        for key in ["", "surnames", "filename", "name of ship", "Name (x) y", "(name)", "Име2", "Name )"] {
            assert!(!is_person_label(key), "{key}");
        }
        let long = format!("name ({})", "x".repeat(31));
        assert!(!is_person_label(&long));
    }
}
