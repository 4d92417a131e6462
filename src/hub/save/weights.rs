//! Weight files written by all cores at once: every piece goes straight to its place.

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::{Map, Value, json};

use crate::hub::files::write_json;
use crate::hub::{HubError, LlamaConfig};

/// Bytes of bf16 that are made and written at a time.
const PIECE: usize = 4 << 20;

/// Pieces for every thread before they wait for each other and progress is told.
const PIECES_PER_THREAD: usize = 8;

/// What makes the rows of tensors.
pub trait Rows<E>: Sync {
    /// Called once for every tensor before its rows are asked for, in the order of the files and by one thread: the
    /// place for what is made of a whole tensor, with all threads.
    ///
    /// # Errors
    /// Ends the writing.
    fn prepare(&self, name: &str) -> Result<(), E> {
        let _ = name;
        Ok(())
    }

    /// Writes little-endian bf16, row-major, over the buffer. A vector is one row. Called by several threads, for every
    /// row once, in no order.
    ///
    /// # Errors
    /// Ends the writing.
    fn rows(&self, name: &str, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), E>;
}

impl<E, F: Fn(&str, Range<usize>, &mut Vec<u8>) -> Result<(), E> + Sync> Rows<E> for F {
    fn rows(&self, name: &str, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), E> {
        self(name, rows, out)
    }
}

/// Tensors of one weight file, in order, with their shapes.
pub(super) struct Shard {
    pub(super) file: String,
    pub(super) tensors: Vec<(String, Vec<usize>)>,
}

/// Shares the tensors of a model out to files of at most `max_bytes` as bf16; a larger tensor has one to itself.
///
/// Names are those that transformers, vLLM and llama.cpp's converter look for.
pub(super) fn shards(config: &LlamaConfig, max_bytes: Option<u64>) -> Vec<Shard> {
    let mut parts: Vec<Vec<(String, Vec<usize>)>> = vec![Vec::new()];
    let mut filled = 0;
    for (name, shape) in config.expected_tensors() {
        let bytes = bf16_bytes(&shape);
        if max_bytes.is_some_and(|limit| filled > 0 && filled + bytes > limit) {
            parts.push(Vec::new());
            filled = 0;
        }
        filled += bytes;
        if let Some(part) = parts.last_mut() {
            part.push((name, shape));
        }
    }
    let count = parts.len();
    let name = |nth: usize| match count {
        1 => "model.safetensors".to_owned(),
        _ => format!("model-{:05}-of-{count:05}.safetensors", nth + 1),
    };
    parts.into_iter().enumerate().map(|(nth, tensors)| Shard { file: name(nth), tensors }).collect()
}

/// Writes `model.safetensors.index.json` if there is more than one file.
pub(super) fn write_index(dir: &Path, shards: &[Shard]) -> Result<(), HubError> {
    if shards.len() < 2 {
        return Ok(());
    }
    let mut weight_map = Map::new();
    let mut total = 0;
    for shard in shards {
        for (name, shape) in &shard.tensors {
            total += bf16_bytes(shape);
            weight_map.insert(name.clone(), json!(shard.file));
        }
    }
    let index = json!({"metadata": {"total_size": total}, "weight_map": weight_map});
    write_json(&dir.join("model.safetensors.index.json"), &index)
}

