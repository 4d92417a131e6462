//! The collector: it waits until a round is complete, looks what is known of it, and sends the rest as one batch.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::super::ladder::Shape;
use super::super::price::Reservation;
use super::super::service::Line;
use super::super::settings::fatal;
use super::super::wire::{Call, Request};
use super::super::{OpenAiSettings, off_thread};
use super::lines::write_line;
use super::store::{Known, Record, seconds_now};
use super::{Inner, State, Words};
use crate::id::ContentHash;
use crate::teacher::{Completion, TeacherError};

/// How often the collector looks whether somebody wants the run to stop.
const TICK: Duration = Duration::from_millis(250);

/// A batch to be followed to its end.
pub(super) struct Open<'a> {
    pub(super) record: Record,
    /// What to upload; not there for a batch that was found.
    pub(super) lines: Option<Vec<u8>>,
    /// Held until the batch is made.
    pub(super) making: Option<File>,
    pub(super) reserved: Reservation<'a>,
}

/// Says that no collector runs, and lets go of its calls, also when the runtime ends beneath it.
struct Running {
    inner: Arc<Inner>,
    is_done: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let mut state = self.inner.state();
        state.is_running = false;
        state.calls.clear();
        state.queue.clear();
        state.open.clear();
    }
}

/// Works until no call waits any more.
pub(super) async fn collect(inner: Arc<Inner>) {
    let mut running = Running { inner: Arc::clone(&inner), is_done: false };
    let mut open = FuturesUnordered::new();
    let mut swept = Instant::now();
    loop {
        if inner.is_stopped() {
            inner.fail_all(&inner.interrupted());
            return;
        }
        let mut wait = {
            let mut state = inner.state();
            if swept.elapsed() >= TICK {
                state.drop_unheard();
                swept = Instant::now();
            }
            if open.is_empty() && state.calls.is_empty() {
                // Under the lock, so that a call that comes now starts another collector.
                (state.is_running, running.is_done) = (false, true);
                return;
            }
            state.ready_in(inner.settings.quiet)
        };
        if wait.is_zero() {
            match inner.launch().await {
                Ok(Some(batches)) => open.extend(batches.into_iter().map(|batch| inner.follow(batch))),
                // Another batch is being made, by another process or by one of these futures, which have to go on.
                Ok(None) => wait = TICK / 2,
                Err(error) => inner.fail_all(&error),
            }
        }
        tokio::select! {
            Some(()) = open.next(), if !open.is_empty() => {}
            () = inner.arrived.notified() => {}
            () = tokio::time::sleep(wait.min(TICK)) => {}
        }
    }
}

impl State {
    /// Forgets calls that nobody waits for any more, so that they are not paid.
    fn drop_unheard(&mut self) {
        self.calls.retain(|_, waiting| waiting.has_waiters());
        let calls = &self.calls;
        self.queue.retain(|request| calls.contains_key(request));
    }

    /// How long until the queue should be sent.
    fn ready_in(&self, quiet: Duration) -> Duration {
        let is_held = (self.waits_for_money || self.was_full) && !self.open.is_empty();
        if self.queue.is_empty() || is_held {
            return TICK;
        }
        let now = Instant::now();
        if let Some(until) = self.full_until.filter(|until| *until > now) {
            return until - now;
        }
        if self.queue.len() >= self.most_lines {
            return Duration::ZERO;
        }
        quiet.saturating_sub(now - self.last_arrival)
    }
}

