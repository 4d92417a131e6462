//! Questions that need a thought before the answer.

use serde_json::{Value, json};

use super::clause::{Addition, Clause, counted};
use super::fact::{Topic, all_names, definite, listed};
use super::place::{Place, Section};
use super::words::{capital, closed, count, inner, is_year, month, number, one_of, open_end, pick, spelt, tidy, value};

fn row(instruction: &str, thought: &str, response: &str, evidence: &str) -> Value {
    json!({ "instruction": tidy(instruction), "thought": tidy(thought), "response": tidy(response), "evidence": evidence })
}

/// `At Harrow Freight I rebuilt the scheduler.`
fn at(place: &Place, voiced: &str) -> String {
    let head = place.head();
    if head.is_empty() || place.employer.is_empty() || !voiced.starts_with("I ") {
        closed(voiced)
    } else {
        closed(&format!("{} {voiced}", head.trim_end_matches([',', ' '])))
    }
}

/// All rows about one topic, the best first; `next` is the topic after it.
pub(super) fn about(topic: &Topic<'_>, next: Option<&Topic<'_>>) -> Vec<Value> {
    let mut out = Vec::new();
    let place = topic.place();
    let tail = place.tail();
    let evidence = topic.unit.text();
    let Some(first) = topic.facts.first() else { return out };
    let after = topic.after();
    if matches!(place.section, Section::Skills | Section::Languages) && !topic.unit.label.is_empty() {
        listing(topic, &mut out);
        return out;
    }
    for (i, fact) in topic.facts.iter().enumerate() {
        if let Some(clause) = &fact.clause {
            sums(topic, i, clause, &mut out);
        }
    }
    let said = at(place, &first.voiced);
    if let Some(lead) = topic.lead().filter(|_| topic.unit.bullet) {
        let told = lead.say(None);
        if count(&after) >= 3 {
            let (ask, so) = match pick(&first.raw, 3) {
                0 if lead.aux == "did" => {
                    (format!("What came of it when {told}{tail}?"), "What I can say beyond that is short.")
                }
                1 => {
                    (format!("What is worth knowing about how {told}{tail}?"), "The deed alone is half of the answer.")
                }
                _ => (format!("What stands out in how {told}{tail}?"), "What stands out is what came with it."),
            };
            out.push(row(&ask, &format!("{said} {so}"), &after, &evidence));
        }
        if let Some(name) = topic.name() {
            let ask = match pick(&evidence, 3) {
                0 => format!("How would you show that you know {name}{tail}?"),
                1 => format!("Asked for your experience with {name}{tail}, what do you say?"),
                _ => format!("A sceptic doubts your part in {name}{tail}. What is your answer?"),
            };
            let detail = if count(&after) >= 3 { format!(" {}", closed(&after)) } else { String::new() };
            out.push(row(
                &ask,
                &format!(
                    "{} {said}{detail}",
                    one_of(
                        &told,
                        &[
                            "A claim convinces nobody, a case does.",
                            "I should name something I did.",
                            "Better one plain example than a list."
                        ]
                    )
                ),
                &format!(
                    "{} {}",
                    one_of(&said, &["I would tell it as it was:", "I would say:", "In short:"]),
                    closed(&first.voiced)
                ),
                &evidence,
            ));
        }
        if let Some(other) = next.filter(|n| n.unit.bullet && n.place() == place)
            && let (Some(second), Some(fact)) = (other.lead(), other.facts.first())
        {
            choice(topic, other, &told, &second.say(None), &fact.voiced, &mut out);
        }
    }
    if !listed(place.section) {
        for name in
            all_names(&first.raw).into_iter().filter(|n| !n.chars().all(|c| c.is_ascii_digit()) && n.len() > 1).take(2)
        {
            let Some(_) = topic.lead().filter(|_| topic.unit.bullet && first.voiced.starts_with("I ")) else { break };
            out.push(row(
                &format!("Did {name} ever come up in your work{tail}?"),
                &format!(
                    "{} {said} {}",
                    one_of(
                        &name,
                        &[
                            "A bare yes proves little.",
                            "I go through what I did.",
                            "There has to be a case behind a yes."
                        ]
                    ),
                    one_of(
                        &said,
                        &["So there is a case to name.", "That counts.", "So the answer has something to stand on."]
                    )
                ),
                &format!("Yes, it did. {}", closed(&first.voiced)),
                &first.raw,
            ));
        }
    }
    for fact in &topic.facts {
        let Some((clause, n)) =
            fact.clause.as_ref().and_then(|c| c.parts().into_iter().find_map(|(_, w)| counted(w)).map(|n| (c, n)))
        else {
            continue;
        };
        let subject = if clause.subject == "you" && fact.voiced.starts_with("I ") {
            clause.say(None)
        } else {
            open_end(&inner(&super::words::to_you(&fact.raw))).to_owned()
        };
        let figure = if n.len == 1 { n.number.clone() } else { format!("{} {}", n.number, n.noun) };
        let without = subject.replacen(&figure, &format!("so many {}", n.noun), 1);
        if without != subject && !tail.is_empty() {
            out.push(row(
                &format!("You say that {without}{tail}. Can you put a number on it?"),
                &format!(
                    "{} {} {}",
                    one_of(&fact.raw, &["I have the figure.", "First the whole of it.", "What do I know for certain?"]),
                    closed(&fact.voiced),
                    one_of(
                        &figure,
                        &[
                            "Without the number that is vague.",
                            "The number is the part that can be checked.",
                            "A number says more than an adjective."
                        ]
                    )
                ),
                &format!("{} {figure}.", one_of(&without, &["Yes. The figure is", "Yes:", "I would, and it is"])),
                &fact.raw,
            ));
        }
    }
    if !topic.unit.bullet && place.section != Section::Work {
        prose(topic, &tail, &mut out);
    } else if let Some(name) = topic.name().filter(|_| listed(place.section) && count(&after) >= 2) {
        out.push(row(
            &format!("What would you tell someone who asks about {name}?"),
            &format!("First where it belongs: {} Then what is left to say.", closed(&first.raw)),
            &after,
            &evidence,
        ));
    }
    out
}

