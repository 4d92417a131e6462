//! Threads that wait for the next piece of a token by looking, and go to sleep when none comes.
//!
//! A token is some hundred products of a tenth of a millisecond. Waking a thread through the system costs 10 to 50
//! microseconds, one that looks sees new work after a fraction of one. So a worker looks for about a tenth of a
//! millisecond, giving way to other threads in between, and then sleeps.

use std::any::Any;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a thread looks before it sleeps.
const PATIENCE: Duration = Duration::from_micros(100);
/// Looks between two that give way to others: about a microsecond.
const LOOKS: u32 = 32;

/// Every worker has to do the task; they count themselves out.
const EACH: u64 = 1 << 31;
/// Workers may count themselves in, do the task, and count themselves out.
const OPEN: u64 = 1 << 30;
/// The bits that count workers.
const COUNT: u64 = OPEN - 1;
/// One up: another task.
const ROUND: u64 = 1 << 32;

/// A task of all threads: which of them, of how many.
type Task<'a> = &'a (dyn Fn(usize, usize) + Sync + 'a);

/// Some threads, of which the caller is one.
#[derive(Debug)]
pub struct Team {
    shared: Arc<Shared>,
    handles: Vec<JoinHandle<()>>,
    /// Held while a task runs.
    running: Mutex<()>,
}

#[derive(Debug)]
struct Shared {
    /// The number of the task in the upper half, [`EACH`] or [`OPEN`], and how many workers are at it in the lower bits.
    /// One word, so that nobody takes the state of one task for that of another.
    state: AtomicU64,
    /// How many take part in the task, the caller included: written with it.
    workers: AtomicUsize,
    stop: AtomicBool,
    /// Threads that sleep in `wake`, or are about to.
    asleep: AtomicUsize,
    /// The caller sleeps in `done`, or is about to.
    waiting: AtomicBool,
    slot: Mutex<Slot>,
    wake: Condvar,
    done: Condvar,
    /// Written before `state` says that there is a new task, read after it was seen to.
    task: TaskCell,
}

/// What the first worker that panicked left.
#[derive(Default)]
struct Slot {
    panic: Option<Box<dyn Any + Send>>,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("panicked", &self.panic.is_some()).finish()
    }
}

