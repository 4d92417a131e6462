//! The response cache: an answered request is never sent, and never paid, again.
//!
//! One SQLite file, keyed by request hash, that several processes may share. Only finished answers are in it, never
//! errors, cut answers or refusals, and no key, address or prompt.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use tokio::sync::{Mutex as AsyncMutex, oneshot};

use crate::id::ContentHash;
use crate::teacher::{Completion, TeacherError};

const VERSION: i64 = 1;

/// Why the cache could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The file is no SQLite database, or a damaged one.
    #[error("response cache `{}` is damaged: {cause}", path.display())]
    Damaged {
        /// The cache file.
        path: PathBuf,
        /// What SQLite said.
        cause: String,
    },
    /// A later `distill` wrote it.
    #[error("response cache `{}` has format {found}, and this `distill` knows up to {VERSION}", path.display())]
    Newer {
        /// The cache file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// No space left.
    #[error("no space left to store an answer in response cache `{}`", path.display())]
    Full {
        /// The cache file.
        path: PathBuf,
    },
    /// Anything else: no permission, a folder in its place, a lock that is never released.
    #[error("response cache `{}`: {cause}", path.display())]
    Unusable {
        /// The cache file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
}

impl CacheError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Damaged { path, .. } => {
                format!(
                    "move `{}` away and run again: a new one is started, stored rows are not affected",
                    path.display()
                )
            }
            Self::Newer { .. } => "use the newer `distill`, or move the file away".to_owned(),
            Self::Full { .. } => {
                "make space and run the same command again: all answers stored so far are kept".to_owned()
            }
            Self::Unusable { .. } => "check that the file and its folder can be written, by one user".to_owned(),
        }
    }
}

impl From<CacheError> for TeacherError {
    fn from(error: CacheError) -> Self {
        // Going on without the cache would pay for answers that a second run pays for again.
        Self::Fatal { reason: error.to_string(), hint: error.hint() }
    }
}

/// Finished answers by request hash. Cheap to clone; clones share two connections, one that reads and one that
/// writes.
#[derive(Clone)]
pub struct ResponseCache(Arc<Inner>);

struct Inner {
    path: PathBuf,
    connection: Mutex<Connection>,
    writer: Writer,
    in_flight: Mutex<HashMap<ContentHash, Weak<AsyncMutex<()>>>>,
}

/// An answer to store, and whom to tell that it is on disk.
struct Entry {
    request: ContentHash,
    model: String,
    completion: String,
    done: Done,
}

/// Told once, when an answer is on disk or cannot be.
type Done = Box<dyn FnOnce(Result<(), CacheError>) + Send>;

/// The thread that writes. A commit waits for the disk; all answers that come in meanwhile go into the next one
/// together, so that a hundred a second need not wait for a hundred commits one after the other.
struct Writer {
    entries: Option<mpsc::Sender<Entry>>,
    thread: Option<JoinHandle<()>>,
    #[cfg(test)]
    connection: Arc<Mutex<Connection>>,
}

impl Writer {
    /// As many go into one commit.
    const MOST_TOGETHER: usize = 256;

    fn start(path: &Path, connection: Connection) -> Result<Self, CacheError> {
        let connection = Arc::new(Mutex::new(connection));
        let (entries, incoming) = mpsc::channel();
        let (shared, place) = (Arc::clone(&connection), path.to_owned());
        let thread = std::thread::Builder::new().name("response-cache".to_owned());
        let thread = thread
            .spawn(move || Self::work(&incoming, &shared, &place))
            .map_err(|e| CacheError::Unusable { path: path.to_owned(), cause: e.to_string() })?;
        Ok(Self {
            entries: Some(entries),
            thread: Some(thread),
            #[cfg(test)]
            connection,
        })
    }

    fn work(incoming: &mpsc::Receiver<Entry>, connection: &Mutex<Connection>, path: &Path) {
        while let Ok(first) = incoming.recv() {
            let mut together = vec![first];
            together.extend(incoming.try_iter().take(Self::MOST_TOGETHER - 1));
            let mut connection = locked(connection);
            match Self::commit(&mut connection, &together) {
                Ok(()) => {
                    for entry in together {
                        (entry.done)(Ok(()));
                    }
                }
                // One that does not fit must not spoil the others.
                Err(_) => {
                    for entry in together {
                        let stored = Self::commit(&mut connection, std::slice::from_ref(&entry));
                        (entry.done)(stored.map_err(|e| classify(path, &e)));
                    }
                }
            }
        }
    }

