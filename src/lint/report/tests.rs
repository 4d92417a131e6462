//! Every format says the same small report with hostile names, and is read back.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

use super::*;
use crate::lint::{Excerpt, FileRows, Finding, Meta, RULES, Report, Severity, Skipped};
use crate::row::Kind;

/// Whatever breaks a format: a pipe, backticks, a newline, commands, percent signs, the ends of CDATA and scripts.
const FILE: &str = "./data/a|b`c\n::error %41,\"q\" ]]></script>&😀{0}.jsonl";
const SHOWN: &str = "data/a|b`c ::error %41,\"q\" ]]></script>&😀{0}.jsonl";
const PAIRS: &str = "/abs/pairs.parquet";

pub(super) fn meta(code: &str) -> &'static Meta {
    RULES.iter().map(|rule| rule.meta()).find(|meta| meta.code == code).unwrap()
}

pub(super) fn finding(code: &str, file: &str, row: Option<u64>, message: &str) -> Finding {
    let severity = match code {
        "DUP001" => Severity::Warning,
        "PRF005" => Severity::Info,
        _ => Severity::Error,
    };
    let whole = Finding::in_table(meta(code), 0, message);
    let fix = meta(code).fix;
    Finding { file: file.to_owned(), row, severity, fix, fingerprint: "0123456789abcdef".to_owned(), ..whole }
}

/// Two findings that are equal but for their row, one that is about a whole file, and a note.
pub(super) fn sample() -> Report {
    let leak = |row: u64, line: u64| Finding {
        line: Some(line),
        id: Some("i|`\u{1b}<b>".to_owned()),
        excerpt: Some(Excerpt { before: "to <b>".into(), marked: "[EMAIL]</mark>".into(), after: " ]]>".into() }),
        ..finding("PII001", FILE, Some(row), "`a|b` holds [personal](data): {0} ]]>\n::error::x").field("a|b")
    };
    Report {
        findings: vec![
            leak(1, 3),
            leak(2, 5),
            finding("SCH001", PAIRS, None, "there is no column `reje``cted`").field("rejected"),
            finding("PRF005", PAIRS, None, "`chosen` is longer by 4 words"),
            finding("DUP001", PAIRS, Some(7), "the row says the same as row 0"),
        ],
        skipped: vec![
            Skipped { code: "DUP006", file: None, reason: "no row has a `split` | <i>".to_owned() },
            Skipped { code: "TXT005", file: Some(FILE.to_owned()), reason: "no\u{ffff} words".to_owned() },
        ],
        rows: vec![
            FileRows { file: FILE.to_owned(), kind: Some(Kind::Qa), layout: None, rows: 3 },
            FileRows { file: PAIRS.to_owned(), kind: Some(Kind::Preference), layout: None, rows: 8 },
        ],
        totals: BTreeMap::from([("PII001", (Severity::Error, 6)), ("DUP001", (Severity::Warning, 1))]),
        baselined: 4,
        edits: vec![],
    }
}

pub(super) fn rules() -> Vec<&'static Meta> {
    ["PII001", "DUP006", "PRF005", "TXT005", "DUP001"].map(meta).to_vec()
}

pub(super) fn empty() -> Report {
    Report { findings: vec![], skipped: vec![], rows: vec![], totals: BTreeMap::new(), baselined: 0, edits: vec![] }
}

fn many(code: &str, count: u64) -> Vec<Finding> {
    (0..count).map(|row| finding(code, "a.jsonl", Some(row), "x")).collect()
}

#[test]
fn paths_are_those_of_the_repository() {
    let cases = ["./a//b/./c", "a/../b", "../a", "/a/b", ".", "-"].map(common::relative);
    assert_eq!(cases, ["a/b/c", "a/../b", "../a", "/a/b", ".", "-"]);
}

#[test]
fn counts_hold_what_was_not_kept() {
    let report = sample();
    assert_eq!(common::by_severity(&report), [7, 1, 1]);
    assert_eq!(common::tally([7, 0, 1]), "7 errors, 1 note");
    let rules: Vec<_> = common::by_rule(&report).iter().map(|found| (found.code, found.count)).collect();
    assert_eq!(rules, [("PII001", 6), ("SCH001", 1), ("DUP001", 1), ("PRF005", 1)]);
}

