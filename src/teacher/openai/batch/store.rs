//! Open batches on disk, in the same SQLite file as the answers: a batch that was paid for is not forgotten.
//!
//! A record is written before anything is sent and goes when the batch's answers are stored. It holds hashes and the
//! service's ids; no key, address or prompt.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::super::cache::{CacheError, classify};
use super::super::ladder::Shape;
use crate::id::ContentHash;

/// The service keeps the files of a batch for a month; a record older than that leads nowhere.
const OLDEST: Duration = Duration::from_hours(30 * 24);

/// A batch as it is remembered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// Our own name for it, sent along as metadata.
    pub(super) tag: String,
    /// What its requests looked like.
    pub(super) shape: Shape,
    /// What it may cost at most.
    pub(super) worst_usd: f64,
    /// The uploaded file, once there is one.
    pub(super) input_file: Option<String>,
    /// The service's id, once there is one.
    pub(super) id: Option<String>,
    /// Seconds since 1970.
    pub(super) created_at: u64,
    /// The requests in it.
    pub(super) requests: Vec<ContentHash>,
}

/// What becomes of requests that are about to be sent.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Batches, of this process or of an earlier one, that hold some of them.
    pub(super) open: Vec<Record>,
    /// Those in no batch.
    pub(super) free: Vec<ContentHash>,
}

/// The records. Cheap to clone; clones share one connection.
#[derive(Clone)]
pub(super) struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the records beside the answers at `path`, which the cache has made.
    pub(super) fn open(path: &Path) -> Result<Self, CacheError> {
        let connection = Self::prepare(path).map_err(|e| classify(path, &e))?;
        Ok(Self(Arc::new(Inner { path: path.to_owned(), connection: Mutex::new(connection) })))
    }

    fn prepare(path: &Path) -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // A request is in one open batch at most: the primary key holds that also between processes.
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS batch (
                tag TEXT PRIMARY KEY,
                shape INTEGER NOT NULL,
                worst_usd REAL NOT NULL,
                created_at INTEGER NOT NULL,
                input_file TEXT,
                id TEXT
            ) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS batch_request (
                request TEXT PRIMARY KEY,
                tag TEXT NOT NULL
            ) WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS batch_request_tag ON batch_request (tag);",
        )?;
        let oldest = seconds_now().saturating_sub(OLDEST.as_secs());
        connection.execute("DELETE FROM batch WHERE created_at < ?1", [oldest.cast_signed()])?;
        connection.execute("DELETE FROM batch_request WHERE tag NOT IN (SELECT tag FROM batch)", [])?;
        Ok(connection)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, CacheError> {
        let mut connection = self.0.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|e| classify(&self.0.path, &e))
    }

    /// Which of `requests` are in an open batch already, and in which.
    pub(super) fn look_up(&self, requests: &[ContentHash]) -> Result<Known, CacheError> {
        self.with(|connection| {
            let (mut known, mut tags) = (Known::default(), BTreeSet::new());
            let mut find = connection.prepare_cached("SELECT tag FROM batch_request WHERE request = ?1")?;
            for request in requests {
                match find.query_row([request.as_str()], |row| row.get::<_, String>(0)).optional()? {
                    Some(tag) => drop(tags.insert(tag)),
                    None => known.free.push(request.clone()),
                }
            }
            drop(find);
            for tag in tags {
                known.open.extend(read(connection, &tag)?);
            }
            Ok(known)
        })
    }

    /// Remembers a batch that is about to be made. `false`, and nothing written, when another process was quicker with
    /// one of its requests.
    pub(super) fn begin(&self, record: &Record) -> Result<bool, CacheError> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute(
                "INSERT INTO batch (tag, shape, worst_usd, created_at) VALUES (?1, ?2, ?3, ?4)",
                params![record.tag, record.shape.code(), record.worst_usd, record.created_at.cast_signed()],
            )?;
            {
                let mut insert =
                    transaction.prepare_cached("INSERT OR IGNORE INTO batch_request (request, tag) VALUES (?1, ?2)")?;
                for request in &record.requests {
                    if insert.execute([request.as_str(), &record.tag])? == 0 {
                        // Dropping the transaction takes everything back.
                        return Ok(false);
                    }
                }
            }
            transaction.commit()?;
            Ok(true)
        })
    }

    /// Remembers the uploaded file.
    pub(super) fn uploaded(&self, tag: &str, file: &str) -> Result<(), CacheError> {
        self.with(|c| c.execute("UPDATE batch SET input_file = ?2 WHERE tag = ?1", [tag, file]).map(drop))
    }

    /// Remembers the service's id.
    pub(super) fn created(&self, tag: &str, id: &str) -> Result<(), CacheError> {
        self.with(|c| c.execute("UPDATE batch SET id = ?2 WHERE tag = ?1", [tag, id]).map(drop))
    }

    /// What is known of a batch now; `None` once it is done.
    pub(super) fn get(&self, tag: &str) -> Result<Option<Record>, CacheError> {
        self.with(|connection| read(connection, tag))
    }

    /// Forgets a batch: its answers are stored, or it never was one.
    pub(super) fn forget(&self, tag: &str) -> Result<(), CacheError> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM batch_request WHERE tag = ?1", [tag])?;
            transaction.execute("DELETE FROM batch WHERE tag = ?1", [tag])?;
            transaction.commit()
        })
    }

    /// The right to make a batch, or `None` while another process is at it. The system gives it back when the process
    /// dies, so that a record without an id belongs to nobody alive once this was had.
    pub(super) fn try_making(&self) -> Result<Option<File>, CacheError> {
        let mut path = self.0.path.clone().into_os_string();
        path.push(".batch-lock");
        let unusable = |e: std::io::Error| CacheError::Unusable { path: PathBuf::from(&path), cause: e.to_string() };
        let file = File::options().append(true).create(true).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            // A file system without locks: then there is nobody to wait for.
            Ok(()) | Err(std::fs::TryLockError::Error(_)) => Ok(Some(file)),
        }
    }
}