    fn commit(connection: &mut Connection, entries: &[Entry]) -> rusqlite::Result<()> {
        // The lock is taken at the start: a lock that is taken later, for writing, is refused at once when another
        // process has written meanwhile.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO response (request, completion, model) VALUES (?1, ?2, ?3)")?;
            for entry in entries {
                insert.execute(params![entry.request.as_str(), entry.completion, entry.model])?;
            }
        }
        transaction.commit()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Ends the thread once all is written.
        self.entries = None;
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ResponseCache {
    /// Opens the cache at `path`, making it and its folder if there is none.
    ///
    /// # Errors
    /// [`CacheError`] when the file cannot be made, read or understood.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        let unusable = |e: std::io::Error| CacheError::Unusable { path: path.to_owned(), cause: e.to_string() };
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(unusable)?;
        }
        create_private(path).map_err(unusable)?;
        let connection = Self::prepare(path).map_err(|e| classify(path, &e))?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
        let found = found.map_err(|e| classify(path, &e))?;
        if found > VERSION {
            return Err(CacheError::Newer { path: path.to_owned(), found });
        }
        Self::create_table(&connection).map_err(|e| classify(path, &e))?;
        let writer = Writer::start(path, Self::prepare(path).map_err(|e| classify(path, &e))?)?;
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            connection: Mutex::new(connection),
            writer,
            in_flight: Mutex::default(),
        })))
    }

    fn prepare(path: &Path) -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        // WAL lets everybody read while one writes. FULL syncs at every commit, so that a stored answer also survives
        // a power cut; that costs a few milliseconds beside a request of seconds.
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    }

    fn create_table(connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS response (
                request TEXT PRIMARY KEY,
                completion TEXT NOT NULL,
                model TEXT NOT NULL,
                created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
            ) WITHOUT ROWID",
        )?;
        connection.pragma_update(None, "user_version", VERSION)
    }

    /// The answer to a request, if there is one.
    ///
    /// # Errors
    /// [`CacheError`] when the file cannot be read.
    pub fn get(&self, request: &ContentHash) -> Result<Option<Completion>, CacheError> {
        let connection = locked(&self.0.connection);
        let mut query = connection
            .prepare_cached("SELECT completion FROM response WHERE request = ?1")
            .map_err(|e| classify(&self.0.path, &e))?;
        let found: Option<String> =
            query.query_row([request.as_str()], |row| row.get(0)).optional().map_err(|e| classify(&self.0.path, &e))?;
        // An entry that does not parse was written by other means; asking again replaces it.
        let found: Option<Completion> = found.and_then(|json| serde_json::from_str(&json).ok());
        Ok(found.map(|completion| Completion { cached: true, ..completion }))
    }

    /// Stores an answer; it is on disk when this returns. Blocks the thread: async code has [`ResponseCache::store`].
    ///
    /// # Errors
    /// [`CacheError`] when the file cannot be written.
    pub fn put(&self, request: &ContentHash, model: &str, completion: &Completion) -> Result<(), CacheError> {
        let (done, written) = mpsc::sync_channel(1);
        // Whoever does not wait any more does not have to be told.
        self.hand_over(request, model, completion, Box::new(move |result| drop(done.send(result))))?;
        written.recv().unwrap_or_else(|_| Err(self.stopped()))
    }

    /// Stores an answer; it is on disk when this returns.
    ///
    /// # Errors
    /// As [`ResponseCache::put`].
    pub async fn store(&self, request: &ContentHash, model: &str, completion: &Completion) -> Result<(), CacheError> {
        let (done, written) = oneshot::channel();
        self.hand_over(request, model, completion, Box::new(move |result| drop(done.send(result))))?;
        written.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    fn hand_over(
        &self,
        request: &ContentHash,
        model: &str,
        completion: &Completion,
        done: Done,
    ) -> Result<(), CacheError> {
        let completion = serde_json::to_string(completion)
            .map_err(|e| CacheError::Unusable { path: self.0.path.clone(), cause: e.to_string() })?;
        let entry = Entry { request: request.clone(), model: model.to_owned(), completion, done };
        let entries = self.0.writer.entries.as_ref().ok_or_else(|| self.stopped())?;
        entries.send(entry).map_err(|_| self.stopped())
    }

    fn stopped(&self) -> CacheError {
        CacheError::Unusable { path: self.0.path.clone(), cause: "the thread that writes has stopped".to_owned() }
    }

    /// Stores many answers in one go: one wait for the disk. Either all of them are on disk when this returns, or none.
    pub(super) fn put_all<'a>(
        &self,
        answers: impl Iterator<Item = (&'a ContentHash, &'a Completion)>,
        model: &str,
    ) -> Result<(), CacheError> {
        let unusable = |e: serde_json::Error| CacheError::Unusable { path: self.0.path.clone(), cause: e.to_string() };
        let rows = answers.map(|(request, c)| Ok((request, serde_json::to_string(c).map_err(unusable)?)));
        let rows = rows.collect::<Result<Vec<_>, CacheError>>()?;
        let mut connection = self.0.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut store = || {
            let transaction = connection.transaction()?;
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO response (request, completion, model) VALUES (?1, ?2, ?3)")?;
            for (request, json) in &rows {
                insert.execute(params![request.as_str(), json, model])?;
            }
            drop(insert);
            transaction.commit()
        };
        store().map_err(|e| classify(&self.0.path, &e))
    }

    /// How many answers are stored.
    ///
    /// # Errors
    /// [`CacheError`] when the file cannot be read.
    pub fn len(&self) -> Result<u64, CacheError> {
        let connection = locked(&self.0.connection);
        let count = connection.query_row("SELECT count(*) FROM response", [], |row| row.get::<_, i64>(0));
        count.map(|n| u64::try_from(n).unwrap_or(0)).map_err(|e| classify(&self.0.path, &e))
    }

    /// Whether no answer is stored.
    ///
    /// # Errors
    /// [`CacheError`] when the file cannot be read.
    pub fn is_empty(&self) -> Result<bool, CacheError> {
        Ok(self.len()? == 0)
    }

    /// A lock to hold while a request is looked up, sent and stored: two equal requests at the same moment (the same
    /// paragraph in two documents) are paid once.
    pub(super) fn exclusive(&self, request: &ContentHash) -> Arc<AsyncMutex<()>> {
        let mut in_flight = locked(&self.0.in_flight);
        in_flight.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = in_flight.get(request).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(AsyncMutex::new(()));
        in_flight.insert(request.clone(), Arc::downgrade(&lock));
        lock
    }
}