/// Which of two to tell: the one that can be counted, if only one can.
fn choice(topic: &Topic<'_>, other: &Topic<'_>, one: &str, two: &str, voiced: &str, out: &mut Vec<Value>) {
    let figure = |t: &Topic<'_>| {
        t.facts.iter().find_map(|f| {
            let words: Vec<String> = open_end(&f.raw).split_whitespace().map(str::to_owned).collect();
            counted(&words).map(|n| if n.len == 1 { n.number.clone() } else { format!("{} {}", n.number, n.noun) })
        })
    };
    let (tail, first) = (topic.place().tail(), topic.facts.first().map(|f| f.voiced.clone()).unwrap_or_default());
    let ask = format!("One story{tail}: that {one}, or that {two}. Which has a number to show?");
    let (thought, response, evidence) = match (figure(topic), figure(other)) {
        (Some(a), Some(b)) if a != b => (
            format!("The first comes with {a}. The second comes with {b}. Both can be counted."),
            format!("Either would do. The first has {a}, the second {b}."),
            topic.unit.text(),
        ),
        (Some(a), None) => (
            format!("{} There I can say: {a}. For the other one I have no count.", closed(&first)),
            format!("The first one, with {a} to show."),
            topic.unit.text(),
        ),
        (None, Some(b)) => (
            format!("The first one has no count to it. {} There I can say: {b}.", closed(voiced)),
            format!("The second one, with {b} to show."),
            other.unit.text(),
        ),
        _ => return,
    };
    // A number that counts nothing known is still a number.
    if response.contains(", with ")
        && [topic, other].iter().all(|t| t.unit.text().split_whitespace().any(|w| value(w).is_some_and(|n| n > 1.0)))
    {
        return;
    }
    out.push(row(&ask, &thought, &response, &evidence));
}

