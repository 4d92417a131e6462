use serde_json::json;

use super::*;
use crate::dataset::show::Look;

const OPTIONS: Options = Options { key: Key::Auto, list: 20, values: false };

fn compare_with(old: &[Value], new: &[Value], options: &Options) -> Diff {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: &[Value]| {
        let path = folder.path().join(name);
        std::fs::write(&path, rows.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
        path
    };
    diff(&write("old.jsonl", old), &write("new.jsonl", new), options).unwrap().0
}

fn row(prompt: &str, answer: &str) -> Value {
    json!({"instruction": prompt, "response": answer, "source": "s", "span": [0, 9]})
}

#[test]
fn rows_come_go_and_change() {
    let old = [row("a", "1"), row("b", "2"), row("c", "3"), row("d", "4")];
    let new = [row("c", "3"), row("a", "one"), row("d", "4"), row("e", "5")];
    let got = compare_with(&old, &new, &OPTIONS);
    assert_eq!((got.added, got.removed, got.changed, got.same, got.moved), (1, 1, 1, 2, 0));
    assert_eq!(got.matched_by, BTreeMap::from([("prompt and span", 1)]));
    assert_eq!(got.changed_columns, BTreeMap::from([("response".to_owned(), 1)]));
    let listed: Vec<_> = got.changes.iter().map(|c| (c.change, c.old_row, c.new_row)).collect();
    assert_eq!(listed, [("removed", Some(1), None), ("changed", Some(0), Some(1)), ("added", None, Some(3))]);
    assert!(!got.equal && got.changes.iter().all(|change| change.values.is_empty()));
}

#[test]
fn what_says_the_same_is_the_same() {
    let check = |old: &[Value], new: &[Value], equal: bool, moved: u64| {
        let got = compare_with(old, new, &OPTIONS);
        assert_eq!((got.equal, got.moved), (equal, moved), "{old:?} {new:?}");
    };
    check(&[], &[], true, 0);
    check(&[row("a", "1"), row("b", "2")], &[row("b", "2"), row("a", "1")], true, 1);
    check(&[json!({"a": 1, "b": 2})], &[json!({"b": 2.0, "a": 1})], true, 0);
    check(&[json!({"a": 1, "b": {"x": 1, "y": null}})], &[json!({"a": 1, "b": {"x": 1}})], true, 0);
    check(&[json!({"a": 1})], &[json!({"a": "1"})], false, 0);
    check(&[row("a", "1")], &[row("a", "1"), row("a", "1")], false, 0); // one more of the same
    check(&[json!({"a": 1})], &[json!({"a": 1, "b": null})], false, 0); // a column more
}

#[test]
fn keys_match_as_told() {
    let old = [json!({"id": 1, "prompt": "p", "completion": "x"}), json!({"id": 2, "prompt": "q", "completion": "y"})];
    let new = [json!({"id": 2, "prompt": "p", "completion": "x"}), json!({"id": 1, "prompt": "q", "completion": "z"})];
    let check = |key: &str, changed: u64, columns: &[&str]| {
        let got = compare_with(&old, &new, &Options { key: key.parse().unwrap(), ..OPTIONS });
        let names: Vec<&str> = got.changed_columns.keys().map(String::as_str).collect();
        assert_eq!((got.changed, names.as_slice()), (changed, columns), "{key}");
    };
    check("id", 2, &["completion", "prompt"]);
    check("prompt", 2, &["completion", "id"]);
    check("auto", 2, &["completion", "prompt"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jsonl");
    std::fs::write(&path, "{\"a\":1}\n").unwrap();
    let error = diff(&path, &path, &Options { key: "nope".parse().unwrap(), ..OPTIONS }).unwrap_err();
    assert!(error.render().contains("no column `nope`"));
}

#[test]
fn words_are_shown_only_when_asked_for() {
    let old = [json!({"id": "i", "prompt": "p", "completion": "the cat\nsat down\u{1b}[2J"})];
    let new = [
        json!({"id": "i", "prompt": "p", "completion": "the dog\nsat down\u{1b}[2J"}),
        json!({"id": "j", "prompt": "zanzibar", "completion": ""}),
    ];
    let look = Look { width: 80, color: false };
    let shown = text(&compare_with(&old, &new, &OPTIONS), ["a", "b"], look);
    assert!(!shown.contains("cat") && !shown.contains("zanzibar"), "{shown}");
    assert!(shown.contains("~ row 0  i  completion\n+ row 1  j\n"), "{shown}");
    let shown = text(&compare_with(&old, &new, &Options { values: true, ..OPTIONS }), ["a", "b"], look);
    assert!(shown.contains("      the [-cat-]\n      {+dog+}\n      sat down·[2J\n"), "{shown}");
    assert!(shown.contains("zanzibar") && !shown.contains('\u{1b}'));
}

#[test]
fn differences_of_words() {
    let check = |old: &str, new: &str, expected: &[(char, &str)]| {
        let got: Vec<(char, String)> = words(old, new)
            .into_iter()
            .map(|piece| match piece {
                Piece::Same(words) => ('=', words),
                Piece::Gone(words) => ('-', words),
                Piece::New(words) => ('+', words),
            })
            .collect();
        let expected: Vec<(char, String)> = expected.iter().map(|(sort, words)| (*sort, (*words).to_owned())).collect();
        assert_eq!(got, expected, "{old:?} {new:?}");
    };
    check("a b c", "a b c", &[('=', "a b c")]);
    check("a b c", "a x c", &[('=', "a "), ('-', "b "), ('+', "x "), ('=', "c")]);
    check("", "new", &[('+', "new")]);
    check("old", "", &[('-', "old")]);
    check("the end.", "the end. Indeed.", &[('=', "the end. "), ('+', "Indeed.")]);
    check("a  b", "a b", &[('=', "a b")]);
    check("", "", &[]);
    check(
        "one two three four",
        "two three five four",
        &[('-', "one "), ('=', "two three "), ('+', "five "), ('=', "four")],
    );
    let long = "w ".repeat(3000);
    assert_eq!(words(&long, "x").len(), 2);
}
