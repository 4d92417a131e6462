//! A run that was cut off finds its batches again: nothing is uploaded, made or paid twice.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::*;

/// Asks in a runtime of its own, which is torn down without a word as soon as `is_time` says so.
fn cut_off(service: &Service, folder: &Path, asked: &[String], is_time: impl Fn(&Service) -> bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (teacher, asked) = (batches(service, folder), asked.to_vec());
    runtime.spawn(async move { drop(ask(&teacher, &asked).await) });
    let start = Instant::now();
    while !is_time(service) {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(2));
    }
    runtime.shutdown_background();
}

fn held(lines: &[Value]) -> Plan {
    Plan { is_held: true, before: Vec::new(), ..all_good(lines) }
}

#[tokio::test]
async fn an_open_batch_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|n, lines| if n == 0 { held(lines) } else { all_good(lines) });
    cut_off(&service, folder.path(), &texts(0..5), |s| s.count("GET /batches/") > 1);

    // The same command, with two more documents.
    let teacher = batches(&service, folder.path());
    let asked = texts(0..7);
    let (answers, ()) = tokio::join!(ask(&teacher, &asked), async {
        while service.count("POST /batches") < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let words = Teacher::tally(&teacher).waiting.unwrap();
        assert!(words.contains("requests") && words.contains("earlier run"), "{words}");
        service.release();
    });
    assert_answered(&asked, &answers);
    {
        let state = service.state();
        let mut second: Vec<&str> = state.lines[1].iter().map(said).collect();
        second.sort_unstable();
        assert_eq!((state.lines.len(), second), (2, vec!["text 05", "text 06"]), "only what is in no batch is sent");
    }
    assert_eq!(service.count("POST /files"), 2);
    // Done is done: no record, no more looks.
    let calls = service.state().calls.len();
    assert_answered(&asked, &ask(&batches(&service, folder.path()), &asked).await);
    assert_eq!(service.state().calls.len(), calls);
}

#[tokio::test]
async fn a_batch_made_without_an_answer_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    // Others of the account's batches are newer, and the list has pages.
    let service = Service::start(|_, lines| all_good(lines));
    service.faults("POST /batches", &[Fault::Silence]);
    let teacher = batches(&service, folder.path());
    assert_answered(&texts(0..4), &ask(&teacher, &texts(0..4)).await);
    assert_eq!((service.count("POST /batches"), service.state().lines.len()), (1, 1));
    assert!(service.count("GET /batches?") >= 1);
}

#[tokio::test]
async fn a_run_killed_while_a_batch_was_made_does_not_make_another() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    // Made, but the answer never came, and then the process died: all that is kept is the file's id.
    service.faults("POST /batches", &[Fault::Silence]);
    service.faults("GET /batches?", &vec![Fault::Status(500, "", "down".to_owned()); 100]);
    cut_off(&service, folder.path(), &texts(0..4), |s| s.count("GET /batches?") > 0);
    // Several other batches are made meanwhile.
    let others = tempfile::tempdir().unwrap();
    service.state().forgive();
    for n in 10..15 {
        assert!(ask(&batches(&service, others.path()), &texts(n..n + 1)).await[0].is_ok());
    }
    let (made, uploads) = (service.count("POST /batches"), service.count("POST /files"));
    assert_answered(&texts(0..4), &ask(&batches(&service, folder.path()), &texts(0..4)).await);
    assert_eq!((service.count("POST /batches"), service.count("POST /files")), (made, uploads));
    assert!(service.count("GET /batches?limit=100&after=") >= 1, "it was on a later page");
}

#[tokio::test]
async fn an_uploaded_file_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    service.faults("POST /batches", &vec![Fault::Status(500, "", "down".to_owned()); 3]);
    let text = fatal_text(batches(&service, folder.path()).answer(call("text 00")).await);
    assert!(text.contains("500") && text.contains("again"), "{text}");
    assert_answered(&texts(0..1), &ask(&batches(&service, folder.path()), &texts(0..1)).await);
    assert_eq!((service.count("POST /files"), service.state().lines.len()), (1, 1));
}

