//! Gzipped tar archives, read front to back.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::{Budget, DocumentError, MAX_ENTRIES, clean};

/// Tar counts in blocks of this size.
const BLOCK: usize = 512;

/// The most bytes passed over to reach what is wanted: pictures and videos.
const MAX_PASSED: u64 = 8 << 30;

/// The longest path that a header of its own may hold.
const MAX_PATH: u64 = 4_096;

/// Whether the bytes begin as a gzip file does.
pub(in crate::document) fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1F, 0x8B, 0x08])
}

/// Reads a gzipped tar archive once: every file's cleaned path goes to `wanted`, which gives the most bytes to read of
/// it or `None` to pass it over, and what was read goes to `each`.
///
/// # Errors
/// Not a tar archive, cut short, or past a limit.
pub(in crate::document) fn read_tar(
    bytes: &[u8],
    budget: &Budget,
    mut wanted: impl FnMut(&str) -> Option<u64>,
    mut each: impl FnMut(String, Result<Vec<u8>, DocumentError>),
) -> Result<(), DocumentError> {
    let mut source = MultiGzDecoder::new(bytes);
    let (mut entries, mut passed, mut long_name) = (0usize, 0u64, None);
    loop {
        let mut header = [0u8; BLOCK];
        match source.read_exact(&mut header) {
            Ok(()) => {}
            // Some writers leave out the two empty blocks of the end.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && entries > 0 => return Ok(()),
            Err(error) => return Err(DocumentError::broken(&error)),
        }
        if header.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        if !sums_up(&header) {
            return Err(DocumentError::Archive { reason: "it is no tar archive".to_owned() });
        }
        entries += 1;
        if entries > MAX_ENTRIES {
            return Err(DocumentError::TooManyEntries { limit: MAX_ENTRIES });
        }
        let size = number(&header[124..136]);
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        let mut body = source.by_ref().take(size);
        match header[156] {
            b'0' | 0 => {
                let path = clean(&long_name.take().unwrap_or_else(|| path(&header)));
                if let Some(limit) = wanted(&path) {
                    each(path, budget.read(&mut body, limit, None));
                }
            }
            b'L' => long_name = Some(text(&budget.read(&mut body, MAX_PATH, None)?)),
            b'x' => long_name = pax_path(&budget.read(&mut body, 16 * MAX_PATH, None)?).or(long_name),
            _ => {}
        }
        // What was not read of the entry, and the rest of its last block.
        let rest = body.limit() + padding;
        passed = passed.saturating_add(rest);
        if passed > MAX_PASSED {
            return Err(DocumentError::Unpacked { limit: MAX_PASSED });
        }
        io::copy(&mut source.by_ref().take(rest), &mut io::sink()).map_err(|error| DocumentError::broken(&error))?;
    }
}

/// Whether a header holds the sum of its own bytes, its sum field counted as spaces.
fn sums_up(header: &[u8; BLOCK]) -> bool {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(idx, byte)| u64::from(if (148..156).contains(&idx) { b' ' } else { *byte }))
        .sum();
    sum == number(&header[148..156])
}

/// A number in octal digits.
fn number(field: &[u8]) -> u64 {
    let digits = field.iter().skip_while(|byte| **byte == b' ').take_while(|byte| (b'0'..=b'7').contains(byte));
    // Twelve digits at most: 36 bits.
    digits.fold(0, |number, digit| number * 8 + u64::from(digit - b'0'))
}

fn path(header: &[u8; BLOCK]) -> String {
    let prefix =
        if &header[257..262] == b"ustar" && &header[257..265] != b"ustar  \0" { &header[345..500] } else { &[] };
    format!("{}/{}", text(prefix), text(&header[..100]))
}

/// Up to the first zero byte.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// The `path` among the `length key=value` lines of an extended header.
fn pax_path(records: &[u8]) -> Option<String> {
    text(records)
        .lines()
        .find_map(|line| line.split_once(' ').and_then(|(_, record)| record.strip_prefix("path=")).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn entry(name: &str, kind: u8, body: &[u8]) -> Vec<u8> {
        let mut header = [0u8; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
        header[156] = kind;
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        header[155] = b' ';
        let mut out = header.to_vec();
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
        out
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[track_caller]
    fn check(tar: &[u8], expected: &[(&str, &str)]) {
        let mut got = Vec::new();
        let read = read_tar(
            &gzip(tar),
            &Budget::new(),
            |name| name.ends_with(".json").then_some(1_000),
            |name, bytes| got.push((name, String::from_utf8(bytes.unwrap()).unwrap())),
        );
        read.unwrap();
        let got: Vec<(&str, &str)> = got.iter().map(|(name, body)| (name.as_str(), body.as_str())).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn wanted_files_are_read() {
        let long = "a/very/long/name.json";
        let tar = [
            entry("x.png", b'0', &[7; 700]),
            entry("dir/", b'5', b""),
            entry("./outbox.json", b'0', b"{}"),
            entry("pax", b'x', b"31 path=../up/a/other.json\n"),
            entry("short", b'0', b"1"),
            entry("long", b'L', long.as_bytes()),
            entry("short", b'0', b"2"),
            vec![0; 1_024],
        ]
        .concat();
        check(&tar, &[("outbox.json", "{}"), ("up/a/other.json", "1"), (long, "2")]);
    }

    #[test]
    fn refusals() {
        let read = |bytes: &[u8]| read_tar(bytes, &Budget::new(), |_| None, |_, _| {});
        assert!(matches!(read(&gzip(&[1; 2_048])), Err(DocumentError::Archive { .. })));
        assert!(read(&gzip(b"short")).is_err());
        let whole = gzip(&entry("a.json", b'0', &[7; 90_000]));
        assert!(read(&whole[..whole.len() / 2]).is_err());
    }
}
