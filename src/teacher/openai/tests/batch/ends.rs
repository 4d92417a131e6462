//! How batches and their lines end.

use super::*;

fn error(code: &str, message: &str) -> Value {
    json!({ "error": { "message": message, "type": "x", "param": null, "code": code } })
}

/// A line of an error file.
fn bare(id: &str, code: &str) -> String {
    json!({ "id": "r", "custom_id": id, "response": null, "error": { "code": code, "message": code } }).to_string()
}

#[tokio::test]
async fn what_failed_is_asked_again_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|n, lines| {
        let mut plan = all_good(lines);
        if n == 0 {
            plan.before = vec!["validating", "warming_up", "in_progress", "cancelling"];
            plan.status = "expired";
            plan.output
                .retain(|l| !["text 01", "text 02", "text 03", "text 04", "text 05"].iter().any(|t| l.contains(t)));
            let of = |text: &str| id(lines.iter().find(|l| said(l) == text).unwrap());
            // One cut in the middle, one of a stranger, one twice, one that was never written.
            let cut = good(of("text 01"), "{}");
            plan.output.insert(0, cut[..cut.len() / 2].to_owned());
            plan.output.insert(3, good("somebody", "else"));
            let twice = plan.output[1].replace("said", "other");
            plan.output.push(twice);
            plan.error.push(line(of("text 02"), 500, &error("server_error", "hiccup")));
            plan.error.push(line(of("text 03"), 429, &error("rate_limit_exceeded", "slow down")));
            plan.error.push(bare(of("text 04"), "batch_expired"));
        }
        plan
    });
    let teacher = batches(&service, folder.path());
    let asked = texts(0..12);
    assert_answered(&asked, &ask(&teacher, &asked).await);
    let state = service.state();
    let mut second: Vec<&str> = state.lines[1].iter().map(said).collect();
    second.sort_unstable();
    assert_eq!(second, ["text 01", "text 02", "text 03", "text 04", "text 05"]);
    assert_eq!(state.lines.len(), 2);
}

#[tokio::test]
async fn a_request_is_tried_as_often_as_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| {
        let mut plan = all_good(lines);
        plan.output.retain(|l| !l.contains("text 02"));
        let bad = lines.iter().filter(|l| said(l) == "text 02");
        plan.error.extend(bad.map(|l| line(id(l), 503, &error("overloaded", "the model is overloaded"))));
        plan
    });
    let teacher = batches(&service, folder.path());
    let mut answers = ask(&teacher, &texts(0..4)).await;
    let text = failed_text(answers.remove(2));
    assert!(text.contains("overloaded") && text.contains("3 batches"), "{text}");
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(service.count("POST /batches"), 3);
}

#[tokio::test]
async fn complaints_change_the_shape_of_the_next_batch() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|n, lines| match n {
        0 => {
            let body = error("invalid_request", "response_format json_schema is not supported by this model");
            Plan {
                status: "completed",
                error: lines.iter().map(|l| line(id(l), 400, &body)).collect(),
                ..Plan::default()
            }
        }
        // Found out by the validation, for all lines or for one.
        1 => Plan {
            status: "failed",
            errors: json!([{ "code": "unsupported_parameter", "message": "'max_tokens' is not supported", "param": "max_tokens", "line": null }]),
            ..Plan::default()
        },
        _ => all_good(lines),
    });
    let teacher = batches(&service, folder.path());
    let asked = texts(0..3);
    assert_answered(&asked, &ask(&teacher, &asked).await);
    assert_answered(&texts(3..4), &ask(&teacher, &texts(3..4)).await);
    let state = service.state();
    let shapes: Vec<(&str, bool)> = state
        .lines
        .iter()
        .map(|lines| {
            let body = &lines[0]["body"];
            (body["response_format"]["type"].as_str().unwrap(), body.get("max_completion_tokens").is_some())
        })
        .collect();
    assert_eq!(shapes, [("json_schema", false), ("json_object", false), ("json_object", true), ("json_object", true)]);
}

#[tokio::test]
async fn validation_names_the_line_at_fault() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|n, lines| {
        let number = lines.iter().position(|l| said(l) == "text 02").map(|at| at + 1);
        match n {
            0 => Plan {
                before: vec!["validating"],
                status: "failed",
                errors: json!([
                    { "code": "invalid_request", "message": "the messages are too strange", "param": null, "line": number },
                    { "code": "summary", "message": "1 line was not valid", "param": null, "line": null },
                ]),
                ..Plan::default()
            },
            _ => all_good(lines),
        }
    });
    let teacher = batches(&service, folder.path());
    let mut answers = ask(&teacher, &texts(0..5)).await;
    let text = failed_text(answers.remove(2));
    assert!(text.contains("too strange"), "{text}");
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(service.state().lines[1].len(), 4);
    assert_eq!(service.files(), 0);
}

