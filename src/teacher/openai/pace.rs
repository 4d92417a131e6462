//! When the next request may go out, by requests and by tokens. Arithmetic on instants only: nothing here waits.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, FakeRelativeClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// Share of a limit that is aimed at. The rest pays for the guards below.
const AIM: f64 = 0.982;

/// How far behind its schedule the line may catch up: a timer that fires late, or a busy processor, costs nothing as
/// long as it is shorter than this. A server with a bucket sees at most so much of its rate in one burst.
const CATCH_UP: Duration = Duration::from_millis(50);

/// Requests sent evenly arrive less so. A window of the server's is taken to be longer by this, so that what the
/// network pushes together still fits. 16 ms on a second and 0.5 s on a minute cost less than `AIM` leaves free.
fn guarded(window: Duration) -> Duration {
    window + window.mul_f64(0.016).min(Duration::from_millis(500))
}

/// So many in any window of this length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    pub(super) count: u64,
    pub(super) window: Duration,
}

impl Rate {
    pub(super) const fn per_minute(count: u64) -> Self {
        Self { count, window: MINUTE }
    }

    /// Events a second.
    pub(super) fn per_second(self) -> f64 {
        self.count as f64 / self.window.as_secs_f64()
    }

    /// The slower of two.
    pub(super) fn tighter(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if a.per_second() <= b.per_second() { a } else { b }),
            (a, b) => a.or(b),
        }
    }
}

/// Spaces requests evenly just below the limit, and keeps it in every window that a server may measure: its own, and
/// a second's worth in any second. The spacing is governor's (GCRA), on a clock that is set to the caller's time.
#[derive(Debug)]
pub(super) struct Schedule {
    even: Option<Even>,
    /// Zero of the clock.
    origin: Instant,
    /// When requests went out, as far back as a window reaches. Kept without a limit too, since one may be learned.
    sent: VecDeque<Instant>,
}

#[derive(Debug)]
struct Even {
    rate: Rate,
    clock: FakeRelativeClock,
    limiter: RateLimiter<NotKeyed, InMemoryState, FakeRelativeClock, NoOpMiddleware<Nanos>>,
    /// A cell was taken for a request that has not gone out yet.
    is_taken: bool,
}

impl Even {
    fn new(rate: Rate) -> Option<Self> {
        let interval = Duration::from_secs_f64(1.0 / (rate.per_second() * AIM));
        // At least one behind the schedule can be caught up, however slow the rate is.
        let burst = NonZeroU32::new(((CATCH_UP.as_secs_f64() / interval.as_secs_f64()) as u32 + 1).max(2))?;
        let clock = FakeRelativeClock::default();
        let limiter = RateLimiter::direct_with_clock(Quota::with_period(interval)?.allow_burst(burst), clock.clone());
        // A full bucket would send its burst at once; it starts with one cell.
        let spent = NonZeroU32::new(burst.get() - 1).is_none_or(|n| limiter.check_n(n).is_ok_and(|r| r.is_ok()));
        spent.then_some(Self { rate, clock, limiter, is_taken: false })
    }

    /// How long until the next request is due, at this time since the origin.
    fn wait(&mut self, now: Duration) -> Duration {
        let clock = Duration::from(self.clock.now());
        self.clock.advance(now.saturating_sub(clock));
        if self.is_taken {
            return Duration::ZERO;
        }
        match self.limiter.check() {
            Ok(()) => {
                self.is_taken = true;
                Duration::ZERO
            }
            Err(not_until) => not_until.wait_time_from(self.clock.now()),
        }
    }
}

impl Schedule {
    /// As many are remembered; more than that in a minute is beyond what any limit here is about.
    const MOST_REMEMBERED: usize = 200_000;

    pub(super) fn new() -> Self {
        Self { even: None, origin: Instant::now(), sent: VecDeque::new() }
    }

    /// When the next request may go out: `now`, or later.
    pub(super) fn ready_at(&mut self, now: Instant, rate: Option<Rate>) -> Instant {
        // A limit that was just learned starts from now.
        if self.even.as_ref().map(|e| e.rate) != rate {
            self.origin = now;
            self.even = rate.and_then(Even::new);
        }
        let Some(rate) = rate else { return now };
        let since = now.saturating_duration_since(self.origin);
        let mut at = now + self.even.as_mut().map_or(Duration::ZERO, |even| even.wait(since));
        let in_a_second = (rate.count as f64 * SECOND.as_secs_f64() / rate.window.as_secs_f64()).ceil() as u64;
        for (count, window) in [(rate.count, rate.window), (in_a_second, SECOND)] {
            // The one that has to leave the window first.
            let before = usize::try_from(count).ok().and_then(|count| self.sent.len().checked_sub(count.max(1)));
            if let Some(first) = before.and_then(|i| self.sent.get(i)) {
                at = at.max(*first + guarded(window));
            }
        }
        at
    }

    /// A request goes out now: [`Schedule::ready_at`] said so.
    pub(super) fn note(&mut self, now: Instant) {
        let mut window = MINUTE;
        if let Some(even) = &mut self.even {
            even.is_taken = false;
            window = window.max(even.rate.window);
        }
        self.sent.push_back(now);
        while self.sent.len() > Self::MOST_REMEMBERED
            || self.sent.front().is_some_and(|first| now.duration_since(*first) > guarded(window))
        {
            self.sent.pop_front();
        }
    }
}

