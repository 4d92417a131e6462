use super::*;

const PASSAGE: &str = "## Tidewrack Telemetry\n\n- Run the **ingest** for 2,340 ocean buoys. Every one of them\n  lies a little.\n- Replaced RabbitMQ with NATS JetStream, which I did not expect to like. Message loss went from 0.7 percent to nothing.\n- The café’s “micro-services” were rewritten by hand.";

#[test]
fn quotations_are_found_whatever_their_dress() {
    let check = |quote: &str, expected: Option<&str>| {
        let found = locate(quote, PASSAGE);
        assert_eq!(found.as_ref().map(|f| &PASSAGE[f.range.clone()]), expected, "{quote}: {found:?}");
    };
    let buoys = "Every one of them\n  lies a little";
    check("Every one of them lies a little.", Some(buoys));
    check("every ONE of them lies a little", Some(buoys));
    check("Run the ingest for 2,340 ocean buoys.", Some("Run the **ingest** for 2,340 ocean buoys"));
    check(
        "The cafe\u{301}'s \"micro-services\" were",
        Some("café’s “micro-services” were").map(|_| "The café’s “micro-services” were"),
    );
    check("The café's microservices were rewritten", Some("The café’s “micro-services” were rewritten"));
    // A comma dropped, a slip of the keyboard, a word left out.
    check(
        "Replaced RabbitMQ with NATS JetStream which I did not expcet to like",
        Some("Replaced RabbitMQ with NATS JetStream, which I did not expect to like"),
    );
    check("Message loss went from 0.7 percent down to nothing", Some("Message loss went from 0.7 percent to nothing"));
    check(
        "Replaced RabbitMQ with NATS JetStream … Message loss went from 0.7 percent to nothing.",
        Some(
            "Replaced RabbitMQ with NATS JetStream, which I did not expect to like. Message loss went from 0.7 percent to nothing",
        ),
    );
    check("... Message loss [...] to nothing ...", Some("Message loss went from 0.7 percent to nothing"));
    // In the wrong order, invented, another number, a negation lost, another sentence of the same words.
    check("Message loss went from 0.7 percent … Replaced RabbitMQ", None);
    check("I left the company because of the commute", None);
    check("Run the ingest for 2,430 ocean buoys", None);
    check("Replaced RabbitMQ with NATS JetStream, which I did expect to like", None);
    check("buoys lie a lot", None);
    check("Replaced RabbitMQ with Apache Kafka", None);
    check("uoys", None);
    check("", None);
    check("…", None);
}

/// Rows written by hand, with the fields that must stand in the document and the arithmetic that is fair.
fn written_rows() -> Vec<(String, &'static str, String, Support, Arithmetic)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/persona");
    let mut out = Vec::new();
    for file in ["qa", "qa2-posts", "qa2-resume", "cot", "preference"] {
        let text = std::fs::read_to_string(root.join(format!("rows/{file}.jsonl"))).unwrap();
        for (line, row) in text.lines().enumerate() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let field = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let document = std::fs::read_to_string(root.join(field("source"))).unwrap();
            let (question, fields, arithmetic): (_, &[&'static str], _) = match file {
                "cot" => ("instruction", &["thought", "response"], Arithmetic::Allowed),
                "preference" => ("prompt", &["chosen", "rejected"], Arithmetic::Strict),
                _ => ("instruction", &["context", "response"], Arithmetic::Strict),
            };
            let support = Support::read(&[
                &document,
                &field(question),
                if file == "cot" { row["thought"].as_str().unwrap() } else { "" },
            ]);
            let own = Support::read(&[&document, &field(question)]);
            for name in fields {
                let support = if *name == "thought" { &own } else { &support };
                out.push((format!("{file}:{}", line + 1), *name, field(name), support.clone(), arithmetic));
            }
        }
    }
    out
}

/// Every alarm on a true row is false, or a slip of its writer. What is left are numbers worked out by the writer.
#[test]
fn true_rows_raise_few_alarms() {
    let rows = written_rows();
    let count = |force: Option<Arithmetic>| -> Vec<(What, String)> {
        let claims = rows.iter().flat_map(|(at, field, text, support, arithmetic)| {
            let claims = support.unsupported(text, force.unwrap_or(*arithmetic)).into_iter();
            claims.map(move |c| (c.what, format!("{at} {field}: {} in {text}", c.text)))
        });
        claims.collect()
    };
    let (fair, allowed) = (count(None), count(Some(Arithmetic::Allowed)));
    let listed: Vec<&str> = fair.iter().map(|(_, text)| text.as_str()).collect();
    println!("{}\n{} and {} alarms in {} texts", listed.join("\n"), fair.len(), allowed.len(), rows.len());
    assert!(fair.iter().all(|(what, _)| *what != What::Entity), "{}", listed.join("\n"));
    assert!(fair.len() <= 34 && allowed.len() <= 9, "{}", listed.join("\n"));
}

