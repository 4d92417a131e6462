//! Work that may hang, crash or eat memory, done where it can be stopped: in a process of its own.
//!
//! The process is this program again, with a hidden subcommand, bytes on its standard input and an answer on its
//! standard output. It limits its own memory and processor time before it reads a byte, gets no environment, and is
//! killed when its time is over. Where this program cannot be started again, as in tests or in a program that uses
//! the library, the work is done on a thread: a panic is caught there and time is limited, memory is not.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// This program, once it said that it knows the hidden subcommand.
static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// The stack of a thread that does such work, as large as that of a program's main thread.
const STACK_BYTES: usize = 8 << 20;

/// How often a process that has said all is asked whether it has ended.
const POLL: Duration = Duration::from_millis(2);

/// What such work may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From start to end.
    pub wall: Duration,
    /// Address space of the process, in bytes.
    pub memory: u64,
    /// Bytes of the answer.
    pub output: u64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It took longer than it may.
    Time,
    /// It asked for more memory than it may have.
    Memory,
    /// Its answer is longer than it may be.
    Output,
    /// It panicked, or was ended by a signal.
    Crash,
    /// It could not be started.
    Start,
}

/// Says that this program can be started again for such work. To be called by the program's `main` only: a test or
/// another program that uses the library would start itself.
pub fn enable() {
    if let Ok(program) = std::env::current_exe() {
        let _ = PROGRAM.set(program);
    }
}

/// Runs this program with `arguments`, gives it `input` and returns what it writes.
///
/// # Errors
/// [`Stopped::Start`] where it was never [`enable`]d; otherwise what stopped it.
pub fn run(arguments: &[&str], input: &[u8], limits: Limits) -> Result<Vec<u8>, Stopped> {
    let program = PROGRAM.get().ok_or(Stopped::Start)?;
    run_program(program.as_os_str(), arguments, input, limits)
}

/// Does the work on a thread. One that is not done in time is left behind, since a thread cannot be ended.
///
/// # Errors
/// [`Stopped::Crash`] for a panic, [`Stopped::Time`], [`Stopped::Start`] where no thread can be had.
pub fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static, wall: Duration) -> Result<T, Stopped> {
    let (done, wait) = mpsc::sync_channel(1);
    let body = move || {
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
    };
    thread::Builder::new().stack_size(STACK_BYTES).spawn(body).map_err(|_| Stopped::Start)?;
    match wait.recv_timeout(wall) {
        Ok(result) => result.map_err(|_| Stopped::Crash),
        Err(RecvTimeoutError::Timeout) => Err(Stopped::Time),
        Err(RecvTimeoutError::Disconnected) => Err(Stopped::Crash),
    }
}

/// Limits this very process, once and for all: memory, processor time, no files written, no core dump.
///
/// Does what the system allows and says nothing where it does not: the parent's clock is the last resort.
pub fn confine(limits: Limits) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = |resource, most: u64| {
            let _ = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
        };
        limit(Resource::Core, 0);
        limit(Resource::Fsize, 0);
        limit(Resource::Cpu, limits.wall.as_secs().max(1));
        limit(Resource::As, limits.memory);
    }
    #[cfg(not(unix))]
    let _ = limits;
}

fn run_program(program: &OsStr, arguments: &[&str], input: &[u8], limits: Limits) -> Result<Vec<u8>, Stopped> {
    let end = Instant::now() + limits.wall;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // What reads a stranger's file has no use for keys; Windows needs some variables to start anything.
    if cfg!(unix) {
        command.env_clear();
    }
    let mut child = command.spawn().map_err(|_| Stopped::Start)?;
    let result = converse(&mut child, input, end, limits);
    if result.is_err() {
        let _ = child.kill();
    }
    // Also after a kill, so that nothing is left of it.
    let _ = child.wait();
    result
}

