//! The same endpoint by its Batch API: a whole round of prompts goes up as one file, and the answers come down within a
//! day for about half the money.
//!
//! Calls are looked up in the response cache under the live teacher's keys, then collected until no more arrive. A batch
//! is remembered on disk before it is made and until its answers are stored, so that a run that was cut off, by Ctrl-C
//! or by kill -9, finds it again and asks nothing twice. Failed and expired requests go into the next batch.

mod collect;
mod control;
mod follow;
mod lines;
mod store;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::time::Instant;

use self::control::Control;
use self::store::Store;
use super::cache::ResponseCache;
use super::retry::Pace;
use super::settings::fatal;
use super::wire::Call;
use super::{OpenAiSettings, OpenAiTeacher, off_thread};
use crate::id::ContentHash;
use crate::prompt::Prompt;
use crate::teacher::{Answer, Completion, Estimate, Kept, MayKeep, Tally, Teacher, TeacherError};

/// How batches are made and followed.
#[derive(Clone)]
pub struct BatchSettings {
    /// Between two looks at a batch; shorter in its first minutes and up to ten times as long after hours.
    pub poll: Duration,
    /// A round counts as complete when no prompt has arrived for this long. A batch takes minutes at least.
    pub quiet: Duration,
    /// What a batch costs less than the same requests one by one, as a share of their price.
    pub discount: f64,
    /// Requests in one batch at most.
    pub most_lines: usize,
    /// Bytes in one file at most.
    pub most_bytes: usize,
    /// How long the service may be out of reach before the run gives up; the batch goes on.
    pub patience: Duration,
    /// Set when somebody wants the run to stop.
    pub stop: Option<&'static AtomicBool>,
    /// Whether an answer may be kept as it came: whoever waits for it may be gone, and it may hold personal data.
    pub may_keep: Option<MayKeep>,
}

impl std::fmt::Debug for BatchSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BatchSettings")
            .field("poll", &self.poll)
            .field("discount", &self.discount)
            .finish_non_exhaustive()
    }
}

impl Default for BatchSettings {
    /// The limits of OpenAI's service: 50,000 requests and 200 MB.
    fn default() -> Self {
        Self {
            poll: Duration::from_secs(30),
            quiet: Duration::from_secs(1),
            discount: 0.5,
            most_lines: 50_000,
            most_bytes: 190_000_000,
            patience: Duration::from_hours(1),
            stop: None,
            may_keep: None,
        }
    }
}

/// Asks an endpoint in batches. Has to be used inside a tokio runtime with time and IO enabled, and by as many prompts
/// at once as there are: each waits until its batch is done.
pub struct BatchTeacher(Arc<Inner>);

struct Inner {
    teacher: OpenAiTeacher,
    cache: ResponseCache,
    store: Store,
    control: Control,
    settings: BatchSettings,
    state: Mutex<State>,
    /// A call has come.
    arrived: Notify,
    /// Look-ups in the cache at once; all calls of a round come at the same moment.
    lookups: Semaphore,
}

/// What is waited for. A call is either in the queue or in the batch that its `place` names.
struct State {
    calls: HashMap<ContentHash, Waiting>,
    queue: VecDeque<ContentHash>,
    last_arrival: Instant,
    /// Whether the collector runs.
    is_running: bool,
    open: BTreeMap<String, Words>,
    /// Nothing is sent before the batches in flight have shown what they really cost.
    waits_for_money: bool,
    /// The service takes this many requests at once.
    most_lines: usize,
    /// The service has said that too much of ours waits there: one batch at a time from then on.
    was_full: bool,
    /// Nothing is sent before this.
    full_until: Option<Instant>,
    times_full: u32,
    /// An endpoint's complaint, or a batch of an earlier run, has told what requests should look like.
    is_shape_known: bool,
}

struct Waiting {
    call: Arc<Call>,
    waiters: Vec<oneshot::Sender<Result<Completion, TeacherError>>>,
    place: Option<String>,
    /// Answers that failed.
    tries: u32,
    /// Shapes that were complained about.
    shapes: usize,
    /// Batches that ended without a word about this request.
    passed_over: u32,
}

