//! Memory bandwidth of this machine: reading a buffer larger than the caches, with one thread and with all.

use std::hint::black_box;
use std::time::Instant;

use serde::Serialize;

use crate::error::Error;

/// Several times the last cache of most machines: servers have up to some hundred MiB of it.
const BUFFER: usize = 1 << 30;

/// Times that the buffer is read; the best counts, since others may be at work.
const PASSES: usize = 5;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// Threads of this machine.
    pub threads: usize,
    /// Bytes read at a time.
    pub buffer_bytes: u64,
    /// Reading with one thread.
    pub one_thread_bytes_per_second: f64,
    /// Reading with all threads.
    pub all_threads_bytes_per_second: f64,
    /// Generation and prompt of the GGUF, in tokens a second, where one was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoder: Option<Decoded>,
}

/// Tokens a second of one GGUF.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decoded {
    /// Reading a prompt.
    pub prompt_tokens_per_second: f64,
    /// Generation.
    pub tokens_per_second: f64,
}

/// Measures; `free_bytes` bounds the buffer, which never takes more than a quarter of it.
///
/// # Errors
/// A machine with too little memory for a buffer that no cache holds.
pub fn bandwidth(free_bytes: Option<u64>) -> Result<Measured, Error> {
    let quarter = free_bytes.map_or(BUFFER, |free| usize::try_from(free / 4).unwrap_or(usize::MAX));
    let bytes = BUFFER.min(quarter);
    if bytes < 64 << 20 {
        return Err(Error::new("too little memory is free to measure: 256 MiB are needed"));
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // Written once, so that every page is a page of its own and not the system's page of zeros.
    let buffer: Vec<u64> = (0..bytes as u64 / 8).collect();
    Ok(Measured {
        threads,
        buffer_bytes: bytes as u64,
        one_thread_bytes_per_second: best(&buffer, 1),
        all_threads_bytes_per_second: best(&buffer, threads),
        decoder: None,
    })
}

fn best(buffer: &[u64], threads: usize) -> f64 {
    let share = buffer.len().div_ceil(threads.max(1)).max(1);
    let passes = (0..PASSES).map(|_| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for part in buffer.chunks(share) {
                scope.spawn(move || black_box(sum(black_box(part))));
            }
        });
        size_of_val(buffer) as f64 / start.elapsed().as_secs_f64().max(1e-9)
    });
    passes.fold(0.0, f64::max)
}

/// Adds up with several independent sums: one chain of additions would be slower than memory.
fn sum(values: &[u64]) -> u64 {
    const LANES: usize = 32;
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0_u64; LANES];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*value);
        }
    }
    sums.iter().chain(rest).fold(0, |a, b| a.wrapping_add(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_read() {
        let values: Vec<u64> = (1..=1001).collect();
        assert_eq!(sum(&values), 501_501);
        assert_eq!(sum(&values[..7]), 28);
        assert!(best(&values, 3) > 0.0);
    }

    #[test]
    fn too_little_memory_is_said() {
        assert!(bandwidth(Some(100 << 20)).unwrap_err().to_string().contains("256 MiB"));
    }
}
