use std::collections::BTreeMap;

use super::text::{decimal, duration, escape, highlight, megabytes, percent, thousands};
use super::{EvaluationPage, render, render_evaluation};
use crate::report::{
    CellReport, DatasetReport, EvaluationReport, LeakKindReport, LeakReport, MetricReport, PhaseReport,
    QuantisationReport, ReportData, SampleAnswer,
};

const HOSTILE: &str = "</div><script>alert(\"x\")</script><img src='x' onerror=alert(1)> \u{202e}\0 --> ]]> &lt;";

/// A share over the stages, better when it is higher.
fn share(name: &str, of: usize, values: &[Option<f64>]) -> MetricReport {
    let mut before: Option<f64> = None;
    let mut cells = Vec::new();
    for value in values {
        cells.push(value.map(|value| CellReport {
            value,
            of,
            interval: Some((value - 0.1, value + 0.1)),
            gain: before.map(|before| value - before),
        }));
        before = *value;
    }
    let name = name.to_owned();
    MetricReport {
        title: name.clone(),
        name,
        group: "Shares".into(),
        noun: "question".into(),
        is_share: true,
        cells,
        ..MetricReport::default()
    }
}

fn data(text: &str) -> ReportData {
    let text = || text.to_owned();
    ReportData {
        run: text(),
        tool_version: text(),
        student: text(),
        teacher: text(),
        documents: 12,
        passages: 1,
        masked: BTreeMap::from([(text(), 1234)]),
        datasets: vec![DatasetReport {
            kind: text(),
            train: 1100,
            test: 134,
            rejected: BTreeMap::from([(text(), 56)]),
            cap: 200,
            tokens: vec![(text(), vec![0, 12, 90, 200, 201]), (text(), vec![])],
        }],
        phases: vec![PhaseReport {
            phase: text(),
            loss: (1..=900).map(|step| (step, 3.0 / step as f64)).chain([(901, f64::NAN)]).collect(),
            eval_loss: vec![(0, 3.5), (600, 1.25)],
            rows: 1100,
            steps: 901,
            kept_step: 600,
            seconds: 3725.0,
            tokens_per_second: 1834.6,
            figures: BTreeMap::from([(text(), -0.5)]),
        }],
        evaluation: EvaluationReport {
            stages: vec!["base".into(), text(), "final".into()],
            metrics: vec![
                share("recall", 180, &[Some(0.04), Some(0.80), Some(0.78)]),
                share("trained", 45, &[Some(0.0), None, Some(0.93)]),
                share("honesty", 24, &[Some(0.0), Some(0.5), Some(0.25)]),
                share("preference_likelihood", 60, &[Some(0.5), Some(0.5), Some(0.45)]),
                share("stopped", 309, &[Some(1.0), Some(1.0), Some(0.97)]),
                MetricReport {
                    name: "persona_perplexity".into(),
                    title: text(),
                    about: text(),
                    group: text(),
                    noun: "token".into(),
                    is_share: false,
                    cells: vec![
                        Some(CellReport { value: 41.5, of: 900, interval: None, gain: None }),
                        Some(CellReport { value: 12.25, of: 900, interval: Some((11.0, 13.5)), gain: Some(29.25) }),
                        Some(CellReport { value: 14.0, of: 900, interval: None, gain: Some(-1.75) }),
                    ],
                    author: Some(3.5),
                },
            ],
            reference: Some(text()),
            warnings: vec![format!("Something fell. {}", text())],
            samples: vec![SampleAnswer {
                question: text(),
                key: "blue door".to_owned(),
                before: text(),
                after: format!("The Blue  Door. {}", text()),
                before_right: false,
                after_right: true,
            }],
        },
        leak: Some(LeakReport {
            values: 41,
            said: 2,
            said_whole: 1,
            outputs: 1312,
            kinds: vec![
                LeakKindReport {
                    kind: text(),
                    values: 40,
                    common: 3,
                    tries: 220,
                    greedy: 1,
                    sampled: 2,
                    exposure: Some(0.53),
                    ranked: 12,
                    first: 5,
                },
                LeakKindReport { kind: text(), values: 1, exposure: None, ..LeakKindReport::default() },
            ],
            hits: vec![(text(), text())],
            shapes: BTreeMap::from([(text(), 17)]),
        }),
        quantisation: Some(QuantisationReport {
            quant: text(),
            figures: vec![(text(), text()), ("KL divergence".to_owned(), "0.0312".to_owned())],
            failed: vec![text()],
        }),
        outputs: vec![(text() + ".gguf", 91_834_112), ("config.json".to_owned(), 812)],
        chat_command: text(),
    }
}

