//! What does not fit into memory: an anonymous temporary file, and an external sort on top of it.
//!
//! The file has no name from the moment it is made (unix), so that nothing is left behind however the process ends.
//! It is made under `TMPDIR`, or else under `/var/tmp`, since `/tmp` is memory on many systems.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;

/// A temporary file that is appended to and read by position, and that is gone when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    file: File,
    length: u64,
    folder: PathBuf,
    /// Where the system cannot remove a file that is open.
    #[cfg(not(unix))]
    path: PathBuf,
}

impl Scratch {
    /// An empty file, readable by the owner alone.
    ///
    /// # Errors
    /// Names the folder in which none could be made.
    pub fn new() -> Result<Self, Error> {
        Self::within(&folder())
    }

    fn within(folder: &Path) -> Result<Self, Error> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);

        let fail = |e: io::Error| {
            Error::at(folder, "no temporary file can be made here")
                .cause(e)
                .hint("set `TMPDIR` to a folder that can be written to")
        };
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A name that is taken was left by a process that was killed in between.
        for _ in 0..1000 {
            let name = format!(".distill-spill.{}.{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = folder.join(name);
            let file = match options.open(&path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                opened => opened.map_err(fail)?,
            };
            #[cfg(unix)]
            {
                std::fs::remove_file(&path).map_err(fail)?;
                return Ok(Self { file, length: 0, folder: folder.to_owned() });
            }
            #[cfg(not(unix))]
            return Ok(Self { file, length: 0, folder: folder.to_owned(), path });
        }
        Err(fail(io::ErrorKind::AlreadyExists.into()))
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether nothing was written.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Writes at the end.
    ///
    /// # Errors
    /// The disk is full, or the file system's own.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = write_at(&self.file, self.length, bytes);
        written.map_err(|e| self.failed(&e))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Fills `bytes` from a position.
    ///
    /// # Errors
    /// The file is shorter, or the file system's own.
    pub fn read_at(&self, position: u64, bytes: &mut [u8]) -> Result<(), Error> {
        read_at(&self.file, position, bytes).map_err(|e| self.failed(&e))
    }

    fn failed(&self, e: &io::Error) -> Error {
        let gib = self.length as f64 / f64::from(1 << 30);
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Error::at(&self.folder, format!("no space is left for a temporary file of more than {gib:.1} GiB"))
                    .cause(e)
                    .hint("set `TMPDIR` to a folder with more space, or check fewer rows at a time")
            }
            _ => Error::at(&self.folder, "the temporary file cannot be written or read").cause(e),
        }
    }
}

#[cfg(not(unix))]
impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is in nobody's way.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn folder() -> PathBuf {
    let usual = Path::new("/var/tmp");
    match super::env("TMPDIR") {
        Some(folder) => folder.into(),
        None if cfg!(unix) && usual.is_dir() => usual.into(),
        None => std::env::temp_dir(),
    }
}

#[cfg(unix)]
fn read_at(file: &File, position: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, position)
}

#[cfg(unix)]
fn write_at(file: &File, position: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, position)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, position: u64, bytes: &mut [u8]) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(position))?;
    io::Read::read_exact(&mut file, bytes)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, position: u64, bytes: &[u8]) -> io::Result<()> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(position))?;
    io::Write::write_all(&mut file, bytes)
}

/// Bytes of one run that are read at a time, at the least.
const PIECE: usize = 4096;

/// Sorts any number of records of `N` numbers in bounded memory: what exceeds the budget goes to a [`Scratch`] as
/// sorted runs, which are merged at the end. Records are ordered by their first number, then by the second, and so on;
/// equal records are all kept.
///
/// Memory: the budget, and 4 KiB per run while merging where that is more. Disk: `8·N` bytes per record once the
/// budget is spent, nothing before.
#[derive(Debug)]
pub struct Sorter<const N: usize> {
    most: usize,
    buffer: Vec<[u64; N]>,
    scratch: Option<Scratch>,
    /// Where each run ends, in bytes.
    runs: Vec<u64>,
    records: u64,
}

impl<const N: usize> Sorter<N> {
    const BYTES: usize = 8 * N;

