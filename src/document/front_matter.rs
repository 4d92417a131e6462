//! Front matter (`---` YAML, `+++` TOML) as `Label: value` lines.
//!
//! Not a YAML reader: it takes the shapes that authors write (scalars, lists, one map in another, block scalars) and
//! keeps the words of anything else as they stand.

use super::builder::Builder;
use super::label;

/// Takes front matter off the start of `text`; gives its blocks and the rest.
pub(super) fn split(text: &str) -> Option<(Builder, &str)> {
    let (first, rest) = text.split_once('\n')?;
    let (fence, mark) = match first.trim_end() {
        "---" => ("---", ':'),
        "+++" => ("+++", '='),
        _ => return None,
    };
    let mut end = 0;
    for line in rest.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare == fence || (fence == "---" && bare == "...") {
            let matter = &rest[..end];
            // A rule above an ordinary paragraph looks the same; the first line with words tells.
            let begins = matter.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
            return begins.is_none_or(|line| key_value(line, mark).is_some() || line.starts_with('[')).then(|| {
                let mut builder = Builder::default();
                read(matter, mark, &mut builder);
                builder.gap();
                (builder, &rest[end + line.len()..])
            });
        }
        end += line.len();
    }
    None
}

/// A label under construction: its path, and the values below it.
struct Entry {
    indent: usize,
    key: String,
    values: Vec<String>,
}

fn read(matter: &str, mark: char, builder: &mut Builder) {
    let mut open: Vec<Entry> = Vec::new();
    for line in matter.lines() {
        let words = line.trim();
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        if mark == '=' && words.starts_with('[') {
            close(&mut open, 0, builder);
            let table = words.trim_matches(['[', ']']).replace('.', " ");
            open.push(Entry { indent: 0, key: table, values: Vec::new() });
            continue;
        }
        // In TOML a table's keys are not indented, yet belong to it.
        let indent = line.len() - line.trim_start().len() + usize::from(mark == '=');
        let (item, words) = words.strip_prefix("- ").map_or((false, words), |rest| (true, rest.trim()));
        match key_value(words, mark) {
            Some((key, value)) => {
                close(&mut open, indent + usize::from(item), builder);
                let path = open.last().filter(|entry| entry.indent < indent + usize::from(item));
                let key = path.map_or(key.to_owned(), |entry| label::path(&entry.key, key));
                let values = scalars(value);
                open.push(Entry { indent: indent + usize::from(item), key, values });
            }
            None => match open.last_mut() {
                Some(entry) if item => entry.values.extend(scalars(words)),
                // A further line of a block scalar, or of an array in TOML.
                Some(entry) => match entry.values.last_mut().filter(|_| mark == ':') {
                    Some(value) => {
                        value.push(' ');
                        value.push_str(words);
                    }
                    None => entry.values.extend(scalars(words)),
                },
                None => builder.paragraph(0, "", words),
            },
        }
    }
    close(&mut open, 0, builder);
}

/// Writes the entries at or right of `indent`. A parent goes out before its children, so order is kept.
fn close(open: &mut Vec<Entry>, indent: usize, builder: &mut Builder) {
    for entry in open.iter_mut() {
        let value = std::mem::take(&mut entry.values).join(", ");
        if !value.is_empty() {
            builder.key_value(0, &entry.key, &format!("{}: {value}", entry.key));
        }
    }
    open.retain(|entry| entry.indent < indent);
}

/// `key: value` with a key of a few plain words; the value may be empty.
fn key_value(line: &str, mark: char) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(mark)?;
    let key = key.trim().trim_matches(['"', '\'']);
    let plain = key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.'));
    let spaced = mark == '=' || value.is_empty() || value.starts_with(char::is_whitespace);
    (plain && spaced && !key.is_empty() && key.len() <= 64).then(|| (key, value.trim()))
}

/// The words of a value: quotes, brackets, and the signs of block scalars go.
fn scalars(value: &str) -> Vec<String> {
    if matches!(
        value,
        "|" | ">" | "|-" | ">-" | "|+" | ">+" | "[" | "]" | "{}" | "[]" | "~" | "null" | "\"\"\"" | "'''"
    ) {
        return Vec::new();
    }
    let list = value.strip_prefix('[').and_then(|value| value.trim_end_matches(',').strip_suffix(']'));
    let parts: Vec<&str> = list.map_or_else(|| vec![value], |list| list.split(',').collect());
    let bare = |part: &str| {
        let part = part.trim().trim_end_matches(',');
        let quoted = ['"', '\''].iter().find_map(|quote| part.strip_prefix(*quote)?.strip_suffix(*quote));
        quoted.unwrap_or(part).to_owned()
    };
    parts.into_iter().map(bare).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let got = split(text).map(|(builder, rest)| (builder.finish().0, rest.to_owned()));
        assert_eq!(got.as_ref().map(|(matter, rest)| (matter.as_str(), rest.as_str())), expected);
    }

    #[test]
    fn yaml() {
        check(
            "---\ntitle: \"A: day\"\ntags: [sea, 'salt']\nauthor:\n  name: Jo\n  sites:\n    - a.example\n    - b.example\nabout: >\n  two\n  lines\n# no\n---\nText",
            Some((
                "title: A: day\ntags: sea, salt\nauthor name: Jo\nauthor sites: a.example, b.example\nabout: two lines\n",
                "Text",
            )),
        );
    }

    #[test]
    fn toml() {
        check(
            "+++\ntitle = \"Day\"\ntags = [\n  \"a\",\n  \"b\",\n]\n[extra]\nmood = \"calm\"\n+++\n",
            Some(("title: Day\ntags: a, b\nextra mood: calm\n", "")),
        );
    }

    #[test]
    fn a_rule_is_not_front_matter() {
        check("---\nJust words\n---\n", None);
        check("---\ntitle: never closed\n", None);
        check("---\n---\nText", Some(("", "Text")));
    }
}
