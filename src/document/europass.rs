//! Europass CVs as XML: `SkillsPassport` of the old editor, `Candidate` of the new one.
//!
//! Both are forms with many fields. Those that make a section, an entry or a period are known by name; any other one is
//! written under its own name, so a field that is not known here keeps its words.

use super::builder::{Builder, one_line};
use super::xml::{self, Element};
use super::{DocumentError, html, people};

/// Outermost elements.
const ROOTS: &[&str] = &["SkillsPassport", "Candidate", "LearnerInfo"];

/// Elements that make a section.
const SECTIONS: &[(&str, &str)] = &[
    ("WorkExperienceList", "Work experience"),
    ("EmploymentHistory", "Work experience"),
    ("EducationList", "Education"),
    ("EducationHistory", "Education"),
    ("Skills", "Skills"),
    ("PersonQualifications", "Skills"),
    ("AchievementList", "Achievements"),
    ("PublicationHistory", "Publications"),
    ("Publications", "Publications"),
    ("Licenses", "Licences"),
    ("Certifications", "Certifications"),
    ("EmploymentReferences", "References"),
    ("ReferenceToList", "References"),
    ("Others", "Other"),
    ("Projects", "Projects"),
    ("Volunteerings", "Volunteering"),
    ("HonorsAwards", "Honours"),
];

/// Elements that make an entry, with where its heading lies, the most telling first.
const ENTRIES: &[(&str, &[&[&str]])] = &[
    ("WorkExperience", &[&["Position", "Label"], &["Employer", "Name"]]),
    ("EmployerHistory", &[&["PositionHistory", "PositionTitle"], &["OrganizationName"]]),
    ("Education", &[&["Title"], &["Organisation", "Name"]]),
    ("EducationOrganizationAttendance", &[&["EducationDegree", "DegreeName"], &["OrganizationName"]]),
    ("Achievement", &[&["Title", "Label"]]),
    ("Publication", &[&["FormattedPublicationDescription"], &["Title"]]),
    ("Project", &[&["Title"], &["ProjectTitle"]]),
];

/// Elements about the file or its look, and pictures.
const DROPPED: &[&str] = &[
    "DocumentInfo",
    "PrintingPreferences",
    "DocumentID",
    "CandidateSupplier",
    "Photo",
    "Signature",
    "AttachmentList",
    "Attachment",
    "TaxonomyID",
    "Code",
    "ProfileSettings",
    "RenderingInformation",
    "TemplateName",
    "BirthPlaceCode",
    "UseCode",
    "ChannelCode",
];

/// Whether an XML text is such a CV.
pub(super) fn recognises(text: &str) -> bool {
    // The outermost element stands near the start; a comment of the editor may stand before it.
    let end = text.floor_char_boundary(4_096);
    ROOTS.iter().any(|root| {
        text[..end].match_indices(root).any(|(at, _)| {
            text[..at].ends_with(['<', ':'])
                && text[at + root.len()..].starts_with(|c: char| c.is_whitespace() || c == '>')
        })
    })
}

/// Reads a CV.
pub(super) fn extract(text: &str) -> Result<Builder, DocumentError> {
    let tree = xml::parse(text)?;
    if !ROOTS.contains(&tree.name) {
        return Err(DocumentError::UnknownFormat { extension: Some("xml".to_owned()) });
    }
    let mut out = Builder::default();
    if let Some(person) = tree.find("PersonName") {
        let part =
            |names: &[&str]| names.iter().find_map(|name| person.child(name)).map(|found| one_line(&found.text()));
        let parts = [part(&["FirstName", "GivenName"]), part(&["Surname", "FamilyName"])];
        let name = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        out.heading(1, &name);
        people::name(&name, true).into_iter().for_each(|name| out.person(name));
    }
    children(&mut out, "", &tree, &[])?;
    Ok(out)
}

fn children(out: &mut Builder, path: &str, element: &Element<'_>, done: &[&Element<'_>]) -> Result<(), DocumentError> {
    element.elements().try_for_each(|child| write(out, path, child, done))
}

/// Writes an element; `label` is the name of the nearest one around it that says something.
fn write(out: &mut Builder, label: &str, element: &Element<'_>, done: &[&Element<'_>]) -> Result<(), DocumentError> {
    let name = element.name;
    if DROPPED.contains(&name) || name == "PersonName" || done.iter().any(|other| std::ptr::eq(*other, element)) {
        return Ok(());
    }
    if let Some((_, title)) = SECTIONS.iter().find(|(known, _)| *known == name) {
        if has_words(element) {
            out.heading(2, title);
        }
        return children(out, "", element, done);
    }
    if let Some((_, heading)) = ENTRIES.iter().find(|(known, _)| *known == name) {
        let parts = heading.iter().filter_map(|path| element.at(path)).filter(|part| has_words(part));
        let parts: Vec<&Element<'_>> = parts.collect();
        let words: Vec<String> = parts.iter().map(|part| one_line(&part.text())).collect();
        out.gap();
        out.heading(3, &words.join(", "));
        return children(out, "", element, &parts);
    }
    if let Some((key, line)) = line(element) {
        out.key_value(0, key, &format!("{key}: {line}"));
        return Ok(());
    }
    let own = if is_wrapper(name) && !label.is_empty() { label.to_owned() } else { spaced(name) };
    if element.elements().next().is_some() {
        return children(out, &own, element, done);
    }
    written(out, &own, &element.text())
}

