//! A merged model that is in no folder, tensor by tensor.

use super::buffer::Buffer;
use super::element::Bf16;
use super::frozen::Frozen;
use super::load::Weights;
use crate::hub::LlamaConfig;
use crate::merge::{MergeError, Merged};
use crate::train::engine::EngineError;
use crate::train::estimate::Base;

/// Values that are summed up at a time.
const PIECE: usize = 4 << 20;

fn told(error: MergeError) -> EngineError {
    match error {
        MergeError::Hub(error) => error.into(),
        other => EngineError::Merge(other),
    }
}

impl Weights for Merged<'_> {
    fn config(&self) -> &LlamaConfig {
        self.base().config()
    }

    /// Always bf16, which is what a merged folder holds.
    fn matrix(&self, name: &str, _: Base) -> Result<Frozen, EngineError> {
        let (rows, columns) = self.size(name)?;
        self.prepare(name).map_err(told)?;
        let mut data = Buffer::<Bf16>::zeros(rows * columns);
        let at_once = (PIECE / columns.max(1)).max(1);
        let mut bytes = Vec::new();
        for (nth, to) in data.chunks_mut((at_once * columns).max(1)).enumerate() {
            let start = nth * at_once;
            self.rows_bf16(name, start..rows.min(start + at_once), &mut bytes).map_err(told)?;
            for (to, from) in to.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *to = Bf16(u16::from_le_bytes(*from));
            }
        }
        self.forget(name);
        Ok(Frozen::Bf16 { data, rows, columns })
    }

    fn vector(&self, name: &str) -> Result<Vec<f32>, EngineError> {
        self.load_f32(name).map_err(told)
    }
}
