//! How many requests are in flight: fewer when the server is overloaded, more again when it answers.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// Good answers after which one more request is tried.
const GOOD_FOR_MORE: u32 = 25;

/// Places on the wire, additive increase and multiplicative decrease.
pub(super) struct Slots {
    semaphore: Semaphore,
    state: Mutex<State>,
}

struct State {
    ceiling: usize,
    /// How many there should be.
    places: usize,
    /// How many of those taken are not to come back.
    too_many: usize,
    /// Good answers since the last change.
    good: u32,
    cut_at: Option<Instant>,
}

impl Slots {
    pub(super) fn new(ceiling: usize) -> Self {
        let ceiling = ceiling.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            semaphore: Semaphore::new(ceiling),
            state: Mutex::new(State { ceiling, places: ceiling, too_many: 0, good: 0, cut_at: None }),
        }
    }

    /// Waits for a place; first come, first served.
    pub(super) async fn take(&self) -> Slot<'_> {
        // Only a closed semaphore fails, and this one is never closed.
        Slot { slots: self, permit: self.semaphore.acquire().await.ok() }
    }

    /// The server has too much to do. All of a burst of such answers count once, for `cooldown`.
    pub(super) fn overloaded(&self, now: Instant, cooldown: Duration) {
        let mut state = self.state();
        state.good = 0;
        if state.cut_at.is_some_and(|at| now.saturating_duration_since(at) < cooldown) {
            return;
        }
        state.cut_at = Some(now);
        let fewer = (state.places * 3 / 4).max(1);
        let mut cut = state.places - fewer;
        state.places = fewer;
        cut -= self.semaphore.forget_permits(cut);
        state.too_many += cut;
    }

    /// An answer came.
    pub(super) fn good(&self) {
        let mut state = self.state();
        if state.places == state.ceiling {
            return;
        }
        state.good += 1;
        if state.good >= GOOD_FOR_MORE {
            state.good = 0;
            state.places += 1;
            if state.too_many > 0 {
                state.too_many -= 1;
            } else {
                self.semaphore.add_permits(1);
            }
        }
    }

    /// How many places there are now, and how many there are at most.
    #[cfg(test)]
    pub(super) fn places(&self) -> (usize, usize) {
        let state = self.state();
        (state.places, state.ceiling)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place on the wire, given back when dropped.
pub(super) struct Slot<'a> {
    slots: &'a Slots,
    permit: Option<SemaphorePermit<'a>>,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.slots.state();
        if state.too_many > 0
            && let Some(permit) = self.permit.take()
        {
            state.too_many -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn overload_takes_places_once_a_burst_and_good_answers_bring_them_back() {
        let slots = Slots::new(8);
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(slots.take().await);
        }
        let (now, cooldown) = (Instant::now(), Duration::from_secs(2));
        for _ in 0..5 {
            slots.overloaded(now, cooldown);
        }
        assert_eq!(slots.places(), (6, 8));
        held.truncate(5);
        assert_eq!(slots.semaphore.available_permits(), 1, "two of the three did not come back");
        for n in 1..20 {
            slots.overloaded(now + cooldown * n, cooldown);
        }
        assert_eq!(slots.places(), (1, 8), "never none");
        held.clear();
        assert_eq!(slots.semaphore.available_permits(), 1);
        for _ in 0..25 {
            slots.good();
        }
        assert_eq!((slots.places().0, slots.semaphore.available_permits()), (2, 2));
        for _ in 0..1000 {
            slots.good();
        }
        assert_eq!((slots.places().0, slots.semaphore.available_permits()), (8, 8));
    }
}
