//! The account of a generation in words and figures: what was asked, accepted and rejected, why, where and for how much.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::generate::{Outcome, PassageAccount};
use crate::row::shape::row_type;
use crate::row::{Disagreement, Kind, Side, Split};
use crate::style::{Cue, cue_balance};

/// Passages named one by one at most.
const NAMED: usize = 4;

/// The account as lines, the first of which says whether there are enough rows.
pub(super) fn lines(kind: Kind, wanted: usize, outcome: &Outcome) -> Vec<String> {
    let test = outcome.rows.iter().filter(|r| r.split == Split::Test).count();
    let mut out = vec![format!("{}: {} of {wanted} rows, {test} of them held out", kind.name(), outcome.rows.len())];
    let accepted = outcome.rows.len() + outcome.spare;
    let mut asked = format!("asked      {}", counted(outcome.asked, "request"));
    if outcome.turns > outcome.asked {
        asked.push_str(&format!(
            " and {} to mend, shorten or judge",
            counted(outcome.turns - outcome.asked, "further one")
        ));
    }
    asked.push_str(&format!("; accepted {accepted} rows"));
    if outcome.spare > 0 {
        asked.push_str(&format!(", {} to spare", outcome.spare));
    }
    out.push(asked);
    let mut reasons: Vec<_> = outcome.reasons().into_iter().collect();
    if !reasons.is_empty() {
        reasons.sort_by_key(|(code, n)| (std::cmp::Reverse(*n), *code));
        let named: Vec<String> = reasons.iter().map(|(code, n)| format!("{n} {code}")).collect();
        out.push(format!("rejected   {}: {}", outcome.rejected.len(), named.join(", ")));
    }
    out.push(format!("coverage   {}", coverage(&outcome.passages)));
    if outcome.usage.prompt_tokens + outcome.usage.completion_tokens > 0 {
        let (read, written) = (grouped(outcome.usage.prompt_tokens), grouped(outcome.usage.completion_tokens));
        out.push(format!("tokens     {read} read, {written} written, ${:.4}", outcome.usage.cost_usd));
    }
    if kind == Kind::Qa && !outcome.rows.is_empty() {
        let mut types: Vec<_> = question_types(outcome).into_iter().collect();
        types.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), *name));
        let named: Vec<String> = types.iter().map(|(name, n)| format!("{n} {name}")).collect();
        out.push(format!("questions  {}", named.join(", ")));
    }
    if let Some(sides) = sides(outcome) {
        out.push(format!("sides      {sides}"));
    }
    for cue in telling_cues(outcome) {
        out.push(format!(
            "cue        {} alone tells chosen from rejected (AUC {:.2}): it would be learned first",
            cue.name, cue.auc
        ));
    }
    if let Some(judge) = outcome.judge {
        let verdict = match (judge.is_trusted(), judge.is_complete()) {
            (true, _) => "its verdicts count",
            (false, true) => "not good enough: its verdicts do not count",
            (false, false) => "too few rows to tell: its verdicts do not count",
        };
        out.push(format!(
            "judge      let {} of {} good rows through and caught {} of {} spoilt ones: {verdict}",
            judge.good_passed, judge.good, judge.bad_caught, judge.bad
        ));
    }
    for conflict in outcome.conflicts.iter().take(NAMED) {
        let why = match conflict.why {
            Disagreement::Numbers => "other numbers",
            Disagreement::Names => "other names",
            Disagreement::Words => "other words",
        };
        out.push(format!("conflict   two answers with {why} to: {}", conflict.question));
    }
    if outcome.conflicts.len() > NAMED {
        out.push(format!("           and {} more conflicts", outcome.conflicts.len() - NAMED));
    }
    out
}

/// Every passage with what became of it, a line each.
pub(super) fn passage_lines(outcome: &Outcome) -> Vec<String> {
    let line = |p: &PassageAccount| {
        format!(
            "{} {}..{}: {} words, quota {}, asked {} times, {} accepted, {} rejected{}",
            p.source,
            p.span.0,
            p.span.1,
            p.words,
            p.quota,
            p.asked,
            p.accepted,
            p.rejected,
            if p.held_out { ", held out" } else { "" }
        )
    };
    outcome.passages.iter().map(line).collect()
}

/// Questions by what they ask for.
fn question_types(outcome: &Outcome) -> BTreeMap<&'static str, usize> {
    let mut out = BTreeMap::new();
    for row in &outcome.rows {
        let [question, _, response] = row.content.fields();
        *out.entry(row_type(question, response).name()).or_default() += 1;
    }
    out
}

