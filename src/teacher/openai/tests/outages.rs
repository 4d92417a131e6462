//! Servers that are down, come back, fail often, have too much to do, or say how much they take.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::server::{Server, Step, answer};
use super::*;

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

async fn ask_many(teacher: &OpenAiTeacher, count: usize) -> Vec<Result<Completion, TeacherError>> {
    let texts: Vec<String> = (0..count).map(|n| format!("text {n}")).collect();
    join_all(texts.iter().map(|text| teacher.answer(call(text)))).await
}

#[tokio::test]
async fn an_endpoint_that_stays_dead_ends_the_run() {
    let server =
        Server::start(|n, _| if n < 5 { Step::ok("{}") } else { Step::new(502, "<title>gone fishing</title>") });
    let teacher = teacher_with(OpenAiSettings { max_retries: 50, ..settings(&server) }, None);
    let start = Instant::now();
    let answers = ask_many(&teacher, 30).await;
    assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 5);
    for ended in answers.into_iter().filter(Result::is_err) {
        let text = fatal_text(ended);
        assert!(text.contains("been down for") && text.contains("502") && text.contains("kept"), "{text}");
    }
    // 20 + 40 + 80 + 3 × 100 ms of looking, each up to a quarter longer.
    assert!(start.elapsed() >= ms(440) && start.elapsed() < ms(3000), "{:?}", start.elapsed());
    let sent = server.seen().len();
    assert!(sent < 5 + 8 + 8 + 6 + 1, "{sent} requests to an endpoint that is down");
    fatal_text(teacher.answer(call("one more")).await);
    assert_eq!(server.seen().len(), sent, "nothing is sent after the end");
    assert!(teacher.tally().waiting.is_none_or(|w| w.contains("down")));
}

#[tokio::test]
async fn an_outage_costs_no_answer() {
    let start = Instant::now();
    let server = Server::start(move |n, _| match n {
        4.. if start.elapsed() < ms(400) => Step::silent(),
        _ => Step::ok("{}"),
    });
    // Two retries are too few for that time: it is the looking that brings them over it.
    let teacher = teacher_with(OpenAiSettings { concurrency: 16, ..settings(&server) }, None);
    let answers = ask_many(&teacher, 24).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(start.elapsed() >= ms(400));
}

#[tokio::test]
async fn a_service_that_fails_half_of_the_time_is_lived_with() {
    let dice = Mutex::new(5_u64);
    let server = Server::start(move |_, _| {
        let mut dice = dice.lock().unwrap();
        *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        match (*dice >> 33) % 10 {
            0 => Step::silent(),
            1 => Step::new(429, "slow down"),
            2 => Step::new(503, ""),
            3 => Step::new(500, "oops"),
            4 => Step::new(200, "{\"choices\":["),
            _ => Step::ok("{}"),
        }
    });
    let teacher = teacher_with(OpenAiSettings { max_retries: 20, ..settings(&server) }, None);
    let answers = ask_many(&teacher, 300).await;
    assert!(answers.iter().all(Result::is_ok));
    let tally = teacher.tally();
    assert_eq!(tally.answered, 300);
    assert_eq!(tally.sent, tally.retried + 300);
    assert_eq!((tally.in_flight, tally.waiting), (0, None));
}

#[tokio::test]
async fn fewer_requests_are_in_flight_when_the_server_has_too_much_to_do() {
    let busy = std::sync::Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |_, _| {
        if busy.fetch_add(1, Ordering::SeqCst) >= 3 {
            busy.fetch_sub(1, Ordering::SeqCst);
            return Step::new(429, "three at a time");
        }
        let busy = std::sync::Arc::clone(&busy);
        std::thread::spawn(move || {
            std::thread::sleep(ms(20));
            busy.fetch_sub(1, Ordering::SeqCst);
        });
        Step::ok("{}").after(ms(20))
    });
    let teacher = teacher_with(OpenAiSettings { max_retries: 50, concurrency: 12, ..settings(&server) }, None);
    let answers = ask_many(&teacher, 80).await;
    assert!(answers.iter().all(Result::is_ok));
    let (places, ceiling) = teacher.line.limits.slots.places();
    assert!(places <= 5 && ceiling == 12, "{places} of {ceiling}");
}

