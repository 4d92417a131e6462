//! How fast requests may go out: slots, requests and tokens per minute, and pauses that the server asks for.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::header::HeaderMap;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::clock::length_of_time;

const MINUTE: Duration = Duration::from_mins(1);

/// One per teacher, shared by all its requests.
pub(super) struct Limits {
    slots: Semaphore,
    requests: Option<DefaultDirectRateLimiter>,
    tokens: Option<TokenRate>,
    /// Nothing is sent before this.
    paused_until: Mutex<Instant>,
    /// Running mean of the tokens of an answer.
    answer_tokens: AtomicU64,
}

struct TokenRate {
    limiter: DefaultDirectRateLimiter,
    burst: NonZeroU32,
    /// Tokens that earlier requests used beyond (or, negative, below) what was counted for them beforehand.
    owed: AtomicI64,
}

impl Limits {
    pub(super) fn new(concurrency: usize, rpm: Option<u32>, tpm: Option<u32>, max_tokens: u32) -> Self {
        Self {
            slots: Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            // Evenly spaced. A bucket of a whole minute would let twice the limit through in the first minute.
            requests: rpm.and_then(NonZeroU32::new).and_then(|rpm| rate(rpm.get(), NonZeroU32::MIN)),
            tokens: tpm.and_then(NonZeroU32::new).and_then(TokenRate::new),
            paused_until: Mutex::new(Instant::now()),
            // Until the first answers are in, a quarter of the limit: most answers end well before it.
            answer_tokens: AtomicU64::new(u64::from(max_tokens / 4).max(1)),
        }
    }

    /// A place on the wire. Taken first, so that waiting requests queue up here in order.
    pub(super) async fn slot(&self) -> Option<SemaphorePermit<'_>> {
        // Only a closed semaphore fails, and this one is never closed.
        self.slots.acquire().await.ok()
    }

    /// Waits until a request with a prompt of this size may go out; returns the tokens counted for it.
    pub(super) async fn admit(&self, prompt_tokens: u64) -> u64 {
        self.pause_over().await;
        if let Some(requests) = &self.requests {
            requests.until_ready().await;
        }
        let counted = prompt_tokens + self.answer_tokens.load(Ordering::Relaxed);
        if let Some(tokens) = &self.tokens {
            tokens.take(counted).await;
        }
        // A pause may have begun meanwhile.
        self.pause_over().await;
        counted
    }

    /// Corrects the count of [`Limits::admit`] by what the server counted.
    pub(super) fn settle(&self, counted: u64, prompt_tokens: u64, completion_tokens: u64) {
        let mean = self.answer_tokens.load(Ordering::Relaxed);
        self.answer_tokens.store((mean * 7 + completion_tokens).div_ceil(8), Ordering::Relaxed);
        if let Some(tokens) = &self.tokens {
            let more = i64::try_from(prompt_tokens + completion_tokens).unwrap_or(i64::MAX / 2)
                - i64::try_from(counted).unwrap_or(0);
            tokens.owed.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Sends nothing for `wait`, whoever asks.
    pub(super) fn pause(&self, wait: Duration) {
        let mut until = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Instant::now() + wait);
    }

    /// Slows down before the server has to say no: its headers tell what is left and when more comes.
    pub(super) fn learn(&self, headers: &HeaderMap, prompt_tokens: u64) {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let number = |name: &str| text(name).and_then(|v| v.trim().parse::<u64>().ok());
        let time = |name: &str| text(name).and_then(length_of_time);
        let mut wait = Duration::ZERO;
        if number("x-ratelimit-remaining-requests") == Some(0) {
            wait = time("x-ratelimit-reset-requests").unwrap_or_default();
        }
        let need = prompt_tokens + self.answer_tokens.load(Ordering::Relaxed);
        if let (Some(left), Some(full_in)) = (number("x-ratelimit-remaining-tokens"), time("x-ratelimit-reset-tokens"))
            && left < need
        {
            // The reset tells when the bucket is full again; a part of it is enough for one request.
            let limit = number("x-ratelimit-limit-tokens").unwrap_or(need).max(need);
            wait = wait.max(full_in.mul_f64((need - left) as f64 / (limit - left) as f64));
        }
        // Some servers report daily limits here. Those are left to the 429 that they answer with.
        if !wait.is_zero() && wait <= MINUTE {
            self.pause(wait);
        }
    }

    async fn pause_over(&self) {
        loop {
            let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = until.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                return;
            }
            // Spread over a little more than asked, so that not all waiters come back at once.
            let extra = wait.mul_f64(0.1).min(Duration::from_secs(1)).mul_f64(rand::random::<f64>());
            tokio::time::sleep(wait + extra).await;
        }
    }
}

impl TokenRate {
    fn new(tpm: NonZeroU32) -> Option<Self> {
        // A tenth at once and the rest spread evenly: never more than the limit in any minute.
        let burst = NonZeroU32::new(tpm.get() / 10).unwrap_or(NonZeroU32::MIN);
        let per_minute = tpm.get().saturating_sub(burst.get()).max(1);
        Some(Self { limiter: rate(per_minute, burst)?, burst, owed: AtomicI64::new(0) })
    }

    async fn take(&self, tokens: u64) {
        let owed = self.owed.swap(0, Ordering::Relaxed).saturating_add(i64::try_from(tokens).unwrap_or(i64::MAX / 2));
        let Ok(mut left) = u64::try_from(owed) else {
            self.owed.fetch_add(owed, Ordering::Relaxed);
            return;
        };
        // In parts, because a request may be larger than what is let through at once.
        while let Some(part) = NonZeroU32::new(u32::try_from(left).unwrap_or(u32::MAX).min(self.burst.get())) {
            if self.limiter.until_n_ready(part).await.is_err() {
                return; // Not reached: no part is larger than the burst.
            }
            left -= u64::from(part.get());
        }
    }
}

fn rate(per_minute: u32, burst: NonZeroU32) -> Option<DefaultDirectRateLimiter> {
    let quota = Quota::with_period(MINUTE / per_minute.max(1))?;
    Some(RateLimiter::direct(quota.allow_burst(burst)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tokens_per_minute_hold_requests_back() {
        // 60,000 a minute is 900 a second after the first 6,000 (54,000 spread over the minute).
        let limits = Limits::new(8, None, Some(60_000), 400);
        let start = Instant::now();
        let counted = limits.admit(5_900).await;
        assert_eq!(counted, 6_000);
        assert!(start.elapsed() < Duration::from_millis(50));
        limits.settle(counted, 5_900, 100);
        limits.admit(80).await;
        assert!(start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
        // Unused tokens are given back.
        limits.settle(10_000, 100, 100);
        let start = Instant::now();
        limits.admit(1_000).await;
        assert!(start.elapsed() < Duration::from_millis(50));
    }

    #[tokio::test]
    async fn an_empty_bucket_is_noticed_before_the_429() {
        let limits = Limits::new(8, None, None, 400);
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
        limits.admit(200).await;
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(99) && waited < Duration::from_millis(300), "{waited:?}");
        headers.insert("x-ratelimit-reset-tokens", "8h0m0s".parse().unwrap());
        limits.learn(&headers, 200);
        tokio::time::timeout(Duration::from_millis(50), limits.admit(200)).await.unwrap();
    }
}
