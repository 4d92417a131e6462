//! Patterns, names and policy put together.

use std::collections::BTreeMap;
use std::ops::Range;

use super::masked::{Find, MaskedDocument};
use super::model::{join, names};
use super::page::Page;
use super::person::{self, Hints, Known, own_names};
use super::policy::Treatment;
use super::recognizer::{EMAIL, RECOGNIZERS};
use super::span::{Entity, Layer, Span, placeholders, resolve};
use super::vault::{Place, Surrogates, Vault};
use crate::document::{Block, BlockKind, Document};
use crate::id::ContentHash;

/// Takes the place of what is already masked while looking for more. It is no letter, digit, space or line end, so
/// that no recognizer reads across it, and no recognizer counts how many stand in a row.
const BLANK: char = '\u{1}';

/// Which bytes of the text went where in the masked text.
type Move = (Range<usize>, Range<usize>);

/// What the person decides about masking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Names of the person, in full where possible; every form of each is masked.
    pub names: Vec<String>,
    /// Texts that are never masked.
    pub allow: Vec<String>,
    /// Texts that always are, as a person, or as another kind when written `email:text`.
    pub deny: Vec<String>,
    /// Kinds left alone.
    pub off: Vec<Entity>,
    /// What becomes of a kind's values, where it is no placeholder.
    pub treatments: BTreeMap<Entity, Treatment>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            off: Entity::OPTIONAL.to_vec(),
            treatments: BTreeMap::new(),
        }
    }
}

/// Masks documents after one policy, with the names learned from all of them.
#[derive(Clone, Debug)]
pub struct Masker {
    known: Known,
    allow: Vec<String>,
    deny: Vec<(Entity, String)>,
    off: Vec<Entity>,
    treatments: BTreeMap<Entity, Treatment>,
}

/// What one reading of a text tells about the people in it.
struct Learned {
    /// Names its author gives as their own.
    own: Vec<String>,
    /// Other people.
    others: Vec<String>,
    users: Vec<String>,
}

impl Masker {
    /// Whether a kind's values are replaced by invented ones.
    #[must_use]
    pub fn invents(&self) -> bool {
        self.treatments.values().any(|treatment| *treatment == Treatment::Surrogate)
    }

    /// Learns the names of all `documents`, so that a name told in one is masked in each.
    #[must_use]
    pub fn new(policy: Policy, documents: &[Document]) -> Self {
        Self::with_finds(policy, documents, &[])
    }

    /// The same, with what a model found in each of them; the names among it are learned too.
    #[must_use]
    pub fn with_finds(policy: Policy, documents: &[Document], finds: &[Vec<Span>]) -> Self {
        let deny = policy.deny.iter().filter(|text| !text.trim().is_empty()).map(|text| entity_prefix(text)).collect();
        let allow = policy.allow.iter().map(|text| fold(text)).collect();
        let (mut off, mut treatments) = (policy.off, policy.treatments);
        // A kept kind is not looked for; a text that the person listed is masked all the same.
        off.extend(
            treatments.iter().filter(|(_, treatment)| **treatment == Treatment::Keep).map(|(entity, _)| *entity),
        );
        treatments.retain(|_, treatment| *treatment != Treatment::Keep);
        let mut masker = Self { known: Known::default(), allow, deny, off, treatments };
        let finds = finds.iter().map(Vec::as_slice).chain(std::iter::repeat(&[] as &[Span]));
        let learned = documents.iter().zip(finds).map(|(document, finds)| Self::learn(document, finds)).collect();
        masker.add(policy.names, learned);
        masker
    }

    fn add(&mut self, names: Vec<String>, learned: Vec<Learned>) {
        let mut own: Vec<String> = names;
        let (mut others, mut users) = (Vec::new(), Vec::new());
        for learned in learned {
            own.extend(learned.own);
            others.extend(learned.others);
            users.extend(learned.users);
        }
        // Full names first: `Zdenka` alone is then a form of one of them, whichever document comes first.
        let full = |name: &String| {
            std::cmp::Reverse(
                name.split_whitespace().filter(|word| word.trim_end_matches('.').chars().count() > 1).count(),
            )
        };
        own.sort_by_key(full);
        others.sort_by_key(full);
        for person in own.iter().chain(&others) {
            if !self.allowed(person) {
                self.known.add(person);
            }
        }
        for user in users {
            self.known.add_user_name(&user);
        }
    }

