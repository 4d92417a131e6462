//! When requests may go out: places on the wire, requests and tokens a minute, pauses that the server asks for, and
//! whether it is there at all.
//!
//! One request at a time stands at the gate, in order of arrival, and all that it may have to wait for is looked at
//! under one lock. A crowd of waiters would wake each other up, overtake each other and go out together.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::Instant;

use super::breaker::{Breaker, Passage};
use super::headers::{Reported, Unit, reported};
use super::pace::{Rate, Room, Schedule, TokenWindow};
use super::retry::Pace;
use super::settings::fatal;
use super::slots::Slots;
use crate::teacher::TeacherError;

/// Longer than this, a wait is worth telling a person about.
const WORTH_TELLING: Duration = Duration::from_millis(700);

/// One per teacher, shared by all its requests.
pub(super) struct Limits {
    pub(super) slots: Slots,
    turn: AsyncMutex<()>,
    state: Mutex<State>,
    /// Something changed that the one at the gate may be waiting for.
    changed: Notify,
    pace: Pace,
}

struct State {
    /// What a person configured, and what the server said of itself.
    requests: (Option<Rate>, Option<Rate>),
    tokens: (Option<Rate>, Option<Rate>),
    schedule: Schedule,
    window: TokenWindow,
    answer: AnswerLength,
    /// Nothing is sent before this, and why.
    pause: Option<(Instant, String)>,
    breaker: Breaker,
    /// Why nothing is sent any more, and what to do about it.
    ended: Option<(String, String)>,
    /// What the one at the gate waits for.
    waiting: Option<Waiting>,
}

#[derive(Clone, Debug)]
struct Waiting {
    why: String,
    until: Option<Instant>,
}

/// How many tokens the next answer may have.
struct AnswerLength {
    mean: f64,
    deviation: f64,
    answers: u64,
}

impl AnswerLength {
    /// A mean and a mean deviation: seven of ten answers are shorter.
    fn likely(&self) -> u64 {
        (self.mean + self.deviation).ceil().max(1.0) as u64
    }

    fn learn(&mut self, tokens: u64) {
        let tokens = tokens as f64;
        if self.answers == 0 {
            (self.mean, self.deviation) = (tokens, tokens / 4.0);
        } else {
            self.deviation += ((tokens - self.mean).abs() - self.deviation) / 8.0;
            self.mean += (tokens - self.mean) / 8.0;
        }
        self.answers += 1;
    }
}

/// How an attempt ended, as far as limits go.
#[derive(Debug)]
pub(super) enum Ending {
    /// With an answer that used so many tokens.
    Answered { prompt_tokens: u64, completion_tokens: u64 },
    /// With an answer that says no, which shows that somebody is there.
    Alive,
    /// Too many requests.
    TurnedAway,
    /// The service has too much to do.
    Overloaded { reason: String },
    /// The service failed.
    Failed { reason: String },
    /// With nothing that says anything about the service.
    Unknown,
}

/// Leave to send one request; has to be ended.
pub(super) struct Admission<'a> {
    limits: &'a Limits,
    counted: u64,
    sent_at: Instant,
    is_probe: bool,
    is_open: bool,
}

impl Limits {
    pub(super) fn new(concurrency: usize, rpm: Option<u32>, tpm: Option<u32>, max_tokens: u32, pace: Pace) -> Self {
        let rate = |n: Option<u32>| n.filter(|n| *n > 0).map(|n| Rate::per_minute(u64::from(n)));
        // Until the first answer is in, a quarter of the limit: most answers end well before it.
        let answer = AnswerLength { mean: f64::from(max_tokens) / 4.0, deviation: 0.0, answers: 0 };
        Self {
            slots: Slots::new(concurrency),
            turn: AsyncMutex::new(()),
            state: Mutex::new(State {
                requests: (rate(rpm), None),
                tokens: (rate(tpm), None),
                schedule: Schedule::new(),
                window: TokenWindow::default(),
                answer,
                pause: None,
                breaker: Breaker::new(pace.probing),
                ended: None,
                waiting: None,
            }),
            changed: Notify::new(),
            pace,
        }
    }

