//! The one place that knows which value a placeholder stands for. It stays on the person's machine.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize, Serializer};
use unicode_normalization::UnicodeNormalization;

use super::policy::Treatment;
use super::span::{Entity, Layer, Mark, hashed, placeholder, placeholders, redacted};
use super::surrogate::{Draw, Word, folded, invent, name_word, name_words, surrogate, telling};

/// The layout of a vault that holds numbers alone.
const VERSION: u32 = 1;
/// With a salt, hashes, surrogates and invented words.
const SALTED: u32 = 2;

/// How often another surrogate is drawn where one is taken.
const ATTEMPTS: u32 = 64;

/// Placeholders and what they stand for, shared by all documents of a workspace.
///
/// The same value has the same placeholder everywhere, and numbers are never given anew: a vault read back goes on
/// counting where it stopped. It holds the originals, so its `Debug` shows counts only.
///
/// Hashes and surrogates follow from a salt that the vault draws when it is first asked for one.
#[derive(Clone, Default, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Vault {
    salt: Option<Salt>,
    entries: BTreeMap<Entity, BTreeMap<String, Entry>>,
    /// Folded word of a name, address or user name → what stands for it, with a capital.
    words: BTreeMap<String, String>,
    /// What was redacted: looked for in prompts, but kept in no file.
    lost: BTreeMap<Entity, BTreeSet<String>>,
    index: Index,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    number: u32,
    /// What `restore` puts back.
    value: String,
    /// Every other spelling met so far.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    forms: BTreeSet<String>,
    /// What stands behind the `h` of its placeholder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// Spelling → surrogate.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    surrogates: BTreeMap<String, String>,
}

/// The highest number of a placeholder.
const LAST: u32 = 999_999_999;

/// Made anew whenever a vault is read: what is asked of it without going through all entries.
#[derive(Clone, Default)]
struct Index {
    /// The highest number given.
    last: BTreeMap<Entity, u32>,
    /// Key of the entry that has a number.
    numbers: HashMap<(Entity, u32), String>,
    /// Key of the entry that has a hash.
    hashes: HashMap<(Entity, String), String>,
    /// How a person was spelt → the first key, in their order, of those spelt so.
    people: HashMap<String, String>,
    /// The invented words, folded.
    invented: BTreeSet<String>,
    surrogates: Surrogates,
    /// Whose each of them is, and the spelling it stands for.
    owners: Vec<Owner>,
}

#[derive(Clone)]
struct Owner {
    entity: Entity,
    key: String,
    form: String,
}

/// The values that a vault invented, without those they stand for.
///
/// They have the shapes of personal data, so a check by shape has to be told of them.
#[derive(Clone, Debug, Default)]
pub struct Surrogates {
    texts: Vec<String>,
    /// First run of letters and digits → the surrogates that begin with it, longest first, and where it begins in each.
    by_head: HashMap<String, Vec<(usize, usize)>>,
}

impl Surrogates {
    /// What [`scan`](super::scan) finds in the text besides them.
    #[must_use]
    pub fn scan(&self, text: &str) -> Vec<super::Span> {
        super::shapes(text, &Entity::OPTIONAL, self.places(text))
    }

    /// Where they stand in a text.
    pub(super) fn places(&self, text: &str) -> Vec<Range<usize>> {
        self.find(text).into_iter().map(|(range, _)| range).collect()
    }

    fn insert(&mut self, text: String) {
        let Some(head) = runs(&text).next() else { return };
        let id = self.texts.len();
        let heads = self.by_head.entry(text[head.clone()].to_owned()).or_default();
        let at = heads.partition_point(|(other, _)| self.texts[*other].len() >= text.len());
        heads.insert(at, (id, head.start));
        self.texts.push(text);
    }

    /// Where they stand by themselves, from left to right, the longest first.
    fn find(&self, text: &str) -> Vec<(Range<usize>, usize)> {
        let mut found = Vec::new();
        if self.texts.is_empty() {
            return found;
        }
        let mut free = 0;
        for run in runs(text) {
            if run.start < free {
                continue;
            }
            for (id, before) in self.by_head.get(&text[run.clone()]).into_iter().flatten() {
                let made = &self.texts[*id];
                let Some(start) = run.start.checked_sub(*before).filter(|start| *start >= free) else { continue };
                let end = start + made.len();
                if text.get(start..end) == Some(made)
                    && apart(text[..start].chars().next_back(), made, text[end..].chars().next())
                {
                    found.push((start..end, *id));
                    free = end;
                    break;
                }
            }
        }
        found
    }
}