    fn learn(document: &Document, finds: &[Span]) -> Learned {
        let rest = Rest::new(document.expose_text(), Vec::new());
        let page = Page::new(&rest.text);
        let mut learned = Reading::new(&page).learned(&page, document.name());
        learned.others.extend(document.people().iter().cloned());
        learned.others.extend(names(document.expose_text(), finds));
        learned
    }

    /// Everything to be masked in a text: sorted, never overlapping, on character boundaries.
    #[must_use]
    pub fn detect(&self, text: &str) -> Vec<Span> {
        self.detect_beside(text, &Surrogates::default())
    }

    /// The same besides what a vault invented, which is left alone as placeholders are.
    #[must_use]
    pub fn detect_beside(&self, text: &str, surrogates: &Surrogates) -> Vec<Span> {
        self.detect_with(text, &[], surrogates)
    }

    fn detect_with(&self, text: &str, finds: &[Span], surrogates: &Surrogates) -> Vec<Span> {
        stable_with(text, surrogates.places(text), &self.wanted(text, finds), |page, out| {
            let reading = Reading::new(page);
            self.known.find(page, page.is_whole(), out);
            self.settle(reading, out);
        })
    }

    /// What was missed by little: scores from `least` to below 0.5, none of it beside what [`detect`](Self::detect)
    /// finds. For a person to look at.
    #[must_use]
    pub fn near_misses(&self, text: &str, least: f32) -> Vec<Span> {
        let rest = Rest::new(text, self.detect(text).into_iter().map(|span| span.range).collect());
        let page = Page::new(&rest.text);
        let mut reading = Reading::new(&page);
        reading.people.clear();
        person::near(&page, page.words(), &Hints::new(&rest.text, &reading.patterns), least, &mut reading.people);
        let mut near = Vec::new();
        self.settle(reading, &mut near);
        near.retain(|span| (least..0.5).contains(&span.score) && !rest.text[span.range.clone()].contains(BLANK));
        let mut near = resolve(near);
        near.iter_mut().for_each(|span| span.range = rest.original(&span.range));
        near
    }

    /// Masks one text by itself: the names it tells are known in it, and in no other.
    pub fn mask_alone(&self, text: &str, vault: &mut Vault) -> (String, Vec<Span>) {
        let found = self.detect_alone(text, vault.surrogates());
        (found.masked(text, vault), found.spans)
    }

    /// The first half of [`mask_alone`](Self::mask_alone), which changes no vault: texts can be read at the same time.
    /// What a vault invented is left alone; where there is nothing of the kind, it is the default.
    #[must_use]
    pub fn detect_alone(&self, text: &str, surrogates: &Surrogates) -> Detected {
        self.detect_alone_with(text, &[], surrogates)
    }

    /// The same, with what a model found in it.
    #[must_use]
    pub fn detect_alone_with(&self, text: &str, finds: &[Span], surrogates: &Surrogates) -> Detected {
        let mut masker = self.clone();
        let mut told = names(text, finds);
        let spans = stable_with(text, surrogates.places(text), &self.wanted(text, finds), |page, out| {
            let reading = Reading::new(page);
            let known = masker.known.size();
            let mut learned = reading.learned(page, "");
            learned.others.append(&mut told);
            masker.add(Vec::new(), vec![learned]);
            masker.known.find(page, page.is_whole() || masker.known.size() > known, out);
            masker.settle(reading, out);
        });
        Detected { masker, spans }
    }

    /// Adds what was read, and applies the policy.
    fn settle(&self, reading: Reading<'_>, out: &mut Vec<Span>) {
        let text = reading.text;
        out.extend(reading.patterns);
        out.extend(reading.people);
        out.retain(|span| !self.off.contains(&span.entity) && !self.allowed(&text[span.range.clone()]));
        for (entity, value) in &self.deny {
            let listed = |range| Span::new(range, *entity, 1.0).by(Layer::Listed, "a text to be masked");
            out.extend(occurrences(text, value).map(listed));
        }
    }

