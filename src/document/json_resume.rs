//! JSON Resume, and the dialects of it that tools export: nothing is required, any type may stand anywhere.
//!
//! Fields that the schema does not name are kept under their own name; `$schema` and `meta` are about the file.

use serde_json::{Map, Value};

use super::builder::{Builder, one_line};
use super::{DocumentError, json, label, people};

/// A section: its key, and the fields that make an entry's heading, the most telling first.
///
/// Entries of sections without headings are list items.
const SECTIONS: &[(&str, &[&str])] = &[
    ("work", &["position", "name", "company"]),
    ("volunteer", &["position", "organization"]),
    ("education", &["studyType", "area", "institution"]),
    ("awards", &["title", "awarder"]),
    ("certificates", &["name", "issuer"]),
    ("publications", &["name", "publisher"]),
    ("skills", &[]),
    ("languages", &[]),
    ("interests", &[]),
    ("references", &["name"]),
    ("projects", &["name"]),
];

/// Fields of running text.
const PROSE: &[&str] = &["description", "summary", "reference"];

/// Fields whose values are items, each a sentence of its own.
const ITEMS: &[&str] = &["highlights", "courses"];

/// Fields written elsewhere than among an entry's labelled lines.
const DATES: &[&str] = &["startDate", "endDate", "date", "releaseDate"];

/// Reads JSON Resume.
pub(super) fn extract(text: &str) -> Result<Builder, DocumentError> {
    json::check_depth(text)?;
    let value: Value = serde_json::from_str(text).map_err(|error| json::not_json(&error))?;
    let Value::Object(resume) = value else { return Err(DocumentError::NotJsonResume) };
    if !has_section(&resume) {
        return Err(DocumentError::NotJsonResume);
    }
    let mut out = Builder::default();
    let person = resume.get("basics").and_then(|basics| basics.get("name"));
    let references = resume.get("references").map_or(&[][..], entries).iter().filter_map(|entry| entry.get("name"));
    for name in person.into_iter().chain(references).filter_map(scalar) {
        people::name(&name, true).into_iter().for_each(|name| out.person(name));
    }
    for (key, value) in &resume {
        match (key.as_str(), value) {
            ("$schema" | "meta", _) => {}
            ("basics", Value::Object(basics)) => write_basics(&mut out, basics),
            _ => write_section(&mut out, key, value),
        }
    }
    Ok(out)
}

/// Whether the text is JSON with a section that JSON Resume names.
pub(super) fn recognises(text: &str) -> bool {
    json::check_depth(text).is_ok()
        && serde_json::from_str::<Map<String, Value>>(text).is_ok_and(|resume| has_section(&resume))
}

/// Whether an object has a key of this format; what lies under it is not looked at.
pub(super) fn is_key(key: &str) -> bool {
    key == "basics" || SECTIONS.iter().any(|(known, _)| *known == key)
}

fn has_section(resume: &Map<String, Value>) -> bool {
    let holds = |key: &str| matches!(resume.get(key), Some(Value::Object(_) | Value::Array(_)));
    holds("basics") || SECTIONS.iter().any(|(key, _)| holds(key))
}

fn write_basics(out: &mut Builder, basics: &Map<String, Value>) {
    if let Some(name) = text_of(basics, "name") {
        out.heading(1, &name);
    }
    if let Some(label) = text_of(basics, "label") {
        out.paragraph(0, "", &label);
    }
    for (key, value) in basics {
        match (key.as_str(), value) {
            ("name" | "label", value) if scalar(value).is_some() => {}
            ("summary", value) if scalar(value).is_some() => {}
            ("location", Value::Object(location)) => write_location(out, location),
            ("profiles", Value::Array(profiles)) => profiles.iter().for_each(|profile| write_profile(out, profile)),
            _ => write_field(out, &words(key), value),
        }
    }
    if let Some(summary) = text_of(basics, "summary") {
        out.heading(2, "Summary");
        write_prose(out, &summary);
    }
}