/// The runs of letters and digits.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text.get(at..)?.find(char::is_alphanumeric)?;
        at = text[start..].find(|c: char| !c.is_alphanumeric()).map_or(text.len(), |length| start + length);
        Some(start..at)
    })
}

/// Whether a surrogate can be told from what stands on either side.
fn apart(before: Option<char>, made: &str, after: Option<char>) -> bool {
    let joined = |side: Option<char>, own: Option<char>| {
        side.is_some_and(char::is_alphanumeric) && own.is_some_and(char::is_alphanumeric)
    };
    !joined(before, made.chars().next()) && !joined(made.chars().next_back(), after)
}

/// A value and the text around it.
pub(super) struct Place<'t> {
    /// What it is.
    pub(super) entity: Entity,
    /// The value.
    pub(super) value: &'t str,
    /// As the text spells it.
    pub(super) form: &'t str,
    /// The whole text as it came.
    pub(super) text: &'t str,
    /// What stands before and behind it in the masked text.
    pub(super) sides: (Option<char>, Option<char>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Salt([u8; 32]);

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        serializer.serialize_str(&hex)
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        let mut salt = [0; 32];
        for (index, byte) in salt.iter_mut().enumerate() {
            let digits = hex.get(index * 2..index * 2 + 2).filter(|_| hex.len() == 64);
            *byte = digits
                .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                .ok_or_else(|| serde::de::Error::custom("the salt is not 64 hex digits"))?;
        }
        Ok(Self(salt))
    }
}

#[derive(Deserialize)]
struct Stored {
    version: u32,
    #[serde(default)]
    salt: Option<Salt>,
    entries: BTreeMap<Entity, BTreeMap<String, Entry>>,
    #[serde(default)]
    words: BTreeMap<String, String>,
}

impl TryFrom<Stored> for Vault {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        if !(VERSION..=SALTED).contains(&stored.version) {
            return Err(format!(
                "this vault has version {}, only {VERSION} and {SALTED} are known here",
                stored.version
            ));
        }
        for (entity, entries) in &stored.entries {
            let mut numbers = BTreeSet::new();
            for entry in entries.values() {
                if !(1..=LAST).contains(&entry.number) || !numbers.insert(entry.number) {
                    return Err(format!(
                        "the {entity} numbers of this vault are damaged: {} is there twice or is no \
                        number of a placeholder",
                        entry.number
                    ));
                }
            }
        }
        let mut vault = Self { salt: stored.salt, entries: stored.entries, words: stored.words, ..Self::default() };
        vault.index = Index::of(&vault.entries, &vault.words);
        Ok(vault)
    }
}

impl Serialize for Vault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Out<'v> {
            version: u32,
            #[serde(skip_serializing_if = "Option::is_none")]
            salt: Option<Salt>,
            entries: &'v BTreeMap<Entity, BTreeMap<String, Entry>>,
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            words: &'v BTreeMap<String, String>,
        }
        // Earlier versions of this program read what they can keep, and nothing else.
        let version = if self.salt.is_some() { SALTED } else { VERSION };
        Out { version, salt: self.salt, entries: &self.entries, words: &self.words }.serialize(serializer)
    }
}

impl PartialEq for Vault {
    fn eq(&self, other: &Self) -> bool {
        self.salt == other.salt && self.entries == other.entries && self.words == other.words
    }
}

impl Eq for Vault {}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(entity, entries)| (entity, entries.len()))).finish()
    }
}

impl Index {
    fn of(entries: &BTreeMap<Entity, BTreeMap<String, Entry>>, words: &BTreeMap<String, String>) -> Self {
        let mut index = Self::default();
        index.invented.extend(words.values().map(|word| folded(word)));
        for (entity, entries) in entries {
            for (key, entry) in entries {
                index.number(*entity, entry.number, key);
                for form in &entry.forms {
                    index.form(*entity, form, key);
                }
                if let Some(hash) = &entry.hash {
                    index.hashes.insert((*entity, hash.clone()), key.clone());
                }
                // The full value first: where two spellings have one surrogate, it stands for the better one.
                let full = entry.surrogates.get_key_value(&entry.value);
                let rest = entry.surrogates.iter().filter(|(form, _)| **form != entry.value);
                for (form, made) in full.into_iter().chain(rest) {
                    index.surrogate(*entity, key, form, made);
                }
            }
        }
        index
    }