    /// What a model found, as far as the policy wants it.
    fn wanted(&self, text: &str, finds: &[Span]) -> Vec<Span> {
        let wanted = |span: &&Span| {
            let value = text.get(span.range.clone());
            !self.off.contains(&span.entity) && value.is_some_and(|value| !self.allowed(value))
        };
        finds.iter().filter(wanted).cloned().collect()
    }

    fn allowed(&self, text: &str) -> bool {
        !self.allow.is_empty() && self.allow.contains(&fold(text))
    }

    /// Masks a text; the spans are those of the text as it came.
    pub fn mask_text(&self, text: &str, vault: &mut Vault) -> (String, Vec<Span>) {
        let spans = self.detect_beside(text, vault.surrogates());
        (self.replace(text, &spans, vault).0, spans)
    }

    /// Masks a document.
    pub fn mask(&self, document: &Document, vault: &mut Vault) -> MaskedDocument {
        self.mask_with(document, &[], vault)
    }

    /// The same, with what a model found in it.
    pub fn mask_with(&self, document: &Document, finds: &[Span], vault: &mut Vault) -> MaskedDocument {
        let original = document.expose_text();
        let spans = self.detect_with(original, finds, vault.surrogates());
        let (text, moves) = self.replace(original, &spans, vault);
        let blocks = document
            .blocks()
            .iter()
            .map(|block| Block {
                kind: self.mask_kind(&block.kind, original, finds, vault),
                span: moved(&block.span, &moves),
            })
            .collect();
        let finds = spans
            .iter()
            .zip(&moves)
            .map(|(span, (original, range))| Find {
                entity: span.entity,
                score: span.score,
                layer: span.layer,
                rule: span.rule,
                range: range.clone(),
                original: original.clone(),
            })
            .collect();
        let mut counts = BTreeMap::new();
        for span in &spans {
            *counts.entry(span.entity).or_default() += 1;
        }
        MaskedDocument {
            name: self.mask_name(document.name()),
            hash: ContentHash::of(text.as_bytes()),
            text,
            blocks,
            counts,
            finds,
        }
    }

    /// Replaces spans by what stands for them; also says which bytes went where.
    fn replace(&self, text: &str, spans: &[Span], vault: &mut Vault) -> (String, Vec<Move>) {
        let mut masked = String::with_capacity(text.len());
        let mut moves = Vec::with_capacity(spans.len());
        let mut end = 0;
        if text.contains('[') {
            vault.pass_over(text);
        }
        for (index, span) in spans.iter().enumerate() {
            masked.push_str(&text[end..span.range.start]);
            let form = &text[span.range.clone()];
            let value = self.known.canonical(span.entity, form).unwrap_or(form);
            let start = masked.len();
            let treatment = self.treatments.get(&span.entity).copied().unwrap_or_default();
            if treatment == Treatment::Placeholder {
                masked.push_str(&vault.placeholder_for(span.entity, value, form));
            } else {
                // Of a value that follows at once it is not known yet how it will begin.
                let touched = spans.get(index + 1).is_some_and(|next| next.range.start == span.range.end);
                let after = if touched { Some('x') } else { text[span.range.end..].chars().next() };
                let sides = (masked.chars().next_back(), after);
                let place = Place { entity: span.entity, value, form, text, sides };
                masked.push_str(&vault.replacement(treatment, &place));
            }
            moves.push((span.range.clone(), start..masked.len()));
            end = span.range.end;
        }
        masked.push_str(&text[end..]);
        (masked, moves)
    }

