//! The rejected side of pairs in the student's own words: what it says now is what it should stop saying.

use super::{GenerateError, Job, OnPolicy, check};
use crate::row::{Content, Preference, Row, Side, Sides};

/// Puts the student's own answers in the place of the teacher's rejected ones: in every pair, or with `mix` in every
/// other. Where the student finds none that may stand, the teacher's stays.
pub(super) fn replace(
    job: &Job<'_>,
    student: &dyn OnPolicy,
    rows: &mut [(usize, Row)],
    progress: &mut dyn FnMut(usize),
) -> Result<(), GenerateError> {
    let step = if job.settings.rejected == "mix" { 2 } else { 1 };
    for (n, (i, row)) in rows.iter_mut().enumerate().filter(|(n, _)| n.is_multiple_of(step)) {
        if job.stop.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(GenerateError::Interrupted { asked: 0 });
        }
        let Content::Preference(pair) = &row.content else { continue };
        let sampled = student.rejected(&pair.prompt, &pair.chosen).map_err(GenerateError::Student)?;
        progress(n + 1);
        let Some(rejected) = sampled else { continue };
        if check::personal_data(job, job.passages[*i].text(), &rejected).is_some() {
            continue;
        }
        let count = job.counter.count(&rejected);
        let tokens = [row.tokens[0], row.tokens[1], u32::try_from(count).unwrap_or(u32::MAX)];
        let content = Content::Preference(Preference { rejected, ..pair.clone() });
        if count > job.settings.cap || check::in_proportion(&content, tokens).is_err() {
            continue;
        }
        (row.id, row.content, row.tokens) = (content.id(), content, tokens);
        let chosen = row.sides.map_or(Side::Teacher, |s| s.chosen);
        row.sides = Some(Sides { chosen, rejected: Side::Student });
    }
    Ok(())
}