/// What can be worked out from a statement's numbers.
fn sums(topic: &Topic<'_>, index: usize, clause: &Clause, out: &mut Vec<Value>) {
    let Some(fact) = topic.facts.get(index) else { return };
    let tail = if topic.unit.label.is_empty() { topic.place().tail() } else { String::new() };
    let find = |prep: &str| clause.additions.iter().find(|a| a.prep == prep).map(Addition::content);
    let what = definite(&if clause.subject == "you" { clause.thing() } else { clause.subject.clone() });
    if let (Some(from), Some(to)) = (find("from"), find("to"))
        && let Some((a, b)) = first_value(&from).zip(first_value(&to))
        && a > 0.0
        && b > 0.0
        && (a - b).abs() > f64::EPSILON
        && !what.is_empty()
        && ![&from, &to].iter().any(|t| t.split_whitespace().next().is_some_and(is_year))
        && same_unit(&from, &to)
    {
        let gap = number((a - b).abs());
        let unit = if from.contains('%') { Some("percentage points".to_owned()) } else { unit(&from) };
        let unit = unit.filter(|u| !u.is_empty()).map(|u| format!(" {u}")).unwrap_or_default();
        let times = if a > b { a / b } else { b / a };
        let said = closed(&fact.voiced);
        out.push(row(
            &format!("By how much did {what} change{tail}, by the two figures?"),
            &format!("{said} Between {} and {} lie {gap}{unit}.", number_of(&from), number_of(&to)),
            &format!("By {gap}{unit}: {} before, {} after.", open_end(&from), open_end(&to)),
            &fact.raw,
        ));
        if times >= 1.5 {
            out.push(row(
                &format!("Was the change in {what}{tail} a small one?"),
                &format!("{said} The larger figure divided by the smaller is about {}.", number(times)),
                &format!("No. From {} to {} is a factor of about {}.", open_end(&from), open_end(&to), number(times)),
                &fact.raw,
            ));
        }
    }
    let text = clause.rest(None);
    for (per, factor, whole, known) in [
        (" an hour", 24.0, "a full day and night", "A day has 24 hours"),
        (" a second", 60.0, "a minute", "A minute has 60 seconds"),
        (" a week", 52.0, "a year", "A year has 52 weeks"),
        (" a month", 12.0, "a year", "A year has twelve months"),
        (" a day", 7.0, "a week", "A week has seven days"),
    ] {
        if !text.contains(per) {
            continue;
        }
        let found = clause
            .parts()
            .into_iter()
            .find_map(|(_, w)| w.join(" ").contains(per.trim()).then(|| counted(w)).flatten());
        let Some(n) = found else { continue };
        let million = n.number.ends_with("million");
        let Some(each) = first_value(&n.number).filter(|_| million || count(&n.number) == 1) else { continue };
        let (sum, scale) = (number(each * factor), if million { " million" } else { "" });
        out.push(row(
            &format!("At the pace of {what}{tail}, how many {} would {whole} bring?", n.noun),
            &format!(
                "{} {known}. {} times {} is {sum}{scale}.",
                closed(&fact.voiced),
                capital(n.number.trim_end_matches(" million")),
                factor
            ),
            &format!("{sum}{scale} {} in {whole}, if nothing stops.", n.noun),
            &fact.raw,
        ));
    }
}

fn first_value(text: &str) -> Option<f64> {
    text.split_whitespace().next().and_then(value)
}

fn number_of(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().to_owned()
}

fn unit(text: &str) -> Option<String> {
    text.split_once(' ')
        .map(|(_, unit)| open_end(unit).split(" a ").next().unwrap_or_default().to_owned())
        .filter(|u| !u.starts_with("a "))
}

/// `8.5 seconds` and `1.2 seconds`, or `55 minutes` and `six`; never `910 ms` and `2 s`.
fn same_unit(from: &str, to: &str) -> bool {
    match (unit(from), unit(to)) {
        (Some(a), Some(b)) => a == b,
        (_, None) => !to.contains('%') || from.contains('%'),
        (None, Some(_)) => false,
    }
}

