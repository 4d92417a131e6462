//! Telling `Label: value` lines from prose.

/// The longest label, in characters.
const MAX_LABEL_CHARS: usize = 40;

/// The longest value after a label that nothing but its colon marks; past that it is a sentence.
const MAX_VALUE_CHARS: usize = 160;

/// Labels that people write without a capital or without a space after the colon.
const CONTACT: &[&str] = &[
    "e-mail",
    "email",
    "mail",
    "phone",
    "tel",
    "telephone",
    "mobile",
    "cell",
    "fax",
    "web",
    "website",
    "site",
    "url",
    "github",
    "gitlab",
    "linkedin",
    "twitter",
    "mastodon",
    "address",
    "location",
    "name",
    "dob",
    "born",
    "skype",
    "telegram",
];

/// First words of a clause, which a label does not begin with.
const CLAUSE: &[&str] = &[
    "a", "an", "and", "as", "but", "for", "he", "here", "i", "if", "it", "my", "she", "so", "that", "the", "then",
    "there", "they", "this", "we", "when", "you",
];

/// The label of a `Label: value` line, as contact blocks have it; `None` for prose.
///
/// List items keep their kind when they carry a label, so callers that look for labels ask this on the item's words.
#[must_use]
pub fn label(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(['-', '*', ' ']);
    let (key, value) = split(line)?;
    let contact = CONTACT.iter().any(|known| key.eq_ignore_ascii_case(known));
    let spaced = value.starts_with([' ', '[', '<']) || (contact && !value.starts_with("//"));
    let first = key.split_whitespace().next()?;
    let titled = key.starts_with(|first: char| first.is_alphabetic() && !first.is_lowercase());
    let clause = CLAUSE.iter().any(|word| first.eq_ignore_ascii_case(word));
    let short = key.split_whitespace().count() <= 4 && value.chars().nth(MAX_VALUE_CHARS).is_none();
    (spaced && short && (contact || (titled && !clause))).then_some(key)
}

/// Parts a line whose first `marked` bytes were set off by the author, in bold say: then any wording is a label.
pub(super) fn marked(line: &str, marked: usize) -> Option<&str> {
    let (key, _) = split(line)?;
    // The colon may stand within the bold words or just after them.
    (marked > 0 && key.len() <= marked && marked <= key.len() + 1).then_some(key)
}

/// `outer inner` for a value within another, or `inner` alone once that gets long: labels of labels would otherwise
/// make the text grow beyond any measure of the file.
pub(super) fn path(outer: &str, inner: &str) -> String {
    let inner: String = inner.chars().take(2 * MAX_LABEL_CHARS).collect();
    if outer.len() > MAX_LABEL_CHARS { inner } else { format!("{outer} {inner}") }
}

/// Cuts at the first colon, when both sides can be a label and its value.
fn split(line: &str) -> Option<(&str, &str)> {
    // Four bytes a character at most: a long line is not searched to its end.
    let end = line.floor_char_boundary(MAX_LABEL_CHARS * 4);
    let colon = line[..end].find(':')?;
    let (key, value) = (line[..colon].trim(), &line[colon + 1..]);
    let plain =
        !key.contains(['.', '?', '!', ';', ',', '[', ']', '|', '`', '"', '/']) || key.eq_ignore_ascii_case("e-mail");
    let wordy = key.starts_with(char::is_alphabetic) && key.chars().count() <= MAX_LABEL_CHARS;
    (plain && wordy && !value.trim().is_empty()).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(label(line), expected, "{line}");
    }

    #[test]
    fn labels_and_prose() {
        check("Email: a@example.com", Some("Email"));
        check("email:a@example.com", Some("email"));
        check("E-mail: a@example.com", Some("E-mail"));
        check("- Date of birth: 17 March", Some("Date of birth"));
        check("電話: 03", Some("電話"));
        check("https://example.com", None);
        check("web://x", None);
        check("I asked them: why", None);
        check("it was late: too late", None);
        check("10:30 in the morning", None);
        check("Address:", None);
        check("He came. Then: nothing", None);
        check(&format!("Note: {}", "word ".repeat(60)), None);
    }

    #[test]
    fn bold_words_are_labels() {
        assert_eq!(marked("what I do: boats", 9), Some("what I do"));
        assert_eq!(marked("what I do: boats", 10), Some("what I do"));
        assert_eq!(marked("what I do: boats", 4), None);
    }
}