/// When a request may go out for its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// At this time, `now` if it is none later.
    At(Instant),
    /// When one of the requests in flight is done.
    AfterAnother,
}

/// Tokens in any minute. A request counts with an estimate until it is done and with what it used for a minute
/// after that, so that it does not matter whether the server books it when it comes in or when it is answered.
#[derive(Debug, Default)]
pub(super) struct TokenWindow {
    /// When finished requests were done, and their tokens.
    done: VecDeque<(Instant, u64)>,
    done_sum: u64,
    in_flight: u64,
    /// When all that was let through would have come in at the even rate.
    level: Option<Instant>,
    /// Times of the last answers: what finishes later than the fastest of them cannot be in a window that ended
    /// before it.
    latencies: VecDeque<Duration>,
}

/// Of a limit for a minute, as much may go out at once.
const TOKEN_BURST: Duration = Duration::from_secs(6);

impl TokenWindow {
    const LATENCIES: usize = 32;

    /// Looks whether a request of so many tokens fits.
    pub(super) fn room(&mut self, now: Instant, tokens: u64, rate: Option<Rate>) -> Room {
        let Some(rate) = rate else { return Room::At(now) };
        let window = self.forget(now, rate);
        let mut at = self.level.and_then(|level| level.checked_sub(TOKEN_BURST)).map_or(now, |at| at.max(now));
        let mut sum = self.in_flight + self.done_sum;
        let mut done = self.done.iter();
        // Estimates of what is in flight may turn out too low.
        let most = (rate.count as f64 * AIM) as u64;
        // What is larger than the whole limit goes alone: whether that is too much is for the server to say.
        while sum > 0 && sum + tokens > most {
            let Some((time, used)) = done.next() else { return Room::AfterAnother };
            at = at.max(*time + window);
            sum -= used;
        }
        Room::At(at)
    }

    /// A request of so many tokens goes out.
    pub(super) fn take(&mut self, now: Instant, tokens: u64, rate: Option<Rate>) {
        self.in_flight += tokens;
        if let Some(rate) = rate {
            self.level = Some(self.level.map_or(now, |level| level.max(now)) + Self::worth(tokens, rate));
        }
    }

    /// A request is done that was counted with `counted` tokens and used others.
    pub(super) fn settle(&mut self, now: Instant, counted: u64, used: u64, took: Duration, rate: Option<Rate>) {
        self.in_flight = self.in_flight.saturating_sub(counted);
        if let (Some(rate), Some(level)) = (rate, self.level) {
            self.level = if used >= counted {
                Some(level + Self::worth(used - counted, rate))
            } else {
                level.checked_sub(Self::worth(counted - used, rate))
            };
        }
        if used > 0 {
            self.done.push_back((now, used));
            self.done_sum += used;
            self.latencies.push_back(took);
            if self.latencies.len() > Self::LATENCIES {
                self.latencies.pop_front();
            }
        }
        self.forget(now, rate.unwrap_or(Rate::per_minute(0)));
    }

    fn worth(tokens: u64, rate: Rate) -> Duration {
        Duration::try_from_secs_f64(tokens as f64 / (rate.per_second() * AIM)).unwrap_or(MINUTE)
    }