/// Writes the input and reads the answer at once, since either side may wait for the other.
fn converse(child: &mut Child, input: &[u8], end: Instant, limits: Limits) -> Result<Vec<u8>, Stopped> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Stopped::Start);
    };
    let (done, wait) = mpsc::sync_channel(1);
    let (said, complaint) = mpsc::sync_channel(1);
    thread::scope(|scope| {
        scope.spawn(move || {
            // A process that ended early does not read on; its exit says why.
            let _ = stdin.write_all(input);
        });
        scope.spawn(move || {
            let _ = done.send(read(stdout, limits.output + 1));
        });
        scope.spawn(move || {
            let _ = said.send(read(stderr, 4096));
        });
        let result = wait
            .recv_timeout(end.saturating_duration_since(Instant::now()))
            .map_err(|_| Stopped::Time)
            .and_then(|answer| if answer.len() as u64 > limits.output { Err(Stopped::Output) } else { Ok(answer) })
            .and_then(|answer| Ok((answer, exit(child, end)?)));
        if result.is_err() {
            // The threads end when the process's ends of the pipes do.
            let _ = child.kill();
        }
        let (answer, status) = result?;
        if status.success() {
            return Ok(answer);
        }
        let words = complaint.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        Err(reason(status, &words))
    })
}

fn read(from: impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut from = from.take(most);
    let _ = from.read_to_end(&mut bytes);
    bytes
}

fn exit(child: &mut Child, end: Instant) -> Result<ExitStatus, Stopped> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < end => thread::sleep(POLL),
            Ok(None) => return Err(Stopped::Time),
            Err(_) => return Err(Stopped::Crash),
        }
    }
}

/// What ended a process. Its complaint is looked at and not passed on: a panic may quote the file.
fn reason(status: ExitStatus, complaint: &[u8]) -> Stopped {
    let memory = b"memory allocation of";
    if complaint.windows(memory.len()).any(|words| words == memory) {
        return Stopped::Memory;
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        // SIGKILL that we did not send comes from a system short of memory, SIGXCPU from the limit on processor time.
        match status.signal() {
            Some(9) => return Stopped::Memory,
            Some(24) => return Stopped::Time,
            _ => {}
        }
    }
    let _ = status;
    Stopped::Crash
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { wall: Duration::from_secs(20), memory: 1 << 30, output: 1000 };

    #[cfg(unix)]
    #[track_caller]
    fn shell(script: &str, limits: Limits) -> Result<String, Stopped> {
        let answer = run_program(OsStr::new("/bin/sh"), &["-c", script], b"some words", limits)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    #[cfg(unix)]
    #[test]
    fn answers_and_what_stops_them() {
        let short = Limits { wall: Duration::from_millis(300), ..LIMITS };
        assert_eq!(shell("read words; echo got $words", LIMITS), Ok("got some words\n".to_owned()));
        assert_eq!(shell("exec sleep 60", short), Err(Stopped::Time));
        assert_eq!(shell("exec >&-; exec sleep 60", short), Err(Stopped::Time));
        assert_eq!(shell("while :; do echo words; done", LIMITS), Err(Stopped::Output));
        assert_eq!(shell("kill -SEGV $$", LIMITS), Err(Stopped::Crash));
        assert_eq!(shell("kill -KILL $$", LIMITS), Err(Stopped::Memory));
        assert_eq!(shell("echo memory allocation of 8 bytes failed >&2; kill -ABRT $$", LIMITS), Err(Stopped::Memory));
        assert_eq!(shell("exit 101", LIMITS), Err(Stopped::Crash));
    }

    #[test]
    fn nothing_is_started_unasked() {
        assert_eq!(run(&["x"], b"", LIMITS), Err(Stopped::Start));
        assert_eq!(run_program(OsStr::new("no such program"), &[], b"", LIMITS), Err(Stopped::Start));
    }

    #[test]
    fn threads() {
        assert_eq!(aside(|| 7, LIMITS.wall), Ok(7));
        assert_eq!(aside(|| panic!("on purpose"), LIMITS.wall), Err::<(), _>(Stopped::Crash));
        let slow = || thread::sleep(Duration::from_millis(500));
        assert_eq!(aside(slow, Duration::from_millis(20)), Err(Stopped::Time));
    }
}
