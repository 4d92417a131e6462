//! A row as rules see it: texts with their roles, whatever the file calls its columns.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::finding::{Finding, RowRef};
use super::rule::{Context, Meta, TableInfo};
use super::rules::leaked_data::PROVENANCE;
use super::text;
use crate::dataset::{Layout, Record, Role};
use crate::id::{ContentHash, Hasher};
use crate::mask::{self, Span};
use crate::row::Kind;

/// File metadata that names the tokenizer of the stored counts.
const TOKENIZER: &str = "distill.tokenizer_hash";

/// One text of a row. What several rules need of it is made once.
#[derive(Debug)]
pub struct Text<'r> {
    /// What it is in its row.
    pub role: Role,
    /// The column, or a path such as `messages[1].content`.
    pub name: Cow<'r, str>,
    /// What it says.
    pub text: &'r str,
    words: OnceLock<Box<[u64]>>,
    tokens: OnceLock<Option<usize>>,
}

impl Text<'_> {
    /// The words, folded and hashed; see [`text::words`].
    #[must_use]
    pub fn words(&self) -> &[u64] {
        self.words.get_or_init(|| text::words(self.text).into())
    }
}

/// A text of a row in whatever column, also inside lists and objects such as chat messages.
#[derive(Debug)]
pub struct Said<'r> {
    /// The column, or the path in it.
    pub field: Cow<'r, str>,
    /// What stands there.
    pub text: &'r str,
    /// Whether the column names things instead of saying something: ids, hashes, where the row comes from.
    pub provenance: bool,
    personal: OnceLock<Vec<Span>>,
}

/// A row with its texts.
pub struct View<'r> {
    /// The table it is in.
    pub table: &'r TableInfo,
    /// The row as it stands in the file.
    pub record: &'r Record,
    /// Names the row among all tables of the run.
    pub at: RowRef,
    texts: Vec<Text<'r>>,
    cx: &'r Context<'r>,
    said: OnceLock<Vec<Said<'r>>>,
    stored_holds: OnceLock<bool>,
    hash: OnceLock<u64>,
}

impl<'r> View<'r> {
    /// Looks at a record as a row of its table.
    #[must_use]
    pub fn new(table: &'r TableInfo, record: &'r Record, cx: &'r Context<'r>) -> Self {
        let spoken = table.layout.as_ref().map(|layout| layout.texts(record)).unwrap_or_default();
        let texts = spoken
            .into_iter()
            .map(|spoken| Text {
                role: spoken.role,
                name: spoken.name,
                text: spoken.text,
                words: OnceLock::new(),
                tokens: OnceLock::new(),
            })
            .collect();
        let at = RowRef::new(table.index, record.row);
        Self {
            table,
            record,
            at,
            texts,
            cx,
            said: OnceLock::new(),
            stored_holds: OnceLock::new(),
            hash: OnceLock::new(),
        }
    }