    /// Drops what has left the window; returns how long a finished request stays in it.
    fn forget(&mut self, now: Instant, rate: Rate) -> Duration {
        // Half of the fastest answer, because the next one may be faster.
        let fastest = self.latencies.iter().min().filter(|_| self.latencies.len() >= Self::LATENCIES / 4);
        let window = guarded(rate.window).saturating_sub(fastest.copied().unwrap_or_default() / 2);
        while let Some((time, used)) = self.done.front().copied()
            && now.duration_since(time) >= window
        {
            self.done.pop_front();
            self.done_sum -= used;
        }
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// The most arrivals in any window.
    fn most(times: &[Instant], window: Duration) -> usize {
        let mut first = 0;
        (0..times.len())
            .map(|last| {
                while times[last] - times[first] >= window {
                    first += 1;
                }
                last - first + 1
            })
            .max()
            .unwrap_or(0)
    }

    /// A pseudo-random number below `n`.
    fn dice(state: &mut u64, n: u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % n
    }

    /// Sends for a while with timers that are late, and returns when the server got each request.
    fn arrivals(rate: Rate, lasting: Duration, late_ms: u64, stall_ms: u64, network_ms: u64) -> Vec<Instant> {
        let (start, mut dice_state) = (Instant::now(), 7);
        let (mut schedule, mut now, mut out) = (Schedule::new(), start, Vec::new());
        while now - start < lasting {
            let at = schedule.ready_at(now, Some(rate));
            if at > now {
                // Whole milliseconds, as timers count, and at times a busy processor.
                let stall = if dice(&mut dice_state, 200) == 0 { stall_ms } else { 0 };
                now = at + ms(dice(&mut dice_state, late_ms.max(1)) + stall);
                continue;
            }
            schedule.note(now);
            out.push(now + Duration::from_micros(dice(&mut dice_state, network_ms * 1000)));
        }
        out.sort();
        out
    }

    #[test]
    fn the_rate_is_used_up_to_97_percent_and_no_window_holds_more() {
        for per_minute in [7, 60, 90, 600, 6_000, 20_000] {
            let rate = Rate::per_minute(per_minute);
            let times = arrivals(rate, Duration::from_mins(6), 4, 40, 12);
            let share = times.len() as f64 / 6.0 / per_minute as f64;
            assert!((0.97..=1.0).contains(&share) || per_minute < 60, "{per_minute}: {share}");
            assert!(most(&times, MINUTE) as u64 <= per_minute, "{per_minute} a minute");
            assert!(most(&times, SECOND) as u64 <= per_minute.div_ceil(60), "{per_minute} a second");
            // A bucket that holds a tenth of a second's worth and one more.
            let (mut level, mut last) = (0.0_f64, times[0]);
            for time in &times {
                level = (level - (*time - last).as_secs_f64() * rate.per_second()).max(0.0) + 1.0;
                last = *time;
                assert!(level <= 2.0 + rate.per_second() * 0.1, "{per_minute}: {level}");
            }
        }
    }

    #[test]
    fn a_limit_that_is_learned_counts_what_went_out_before() {
        let (mut schedule, start) = (Schedule::new(), Instant::now());
        for _ in 0..20 {
            assert_eq!(schedule.ready_at(start, None), start);
            schedule.note(start);
        }
        let rate = Some(Rate::per_minute(20));
        assert!(schedule.ready_at(start + ms(5), rate) >= start + MINUTE);
        assert_eq!(schedule.ready_at(start + ms(5), Some(Rate::per_minute(10_000))), start + ms(5));
    }

    #[test]
    fn a_stop_is_not_caught_up() {
        let (mut schedule, start, rate) = (Schedule::new(), Instant::now(), Some(Rate::per_minute(6_000)));
        assert_eq!(schedule.ready_at(start, rate), start);
        schedule.note(start);
        let later = start + Duration::from_secs(20);
        let at_once = (0..100).take_while(|_| {
            let ready = schedule.ready_at(later, rate) == later;
            schedule.note(later);
            ready
        });
        assert!(at_once.count() <= 7, "50 ms are five requests");
    }

    #[test]
    fn tokens_stay_below_the_limit_whenever_they_are_booked() {
        let rate = Some(Rate::per_minute(60_000));
        for (fastest_ms, slowest_ms) in [(5, 30), (500, 3_000), (4_000, 20_000)] {
            let (start, mut dice_state) = (Instant::now(), 3);
            let (mut window, mut now) = (TokenWindow::default(), start);
            let mut flying: Vec<(Instant, Instant, u64)> = Vec::new();
            let (mut came, mut went) = (Vec::new(), Vec::new());
            while now - start < Duration::from_mins(5) {
                flying.sort_by_key(|f| std::cmp::Reverse(f.1));
                while let Some((sent, done, used)) = flying.last().copied().filter(|f| f.1 <= now) {
                    flying.pop();
                    window.settle(done, 1_000, used, done - sent, rate);
                    came.push((sent, used));
                    went.push((done, used));
                }
                let at = match window.room(now, 1_000, rate) {
                    Room::At(at) if at == now => {
                        window.take(now, 1_000, rate);
                        let took = ms(fastest_ms + dice(&mut dice_state, slowest_ms - fastest_ms));
                        flying.push((now, now + took, 700 + dice(&mut dice_state, 600)));
                        continue;
                    }
                    Room::At(at) => Some(at),
                    Room::AfterAnother => None,
                };
                let next = flying.iter().map(|f| f.1).chain(at).min();
                now = next.unwrap().max(now);
            }
            let most = |times: &mut Vec<(Instant, u64)>| {
                times.sort();
                (0..times.len())
                    .map(|i| times[i..].iter().take_while(|t| t.0 - times[i].0 < MINUTE).map(|t| t.1).sum::<u64>())
                    .max()
                    .unwrap()
            };
            let total: u64 = went.iter().map(|t| t.1).sum();
            let (came, went) = (most(&mut came), most(&mut went));
            println!("{fastest_ms}-{slowest_ms} ms: {came} in, {went} out, {total} in five minutes");
            assert!(came <= 60_000 && went <= 60_000, "{fastest_ms}: {came} in, {went} out");
            assert!(total >= 5 * 60_000 * 8 / 10, "{fastest_ms}: {total}");
        }
    }

    #[test]
    fn what_is_larger_than_the_limit_goes_alone() {
        let (mut window, now, rate) = (TokenWindow::default(), Instant::now(), Some(Rate::per_minute(1_000)));
        assert_eq!(window.room(now, 5_000, rate), Room::At(now));
        window.take(now, 5_000, rate);
        assert_eq!(window.room(now, 10, rate), Room::AfterAnother);
        window.settle(now, 5_000, 0, ms(1), rate);
        assert_eq!(window.room(now, 10, rate), Room::At(now), "a request that was turned away used nothing");
    }
}
