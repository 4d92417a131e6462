//! Lines of standard input for those who may be told to stop while they wait for one.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::pipeline::STOP;

/// How often a waiting one looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// How many lines may be read ahead.
const AHEAD: usize = 256;

/// What came out of waiting.
pub(super) enum Next<T> {
    Some(T),
    /// There is no more.
    End,
    /// Somebody pressed Ctrl-C.
    Stopped,
}

/// Lines, read on a thread that ends with the process: nobody can wait for a thread that waits for a line.
pub(super) fn lines() -> Receiver<io::Result<String>> {
    let (send, lines) = sync_channel(AHEAD);
    thread::spawn(move || {
        for line in io::stdin().lines() {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Whether somebody pressed Ctrl-C.
pub(super) fn is_stopped() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// Waits for the next one of whatever comes.
pub(super) fn next<T>(from: &Receiver<T>) -> Next<T> {
    // Looked at each time, as there may always be a next one.
    while !is_stopped() {
        match from.recv_timeout(LOOK) {
            Ok(one) => return Next::Some(one),
            Err(RecvTimeoutError::Disconnected) => return Next::End,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    Next::Stopped
}
