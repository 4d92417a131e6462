//! Which documents are a person's own prose and which are lists of facts, and where one text ends and the next begins.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::language::Language;
use super::lists;
use super::text::cut;

/// What a stretch of a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// A heading, level 1 to 6.
    Heading(u8),
    /// Running text.
    Paragraph,
    /// A list item.
    Item,
    /// A row of a table.
    Row,
    /// `Label: value`.
    Label,
    /// Code.
    Code,
}

/// A stretch of a document, in reading order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Bytes of the text.
    pub span: Range<usize>,
}

/// A masked document as this module needs it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'s> {
    /// Its path.
    pub name: &'s str,
    /// Whether it is a list of posts by its format: an export of a network, a feed.
    pub is_posts: bool,
    /// The masked text.
    pub text: &'s str,
    /// Its parts.
    pub parts: &'s [Part],
}

/// What a document is to a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Genre {
    /// The person's own prose: posts, letters, articles.
    Prose,
    /// A list of facts: a resume, a table, a profile.
    Facts,
    /// Somebody else's words about the person.
    Others,
}

impl Genre {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prose => "prose",
            Self::Facts => "facts",
            Self::Others => "others",
        }
    }
}

/// What a document was taken for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// What it is.
    pub genre: Genre,
    /// How much speaks for prose, from 0 to 1; prose from 0.5 on.
    pub score: f64,
}

/// Headings of resumes, in lower case.
const RESUME_HEADINGS: &[&str] = &[
    "experience",
    "work experience",
    "professional experience",
    "employment",
    "employment history",
    "work history",
    "work",
    "career",
    "education",
    "academic background",
    "skills",
    "technical skills",
    "key skills",
    "core competencies",
    "certifications",
    "certificates",
    "licenses",
    "languages",
    "references",
    "publications",
    "awards",
    "honors",
    "honours",
    "volunteering",
    "volunteer experience",
    "interests",
    "hobbies",
    "projects",
    "personal projects",
    "summary",
    "profile",
    "objective",
    "contact",
    "personal details",
    "personal information",
    "talks",
    "training",
    "berufserfahrung",
    "werdegang",
    "ausbildung",
    "kenntnisse",
    "sprachen",
    "persönliche daten",
    "studium",
    "expérience",
    "expérience professionnelle",
    "formation",
    "compétences",
    "langues",
    "loisirs",
    "experiencia",
    "experiencia laboral",
    "experiencia profesional",
    "formación",
    "educación",
    "habilidades",
    "idiomas",
];
/// Words in the names of files with prose.
const PROSE_NAMES: &[&str] = &[
    "post",
    "posts",
    "blog",
    "article",
    "articles",
    "essay",
    "essays",
    "letter",
    "letters",
    "diary",
    "journal",
    "tweets",
    "shares",
    "comments",
    "outbox",
    "status",
    "statuses",
    "newsletter",
    "stories",
    "story",
    "cover",
];
/// And with facts.
const FACTS_NAMES: &[&str] = &[
    "resume",
    "résumé",
    "cv",
    "curriculum",
    "vitae",
    "lebenslauf",
    "profile",
    "skills",
    "positions",
    "education",
    "certifications",
    "languages",
    "projects",
    "actor",
];

static DATE_RANGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\b(?:19|20)\d\d\b\W{0,3}\s*(?:-|–|—|to|until|bis|à|a)\s*(?:[a-zäéû.]{0,10}\s*\b(?:19|20)\d\d\b|present|now|today|current|heute|aujourd|actualidad)",
    )
    .ok()
});
/// Days, years, numbers: what heads a post that has no title.
static DAY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:(?:post|day|no|nr|tweet|entry)\W*)?(?:\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*|\d{1,2}\.? [a-zäéû]{3,10}\.?,? \d{4}|[a-z]{3,10}\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,5})\W*$").ok()
});