#[derive(Debug)]
struct TaskCell(std::cell::UnsafeCell<Option<Task<'static>>>);

// SAFETY: written by the caller alone, while no worker is at work; `state` orders that before all reads, and all reads
// before the next write.
unsafe impl Sync for TaskCell {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks until `ready` or patience ends; whether it was.
fn look(ready: impl Fn() -> bool) -> bool {
    let mut since = None;
    loop {
        for _ in 0..LOOKS {
            if ready() {
                return true;
            }
            spin_loop();
        }
        if since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
            return false;
        }
        std::thread::yield_now();
    }
}

impl Team {
    /// A team of `threads`, the caller's among them; 0 counts as 1. Fewer where the system has no more threads to give.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            workers: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            asleep: AtomicUsize::new(0),
            waiting: AtomicBool::new(false),
            slot: Mutex::default(),
            wake: Condvar::new(),
            done: Condvar::new(),
            task: TaskCell(std::cell::UnsafeCell::new(None)),
        });
        let start = |worker: usize| {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name(format!("infer-{worker}")).spawn(move || shared.work(worker)).ok()
        };
        let handles = (1..threads).map_while(start).collect();
        Self { shared, handles, running: Mutex::new(()) }
    }

    /// How many threads take part, the caller's included.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.handles.len() + 1
    }

    /// Calls `task(worker, workers)` once for each worker, 0 on the calling thread, and returns when all are done.
    ///
    /// While a task runs, a second one (from another thread, or from within the first) is done by its caller alone,
    /// worker after worker. So workers must not wait for each other. Work that can be cut small is better
    /// [shared](Team::share).
    ///
    /// # Panics
    /// When the task does, after all workers are done with it. The team can be used again.
    pub fn run(&self, task: Task<'_>) {
        if !self.start(task, EACH) {
            let workers = self.threads();
            (0..workers).for_each(|worker| task(worker, workers));
        }
    }

    /// Calls `task(worker, workers)` on the calling thread and on those workers that come before it is done there: for
    /// tasks that share out their work by themselves, piece by piece. A worker whose core the system gave to somebody
    /// else is not waited for.
    ///
    /// # Panics
    /// As [`Team::run`].
    pub fn share(&self, task: Task<'_>) {
        if !self.start(task, OPEN) {
            task(0, self.threads());
        }
    }

    /// Does a task together; `false`, and nothing done, when there are no workers or they are at another task.
    fn start<'a>(&self, task: Task<'a>, mode: u64) -> bool {
        let workers = self.threads();
        if workers == 1 {
            return false;
        }
        let guard = match self.running.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        let shared = &*self.shared;
        // SAFETY: only the lifetime changes. Workers use the task while they are counted in `state`, and `finish`
        // below returns only when none is and none can come; nothing before it can leave this function.
        let task_of_workers: Task<'static> = unsafe { std::mem::transmute::<Task<'a>, Task<'static>>(task) };
        // SAFETY: no worker is counted in, so none reads, and `running` is held, so nobody else writes.
        unsafe { *shared.task.0.get() = Some(task_of_workers) };
        shared.workers.store(workers, Ordering::Relaxed);
        let round = (shared.state.load(Ordering::Relaxed) & !(ROUND - 1)).wrapping_add(ROUND);
        let count = if mode == EACH { workers as u64 - 1 } else { 0 };
        // Sequentially consistent, as is the count of sleepers: either a worker that is about to sleep sees the new
        // task, or it is counted there.
        shared.state.store(round | mode | count, Ordering::SeqCst);
        if shared.asleep.load(Ordering::SeqCst) > 0 {
            drop(lock(&shared.slot));
            shared.wake.notify_all();
        }
        let mine = catch_unwind(AssertUnwindSafe(|| task(0, workers)));
        let theirs = shared.finish();
        drop(guard);
        if let Some(panic) = mine.err().or(theirs) {
            resume_unwind(panic);
        }
        true
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(lock(&self.shared.slot));
        self.shared.wake.notify_all();
        for handle in self.handles.drain(..) {
            // A worker catches what its tasks throw, so there is nothing to hear of.
            let _ = handle.join();
        }
    }
}

impl Shared {
    /// Lets no more workers in, waits until none is left, and takes what one of them panicked with.
    fn finish(&self) -> Option<Box<dyn Any + Send>> {
        self.state.fetch_and(!OPEN, Ordering::SeqCst);
        let busy = |order| self.state.load(order) & COUNT > 0;
        if look(|| !busy(Ordering::Acquire)) {
            return lock(&self.slot).panic.take();
        }
        self.waiting.store(true, Ordering::SeqCst);
        let mut slot = lock(&self.slot);
        while busy(Ordering::SeqCst) {
            slot = self.done.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
        self.waiting.store(false, Ordering::SeqCst);
        slot.panic.take()
    }

    /// Waits for another task than `seen`; `seen` itself when the team stops.
    fn next(&self, seen: u64) -> u64 {
        let fresh = |order| self.state.load(order) / ROUND != seen || self.stop.load(order);
        if !look(|| fresh(Ordering::Acquire)) {
            self.asleep.fetch_add(1, Ordering::SeqCst);
            let mut slot = lock(&self.slot);
            while !fresh(Ordering::SeqCst) {
                slot = self.wake.wait(slot).unwrap_or_else(PoisonError::into_inner);
            }
            drop(slot);
            self.asleep.fetch_sub(1, Ordering::SeqCst);
        }
        self.state.load(Ordering::Acquire) / ROUND
    }

    /// Takes part in the task that `state` tells of, if it is another than `seen` and not over; its number.
    fn join(&self, seen: u64) -> (u64, bool) {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let round = state / ROUND;
            if round == seen || state & (EACH | OPEN) == 0 {
                return (round, false);
            }
            if state & EACH > 0 {
                return (round, true);
            }
            match self.state.compare_exchange_weak(state, state + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return (round, true),
                Err(now) => state = now,
            }
        }
    }

