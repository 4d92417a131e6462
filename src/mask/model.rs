//! A model of language beside the rules: what it has to be, and how its finds join those of the rules.
//!
//! Nothing here knows what runs the model. It reads a document once, as it came; what it finds is taken into the first
//! reading of the rules, and the rules then look again at what its placeholders changed.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::span::{Entity, Layer, Span};
use crate::id::ContentHash;

/// A model that finds people, and other personal data, where neither shape nor lexicon tells.
pub trait NameModel: Send + Sync {
    /// What it finds in a text: spans of [`Layer::Model`], sorted, never overlapping, on character boundaries.
    ///
    /// # Errors
    /// The model cannot be run. Whoever masks then stops: a document must not pass as read when it was not.
    fn find(&self, text: &str) -> Result<Vec<Span>, ModelFailure>;

    /// Hash of everything that decides what it finds.
    fn hash(&self) -> &ContentHash;
}

/// A model could not read a text; the words are the model's own.
#[derive(Debug, thiserror::Error)]
#[error("the name model cannot read the text: {0}")]
pub struct ModelFailure(pub String);

/// Adds what a model found to what the rules found in `text`: both in bytes of it, sorted, never overlapping.
///
/// A find of the model takes in finds of the same kind inside it, but for those of the person's own list and those
/// that have a shape. From everything else that it touches, and from what is `taken` by placeholders, it is cut back:
/// the rest is still masked.
pub(super) fn join(text: &str, taken: &[Range<usize>], finds: &[Span], out: &mut Vec<Span>) {
    let mut borders: Vec<(Range<usize>, Option<Span>)> =
        out.iter().map(|rule| (rule.range.clone(), Some(rule.clone()))).collect();
    borders.extend(taken.iter().map(|range| (range.clone(), None)));
    borders.sort_by_key(|(range, _)| range.start);
    for find in finds {
        let first = borders.partition_point(|(range, _)| range.end <= find.range.start);
        let mut start = find.range.start;
        let mut piece = |range: Range<usize>| {
            out.extend(trimmed(text, range).map(|range| Span { range, ..find.clone() }));
        };
        for (range, rule) in borders[first..].iter().take_while(|(range, _)| range.start < find.range.end) {
            let inside = find.range.start <= range.start && range.end <= find.range.end;
            let longer = range.len() < find.range.len();
            let same = rule.as_ref().is_some_and(|rule| {
                // An address of the model may hold a postcode of the rules, which are one.
                let shaped = matches!(rule.layer, Layer::Checksum | Layer::Pattern) && rule.entity != Entity::Address;
                rule.entity == find.entity && !shaped && rule.layer != Layer::Listed
            });
            if inside && longer && same {
                continue;
            }
            piece(start..range.start.max(start));
            start = range.end;
        }
        piece(start..find.range.end.max(start));
    }
}

/// The names among a model's finds that are to be known elsewhere too: of several words, or one that no text would use
/// as a word.
pub(super) fn names(text: &str, finds: &[Span]) -> Vec<String> {
    let people = finds.iter().filter(|find| find.entity == Entity::Person);
    people
        .filter_map(|find| text.get(find.range.clone()))
        .filter(|value| {
            let joint =
                |c: char| c.is_whitespace() || matches!(c, '.' | ',' | '\'' | '’' | '-' | '\u{2010}' | '\u{2011}');
            let spelt = value.chars().all(|c| c.is_alphabetic() || is_combining_mark(c) || joint(c));
            let several = value.contains(char::is_whitespace);
            spelt && (several || (value.starts_with(char::is_uppercase) && !super::is_word(value)))
        })
        .map(str::to_owned)
        .collect()
}