/// Whether an element's name says nothing about the words in it.
fn is_wrapper(name: &str) -> bool {
    name.ends_with("List")
        || matches!(name, "Label" | "Value" | "Contact" | "Description" | "FormattedDateTime" | "Name")
}

/// Elements that make one line of all their parts.
fn line(element: &Element<'_>) -> Option<(&'static str, String)> {
    match element.name {
        "Period" | "EmploymentPeriod" | "AttendancePeriod" => period(element).map(|period| ("Dates", period)),
        "Birthdate" | "BirthDate" => period(element).map(|day| ("Date of birth", day)),
        "Date" => period(element).map(|day| ("Date", day)),
        // As on an envelope: that is how an address is recognised.
        "Address" => {
            let mut parts = Vec::new();
            leaves(element, &mut parts);
            (!parts.is_empty()).then(|| ("Address", parts.join(", ")))
        }
        "ProficiencyLevel" => {
            let parts = element.elements().map(|part| format!("{} {}", spaced(part.name), one_line(&part.text())));
            Some(("Level", parts.collect::<Vec<_>>().join(", ")))
        }
        "URI" => {
            let words = one_line(&element.text());
            (!words.is_empty()).then_some((if words.contains('@') { "Email" } else { "Web" }, words))
        }
        _ => None,
    }
}

/// The words of the innermost elements.
fn leaves(element: &Element<'_>, parts: &mut Vec<String>) {
    if DROPPED.contains(&element.name) {
        return;
    }
    let words = one_line(&element.text());
    if element.elements().next().is_none() && !words.is_empty() {
        parts.push(words);
    }
    element.elements().for_each(|child| leaves(child, parts));
}

/// Fragments of pages stand as text in some fields.
fn written(out: &mut Builder, label: &str, words: &str) -> Result<(), DocumentError> {
    if words.trim_start().starts_with('<') && words.contains("</") {
        let page = html::extract(words)?;
        out.gap();
        out.append(page);
        out.gap();
    } else if !one_line(words).is_empty() {
        let long = words.chars().nth(160).is_some();
        if long { super::posts::write_prose(out, words) } else { out.key_value(0, label, &format!("{label}: {words}")) }
    }
    Ok(())
}

fn has_words(element: &Element<'_>) -> bool {
    !element.text().trim().is_empty() || element.elements().any(|child| period(child).is_some() || has_words(child))
}

/// `2019-03 - 2021` of the elements that hold a start and an end, or a single day.
fn period(element: &Element<'_>) -> Option<String> {
    let date = |element: &Element<'_>| {
        // The old form has attributes, months and days behind dashes; the new one text.
        let parts = ["year", "month", "day"].into_iter().filter_map(|part| element.attribute(part));
        let parts: Vec<&str> = parts.map(|part| part.trim_start_matches('-')).collect();
        let text = one_line(&element.text());
        if parts.is_empty() { Some(text).filter(|text| !text.is_empty()) } else { Some(parts.join("-")) }
    };
    let find = |names: &[&str]| names.iter().find_map(|name| element.child(name)).and_then(date);
    let current = ["Current", "CurrentIndicator"].iter().find_map(|name| element.child(name));
    let open = current.is_some_and(|current| current.text().trim() == "true");
    let end = if open { Some("present".to_owned()) } else { find(&["To", "EndDate"]) };
    match (find(&["From", "StartDate"]), end) {
        (Some(start), Some(end)) => Some(format!("{start} - {end}")),
        (None, None) => date(element),
        (start, end) => start.or(end),
    }
}

/// `PostalCode` as `Postal code`.
fn spaced(name: &str) -> String {
    let (mut words, mut before) = (String::with_capacity(name.len() + 4), ' ');
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_uppercase() && before.is_lowercase() {
            words.push(' ');
            // `ID` stays as it is.
            if rest.peek().is_some_and(|next| next.is_lowercase()) {
                words.extend(c.to_lowercase());
            } else {
                words.push(c);
            }
        } else {
            words.push(c);
        }
        before = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_roots() {
        assert_eq!(spaced("PostalCode"), "Postal code");
        assert_eq!(spaced("URI"), "URI");
        assert!(recognises("<?xml version='1.0'?>\n<e:Candidate\n xmlns:e='x'>"));
        assert!(!recognises("<p>Candidate </p>") && !recognises("<Candidates>"));
    }

    #[test]
    fn fields_that_are_not_known_keep_their_words() {
        let source = "<LearnerInfo><Identification><PersonName><FirstName>Jo</FirstName></PersonName></Identification>\
            <NewThing><Label>One</Label><Deep><Part>Two</Part></Deep></NewThing></LearnerInfo>";
        assert_eq!(extract(source).unwrap().finish().0, "# Jo\n\nNew thing: One\nPart: Two\n");
        assert!(extract("<rss/>").is_err());
    }
}