    /// Waits until a request with a prompt of this size may go out. It has to go out at once.
    pub(super) async fn admit(&self, prompt_tokens: u64) -> Result<Admission<'_>, TeacherError> {
        let _turn = self.turn.lock().await;
        let told = Told(self);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Registered before looking, or a change in between would not be noticed.
            changed.as_mut().enable();
            let until = match self.try_admit(prompt_tokens)? {
                Ok(admission) => {
                    drop(told);
                    return Ok(admission);
                }
                Err(until) => until,
            };
            match until {
                Some(until) => tokio::select! {
                    () = tokio::time::sleep_until(until) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// The admission, or until when to wait at most.
    fn try_admit(&self, prompt_tokens: u64) -> Result<Result<Admission<'_>, Option<Instant>>, TeacherError> {
        let mut state = self.state();
        let state = &mut *state;
        let now = Instant::now();
        if let Some((reason, hint)) = &state.ended {
            return Err(fatal(reason, hint));
        }
        if let Some((until, why)) = state.pause.as_ref().filter(|(until, _)| *until > now) {
            let until = Some(*until);
            state.waiting = Some(Waiting { why: why.clone(), until });
            return Ok(Err(until));
        }
        let requests = Rate::tighter(state.requests.0, state.requests.1);
        let tokens = Rate::tighter(state.tokens.0, state.tokens.1);
        let counted = prompt_tokens + state.answer.likely();
        let at = match state.window.room(now, counted, tokens) {
            Room::At(at) => at,
            Room::AfterAnother => {
                state.waiting = Some(Waiting { why: "token limit".to_owned(), until: None });
                return Ok(Err(None));
            }
        };
        let due = state.schedule.ready_at(now, requests);
        if at > now || due > now {
            let why = if at > due { "token limit" } else { "request limit" };
            state.waiting = Some(Waiting { why: why.to_owned(), until: Some(at.max(due)) });
            return Ok(Err(Some(at.max(due))));
        }
        // Last, since a probe that was let through is under way.
        let is_probe = match state.breaker.passage(now) {
            Passage::Open => false,
            Passage::Probe => true,
            Passage::At(until) => {
                state.waiting = Some(Waiting { why: "endpoint down, next look".to_owned(), until: Some(until) });
                return Ok(Err(Some(until)));
            }
            Passage::AfterProbe => {
                state.waiting = Some(Waiting { why: "endpoint down, probing".to_owned(), until: None });
                return Ok(Err(None));
            }
        };
        state.schedule.note(now);
        state.window.take(now, counted, tokens);
        Ok(Ok(Admission { limits: self, counted, sent_at: now, is_probe, is_open: true }))
    }

    /// Sends nothing for `wait`, whoever asks; `why` is a word or two.
    pub(super) fn pause(&self, wait: Duration, why: &str) {
        // A little longer than asked, so that several programs do not come back at once.
        let extra = wait.mul_f64(0.1).min(Duration::from_secs(1)).mul_f64(rand::random::<f64>());
        let until = Instant::now() + wait + extra;
        let mut state = self.state();
        if state.pause.as_ref().is_none_or(|(before, _)| *before < until) {
            state.pause = Some((until, why.to_owned()));
        }
    }

    /// Nothing is sent any more.
    pub(super) fn end(&self, reason: &str, hint: &str) {
        self.state().ended.get_or_insert_with(|| (reason.to_owned(), hint.to_owned()));
        self.changed.notify_waiters();
    }

    /// Takes up the server's own limits, and slows down before it has to say no: its headers tell what is left and
    /// when more comes.
    pub(super) fn learn(&self, headers: &HeaderMap, prompt_tokens: u64) {
        let all = reported(headers);
        if all.is_empty() {
            return;
        }
        let mut pause: Option<(Duration, &str)> = None;
        let mut state = self.state();
        for unit in [Unit::Requests, Unit::Tokens] {
            let of_unit = || all.iter().filter(|r| r.unit == unit);
            let rate = of_unit().filter_map(|r| r.rate()).fold(None, |a, b| Rate::tighter(a, Some(b)));
            let learned = if unit == Unit::Requests { &mut state.requests.1 } else { &mut state.tokens.1 };
            // What is used of a window that just began may look as if the window were a day: a rate that was learned
            // is given up only for a limit that cannot be one.
            if rate.is_some() || of_unit().any(Reported::is_long) {
                *learned = rate;
            }
            let need = if unit == Unit::Requests { 1 } else { prompt_tokens + state.answer.likely() };
            for r in of_unit() {
                let (Some(left), Some(reset)) = (r.remaining, r.reset) else { continue };
                if left >= need {
                    continue;
                }
                // The reset tells when all of it is there again; a part is enough for one request.
                let limit = r.limit.unwrap_or(need).max(need);
                let share = (need - left) as f64 / (limit - left).max(1) as f64;
                let (wait, why) = match unit {
                    Unit::Requests => (reset, "request limit"),
                    Unit::Tokens => (reset.mul_f64(share), "token limit"),
                };
                // A limit of a day is left to the refusal that the server answers with.
                if wait <= Duration::from_mins(1) && pause.is_none_or(|(longest, _)| longest < wait) {
                    pause = Some((wait, why));
                }
            }
        }
        drop(state);
        if let Some((wait, why)) = pause.filter(|(wait, _)| !wait.is_zero()) {
            self.pause(wait, why);
        }
    }

    /// Mean tokens of the answers so far.
    pub(super) fn mean_answer(&self) -> Option<u64> {
        let state = self.state();
        (state.answer.answers > 0).then(|| state.answer.mean.ceil() as u64)
    }

    /// What holds requests back now, in a few words.
    pub(super) fn waiting(&self) -> Option<String> {
        let state = self.state();
        let waiting = state.waiting.as_ref()?;
        let Some(until) = waiting.until else { return Some(waiting.why.clone()) };
        let left = until.saturating_duration_since(Instant::now());
        (left >= WORTH_TELLING).then(|| format!("{}, {:.0} s to wait", waiting.why, left.as_secs_f64().ceil()))
    }

    /// Whether the endpoint is taken to be down.
    pub(super) fn is_down(&self) -> bool {
        self.state().breaker.is_shut()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody stands at the gate any more, whether let through or called off.
struct Told<'a>(&'a Limits);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.state().waiting = None;
    }
}

