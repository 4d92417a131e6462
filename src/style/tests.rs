//! The profile on invented authors: the persona and the two of `fixtures/style/`.

use super::*;

fn folder(path: &str) -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(path);
    let mut paths: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

fn profile(texts: &[String]) -> Profile {
    Profile::measure(&texts.iter().map(String::as_str).collect::<Vec<_>>())
}

fn persona() -> Profile {
    profile(&folder("persona/posts"))
}

/// The sides of the persona's preference rows.
fn pairs() -> Vec<(String, String)> {
    let rows = include_str!("../../fixtures/persona/rows/preference.jsonl").lines();
    rows.map(|row| {
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        let side = |name: &str| row[name].as_str().unwrap().to_owned();
        (side("chosen"), side("rejected"))
    })
    .collect()
}

fn share_inside(distances: &[f64]) -> f64 {
    distances.iter().filter(|distance| **distance <= 1.0).count() as f64 / distances.len() as f64
}

#[test]
fn each_left_out_text_is_nearest_to_its_own_author() {
    let authors = ["persona/posts", "style/wren", "style/tobias"].map(folder);
    let whole = authors.each_ref().map(|texts| profile(texts));
    let (mut right, mut inside, mut all) = (0, 0, 0);
    for (own, texts) in authors.iter().enumerate() {
        for i in 0..texts.len() {
            let rest: Vec<String> = texts.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, t)| t.clone()).collect();
            let held_out = profile(&rest);
            let distance = |author: usize| if author == own { &held_out } else { &whole[author] }.distance(&texts[i]);
            let others = (0..authors.len()).filter(|author| *author != own).map(distance).fold(f64::MAX, f64::min);
            right += usize::from(distance(own) < others);
            inside += usize::from(distance(own) <= 1.0);
            all += 1;
        }
    }
    // Measured: 40 of 40 nearest to their author, 39 inside.
    assert_eq!((right, all), (40, 40));
    assert!(inside >= 37, "{inside} of {all} inside");
}

#[test]
fn the_assistant_is_told_from_the_person() {
    let (profile, pairs) = (persona(), pairs());
    let chosen: Vec<f64> = pairs.iter().map(|(chosen, _)| profile.distance(chosen)).collect();
    let rejected: Vec<f64> = pairs.iter().map(|(_, rejected)| profile.distance(rejected)).collect();
    let wins = chosen.iter().flat_map(|c| rejected.iter().map(move |r| f64::from(u8::from(c < r)))).sum::<f64>();
    let auc = wins / (chosen.len() * rejected.len()) as f64;
    // Measured: AUC 0.996, 94 % of the chosen inside, 1 % of the rejected.
    assert!(auc >= 0.985, "{auc}");
    assert!(share_inside(&chosen) >= 0.9, "{}", share_inside(&chosen));
    assert!(share_inside(&rejected) <= 0.04, "{}", share_inside(&rejected));
    for (_, rejected) in pairs.iter().filter(|(_, rejected)| profile.distance(rejected) > 1.0) {
        assert!(!profile.in_tone(rejected).reasons().is_empty(), "{rejected}");
    }
}

#[test]
fn distance_is_no_matter_of_length() {
    let profile = persona();
    let inside = |text: &str| assert!(profile.in_tone(text).is_inside(), "{text}: {:?}", profile.in_tone(text));
    inside("Storage never complains.");
    inside("Fine.");
    inside("I read the log while the kettle boiled.");
    inside("I read the logs. The fix was one line. Nobody noticed for a week. It took two kettles. Fine.");
    let chosen: Vec<String> = pairs().into_iter().map(|(chosen, _)| chosen).collect();
    inside(&chosen[..4].join("\n\n"));
    let outside = |text: &str| assert!(!profile.in_tone(text).is_inside(), "{text}: {:?}", profile.in_tone(text));
    outside("Great question!");
    outside("I'd be happy to help!");
    outside("It's not just a dashboard — it's a journey.");
    let rejected: Vec<String> = pairs().into_iter().map(|(_, rejected)| rejected).collect();
    outside(&rejected[..4].join("\n\n"));
    // Cut to one sentence each, the sides still fall apart.
    let first = |text: &String| text.split_inclusive(['.', '!', '?']).next().unwrap_or_default().trim().to_owned();
    let distances = |side: &[String]| side.iter().map(|text| profile.distance(&first(text))).collect::<Vec<_>>();
    let (chosen, rejected) = (share_inside(&distances(&chosen)), share_inside(&distances(&rejected)));
    assert!(chosen >= 0.85 && rejected <= chosen - 0.35, "{chosen} {rejected}");
}

#[test]
fn reasons_say_what_is_wrong() {
    let profile = persona();
    let reasons = |text: &str| profile.in_tone(text).reasons().join("; ");
    let check = |text: &str, expected: &[&str]| {
        let said = reasons(text);
        expected.iter().for_each(|part| assert!(said.contains(part), "{part} not in {said}"));
    };
    check(
        "The incident that we investigated on the Sunday in question turned out to have been caused by a receiver \
         whose firmware had been written long before the people who relied upon it had ever thought of the problem.",
        &["words where yours have 6"],
    );
    check(
        "The fix was one line — nobody noticed — and then we left the room and had tea.",
        &["em dashes; you never use any"],
    );
    check("We leveraged a robust and seamless approach. The fix was one line.", &["“leverage”"]);
    check("The server fell over! Of course it did! We had tea!", &["3 exclamation marks; you never use any"]);
    check("I don't know. It's late. We're tired. They can't sleep.", &["you write the words in full"]);
}

