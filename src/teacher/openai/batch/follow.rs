//! One batch from its file to its answers.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::Instant;

use super::super::ladder::Shape;
use super::super::retry::ErrorBody;
use super::super::settings::fatal;
use super::super::tokens::Size;
use super::super::{MOST_SHAPES, off_thread};
use super::Inner;
use super::collect::Open;
use super::control::{Batch, NO_BATCHES, ONE_BY_ONE, Trouble, is_full};
use super::lines::{LineEnd, judged, read_line};
use super::store::{Record, seconds_now};
use crate::id::ContentHash;
use crate::teacher::{Completion, Finish, TeacherError, Usage};

/// A request is in so many batches that end without a word about it, at most.
const MOST_PASSED_OVER: u32 = 64;

/// Larger than any answer by far.
const LONGEST_LINE_BYTES: usize = 32 << 20;

/// Answers stored in one go.
const STORED_AT_ONCE: usize = 100;

/// The service keeps batches for weeks, and works on them for a day.
const LONG_OVER: Duration = Duration::from_hours(48);

const KEPT: &str = "the batch goes on; run the same command again to fetch the answers";

impl Inner {
    /// Follows a batch; whatever its end, each of its calls has another place afterwards.
    pub(super) async fn follow(&self, batch: Open<'_>) {
        let tag = batch.record.tag.clone();
        let end = self.through(batch).await;
        let hopeless: Vec<ContentHash> = {
            let mut state = self.state();
            state.open.remove(&tag);
            state.waits_for_money = false;
            let mut left = Vec::new();
            for (request, waiting) in &mut state.calls {
                if waiting.place.as_ref() == Some(&tag) {
                    waiting.place = None;
                    waiting.passed_over += 1;
                    left.push((request.clone(), waiting.passed_over > MOST_PASSED_OVER));
                }
            }
            left.sort();
            if !left.is_empty() {
                state.last_arrival = Instant::now();
            }
            let (hopeless, queued): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, is_hopeless)| *is_hopeless);
            state.queue.extend(queued.into_iter().map(|(request, _)| request));
            hopeless.into_iter().map(|(request, _)| request).collect()
        };
        for request in hopeless {
            let reason = format!("{MOST_PASSED_OVER} batches ended without a word about this request");
            self.wake(&request, &Err(TeacherError::Failed { reason }));
        }
        if let Err(error) = end {
            self.fail_all(&error);
        }
    }

    async fn through(&self, mut open: Open<'_>) -> Result<(), TeacherError> {
        let Some(id) = self.make(&mut open).await? else { return Ok(()) };
        let Open { record, reserved, making, lines } = open;
        // Other batches may be made now, and the file's lines are of no more use.
        drop((making, lines));
        let Some(batch) = self.wait_for(&record, &id).await? else { return Ok(()) };
        if batch.status == "failed" {
            drop(reserved);
            return self.refused(&record, &batch).await;
        }
        let mut harvest = Harvest::new(&record);
        for file in batch.results() {
            if let Err(error) = self.download(file, &mut harvest).await {
                self.hand_out(&mut harvest);
                return Err(error);
            }
        }
        reserved.spend(harvest.spent());
        self.forget(&record.tag).await?;
        // Nobody needs the masked texts at the service any longer.
        for file in batch.results().chain(record.input_file.as_deref()) {
            self.control.delete(file).await;
        }
        {
            let mut state = self.state();
            state.most_lines = state.most_lines.saturating_mul(2).min(self.settings.most_lines);
            (state.times_full, state.full_until) = (0, None);
        }
        let mut end = Ok(());
        for (request, bad) in harvest.rest(&batch.status) {
            end = end.and(self.settle(&request, &bad, record.shape));
        }
        // The last ones only now: with them the run may end, and would take the steps above along.
        self.hand_out(&mut harvest);
        end
    }

    /// The service's id of the batch, which is made if there is none; `None` if it turns out that there is nothing to
    /// follow, and its calls have to go elsewhere.
    async fn make(&self, open: &mut Open<'_>) -> Result<Option<String>, TeacherError> {
        let tag = open.record.tag.clone();
        let is_found = open.lines.is_none();
        if is_found && open.record.id.is_none() {
            // Another process may be about to make it; one that was killed holds no lock.
            while open.making.is_none() {
                let store = self.store.clone();
                open.making = off_thread(move || store.try_making()).await?;
                if open.making.is_none() {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
            let (store, key) = (self.store.clone(), tag.clone());
            match off_thread(move || store.get(&key)).await? {
                Some(record) => open.record = record,
                None => return Ok(None),
            }
        }
        if let Some(id) = &open.record.id {
            return Ok(Some(id.clone()));
        }
        let file = match (open.record.input_file.clone(), open.lines.take()) {
            (Some(file), _) => file,
            (None, Some(lines)) => match self.control.upload(&lines, &tag).await {
                Ok(file) => {
                    let (store, key, copy) = (self.store.clone(), tag.clone(), file.clone());
                    off_thread(move || store.uploaded(&key, &copy)).await?;
                    open.record.input_file = Some(file.clone());
                    file
                }
                Err(trouble) => {
                    // Without a batch there is nothing to pay and nothing to come back to.
                    self.forget(&tag).await?;
                    return self.not_made(trouble, &open.record);
                }
            },
            // Killed before the upload was through.
            (None, None) => return self.forget(&tag).await.map(|()| None),
        };
        self.say(&tag, "being made");
        let mut tries = 0;
        let batch = loop {
            if is_found || tries > 0 {
                let found = self.control.find(&file, &tag, open.record.created_at).await;
                if let Some(batch) = found.map_err(|t| t.ends(KEPT))? {
                    break batch;
                }
            }
            match self.control.create(&file, &tag).await {
                Ok(batch) => {
                    self.teacher.line.sent.fetch_add(open.record.requests.len() as u64, Ordering::Relaxed);
                    break batch;
                }
                Err(Trouble::Again { reason, wait, .. }) => {
                    tries += 1;
                    if tries > self.teacher.settings.max_retries {
                        // Whether there is a batch is not known, so the record stays.
                        return Err(fatal(&format!("{reason} (tried {tries} times)"), "run the same command again"));
                    }
                    self.control.back_off(tries, wait).await;
                }
                Err(Trouble::Missing(_)) if is_found => return self.forget(&tag).await.map(|()| None),
                Err(trouble) => {
                    self.forget(&tag).await?;
                    self.control.delete(&file).await;
                    return self.not_made(trouble, &open.record);
                }
            }
        };
        let (store, key, id) = (self.store.clone(), tag.clone(), batch.id.clone());
        off_thread(move || store.created(&key, &id)).await?;
        if let Some(words) = self.state().open.get_mut(&tag) {
            words.is_made = true;
        }
        Ok(Some(batch.id))
    }

    fn not_made(&self, trouble: Trouble, record: &Record) -> Result<Option<String>, TeacherError> {
        match trouble {
            Trouble::TooLarge(_) => {
                self.is_full(record);
                Ok(None)
            }
            Trouble::Missing(reason) => Err(fatal(&reason, NO_BATCHES)),
            Trouble::Refused(reason) => Err(fatal(&reason, ONE_BY_ONE)),
            other => Err(other.ends("nothing was sent that has to be paid; run the same command again")),
        }
    }

    /// The service has too much of ours: less at a time, and later.
    fn is_full(&self, record: &Record) {
        let mut state = self.state();
        state.most_lines = (record.requests.len() / 2).max(1);
        state.was_full = true;
        state.times_full += 1;
        let wait = self.settings.poll.saturating_mul(2_u32.saturating_pow(state.times_full));
        state.full_until = Some(Instant::now() + wait.min(self.settings.poll * 20));
    }

    /// Looks at a batch from time to time until it has ended; `None` when nobody waits for it any more.
    async fn wait_for(&self, record: &Record, id: &str) -> Result<Option<Batch>, TeacherError> {
        let mut pause = if record.id.is_some() { Duration::ZERO } else { self.settings.poll / 6 };
        let mut silent_since: Option<Instant> = None;
        let mut empty_looks = 0;
        loop {
            // Spread, so that several programs of one account do not ask in step.
            tokio::time::sleep(pause.mul_f64(0.9 + 0.2 * rand::random::<f64>())).await;
            // A share of the time that the batch took so far: nothing is gained by asking more often.
            pause = pause.mul_f64(1.25).clamp(self.settings.poll / 6, self.settings.poll * 10);
            if !self.is_wanted(&record.tag) {
                return Ok(None);
            }
            match self.control.get(id).await {
                Ok(batch) => {
                    silent_since = None;
                    self.look(&record.tag, &batch);
                    match batch.status.as_str() {
                        // The files of a finished batch are named a moment later now and then.
                        "completed" if batch.results().next().is_none() && empty_looks < 3 => empty_looks += 1,
                        "completed" | "failed" | "expired" | "cancelled" => return Ok(Some(batch)),
                        _ => {}
                    }
                }
                Err(Trouble::Again { reason, wait, .. }) => {
                    let since = *silent_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > self.settings.patience {
                        return Err(fatal(&reason, KEPT));
                    }
                    if let Some(words) = self.state().open.get_mut(&record.tag) {
                        words.trouble = Some(reason);
                    }
                    pause = wait.map_or(pause, |w| w.max(pause));
                }
                Err(Trouble::Missing(reason)) => {
                    let age = seconds_now().saturating_sub(record.created_at);
                    if Duration::from_secs(age) > LONG_OVER {
                        return self.forget(&record.tag).await.map(|()| None);
                    }
                    return Err(fatal(
                        &reason,
                        "a batch that an earlier run made and paid for is not there: use the key and project it was made with",
                    ));
                }
                Err(other) => return Err(other.ends(KEPT)),
            }
        }
    }

    fn is_wanted(&self, tag: &str) -> bool {
        self.state().calls.values().any(|w| w.place.as_deref() == Some(tag) && w.has_waiters())
    }

    fn look(&self, tag: &str, batch: &Batch) {
        if let Some(words) = self.state().open.get_mut(tag) {
            (words.completed, words.failed) = batch.counts();
            // A word of the service goes to a terminal.
            words.status = batch.status.chars().filter(|c| !c.is_control()).take(40).collect();
            words.trouble = None;
        }
    }

    fn say(&self, tag: &str, status: &str) {
        if let Some(words) = self.state().open.get_mut(tag) {
            status.clone_into(&mut words.status);
        }
    }

    /// A batch that did not pass validation: no request of it was asked, and nothing has to be paid.
    async fn refused(&self, record: &Record, batch: &Batch) -> Result<(), TeacherError> {
        self.forget(&record.tag).await?;
        if let Some(file) = &record.input_file {
            self.control.delete(file).await;
        }
        let errors = batch.errors.get("data").unwrap_or(&batch.errors).as_array().cloned().unwrap_or_default();
        let faults: Vec<(Option<&ContentHash>, ErrorBody)> = errors
            .iter()
            .map(|error| {
                let number = error.get("line").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
                let request = number.and_then(|n| record.requests.get(n.checked_sub(1)?));
                let text = self.teacher.line.api_key.redact(&error.to_string());
                (request, ErrorBody::parse(text.as_bytes()))
            })
            .collect();
        if faults.iter().any(|(_, body)| is_full(body)) {
            self.is_full(record);
            return Ok(());
        }
        let mut end = Ok(());
        let is_a_line_at_fault = faults.iter().any(|(request, _)| request.is_some());
        for (request, body) in faults {
            let fault = judged(StatusCode::BAD_REQUEST, body);
            match (request, fault) {
                (Some(request), fault) => end = end.and(self.settle(request, &fault, record.shape)),
                // Told together with the lines: a summary of them.
                (None, LineEnd::Complaint { .. } | LineEnd::Again { .. }) if is_a_line_at_fault => {}
                (None, LineEnd::Complaint { body, reason }) if record.shape.after(&body).is_none() => {
                    let reason = format!("the service refused the batch: {}", reason.trim_start_matches("400: "));
                    end = end.and(Err(fatal(&reason, ONE_BY_ONE)));
                }
                (None, fault) => {
                    for request in &record.requests {
                        end = end.and(self.settle(request, &fault, record.shape));
                    }
                }
            }
        }
        if errors.is_empty() {
            let fault =
                LineEnd::Again { reason: "the service refused the batch without a reason".into(), is_paid: false };
            for request in &record.requests {
                end = end.and(self.settle(request, &fault, record.shape));
            }
        }
        end
    }

    /// What becomes of a request without an answer; an error ends the run.
    fn settle(&self, request: &ContentHash, end: &LineEnd, shape: Shape) -> Result<(), TeacherError> {
        let most_tries = self.teacher.settings.max_retries;
        match end {
            LineEnd::Answered(_) => {}
            LineEnd::Refused(text) => {
                self.teacher.answered.fetch_add(1, Ordering::Relaxed);
                let usage = Usage::default();
                self.wake(
                    request,
                    &Ok(Completion { text: text.clone(), finish: Finish::Refused, usage, cached: false }),
                );
            }
            LineEnd::Again { reason, .. } => self.queue_again(request, reason, |waiting| {
                waiting.tries += 1;
                waiting.tries <= most_tries
            }),
            LineEnd::Complaint { body, reason } => {
                let known = self.teacher.known_shape();
                // A request beside this one, or a batch beside this one, may have found out what is accepted.
                let next = if known == shape { shape.after(body) } else { Some(known) };
                if let Some(next) = next {
                    self.teacher.set_shape(next);
                    self.state().is_shape_known = true;
                }
                self.queue_again(request, reason, |waiting| {
                    waiting.shapes += 1;
                    next.is_some() && waiting.shapes <= MOST_SHAPES
                });
            }
            LineEnd::Fatal { reason, hint } => return Err(fatal(reason, hint)),
            LineEnd::Cancelled => {
                return Err(fatal(
                    "the batch was cancelled at the service",
                    "its answers are kept; run the same command again to ask for the rest",
                ));
            }
        }
        Ok(())
    }

    /// Into the next batch, if `may` says so; otherwise the request failed.
    fn queue_again(&self, request: &ContentHash, reason: &str, may: impl FnOnce(&mut super::Waiting) -> bool) {
        let tries = {
            let mut state = self.state();
            let Some(waiting) = state.calls.get_mut(request) else { return };
            if may(waiting) {
                waiting.place = None;
                state.queue.push_back(request.clone());
                state.last_arrival = Instant::now();
                return;
            }
            waiting.tries
        };
        let reason = if tries > 1 { format!("{reason} (in {tries} batches)") } else { reason.to_owned() };
        self.wake(request, &Err(TeacherError::Failed { reason }));
    }

    /// Reads a file of results, storing and handing out each answer on the way.
    async fn download(&self, file: &str, harvest: &mut Harvest) -> Result<(), TeacherError> {
        let mut tries = 0;
        loop {
            let reason = match self.control.open(file).await {
                Ok(response) => match self.read(response, harvest).await {
                    Ok(()) => return Ok(()),
                    Err(Trouble::Again { reason, .. }) => reason,
                    Err(other) => return Err(other.ends(KEPT)),
                },
                // Deleted or expired: what was in it counts as not answered.
                Err(Trouble::Missing(_)) => return Ok(()),
                Err(other) => return Err(other.ends(KEPT)),
            };
            tries += 1;
            if tries > self.teacher.settings.max_retries {
                return Err(fatal(&format!("{reason} (tried {tries} times)"), KEPT));
            }
            self.control.back_off(tries, None).await;
        }
    }

    async fn read(&self, mut response: reqwest::Response, harvest: &mut Harvest) -> Result<(), Trouble> {
        let still = Duration::from_secs(self.teacher.settings.timeout_secs);
        let (mut buffer, mut is_skipping) = (Vec::new(), false);
        harvest.unread = 0;
        loop {
            let Ok(chunk) = tokio::time::timeout(still, response.chunk()).await else {
                let reason = format!("nothing came for {} s", still.as_secs());
                return Err(Trouble::Again { reason, wait: None, is_unreachable: false });
            };
            let chunk = chunk.map_err(|e| self.control.broke(e))?;
            let is_last = chunk.is_none();
            buffer.extend_from_slice(&chunk.unwrap_or_default());
            let mut from = 0;
            while let Some(length) = memchr::memchr(b'\n', &buffer[from..]) {
                if !std::mem::take(&mut is_skipping) {
                    self.take(&buffer[from..from + length], harvest);
                }
                from += length + 1;
                if harvest.answers.len() >= STORED_AT_ONCE {
                    self.store(harvest).await.map_err(Trouble::Final)?;
                }
            }
            buffer.drain(..from);
            if is_last {
                if !is_skipping {
                    self.take(&buffer, harvest);
                }
                return self.store(harvest).await.map_err(Trouble::Final);
            }
            if buffer.len() > LONGEST_LINE_BYTES {
                harvest.unread += u64::from(!is_skipping);
                (buffer, is_skipping) = (Vec::new(), true);
            }
        }
    }

    fn take(&self, line: &[u8], harvest: &mut Harvest) {
        if line.trim_ascii().is_empty() {
            return;
        }
        let line_of = &self.teacher.line;
        let Some((id, end)) = read_line(line, &line_of.api_key) else {
            harvest.unread += 1;
            return;
        };
        // Not one of ours, or its second line.
        let Some(request) = harvest.open.remove(&id) else { return };
        match end {
            LineEnd::Answered(reply) => {
                let (text, finish) = reply.answer();
                let call = self.state().calls.get(&request).map(|w| std::sync::Arc::clone(&w.call));
                let size = call.map_or_else(Size::default, |c| line_of.sizes.of(&c.messages, &c.schema));
                let tokens = reply.tokens(&line_of.sizes, size);
                let usage = Usage {
                    prompt_tokens: tokens.prompt,
                    completion_tokens: tokens.completion,
                    cost_usd: line_of.budget.cost_of(tokens) * self.factor(),
                };
                harvest.spent_usd += usage.cost_usd;
                harvest.answers.push((request, Completion { text, finish, usage, cached: false }));
            }
            bad => harvest.bad.push((request, bad)),
        }
    }

    /// Stores answers, and hands out those stored before them.
    async fn store(&self, harvest: &mut Harvest) -> Result<(), TeacherError> {
        let answers = std::mem::take(&mut harvest.answers);
        if answers.is_empty() {
            return Ok(());
        }
        let (cache, model) = (self.cache.clone(), self.teacher.settings.model.clone());
        // What cannot be read, or holds personal data, is not kept as it came. Whoever asked keeps what is left of it.
        let sound = |(request, c): &(ContentHash, Completion)| {
            let call = self.state().calls.get(request).map(|w| std::sync::Arc::clone(&w.call));
            c.finish == Finish::Stop
                && call.is_none_or(|call| call.accepts(&c.text))
                && self.settings.may_keep.as_ref().is_none_or(|may_keep| may_keep(&c.text))
        };
        let keep: Vec<bool> = answers.iter().map(sound).collect();
        let stored = off_thread(move || {
            let kept = answers.iter().zip(keep).filter(|(_, keep)| *keep).map(|((request, c), _)| (request, c));
            cache.put_all(kept, &model)?;
            Ok(answers)
        })
        .await?;
        self.hand_out(harvest);
        harvest.stored = stored;
        Ok(())
    }

    fn hand_out(&self, harvest: &mut Harvest) {
        self.teacher.answered.fetch_add(harvest.stored.len() as u64, Ordering::Relaxed);
        for (request, completion) in std::mem::take(&mut harvest.stored) {
            self.wake(&request, &Ok(completion));
        }
    }

    async fn forget(&self, tag: &str) -> Result<(), TeacherError> {
        let (store, key) = (self.store.clone(), tag.to_owned());
        off_thread(move || store.forget(&key)).await
    }
}

/// What came of a batch so far.
struct Harvest {
    /// Requests that no line was about yet, by their ids in the file.
    open: HashMap<String, ContentHash>,
    /// Read and not stored yet.
    answers: Vec<(ContentHash, Completion)>,
    /// Stored and not handed out yet.
    stored: Vec<(ContentHash, Completion)>,
    bad: Vec<(ContentHash, LineEnd)>,
    /// Lines that cannot be read.
    unread: u64,
    spent_usd: f64,
    /// The most that one request can have cost, on average.
    worst_usd: f64,
}

impl Harvest {
    fn new(record: &Record) -> Self {
        let open: HashMap<String, ContentHash> =
            record.requests.iter().map(|r| (r.as_str().to_owned(), r.clone())).collect();
        let worst_usd = record.worst_usd / open.len().max(1) as f64;
        Self { open, answers: Vec::new(), stored: Vec::new(), bad: Vec::new(), unread: 0, spent_usd: 0.0, worst_usd }
    }

    /// What the batch cost. An answer that was made and lost is counted as what it can have cost at most.
    fn spent(&self) -> f64 {
        let lost =
            self.bad.iter().filter(|(_, end)| matches!(end, LineEnd::Again { is_paid: true, .. })).count() as u64;
        self.spent_usd + (lost + self.unread.min(self.open.len() as u64)) as f64 * self.worst_usd
    }

    /// Every request without an answer, with the reason.
    fn rest(&mut self, status: &str) -> Vec<(ContentHash, LineEnd)> {
        let mut missing: Vec<ContentHash> = std::mem::take(&mut self.open).into_values().collect();
        missing.sort();
        let mut rest = std::mem::take(&mut self.bad);
        rest.extend(missing.into_iter().map(|request| {
            let end = match status {
                "cancelled" => LineEnd::Cancelled,
                "expired" => LineEnd::Again { reason: "the batch's time ran out".into(), is_paid: false },
                _ => LineEnd::Again { reason: "the batch holds no answer to this request".into(), is_paid: false },
            };
            (request, end)
        }));
        rest
    }
}