impl Admission<'_> {
    /// Whether this one looks whether the endpoint is back.
    pub(super) const fn is_probe(&self) -> bool {
        self.is_probe
    }

    /// Books how the attempt ended. Whoever gets an error back can stop: the endpoint is gone for good.
    pub(super) fn end(mut self, ending: &Ending) -> Result<(), TeacherError> {
        self.is_open = false;
        let limits = self.limits;
        let now = Instant::now();
        match ending {
            Ending::Answered { .. } => limits.slots.good(),
            Ending::TurnedAway | Ending::Overloaded { .. } => limits.slots.overloaded(now, limits.pace.cooldown),
            _ => {}
        }
        let mut state = limits.state();
        let tokens = Rate::tighter(state.tokens.0, state.tokens.1);
        let used = match ending {
            Ending::Answered { prompt_tokens, completion_tokens } => {
                state.answer.learn(*completion_tokens);
                prompt_tokens + completion_tokens
            }
            Ending::Alive | Ending::TurnedAway => 0,
            // Nobody says what such a request was booked with.
            _ => self.counted,
        };
        state.window.settle(now, self.counted, used, now - self.sent_at, tokens);
        let mut down = None;
        match ending {
            Ending::Answered { .. } | Ending::Alive | Ending::TurnedAway => state.breaker.alive(),
            Ending::Overloaded { reason } | Ending::Failed { reason } => {
                down = state.breaker.failed(now, self.is_probe, rand::random()).map(|time| (time, reason));
            }
            Ending::Unknown if self.is_probe => state.breaker.gave_up(),
            Ending::Unknown => {}
        }
        drop(state);
        limits.changed.notify_waiters();
        let Some((time, reason)) = down else { return Ok(()) };
        let reason = format!("the endpoint has been down for {:.0} s; at last: {reason}", time.as_secs_f64());
        let hint = "all answers are kept: run the same command again when it is back";
        limits.end(&reason, hint);
        Err(fatal(&reason, hint))
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        // Called off while under way: the server may be at work on it all the same.
        let mut state = self.limits.state();
        let tokens = Rate::tighter(state.tokens.0, state.tokens.1);
        let now = Instant::now();
        state.window.settle(now, self.counted, self.counted, now - self.sent_at, tokens);
        if self.is_probe {
            state.breaker.gave_up();
        }
        drop(state);
        self.limits.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rpm: Option<u32>, tpm: Option<u32>) -> Limits {
        Limits::new(8, rpm, tpm, 400, Pace::default())
    }

    /// The limits that are kept.
    fn rates(limits: &Limits) -> (Option<Rate>, Option<Rate>) {
        let state = limits.state();
        (Rate::tighter(state.requests.0, state.requests.1), Rate::tighter(state.tokens.0, state.tokens.1))
    }

    async fn send(limits: &Limits, prompt_tokens: u64) -> Admission<'_> {
        limits.admit(prompt_tokens).await.unwrap()
    }

    #[tokio::test]
    async fn tokens_per_minute_hold_requests_back() {
        // 60,000 a minute at 98.2 % are 982 a second, after the 6 seconds' worth that go out at once.
        let limits = limits(None, Some(60_000));
        let start = Instant::now();
        let first = send(&limits, 5_900).await;
        assert_eq!(first.counted, 6_000);
        assert!(start.elapsed() < Duration::from_millis(50));
        first.end(&Ending::Answered { prompt_tokens: 5_900, completion_tokens: 200 }).unwrap();
        let second = send(&limits, 80).await;
        assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
        // Unused tokens are given back.
        second.end(&Ending::TurnedAway).unwrap();
        let start = Instant::now();
        limits.state().window.settle(start, 0, 0, Duration::ZERO, None);
        send(&limits, 20).await.end(&Ending::Alive).unwrap();
        assert!(start.elapsed() < Duration::from_millis(50), "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn an_empty_bucket_is_noticed_before_the_429() {
        let limits = limits(None, None);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-ratelimit-remaining-requests", "5"),
            ("x-ratelimit-limit-tokens", "1100"),
            ("x-ratelimit-remaining-tokens", "100"),
            ("x-ratelimit-reset-tokens", "500ms"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let start = Instant::now();
        limits.learn(&headers, 200); // 300 needed, 100 there, 1000 come in 500 ms: 100 ms
        drop(send(&limits, 200).await);
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(99) && waited < Duration::from_millis(300), "{waited:?}");
        headers.insert("x-ratelimit-reset-tokens", "8h0m0s".parse().unwrap());
        limits.learn(&headers, 200);
        tokio::time::timeout(Duration::from_millis(50), send(&limits, 200)).await.unwrap();
    }

    #[tokio::test]
    async fn the_servers_own_limit_is_kept_when_it_is_the_tighter_one() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-limit-requests", "600".parse().unwrap());
        headers.insert("x-ratelimit-limit-tokens", "90000".parse().unwrap());
        let wide = limits(Some(100_000), None);
        wide.learn(&headers, 10);
        assert_eq!(rates(&wide), (Some(Rate::per_minute(600)), Some(Rate::per_minute(90_000))));
        let narrow = limits(Some(60), Some(10_000));
        narrow.learn(&headers, 10);
        assert_eq!(rates(&narrow), (Some(Rate::per_minute(60)), Some(Rate::per_minute(10_000))));
    }

    #[tokio::test]
    async fn what_is_waited_for_can_be_told() {
        let limits = limits(None, None);
        assert_eq!(limits.waiting(), None);
        limits.pause(Duration::from_secs(11), "429");
        let held = limits.admit(1);
        tokio::pin!(held);
        tokio::select! {
            _ = &mut held => panic!("let through"),
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
        let words = limits.waiting().unwrap();
        assert!(words.starts_with("429, 1") && words.ends_with("s to wait"), "{words}");
        limits.end("no such model", "look again");
        assert!(held.await.is_err());
        assert_eq!(limits.waiting(), None);
        assert!(limits.admit(1).await.is_err());
    }
}