/// The head of a safetensors file: 8-byte length, JSON padded with spaces to 8 bytes. The data follow in order.
///
/// The metadata says `{"format": "pt"}`, without which several transformers 4 releases refuse the file. Written by
/// hand because the crate's writer wants every tensor at once and sorts them.
pub(super) fn header(dtype: &str, element_bytes: usize, tensors: &[(String, Vec<usize>)]) -> Vec<u8> {
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut offset = 0usize;
    for (name, shape) in tensors {
        let end = offset + shape.iter().product::<usize>() * element_bytes;
        header.insert(name.clone(), json!({"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}));
        offset = end;
    }
    let json = Value::Object(header).to_string().into_bytes();
    let padded = json.len().next_multiple_of(8);
    let mut bytes = (padded as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(&json);
    bytes.resize(8 + padded, b' ');
    bytes
}

/// A piece of a tensor and its place.
struct Piece<'a> {
    file: usize,
    offset: u64,
    name: &'a str,
    rows: Range<usize>,
    bytes: usize,
}

/// Writes all tensors of `config` into `dir`, with their index if there is more than one file.
///
/// Memory is a few pieces a thread, whatever the size of a tensor. `progress(done, total)` is in bytes; false ends the
/// writing.
///
/// # Errors
/// [`HubError::NoSpace`] before anything is written; [`HubError::Stopped`], [`HubError::Io`],
/// [`HubError::TensorBytes`], and whatever `rows` returns. A failure leaves partial files: callers write into a staged
/// folder.
pub(super) fn write_rows<E: From<HubError> + Send>(
    dir: &Path,
    config: &LlamaConfig,
    max_shard_bytes: Option<u64>,
    rows: &dyn Rows<E>,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<(), E> {
    let shards = shards(config, max_shard_bytes);
    let total: u64 = shards.iter().flat_map(|shard| &shard.tensors).map(|(_, shape)| bf16_bytes(shape)).sum();
    check_space(dir, total)?;
    let mut files: Vec<(PathBuf, File)> = Vec::with_capacity(shards.len());
    let mut pieces = Vec::new();
    for (nth, shard) in shards.iter().enumerate() {
        let path = dir.join(&shard.file);
        let file = File::create(&path).map_err(HubError::io(&path))?;
        let head = header("BF16", 2, &shard.tensors);
        write_at(&file, &head, 0).map_err(HubError::io(&path))?;
        files.push((path, file));
        let mut offset = head.len() as u64;
        for (name, shape) in &shard.tensors {
            let (count, columns) = match *shape.as_slice() {
                [rows, ref rest @ ..] if !rest.is_empty() => (rows, rest.iter().product::<usize>()),
                ref flat => (1, flat.iter().product()),
            };
            let at_once = (PIECE / (columns * 2).max(1)).max(1);
            for start in (0..count).step_by(at_once) {
                let rows = start..count.min(start + at_once);
                let bytes = rows.len() * columns * 2;
                pieces.push(Piece { file: nth, offset, name, rows, bytes });
                offset += bytes as u64;
            }
        }
    }
    let mut done = 0;
    for batch in pieces.chunks(PIECES_PER_THREAD * rayon::current_num_threads()) {
        for piece in batch.iter().filter(|piece| piece.rows.start == 0) {
            rows.prepare(piece.name)?;
        }
        batch.par_iter().try_for_each_init(Vec::new, |buffer, piece| {
            rows.rows(piece.name, piece.rows.clone(), buffer)?;
            if buffer.len() != piece.bytes {
                let (name, expected, found) = (piece.name.to_owned(), piece.bytes, buffer.len());
                return Err(E::from(HubError::TensorBytes { name, expected, found }));
            }
            let Some((path, file)) = files.get(piece.file) else { return Ok(()) };
            Ok(write_at(file, buffer, piece.offset).map_err(HubError::io(path))?)
        })?;
        done += batch.iter().map(|piece| piece.bytes as u64).sum::<u64>();
        if !progress(done, total) {
            return Err(HubError::Stopped.into());
        }
    }
    for (path, file) in &files {
        // The rename that follows must not become durable before the data does.
        file.sync_all().map_err(HubError::io(path))?;
    }
    Ok(write_index(dir, &shards)?)
}

fn bf16_bytes(shape: &[usize]) -> u64 {
    shape.iter().map(|&n| n as u64).product::<u64>() * 2
}

/// Says at once what would otherwise fail after minutes.
pub(crate) fn check_space(dir: &Path, needed: u64) -> Result<(), HubError> {
    #[cfg(unix)]
    if let Ok(there) = rustix::fs::statvfs(dir) {
        let free = there.f_bavail.saturating_mul(there.f_frsize);
        // Zero is what file systems say that do not know.
        if free > 0 && free < needed {
            return Err(HubError::NoSpace { path: dir.to_owned(), needed, free });
        }
    }
    #[cfg(not(unix))]
    let _ = (dir, needed);
    Ok(())
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        if written == 0 {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
}