    /// The kind of the row; `None` when the file's layout is unknown.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        self.table.kind()
    }

    /// All texts, in the layout's order: trained ones, probes and the evidence.
    pub fn texts(&self) -> impl Iterator<Item = &Text<'r>> {
        self.texts.iter()
    }

    /// The texts that a trainer reads.
    pub fn trained(&self) -> impl Iterator<Item = &Text<'r>> {
        self.texts.iter().filter(|text| text.role.is_trained())
    }

    /// The last text of a role that says anything: of a conversation the last turn.
    #[must_use]
    pub fn last(&self, role: Role) -> Option<&Text<'r>> {
        self.texts.iter().rev().find(|text| text.role == role && !text.text.trim().is_empty())
    }

    /// The question: the last turn before the answer.
    #[must_use]
    pub fn prompt(&self) -> Option<&Text<'r>> {
        self.last(Role::Prompt)
    }

    /// What the student learns to say: the response, or the chosen side.
    #[must_use]
    pub fn answer(&self) -> Option<&Text<'r>> {
        self.last(Role::Answer).or_else(|| self.last(Role::Chosen))
    }

    /// Both sides of a pair, when there are two that say something.
    #[must_use]
    pub fn pair(&self) -> Option<(&Text<'r>, &Text<'r>)> {
        self.last(Role::Chosen).zip(self.last(Role::Rejected))
    }

    /// Whether more than one thing is asked: turns of a conversation.
    #[must_use]
    pub fn is_conversation(&self) -> bool {
        self.texts.iter().filter(|text| text.role == Role::Prompt).count() > 1
    }

    /// Whether the row is held out; a row that does not say is taken to be trained on.
    ///
    /// By a column `split`, else by the file's name (`test.jsonl`, `eval-00000.parquet`).
    #[must_use]
    pub fn held_out(&self) -> bool {
        self.record.text("split").map_or(self.table.held_out, is_held_out)
    }

    /// The row's split as it names it.
    #[must_use]
    pub fn split(&self) -> Option<&str> {
        self.record.text("split")
    }

    /// Tokens of a text by the tokenizer of the run, else as stored in the row; `None` when nobody can tell.
    #[must_use]
    pub fn tokens(&self, text: &Text<'_>) -> Option<usize> {
        *text.tokens.get_or_init(|| match self.cx.counter {
            Some(counter) => {
                if self.stored_holds()
                    && let Some(count) = stored(self.record, &text.name)
                {
                    return Some(count);
                }
                Some(counter.count(text.text))
            }
            None => stored(self.record, &text.name),
        })
    }

    /// Whether tokens can be counted, or were.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        self.cx.counter.is_some() || self.trained().all(|text| self.tokens(text).is_some())
    }

    /// Whether the stored counts are by this tokenizer and the words are still those that were counted.
    fn stored_holds(&self) -> bool {
        *self.stored_holds.get_or_init(|| {
            let Some(hash) = &self.cx.counter_hash else { return false };
            let same = self.table.metadata.get(TOKENIZER) == Some(hash);
            same && self.content_id().is_some_and(|id| self.record.id() == Some(id.as_str()))
        })
    }

    /// The id that the row's words would have in our own files; see [`crate::row::Content::id`]. `None` for others'.
    #[must_use]
    pub fn content_id(&self) -> Option<ContentHash> {
        Some(content_id(self.table.native_kind()?, self.record))
    }

    /// Every text of every column, whether or not the layout knows it.
    pub fn said(&self) -> &[Said<'r>] {
        self.said.get_or_init(|| {
            let mut out = vec![];
            for (column, value) in &self.record.values {
                within(Cow::Borrowed(column), PROVENANCE.contains(&column.as_str()), value, &mut out);
            }
            out
        })
    }

    /// Values in a text that masking would replace, by shape; surrogates of the run's vault are none. Several rules ask.
    #[must_use]
    pub fn personal<'s>(&self, said: &'s Said<'_>) -> &'s [Span] {
        said.personal.get_or_init(|| {
            self.cx.surrogates.map_or_else(|| mask::scan(said.text), |surrogates| surrogates.scan(said.text))
        })
    }

    /// What the rules may use besides the row.
    #[must_use]
    pub const fn cx(&self) -> &Context<'r> {
        self.cx
    }

    /// A hash of what the row says, that is the same wherever the row stands.
    #[must_use]
    pub fn hash(&self) -> u64 {
        *self.hash.get_or_init(|| {
            let mut hash = 0;
            if self.texts.is_empty() {
                for (column, value) in &self.record.values {
                    hash = text::mix(hash, text::hash(column));
                    hash = text::mix(hash, text::hash(&value.to_string()));
                }
            }
            for text in &self.texts {
                hash = text::mix(hash, text::hash(&text.name));
                hash = text::mix(hash, text::hash(text.text));
            }
            hash
        })
    }

    /// A finding about this row.
    #[must_use]
    pub fn finding(&self, meta: &'static Meta, message: impl Into<String>) -> Finding {
        Finding::at(meta, self.at, message)
    }

    /// A finding about one text of this row.
    #[must_use]
    pub fn finding_in(&self, meta: &'static Meta, text: &Text<'_>, message: impl Into<String>) -> Finding {
        self.finding(meta, message).field(&text.name)
    }
}

fn within<'r>(field: Cow<'r, str>, provenance: bool, value: &'r Value, out: &mut Vec<Said<'r>>) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
        Value::String(text) => out.push(Said { field, text, provenance, personal: OnceLock::new() }),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                within(Cow::Owned(format!("{field}[{i}]")), provenance, item, out);
            }
        }
        Value::Object(items) => {
            for (key, item) in items {
                within(Cow::Owned(format!("{field}.{key}")), provenance, item, out);
            }
        }
    }
}

/// Whether the name of a split means that its rows are not trained on.
#[must_use]
pub(super) fn is_held_out(split: &str) -> bool {
    ["test", "eval", "evaluation", "validation", "valid", "val", "dev", "holdout", "held_out"]
        .iter()
        .any(|name| split.eq_ignore_ascii_case(name))
}

/// The id that the words of a row would have; see [`crate::row::Content::id`].
pub(super) fn content_id(kind: Kind, record: &Record) -> ContentHash {
    let fields = kind.fields().iter().map(|field| record.text(field).unwrap_or_default());
    fields.fold(Hasher::new().text(kind.name()), Hasher::text).finish()
}

/// The count stored beside a field: `tokens_FIELD`, `FIELD_tokens`, or `FIELD` inside `tokens`.
fn stored(record: &Record, field: &str) -> Option<usize> {
    let beside = [format!("tokens_{field}"), format!("{field}_tokens")];
    let value = beside.iter().find_map(|name| record.values.get(name).filter(|value| value.is_number()));
    let value = value.or_else(|| record.values.get("tokens").and_then(|tokens| tokens.get(field)));
    value.and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok())
}

/// A table of the run, made by whoever shows it.
impl TableInfo {
    /// Describes a table; `index` counts the tables of the run from 0.
    #[must_use]
    pub fn new(
        index: u32,
        file: &str,
        columns: Vec<String>,
        metadata: BTreeMap<String, String>,
        layout: Option<Layout>,
    ) -> Self {
        let stem = file.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = stem.split(['.', '-', '_']).next().unwrap_or_default();
        Self { index, file: Arc::from(file), held_out: is_held_out(stem), columns, metadata, layout }
    }
}