/// A range without signs at its ends, where it may have been cut; `None` when too little is left to say anything.
fn trimmed(text: &str, range: Range<usize>) -> Option<Range<usize>> {
    let value = text.get(range.clone())?;
    let sign = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '|' | '<' | '>' | '"');
    let start = range.start + (value.len() - value.trim_start_matches(sign).len());
    let end = start + value.trim_matches(sign).len();
    // One letter left over is no name.
    let says = value.chars().filter(|c| c.is_alphanumeric()).count() > 1
        || value.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    (start < end && says).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Block, BlockKind, Document, Format};
    use crate::mask::{Masker, Policy, Surrogates, Vault};

    fn find(text: &str, value: &str, entity: Entity) -> Span {
        let start = text.find(value).expect("the value is in the text");
        Span::new(start..start + value.len(), entity, 0.6).by(Layer::Model, "a test")
    }

    fn mask(policy: Policy, text: &str, finds: &[(&str, Entity)]) -> String {
        let finds: Vec<Span> = finds.iter().map(|(value, entity)| find(text, value, *entity)).collect();
        Masker::new(policy, &[])
            .detect_alone_with(text, &finds, &Surrogates::default())
            .masked(text, &mut Vault::default())
    }

    #[test]
    fn shapes_win_and_the_rest_is_masked_too() {
        let text = "ask qoreska a@example.org velundo now";
        let whole = ("qoreska a@example.org velundo", Entity::Person);
        assert_eq!(mask(Policy::default(), text, &[whole]), "ask [PERSON_1] [EMAIL_1] [PERSON_2] now");
        let only = ("a@example.org", Entity::Person);
        assert_eq!(mask(Policy::default(), text, &[only]), "ask qoreska [EMAIL_1] velundo now");
        let listed = Policy { deny: vec!["handle:velundo".into()], ..Policy::default() };
        assert_eq!(
            mask(listed, "ask at mill velundo now", &[("mill velundo", Entity::Address)]),
            "ask at [ADDRESS_1] [HANDLE_1] now"
        );
    }

    #[test]
    fn a_longer_find_takes_in_a_shorter_one_of_its_kind() {
        let named = || Policy { names: vec!["Ada Quill".into()], ..Policy::default() };
        let text = "met dr Ada Quill velundo today";
        assert_eq!(mask(named(), text, &[("Ada Quill velundo", Entity::Person)]), "met dr [PERSON_1] today");
        assert_eq!(mask(named(), text, &[("Quill velundo", Entity::Person)]), "met dr [PERSON_1] [PERSON_2] today");
        assert_eq!(mask(named(), text, &[("Ada", Entity::Person)]), "met dr [PERSON_1] velundo today");
        assert_eq!(mask(named(), text, &[("Quill", Entity::Address)]), "met dr [PERSON_1] velundo today");
    }

    #[test]
    fn a_name_it_finds_is_a_known_name() {
        let text = "lunch with qoreska velundo. Velundo paid, and Q. Velundo wrote, and the velundo did not.";
        let masked = mask(Policy::default(), text, &[("qoreska velundo", Entity::Person)]);
        assert_eq!(masked, "lunch with [PERSON_1]. [PERSON_1] paid, and [PERSON_1] wrote, and the velundo did not.");
        // `May` is a month too, and `velundo` in small letters may be anything.
        let text = "May told velundo that Pimebly may come. Velundo and pimebly did.";
        let people = [("May", Entity::Person), ("velundo", Entity::Person), ("Pimebly", Entity::Person)];
        let masked = mask(Policy::default(), text, &people);
        assert!(masked.starts_with("[PERSON_1] told [PERSON_2] that [PERSON_3] may come."), "{masked}");
        assert!(masked.ends_with("and [PERSON_3] did."), "{masked}");
    }

    #[test]
    fn the_policy_holds_for_the_model_too() {
        let text = "ask velundo in mill lane";
        let finds = [("velundo", Entity::Person), ("mill lane", Entity::Address)];
        assert_eq!(mask(Policy::default(), text, &finds), "ask [PERSON_1] in [ADDRESS_1]");
        let policy = Policy { allow: vec!["Velundo".into()], off: vec![Entity::Address], ..Policy::default() };
        assert_eq!(mask(policy, text, &finds), text);
    }

    #[test]
    fn placeholders_are_not_read_across_and_nonsense_is_dropped() {
        let text = "ask [PERSON_7] velundo é";
        let masker = Masker::new(Policy::default(), &[]);
        let whole = find(text, "[PERSON_7] velundo", Entity::Person);
        let spans = masker.detect_alone_with(text, &[whole], &Surrogates::default()).spans;
        assert_eq!(spans.iter().map(|span| &text[span.range.clone()]).collect::<Vec<_>>(), ["velundo"]);
        let odd = [0..400, text.len() - 1..text.len(), 5..5];
        let odd = odd.map(|range| Span::new(range, Entity::Person, 0.9).by(Layer::Model, "a test"));
        assert_eq!(masker.detect_alone_with(text, &odd, &Surrogates::default()).spans, vec![]);
    }

    #[test]
    fn labels_of_a_document_are_masked_with_its_text() {
        let text = "velundo: engineer\n";
        let source = Document {
            name: "a.md".to_owned(),
            hash: ContentHash::of(text.as_bytes()),
            format: Format::Markdown,
            text: text.to_owned(),
            blocks: vec![Block { kind: BlockKind::KeyValue { key: "velundo".to_owned() }, span: 0..17 }],
            people: Vec::new(),
        };
        let finds = vec![vec![find(text, "velundo", Entity::Person)]];
        let masker = Masker::with_finds(Policy::default(), std::slice::from_ref(&source), &finds);
        let masked = masker.mask_with(&source, &finds[0], &mut Vault::default());
        assert_eq!(masked.text(), "[PERSON_1]: engineer\n");
        assert_eq!(masked.blocks()[0].kind, BlockKind::KeyValue { key: "[PERSON_1]".to_owned() });
        assert_eq!(masked.finds()[0].layer, Layer::Model);
    }
}