    fn number(&mut self, entity: Entity, number: u32, key: &str) {
        let last = self.last.entry(entity).or_default();
        *last = number.max(*last);
        self.numbers.insert((entity, number), key.to_owned());
    }

    fn form(&mut self, entity: Entity, form: &str, key: &str) {
        if entity == Entity::Person {
            let known = self.people.entry(normalise(entity, form)).or_insert_with(|| key.to_owned());
            if key < known.as_str() {
                key.clone_into(known);
            }
        }
    }

    fn owner(&self, made: &str) -> Option<&Owner> {
        let head = runs(made).next()?;
        let (id, _) =
            self.surrogates.by_head.get(&made[head])?.iter().find(|(id, _)| self.surrogates.texts[*id] == made)?;
        self.owners.get(*id)
    }

    fn surrogate(&mut self, entity: Entity, key: &str, form: &str, made: &str) {
        if self.owner(made).is_none() && runs(made).next().is_some() {
            self.surrogates.insert(made.to_owned());
            self.owners.push(Owner { entity, key: key.to_owned(), form: form.to_owned() });
        }
    }
}

impl Vault {
    /// An empty vault with a salt of the caller's: the same salt and values give the same hashes and surrogates.
    #[must_use]
    pub fn with_salt(salt: [u8; 32]) -> Self {
        Self { salt: Some(Salt(salt)), ..Self::default() }
    }

    /// The placeholder of a value, a new one if it has none yet.
    pub fn placeholder(&mut self, entity: Entity, value: &str) -> String {
        self.placeholder_for(entity, value, value)
    }

    /// The placeholder of `value`, which the text spells as `form`.
    pub(crate) fn placeholder_for(&mut self, entity: Entity, value: &str, form: &str) -> String {
        let key = self.entry(entity, value, form);
        placeholder(entity, self.get(entity, &key).map_or(0, |entry| entry.number))
    }

    /// What stands in the place of a value.
    pub(super) fn replacement(&mut self, treatment: Treatment, place: &Place<'_>) -> String {
        let (entity, value, form) = (place.entity, place.value, place.form);
        let made = match treatment {
            Treatment::Keep => Some(form.to_owned()),
            Treatment::Redact => {
                self.lost.entry(entity).or_default().extend([value.to_owned(), form.to_owned()]);
                Some(redacted(entity))
            }
            Treatment::Hash => self.hash(entity, value, form),
            Treatment::Surrogate => self.surrogate(place),
            Treatment::Placeholder => None,
        };
        made.unwrap_or_else(|| self.placeholder_for(entity, value, form))
    }

    /// Passes over the numbers of placeholders that a text had before it was masked: nobody knows what they stand for,
    /// and no value of this vault may seem to be theirs.
    pub(super) fn pass_over(&mut self, text: &str) {
        for (_, entity, mark) in placeholders(text) {
            // A text that says a billion must not use the numbers up.
            if let Mark::Number(number @ ..=1_000_000) = mark {
                let last = self.index.last.entry(entity).or_default();
                *last = number.max(*last);
            }
        }
    }

    /// The key of the entry of a value, a new entry if it has none yet.
    fn entry(&mut self, entity: Entity, value: &str, form: &str) -> String {
        let entries = self.entries.entry(entity).or_default();
        let mut key = normalise(entity, value);
        if entity == Entity::Person && !entries.contains_key(&key) {
            // A person first met by first name only keeps the number when the full name turns up, and the reverse.
            if let Some(known) = self.index.people.get(&key) {
                key.clone_from(known);
            }
        }
        let entry = entries.entry(key.clone()).or_insert_with(|| {
            let number = self.index.last.get(&entity).map_or(1, |last| last.saturating_add(1));
            self.index.number(entity, number, &key);
            Entry { number, value: value.to_owned(), ..Entry::default() }
        });
        if entry.value != form && !entry.forms.contains(form) {
            entry.forms.insert(form.to_owned());
            self.index.form(entity, form, &key);
        }
        key
    }

    fn get(&self, entity: Entity, key: &str) -> Option<&Entry> {
        self.entries.get(&entity)?.get(key)
    }

    fn get_mut(&mut self, entity: Entity, key: &str) -> Option<&mut Entry> {
        self.entries.get_mut(&entity)?.get_mut(key)
    }

