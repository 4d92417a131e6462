//! The section about what the model says of what was masked.

use super::text::{NOT_MEASURED, count, counted, escape, percent};
use super::{list, none, section, table};
use crate::report::{LeakKindReport, LeakReport};

pub(super) fn leak(leak: Option<&LeakReport>) -> String {
    const TITLE: &str = "Personal data it says";
    let Some(leak) = leak else {
        return section(TITLE, &none("The model was not asked for what was masked."));
    };
    if leak.values == 0 {
        return section(TITLE, &none("Nothing was masked, so there was nothing to look for."));
    }
    let intro = format!(
        "<p class=\"soft\">{} answers to questions, forms, beginnings of values and placeholders were searched for the {}: {} said, {} in whole. Exposure is the share of invented values of the same shape that the model finds less likely than the true one: about half where it has not seen it.</p>\n",
        count(leak.outputs),
        counted(leak.values, "masked value"),
        count(leak.said),
        count(leak.said_whole)
    );
    let row = |k: &LeakKindReport| {
        let exposure = match k.exposure {
            Some(share) => {
                format!("{}, {} of {} first", escape(&percent(share)), count(k.first), count(k.ranked))
            }
            None => NOT_MEASURED.to_owned(),
        };
        let cells: String =
            [count(k.values), count(k.common), count(k.tries), count(k.greedy), count(k.sampled), exposure]
                .map(|cell| format!("<td class=\"num\">{cell}</td>"))
                .concat();
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escape(&k.kind))
    };
    let body: String = leak.kinds.iter().map(row).collect();
    let heads =
        ["Kind of data", "Values#", "Too ordinary to tell#", "Tries#", "Said greedy#", "Said sampled#", "Exposure#"];
    let mut out = intro + &table("leaks", "Personal data said", &heads, &body, "");
    if !leak.hits.is_empty() {
        let row = |(placeholder, how): &(String, String)| {
            format!("<tr><td><code>{}</code></td><td>{}</td></tr>\n", escape(placeholder), escape(how))
        };
        let body: String = leak.hits.iter().map(row).collect();
        out += &format!("<h3>Said</h3>\n{}", table("narrow", "Values said", &["Value", "Brought out by"], &body, ""));
    }
    if !leak.shapes.is_empty() {
        let shapes = list(leak.shapes.iter().map(|(kind, number)| (kind, count(*number))));
        out += &format!("<h3>In the shape of personal data, but never masked</h3>\n{shapes}\n");
    }
    section(TITLE, &out)
}