/// Paragraphs: a conclusion from what was told before it.
fn prose(topic: &Topic<'_>, tail: &str, out: &mut Vec<Value>) {
    let told = |from: usize, to: usize| {
        topic.facts.get(from..to).unwrap_or_default().iter().map(|f| f.raw.as_str()).collect::<Vec<_>>().join(" ")
    };
    let n = topic.facts.len();
    for i in 2..n {
        let (Some(fact), before) = (topic.facts.get(i), told(i - 2, i)) else { continue };
        let clear = count(&fact.raw) >= 5 && !fact.raw.contains('"') && count(&before) >= 6;
        let Some(seen) = topic.facts.get(i - 2).filter(|s| clear && count(&s.raw) > 2) else { continue };
        let start = open_end(&seen.raw);
        let ask = match pick(&fact.raw, 3) {
            0 => format!("You tell people “{start}”{tail}. Where does that lead?"),
            1 => format!("Start from “{start}”{tail}. What followed?"),
            _ => format!("“{start}”, you wrote{tail}. And then?"),
        };
        let end = (i + 2).min(n);
        out.push(row(
            &ask,
            &format!(
                "{before} {}",
                one_of(
                    &before,
                    &[
                        "That is how it stood.",
                        "So much for the beginning.",
                        "That is where I was.",
                        "From there it is a short way."
                    ]
                )
            ),
            &told(i, end),
            &told(i - 2, end),
        ));
    }
}

/// Skills and languages: what is in the list, and what can be said from it.
fn listing(topic: &Topic<'_>, out: &mut Vec<Value>) {
    let (label, value) = (&topic.unit.label, topic.told());
    let evidence = topic.unit.text();
    if topic.place().section == Section::Languages {
        out.push(row(
            &format!("A job asks for {label}. What do you tell them?"),
            &format!("I have an honest word for my {label}, and it is this: {}", closed(&value)),
            &format!("I would say it as it is. {label}: {}", closed(&value)),
            &evidence,
        ));
        return;
    }
    let topic_name = inner(&super::words::small(label));
    let items: Vec<&str> = open_end(&value).split(", ").collect();
    for item in &items {
        out.push(row(
            &format!("Would you name {item} if someone asked about your {topic_name}?"),
            &format!("My {topic_name}: {} {item} is on the list.", closed(&value)),
            &format!("Yes, {item} is one of {}.", spelt(items.len())),
            &evidence,
        ));
    }
}

/// How long a job lasted, from its dates.
pub(super) fn job(job: &Place) -> Vec<Value> {
    let Place { role, employer, from, to, dates_quote, quote, city, .. } = job;
    let mut out = Vec::new();
    let point = |text: &str| {
        let year = text
            .split_whitespace()
            .find(|w| is_year(w))
            .and_then(|w| w.get(..4))
            .and_then(|w| w.parse::<i64>().ok())?;
        let number = text.split_once('-').and_then(|(_, m)| m.parse::<i64>().ok());
        Some((year, text.split_whitespace().find_map(month).or(number)))
    };
    if employer.is_empty() {
        return out;
    }
    if let (Some((y1, m1)), Some((y2, m2))) = (point(from), point(to)) {
        let length = match (m1, m2) {
            (Some(m1), Some(m2)) => {
                let months = (y2 - y1) * 12 + m2 - m1 + 1;
                let (years, rest) = (months / 12, months % 12);
                let part = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
                match (years, rest) {
                    (0, m) => part(m, "month"),
                    (y, 0) => part(y, "year"),
                    (y, m) => format!("{} and {}", part(y, "year"), part(m, "month")),
                }
            }
            _ => format!("about {} years", y2 - y1),
        };
        if (y1..=y1 + 60).contains(&y2) {
            let months = if m1.is_some() && m2.is_some() {
                "Counting both of these months, that makes"
            } else {
                "Going by the years, that makes"
            };
            out.push(row(
                &format!("How long did you stay at {employer}?"),
                &format!("I started in {from} and left in {to}. {months} {length}."),
                &format!("{}.", capital(&length)),
                dates_quote,
            ));
        }
    }
    if !role.is_empty() && !city.is_empty() {
        out.push(row(
            &format!("A form asks where you worked as {role}. What do you put down?"),
            &format!("That job was with {employer}. The place was {city}."),
            &format!("{employer}, {city}."),
            quote,
        ));
    }
    out
}