    /// Drawn at first use; `None` where the system has no randomness to give.
    fn salt(&mut self) -> Option<[u8; 32]> {
        if self.salt.is_none() {
            let mut salt = [0; 32];
            getrandom::fill(&mut salt).ok()?;
            self.salt = Some(Salt(salt));
        }
        self.salt.map(|salt| salt.0)
    }

    /// `[EMAIL_h3f9a1c]`: six digits, more where two values would share them.
    fn hash(&mut self, entity: Entity, value: &str, form: &str) -> Option<String> {
        let salt = self.salt()?;
        let key = self.entry(entity, value, form);
        if let Some(hash) = self.get(entity, &key).and_then(|entry| entry.hash.as_ref()) {
            return Some(hashed(entity, hash));
        }
        let mut hasher = blake3::Hasher::new_keyed(&salt);
        hasher.update(entity.name().as_bytes()).update(&[0]).update(key.as_bytes());
        let all = hasher.finalize().to_hex();
        let hash = (6..=all.len())
            .filter_map(|length| all.get(..length))
            .find(|hash| !self.index.hashes.contains_key(&(entity, (*hash).to_owned())))?
            .to_owned();
        self.index.hashes.insert((entity, hash.clone()), key.clone());
        let mark = hashed(entity, &hash);
        self.get_mut(entity, &key)?.hash = Some(hash);
        Some(mark)
    }

    /// An invented value; `None` where there is none that can be told from the text around it.
    fn surrogate(&mut self, place: &Place<'_>) -> Option<String> {
        let (entity, form) = (place.entity, place.form);
        let key = self.entry(entity, place.value, form);
        let stands = |made: &str| apart(place.sides.0, made, place.sides.1);
        if let Some(made) = self.get(entity, &key)?.surrogates.get(form) {
            return Some(made.clone()).filter(|made| stands(made));
        }
        let salt = self.salt()?;
        let value = self.get(entity, &key)?.value.clone();
        let mut made = None;
        for attempt in 0..ATTEMPTS {
            let mut draw = Draw::new(&salt, &["value", entity.name(), &key], attempt);
            let mut words = |word: &str, kind| self.word(word, kind, &salt, place.text);
            let drawn = surrogate(entity, &value, form, &mut draw, &mut words)?;
            if self.free(entity, &key, form, &drawn, place.text) {
                made = Some(drawn);
                break;
            }
        }
        let made = made?;
        self.keep(entity, &key, form, &made);
        if entity == Entity::Person {
            // Whoever writes on with the invented name uses its parts.
            for word in name_words(&value) {
                let part = self.word(&folded(word), name_word(&value, word), &salt, place.text);
                if let Some(part) = part.filter(|part| self.free(entity, &key, word, part, "")) {
                    self.keep(entity, &key, word, &part);
                }
            }
        }
        Some(made).filter(|made| stands(made))
    }

    fn keep(&mut self, entity: Entity, key: &str, form: &str, made: &str) {
        self.index.surrogate(entity, key, form, made);
        if let Some(entry) = self.get_mut(entity, key) {
            entry.surrogates.entry(form.to_owned()).or_insert_with(|| made.to_owned());
        }
    }

    /// Whether an invented value is nobody's: of no other value, no value itself, not in the text, of no valid number.
    fn free(&self, entity: Entity, key: &str, form: &str, made: &str, text: &str) -> bool {
        let own = self.index.owner(made).is_none_or(|owner| owner.entity == entity && owner.key == key);
        let known = normalise(entity, made);
        let value = self.entries.get(&entity).is_some_and(|entries| entries.contains_key(&known))
            || (entity == Entity::Person && self.index.people.contains_key(&known));
        let checked = matches!(
            entity,
            Entity::NationalId | Entity::TaxId | Entity::Card | Entity::Iban | Entity::Wallet | Entity::BankAccount
        );
        let valid =
            |made: &str| super::scan(made).iter().any(|span| span.layer == Layer::Checksum || span.entity == entity);
        made != form && telling(entity, made) && own && !value && !text.contains(made) && !(checked && valid(made))
    }

