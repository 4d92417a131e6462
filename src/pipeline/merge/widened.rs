//! The base as it was stored while an adapter was trained on it, widened again.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::hub::{Folder, HubError};
use crate::merge::BaseRows;
use crate::train::blocks::{BlocksError, Nf4, Q8_0};
use crate::train::engine::cpu::load::outer;
use crate::train::estimate::Base;

/// A base in blocks, as the engine has it: linear layers in `base`, embedding and head in what [`outer`] says of it,
/// norms and biases from the folder.
///
/// Blocks of Q8_0 lie within rows and are made of the rows that are asked for. The scales of NF4 are quantised over a
/// whole matrix: one is made when it is announced ([`BaseRows::prepare`]), by the thread that announces it, so that
/// nobody waits for a lock while the matrix is made on all threads, and given up when each of its rows has been read.
/// What is kept is therefore no more than what the writer has in work, at half a byte a weight.
pub(super) struct Widened<'a> {
    folder: &'a Folder,
    base: Base,
    kept: Mutex<HashMap<String, Kept>>,
    #[cfg(test)]
    made: std::sync::atomic::AtomicUsize,
}

struct Kept {
    blocks: Arc<Nf4>,
    /// Rows that have not been read.
    due: usize,
}

impl<'a> Widened<'a> {
    /// `None` for a base that is not stored in blocks.
    pub(super) fn new(folder: &'a Folder, base: Base) -> Option<Self> {
        matches!(base, Base::Nf4 | Base::Q8_0).then(|| Self {
            folder,
            base,
            kept: Mutex::default(),
            #[cfg(test)]
            made: Default::default(),
        })
    }

    /// How the engine stores a tensor, and its shape; `None` where it keeps 16 or 32 bits.
    fn stored(&self, name: &str) -> Result<Option<(Base, [usize; 2])>, HubError> {
        let &[rows, columns] = self.folder.shape(name)? else { return Ok(None) };
        let base = if name.ends_with("_proj.weight") { self.base } else { outer(self.base) };
        // Rows that do not hold whole blocks of Q8_0 are kept in 16 bits.
        let blocks = base == Base::Nf4 || (base == Base::Q8_0 && columns.is_multiple_of(Q8_0::BLOCK));
        Ok(blocks.then_some((base, [rows, columns])))
    }

    /// A whole matrix in NF4, on all threads.
    fn quantise(&self, name: &str, [rows, columns]: [usize; 2]) -> Result<Nf4, HubError> {
        #[cfg(test)]
        self.made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (bytes, dtype) = self.folder.raw(name)?;
        let size = dtype.size();
        let fill = |range: Range<usize>, out: &mut [f32]| {
            dtype.decode(bytes.get(range.start * size..range.end * size).unwrap_or_default(), out);
        };
        let blocks = Nf4::quantize_from(rows, columns, true, &fill).map_err(|e| self.broken(name, 0, &e))?;
        self.folder.forget(name);
        Ok(blocks)
    }

    fn broken(&self, name: &str, first: usize, error: &BlocksError) -> HubError {
        let problem = format!("`{name}`, counted from row {first}: {error}");
        HubError::Tensors { path: self.folder.dir().to_owned(), problems: vec![problem] }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An announced matrix; `None` for another. The last reader of its rows takes it away.
    fn take(&self, name: &str, rows: usize) -> Option<Arc<Nf4>> {
        let mut kept = self.kept();
        let found = kept.get_mut(name)?;
        found.due = found.due.saturating_sub(rows);
        let blocks = Arc::clone(&found.blocks);
        if found.due == 0 {
            kept.remove(name);
        }
        Some(blocks)
    }
}

impl BaseRows for Widened<'_> {
    fn prepare(&self, name: &str) -> Result<(), HubError> {
        if let Some((Base::Nf4, shape)) = self.stored(name)? {
            let blocks = Arc::new(self.quantise(name, shape)?);
            self.kept().insert(name.to_owned(), Kept { blocks, due: shape[0] });
        }
        Ok(())
    }

