//! Which words are a person's name, where the structure of a file says that a person is meant.

/// The longest name, in characters.
const MAX_CHARS: usize = 60;

/// Words that accounts and programs use where a name should stand.
const NOT_NAMES: &[&str] = &[
    "admin",
    "administrator",
    "anonymous",
    "author",
    "docs",
    "docx",
    "google",
    "guest",
    "libreoffice",
    "linkedin",
    "member",
    "microsoft",
    "office",
    "openoffice",
    "owner",
    "pandoc",
    "poi",
    "unknown",
    "user",
    "windows",
    "word",
];

/// A name as it is kept: one line, without what stands around it; `None` where it is no name.
///
/// `first last` of several parts is a name; a single word only where `single` says that nothing else can stand there.
pub(super) fn name(words: &str, single: bool) -> Option<String> {
    let words = super::builder::one_line(words);
    let words = words.trim_matches(|c: char| !c.is_alphanumeric() && c != '.');
    let parts: Vec<&str> = words.split(' ').collect();
    let plain =
        |c: char| c.is_alphabetic() || matches!(c, '\'' | '’' | '-' | '.' | ' ' | '·' | ',' | '(' | ')') || is_mark(c);
    let known = |part: &&str| NOT_NAMES.iter().any(|word| part.eq_ignore_ascii_case(word));
    let capital = |part: &&str| part.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase());
    // Scripts without capitals write a whole name as one word.
    let uncased = words.chars().any(|c| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase());
    let shape = parts.len() <= 6 && words.chars().nth(MAX_CHARS).is_none() && words.chars().all(plain);
    let named = match parts.as_slice() {
        [one] => (single || uncased) && one.chars().nth(1).is_some(),
        several => single || several.iter().filter(|part| capital(part)).count() > 1,
    };
    (shape && named && !parts.iter().any(known)).then(|| words.to_owned())
}

/// Marks that stand on the letter before.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{900}'..='\u{DFF}' | '\u{E00}'..='\u{EFF}' | '\u{200C}' | '\u{200D}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, single: bool, expected: Option<&str>) {
        assert_eq!(name(words, single).as_deref(), expected, "{words}");
    }

    #[test]
    fn names_and_others() {
        check(" Ada  Quill\n", false, Some("Ada Quill"));
        check("Ada", false, None);
        check("Ada", true, Some("Ada"));
        check("ludwig van Beek", true, Some("ludwig van Beek"));
        check("田中太郎", false, Some("田中太郎"));
        check("python-docx", false, None);
        check("Microsoft Office User", false, None);
        check("LinkedIn Member", true, None);
        check("ada@quill.example", true, None);
        check("Room 12", true, None);
        check("X", true, None);
        check("", true, None);
    }
}
