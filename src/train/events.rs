//! TensorBoard event files: steps with scalars come in, one file that TensorBoard reads goes out.
//!
//! A file is a sequence of TFRecords (length, its checksum, bytes, their checksum; TensorFlow's
//! `core/lib/io/record_writer.h`), each an `Event` message (`core/util/event.proto`) in protobuf's wire format. Of
//! those messages only the fields of scalars are needed, so both are written by hand.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What TensorBoard looks for in a file's name.
const MARK: &str = "tfevents";

/// An event file, open for appending.
pub struct EventFile(File);

impl EventFile {
    /// Opens a new file in `dir` for the steps after `keep`, and cuts those off from the files that lie there.
    ///
    /// One file per sitting, as TensorFlow does it: a TensorBoard that is looking on never sees bytes change that it
    /// has read, and the session's start in front of the new file tells it to forget the steps that are made again.
    ///
    /// # Errors
    /// The file system.
    pub fn open(dir: &Path, keep: u64) -> io::Result<Self> {
        let old = event_files(dir)?;
        for (i, path) in old.iter().enumerate() {
            let length = kept_length(&fs::read(path)?, keep);
            // An empty file is needed only where somebody may still be looking: at the last one.
            if length == 0 && i + 1 < old.len() {
                fs::remove_file(path)?;
            } else {
                OpenOptions::new().write(true).open(path)?.set_len(length as u64)?;
            }
        }
        let now = now();
        // TensorBoard reads files in the order of their names.
        let mut second = now as u64;
        let name = |second: u64| dir.join(format!("events.out.{MARK}.{second:010}.distill"));
        while old.last().is_some_and(|last| *last >= name(second)) {
            second += 1;
        }
        let mut bytes = Vec::new();
        // The first record says which format; the version that every reader since 2015 knows.
        record(&mut bytes, &event(now, 0, 3, b"brain.Event:2"));
        // `SessionLog { status: START }`
        record(&mut bytes, &event(now, keep + 1, 7, &[0x08, 1]));
        let mut file = OpenOptions::new().create(true).append(true).open(name(second))?;
        file.write_all(&bytes)?;
        Ok(Self(file))
    }

    /// Appends the scalars of one step in one write.
    ///
    /// # Errors
    /// The file system.
    pub fn append(&mut self, step: u64, scalars: &[(String, f64)]) -> io::Result<()> {
        let mut summary = Vec::new();
        for (tag, value) in scalars {
            let mut one = Vec::new();
            field(&mut one, 1, tag.as_bytes());
            one.push(2 << 3 | 5);
            one.extend((*value as f32).to_le_bytes());
            field(&mut summary, 1, &one);
        }
        let mut bytes = Vec::new();
        record(&mut bytes, &event(now(), step, 5, &summary));
        self.0.write_all(&bytes)
    }
}

/// TensorBoard's name of a metric, as transformers 5.23 has it (`integrations/integration_utils.py`, `rewrite_logs`):
/// `eval_loss` is `eval/loss`, `rewards/chosen` is `train/rewards/chosen`.
#[must_use]
pub fn tag(metric: &str) -> String {
    match metric.strip_prefix("eval_") {
        Some(held_out) => format!("eval/{held_out}"),
        None => format!("train/{metric}"),
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Event files of a folder, oldest first.
fn event_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().contains(MARK)) {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

/// An `Event` with one field besides its time (1) and step (2).
fn event(time: f64, step: u64, number: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![1 << 3 | 1];
    out.extend(time.to_le_bytes());
    out.push(2 << 3);
    varint(&mut out, step);
    field(&mut out, number, value);
    out
}

/// A length-delimited field.
fn field(out: &mut Vec<u8>, number: u8, value: &[u8]) {
    out.push(number << 3 | 2);
    varint(out, value.len() as u64);
    out.extend(value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (i, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[i + 1..]));
        }
    }
    None
}

/// The step of an `Event` that has scalars; `None` for others and for what is no event.
fn step_of(mut event: &[u8]) -> Option<u64> {
    let (mut step, mut scalars) = (0, false);
    while !event.is_empty() {
        let (key, rest) = read_varint(event)?;
        event = match key & 7 {
            0 => {
                let (value, rest) = read_varint(rest)?;
                if key >> 3 == 2 {
                    step = value;
                }
                rest
            }
            1 => rest.get(8..)?,
            2 => {
                scalars |= key >> 3 == 5;
                let (length, rest) = read_varint(rest)?;
                rest.get(usize::try_from(length).ok()?..)?
            }
            5 => rest.get(4..)?,
            _ => return None,
        };
    }
    scalars.then_some(step)
}

