use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;

use super::{page, rows, text, words};
use crate::row::{Kind, normalise, parse};

fn fixture(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/persona").join(name)).unwrap()
}

fn posts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/persona/posts");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|p| std::fs::read_to_string(p).unwrap()).collect()
}

/// The resume cut at its headings, each part with the headings above it.
fn parts(markdown: &str) -> Vec<(String, String)> {
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut out: Vec<(String, String)> = Vec::new();
    for line in markdown.lines() {
        let level = line.chars().take_while(|c| *c == '#').count();
        if level > 0 || out.is_empty() {
            path.retain(|(l, _)| *l < level);
            path.push((level, line.trim_matches(['#', ' ']).to_owned()));
            out.push((path.iter().map(|(_, h)| h.as_str()).collect::<Vec<_>>().join(" › "), String::new()));
        }
        let last = &mut out.last_mut().unwrap().1;
        last.push_str(line);
        last.push('\n');
    }
    out
}

fn sources() -> Vec<(String, String)> {
    let mut all = parts(&fixture("resume.md"));
    all.extend(posts().iter().flat_map(|p| parts(p)));
    all
}

#[test]
fn a_resume_of_one_page_is_enough() {
    let parts = parts(&fixture("resume.md"));
    for kind in Kind::ALL {
        let mut all: Vec<Value> = parts.iter().flat_map(|(heading, text)| rows(kind, text, heading)).collect();
        println!("{}: {}", kind.name(), all.len());
        all.dedup();
        assert!(all.len() >= 100, "{}: {}", kind.name(), all.len());
    }
}

#[test]
fn every_row_is_grounded_short_and_asked_once() {
    for kind in Kind::ALL {
        let mut seen = BTreeSet::new();
        for (heading, passage) in sources() {
            let rows = rows(kind, &passage, &heading);
            let json = serde_json::json!({ "rows": rows }).to_string();
            for (parsed, row) in parse(kind, &json).unwrap().into_iter().zip(&rows) {
                let content = parsed.unwrap();
                assert!(normalise(&passage).contains(&normalise(content.evidence())), "{row:#}");
                for field in content.fields().into_iter().chain(content.probe_fields()) {
                    assert!(
                        words::count(field) <= 50
                            && !field.contains(['[', ']'])
                            && !field.contains("  ")
                            && !field.contains(".."),
                        "{row:#}"
                    );
                }
                assert!(seen.insert(normalise(content.fields()[0])), "asked twice: {row:#}");
                if kind == Kind::Qa {
                    assert!(normalise(text(row, "response")).contains(&normalise(text(row, "answer_key"))), "{row:#}");
                }
            }
        }
    }
}

#[test]
fn pairs_do_not_differ_by_length() {
    let (mut longer, mut shorter) = (0_usize, 0_usize);
    for (heading, passage) in sources() {
        for row in rows(Kind::Preference, &passage, &heading) {
            let spelled = |side| normalise(text(&row, side)).split(' ').count();
            let (chosen, rejected) = (spelled("chosen"), spelled("rejected"));
            assert!(chosen * 10 <= rejected * 13 && rejected * 10 <= chosen * 13, "{row:#}");
            longer += usize::from(rejected > chosen);
            shorter += usize::from(rejected < chosen);
        }
    }
    println!("rejected longer {longer}, shorter {shorter}");
    assert!(
        longer * 10 <= (longer + shorter) * 6 && shorter * 10 <= (longer + shorter) * 6,
        "{longer} longer, {shorter} shorter"
    );
}

#[test]
fn the_same_passage_gives_the_same_rows() {
    for (heading, passage) in sources() {
        for kind in Kind::ALL {
            assert_eq!(rows(kind, &passage, &heading), rows(kind, &passage, &heading));
        }
    }
}

#[test]
fn samples_go_on_until_nothing_is_left() {
    let all = rows(Kind::Cot, &fixture("posts/03-the-kettle-as-a-unit.md"), "");
    let pages: Vec<Vec<Value>> =
        (0..1000).map(|sample| page(all.clone(), 4, 4 * sample)).take_while(|p| !p.is_empty()).collect();
    assert_eq!(pages.concat(), all);
    assert!(pages.len() > 1 && page(all, usize::MAX, usize::MAX).is_empty());
}

#[test]
fn passages_share_no_twelve_words() {
    // Wordings are short, so that rows of a held-out passage share no long run with a training row.
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for kind in Kind::ALL {
        for (heading, passage) in sources() {
            for row in rows(kind, &passage, &heading) {
                for field in kind.fields() {
                    let plain = normalise(text(&row, field));
                    for run in plain.split(' ').collect::<Vec<_>>().windows(12) {
                        let run = run.join(" ");
                        let first = seen.entry(run.clone()).or_insert_with(|| passage.clone());
                        assert_eq!(*first, passage, "{run}");
                    }
                }
            }
        }
    }
}

#[test]
fn headings_name_the_employer() {
    let all = rows(
        Kind::Qa,
        "### Senior engineer, Harrow Freight (2019-2022)\n\n- Rebuilt the dispatch scheduler in Rust.\n- Mentored [PERSON_1] in Go for two years.\n",
        "[PERSON_2] › Experience",
    );
    let asked: Vec<&str> = all.iter().map(|r| text(r, "instruction")).collect();
    for question in [
        "What did you rebuild at Harrow Freight?",
        "In which language did you rebuild the dispatch scheduler at Harrow Freight?",
        "When did you leave Harrow Freight?",
    ] {
        assert!(asked.contains(&question), "{asked:#?}");
    }
    assert!(!asked.iter().any(|q| q.contains("mentor")));
    assert!(all.iter().any(|r| text(r, "response").contains("I rebuilt the dispatch scheduler in Rust.")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_makes_it_panic(passage in "(?s).{0,300}", heading in ".{0,40}") {
        for kind in Kind::ALL {
            let _ = rows(kind, &passage, &heading);
        }
    }

    #[test]
    fn nor_does_text_like_a_resume(lines in proptest::collection::vec("(- |### |#+ |[0-9]\\. |)(Built|Led|It|I|The|Cut|a|from|to|with|in|Rust|Kafka|[0-9]{1,4}|2\\.1 million|ms|pages|[,.:;()*–é\"“]| ){0,14}", 0..8)) {
        let passage = lines.join("\n");
        for kind in Kind::ALL {
            for row in rows(kind, &passage, "Experience › Engineer, Acme") {
                prop_assert!(normalise(&passage).contains(&normalise(text(&row, "evidence"))));
            }
        }
    }
}