#[tokio::test]
async fn limits_that_the_server_tells_are_kept() {
    let server = Server::start(|n, _| {
        let left = 600_usize.saturating_sub(n + 1).to_string();
        Step::ok("{}").header("x-ratelimit-limit-requests", "600").header("x-ratelimit-remaining-requests", &left)
    });
    let teacher = teacher(&server);
    teacher.answer(call("first")).await.unwrap();
    let start = Instant::now();
    assert!(ask_many(&teacher, 12).await.iter().all(Result::is_ok));
    // 600 a minute are ten a second.
    assert!(start.elapsed() >= ms(1100), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_cut_answer_is_asked_for_once_more_with_more_room() {
    let server = Server::start(|_, body| match body["max_tokens"].as_u64() {
        Some(300) => Step::new(200, answer("{\"rows\":[", "length")),
        Some(900) => Step::ok("{\"rows\":[]}"),
        _ => Step::new(200, answer("{\"ro", "length")),
    });
    let mut settings = settings(&server);
    (settings.max_tokens, settings.max_tokens_if_cut) = (300, Some(900));
    settings.price = Some(Price::new(1.0, 10.0));
    let longer = teacher_with(settings.clone(), None).answer(call("text")).await.unwrap();
    assert_eq!((longer.text.as_str(), longer.finish), ("{\"rows\":[]}", Finish::Stop));
    assert_eq!((longer.usage.prompt_tokens, longer.usage.completion_tokens), (200, 40), "both were paid for");
    assert!((longer.usage.cost_usd - 2.0 * 300e-6).abs() < 1e-12);
    let limits: Vec<Value> = server.seen().iter().map(|s| s.body["max_tokens"].clone()).collect();
    assert_eq!(limits, [json!(300), json!(900)]);

    settings.max_tokens_if_cut = Some(500);
    let still_cut = teacher_with(settings.clone(), None).answer(call("text")).await.unwrap();
    assert_eq!(still_cut.finish, Finish::Length);
    assert_eq!(server.seen().len(), 4, "once");
    settings.max_tokens_if_cut = Some(300);
    assert_eq!(teacher_with(settings, None).answer(call("text")).await.unwrap().finish, Finish::Length);
    assert_eq!(server.seen().len(), 5, "no more room, no other try");
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_no_try() {
    let server = Server::steps(&[Step::ok("{}").kept(), Step::silent(), Step::ok("{}")]);
    let settings = OpenAiSettings { max_retries: 0, ..settings(&server) };
    let teacher = OpenAiTeacher::with_pace(settings, None, Pace::default()).unwrap();
    teacher.answer(call("first")).await.unwrap();
    let start = Instant::now();
    teacher.answer(call("second")).await.unwrap();
    assert!(start.elapsed() < ms(400), "at once: {:?}", start.elapsed());
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn an_answer_that_trickles_in_is_given_up_in_time() {
    let server = Server::start(|n, _| match n {
        0 => Step::ok("{}").drip(ms(50)),
        _ => Step::ok("{}"),
    });
    let teacher = teacher_with(OpenAiSettings { timeout_secs: 1, ..settings(&server) }, None);
    let start = Instant::now();
    teacher.answer(call("text")).await.unwrap();
    assert!(start.elapsed() < ms(2500), "{:?}", start.elapsed());
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_endless_body_is_not_taken_in() {
    let server = Server::steps(&[Step::new(200, &"x".repeat(33 << 20))]);
    let text = failed_text(teacher(&server).answer(call("text")).await);
    assert!(text.contains("longer than"), "{text}");
}

#[tokio::test]
async fn after_a_wrong_key_nothing_more_is_sent() {
    let server = Server::start(|_, _| Step::new(401, "no").after(ms(20)));
    let teacher = teacher_with(OpenAiSettings { concurrency: 2, ..settings(&server) }, None);
    for ended in ask_many(&teacher, 20).await {
        assert!(fatal_text(ended).contains("OPENAI_API_KEY"));
    }
    assert_eq!(server.seen().len(), 2, "those under way");
}

#[tokio::test]
async fn tokens_from_the_servers_cache_cost_less() {
    let body = json!({
        "choices": [{ "message": { "content": "{}" }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1000, "completion_tokens": 0, "prompt_tokens_details": { "cached_tokens": 600 } },
    });
    let server = Server::steps(&[Step::new(200, body)]);
    let mut settings = settings(&server);
    settings.price = Some(Price { cached_input_usd: Some(0.1), ..Price::new(1.0, 10.0) });
    let teacher = teacher_with(settings, None);
    let usage = teacher.answer(call("text")).await.unwrap().usage;
    assert!((usage.cost_usd - (400.0 + 60.0) / 1e6).abs() < 1e-12, "{usage:?}");
    assert!((teacher.spent_usd() - usage.cost_usd).abs() < 1e-12);
}