impl Waiting {
    fn has_waiters(&self) -> bool {
        self.waiters.iter().any(|w| !w.is_closed())
    }
}

/// How far a batch is, for the progress line.
#[derive(Clone, Default)]
struct Words {
    status: String,
    total: u64,
    completed: u64,
    failed: u64,
    is_resumed: bool,
    is_made: bool,
    trouble: Option<String>,
}

impl BatchTeacher {
    /// A teacher for an endpoint, with answers and open batches kept at `cache`. Sends nothing yet.
    ///
    /// # Errors
    /// [`TeacherError::Fatal`] when a setting cannot work or the cache cannot be used.
    pub fn new(settings: OpenAiSettings, cache: &Path, batch: BatchSettings) -> Result<Self, TeacherError> {
        Self::with_pace(settings, cache, batch, Pace::default())
    }

    pub(super) fn with_pace(
        settings: OpenAiSettings,
        cache: &Path,
        batch: BatchSettings,
        pace: Pace,
    ) -> Result<Self, TeacherError> {
        if !(0.0..=1.0).contains(&batch.discount) {
            return Err(fatal("`batch_discount` is a share from 0 to 1", "check [teacher]"));
        }
        if batch.most_lines == 0 || batch.most_bytes == 0 || batch.poll.is_zero() {
            return Err(fatal("a batch setting is 0", "use 1 or more, or leave it out"));
        }
        let answers = ResponseCache::open(cache)?;
        let store = Store::open(cache)?;
        let teacher = OpenAiTeacher::with_pace(settings, Some(answers.clone()), pace)?;
        let state = State {
            calls: HashMap::new(),
            queue: VecDeque::new(),
            last_arrival: Instant::now(),
            is_running: false,
            open: BTreeMap::new(),
            waits_for_money: false,
            most_lines: batch.most_lines,
            was_full: false,
            full_until: None,
            times_full: 0,
            is_shape_known: false,
        };
        Ok(Self(Arc::new(Inner {
            control: Control(Arc::clone(&teacher.line)),
            teacher,
            cache: answers,
            store,
            settings: batch,
            state: Mutex::new(state),
            arrived: Notify::new(),
            lookups: Semaphore::new(4),
        })))
    }

    /// What was done and spent so far; requests count as sent with their batch.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.0.teacher.tally()
    }

    /// Something a person should know before the run: that no price is known.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.0.teacher.note()
    }

    pub(super) async fn answer(&self, call: Call) -> Result<Completion, TeacherError> {
        let request = self.0.teacher.hash(&call.hash);
        if let Some(completion) = self.0.cached(&request).await? {
            return Ok(completion);
        }
        let receiver = self.enter(request, call);
        let gone = || fatal("the batch's keeper stopped", "run the same command again: open batches are found again");
        receiver.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Puts a call into the queue, and starts the collector if none runs.
    fn enter(&self, request: ContentHash, call: Call) -> oneshot::Receiver<Result<Completion, TeacherError>> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.0.state();
        state.last_arrival = Instant::now();
        match state.calls.get_mut(&request) {
            // The same paragraph in two documents is asked about once.
            Some(waiting) => waiting.waiters.push(sender),
            None => {
                let waiting = Waiting {
                    call: Arc::new(call),
                    waiters: vec![sender],
                    place: None,
                    tries: 0,
                    shapes: 0,
                    passed_over: 0,
                };
                state.calls.insert(request.clone(), waiting);
                state.queue.push_back(request);
            }
        }
        // A runtime that ends takes its collector along; the next call comes with a runtime of its own.
        if !std::mem::replace(&mut state.is_running, true) {
            tokio::spawn(collect::collect(Arc::clone(&self.0)));
        }
        drop(state);
        self.0.arrived.notify_one();
        receiver
    }
}

impl Teacher for BatchTeacher {
    /// The live teacher's name: the answers are the same.
    fn name(&self) -> String {
        self.0.teacher.name()
    }

    fn parameters(&self) -> String {
        self.0.teacher.parameters()
    }

