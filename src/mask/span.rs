//! What is found in a text: kinds of personal data, places, and which place wins where two overlap.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::recognizer::compile;

/// A kind of personal data; its [`stem`](Self::stem) makes the placeholder, as in `[EMAIL_1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// A name of a person.
    Person,
    /// An e-mail address, obfuscated ones included.
    Email,
    /// A telephone or fax number.
    Phone,
    /// A web address.
    Url,
    /// A user name on some platform.
    Handle,
    /// An IPv4 or IPv6 address.
    Ip,
    /// The hardware address of a network interface.
    Mac,
    /// A payment card number.
    Card,
    /// An international bank account number.
    Iban,
    /// A national account number, sort code or routing number, by its label.
    BankAccount,
    /// An address of a cryptocurrency.
    Wallet,
    /// A number that a state or a health system gives a person.
    NationalId,
    /// A number that a tax office gives a person.
    TaxId,
    /// A passport number.
    Passport,
    /// The number of a driving licence.
    DrivingLicence,
    /// A postal address or a part of one.
    Address,
    /// A date of birth, by its label.
    DateOfBirth,
    /// A place of birth, by its label.
    PlaceOfBirth,
    /// How old a person is.
    Age,
    /// A citizenship, by its label. Left readable unless asked for.
    Nationality,
    /// Whether a person is married, by its label. Left readable unless asked for.
    MaritalStatus,
    /// A number plate of a vehicle. Left readable unless asked for.
    Plate,
    /// A password, key or token.
    Secret,
}

impl Entity {
    /// Every kind, in declaration order.
    pub const ALL: [Self; 23] = [
        Self::Person,
        Self::Email,
        Self::Phone,
        Self::Url,
        Self::Handle,
        Self::Ip,
        Self::Mac,
        Self::Card,
        Self::Iban,
        Self::BankAccount,
        Self::Wallet,
        Self::NationalId,
        Self::TaxId,
        Self::Passport,
        Self::DrivingLicence,
        Self::Address,
        Self::DateOfBirth,
        Self::PlaceOfBirth,
        Self::Age,
        Self::Nationality,
        Self::MaritalStatus,
        Self::Plate,
        Self::Secret,
    ];

    /// The kinds that say little about who somebody is, and much to a reader: masked only when asked for.
    pub const OPTIONAL: [Self; 3] = [Self::Nationality, Self::MaritalStatus, Self::Plate];

    /// The upper-case word of the placeholder.
    #[must_use]
    pub const fn stem(self) -> &'static str {
        match self {
            Self::Person => "PERSON",
            Self::Email => "EMAIL",
            Self::Phone => "PHONE",
            Self::Url => "URL",
            Self::Handle => "HANDLE",
            Self::Ip => "IP",
            Self::Mac => "MAC",
            Self::Card => "CARD",
            Self::Iban => "IBAN",
            Self::BankAccount => "BANK_ACCOUNT",
            Self::Wallet => "WALLET",
            Self::NationalId => "NATIONAL_ID",
            Self::TaxId => "TAX_ID",
            Self::Passport => "PASSPORT",
            Self::DrivingLicence => "DRIVING_LICENCE",
            Self::Address => "ADDRESS",
            Self::DateOfBirth => "DATE_OF_BIRTH",
            Self::PlaceOfBirth => "PLACE_OF_BIRTH",
            Self::Age => "AGE",
            Self::Nationality => "NATIONALITY",
            Self::MaritalStatus => "MARITAL_STATUS",
            Self::Plate => "PLATE",
            Self::Secret => "SECRET",
        }
    }

    /// The name in settings and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Handle => "handle",
            Self::Ip => "ip",
            Self::Mac => "mac",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::BankAccount => "bank_account",
            Self::Wallet => "wallet",
            Self::NationalId => "national_id",
            Self::TaxId => "tax_id",
            Self::Passport => "passport",
            Self::DrivingLicence => "driving_licence",
            Self::Address => "address",
            Self::DateOfBirth => "date_of_birth",
            Self::PlaceOfBirth => "place_of_birth",
            Self::Age => "age",
            Self::Nationality => "nationality",
            Self::MaritalStatus => "marital_status",
            Self::Plate => "plate",
            Self::Secret => "secret",
        }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no [`Entity`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of personal data; there are: {list}", list = Entity::ALL.map(Entity::name).join(", "))]
pub struct UnknownEntity(String);

impl FromStr for Entity {
    type Err = UnknownEntity;

    fn from_str(word: &str) -> Result<Self, UnknownEntity> {
        Self::ALL
            .into_iter()
            .find(|entity| entity.name().eq_ignore_ascii_case(word) || entity.stem().eq_ignore_ascii_case(word))
            .ok_or_else(|| UnknownEntity(word.to_owned()))
    }
}

/// What made a detection: the layers of the masker, from the most to the least certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// The person's own list of names or of texts to mask.
    Listed,
    /// A shape whose check digits add up, or that nothing else has.
    Checksum,
    /// A shape.
    Pattern,
    /// A shape or a name that words nearby vouch for.
    Context,
    /// The place in the document: contact block, heading, signature, references.
    Structure,
    /// A form of a name that the documents gave elsewhere.
    Known,
    /// The lexicon of names.
    Lexicon,
    /// A model from a local folder.
    Model,
}