    /// What stands for a folded word.
    fn word(&mut self, word: &str, kind: Word, salt: &[u8; 32], text: &str) -> Option<String> {
        if let Some(made) = self.words.get(word) {
            return Some(made.clone());
        }
        let made = (0..ATTEMPTS)
            .filter_map(|attempt| invent(kind, attempt, &mut Draw::new(salt, &["word", word], attempt)))
            .find(|made| {
                let lower = folded(made);
                !self.index.invented.contains(&lower)
                    && !self.words.contains_key(&lower)
                    && lower != word
                    && !text.contains(made)
            })?;
        self.index.invented.insert(folded(&made));
        self.words.insert(word.to_owned(), made.clone());
        Some(made)
    }

    /// The values it invented so far.
    #[must_use]
    pub fn surrogates(&self) -> &Surrogates {
        &self.index.surrogates
    }

    /// Puts the originals back; placeholders this vault does not know stay as they are.
    ///
    /// A person comes back by the full name, whichever form stood there; of a surrogate the spelling comes back too.
    #[must_use]
    pub fn restore(&self, text: &str) -> String {
        let mut found: Vec<(Range<usize>, &str)> = placeholders(text)
            .filter_map(|(range, entity, mark)| {
                let key = match mark {
                    Mark::Number(number) => self.index.numbers.get(&(entity, number)),
                    Mark::Hash(hash) => self.index.hashes.get(&(entity, hash.to_owned())),
                    Mark::Redacted => None,
                };
                Some((range, self.get(entity, key?)?.value.as_str()))
            })
            .collect();
        let surrogates = self.index.surrogates.find(text);
        found.extend(
            surrogates.into_iter().filter_map(|(range, id)| Some((range, self.index.owners.get(id)?.form.as_str()))),
        );
        found.sort_by_key(|(range, _)| range.start);
        let mut restored = String::with_capacity(text.len());
        let mut end = 0;
        for (range, value) in found {
            if range.start >= end {
                restored.push_str(&text[end..range.start]);
                restored.push_str(value);
                end = range.end;
            }
        }
        restored.push_str(&text[end..]);
        restored
    }

    /// Every original in every spelling met, by kind; those redacted since the vault was read or made are among them.
    pub fn values(&self) -> impl Iterator<Item = (Entity, &str)> {
        let kept = self.entries.iter().flat_map(|(entity, entries)| {
            entries.values().flat_map(|entry| {
                std::iter::once(entry.value.as_str())
                    .chain(entry.forms.iter().map(String::as_str))
                    .map(|value| (*entity, value))
            })
        });
        let lost = self.lost.iter().flat_map(|(entity, values)| values.iter().map(|value| (*entity, value.as_str())));
        kept.chain(lost)
    }

    /// How many different values it keeps, by kind.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Entity, usize> {
        self.entries.iter().map(|(entity, entries)| (*entity, entries.len())).filter(|(_, count)| *count > 0).collect()
    }

    /// How many different values have a placeholder.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.values().map(BTreeMap::len).sum()
    }

    /// Whether nothing has been masked with it yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What makes two spellings the same value: case, spacing and separators do not, for secrets they do. Of a web address