    /// `budget` is in bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        let most = (budget / Self::BYTES.max(1)).max(16);
        Self { most, buffer: Vec::new(), scratch: None, runs: Vec::new(), records: 0 }
    }

    /// Adds one record.
    ///
    /// # Errors
    /// The temporary file cannot be made or written, as when the disk is full.
    pub fn push(&mut self, record: [u64; N]) -> Result<(), Error> {
        if self.buffer.len() == self.most {
            self.spill()?;
        } else if self.buffer.len() == self.buffer.capacity() {
            // Doubling, but never past the budget.
            let more = self.buffer.len().clamp(64, 1 << 20).min(self.most - self.buffer.len());
            self.buffer.reserve_exact(more);
        }
        self.buffer.push(record);
        self.records += 1;
        Ok(())
    }

    /// Records added.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.records
    }

    /// Whether none was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records == 0
    }

    fn spill(&mut self) -> Result<(), Error> {
        const WRITE: usize = 4096;
        self.buffer.sort_unstable();
        let scratch = match &mut self.scratch {
            Some(scratch) => scratch,
            empty => empty.insert(Scratch::new()?),
        };
        let mut bytes = Vec::with_capacity(WRITE * Self::BYTES);
        for records in self.buffer.chunks(WRITE) {
            bytes.clear();
            for number in records.iter().flatten() {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            scratch.append(&bytes)?;
        }
        self.runs.push(scratch.len());
        self.buffer.clear();
        Ok(())
    }

    /// All records in order.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(mut self) -> Result<Sorted<N>, Error> {
        if self.scratch.is_some() {
            self.spill()?;
            self.buffer = Vec::new();
        } else {
            self.buffer.sort_unstable();
        }
        let Some(scratch) = self.scratch else {
            return Ok(Sorted { source: Source::Memory(self.buffer.into_iter()), ahead: None, failed: false });
        };
        let piece = self.most / self.runs.len().max(1) * Self::BYTES;
        let piece = piece.clamp(PIECE, 1 << 20) / Self::BYTES.max(1) * Self::BYTES;
        let mut merge = Merge { scratch, runs: Vec::with_capacity(self.runs.len()), heap: BinaryHeap::new() };
        let mut start = 0;
        for (at, end) in self.runs.into_iter().enumerate() {
            let mut run = Run { position: start, end, piece, bytes: Vec::new(), at: 0 };
            if let Some(record) = run.next(&merge.scratch)? {
                merge.heap.push(Reverse((record, at)));
            }
            merge.runs.push(run);
            start = end;
        }
        Ok(Sorted { source: Source::Disk(merge), ahead: None, failed: false })
    }
}

/// The records of a [`Sorter`] in order, one by one or in groups. After an error there is nothing more.
#[derive(Debug)]
pub struct Sorted<const N: usize> {
    source: Source<N>,
    /// The first record of the next group.
    ahead: Option<[u64; N]>,
    failed: bool,
}

#[derive(Debug)]
enum Source<const N: usize> {
    Memory(std::vec::IntoIter<[u64; N]>),
    Disk(Merge<N>),
}

impl<const N: usize> Sorted<N> {
    /// The next records whose first number is the same: the first `most` of them in order, and how many there are.
    /// `None` when there are no more. `group` is emptied first.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn group(&mut self, most: usize, group: &mut Vec<[u64; N]>) -> Result<Option<u64>, Error> {
        group.clear();
        let Some(first) = self.next().transpose()? else { return Ok(None) };
        let mut count = 0;
        let mut record = first;
        loop {
            if group.len() < most {
                group.push(record);
            }
            count += 1;
            match self.next().transpose()? {
                Some(next) if next.first() == first.first() => record = next,
                other => {
                    self.ahead = other;
                    return Ok(Some(count));
                }
            }
        }
    }
}

impl<const N: usize> Iterator for Sorted<N> {
    type Item = Result<[u64; N], Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.ahead.take() {
            return Some(Ok(record));
        }
        if self.failed {
            return None;
        }
        let next = match &mut self.source {
            Source::Memory(records) => return records.next().map(Ok),
            Source::Disk(merge) => merge.next(),
        };
        self.failed = next.is_err();
        next.transpose()
    }
}

#[derive(Debug)]
struct Merge<const N: usize> {
    scratch: Scratch,
    runs: Vec<Run>,
    /// The first record of each run that is not used up.
    heap: BinaryHeap<Reverse<([u64; N], usize)>>,
}

impl<const N: usize> Merge<N> {
    fn next(&mut self) -> Result<Option<[u64; N]>, Error> {
        let Some(mut top) = self.heap.peek_mut() else { return Ok(None) };
        let Reverse((record, at)) = *top;
        match self.runs[at].next(&self.scratch)? {
            Some(next) => *top = Reverse((next, at)),
            None => drop(PeekMut::pop(top)),
        }
        Ok(Some(record))
    }
}