#[test]
fn keys_are_what_a_writer_would_choose() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/persona/rows");
    let (mut all, mut same, mut in_response) = (0, 0, 0);
    for file in ["qa", "qa2-posts", "qa2-resume"] {
        for row in std::fs::read_to_string(root.join(format!("{file}.jsonl"))).unwrap().lines() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let field = |name: &str| row[name].as_str().unwrap_or_default();
            let evidence = field("evidence");
            let key = derive_key(field("instruction"), field("response"), evidence, evidence);
            let found = key.map(|range| &field("response")[range]).unwrap_or_default();
            let (a, b) = (crate::row::normalise(found), crate::row::normalise(field("answer_key")));
            all += 1;
            in_response += usize::from(!a.is_empty());
            if !a.is_empty() && (a.contains(&b) || b.contains(&a)) {
                same += 1;
            } else {
                println!(
                    "{:?}: {found:?} instead of {:?} in {:?}",
                    field("instruction"),
                    field("answer_key"),
                    field("response")
                );
            }
        }
    }
    println!("{same} of {all}");
    assert!(in_response == all && 100 * same >= 95 * all, "{same} of {all}");
}

#[derive(serde::Deserialize)]
struct Cases {
    group: Vec<Group>,
}

#[derive(serde::Deserialize)]
struct Group {
    support: String,
    #[serde(default)]
    arithmetic: bool,
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    text: String,
    find: Vec<String>,
}

/// Every case of the table, as it should be, with precision and recall over claims.
#[test]
fn the_table_of_claims() {
    let cases: Cases = toml::from_str(include_str!("../../../fixtures/generate/grounding.toml")).unwrap();
    let (mut all, mut hits, mut extra, mut missed) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for group in &cases.group {
        let support = Support::read(&[&group.support]);
        let arithmetic = if group.arithmetic { Arithmetic::Allowed } else { Arithmetic::Strict };
        for case in &group.cases {
            all += 1;
            let found: Vec<String> = support.unsupported(&case.text, arithmetic).into_iter().map(|c| c.text).collect();
            hits += found.iter().filter(|f| case.find.contains(f)).count();
            extra += found.iter().filter(|f| !case.find.contains(f)).count();
            missed += case.find.iter().filter(|f| !found.contains(f)).count();
            if found != case.find {
                wrong.push(format!("{}: {found:?} instead of {:?}", case.text, case.find));
            }
        }
    }
    println!("{all} cases, {hits} hits, {extra} extra, {missed} missed");
    assert!(wrong.is_empty(), "{} of {all}:\n{}", wrong.len(), wrong.join("\n"));
}

/// A response is held against documents that it is not about: what it knows must be missed there.
#[test]
fn what_another_document_does_not_say_is_found() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/persona");
    let rows = std::fs::read_to_string(root.join("rows/qa.jsonl")).unwrap();
    let mut documents: Vec<(String, String)> = Vec::new();
    for post in std::fs::read_dir(root.join("posts")).unwrap() {
        let path = post.unwrap().path();
        let name = format!("posts/{}", path.file_name().unwrap().to_string_lossy());
        documents.push((name, std::fs::read_to_string(path).unwrap()));
    }
    documents.sort();
    let (mut numbers, mut names) = ([0, 0], [0, 0]);
    let mut missed = std::collections::BTreeSet::new();
    for row in rows.lines() {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let field = |name: &str| row[name].as_str().unwrap_or_default();
        let (response, key) = (field("response"), field("answer_key"));
        for (_, document) in documents.iter().filter(|(name, _)| name != field("source")).step_by(4) {
            let Some(at) = response.find(key) else { continue };
            let digits = key.contains(|c: char| c.is_ascii_digit());
            let held = crate::row::normalise(document).contains(&crate::row::normalise(key));
            if held || !(digits || key.starts_with(char::is_uppercase)) {
                continue;
            }
            let claims = unsupported(response, &[document, field("instruction")], Arithmetic::Strict);
            let found = claims.iter().any(|c| c.range.start < at + key.len() && at < c.range.end);
            let count = if digits { &mut numbers } else { &mut names };
            count[0] += 1;
            count[1] += usize::from(found);
            if !found {
                missed.insert(format!("{key} in {response}"));
            }
        }
    }
    let missed: Vec<String> = missed.into_iter().collect();
    println!("numbers {numbers:?} names {names:?}\n{}", missed.join("\n"));
    // What is missed are names that begin a sentence.
    assert!(100 * numbers[1] >= 98 * numbers[0] && 100 * names[1] >= 85 * names[0], "{numbers:?} {names:?}");
}
