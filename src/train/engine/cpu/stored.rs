//! Weights in ggml's blocks, read from a mapped file while panels are packed.

use std::sync::Arc;

use super::element::Bf16;
use super::isa::Isa;
use super::load::Weights;
use super::{frozen::Frozen, pack};
use crate::gguf::names::RowOrder;
use crate::gguf::{GgmlType, GgufModel, dequantize::dequantize_row};
use crate::hub::LlamaConfig;
use crate::train::engine::EngineError;
use crate::train::estimate::Base;

/// A matrix of a GGUF. Rows are asked for in Hugging Face's order and found in the file's.
#[derive(Clone)]
pub struct Stored {
    /// Keeps the bytes where they are.
    _file: Arc<GgufModel>,
    first: *const u8,
    len: usize,
    ggml_type: GgmlType,
    rows: usize,
    columns: usize,
    row_bytes: usize,
    order: RowOrder,
}

// SAFETY: the bytes are only read, and live as long as the file that this holds.
unsafe impl Send for Stored {}
// SAFETY: as above.
unsafe impl Sync for Stored {}

impl Stored {
    /// A matrix by its Hugging Face name.
    ///
    /// # Errors
    /// An unknown name, or a tensor that is no matrix.
    pub fn new(file: &Arc<GgufModel>, name: &str) -> Result<Self, EngineError> {
        let (entry, bytes, order) = file.stored(name)?;
        let &[rows, columns] = entry.shape.as_slice() else {
            return Err(EngineError::Unsupported("a weight that is no matrix"));
        };
        let row_bytes = entry.ggml_type.bytes_of(columns).unwrap_or(0);
        debug_assert_eq!(row_bytes * rows, bytes.len());
        Ok(Self {
            first: bytes.as_ptr(),
            len: bytes.len(),
            ggml_type: entry.ggml_type,
            rows,
            columns,
            row_bytes,
            order,
            _file: Arc::clone(file),
        })
    }

    pub const fn rows(&self) -> usize {
        self.rows
    }

    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// Element type.
    pub const fn ggml_type(&self) -> GgmlType {
        self.ggml_type
    }

    /// How rows are ordered in [`Self::bytes`].
    pub const fn order(&self) -> RowOrder {
        self.order
    }

    /// All blocks, rows in the file's order.
    pub const fn bytes(&self) -> &[u8] {
        // SAFETY: the file holds these bytes and is held itself.
        unsafe { std::slice::from_raw_parts(self.first, self.len) }
    }

    /// Values of one row from `column` on.
    pub fn read(&self, row: usize, column: usize, out: &mut [f32]) {
        let block = self.ggml_type.block_len();
        let row = &self.bytes()[self.order.gguf_row(row) * self.row_bytes..][..self.row_bytes];
        let (first, end) = (column / block, (column + out.len()).div_ceil(block));
        let bytes = &row[first * self.ggml_type.block_bytes()..end * self.ggml_type.block_bytes()];
        if column.is_multiple_of(block) && out.len().is_multiple_of(block) {
            dequantize_row(self.ggml_type, bytes, out);
        } else {
            let mut whole = vec![0.0; (end - first) * block];
            dequantize_row(self.ggml_type, bytes, &mut whole);
            out.copy_from_slice(&whole[column - first * block..][..out.len()]);
        }
    }

    /// The same values rounded to bf16.
    pub fn read_bf16(&self, isa: Isa, row: usize, column: usize, out: &mut [Bf16]) {
        if self.ggml_type == GgmlType::BF16 {
            let row = &self.bytes()[self.order.gguf_row(row) * self.row_bytes..][column * 2..];
            for (to, from) in out.iter_mut().zip(row.as_chunks::<2>().0) {
                *to = Bf16(u16::from_le_bytes(*from));
            }
            return;
        }
        let mut wide = [0.0f32; 512];
        for (i, out) in out.chunks_mut(wide.len()).enumerate() {
            let wide = &mut wide[..out.len()];
            self.read(row, column + i * 512, wide);
            pack::narrow(isa, wide, out);
        }
    }
}

impl Weights for Arc<GgufModel> {
    fn config(&self) -> &LlamaConfig {
        GgufModel::config(self)
    }

    fn matrix(&self, name: &str, _: Base) -> Result<Frozen, EngineError> {
        Ok(Frozen::Stored(Stored::new(self, name)?))
    }

    fn vector(&self, name: &str) -> Result<Vec<f32>, EngineError> {
        Ok(self.load_f32(name)?)
    }
}