impl Layer {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Checksum => "checksum",
            Self::Pattern => "pattern",
            Self::Context => "context",
            Self::Structure => "structure",
            Self::Known => "known name",
            Self::Lexicon => "lexicon",
            Self::Model => "model",
        }
    }
}

/// One detection in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Bytes of the text, on character boundaries, never empty.
    pub range: Range<usize>,
    /// What it is.
    pub entity: Entity,
    /// How sure, from 0 to 1.
    pub score: f32,
    /// What found it.
    pub layer: Layer,
    /// The rule within the layer, in a few words.
    pub rule: &'static str,
}

impl Span {
    pub(crate) fn new(range: Range<usize>, entity: Entity, score: f32) -> Self {
        Self { range, entity, score, layer: Layer::Pattern, rule: entity.name() }
    }

    /// The same, found by `layer` under `rule`.
    pub(crate) fn by(self, layer: Layer, rule: &'static str) -> Self {
        Self { layer, rule, ..self }
    }

    pub(crate) fn overlaps(&self, other: &Range<usize>) -> bool {
        self.range.start < other.end && other.start < self.range.end
    }
}

/// Keeps the best of overlapping spans: the longest, then the surest, then the earliest. Sorted by place.
pub(crate) fn resolve(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| !span.range.is_empty());
    spans.sort_by(|a, b| {
        b.range
            .len()
            .cmp(&a.range.len())
            .then(b.score.total_cmp(&a.score))
            .then(a.range.start.cmp(&b.range.start))
            .then(a.entity.cmp(&b.entity))
    });
    let mut kept = std::collections::BTreeMap::<usize, Span>::new();
    for span in spans {
        // Kept spans never overlap, so only the nearest neighbour on either side can collide.
        let left = kept.range(..=span.range.start).next_back();
        let right = kept.range(span.range.start..).next();
        if left.into_iter().chain(right).all(|(_, other)| !span.overlaps(&other.range)) {
            kept.insert(span.range.start, span);
        }
    }
    kept.into_values().collect()
}

/// `[EMAIL_3]`.
pub(crate) fn placeholder(entity: Entity, number: u32) -> String {
    format!("[{}_{number}]", entity.stem())
}

/// `[EMAIL_h3f9a1c]`.
pub(crate) fn hashed(entity: Entity, hash: &str) -> String {
    format!("[{}_h{hash}]", entity.stem())
}

/// `[EMAIL]`.
pub(crate) fn redacted(entity: Entity) -> String {
    format!("[{}]", entity.stem())
}

/// What a placeholder says besides its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark<'t> {
    /// `[EMAIL_3]`.
    Number(u32),
    /// `[EMAIL_h3f9a1c]`, without the `h`.
    Hash(&'t str),
    /// `[EMAIL]`.
    Redacted,
}

static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| compile(r"\[([A-Z]+(?:_[A-Z]+)*)(?:_(?:([0-9]{1,9})|h([0-9a-f]{6,64})))?\]"));

/// The placeholders in a text: where, of which kind, and which one.
pub(crate) fn placeholders(text: &str) -> impl Iterator<Item = (Range<usize>, Entity, Mark<'_>)> {
    PLACEHOLDER.captures_iter(text).filter_map(|found| {
        let entity = Entity::ALL.into_iter().find(|entity| entity.stem() == &found[1])?;
        let mark = match (found.get(2), found.get(3)) {
            (Some(number), _) => Mark::Number(number.as_str().parse().ok()?),
            (_, Some(hash)) => Mark::Hash(hash.as_str()),
            _ => Mark::Redacted,
        };
        Some((found.get(0)?.range(), entity, mark))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_stems_round_trip() {
        for entity in Entity::ALL {
            assert_eq!(entity.name().parse(), Ok(entity));
            assert_eq!(entity.stem().parse(), Ok(entity));
            for (text, mark) in [
                (placeholder(entity, 12), Mark::Number(12)),
                (hashed(entity, "3f9a1c"), Mark::Hash("3f9a1c")),
                (redacted(entity), Mark::Redacted),
            ] {
                assert_eq!(placeholders(&text).collect::<Vec<_>>(), [(0..text.len(), entity, mark)]);
            }
        }
        assert!("colour".parse::<Entity>().is_err());
        let none = "[COLOUR_1] [EMAIL_] [EMAIL_h12] [email_1] [EMAIL_x3f9a1c] [1]";
        assert_eq!(placeholders(none).count(), 0);
    }

    #[test]
    fn the_longest_wins_then_the_surest_then_the_earliest() {
        let span = |range, score| Span::new(range, Entity::Url, score);
        assert_eq!(resolve(vec![span(0..4, 0.9), span(2..9, 0.5)]), vec![span(2..9, 0.5)]);
        assert_eq!(resolve(vec![span(0..4, 0.6), span(2..6, 0.9)]), vec![span(2..6, 0.9)]);
        assert_eq!(
            resolve(vec![span(2..6, 0.9), span(0..4, 0.9), span(6..8, 0.5)]),
            vec![span(0..4, 0.9), span(6..8, 0.5)]
        );
    }
}