/// Tells prose from lists of facts by layout, small words, headings, spans of years and the document's name.
#[must_use]
pub fn genre(source: &Source<'_>) -> Verdict {
    let heading = |part: &Part| {
        matches!(part.kind, PartKind::Heading(_)).then(|| title(&source.text[part.span.clone()]).to_lowercase())
    };
    let headings: Vec<String> = source.parts.iter().filter_map(heading).collect();
    let first = headings.first().map(String::as_str).unwrap_or_default();
    let folded = source.name.to_lowercase();
    if first.starts_with("recommendations received") || folded.contains("recommendations_received") {
        return Verdict { genre: Genre::Others, score: 0.0 };
    }
    let mut score = 0.0;
    let words = |part: &Part| source.text[part.span.clone()].split_whitespace().count() as f64;
    let total =
        |kinds: &[PartKind]| -> f64 { source.parts.iter().filter(|p| kinds.contains(&p.kind)).map(words).sum() };
    let running = total(&[PartKind::Paragraph]);
    let listed = total(&[PartKind::Item, PartKind::Row, PartKind::Label]);
    score += 5.0 * (running / (running + listed).max(1.0) - 0.6);
    let text = cut(source.text);
    let all: Vec<&str> = text.sentences.iter().flat_map(|s| s.words.iter().map(|w| w.text.as_str())).collect();
    if let Some(lists) = lists::words(Language::guess(all.iter().copied())) {
        let small = all.iter().filter(|word| lists.function.binary_search(word).is_ok()).count() as f64;
        // Running text has about half small words, a resume a third.
        score += 10.0 * (small / all.len() as f64 - 0.38);
        let own = all.iter().filter(|word| lists.first_person.binary_search(word).is_ok()).count() as f64;
        score += (50.0 * own / all.len() as f64).min(1.0);
    } else if all.len() >= 5 {
        // Of a language without lists the layout has to say it; of anything else there is no language to it.
        score += if text.sentences.iter().filter(|s| s.words.len() >= 5).count() * 2 >= text.sentences.len() {
            0.0
        } else {
            -1.5
        };
    }
    let resume = headings.iter().filter(|heading| RESUME_HEADINGS.contains(&heading.as_str())).count();
    score -= 1.5 * resume.min(3) as f64;
    let spans = DATE_RANGE.as_ref().map_or(0, |range| range.find_iter(source.text).count());
    score -= spans.min(4) as f64;
    let named = |list: &[&str]| folded.split(|c: char| !c.is_alphanumeric()).any(|word| list.contains(&word));
    score += 1.5 * f64::from(u8::from(named(PROSE_NAMES))) - 1.5 * f64::from(u8::from(named(FACTS_NAMES)));
    let given = matches!(first, "posts" | "comments" | "media" | "recommendations given");
    score += if source.is_posts || given { 2.5 } else { 0.0 };
    if running == 0.0 {
        score = score.min(-1.0);
    }
    let score = 1.0 / (1.0 + (-score).exp());
    Verdict { genre: if score >= 0.5 { Genre::Prose } else { Genre::Facts }, score }
}

fn title(heading: &str) -> &str {
    heading.trim_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '=' | '-' | '*' | ':'))
}

/// Where the texts of a document are: each post of a list of posts by itself, anything else as one. Headings and the
/// labels under them (`Date: …`) are no part of a text. Ranges are bytes of the document's text, in order.
#[must_use]
pub fn texts_of(source: &Source<'_>) -> Vec<Range<usize>> {
    let level = posts_level(source);
    let mut out: Vec<Range<usize>> = Vec::new();
    let mut open: Option<Range<usize>> = None;
    for part in source.parts {
        let opens = matches!((part.kind, level), (PartKind::Heading(here), Some(level)) if here <= level);
        if opens {
            out.extend(open.take());
        }
        match (part.kind, &mut open) {
            (PartKind::Heading(_) | PartKind::Label, None) => {}
            // A heading at the end of a text belongs to nothing.
            (PartKind::Heading(_), Some(_)) => {}
            (_, Some(range)) => range.end = part.span.end,
            (_, None) => open = Some(part.span.clone()),
        }
    }
    out.extend(open);
    out.retain(|range| source.text[range.clone()].contains(char::is_alphanumeric));
    out
}

/// The level of the headings that part posts.
fn posts_level(source: &Source<'_>) -> Option<u8> {
    let at = |level: u8| {
        let headings = source.parts.iter().filter(move |part| part.kind == PartKind::Heading(level));
        headings.map(|part| title(&source.text[part.span.clone()]))
    };
    if source.is_posts {
        return Some(2);
    }
    let first = source.parts.iter().find(|part| matches!(part.kind, PartKind::Heading(_)));
    let first = first.map(|part| title(&source.text[part.span.clone()]).to_lowercase()).unwrap_or_default();
    if matches!(first.as_str(), "posts" | "comments" | "media" | "recommendations given") {
        return Some(2);
    }
    let day = DAY.as_ref()?;
    (1..=6).find(|level| {
        let (all, days) = (at(*level).count(), at(*level).filter(|heading| day.is_match(heading)).count());
        all >= 3 && days * 10 >= all * 6
    })
}