    fn request_hash(&self, prompt: &Prompt) -> ContentHash {
        self.0.teacher.request_hash(prompt)
    }

    fn complete<'a>(&'a self, prompt: &'a Prompt) -> Answer<'a> {
        Box::pin(self.answer(Call::new(prompt)))
    }

    fn keep<'a>(&'a self, prompt: &'a Prompt, completion: &'a Completion) -> Kept<'a> {
        self.0.teacher.keep(prompt, completion)
    }

    /// A whole round: what is not in flight is not in the batch.
    fn concurrency(&self) -> usize {
        2 * self.0.settings.most_lines
    }

    fn tally(&self) -> Tally {
        Tally { waiting: self.0.words(), ..self.0.teacher.tally() }
    }

    fn estimate(&self, prompt: &Prompt) -> Option<Estimate> {
        self.0.teacher.estimate(prompt).map(|estimate| {
            let half = |usd: Option<f64>| usd.map(|usd| usd * self.0.factor());
            Estimate { expected_usd: half(estimate.expected_usd), worst_usd: half(estimate.worst_usd), ..estimate }
        })
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change under this lock leaves each call with a place, so a poisoned one is as good as a whole one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a batch costs, as a share of the live price.
    fn factor(&self) -> f64 {
        1.0 - self.settings.discount
    }

    fn is_stopped(&self) -> bool {
        self.settings.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    async fn cached(&self, request: &ContentHash) -> Result<Option<Completion>, TeacherError> {
        // Only a closed semaphore fails, and this one is never closed.
        let _permit = self.lookups.acquire().await;
        let (cache, key) = (self.cache.clone(), request.clone());
        let found = off_thread(move || cache.get(&key)).await?;
        if found.is_some() {
            self.teacher.cached.fetch_add(1, Ordering::Relaxed);
        }
        Ok(found)
    }

    /// Gives a call its end.
    fn wake(&self, request: &ContentHash, end: &Result<Completion, TeacherError>) {
        let Some(waiting) = self.state().calls.remove(request) else { return };
        for waiter in waiting.waiters {
            // Whoever does not listen any more has the answer in the cache.
            let _gone = waiter.send(end.clone());
        }
    }

    /// Ends every call with the same error.
    fn fail_all(&self, error: &TeacherError) {
        let calls = {
            let mut state = self.state();
            state.queue.clear();
            std::mem::take(&mut state.calls)
        };
        for waiter in calls.into_values().flat_map(|w| w.waiters) {
            let _gone = waiter.send(Err(error.clone()));
        }
    }

    fn words(&self) -> Option<String> {
        let state = self.state();
        if state.open.is_empty() {
            let full = state.full_until.filter(|until| *until > Instant::now());
            return (!state.queue.is_empty()).then(|| match full {
                Some(until) => format!(
                    "the service has enough batches waiting; the next {} requests are sent in {} s",
                    state.queue.len(),
                    (until - Instant::now()).as_secs() + 1
                ),
                None => format!("collecting a batch: {} requests", state.queue.len()),
            });
        }
        let sum = |of: fn(&Words) -> u64| state.open.values().map(of).sum::<u64>();
        let (total, completed, failed) = (sum(|w| w.total), sum(|w| w.completed), sum(|w| w.failed));
        let batches = if state.open.len() == 1 { "batch".to_owned() } else { format!("{} batches", state.open.len()) };
        let mut status: Vec<&str> = state.open.values().map(|w| w.status.as_str()).collect();
        status.sort_unstable();
        status.dedup();
        let mut text = format!("{batches} of {total} requests: {completed} answered");
        if failed > 0 {
            text.push_str(&format!(", {failed} failed"));
        }
        text.push_str(&format!(", {}", status.join(", ").replace('_', " ")));
        if state.open.values().any(|w| w.is_resumed) {
            text.push_str(", begun by an earlier run");
        }
        if let Some(trouble) = state.open.values().find_map(|w| w.trouble.as_ref()) {
            text.push_str(&format!("; {trouble}"));
        }
        Some(text)
    }
}