    /// The label of a key-value block is text of the person too. A model that read it in `original` need not read it
    /// again.
    fn mask_kind(&self, kind: &BlockKind, original: &str, finds: &[Span], vault: &mut Vault) -> BlockKind {
        match kind {
            BlockKind::KeyValue { key } => {
                let again = finds.iter().filter_map(|find| Some((find, original.get(find.range.clone())?)));
                let again =
                    again.flat_map(|(find, value)| occurrences(key, value).map(|range| Span { range, ..find.clone() }));
                let spans = self.detect_with(key, &resolve(again.collect()), vault.surrogates());
                BlockKind::KeyValue { key: self.replace(key, &spans, vault).0 }
            }
            other => other.clone(),
        }
    }

    /// Paths go into manifests and rows, where a placeholder would read as part of the text.
    fn mask_name(&self, path: &str) -> String {
        let mut spans = Vec::new();
        self.known.find_in_path(path, &mut spans);
        EMAIL.find(&Page::new(path), &mut spans);
        // The end of a file's name is no end of a host: `ada@example.org.txt`.
        if let Some((stem, _)) = path.rsplit_once('.') {
            EMAIL.find(&Page::new(stem), &mut spans);
        }
        let mut masked = String::with_capacity(path.len());
        let mut end = 0;
        for span in resolve(spans) {
            masked.push_str(&path[end..span.range.start]);
            masked.push_str("person");
            end = span.range.end;
        }
        masked.push_str(&path[end..]);
        masked
    }
}

/// What was found in one text masked by itself, with the names that the text told.
#[derive(Clone, Debug)]
pub struct Detected {
    masker: Masker,
    /// Sorted, never overlapping, on character boundaries.
    pub spans: Vec<Span>,
}

impl Detected {
    /// The text that was read, masked.
    pub fn masked(&self, text: &str, vault: &mut Vault) -> String {
        self.masker.replace(text, &self.spans, vault).0
    }
}

/// One reading of a page, before any policy.
struct Reading<'t> {
    text: &'t str,
    patterns: Vec<Span>,
    people: Vec<Span>,
}

impl<'t> Reading<'t> {
    fn new(page: &Page<'t>) -> Self {
        let text = page.text();
        let mut patterns = Vec::new();
        for recognizer in RECOGNIZERS {
            recognizer.find(page, &mut patterns);
        }
        let hints = Hints::new(text, &patterns);
        let mut people = Vec::new();
        person::find(page, page.words(), &hints, &mut people);
        Self { text, patterns, people }
    }

    /// What it tells about people.
    fn learned(&self, page: &Page<'_>, name: &str) -> Learned {
        let mut found = self.people.clone();
        let patterns = resolve(self.patterns.clone());
        found.retain(|span| !patterns.iter().any(|taken| taken.overlaps(&span.range)));
        let others = resolve(found).into_iter().map(|span| self.text[span.range].to_owned()).collect();
        Learned { own: own_names(name, page, &patterns), others, users: user_names(self.text, &patterns) }
    }
}