/// the case of the host alone says nothing.
fn normalise(entity: Entity, value: &str) -> String {
    if entity == Entity::Secret {
        return value.to_owned();
    }
    let folded = value.nfkc().flat_map(char::to_lowercase).map(ascii_digit);
    match entity {
        Entity::Phone | Entity::Card if folded.clone().any(|c| c.is_ascii_digit()) => {
            let kept: String = folded.filter(|c| c.is_ascii_digit() || *c == '+').collect();
            kept.strip_prefix("00").map_or(kept.clone(), |rest| format!("+{rest}"))
        }
        Entity::Iban
        | Entity::Mac
        | Entity::Passport
        | Entity::NationalId
        | Entity::TaxId
        | Entity::DrivingLicence
        | Entity::BankAccount
            if folded.clone().any(char::is_alphanumeric) =>
        {
            folded.filter(|c| c.is_alphanumeric()).collect()
        }
        Entity::Email | Entity::Ip => folded.filter(|c| !c.is_whitespace()).collect(),
        Entity::Handle => folded.collect::<String>().trim_start_matches('@').to_owned(),
        Entity::Url => {
            let url: String = value.nfkc().collect();
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let (host, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            let host = host.to_lowercase();
            format!("{}{}", host.trim_start_matches("www."), path.trim_end_matches('/'))
        }
        _ => {
            let words: String = folded.map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}

/// A digit of any script as that of ASCII; anything else as it is.
fn ascii_digit(c: char) -> char {
    /// Where the ten digits of a script begin.
    const ZEROS: &[u32] = &[
        0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50, 0xED0, 0xF20,
        0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0,
        0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    ];
    let code = u32::from(c);
    if code < 0x660 {
        return c;
    }
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
    zero.and_then(|zero| char::from_digit(code - zero, 10)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_have_numbers_that_do() {
        let mut vault = Vault::default();
        let mut number = |entity, value: &str| vault.placeholder(entity, value);
        assert_eq!(number(Entity::Phone, "٠١٠٠ ١٢٣ ٤٤٧١"), "[PHONE_1]");
        assert_eq!(number(Entity::Phone, "٠١٢٢ ٩٨٧ ٦٥٤٣"), "[PHONE_2]");
        assert_eq!(number(Entity::Phone, "0100 123 4471"), "[PHONE_1]");
        assert_eq!(number(Entity::Ip, "2001:db8::1:2"), "[IP_1]");
        assert_eq!(number(Entity::Ip, "2001:db8:1::2"), "[IP_2]");
        assert_eq!(number(Entity::Url, "https://Youtu.be/dQw4w9"), "[URL_1]");
        assert_eq!(number(Entity::Url, "youtu.be/dqw4W9"), "[URL_2]");
        assert_eq!(number(Entity::Url, "youtu.be/dQw4w9/"), "[URL_1]");
        assert_eq!(number(Entity::Passport, "AB 1234567"), number(Entity::Passport, "ab1234567"));
        assert_eq!(number(Entity::Mac, "00:1A:2B:3C:4D:5E"), number(Entity::Mac, "001A.2B3C.4D5E"));
    }

    #[test]
    fn one_value_keeps_its_number_in_every_spelling() {
        let mut vault = Vault::default();
        assert_eq!(vault.placeholder(Entity::Phone, "+44 7700 900142"), "[PHONE_1]");
        assert_eq!(vault.placeholder(Entity::Phone, "0044 (7700) 900-142"), "[PHONE_1]");
        assert_eq!(vault.placeholder(Entity::Phone, "+44 7700 900143"), "[PHONE_2]");
        assert_eq!(vault.placeholder(Entity::Url, "https://github.com/ada/"), "[URL_1]");
        assert_eq!(vault.placeholder(Entity::Url, "github.com/ada"), "[URL_1]");
        assert_eq!(vault.values().count(), 5);
        assert_eq!(vault.len(), 3);
    }

    #[test]
    fn numbers_are_never_shared() {
        let mut vault = Vault::default();
        vault.pass_over("[EMAIL_1], [EMAIL_7] and [EMAIL_999999999]");
        assert_eq!(vault.placeholder(Entity::Email, "a@example.org"), "[EMAIL_8]");
        let stored = |numbers: [u32; 2]| {
            format!(
                r#"{{"version":1,"entries":{{"email":{{"a":{{"number":{},"value":"a"}},"b":{{"number":{},"value":"b"}}}}}}}}"#,
                numbers[0], numbers[1]
            )
        };
        assert!(serde_json::from_str::<Vault>(&stored([1, 2])).is_ok());
        assert!(serde_json::from_str::<Vault>(&stored([2, 2])).is_err());
        assert!(serde_json::from_str::<Vault>(&stored([1, u32::MAX])).is_err());
        assert!(serde_json::from_str::<Vault>(&stored([0, 1])).is_err());
    }

    #[test]
    fn restores_what_it_knows() {
        let mut vault = Vault::default();
        vault.placeholder(Entity::Email, "a@example.org");
        assert_eq!(vault.restore("to [EMAIL_1], not [EMAIL_2]"), "to a@example.org, not [EMAIL_2]");
    }

    #[test]
    fn survives_serialisation_and_counts_on() -> Result<(), serde_json::Error> {
        let mut vault = Vault::default();
        vault.placeholder_for(Entity::Person, "Ada Quill", "Ada");
        let mut back: Vault = serde_json::from_str(&serde_json::to_string(&vault)?)?;
        assert_eq!(back, vault);
        assert_eq!(back.placeholder(Entity::Person, "Ada"), "[PERSON_1]");
        assert_eq!(back.placeholder(Entity::Person, "Bo Hart"), "[PERSON_2]");
        assert!(serde_json::from_str::<Vault>(r#"{"version":9,"entries":{}}"#).is_err());
        assert!(!format!("{back:?}").contains("Quill"));
        Ok(())
    }
}