#[test]
fn the_page_for_a_teacher_is_true_and_short() {
    let authors = ["persona/posts", "style/wren", "style/tobias"].map(|path| profile(&folder(path)));
    let said = authors.each_ref().map(|profile| profile.for_prompt(120));
    for (said, expected, never) in [
        (
            &said[0],
            &["Sentences of about 6 words", "“Rule:” in 16 of 16", "“Fine.”", "kettle", "exclamation marks"][..],
            "small letter",
        ),
        (
            &said[1],
            &["begin with a small letter", "Contracts", "Emoji", "Hashtags at the end"][..],
            "Never: exclamation",
        ),
        (&said[2], &["Sentences of about 34 words", "semicolons", "em dashes"][..], "Rule"),
    ] {
        assert!(said.split_whitespace().count() <= 120);
        expected.iter().for_each(|part| assert!(said.contains(part), "{part} not in {said}"));
        assert!(!said.contains(never), "{said}");
    }
    let short = authors[0].for_prompt(20);
    assert!(short.split_whitespace().count() <= 20 && short.starts_with("Sentences of about 6 words"), "{short}");
    assert_eq!(Profile::measure(&[]).for_prompt(100), "");
}

#[test]
fn habits_of_the_persona() {
    let profile = persona();
    let find = |habits: &[Habit], words: &str| habits.iter().find(|h| h.words == words).map(|h| h.texts);
    assert_eq!(find(&profile.closings, "Rule:"), Some(16));
    assert_eq!(find(&profile.recurring_sentences, "Fine"), Some(16));
    assert!(find(&profile.sentence_openings, "The").is_some());
    assert_eq!(profile.own_words.first().map(|own| own.word.as_str()), Some("kettle"));
    assert_eq!(profile.count(Rate::Exclamation) + profile.count(Rate::Semicolon) + profile.count(Rate::Contraction), 0);
    assert!(profile.is_reliable() && profile.language == Language::English && profile.texts == 16);
    assert!(!Profile::measure(&["Two words.", "And three more."]).is_reliable());
    assert_eq!(profile.final_marks().first(), Some(&("full_stop", 15)));
}

#[test]
fn placeholders_are_in_no_count() {
    let texts = folder("persona/posts");
    let plain = profile(&texts);
    let signed: Vec<String> = texts
        .iter()
        .map(|text| format!("{} [PERSON_1] [EMAIL_h3f9a1c]\n\n[PERSON_2] [URL_3]\n", text.trim_end()))
        .collect();
    let signed = profile(&signed);
    assert_eq!((plain.words, plain.sentences), (signed.words, signed.sentences));
    assert_eq!(plain.own_words, signed.own_words);
    let page = format!("{:?} {:?} {}", signed.closings, signed.phrases, signed.for_prompt(200));
    assert!(!page.contains("PERSON") && !page.contains("EMAIL"), "{page}");
}

#[test]
fn nothing_at_all_and_hardly_anything() {
    let none = Profile::measure(&["", "# Only a title", "[PERSON_1]"]);
    assert_eq!((none.texts, none.words, none.distance("Any text."), none.terms("Any text.").len()), (0, 0, 0.0, 0));
    assert!(none.in_tone("Any text.").is_inside() && !none.is_reliable());
    let one = Profile::measure(&["Just one sentence here."]);
    assert_eq!((one.texts, one.sentence_words.mean, one.distance("Other.")), (1, 4.0, 0.0));
    assert_eq!(persona().distance("…"), 0.0);
    assert!(one.phrases.is_empty() && one.sentence_openings.is_empty() && one.recurring_sentences.is_empty());
    // One long text is cut into stretches.
    let long = folder("persona/posts").join("\n\n");
    let long = Profile::measure(&[&long]);
    assert!(long.distance("Storage never complains.") <= 1.0);
    assert!(long.distance("I'm thrilled to share a truly remarkable journey of growth!") > 1.0);
}

#[test]
fn languages_without_lists_have_words_of_their_own() {
    let finnish: Vec<String> = (0..12)
        .map(|i| format!("Uin meressä ennen töitä. Vesi oli {i} astetta. Se ei auta ajattelemaan. Siksi se auttaa. Kahvi oli hyvää."))
        .collect();
    let profile = profile(&finnish);
    assert_eq!(profile.language, Language::Other);
    assert!(
        profile.distance("Vesi oli kylmää. Se auttaa.")
            < profile.distance("Meeting notes; the quarterly targets were missed!")
    );
    let german = ["Ich schwimme vor der Arbeit im Meer.", "Das Wasser hat im März sieben Grad, und das hilft."];
    assert_eq!(Profile::measure(&german).language, Language::German);
}

#[test]
fn the_same_texts_give_the_same_profile() {
    let (a, b) = (persona(), persona());
    let text = "The outage lasted 17 minutes, and nobody minded.";
    assert_eq!(a.distance(text).to_bits(), b.distance(text).to_bits());
    assert_eq!(a.for_prompt(120), b.for_prompt(120));
}

#[test]
fn the_rows_of_the_persona_are_nearly_balanced() {
    let pairs = pairs();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(c, r)| (c.as_str(), r.as_str())).collect();
    let cues = cue_balance(&pairs);
    assert!(cues.iter().all(|cue| (0.5..=1.0).contains(&cue.auc)));
    let length = cues.iter().find(|cue| cue.name == "length").unwrap();
    assert!(!length.is_telling(), "{length:?}");
}