/// One line, as on an envelope: that is how an address is recognised.
fn write_location(out: &mut Builder, location: &Map<String, Value>) {
    const PARTS: [&str; 5] = ["address", "postalCode", "city", "region", "countryCode"];
    let parts: Vec<String> =
        PARTS.iter().filter_map(|key| text_of(location, key)).map(|part| part.replace('\n', ", ")).collect();
    if !parts.is_empty() {
        out.key_value(0, "Address", &format!("Address: {}", parts.join(", ")));
    }
    for (key, value) in location.iter().filter(|(key, value)| !PARTS.contains(&key.as_str()) || scalar(value).is_none())
    {
        write_field(out, &words(key), value);
    }
}

fn write_profile(out: &mut Builder, profile: &Value) {
    let Value::Object(fields) = profile else { return write_field(out, "Profile", profile) };
    let network = match text_of(fields, "network") {
        // A name of a network is short; anything else is read like any field.
        Some(network) if network.len() > 80 => return write_field(out, "Profile", profile),
        network => network.unwrap_or_else(|| "Profile".to_owned()),
    };
    let line = match (text_of(fields, "username"), text_of(fields, "url")) {
        (Some(name), Some(url)) => Some(format!("[{name}]({url})")),
        (name, url) => name.or(url),
    };
    if let Some(line) = line {
        out.key_value(0, &network, &format!("{network}: {line}"));
    }
    for (key, value) in fields
        .iter()
        .filter(|(key, value)| !matches!(key.as_str(), "network" | "username" | "url") || scalar(value).is_none())
    {
        write_field(out, &label::path(&network, &lower(&words(key))), value);
    }
}

fn write_section(out: &mut Builder, key: &str, value: &Value) {
    let title = words(key);
    if !has_words(value) {
        return;
    }
    let Some(heading) = SECTIONS.iter().find(|(known, _)| *known == key).map(|(_, heading)| *heading) else {
        // Not a section we know: a list of objects reads like one all the same.
        match value {
            Value::Array(_) | Value::Object(_) => {
                out.heading(2, &title);
                for entry in entries(value) {
                    write_entry(out, &["title", "name"], entry);
                }
            }
            scalar => write_field(out, &title, scalar),
        }
        return;
    };
    out.heading(2, &title);
    for entry in entries(value) {
        match entry {
            Value::Object(fields) if heading.is_empty() => write_item(out, fields),
            _ => write_entry(out, heading, entry),
        }
    }
}

/// A single entry may stand where a list of them should.
fn entries(value: &Value) -> &[Value] {
    match value {
        Value::Array(entries) => entries,
        one => std::slice::from_ref(one),
    }
}

fn write_entry(out: &mut Builder, heading: &[&str], entry: &Value) {
    let Value::Object(fields) = entry else {
        if let Some(words) = flat(entry) {
            out.item(0, 0, "-", &words);
        }
        return;
    };
    let title: Vec<String> = heading.iter().filter_map(|key| text_of(fields, key)).collect();
    if !title.is_empty() {
        out.heading(3, &title.join(", "));
    }
    if let Some(dates) = dates(fields) {
        let key = if dates.contains(' ') { "Dates" } else { "Date" };
        out.key_value(0, key, &format!("{key}: {dates}"));
    }
    let done = |key: &str| heading.contains(&key) || DATES.contains(&key) || PROSE.contains(&key);
    let (prose, lists) = (|key: &str| PROSE.contains(&key), |key: &str| ITEMS.contains(&key));
    for (key, value) in fields.iter().filter(|(key, value)| !(lists(key) || done(key) && scalar(value).is_some())) {
        write_field(out, &words(key), value);
    }
    for words in fields.iter().filter(|(key, _)| prose(key)).filter_map(|(_, value)| scalar(value)) {
        write_prose(out, &words);
    }
    for (_, value) in fields.iter().filter(|(key, _)| lists(key)) {
        out.gap();
        entries(value).iter().filter_map(flat).for_each(|words| out.item(0, 0, "-", &words));
    }
    out.gap();
}