#[test]
fn github_prints_the_worst_first() {
    let file = "data/a|b`c %3A%3Aerror %2541%2C\"q\" ]]></script>&😀{0}.jsonl";
    let pii = "title=PII001 leaked-personal-data::`a|b` holds [personal](data): {0} ]]> ::error::x";
    let expected = [
        format!("::error file={file},line=3,{pii}"),
        "::error file=/abs/pairs.parquet,title=SCH001 missing-column::there is no column `reje``cted`".to_owned(),
        format!("::error file={file},line=5,{pii}"),
        "::warning file=/abs/pairs.parquet,line=8,title=DUP001 duplicate-row::the row says the same as row 0 (row 7)"
            .to_owned(),
        "::notice file=/abs/pairs.parquet,title=PRF005 length-bias::`chosen` is longer by 4 words".to_owned(),
        "::notice title=distill lint::4 errors more; the summary of this step counts them by rule".to_owned(),
    ];
    assert_eq!(github::render(&sample(), github::SHOWN).lines().collect::<Vec<_>>(), expected);
    assert_eq!(github::render(&empty(), github::SHOWN), "");
    // A name that is nothing but a command stays a name.
    let odd = Report { findings: vec![finding("DUP001", "\r\n::set-env::%0A,", None, "100 %")], ..empty() };
    let expected = "::warning file=  %3A%3Aset-env%3A%3A%250A%2C,title=DUP001 duplicate-row::100 %25\n";
    assert_eq!(github::render(&odd, 1), expected);
}

#[test]
fn github_shows_ten_of_a_level_with_the_notice() {
    let mut findings = many("PII001", 12);
    findings.extend(many("DUP001", 3));
    findings.extend(many("PRF005", 15));
    let shown = github::render(&Report { findings, ..empty() }, github::SHOWN);
    let level = |level: &str| shown.lines().filter(|line| line.starts_with(level)).count();
    assert_eq!([level("::error "), level("::warning "), level("::notice ")], [10, 3, 10]);
    assert!(shown.ends_with("::2 errors, 6 notes more; the summary of this step counts them by rule\n"), "{shown}");
}

/// Rows of the tables in Markdown as texts, and the HTML that stands among them.
fn cells(markdown: &str) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut rows, mut html, mut inside) = (vec![], vec![], false);
    let mut options = Options::all();
    options.remove(Options::ENABLE_SMART_PUNCTUATION);
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => rows.push(vec![]),
            Event::Start(Tag::TableCell) => {
                inside = true;
                rows.last_mut().unwrap().push(String::new());
            }
            Event::End(TagEnd::TableCell) => inside = false,
            Event::Text(text) if inside => {
                let row: &mut Vec<String> = rows.last_mut().unwrap();
                row.last_mut().unwrap().push_str(&text);
            }
            Event::Text(_) => {}
            Event::InlineHtml(tag) | Event::Html(tag) => html.push(tag.to_string()),
            Event::Start(Tag::Table(_) | Tag::Heading { .. } | Tag::Paragraph | Tag::Strong) | Event::End(_) => {}
            other => panic!("{other:?} in {markdown}"),
        }
    }
    (rows, html)
}

#[test]
fn the_summary_of_a_step_cannot_be_broken() {
    let shown = github::summary(&sample());
    assert!(
        shown.starts_with(
            "## distill lint\n\n**7 errors, 1 warning, 1 note** in 11 rows of 2 files; the baseline hides 4 findings.\n"
        ),
        "{shown}"
    );
    let (rows, html) = cells(&shown);
    let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let file = format!("./{SHOWN}");
    let pii = "a|b holds [personal](data): {0} ]]> ::error::x";
    let expected = [
        row(&["findings", "severity", "rule"]),
        row(&["6", "error", "PII001 leaked-personal-data"]),
        row(&["1", "error", "SCH001 missing-column"]),
        row(&["1", "warning", "DUP001 duplicate-row"]),
        row(&["1", "info", "PRF005 length-bias"]),
        row(&["file", "row", "severity", "rule", "what"]),
        row(&[&file, "1", "error", "PII001", pii]),
        row(&[PAIRS, "", "error", "SCH001", "there is no column rejected"]),
        row(&[&file, "2", "error", "PII001", pii]),
        row(&[PAIRS, "7", "warning", "DUP001", "the row says the same as row 0"]),
        row(&[PAIRS, "", "info", "PRF005", "chosen is longer by 4 words"]),
        row(&["file", "kind", "rows", "findings"]),
        row(&[&file, "qa", "3", "2"]),
        row(&[PAIRS, "preference", "8", "3"]),
        row(&["rule", "where", "why"]),
        row(&["DUP006", "all files", "no row has a split | <i>"]),
        row(&["TXT005", &file, "no\u{ffff} words"]),
    ];
    assert_eq!(rows, expected);
    assert!(html.iter().all(|tag| tag == "<code>" || tag == "</code>"), "{html:?}");
    assert_eq!(github::summary(&empty()), "## distill lint\n\nNo findings in 0 rows of 0 files.\n");
}