/// Makes an empty file that only its owner can read, since answers are about a person; SQLite gives its side files
/// the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

pub(super) fn classify(path: &Path, error: &rusqlite::Error) -> CacheError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            CacheError::Damaged { path, cause: error.to_string() }
        }
        Some(ErrorCode::DiskFull) => CacheError::Full { path },
        _ => CacheError::Unusable { path, cause: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::teacher::{Finish, Usage};

    fn answer(text: &str) -> Completion {
        let usage = Usage { prompt_tokens: 3, completion_tokens: 4, cost_usd: 0.25 };
        Completion { text: text.to_owned(), finish: Finish::Stop, usage, cached: false }
    }

    #[test]
    fn answers_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/cache.db");
        let key = ContentHash::of(b"request");
        let cache = ResponseCache::open(&path).unwrap();
        assert_eq!(cache.get(&key).unwrap(), None);
        cache.put(&key, "m", &answer("one")).unwrap();
        cache.put(&key, "m", &answer("two")).unwrap();
        // Still open: a second process reads at the same time, and finds all that `put` returned for.
        let two = Completion { cached: true, ..answer("two") };
        assert_eq!(ResponseCache::open(&path).unwrap().get(&key).unwrap(), Some(two));
        assert_eq!(cache.len().unwrap(), 1);
        let created: String =
            cache.0.connection.lock().unwrap().query_row("SELECT created_at FROM response", [], |r| r.get(0)).unwrap();
        assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
        #[cfg(unix)]
        for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&file.as_ref().unwrap().metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "{file:?}");
        }
    }

    #[test]
    fn a_foreign_or_damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        std::fs::write(&path, "This is a text file and no database, whatever its name says. ".repeat(40)).unwrap();
        let error = ResponseCache::open(&path).err().unwrap();
        assert!(matches!(&error, CacheError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("cache.db") && error.hint().contains("cache.db"));

        let path = folder.path().join("later.db");
        drop(ResponseCache::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
        assert!(matches!(ResponseCache::open(&path), Err(CacheError::Newer { found: 7, .. })));

        assert!(matches!(ResponseCache::open(folder.path()), Err(CacheError::Unusable { .. })));
    }

    #[test]
    fn damage_inside_the_file_is_an_error_and_not_a_miss() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        let keys: Vec<_> = (0..200_u32).map(|n| ContentHash::of(&n.to_le_bytes())).collect();
        let cache = ResponseCache::open(&path).unwrap();
        for key in &keys {
            cache.put(key, "m", &answer(&"long ".repeat(200))).unwrap();
        }
        drop(cache);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[8192..].fill(0xAA);
        std::fs::write(&path, bytes).unwrap();
        let cache = ResponseCache::open(&path).unwrap();
        let damaged = keys.iter().filter(|k| matches!(cache.get(k), Err(CacheError::Damaged { .. }))).count();
        assert!(damaged > 0);
    }

    #[test]
    fn a_full_disk_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ResponseCache::open(&folder.path().join("cache.db")).unwrap();
        let writer = cache.0.writer.connection.lock().unwrap();
        writer.pragma_update_and_check(None, "max_page_count", 4, |_| Ok(())).unwrap();
        drop(writer);
        let big = answer(&"x".repeat(100_000));
        let error = cache.put(&ContentHash::of(b"1"), "m", &big).err().unwrap();
        assert!(matches!(error, CacheError::Full { .. }), "{error}");
        cache.put(&ContentHash::of(b"2"), "m", &answer("small")).unwrap();
    }

    #[test]
    fn answers_that_come_together_share_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.db");
        // Two processes, as it were, that write at the same time.
        let caches = [ResponseCache::open(&path).unwrap(), ResponseCache::open(&path).unwrap()];
        let key = |n: u32| ContentHash::of(&n.to_le_bytes());
        let start = std::time::Instant::now();
        std::thread::scope(|scope| {
            for n in 0..32 {
                let cache = &caches[n as usize % 2];
                scope.spawn(move || {
                    for i in 0..20 {
                        cache.put(&key(n * 100 + i), "m", &answer("{}")).unwrap();
                        // On disk: another connection sees it.
                        assert!(caches_see(cache, &key(n * 100 + i)));
                    }
                });
            }
        });
        println!("640 answers in {:?}", start.elapsed());
        drop(caches);
        assert_eq!(ResponseCache::open(&path).unwrap().len().unwrap(), 640);
    }

    fn caches_see(cache: &ResponseCache, key: &ContentHash) -> bool {
        cache.get(key).unwrap().is_some()
    }

    #[test]
    fn one_that_does_not_fit_does_not_spoil_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ResponseCache::open(&folder.path().join("cache.db")).unwrap();
        let writer = cache.0.writer.connection.lock().unwrap();
        writer.pragma_update_and_check(None, "max_page_count", 4, |_| Ok(())).unwrap();
        // All wait for the lock, so that they come in together.
        let stored: Vec<bool> = std::thread::scope(|scope| {
            let puts: Vec<_> = (0..4_u8)
                .map(|n| {
                    let cache = cache.clone();
                    let text = if n == 2 { "x".repeat(100_000) } else { "small".to_owned() };
                    scope.spawn(move || cache.put(&ContentHash::of(&[n]), "m", &answer(&text)).is_ok())
                })
                .collect();
            std::thread::sleep(Duration::from_millis(100));
            drop(writer);
            puts.into_iter().map(|p| p.join().unwrap()).collect()
        });
        assert_eq!(stored, [true, true, false, true]);
    }
}