/// What else than tone tells the sides of the pairs apart; with few pairs chance does.
fn telling_cues(outcome: &Outcome) -> Vec<Cue> {
    const ENOUGH: usize = 20;
    let pairs: Vec<(&str, &str)> = outcome
        .rows
        .iter()
        .filter(|r| r.sides.is_some())
        .map(|r| {
            let [_, chosen, rejected] = r.content.fields();
            (chosen, rejected)
        })
        .collect();
    if pairs.len() < ENOUGH {
        return Vec::new();
    }
    cue_balance(&pairs).into_iter().filter(Cue::is_telling).collect()
}

fn coverage(passages: &[PassageAccount]) -> String {
    let counted_in: Vec<&PassageAccount> = passages.iter().filter(|p| p.quota > 0 || p.asked > 0).collect();
    let without: Vec<&&PassageAccount> = counted_in.iter().filter(|p| p.accepted == 0).collect();
    let covered = counted_in.len() - without.len();
    let most = counted_in.iter().map(|p| p.accepted).max().unwrap_or_default();
    let least = counted_in.iter().filter(|p| p.accepted > 0).map(|p| p.accepted).min().unwrap_or_default();
    let mut text = match covered {
        0 => format!("none of {} passages gave a row", counted_in.len()),
        _ => format!("{covered} of {} passages, {least} to {most} rows each", counted_in.len()),
    };
    if !without.is_empty() {
        let place = |p: &&&PassageAccount| match p.heading.as_str() {
            "" => format!("{} {}..{}", p.source, p.span.0, p.span.1),
            heading => format!("{} ({heading})", p.source),
        };
        let named: Vec<String> = without.iter().take(NAMED).map(place).collect();
        let more = if without.len() > NAMED { ", …" } else { "" };
        text.push_str(&format!("; no row from {}{more}", named.join(", ")));
    }
    let same = passages.len() - counted_in.len();
    if same > 0 {
        text.push_str(&format!("; {same} not asked: they repeat others, or enough rows came without them"));
    }
    text
}

fn sides(outcome: &Outcome) -> Option<String> {
    let count = |test: fn(&crate::row::Sides) -> bool| {
        outcome.rows.iter().filter(|r| r.sides.as_ref().is_some_and(test)).count()
    };
    let (own, by_student) = (count(|s| s.chosen == Side::Post), count(|s| s.rejected == Side::Student));
    let all = outcome.rows.iter().filter(|r| r.sides.is_some()).count();
    (all > 0).then(|| {
        format!("chosen: {own} of {all} in the person's own words; rejected: {by_student} by the student, {} by the teacher", all - by_student)
    })
}

/// The account as JSON: `<dataset>.account.json` and the manifest.
pub(super) fn figures(kind: Kind, wanted: usize, outcome: &Outcome) -> Value {
    let passages: Vec<Value> = outcome
        .passages
        .iter()
        .map(|p| {
            json!({
                "source": p.source, "span": [p.span.0, p.span.1], "words": p.words, "held_out": p.held_out,
                "quota": p.quota, "requests": p.asked, "accepted": p.accepted, "rejected": p.rejected,
            })
        })
        .collect();
    let conflicts: Vec<Value> =
        outcome.conflicts.iter().map(|c| json!({ "question": c.question, "why": c.why })).collect();
    let mut out = json!({
        "kind": kind.name(),
        "wanted": wanted,
        "rows": outcome.rows.len(),
        "spare": outcome.spare,
        "requests": outcome.asked,
        "turns": outcome.turns,
        "rejected": outcome.reasons(),
        "prompt_tokens": outcome.usage.prompt_tokens,
        "completion_tokens": outcome.usage.completion_tokens,
        "cost_usd": outcome.usage.cost_usd,
        "question_types": if kind == Kind::Qa { json!(question_types(outcome)) } else { Value::Null },
        "telling_cues": telling_cues(outcome).iter().map(|c| json!({ "name": c.name, "auc": c.auc })).collect::<Vec<_>>(),
        "conflicts": conflicts,
        "passages": passages,
    });
    if let Some(judge) = outcome.judge {
        out["judge"] = json!({
            "good": judge.good, "good_passed": judge.good_passed,
            "bad": judge.bad, "bad_caught": judge.bad_caught, "trusted": judge.is_trusted(),
        });
    }
    out
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("{n} {what}") } else { format!("{n} {what}s") }
}

/// `1234567` as `1,234,567`.
pub(super) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}