/// `- name (level): keywords`, with whatever else is there behind it.
fn write_item(out: &mut Builder, fields: &Map<String, Value>) {
    let name = text_of(fields, "name").or_else(|| text_of(fields, "language")).unwrap_or_default();
    let level = text_of(fields, "level").map(|level| format!("({level})"));
    let mut rest: Vec<String> = Vec::new();
    for (key, value) in fields {
        match (key.as_str(), flat(value)) {
            (_, None) => {}
            ("name" | "language" | "level", _)
                if scalar(value).is_some()
                    && text_of(fields, key).is_some_and(|text| text == name || key == "level") => {}
            ("keywords" | "fluency" | "summary" | "description", Some(words)) => rest.push(words),
            (key, Some(flat)) => rest.push(format!("{} {flat}", lower(&words(key)))),
        }
    }
    let head: Vec<String> = std::iter::once(name).chain(level).filter(|part| !part.is_empty()).collect();
    let parts: Vec<String> =
        std::iter::once(head.join(" ")).chain([rest.join("; ")]).filter(|part| !part.is_empty()).collect();
    out.item(0, 0, "-", &parts.join(": "));
}

/// `start - end` of the two ends there are; the date of a single day.
fn dates(fields: &Map<String, Value>) -> Option<String> {
    let span = match (text_of(fields, "startDate"), text_of(fields, "endDate")) {
        (Some(start), Some(end)) => Some(format!("{start} - {end}")),
        (Some(start), None) => Some(format!("{start} - present")),
        (None, end) => end,
    };
    let days: Vec<String> =
        span.into_iter().chain(["date", "releaseDate"].iter().filter_map(|key| text_of(fields, key))).collect();
    (!days.is_empty()).then(|| days.join(", "))
}

/// Any value under a label: objects spread into one line per field.
fn write_field(out: &mut Builder, label: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| write_field(out, &label::path(label, &lower(&words(key))), value))
        }
        Value::Array(values) if values.iter().any(Value::is_object) => {
            values.iter().for_each(|value| write_field(out, label, value))
        }
        value => {
            if let Some(words) = flat(value) {
                out.key_value(0, label, &format!("{label}: {words}"));
            }
        }
    }
}

/// Blank lines part paragraphs, as in the forms these texts are typed into.
fn write_prose(out: &mut Builder, words: &str) {
    words.replace('\r', "").split("\n\n").for_each(|paragraph| out.paragraph(0, "", paragraph));
}

/// The words of a value in one line.
fn flat(value: &Value) -> Option<String> {
    let parts: Vec<String> = match value {
        Value::Array(values) => values.iter().filter_map(flat).collect(),
        Value::Object(fields) => {
            fields.iter().filter_map(|(key, value)| Some(format!("{} {}", lower(&words(key)), flat(value)?))).collect()
        }
        value => scalar(value).into_iter().collect(),
    };
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A string or number with something in it. Embedded pictures are not words.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(words) if !one_line(words).is_empty() && !words.starts_with("data:") => {
            Some(words.trim().to_owned())
        }
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        _ => None,
    }
}

fn text_of(fields: &Map<String, Value>, key: &str) -> Option<String> {
    fields.get(key).and_then(scalar)
}

fn has_words(value: &Value) -> bool {
    flat(value).is_some()
}

/// `countryCode` as `Country code`.
fn words(key: &str) -> String {
    let mut label = String::with_capacity(key.len() + 4);
    let mut before = ' ';
    for c in key.chars() {
        match c {
            '_' | '-' => label.push(' '),
            c if label.is_empty() => label.extend(c.to_uppercase()),
            c if c.is_uppercase() && before.is_lowercase() => {
                label.push(' ');
                label.extend(c.to_lowercase());
            }
            c => label.push(c),
        }
        before = c;
    }
    if label == "Url" { "URL".to_owned() } else { label }
}