    /// The life of a worker.
    fn work(&self, worker: usize) {
        let mut seen = 0;
        loop {
            if self.next(seen) == seen {
                return;
            }
            let (round, joined) = self.join(seen);
            seen = round;
            if !joined {
                continue;
            }
            // SAFETY: the task was written before the state that was just read, and is not written again before this
            // worker has counted itself out.
            if let Some(task) = unsafe { *self.task.0.get() } {
                let workers = self.workers.load(Ordering::Relaxed);
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| task(worker, workers))) {
                    lock(&self.slot).panic.get_or_insert(panic);
                }
            }
            // Sequentially consistent, as is `waiting`: either the caller sees this, or it is seen to wait.
            if self.state.fetch_sub(1, Ordering::SeqCst) & COUNT == 1 && self.waiting.load(Ordering::SeqCst) {
                drop(lock(&self.slot));
                self.done.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often each worker was called.
    fn calls(team: &Team) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = (0..team.threads()).map(|_| AtomicUsize::new(0)).collect();
        team.run(&|worker, workers| {
            assert_eq!(workers, counts.len());
            counts[worker].fetch_add(1, Ordering::Relaxed);
        });
        counts.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn each_worker_is_called_once_awake_or_asleep() {
        for threads in [0, 1, 2, 3, 5] {
            let team = Team::new(threads);
            for round in 0..60 {
                assert_eq!(calls(&team), vec![1; threads.max(1)], "round {round} of {threads}");
                if round % 20 == 0 {
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    #[test]
    fn long_tasks_are_waited_for() {
        let team = Team::new(3);
        let done = AtomicUsize::new(0);
        for round in 1..=3 {
            team.run(&|worker, _| {
                std::thread::sleep(Duration::from_millis(3 * worker as u64));
                done.fetch_add(1, Ordering::SeqCst);
            });
            assert_eq!(done.load(Ordering::SeqCst), 3 * round);
        }
    }

    #[test]
    fn a_panic_arrives_and_the_team_goes_on() {
        let team = Team::new(3);
        for culprit in 0..3 {
            let result = catch_unwind(AssertUnwindSafe(|| {
                team.run(&|worker, _| assert!(worker != culprit, "worker {worker}"));
            }));
            let panic = result.unwrap_err();
            assert_eq!(panic.downcast_ref::<String>(), Some(&format!("worker {culprit}")));
            assert_eq!(calls(&team), [1, 1, 1]);
        }
    }

    #[test]
    fn a_task_within_a_task_and_one_beside_it_are_done_too() {
        let team = Team::new(2);
        let count = AtomicUsize::new(0);
        let add = |_: usize, _: usize| {
            count.fetch_add(1, Ordering::Relaxed);
        };
        team.run(&|_, _| team.run(&add));
        assert_eq!(count.swap(0, Ordering::Relaxed), 4);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..200).for_each(|_| team.run(&add)));
            }
        });
        assert_eq!(count.load(Ordering::Relaxed), 1200);
    }

    #[test]
    fn shared_work_is_done_once_and_late_workers_are_not_waited_for() {
        let team = Team::new(3);
        for round in 0..300 {
            // Between the two kinds, so that a worker late for one meets the other.
            if round % 3 == 0 {
                assert_eq!(calls(&team), [1, 1, 1]);
            }
            let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
            team.share(&|_, workers| {
                assert_eq!(workers, 3);
                while next.fetch_add(1, Ordering::Relaxed) < 20 {
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(done.load(Ordering::Relaxed), 20);
        }
        let panic = catch_unwind(AssertUnwindSafe(|| team.share(&|worker, _| assert!(worker > 0, "caller"))));
        assert!(panic.is_err());
        assert_eq!(calls(&team), [1, 1, 1]);
    }

    #[test]
    fn a_team_without_work_ends() {
        for pause in [0, 1] {
            let team = Team::new(4);
            std::thread::sleep(Duration::from_millis(pause));
            drop(team);
        }
    }
}