fn record(out: &mut Vec<u8>, data: &[u8]) {
    let length = (data.len() as u64).to_le_bytes();
    out.extend(length);
    out.extend(masked_crc(&length).to_le_bytes());
    out.extend(data);
    out.extend(masked_crc(data).to_le_bytes());
}

/// Bytes of a file up to the first step after `keep`, or the first record that is not whole: what a killed process
/// left in the middle. 0 when no step is before that.
fn kept_length(bytes: &[u8], keep: u64) -> usize {
    let (mut rest, mut any) = (bytes, false);
    while let Some((data, after)) = first_record(rest) {
        match step_of(data) {
            Some(step) if step > keep => break,
            Some(_) => any = true,
            None => {}
        }
        rest = after;
    }
    if any { bytes.len() - rest.len() } else { 0 }
}

fn first_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    if masked_crc(length) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (data, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    (masked_crc(data) == u32::from_le_bytes(*sum)).then_some((data, rest))
}

/// CRC-32C, rotated and shifted so that the checksum of bytes that hold checksums stays a good one
/// (TensorFlow's `core/lib/hash/crc32c.h`).
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32 with Castagnoli's polynomial, bits reversed (RFC 3720, B.4).
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of the scalars in the files of a folder, in TensorBoard's order.
    fn steps(dir: &Path) -> Vec<u64> {
        let mut out = Vec::new();
        for file in event_files(dir).unwrap() {
            let bytes = fs::read(file).unwrap();
            let mut rest = bytes.as_slice();
            while let Some((data, after)) = first_record(rest) {
                out.extend(step_of(data));
                rest = after;
            }
        }
        out
    }

    fn scalars(value: f64) -> Vec<(String, f64)> {
        vec![(tag("loss"), value), (tag("eval_rewards/chosen"), -value)]
    }

    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    }

    #[test]
    fn a_resumed_run_has_every_step_once() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = EventFile::open(dir.path(), 0).unwrap();
        (1..=7).for_each(|step| file.append(step, &scalars(step as f64)).unwrap());
        // Killed in the middle of the eighth.
        file.0.write_all(&[40, 0, 0, 0, 0, 0, 0, 0, 1]).unwrap();
        assert_eq!(steps(dir.path()), [1, 2, 3, 4, 5, 6, 7]);
        // In the same second, and killed before its first step.
        EventFile::open(dir.path(), 5).unwrap();
        assert_eq!(steps(dir.path()), [1, 2, 3, 4, 5]);
        let mut file = EventFile::open(dir.path(), 5).unwrap();
        (6..=300).for_each(|step| file.append(step, &scalars(0.5)).unwrap());
        assert_eq!(steps(dir.path()), (1..=300).collect::<Vec<_>>());
        // Back to before the second sitting.
        let mut file = EventFile::open(dir.path(), 3).unwrap();
        (4..=6).for_each(|step| file.append(step, &scalars(0.5)).unwrap());
        assert_eq!(steps(dir.path()), [1, 2, 3, 4, 5, 6]);
        assert_eq!(event_files(dir.path()).unwrap().len(), 3);
    }

    #[test]
    fn another_run_starts_empty() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("events.out.tfevents.0.elsewhere"), "no event file").unwrap();
        for _ in 0..3 {
            let mut file = EventFile::open(dir.path(), 0).unwrap();
            file.append(1, &scalars(1.0)).unwrap();
            assert_eq!(steps(dir.path()), [1]);
            assert!(event_files(dir.path()).unwrap().len() <= 2);
        }
    }

    #[test]
    fn names_are_those_of_transformers() {
        for (metric, wanted) in [
            ("loss", "train/loss"),
            ("eval_loss", "eval/loss"),
            ("rewards/chosen", "train/rewards/chosen"),
            ("eval_rewards/margins", "eval/rewards/margins"),
        ] {
            assert_eq!(tag(metric), wanted);
        }
    }
}