    fn rows(&self, name: &str, rows: Range<usize>, out: &mut [f32]) -> Result<(), HubError> {
        match self.stored(name)? {
            Some((Base::Nf4, shape)) => {
                let blocks = match self.take(name, rows.len()) {
                    Some(blocks) => blocks,
                    // Nobody said that it would be read.
                    None => Arc::new(self.quantise(name, shape)?),
                };
                blocks.dequantize_rows(rows, out);
            }
            Some((_, [_, columns])) => {
                self.folder.rows(name, rows.clone(), out)?;
                let blocks = Q8_0::quantize(out, rows.len(), columns).map_err(|e| self.broken(name, rows.start, &e))?;
                blocks.dequantize_into(0..out.len(), out);
            }
            None => self.folder.rows(name, rows, out)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    use serde_json::json;

    use super::*;
    use crate::batch::{IGNORE, Sequence};
    use crate::hub::{Adapter, Chat, LlamaConfig, SaveOptions, write_weights};
    use crate::merge::{self, Merged};
    use crate::pipeline::engine::{EngineRequest, load_engine};
    use crate::train::engine::Trainable;
    use crate::train::engine::cpu::Weights;

    /// A folder of weights that look like noise.
    fn folder(dir: &Path, layers: usize, hidden: usize, inner: usize) -> Folder {
        let config = json!({"model_type": "llama", "vocab_size": 64, "hidden_size": hidden,
            "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": 2,
            "num_key_value_heads": 2, "tie_word_embeddings": true});
        std::fs::create_dir_all(dir).unwrap();
        std::fs::write(dir.join("config.json"), config.to_string()).unwrap();
        let config = LlamaConfig::from_value(&config).unwrap();
        let shapes: HashMap<String, Vec<usize>> = config.expected_tensors().into_iter().collect();
        write_weights(dir, &config, None, &mut |name| {
            let count = shapes[name].iter().product::<usize>();
            // Upper halves of f32 around 0.01 of either sign.
            let value = |i: usize| (0x3c00 | (((i * 2_654_435_761) >> 7) & 0x80ff)) as u16;
            Ok::<_, HubError>((0..count).flat_map(|i| value(i).to_le_bytes()).collect())
        })
        .unwrap();
        Folder::open(dir).unwrap()
    }

    /// Ten layers and more, whose names are not in the order of their numbers; and matrices of several pieces.
    #[test]
    fn every_matrix_is_quantised_once() {
        let dir = tempfile::tempdir().unwrap();
        for (nth, (layers, hidden, inner)) in [(12, 32, 64), (1, 128, 17_000)].into_iter().enumerate() {
            let folder = folder(&dir.path().join(format!("base{nth}")), layers, hidden, inner);
            let matrices = layers * 7;
            let mut bytes = Vec::new();
            for threads in [1, 6] {
                let widened = Widened::new(&folder, Base::Nf4).unwrap();
                let made = || widened.made.swap(0, Ordering::Relaxed);
                let merged = Merged::new(&folder, &[]).unwrap().on(&widened);
                let out = dir.path().join(format!("out{nth}-{threads}"));
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let options = SaveOptions::default();
                    let draft = merge::draft(&merged, &out, &options, &Chat::default(), &mut |_, _| true).unwrap();
                    draft.commit().unwrap();
                    assert_eq!(made(), matrices, "{threads} threads, written");
                    for name in merged.tensor_names().iter().filter(|name| name.ends_with("_proj.weight")) {
                        merged.matrix(name, Base::Bf16).unwrap();
                    }
                    assert_eq!(made(), matrices, "{threads} threads, measured");
                });
                assert!(widened.kept().is_empty(), "each is given up");
                bytes.push(std::fs::read(out.join("model.safetensors")).unwrap());
            }
            assert!(bytes[0] == bytes[1], "whatever the number of threads");
            // Rows that nobody has announced are the same.
            let name = "model.layers.0.mlp.up_proj.weight";
            let widened = Widened::new(&folder, Base::Nf4).unwrap();
            let whole = Merged::new(&folder, &[]).unwrap().on(&widened).load_f32(name).unwrap();
            let saved = Folder::open(&dir.path().join(format!("out{nth}-1"))).unwrap();
            assert!(saved.load_f32(name).unwrap() == whole && folder.load_f32(name).unwrap() != whole);
        }
    }

    /// The nearer a merge is to what was trained on, the nearer are its answers to those of the adapter there.
    #[test]
    fn the_widened_merge_is_the_adapter_on_its_base() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/numeric");
        let folder = Folder::open(&root.join("tiny-llama")).unwrap();
        let adapters = [Adapter::load(&root.join("tiny-llama-lora")).unwrap()];
        let ids: Vec<u32> = (0..96).map(|i| (i * i * 7 + i * 13 + 3) % 128).collect();
        let labels = ids.iter().enumerate().map(|(i, &id)| if i == 0 { IGNORE } else { i64::from(id) }).collect();
        let sequence = Sequence { input_ids: ids, labels, ..Sequence::default() };
        let request = EngineRequest { device: "cpu", base: Base::Nf4, checkpoint_layers: false, dropout: 0.0 };
        let nothing = Trainable::Lora { modules: Vec::new(), seed: 0 };
        let engine = load_engine(&folder, &nothing, &adapters, request).unwrap();
        let trained = engine.score(&[&sequence]).unwrap().logps;
        /// Linear layers only.
        struct Layers<'a>(Widened<'a>);
        impl BaseRows for Layers<'_> {
            fn rows(&self, name: &str, rows: Range<usize>, out: &mut [f32]) -> Result<(), HubError> {
                let part: &dyn BaseRows = if name.contains("embed") { self.0.folder } else { &self.0 };
                part.rows(name, rows, out)
            }
        }
        let widened = Widened::new(&folder, Base::Nf4).unwrap();
        let layers = Layers(Widened::new(&folder, Base::Nf4).unwrap());
        let distance = |weights: Option<&dyn BaseRows>| {
            let mut merged = Merged::new(&folder, &adapters).unwrap();
            if let Some(weights) = weights {
                merged = merged.on(weights);
            }
            let nlls =
                super::super::nlls(&merged, &[&sequence], &AtomicBool::new(false), &crate::pipeline::Silent).unwrap();
            assert_eq!(nlls.len(), trained.len());
            nlls.iter().zip(&trained).map(|(nll, logp)| (nll + f64::from(*logp)).abs()).sum::<f64>() / nlls.len() as f64
        };
        let (all, layers, none) = (distance(Some(&widened)), distance(Some(&layers)), distance(None));
        assert!(all < layers && layers < none, "all {all}, linear layers {layers}, none {none}");
    }
}