/// Runs `find` until what it found, once blanked, lets nothing more be found.
///
/// Without this, masking could change the surroundings of a value that was missed so that a second masking finds it.
/// After the first time only the lines near a change are read again.
/// What is masked already besides placeholders is `taken`.
pub(super) fn until_stable(
    text: &str,
    taken: Vec<Range<usize>>,
    find: impl FnMut(&Page<'_>, &mut Vec<Span>),
) -> Vec<Span> {
    stable_with(text, taken, &[], find)
}

/// The same; what a model found in the text joins what the first reading finds.
fn stable_with(
    text: &str,
    taken: Vec<Range<usize>>,
    finds: &[Span],
    mut find: impl FnMut(&Page<'_>, &mut Vec<Span>),
) -> Vec<Span> {
    let mut rest = Rest::new(text, taken);
    let mut all = Vec::new();
    let mut changed: Option<Vec<Range<usize>>> = None;
    for round in 0.. {
        let page = changed.as_ref().map_or_else(|| Page::new(&rest.text), |changed| Page::near(&rest.text, changed));
        let mut found = Vec::new();
        find(&page, &mut found);
        found.retain(|span| span.score >= 0.5 && !rest.text[span.range.clone()].contains(BLANK));
        if round >= ROUNDS {
            found.iter_mut().for_each(|span| span.range = rest.piece(&span.range));
        }
        let mut found = resolve(found);
        found.iter_mut().for_each(|span| span.range = rest.original(&span.range));
        if round == 0 && !finds.is_empty() {
            join(text, &rest.taken, finds, &mut found);
            found = resolve(found);
        }
        if found.is_empty() {
            break;
        }
        changed = Some(rest.take(&found));
        all.extend(found);
    }
    all.sort_by_key(|span: &Span| span.range.start);
    all
}

/// Values that hide each other, as numbers without a blank between them do, are found one a time. After so many times
/// the rest of their line goes with them, so that no text takes for ever.
const ROUNDS: usize = 12;

/// What is left of a text to be read.
///
/// What is masked is as long as every other placeholder, so that the last reading before a text is masked and the
/// first reading of the masked text read the same.
struct Rest<'t> {
    whole: &'t str,
    /// Bytes of the whole that are masked, sorted.
    taken: Vec<Range<usize>>,
    text: String,
    /// Where the parts between them begin: in `text`, and in the whole.
    parts: Vec<(usize, usize)>,
}

impl<'t> Rest<'t> {
    /// The text with its placeholders blanked, and what else is masked.
    fn new(whole: &'t str, mut taken: Vec<Range<usize>>) -> Self {
        if whole.contains('[') {
            let apart =
                |range: &Range<usize>| !taken.iter().any(|other| range.start < other.end && other.start < range.end);
            let placeholders: Vec<_> = placeholders(whole).map(|(range, ..)| range).filter(apart).collect();
            taken.extend(placeholders);
            taken.sort_by_key(|range| range.start);
        }
        let mut rest = Self { whole, taken, text: String::new(), parts: Vec::new() };
        rest.write();
        rest
    }

    fn write(&mut self) {
        self.text.clear();
        self.text.reserve(self.whole.len());
        self.parts.clear();
        let mut end = 0;
        for range in &self.taken {
            self.parts.push((self.text.len(), end));
            self.text.push_str(&self.whole[end..range.start]);
            self.text.extend([BLANK; BLANKS]);
            end = range.end;
        }
        self.parts.push((self.text.len(), end));
        self.text.push_str(&self.whole[end..]);
    }

    /// Bytes of the whole for bytes of a part.
    fn original(&self, range: &Range<usize>) -> Range<usize> {
        let part = self.parts.partition_point(|(at, _)| *at <= range.start).saturating_sub(1);
        let (at, whole) = self.parts[part];
        whole + range.start - at..whole + range.end - at
    }

    /// The line that some bytes are in, as far as nothing in it is masked.
    fn piece(&self, range: &Range<usize>) -> Range<usize> {
        let border = |c: char| matches!(c, '\n' | BLANK);
        let start = self.text[..range.start].rfind(border).map_or(0, |at| at + 1);
        let end = self.text[range.end..].find(border).map_or(self.text.len(), |at| range.end + at);
        start..end
    }

    /// Blanks what was found, sorted, in bytes of the whole; says where in the new text it was.
    fn take(&mut self, found: &[Span]) -> Vec<Range<usize>> {
        self.taken.extend(found.iter().map(|span| span.range.clone()));
        self.taken.sort_by_key(|range| range.start);
        self.write();
        found
            .iter()
            .map(|span| {
                let part = self.parts.partition_point(|(_, whole)| *whole <= span.range.start);
                let end = self.parts.get(part).map_or(self.text.len(), |(at, _)| *at);
                end.saturating_sub(BLANKS)..end
            })
            .collect()
    }
}

/// How many [`BLANK`]s stand for a value.
const BLANKS: usize = 8;

/// Where a block lies once the text is masked. A border inside a value goes to the end of its placeholder, so that
/// blocks still never overlap.
fn moved(span: &Range<usize>, moves: &[Move]) -> Range<usize> {
    let position = |at: usize| {
        let index = moves.partition_point(|(from, _)| from.start < at);
        let Some((from, to)) = index.checked_sub(1).and_then(|last| moves.get(last)) else { return at };
        to.end + at.saturating_sub(from.end)
    };
    position(span.start)..position(span.end)
}

/// User names among what was found: `zmorvaille` in `github.com/zmorvaille` and in `@zmorvaille`.
fn user_names(text: &str, found: &[Span]) -> Vec<String> {
    let site = |value: &str| {
        let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
        let mut parts = rest.split(['/', '?', '#']);
        let host = parts.next().unwrap_or_default().trim_start_matches("www.").to_lowercase();
        let mut path = parts.filter(|part| !part.is_empty());
        let named = |host: &str| {
            [
                "github",
                "gitlab",
                "twitter",
                "x",
                "instagram",
                "facebook",
                "behance",
                "dribbble",
                "kaggle",
                "bitbucket",
                "keybase",
                "codeberg",
                "medium",
                "t",
                "linkedin",
                "dev",
                "soundcloud",
            ]
            .contains(&host)
        };
        if !named(host.rsplit('.').nth(1).unwrap_or_default()) {
            return None;
        }
        let first = path.next()?;
        let user = if matches!(first, "in" | "pub" | "users" | "profile") { path.next()? } else { first };
        Some(user.trim_start_matches('@').to_owned())
    };
    let software = code_owners(text, found) > MANY_OWNERS;
    found
        .iter()
        .filter_map(|span| match span.entity {
            Entity::Handle => Some(text[span.range.clone()].trim_start_matches(['@', '＠']).to_owned()),
            Entity::Url if software && owner(&text[span.range.clone()]).is_some() => None,
            Entity::Url => site(&text[span.range.clone()]),
            _ => None,
        })
        .filter(|user| !OWN_PATHS.contains(&user.to_lowercase().as_str()))
        .collect()
}

/// More owners of repositories than this in one text, and it is about software, not about those people.
const MANY_OWNERS: usize = 3;

/// The owner in `github.com/owner/repository`.
fn owner(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let mut parts = rest.split('/');
    let host = parts.next()?.trim_start_matches("www.");
    let owner = parts.next().filter(|part| !part.is_empty())?;
    let code = ["github.com", "gitlab.com", "codeberg.org", "bitbucket.org"].contains(&host);
    (code && parts.next().is_some_and(|repository| !repository.is_empty())).then_some(owner)
}

fn code_owners(text: &str, found: &[Span]) -> usize {
    let urls = found.iter().filter(|span| span.entity == Entity::Url);
    urls.filter_map(|span| owner(&text[span.range.clone()])).collect::<std::collections::BTreeSet<_>>().len()
}

/// Paths of those sites that are nobody's.
const OWN_PATHS: &[&str] = &[
    "about", "blog", "home", "search", "explore", "features", "login", "share", "orgs", "topics", "intent", "status",
    "watch", "groups", "company",
];

/// `email:text` names its kind; anything else is a person.
fn entity_prefix(text: &str) -> (Entity, String) {
    let named = text.split_once(':').and_then(|(word, rest)| Some((word.trim().parse().ok()?, rest.trim().to_owned())));
    named.filter(|(_, rest)| !rest.is_empty()).unwrap_or_else(|| (Entity::Person, text.trim().to_owned()))
}

fn fold(text: &str) -> String {
    text.trim().trim_start_matches('@').to_lowercase()
}

/// Whole-word occurrences of `value`, whatever the case.
fn occurrences<'a>(text: &'a str, value: &'a str) -> impl Iterator<Item = Range<usize>> {
    let first = value.chars().next();
    text.char_indices().filter_map(move |(start, c)| {
        if !first.is_some_and(|first| first.to_lowercase().eq(c.to_lowercase())) {
            return None;
        }
        let mut rest = text[start..].chars();
        let mut end = start;
        for wanted in value.chars() {
            let c = rest.next().filter(|c| wanted.to_lowercase().eq(c.to_lowercase()))?;
            end += c.len_utf8();
        }
        let inside = |edge: Option<char>, own: Option<char>| {
            edge.is_some_and(char::is_alphanumeric) && own.is_some_and(char::is_alphanumeric)
        };
        let cut = inside(text[..start].chars().next_back(), first)
            || inside(text[end..].chars().next(), value.chars().next_back());
        (!cut).then_some(start..end)
    })
}