/// One sorted run, read a piece at a time.
#[derive(Debug)]
struct Run {
    position: u64,
    end: u64,
    piece: usize,
    bytes: Vec<u8>,
    at: usize,
}

impl Run {
    fn next<const N: usize>(&mut self, scratch: &Scratch) -> Result<Option<[u64; N]>, Error> {
        if self.at == self.bytes.len() {
            let left = self.end - self.position;
            if left == 0 {
                return Ok(None);
            }
            self.bytes.resize(usize::try_from(left).unwrap_or(usize::MAX).min(self.piece), 0);
            scratch.read_at(self.position, &mut self.bytes)?;
            self.position += self.bytes.len() as u64;
            self.at = 0;
        }
        let mut record = [0; N];
        for (number, bytes) in record.iter_mut().zip(self.bytes[self.at..].as_chunks::<8>().0) {
            *number = u64::from_le_bytes(*bytes);
        }
        self.at += 8 * N;
        Ok(Some(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: u64, kinds: u64) -> Vec<[u64; 2]> {
        let mix = |x: u64| (x ^ (x >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(29);
        (0..n).map(|i| [mix(i) % kinds, mix(i ^ 0x5555)]).collect()
    }

    fn sorted(records: &[[u64; 2]], budget: usize) -> Vec<[u64; 2]> {
        let mut sorter = Sorter::new(budget);
        records.iter().for_each(|r| sorter.push(*r).unwrap());
        assert_eq!(sorter.len(), records.len() as u64);
        sorter.finish().unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn on_disk_the_order_is_that_of_memory() {
        for (n, kinds) in [(0, 1), (1, 1), (5000, 7), (5000, u64::MAX), (4096, 1)] {
            let records = numbers(n, kinds);
            let mut expected = records.clone();
            expected.sort_unstable();
            for budget in [0, 1000, 16 * 4096, 1 << 30] {
                assert_eq!(sorted(&records, budget), expected, "{n} {kinds} {budget}");
            }
        }
    }

    #[test]
    fn groups_are_whole_and_capped() {
        for budget in [512, 1 << 20] {
            let mut sorter = Sorter::new(budget);
            for record in [[7, 3], [1, 9], [7, 1], [7, 2], [u64::MAX, 0]].iter().cycle().take(500) {
                sorter.push(*record).unwrap();
            }
            let (mut sorted, mut group) = (sorter.finish().unwrap(), vec![[0; 2]]);
            assert_eq!(sorted.group(2, &mut group).unwrap(), Some(100));
            assert_eq!(group, [[1, 9], [1, 9]]);
            assert_eq!(sorted.group(101, &mut group).unwrap(), Some(300));
            assert_eq!((group.len(), group[99], group[100]), (101, [7, 1], [7, 2]));
            assert_eq!(sorted.group(1000, &mut group).unwrap(), Some(100));
            assert_eq!(group.len(), 100);
            assert_eq!(sorted.group(1, &mut group).unwrap(), None);
            assert!(group.is_empty() && sorted.next().is_none());
        }
    }

    #[test]
    fn a_file_is_read_where_it_was_written_and_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut scratch = Scratch::within(folder.path()).unwrap();
        scratch.append(b"abc").unwrap();
        scratch.append(b"defg").unwrap();
        let mut bytes = [0; 3];
        scratch.read_at(2, &mut bytes).unwrap();
        assert_eq!((&bytes, scratch.len()), (b"cde", 7));
        assert!(scratch.read_at(5, &mut bytes).is_err(), "past the end");
        if cfg!(unix) {
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        drop(scratch);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let missing = folder.path().join("missing");
        let error = Scratch::within(&missing).unwrap_err().render();
        assert!(error.contains("missing") && error.contains("TMPDIR"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_said_to_be_full() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let full = Scratch { file, length: 3 << 30, folder: "/somewhere".into() };
        let mut sorter = Sorter::<2> { scratch: Some(full), ..Sorter::new(16 * 100) };
        let pushed = (0..101).map(|i| sorter.push([i, i])).find_map(Result::err);
        let error = pushed.unwrap().render();
        assert!(error.contains("no space is left") && error.contains("3.0 GiB"), "{error}");
    }
}