#[tokio::test]
async fn a_file_that_is_gone_is_uploaded_anew() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    service.faults("POST /batches", &vec![Fault::Status(500, "", "down".to_owned()); 3]);
    fatal_text(batches(&service, folder.path()).answer(call("text 00")).await);
    service.state().lose_files();
    assert_answered(&texts(0..1), &ask(&batches(&service, folder.path()), &texts(0..1)).await);
    assert_eq!((service.count("POST /files"), service.state().lines.len()), (2, 1));
}

#[tokio::test]
async fn a_run_killed_before_the_upload_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| all_good(lines));
    service.faults("POST /files", &vec![Fault::Status(500, "", "down".to_owned()); 1]);
    cut_off(&service, folder.path(), &texts(0..3), |s| s.count("POST /files") > 0);
    assert_answered(&texts(0..3), &ask(&batches(&service, folder.path()), &texts(0..3)).await);
    assert_eq!(service.state().lines.len(), 1);
}

#[tokio::test]
async fn another_key_does_not_pay_again() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| held(lines));
    cut_off(&service, folder.path(), &texts(0..3), |s| s.count("GET /batches/") > 1);
    service.faults("GET /batches/", &[Fault::Status(404, "", "No batch found".to_owned())]);
    let text = fatal_text(batches(&service, folder.path()).answer(call("text 00")).await);
    assert!(text.contains("404") && text.contains("key"), "{text}");
    assert_eq!(service.count("POST /batches"), 1);
}

#[tokio::test]
async fn ctrl_c_leaves_the_batch_at_work_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| held(lines));
    let stop: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
    let teacher = batches_with(endpoint(&service), BatchSettings { stop: Some(stop), ..fast() }, folder.path());
    let asked = texts(0..9);
    let (answers, ()) = tokio::join!(ask(&teacher, &asked), async {
        while service.count("GET /batches/") < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let words = Teacher::tally(&teacher).waiting.unwrap();
        assert_eq!(words, "batch of 9 requests: 0 answered, in progress");
        stop.store(true, Ordering::Relaxed);
    });
    for answer in answers {
        let Err(TeacherError::Interrupted { reason, hint }) = answer else { panic!("{answer:?}") };
        assert!(reason.contains("batch of 9 requests goes on") && hint.contains("same command"), "{reason} {hint}");
    }
    service.release();
    assert_answered(&asked, &ask(&batches(&service, folder.path()), &asked).await);
    assert_eq!(service.count("POST /batches"), 1);
}

#[tokio::test]
async fn two_programs_share_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|_, lines| Plan { before: vec!["in_progress"; 6], ..all_good(lines) });
    let (one, two) = (batches(&service, folder.path()), batches(&service, folder.path()));
    let asked = texts(0..20);
    let (first, second) = tokio::join!(ask(&one, &asked), ask(&two, &asked));
    assert_answered(&asked, &first);
    assert_answered(&asked, &second);
    assert_eq!(service.state().lines.iter().map(Vec::len).sum::<usize>(), 20);
}

#[tokio::test]
async fn an_open_batch_counts_against_the_budget() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(|n, lines| if n == 0 { held(lines) } else { all_good(lines) });
    let mut settings = endpoint(&service);
    settings.price = Some(Price::new(0.0, 1000.0));
    (settings.max_tokens, settings.max_usd) = (1000, Some(1.6));
    let stop: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
    let first = batches_with(settings.clone(), BatchSettings { stop: Some(stop), ..fast() }, folder.path());
    let two = texts(0..2);
    tokio::join!(ask(&first, &two), async {
        while service.count("GET /batches/") < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.store(true, Ordering::Relaxed);
    });
    // $1.00 of $1.60 may go into the open batch: one more request fits beside it.
    let second = batches_with(settings, fast(), folder.path());
    let asked = texts(0..5);
    let (answers, ()) = tokio::join!(ask(&second, &asked), async {
        while service.count("POST /batches") < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        service.release();
    });
    assert_answered(&asked, &answers);
    let sizes: Vec<usize> = service.state().lines.iter().map(Vec::len).collect();
    assert_eq!(sizes[..2], [2, 1], "{sizes:?}");
    assert!((second.tally().spent_usd - 0.05).abs() < 1e-9);
}