impl Inner {
    /// Takes calls from the queue: to batches that hold them already, to the cache, or into a new batch. `None` when
    /// it is not its turn.
    async fn launch(&self) -> Result<Option<Vec<Open<'_>>>, TeacherError> {
        let store = self.store.clone();
        let Some(making) = off_thread(move || store.try_making()).await? else { return Ok(None) };
        let asked: Vec<ContentHash> = {
            let mut state = self.state();
            state.drop_unheard();
            let count = state.queue.len().min(state.most_lines);
            state.queue.drain(..count).collect()
        };
        let (known, answered) = self.known(asked).await?;
        for (request, completion) in answered {
            self.teacher.cached.fetch_add(1, Ordering::Relaxed);
            self.wake(&request, &Ok(completion));
        }
        let mut batches = self.resume(known.open);
        if let Some(batch) = self.assemble(known.free, making, !batches.is_empty()).await? {
            batches.push(batch);
        }
        Ok(Some(batches))
    }

    /// What the disk knows of some requests. The records come first: a batch that another process ends meanwhile has
    /// its answers in the cache by then.
    async fn known(&self, asked: Vec<ContentHash>) -> Result<(Known, Vec<(ContentHash, Completion)>), TeacherError> {
        let (store, cache) = (self.store.clone(), self.cache.clone());
        off_thread(move || {
            let mut known = store.look_up(&asked)?;
            let (mut free, mut answered) = (Vec::new(), Vec::new());
            for request in std::mem::take(&mut known.free) {
                match cache.get(&request)? {
                    Some(completion) => answered.push((request, completion)),
                    None => free.push(request),
                }
            }
            known.free = free;
            Ok((known, answered))
        })
        .await
    }

    /// Goes on with batches of an earlier run, or of a process beside this one.
    fn resume(&self, mut records: Vec<Record>) -> Vec<Open<'_>> {
        records.sort_by_key(|r| r.created_at);
        let mut state = self.state();
        let mut batches = Vec::new();
        for record in records {
            for request in &record.requests {
                if let Some(waiting) = state.calls.get_mut(request) {
                    waiting.place.get_or_insert_with(|| record.tag.clone());
                }
            }
            if state.open.contains_key(&record.tag) {
                continue;
            }
            if !state.is_shape_known {
                self.teacher.set_shape(record.shape);
            }
            let words = Words {
                status: "looking for it".to_owned(),
                total: record.requests.len() as u64,
                is_resumed: true,
                is_made: record.id.is_some(),
                ..Words::default()
            };
            state.open.insert(record.tag.clone(), words);
            let reserved = self.teacher.line.budget.hold(record.worst_usd);
            batches.push(Open { record, lines: None, making: None, reserved });
        }
        let State { calls, queue, .. } = &mut *state;
        queue.retain(|request| calls.get(request).is_some_and(|w| w.place.is_none()));
        batches
    }

    /// A new batch of as many requests as fit into a file and the budget.
    async fn assemble(
        &self,
        free: Vec<ContentHash>,
        making: File,
        others_are_open: bool,
    ) -> Result<Option<Open<'_>>, TeacherError> {
        let calls: Vec<(ContentHash, Arc<Call>)> = {
            let state = self.state();
            let call = |request: ContentHash| state.calls.get(&request).map(|w| (request, Arc::clone(&w.call)));
            free.into_iter().filter_map(call).collect()
        };
        if calls.is_empty() {
            return Ok(None);
        }
        let draft = Draft {
            line: Arc::clone(&self.teacher.line),
            settings: self.teacher.settings.clone(),
            shape: self.teacher.known_shape(),
            factor: self.factor(),
            most_bytes: self.settings.most_bytes,
            left_usd: self.teacher.line.budget.left_usd(),
        };
        let shape = draft.shape;
        let sheaf = off_thread(move || Ok(draft.write(calls))).await?;
        for request in &sheaf.too_large {
            let reason = "the request is larger than a batch may be".to_owned();
            self.wake(request, &Err(TeacherError::Failed { reason }));
        }
        if let Some(next_usd) = sheaf.too_dear {
            let mut state = self.state();
            if sheaf.requests.is_empty() && state.open.is_empty() && !others_are_open {
                return Err(self.spent(next_usd));
            }
            state.waits_for_money = true;
        }
        self.put_back(sheaf.rest);
        if sheaf.requests.is_empty() {
            return Ok(None);
        }
        let record = Record {
            tag: format!("{:032x}", rand::random::<u128>()),
            shape,
            worst_usd: sheaf.worst_usd,
            input_file: None,
            id: None,
            created_at: seconds_now(),
            requests: sheaf.requests,
        };
        let (store, copy) = (self.store.clone(), record.clone());
        if !off_thread(move || store.begin(&copy)).await? {
            self.put_back(record.requests);
            return Ok(None);
        }
        let mut state = self.state();
        for request in &record.requests {
            if let Some(waiting) = state.calls.get_mut(request) {
                waiting.place = Some(record.tag.clone());
            }
        }
        let total = record.requests.len() as u64;
        state.open.insert(record.tag.clone(), Words { status: "uploading".to_owned(), total, ..Words::default() });
        let reserved = self.teacher.line.budget.hold(record.worst_usd);
        Ok(Some(Open { record, lines: Some(sheaf.lines), making: Some(making), reserved }))
    }

    /// To the front of the queue, in the order given.
    fn put_back(&self, requests: Vec<ContentHash>) {
        let mut state = self.state();
        for request in requests.into_iter().rev() {
            if state.calls.contains_key(&request) {
                state.queue.push_front(request);
            }
        }
    }

    fn spent(&self, next_usd: f64) -> TeacherError {
        let max_usd = self.teacher.settings.max_usd.unwrap_or_default();
        let spent_usd = self.teacher.spent_usd();
        fatal(
            &format!(
                "the budget of ${max_usd:.2} is used up: ${spent_usd:.4} spent, and the next request may cost \
                 ${next_usd:.4} in a batch"
            ),
            "all paid answers are kept; raise `--max-usd` and run the same command again to go on",
        )
    }

    fn interrupted(&self) -> TeacherError {
        let made: Vec<u64> = self.state().open.values().filter(|w| w.is_made).map(|w| w.total).collect();
        let requests: u64 = made.iter().sum();
        let (reason, hint) = match made.len() {
            0 => ("no batch was made yet".to_owned(), "run the same command again"),
            1 => (format!("the batch of {requests} requests goes on at the service"), FETCH),
            n => (format!("{n} batches of {requests} requests go on at the service"), FETCH),
        };
        TeacherError::Interrupted { reason, hint: hint.to_owned() }
    }
}