fn read(connection: &Connection, tag: &str) -> rusqlite::Result<Option<Record>> {
    let mut query =
        connection.prepare_cached("SELECT shape, worst_usd, created_at, input_file, id FROM batch WHERE tag = ?1")?;
    let record = query.query_row([tag], |row| {
        Ok(Record {
            tag: tag.to_owned(),
            shape: Shape::from_code(row.get(0)?),
            worst_usd: row.get(1)?,
            created_at: row.get::<_, i64>(2)?.cast_unsigned(),
            input_file: row.get(3)?,
            id: row.get(4)?,
            requests: Vec::new(),
        })
    });
    let Some(mut record) = record.optional()? else { return Ok(None) };
    let mut query = connection.prepare_cached("SELECT request FROM batch_request WHERE tag = ?1")?;
    let requests = query.query_map([tag], |row| row.get::<_, String>(0))?;
    for request in requests {
        record.requests.extend(serde_json::from_value::<ContentHash>(request?.into()).ok());
    }
    Ok(Some(record))
}

/// Seconds since 1970.
pub(super) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::openai::ResponseCache;
    use crate::teacher::openai::settings::Endpoint;

    fn record(tag: &str, requests: &[&str], created_at: u64) -> Record {
        let endpoint = Endpoint { base_url: String::new(), is_loopback: true, is_openai: false };
        let mut requests: Vec<ContentHash> = requests.iter().map(|r| ContentHash::of(r.as_bytes())).collect();
        requests.sort();
        let shape = Shape::first(&endpoint);
        Record { tag: tag.to_owned(), shape, worst_usd: 0.5, input_file: None, id: None, created_at, requests }
    }

    #[test]
    fn records_outlive_the_process_and_hold_each_request_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        drop(ResponseCache::open(&path).unwrap());
        let store = Store::open(&path).unwrap();
        let now = seconds_now();
        let mut first = record("one", &["a", "b"], now);
        assert!(store.begin(&first).unwrap());
        assert!(!store.begin(&record("two", &["c", "b"], now)).unwrap(), "b is in a batch");
        store.uploaded("one", "file-1").unwrap();
        store.created("one", "batch-1").unwrap();
        (first.input_file, first.id) = (Some("file-1".into()), Some("batch-1".into()));

        let again = Store::open(&path).unwrap();
        let asked = [ContentHash::of(b"a"), ContentHash::of(b"c")];
        let known = again.look_up(&asked).unwrap();
        assert_eq!((known.open.as_slice(), known.free.as_slice()), (&[first.clone()][..], &asked[1..]));
        assert_eq!(again.get("one").unwrap(), Some(first));
        again.forget("one").unwrap();
        assert_eq!(store.look_up(&asked).unwrap().free.len(), 2);
        assert_eq!(store.get("one").unwrap(), None);

        assert!(store.begin(&record("old", &["a"], now - OLDEST.as_secs() - 9)).unwrap());
        assert_eq!(store.look_up(&asked).unwrap().open.len(), 1);
        let later = Store::open(&path).unwrap();
        assert_eq!(later.look_up(&asked).unwrap().free.len(), 2, "its files are gone");
    }

    #[test]
    fn one_process_at_a_time_makes_a_batch() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        drop(ResponseCache::open(&path).unwrap());
        let [one, two] = [(); 2].map(|()| Store::open(&path).unwrap());
        let held = one.try_making().unwrap();
        assert!(held.is_some() && two.try_making().unwrap().is_none());
        drop(held);
        assert!(two.try_making().unwrap().is_some());
    }
}