#[tokio::test]
async fn validation_may_end_the_run() {
    for (code, message, expected) in [
        ("model_not_found", "The model `test-model` does not exist", "--model"),
        ("not_allowed", "The model is not supported by the Batch API", "without `--batch`"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(move |_, _| Plan {
            status: "failed",
            errors: json!([{ "code": code, "message": message, "param": null, "line": null }]),
            ..Plan::default()
        });
        let answers = ask(&batches(&service, folder.path()), &texts(0..3)).await;
        for answer in answers {
            let text = fatal_text(answer);
            assert!(text.contains(message) && text.contains(expected), "{text}");
        }
        assert_eq!(service.count("POST /batches"), 1);
    }
}

#[tokio::test]
async fn a_full_service_gets_less_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| match lines.len() {
        3.. => Plan {
            status: "failed",
            errors: json!([{ "code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": null }]),
            ..Plan::default()
        },
        _ => all_good(lines),
    });
    let teacher = batches(&service, folder.path());
    let asked = texts(0..8);
    assert_answered(&asked, &ask(&teacher, &asked).await);
    let sizes: Vec<usize> = service.state().lines.iter().map(Vec::len).collect();
    assert_eq!(sizes[..3], [8, 4, 2]);
    assert!(sizes[3..].iter().all(|n| *n <= 4), "{sizes:?}");
}

#[tokio::test]
async fn answers_are_kept_when_the_rest_ends_the_run() {
    for (code, expected) in [("insufficient_quota", "credit"), ("batch_cancelled", "cancelled at the service")] {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(move |n, lines| {
            let mut plan = all_good(lines);
            if n == 0 {
                plan.status = if code == "batch_cancelled" { "cancelled" } else { "completed" };
                plan.output.retain(|l| !l.contains("text 03"));
                let bad = lines.iter().filter(|l| said(l) == "text 03");
                plan.error.extend(bad.map(|l| bare(id(l), code)));
            }
            plan
        });
        let mut answers = ask(&batches(&service, folder.path()), &texts(0..6)).await;
        let text = fatal_text(answers.remove(3));
        assert!(text.contains(expected), "{text}");
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        // The next run asks for the one that is missing.
        assert_answered(&texts(0..6), &ask(&batches(&service, folder.path()), &texts(0..6)).await);
        assert_eq!(service.state().lines[1].len(), 1);
    }
}

#[tokio::test]
async fn cut_and_declined_answers_are_given_out_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| {
        let mut plan = Plan { status: "completed", ..Plan::default() };
        for l in lines {
            plan.output.push(match said(l) {
                "text 00" => line(id(l), 200, &answer("{\"ro", "length")),
                "text 01" => line(id(l), 200, &answer("no", "content_filter")),
                "text 02" => line(id(l), 400, &error("content_filter", "filtered")),
                _ => good(id(l), "{}"),
            });
        }
        plan
    });
    let teacher = batches(&service, folder.path());
    let answers = ask(&teacher, &texts(0..4)).await;
    let finishes: Vec<Finish> = answers.into_iter().map(|a| a.unwrap().finish).collect();
    assert_eq!(finishes, [Finish::Length, Finish::Refused, Finish::Refused, Finish::Stop]);
    assert_eq!(teacher.tally().answered, 4);
    assert_eq!(ResponseCache::open(&folder.path().join("cache.db")).unwrap().len().unwrap(), 1);
}

#[tokio::test]
async fn what_was_made_and_lost_counts_as_spent() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|n, lines| {
        let mut plan = all_good(lines);
        if n == 0 {
            plan.output = vec!["{\"custom_id\":".to_owned()];
        }
        plan
    });
    let mut settings = endpoint(&service);
    settings.price = Some(Price::new(0.0, 1000.0));
    (settings.max_tokens, settings.max_usd) = (1000, Some(0.9));
    let text = fatal_text(batches_with(settings, fast(), folder.path()).answer(call("a")).await);
    assert!(text.contains("$0.5000 spent"), "{text}");
}