/// Fails on a tag that is not closed, or closed out of order. Reads the file as a browser's tokenizer would.
fn check_balanced(page: &str) {
    let mut open: Vec<&str> = vec![];
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').expect("a tag ends");
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') && !tag.starts_with('!') && name != "meta" {
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{tag}");
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

fn check_clean(page: &str) {
    for word in ["NaN", "inf", "null", "http:", "https:", "src=", "<script"] {
        let found = page.find(word).map(|at| &page[at.saturating_sub(40)..at + word.len()]);
        assert_eq!(found, None, "{word}");
    }
    check_balanced(page);
}

#[test]
fn the_figures_are_on_the_page() {
    let page = render(&data("name"));
    for figure in [
        "4% <i>→</i> 78%",
        "up 74 points</span>; 7 → 140 of 180 questions",
        "down 5 points</span>; 30 → 27 of 60 pairs",
        "97%",
        "92 MB",
        "&lt;0.1 MB",
        "91,834,112",
        "1,234",
        "1,100 train, 134 held out",
        "3.50 → 1.25",
        "1 h 02 min",
        "1,835",
        "−0.500",
        "12 documents, 1 passage<",
        "cap 200",
        "1 row over the cap of 200",
        "kept 600",
        "1 loss value not finite",
        "<mark>Blue  Door</mark>",
        "Preference accuracy did not rise.",
        "Something fell. name",
        "<b>80%</b>",
        "<small class=\"up\">+76</small><small>70 to 90%</small>",
        "<small class=\"down\">−2</small>",
        "<b>12.2</b><small class=\"up\">−29.2</small><small>11.0 to 13.5</small>",
        "<small class=\"down\">+1.75</small>",
        "(900 tokens)",
        "Rewards are measured against name.",
        "1,312 answers to questions",
        "41 masked values: 2 said, 1 in whole",
        "53%, 5 of 12 first",
        "The model says 2 of the 41 masked values",
        "<b>17</b>",
    ] {
        assert!(page.contains(figure), "{figure}");
    }
    check_clean(&page);
    assert_eq!(page, render(&data("name")));
}

#[test]
fn an_evaluation_alone_has_a_page() {
    let all = data("name");
    let mut page = EvaluationPage {
        title: "a model".into(),
        tool_version: "1".into(),
        facts: vec![("Rows".into(), "520".into())],
        evaluation: all.evaluation,
        leak: all.leak,
    };
    let html = render_evaluation(&page);
    for words in ["4% <i>→</i> 78%", "Stage by stage", "Base answer", "Something fell.", "Personal data it says", "520"]
    {
        assert!(html.contains(words), "{words}");
    }
    assert!(!html.contains("No training phase ran"));
    check_clean(&html);
    // One stage: nothing before it, so nothing changed.
    page.evaluation.stages.truncate(1);
    page.evaluation.metrics.iter_mut().for_each(|m| m.cells.truncate(1));
    page.leak = None;
    let html = render_evaluation(&page);
    assert!(!html.contains("Base answer") && !html.contains("Personal data it says") && !html.contains("<i>→</i>"));
    check_clean(&html);
}

#[test]
fn hostile_text_stays_text() {
    let page = render(&data(HOSTILE));
    assert!(page.contains("&lt;/div&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;"));
    assert!(page.contains("&amp;lt;"));
    for raw in ["<script", "<img", "onerror=alert(1)>", "src='", "\0", "\u{202e}", "-->"] {
        assert!(!page.contains(raw), "{raw}");
    }
    check_balanced(&page);
    assert_eq!(page.matches("<div").count(), render(&data("name")).matches("<div").count());
}

#[test]
fn nothing_measured_still_renders() {
    let empty = ReportData::default();
    let mut broken = data("x");
    let nan = f64::NAN;
    for cell in broken.evaluation.metrics.iter_mut().flat_map(|m| &mut m.cells).flatten() {
        *cell = CellReport { value: nan, interval: Some((nan, nan)), gain: Some(nan), ..*cell };
    }
    broken.evaluation.samples = vec![SampleAnswer::default()];
    broken.phases = vec![
        PhaseReport {
            loss: vec![(1, nan)],
            seconds: nan,
            tokens_per_second: nan,
            figures: [("f".to_owned(), nan)].into(),
            ..PhaseReport::default()
        },
        PhaseReport { loss: vec![(0, f64::MAX), (u64::MAX, f64::MIN)], steps: 1, ..PhaseReport::default() },
        PhaseReport { loss: vec![(1, 0.0)], eval_loss: vec![(1, 0.0)], steps: 1, ..PhaseReport::default() },
        PhaseReport { eval_loss: vec![(0, 1e-9)], seconds: f64::INFINITY, ..PhaseReport::default() },
    ];
    broken.datasets = vec![
        DatasetReport::default(),
        DatasetReport { tokens: vec![("a".to_owned(), vec![u32::MAX, 0])], cap: 1, ..DatasetReport::default() },
        DatasetReport { tokens: vec![("b".to_owned(), vec![0])], cap: usize::MAX, ..DatasetReport::default() },
    ];
    for data in [empty, broken] {
        let page = render(&data);
        assert!(page.contains("not measured"));
        check_clean(&page);
    }
}

#[test]
fn long_runs_stay_small() {
    let mut long = data("x");
    for phase in &mut long.phases {
        phase.loss = (0..200_000).map(|step| (step, 1.0 + (step % 7) as f64)).collect();
    }
    assert!(render(&long).len() < 60_000);
}

#[test]
fn keys_are_marked_where_they_stand() {
    for (text, key, expected) in [
        ("In 2013, 3 of us", "3", "In 2013, <mark>3</mark> of us"),
        ("In 2013", "3", "In 201<mark>3</mark>"),
        ("a <b> c", "b", "a &lt;<mark>b</mark>&gt; c"),
        ("ÄRZTE, Ärzte!", "ärzte", "<mark>ÄRZTE</mark>, <mark>Ärzte</mark>!"),
        ("aaaa", "aa", "<mark>aa</mark><mark>aa</mark>"),
        ("İstanbul", "istanbul", "İstanbul"),
        ("the port\n4217.", "Port 4217!", "the <mark>port\n4217</mark>."),
        ("by [PERSON_3].", "[PERSON_3]", "by <mark>[PERSON_3]</mark>."),
        ("PERSON_3 did", "[PERSON_3]", "<mark>PERSON_3</mark> did"),
        ("a-a-a", "-a-", "<mark>a-</mark><mark>a-</mark><mark>a</mark>"),
        ("text", " ! ", "text"),
        ("", "key", ""),
        ("short", "a much longer key", "short"),
    ] {
        assert_eq!(highlight(text, key), expected, "{text} / {key}");
    }
}

#[test]
fn numbers_are_for_people() {
    assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!(
        [0.0, -0.0, 0.001, 0.5, 0.994, 0.996, 1.0, f64::NAN].map(percent),
        ["0%", "0%", "<1%", "50%", "99%", ">99%", "100%", "not measured"]
    );
    assert_eq!(
        [0, 49_999, 50_000, 9_949_999, 9_950_000, 1_234_567_890].map(megabytes),
        ["0 MB", "<0.1 MB", "0.1 MB", "9.9 MB", "10 MB", "1,235 MB"]
    );
    assert_eq!(
        [0.0, 9.94, 59.6, 125.0, 3600.0, -1.0].map(duration),
        ["0.0 s", "9.9 s", "1 min 00 s", "2 min 05 s", "1 h 00 min", "not measured"]
    );
    assert_eq!(
        [0.0, -1.5, 0.0421, 12.345, 123.45, 999.6, 12_345.6, 1e-5, 2e12].map(decimal),
        ["0", "−1.50", "0.042", "12.3", "123", "1,000", "12,346", "1.0e-5", "2.0e12"]
    );
    assert_eq!(escape("a\n<b> & \"c\" 'd'\u{7}"), "a\n&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{fffd}");
}
