//! The cache, the budget and the limits: nothing is paid twice, nothing is spent beyond what was allowed.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use super::server::{Server, Step, answer};
use super::*;

#[tokio::test]
async fn an_answered_request_is_never_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.db");
    let server = Server::steps(&[Step::ok("{\"rows\":[1]}"), Step::ok("{\"rows\":[2]}")]);
    let mut settings = settings(&server);
    settings.price = Some(Price::new(1.0, 10.0));
    let cost = (100.0 + 20.0 * 10.0) / 1e6;

    let first = teacher_with(settings.clone(), Some(ResponseCache::open(&path).unwrap()));
    let paid = first.answer(call("text")).await.unwrap();
    assert_eq!(first.answer(call("text")).await.unwrap(), paid);
    first.keep_as(&first.hash(&call("text").hash), &paid).await.unwrap();
    let tally = first.tally();
    assert_eq!((tally.sent, tally.answered, tally.cached), (1, 1, 1));
    assert!((tally.spent_usd - cost).abs() < 1e-12);

    // A second process, with no money at all, while the first one still has the file open.
    settings.max_usd = Some(0.0);
    let second = teacher_with(settings.clone(), Some(ResponseCache::open(&path).unwrap()));
    let cached = second.answer(call("text")).await.unwrap();
    assert!((cached.usage.cost_usd - cost).abs() < 1e-12, "the recorded cost is reported");
    assert!(second.spent_usd().abs() < 1e-12, "but not spent again");
    assert_eq!(server.seen().len(), 1);

    // Anything that could change the answer makes another request.
    let other = OpenAiSettings { temperature: Some(1.0), max_usd: None, ..settings };
    let other = teacher_with(other, Some(ResponseCache::open(&path).unwrap()));
    assert_eq!(other.answer(call("text")).await.unwrap().text, "{\"rows\":[2]}");
    let key = test_key();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let stored = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!stored.windows(key.len()).any(|w| w == key.as_bytes()), "the key is in the cache");
    }
}

#[tokio::test]
async fn equal_requests_at_the_same_moment_are_paid_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_, _| Step::ok("{}").after(Duration::from_millis(30)));
    let cache = ResponseCache::open(&folder.path().join("cache.db")).unwrap();
    let teacher = teacher_with(settings(&server), Some(cache));
    let answers = join_all((0..12).map(|n| teacher.answer(call(["a", "b", "c"][n % 3])))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn only_kept_answers_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::steps(&[
        Step::new(400, "no"),
        Step::new(200, answer("{\"ro", "length")),
        Step::new(200, answer("no", "content_filter")),
        Step::ok("  "),
        Step::ok("{}"),
    ]);
    let cache = ResponseCache::open(&folder.path().join("cache.db")).unwrap();
    let teacher = teacher_with(settings(&server), Some(cache.clone()));
    for _ in 0..4 {
        let _unfinished = teacher.answer(call("text")).await;
        assert!(cache.is_empty().unwrap());
    }
    let answered = teacher.answer(call("text")).await.unwrap();
    assert_eq!((answered.text.as_str(), cache.len().unwrap()), ("{}", 0));
    let kept = Completion { text: "{\"rows\":[]}".to_owned(), ..answered };
    teacher.keep_as(&teacher.hash(&call("text").hash), &kept).await.unwrap();
    assert_eq!(teacher.answer(call("text")).await.unwrap().text, kept.text, "what was kept, and not as it came");
    assert_eq!((cache.len().unwrap(), server.seen().len()), (1, 5));
}

#[tokio::test]
async fn spending_stops_below_the_limit() {
    let server = Server::start(|_, _| Step::ok("{}").after(Duration::from_millis(5)));
    let mut settings = settings(&server);
    // At most 1000 tokens written at $1 per thousand, 20 of them really used: $0.02 a request, $1 set aside.
    settings.price = Some(Price::new(0.0, 1000.0));
    (settings.max_tokens, settings.max_usd) = (1000, Some(1.1));
    let teacher = teacher_with(settings, None);
    let calls: Vec<String> = (0..10).map(|n| format!("text {n}")).collect();
    let answers = join_all(calls.iter().map(|text| teacher.answer(call(text)))).await;
    let answered = answers.iter().filter(|a| a.is_ok()).count();
    assert_eq!(answered, 6, "$0.12 spent after six; the seventh could end above $1.10");
    assert_eq!(server.seen().len(), 6);
    assert!((teacher.spent_usd() - 0.12).abs() < 1e-9);
    let text = fatal_text(teacher.answer(call("one more")).await);
    assert!(text.contains("$1.10") && text.contains("$0.12") && text.contains("kept"), "{text}");
}

#[tokio::test]
async fn lost_answers_count_as_spent() {
    let server = Server::start(|_, _| Step::new(200, "{\"choices\":"));
    let mut settings = settings(&server);
    settings.price = Some(Price::new(0.0, 1000.0));
    (settings.max_tokens, settings.max_usd, settings.max_retries) = (1000, Some(2.5), 9);
    let teacher = teacher_with(settings, None);
    fatal_text(teacher.answer(call("text")).await);
    assert_eq!(server.seen().len(), 2, "a third could end above $2.50");
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_allowed() {
    let server = Server::start(|n, _| match n % 4 {
        0 => Step::error(500, json!({ "message": "hiccup" })).after(Duration::from_millis(10)),
        _ => Step::ok("{}").after(Duration::from_millis(20)),
    });
    let settings = OpenAiSettings { concurrency: 3, max_retries: 20, ..settings(&server) };
    let teacher = teacher_with(settings, None);
    assert_eq!(Teacher::concurrency(&teacher), 3);
    let answers = join_all((0..20).map(|n| teacher.answer(call(&n.to_string())))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(server.peak(), 3);
}

#[tokio::test]
async fn requests_per_minute_are_kept_from_the_first_minute_on() {
    let server = Server::start(|_, _| Step::ok("{}"));
    // 1200 a minute is one every 50 ms.
    let teacher = teacher_with(OpenAiSettings { rpm: Some(1200), ..settings(&server) }, None);
    let start = Instant::now();
    let answers = join_all((0..9).map(|n| teacher.answer(call(&n.to_string())))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
    let mut times: Vec<Instant> = server.seen().iter().map(|s| s.at).collect();
    times.sort();
    assert!(times[8] - times[0] >= Duration::from_millis(380));
}
