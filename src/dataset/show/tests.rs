use serde_json::{Value, json};

use super::*;
use crate::dataset::{Layout, terminal};
use crate::row::Kind;

fn record(row: u64, value: &Value) -> Record {
    Record { row, line: None, values: value.as_object().unwrap().clone() }
}

fn detect(rows: &[Record]) -> (Option<Layout>, Vec<String>) {
    let columns: Vec<String> = rows[0].values.keys().cloned().collect();
    (Layout::detect(&columns, rows.iter()), columns)
}

fn table(rows: &[Value], columns: &[&str], width: usize) -> Vec<String> {
    let rows: Vec<Record> = rows.iter().enumerate().map(|(i, value)| record(i as u64, value)).collect();
    let (layout, known) = detect(&rows);
    let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    let look = Look { width, color: false };
    let page = Page::new(layout.as_ref(), &columns, &known, &rows, 9, look);
    let text = page.head() + &rows.iter().map(|record| page.line(record)).collect::<String>();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_row_is_a_line_that_fits() {
    let rows = [
        json!({"id": "0123456789abcdef", "instruction": "What was it?\nReally?", "context": "", "response": "A retry storm \u{1b}[2J that took us down.", "split": "train"}),
        json!({"id": "fedcba9876543210", "instruction": "短い質問ですがとても長いのです本当に長い", "context": "", "response": "Yes.", "split": "test"}),
    ];
    for width in [40, 60, 80, 200] {
        for line in table(&rows, &[], width) {
            assert!(terminal::width(&line) < width, "{width}: {line}");
            assert!(!line.contains('\u{1b}'));
        }
    }
    assert_eq!(
        table(&rows, &[], 64),
        [
            "row  split  id        instruction           response",
            "  0  train  01234567  What was it? Really?  A retry storm ·[2J…",
            "  1  test   fedcba98  短い質問ですがとて…   Yes.",
        ]
    );
    assert_eq!(table(&rows, &["response", "split"], 40)[2], "  1  test   fedcba98  Yes.        test");
}

#[test]
fn conversations_and_unknown_columns_are_tables_too() {
    let talk = json!({"messages": [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Who are you?"},
        {"role": "assistant", "content": "Nobody."}]});
    assert_eq!(
        table(&[talk], &[], 80),
        ["row  system     prompt            response", "  0  Be brief.  (2) Who are you?  (2) Nobody."]
    );
    let odd = json!({"x": 1, "y": [1, 2], "z": null});
    assert_eq!(table(&[odd], &[], 80), ["row  x  y      z", "  0  1  [1,2]"]);
    let many = json!({"a": "aaaaaaaaaaaaaaaaaaaa", "b": "b", "c": "c", "d": "d", "e": "e"});
    let narrow = table(&[many], &[], 22);
    assert_eq!(narrow[0].split_whitespace().collect::<Vec<_>>(), ["row", "a", "b", "c"]);
}

#[test]
fn conditions_hold_or_do_not() {
    let row = record(
        3,
        &json!({"prompt": "Where is the Harbour?", "chosen": "North", "rejected": "South", "n": 12, "text_n": "7", "list": [1, 2, 3], "none": null, "ok": true, "meta": {"by": "x"}}),
    );
    let layout = Layout::native(Kind::Preference);
    let check = |text: &str, expected: bool| {
        let condition: Condition = text.parse().unwrap();
        assert_eq!(condition.holds(&row, Some(&layout)), expected, "{text}");
    };
    for (text, expected) in [
        ("prompt~harbour", true),
        ("prompt~HARBOUR", true),
        ("prompt!~harbour", false),
        ("chosen=North", true),
        ("chosen=north", false),
        ("chosen!=north", true),
        ("n=12", true),
        ("n=12.0", true),
        ("n>11", true),
        ("n>12", false),
        ("n>=12", true),
        ("n<=11.5", false),
        ("text_n<8", true),
        ("list>2", true),
        ("none=", true),
        ("absent=", true),
        ("absent~x", false),
        ("absent>1", false),
        ("ok=true", true),
        ("meta.by=x", true),
        ("list[1]=2", true),
        ("question~harbour", true), // another name of the role
        ("prompt~is = the", false),
    ] {
        check(text, expected);
    }
    assert!("absent=1".parse::<Condition>().is_ok_and(|c| !c.applies(&row, Some(&layout))));
    for wrong in ["", "~x", "prompt", "prompt~", "n>many", "n!5"] {
        assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
    }
}

#[test]
fn one_row_in_full_marks_its_evidence() {
    let values = json!({"id": "abc", "instruction": "How long?", "context": "", "response": "17 minutes.", "source": "a.md", "span": [4, 40], "evidence": "lasted 17 minutes", "split": "train", "tokens_response": 3, "teacher": "replay", "parameters": "{\"t\":\u{9b}1}"});
    let row = record(7, &values);
    let layout = Layout::native(Kind::Qa);
    let document = "One.The outage lasted 17 minutes in all. Nobody slept.";
    let look = Look { width: 60, color: false };
    let shown = one(&row, Some(&layout), Passage::Text(document), look);
    let expected = "row 7  train  abc\n\ninstruction (prompt)\n  How long?\n\ncontext\n  (empty)\n\nresponse  3 tokens\n  17 minutes.\n\nevidence\n  lasted 17 minutes\n\npassage  a.md  bytes 4 to 40\n  The outage »lasted 17 minutes« in all.\n\nother columns\n  source      a.md\n  span        [4,40]\n  teacher     replay\n  parameters  {\"t\":·1}\n";
    assert_eq!(shown, expected);
    let check = |passage: Passage<'_>, words: &str| {
        let shown = one(&row, Some(&layout), passage, look);
        assert!(shown.contains(words), "{shown}");
    };
    check(Passage::Absent, "not among the sources");
    check(Passage::Text("It lasted 17 minutes."), "the span does not fit");
    check(Passage::Text("One.Nothing of the sort is said anywhere in here, at all."), "the evidence is not in it");
    let long = format!("{}The outage lasted 17 minutes. {}", "né ".repeat(2000), "ñu ".repeat(2000));
    let mut far = row.clone();
    far.values["span"] = json!([0, long.len()]);
    let shown = one(&far, Some(&layout), Passage::Text(&long), Look { width: 60, color: true });
    assert!(shown.contains("\u{1b}[1;4;33mlasted 17 minutes\u{1b}[0m") && shown.len() < 4200, "{}", shown.len());
}

#[test]
fn json_escapes_what_steers_a_terminal() {
    let row = record(0, &json!({"a": "x\u{1b}\u{9b}\u{202e}y", "b": 1}));
    let line = json(&row, &[]);
    assert_eq!(line, "{\"a\":\"x\\u001b\\u009b\\u202ey\",\"b\":1}");
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), Value::Object(row.values.clone()));
    assert_eq!(json(&row, &["b".to_owned(), "c".to_owned()]), "{\"b\":1,\"c\":null}");
}
