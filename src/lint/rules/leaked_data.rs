//! PII001: personal data in a row.

use std::ops::Range;
use std::sync::Arc;

use super::prelude::*;
use crate::lint::Said;
use crate::mask::{self, Entity, Span, Surrogates};

/// Flags texts in which the mask's recognizers are sure of personal data.
pub(in crate::lint) struct LeakedData;

static META: Meta = Meta {
    code: "PII001",
    name: "leaked-personal-data",
    severity: Severity::Error,
    fix: Some(Fix::Safe),
    kinds: &Kind::ALL,
    summary: "A text column holds personal data that the mask would have replaced",
    explanation: "
## Why it matters
What stands in a row is sent to a trainer, stored in adapters and can be asked out of the student by anyone.

## Example
`Write to a.person@example.com` has one finding that names the kind of data and never the value.
Placeholders such as `[EMAIL_1]` are what masking leaves behind and are fine, and so are the surrogates that the
workspace's vault invented.
All text columns are searched, also those that are not trained on and those of tables of unknown kind;
hashes, ids and other provenance are not.

## How to fix
Mask the sources (`distill mask`) and generate the row again, or replace the value by a placeholder.
",
};

/// Columns that name things instead of saying something.
pub(in crate::lint) const PROVENANCE: [&str; 10] =
    ["id", "source", "span", "split", "teacher", "template", "template_version", "parameters", "request_hash", "hash"];

impl Rule for LeakedData {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn start<'a>(&self, settings: &'a LintSettings, cx: &Context<'a>) -> Box<dyn Check + 'a> {
        Box::new(Leaks { score: settings.thresholds.pii_score, masking: Masking::new(settings, cx, is_personal) })
    }
}

const fn is_personal(entity: Entity) -> bool {
    !matches!(entity, Entity::Secret)
}

struct Leaks {
    score: f32,
    masking: Masking,
}

impl Check for Leaks {
    fn row(&self, row: &View<'_>, out: &mut Findings) {
        let wanted = |span: &Span| span.score >= self.score && is_personal(span.entity);
        each(row, &wanted, &mut |said, entity, range, times| {
            let message = format!("`{}` holds personal data: {}{times}", said.field, entity.stem());
            let finding = row.finding(&META, message).field(&said.field);
            out.mark(finding.safe(self.masking.edit(&said.field)), said.text, range);
        });
    }
}

/// What is told of each kind of data: the text, the kind, where it is first, and how often there is more of it.
type See<'s> = &'s mut dyn FnMut(&Said<'_>, Entity, Range<usize>, &str);

/// Shows the first span of each kind of data in each text that is no provenance, and how often there is more of it.
pub(super) fn each(row: &View<'_>, wanted: &dyn Fn(&Span) -> bool, see: See<'_>) {
    for said in row.said().iter().filter(|said| !said.provenance) {
        let mut kinds: Vec<(Entity, Range<usize>, usize)> = vec![];
        for span in row.personal(said).iter().filter(|span| wanted(span)) {
            match kinds.iter_mut().find(|(known, _, _)| *known == span.entity) {
                Some((_, _, count)) => *count += 1,
                None => kinds.push((span.entity, span.range.clone(), 1)),
            }
        }
        for (entity, range, count) in kinds {
            let times = if count > 1 { format!(", {count} times") } else { String::new() };
            see(said, entity, range, &times);
        }
    }
}

/// Puts `[EMAIL]` in the place of what masking is sure of: a number would say that it is a certain one of the vault's.
pub(super) struct Masking {
    score: f32,
    surrogates: Option<Arc<Surrogates>>,
    wanted: fn(Entity) -> bool,
}

impl Masking {
    pub(super) fn new(settings: &LintSettings, cx: &Context<'_>, wanted: fn(Entity) -> bool) -> Self {
        Self { score: settings.thresholds.pii_score, surrogates: cx.surrogates.cloned().map(Arc::new), wanted }
    }

    pub(super) fn edit(&self, field: &str) -> Edit {
        let (score, surrogates, wanted) = (self.score, self.surrogates.clone(), self.wanted);
        Edit::Rewrite(
            field.to_owned(),
            Arc::new(move |text: &str| {
                let spans = surrogates.as_ref().map_or_else(|| mask::scan(text), |known| known.scan(text));
                let mut out = String::with_capacity(text.len());
                let mut at = 0;
                for span in spans.into_iter().filter(|span| span.score >= score && wanted(span.entity)) {
                    out.push_str(text.get(at..span.range.start)?);
                    out.push_str(&format!("[{}]", span.entity.stem()));
                    at = span.range.end;
                }
                out.push_str(text.get(at..)?);
                (at > 0).then_some(out)
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masking_leaves_nothing_to_mask() {
        let masking = Masking::new(&LintSettings::default(), &Context::default(), is_personal);
        let Edit::Rewrite(_, edit) = masking.edit("response") else { panic!("a rewrite") };
        let once = edit("Ask [EMAIL_1], a.person@example.com or b.person@example.com.").unwrap();
        assert_eq!(once, "Ask [EMAIL_1], [EMAIL] or [EMAIL].");
        assert_eq!((edit(&once), edit("Ask nobody.")), (None, None));
    }
}
