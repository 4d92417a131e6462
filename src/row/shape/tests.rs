use std::collections::BTreeMap;

use super::*;

#[test]
fn questions_are_sorted_by_wording() {
    let table: BTreeMap<QuestionType, Vec<String>> =
        toml::from_str(include_str!("../../../fixtures/generate/questions.toml")).unwrap();
    let (mut all, mut right) = (0, 0);
    let mut wrong = Vec::new();
    for (kind, questions) in &table {
        for question in questions {
            all += 1;
            let found = question_type(question);
            if found == *kind {
                right += 1;
            } else {
                wrong.push(format!("{question}: {} instead of {}", found.name(), kind.name()));
            }
        }
    }
    println!("{right} of {all}\n{}", wrong.join("\n"));
    assert!(all >= 80 && 100 * right >= 95 * all, "{right} of {all}:\n{}", wrong.join("\n"));
    assert_eq!(row_type("Where do you ski?", "I don't know. I never wrote about skiing."), QuestionType::Unanswerable);
    assert_eq!(QuestionType::ALL.len(), table.len() + 1);
}

#[test]
fn not_knowing_is_told_from_stories() {
    let check = |text: &str, expected: bool| assert_eq!(doesnt_know(text), expected, "{text}");
    check("I don't know. I never wrote about that.", true);
    check("I do not know, and I never asked.", true);
    check("No idea. I have never used it.", true);
    check("I've never written about my family.", true);
    check("Honestly, I can't say.", true);
    check("I haven't posted anything about that.", true);
    check("Das weiß ich nicht.", true);
    check("I have nothing to say about that.", true);
    check("I didn't know why it failed, so I looked at the logs.", false);
    check("17 minutes. Nobody knew.", false);
    check("Because I could not say which seven in a thousand were gone.", false);
    check("I never looked back.", false);
    check("I wrote that nobody knows.", false);
}

#[test]
fn voices_are_told_apart() {
    use Voice::{Assistant, FirstPerson, Neutral, ThirdPersonSelf};
    let check = |text: &str, expected: Voice| assert_eq!(voice(text), expected, "{text}");
    check("I replaced the queue.", FirstPerson);
    check("It was our queue.", FirstPerson);
    check("Ich habe das ersetzt.", FirstPerson);
    check("17 minutes.", Neutral);
    check("NATS JetStream.", Neutral);
    check("The author replaced the queue.", ThirdPersonSelf);
    check("The candidate's experience covers queues.", ThirdPersonSelf);
    check("He has ten years with queues.", ThirdPersonSelf);
    check("[PERSON_1] replaced the queue.", ThirdPersonSelf);
    check("She led the ingest.", ThirdPersonSelf);
    check("Great question! I replaced the queue.", Assistant);
    check("As an AI, I have no queue.", Assistant);
    check("I'd be happy to help with that.", Assistant);
    check("NATS. Let me know if you need more.", Assistant);
    check("My manager said it. He was wrong.", FirstPerson);
    check("They are big.", ThirdPersonSelf);
}

#[test]
fn thoughts_that_are_none() {
    let check = |thought: &str, expected: &[Fault]| {
        let q = "Why did you keep two buoys after the storm?";
        let a = "I kept two buoys because one of them always drifts.";
        assert_eq!(thought_faults(q, thought, a), expected, "{thought}");
    };
    check("I kept two buoys because one of them always drifts.", &[Fault::EchoesResponse]);
    check("One of them always drifts.", &[Fault::EchoesResponse]);
    check("Why did I keep two buoys after the storm?", &[Fault::EchoesInstruction]);
    check("Let's think step by step. A lost day costs more than a spare.", &[Fault::Boilerplate(0..24)]);
    check("Step 1: count the buoys. A lost day costs more.", &[Fault::Boilerplate(0..7)]);
    check("<think>A lost day costs more than a spare.</think>", &[Fault::Boilerplate(0..7)]);
    check("A spare is cheap. Wait, is it? Hmm, yes. A lost day costs more.", &[Fault::Reflection(2)]);
    check("A spare is cheap. Wait for the storm. A lost day costs more.", &[]);
    check("One buoy always drifts. Losing the only one costs a day. So a second one pays.", &[]);
    check("We wait an hour after each storm. Alternatively we could dive. Both cost a day.", &[]);
}

/// Rows written by hand: what is found in them is false.
#[test]
fn true_rows_have_no_faults() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/persona/rows");
    let mut faults = Vec::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut voices: BTreeMap<String, usize> = BTreeMap::new();
    for file in ["qa", "qa2-posts", "qa2-resume", "cot", "preference"] {
        for (line, row) in std::fs::read_to_string(root.join(format!("{file}.jsonl"))).unwrap().lines().enumerate() {
            let row: serde_json::Value = serde_json::from_str(row).unwrap();
            let field = |name: &str| row[name].as_str().unwrap_or_default();
            let response = if file == "preference" { field("chosen") } else { field("response") };
            let said = voice(response);
            *voices.entry(format!("{said:?}")).or_default() += 1;
            if matches!(said, Voice::Assistant) || doesnt_know(response) {
                faults.push(format!("{file}:{} {said:?} {response}", line + 1));
            }
            if file == "cot" {
                for fault in thought_faults(field("instruction"), field("thought"), response) {
                    faults.push(format!("{file}:{} {fault:?} {}", line + 1, field("thought")));
                }
            }
            for name in ["instruction", "response", "thought", "prompt", "chosen"] {
                if let Some(range) = crate::row::hidden_context(field(name)) {
                    faults.push(format!("{file}:{} {name}: {}", line + 1, &field(name)[range]));
                }
            }
            if file != "preference" {
                *kinds.entry(question_type(field("instruction")).name()).or_default() += 1;
            }
        }
    }
    println!("{kinds:?} {voices:?}\n{}", faults.join("\n"));
    assert!(faults.len() <= 3, "{}", faults.join("\n"));
}