const FETCH: &str = "run the same command again to fetch the answers: nothing is asked twice";

/// What a file is written from.
struct Draft {
    line: Arc<Line>,
    settings: OpenAiSettings,
    shape: Shape,
    factor: f64,
    most_bytes: usize,
    left_usd: Option<f64>,
}

/// A file's lines, and what did not fit.
#[derive(Default)]
struct Sheaf {
    /// In the order of the lines: sorted, so that a line's number tells its request after a restart, too.
    requests: Vec<ContentHash>,
    lines: Vec<u8>,
    worst_usd: f64,
    rest: Vec<ContentHash>,
    too_large: Vec<ContentHash>,
    /// The cost of the first request beyond the budget.
    too_dear: Option<f64>,
}

impl Draft {
    fn write(&self, calls: Vec<(ContentHash, Arc<Call>)>) -> Sheaf {
        let mut sheaf = Sheaf::default();
        let (mut lines, mut bytes) = (Vec::new(), 0);
        let mut calls = calls.into_iter();
        for (request, call) in calls.by_ref() {
            let tokens = self.line.sizes.of(&call.messages, &call.schema).upper;
            let worst_usd = self.line.budget.cost(tokens, u64::from(self.line.max_tokens)) * self.factor;
            if self.left_usd.is_some_and(|left| sheaf.worst_usd + worst_usd > left) {
                sheaf.too_dear = Some(worst_usd);
                sheaf.rest.push(request);
                break;
            }
            let mut line = Vec::new();
            // Plain data is always written; and what is not, is not sent.
            let is_written = write_line(&mut line, &request, &Request::new(&self.settings, &call, self.shape)).is_ok();
            if !is_written || line.len() > self.most_bytes {
                sheaf.too_large.push(request);
                continue;
            }
            if bytes + line.len() > self.most_bytes {
                sheaf.rest.push(request);
                break;
            }
            bytes += line.len();
            sheaf.worst_usd += worst_usd;
            lines.push((request, line));
        }
        sheaf.rest.extend(calls.map(|(request, _)| request));
        lines.sort();
        for (request, line) in lines {
            sheaf.requests.push(request);
            sheaf.lines.extend(line);
        }
        sheaf
    }
}
