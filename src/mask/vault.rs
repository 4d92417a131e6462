//! The one place that knows which value a placeholder stands for. It stays on the person's machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::span::{Entity, placeholder, placeholders};

/// The layout written today.
const VERSION: u32 = 1;

/// Placeholders and what they stand for, shared by all documents of a workspace.
///
/// The same value has the same placeholder everywhere, and numbers are never given anew: a vault read back goes on
/// counting where it stopped. It holds the originals, so its `Debug` shows counts only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Vault {
    version: u32,
    entries: BTreeMap<Entity, BTreeMap<String, Entry>>,
}

#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    number: u32,
    /// What `restore` puts back.
    value: String,
    /// Every other spelling met so far.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    forms: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Stored {
    version: u32,
    entries: BTreeMap<Entity, BTreeMap<String, Entry>>,
}

impl TryFrom<Stored> for Vault {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        if stored.version != VERSION {
            return Err(format!("this vault has version {}, only {VERSION} is known here", stored.version));
        }
        Ok(Self { version: stored.version, entries: stored.entries })
    }
}

impl Default for Vault {
    fn default() -> Self {
        Self { version: VERSION, entries: BTreeMap::new() }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.entries.iter().map(|(entity, entries)| (entity, entries.len()))).finish()
    }
}

impl Vault {
    /// The placeholder of a value, a new one if it has none yet.
    pub fn placeholder(&mut self, entity: Entity, value: &str) -> String {
        self.placeholder_for(entity, value, value)
    }

    /// The placeholder of `value`, which the text spells as `form`.
    pub(crate) fn placeholder_for(&mut self, entity: Entity, value: &str, form: &str) -> String {
        let entries = self.entries.entry(entity).or_default();
        let mut key = normalise(entity, value);
        if entity == Entity::Person && !entries.contains_key(&key) {
            // A person first met by first name only keeps the number when the full name turns up, and the reverse.
            let known = entries.iter().find(|(_, entry)| entry.forms.iter().any(|form| normalise(entity, form) == key));
            if let Some((known, _)) = known {
                key.clone_from(known);
            }
        }
        if !entries.contains_key(&key) {
            let number = entries.values().map(|entry| entry.number).max().unwrap_or(0) + 1;
            entries.insert(key.clone(), Entry { number, value: value.to_owned(), forms: BTreeSet::new() });
        }
        let entry = entries.entry(key).or_default();
        if entry.value != form {
            entry.forms.insert(form.to_owned());
        }
        placeholder(entity, entry.number)
    }

    /// Puts the originals back; placeholders this vault does not know stay as they are.
    ///
    /// A person comes back by the full name, whichever form stood there.
    #[must_use]
    pub fn restore(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut end = 0;
        for (range, entity, number) in placeholders(text) {
            if let Some(value) = self.value(entity, number) {
                restored.push_str(&text[end..range.start]);
                restored.push_str(value);
                end = range.end;
            }
        }
        restored.push_str(&text[end..]);
        restored
    }

    /// Every original in every spelling met, by kind.
    pub fn values(&self) -> impl Iterator<Item = (Entity, &str)> {
        self.entries.iter().flat_map(|(entity, entries)| {
            entries.values().flat_map(|entry| {
                std::iter::once(entry.value.as_str())
                    .chain(entry.forms.iter().map(String::as_str))
                    .map(|value| (*entity, value))
            })
        })
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

    fn value(&self, entity: Entity, number: u32) -> Option<&str> {
        self.entries.get(&entity)?.values().find(|entry| entry.number == number).map(|entry| entry.value.as_str())
    }
}

/// What makes two spellings the same value: case, spacing and separators do not, for secrets they do.
fn normalise(entity: Entity, value: &str) -> String {
    if entity == Entity::Secret {
        return value.to_owned();
    }
    let folded = value.nfkc().flat_map(char::to_lowercase);
    match entity {
        Entity::Phone | Entity::Card => {
            let kept: String = folded.filter(|c| c.is_ascii_digit() || *c == '+').collect();
            kept.strip_prefix("00").map_or(kept.clone(), |rest| format!("+{rest}"))
        }
        Entity::Iban => folded.filter(|c| c.is_alphanumeric()).collect(),
        Entity::Email => folded.filter(|c| !c.is_whitespace()).collect(),
        Entity::Handle => folded.collect::<String>().trim_start_matches('@').to_owned(),
        Entity::Url => {
            let url: String = folded.collect();
            let url = url.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
            url.trim_end_matches('/').to_owned()
        }
        _ => {
            let words: String = folded.map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
            words.split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