/// A label within a line: `URL` stays, other words lose their capital.
fn lower(label: &str) -> String {
    let mut rest = label.chars();
    match rest.next() {
        Some(first) if !rest.as_str().starts_with(char::is_uppercase) => first.to_lowercase().chain(rest).collect(),
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expected: &str) {
        assert_eq!(extract(source).map(|builder| builder.finish().0).as_deref(), Ok(expected));
    }

    #[test]
    fn basics() {
        check(
            r#"{"basics": {"name": "Jo Doe", "label": "Sailor", "image": "data:x", "email": "jo@e.example", "birthDate": "1987",
                "location": {"address": "2 Quay", "city": "Leith", "countryCode": "GB", "note": "by the sea"},
                "profiles": [{"network": "GitHub", "username": "jo", "url": "https://e.example/jo"}, {"url": "https://f.example"}, null],
                "summary": "One.\n\nTwo."}}"#,
            "# Jo Doe\n\nSailor\n\nEmail: jo@e.example\nBirth date: 1987\nAddress: 2 Quay, Leith, GB\nNote: by the sea\n\
             GitHub: [jo](https://e.example/jo)\nProfile: https://f.example\n\n## Summary\n\nOne.\n\nTwo.\n",
        );
    }

    #[test]
    fn entries_read_like_a_resume() {
        check(
            r#"{"work": [{"name": "Tide", "position": "Mate", "url": "https://t.example", "startDate": "2020", "summary": "Tides.",
                "highlights": ["One.", "Two."], "team": {"size": 7}}], "awards": [{"title": "Cup", "date": "2019", "awarder": "Club"}]}"#,
            "## Work\n\n### Mate, Tide\n\nDates: 2020 - present\nURL: https://t.example\nTeam size: 7\n\nTides.\n\n- One.\n- Two.\n\n\
             ## Awards\n\n### Cup, Club\n\nDate: 2019\n",
        );
    }

    #[test]
    fn short_entries_are_items() {
        check(
            r#"{"skills": [{"name": "Boats", "level": "Master", "keywords": ["oars", "sails"], "years": 9}, "Tea"],
                "languages": [{"language": "Norn", "fluency": "Fair"}], "interests": [{"name": "Kettles"}, {}]}"#,
            "## Skills\n\n- Boats (Master): oars, sails; years 9\n- Tea\n\n## Languages\n\n- Norn: Fair\n\n## Interests\n\n- Kettles\n",
        );
    }

    #[test]
    fn wrong_types_keep_their_words() {
        check(
            r#"{"basics": {"name": ["Jo"], "phone": 7, "email": null}, "work": {"position": "Mate", "highlights": "One.", "summary": ["a", {"b": "c"}]},
                "education": "Harbour", "hobbies": [{"name": "Tea", "since": 1999}], "motto": "Fine."}"#,
            "Name: Jo\nPhone: 7\n\n## Work\n\n### Mate\n\nSummary: a\nSummary b: c\n\n- One.\n\n## Education\n\n- Harbour\n\n\
             ## Hobbies\n\n### Tea\n\nSince: 1999\n\nMotto: Fine.\n",
        );
    }

    #[test]
    fn refusals() {
        assert_eq!(extract("{\"name\": \"x\"}").err(), Some(DocumentError::NotJsonResume));
        assert_eq!(extract("[]").err(), Some(DocumentError::NotJsonResume));
        assert_eq!(extract(&"[".repeat(200_000)).err(), Some(DocumentError::TooDeep { limit: 127 }));
        let error = extract("{\"basics\": }").err();
        assert_eq!(error, Some(DocumentError::Json { line: 1, column: 12, reason: "expected value".to_owned() }));
        assert!(extract("{\"a\": [[\"]\"]}").is_err());
    }
}