#[test]
fn the_summary_of_a_step_is_short() {
    let name = "<".repeat(5000);
    let findings = (0..200).map(|row| finding("PII001", &name, Some(row), &name)).collect();
    let file = FileRows { file: name, kind: None, layout: None, rows: 1 };
    let shown = github::summary(&Report { findings, rows: vec![file; 200], ..empty() });
    assert!(shown.len() < 1 << 18 && shown.matches("\n150 more not listed.\n").count() == 2, "{}", shown.len());
    // A backtick without a partner stays one.
    let lone = Report { findings: vec![finding("PII001", "a", None, "`a` and ` <b>")], ..empty() };
    assert_eq!(cells(&github::summary(&lone)).0[3][4], "a and ` <b>");
}

#[test]
fn gitlab_has_unique_fingerprints() {
    let parsed: Vec<Value> = serde_json::from_str(&gitlab::render(&sample())).unwrap();
    let seen: Vec<String> = parsed
        .iter()
        .map(|entry| {
            let keys: Vec<&String> = entry.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["description", "check_name", "fingerprint", "severity", "location"]);
            let at = &entry["location"];
            let [check, print, severity] =
                ["check_name", "fingerprint", "severity"].map(|key| entry[key].as_str().unwrap());
            format!("{check} {print} {severity} {} {}", at["lines"]["begin"], at["path"].as_str().unwrap())
        })
        .collect();
    let expected = [
        format!("leaked-personal-data 0123456789abcdef critical 3 {SHOWN}"),
        format!("leaked-personal-data 0123456789abcdef-2 critical 5 {SHOWN}"),
        format!("missing-column 0123456789abcdef-3 major 1 {PAIRS}"),
        format!("length-bias 0123456789abcdef-4 info 1 {PAIRS}"),
        format!("duplicate-row 0123456789abcdef-5 minor 8 {PAIRS}"),
        format!("leaked-personal-data PII001-more info 1 {SHOWN}"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(parsed[0]["description"], "PII001: `a|b` holds [personal](data): {0} ]]> ::error::x");
    assert_eq!(parsed[4]["description"], "DUP001: the row says the same as row 0 (row 7)");
    assert_eq!(parsed[5]["description"], "PII001: 4 more findings of leaked-personal-data are not listed.");
    assert_eq!(gitlab::render(&empty()), "[]\n");
}

#[test]
fn junit_is_one_suite_per_file() {
    let text = junit::render(&sample(), &rules());
    let file = "./data/a|b`c ::error %41,&quot;q&quot; ]]&gt;&lt;/script&gt;&amp;😀{0}.jsonl";
    let pii = "id i|`·&lt;b&gt;: `a|b` holds [personal](data): {0} ]]&gt; ::error::x";
    let case = |name: &str, file: &str| format!("        <testcase name=\"{name}\" classname=\"{file}\"");
    let expected = [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>".to_owned(),
        "<testsuites name=\"distill lint\" tests=\"11\" skipped=\"3\" failures=\"3\" errors=\"0\">".to_owned(),
        format!("    <testsuite name=\"{file}\" tests=\"5\" skipped=\"2\" errors=\"0\" failures=\"1\">"),
        case("DUP001 duplicate-row", file) + "/>",
        case("DUP006 split-overlap", file) + ">",
        "            <skipped message=\"no row has a `split` | &lt;i&gt;\"/>\n        </testcase>".to_owned(),
        case("PII001 leaked-personal-data", file) + ">",
        format!("            <failure message=\"2: {}\" type=\"error\">line 3, row 1, {pii}", meta("PII001").summary),
        format!("line 5, row 2, {pii}</failure>\n        </testcase>"),
        case("SCH001 missing-column", file) + "/>",
        case("TXT005 teacher-meta-text", file) + ">",
        "            <skipped message=\"no\u{fffd} words\"/>\n        </testcase>".to_owned(),
    ];
    let expected = expected.join("\n");
    assert_eq!(text.chars().take(expected.chars().count()).collect::<String>(), expected);
    let parsed = quick_junit::Report::deserialize_from_str(&text).unwrap();
    assert_eq!(parsed.test_suites[0].name.as_str(), format!("./{SHOWN}"));
    let bias = parsed.test_suites[1].test_cases.iter().find(|case| case.name.as_str() == "PRF005 length-bias").unwrap();
    assert_eq!(bias.system_out.as_deref(), Some("`chosen` is longer by 4 words"));
    let case = &parsed.test_suites[0].test_cases[2];
    let quick_junit::TestCaseStatus::NonSuccess { description: Some(said), .. } = &case.status else {
        panic!("{case:?}")
    };
    let line = "`a|b` holds [personal](data): {0} ]]> ::error::x";
    assert_eq!(said.as_str(), format!("line 3, row 1, id i|`·<b>: {line}\nline 5, row 2, id i|`·<b>: {line}"));
}

#[test]
fn junit_has_no_case_for_other_kinds() {
    let text = junit::render(&Report { findings: vec![], ..sample() }, &rules());
    let parsed = quick_junit::Report::deserialize_from_str(&text).unwrap();
    let codes = parsed.test_suites.iter().map(|suite| {
        suite.test_cases.iter().map(|case| case.name.as_str()[..6].to_owned()).collect::<Vec<_>>().join(" ")
    });
    // The rule about pairs has nothing to say of questions.
    assert_eq!(codes.collect::<Vec<_>>(), ["DUP001 DUP006 PII001 TXT005", "DUP001 DUP006 PII001 PRF005 TXT005"]);
    assert_eq!(quick_junit::Report::deserialize_from_str(&junit::render(&empty(), &[])).unwrap().tests, 0);
}

fn parsed(report: &Report, rules: &[&'static Meta]) -> Value {
    serde_json::from_str(&sarif::render(report, rules)).unwrap()
}

#[test]
fn sarif_names_rules_places_and_repeats() {
    let log = parsed(&sample(), &rules());
    let run = &log["runs"][0];
    assert_eq!((&log["version"], &run["tool"]["driver"]["name"]), (&"2.1.0".into(), &"distill".into()));
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["DUP001", "DUP006", "PII001", "PRF005", "SCH001", "TXT005"]);
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[text]["text"].as_str().unwrap().len() > 10, "{rule}");
        }
        assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 20);
        assert!(rule["help"]["markdown"].as_str().unwrap().contains("## How to fix"));
    }
    assert_eq!(rules[2]["defaultConfiguration"]["level"], "error");
    let results = run["results"].as_array().unwrap();
    for result in results {
        let at = result["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(result["ruleId"], rules[at]["id"]);
    }
    let uri = "data/a%7Cb%60c%0A%3A%3Aerror%20%2541%2C%22q%22%20%5D%5D%3E%3C/script%3E%26%F0%9F%98%80%7B0%7D.jsonl";
    let expected = serde_json::json!({
        "ruleId": "PII001",
        "ruleIndex": 2,
        "level": "error",
        "message": {"text": "`a|b` holds [personal\\](data): {{0}} ]]> ::error::x"},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3},
            },
            "logicalLocations": [{"name": "a|b", "fullyQualifiedName": "rows/i|`·<b>/a|b", "kind": "property"}],
        }],
        "partialFingerprints": {
            "primaryLocationLineHash": "0123456789abcdef:1",
            "distillFingerprint/v1": "0123456789abcdef:1",
        },
        "properties": {"row": 1, "field": "a|b", "fix": "safe"},
    });
    assert_eq!(results[0], expected);
    let prints: Vec<&str> = results
        .iter()
        .map(|result| result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap())
        .collect();
    assert_eq!(prints[1..5], [2, 3, 4, 5].map(|n| format!("0123456789abcdef:{n}")));
    assert_eq!(
        (prints[5], results[5]["message"]["text"].as_str()),
        ("PII001:more", Some("4 more findings of leaked-personal-data are not listed."))
    );
    let place = |at: usize| &results[at]["locations"][0];
    assert_eq!(place(2)["physicalLocation"]["artifactLocation"]["uri"], "file:///abs/pairs.parquet");
    assert_eq!(place(2)["logicalLocations"][0]["fullyQualifiedName"], "columns/rejected");
    assert_eq!(place(4)["physicalLocation"]["region"]["startLine"], 8);
    assert_eq!(place(4)["logicalLocations"][0]["fullyQualifiedName"], "rows/7");
    assert_eq!(results[3]["level"], "note");
    let skipped = run["invocations"][0]["toolConfigurationNotifications"].as_array().unwrap();
    assert_eq!(skipped[0]["associatedRule"], serde_json::json!({"id": "DUP006", "index": 1}));
    assert_eq!(skipped[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], uri);
}

#[test]
fn sarif_keeps_within_the_limits_of_the_service() {
    let findings = many("PII001", 1200);
    let run = &parsed(&Report { findings, ..empty() }, &[])["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!((results.len(), &results[1000]["properties"]["omitted"]), (1001, &200.into()));
    let above = parsed(&Report { findings: vec![finding("PII001", "../up/a:b.jsonl", None, "x")], ..empty() }, &[]);
    let artifact = &above["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(*artifact, serde_json::json!({"uri": "../up/a%3Ab.jsonl"}));
    let nothing = &parsed(&empty(), &[])["runs"][0]["results"];
    assert_eq!(*nothing, serde_json::json!([]));
}

/// What is made for upload holds no words of a row, masked or not.
#[test]
fn services_get_no_words_of_rows() {
    let report = sample();
    let all = [
        github::render(&report, github::SHOWN),
        github::summary(&report),
        gitlab::render(&report),
        junit::render(&report, &rules()),
        sarif::render(&report, &rules()),
    ];
    for shown in all {
        assert!(!shown.contains("[EMAIL]") && !shown.contains('\u{1b}'), "{shown}");
    }
}
