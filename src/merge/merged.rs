//! The merged model, a few rows at a time: what a merged folder would hold, without the folder.

use std::ops::Range;

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSliceMut;

use super::rows::{Panels, add_delta, round, round_into, set_lengths};
use super::{MergeError, base};
use crate::hub::{Adapter, Dtype, Folder, HubError, LoraPair};

/// Values that one thread takes at a time; fewer are not worth a second one.
const SHARE: usize = 1 << 18;

/// Where the weights beneath the adapters come from, if not straight from the folder: the base as it was stored
/// while the adapter was trained on it.
pub trait BaseRows: Sync {
    /// Called before rows of a tensor are asked for, by one thread: the place for what is made of a whole tensor.
    ///
    /// # Errors
    /// As [`BaseRows::rows`].
    fn prepare(&self, name: &str) -> Result<(), HubError> {
        let _ = name;
        Ok(())
    }

    /// Writes `rows` of the tensor to `out`, `[rows.len(), columns]` row-major.
    ///
    /// # Errors
    /// [`HubError::NoTensor`], or why the weights cannot be made.
    fn rows(&self, name: &str, rows: Range<usize>, out: &mut [f32]) -> Result<(), HubError>;
}

/// A base with adapters, summed up as it is asked for.
///
/// Every value is computed in f32 and rounded once, to bf16: [`Merged::rows_f32`] gives exactly what the folder of
/// [`super::merge`] holds, whatever rows are asked for together. Nothing is kept between calls; calls may come from
/// several threads.
pub struct Merged<'a> {
    base: &'a Folder,
    weights: Option<&'a dyn BaseRows>,
    adapters: &'a [Adapter],
}

impl<'a> Merged<'a> {
    /// Puts `adapters`, in order, on `base`. Without any it is the base itself, rounded to bf16.
    ///
    /// # Errors
    /// [`MergeError::Hub`] listing everything in which an adapter does not fit the base.
    pub fn new(base: &'a Folder, adapters: &'a [Adapter]) -> Result<Self, MergeError> {
        for adapter in adapters {
            adapter.check_base(base.config())?;
        }
        Ok(Self { base, weights: None, adapters })
    }

    /// The same on other weights of the same shapes.
    #[must_use]
    pub fn on(self, weights: &'a dyn BaseRows) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// The base, whose settings and tokenizer are those of the merged model.
    #[must_use]
    pub fn base(&self) -> &'a Folder {
        self.base
    }

    /// The adapters, in order.
    #[must_use]
    pub fn adapters(&self) -> &'a [Adapter] {
        self.adapters
    }

    /// All tensors in model order; a tied head is not among them.
    #[must_use]
    pub fn tensor_names(&self) -> &'a [String] {
        self.base.tensor_names()
    }

    /// Shape of a tensor in torch order.
    ///
    /// # Errors
    /// [`HubError::NoTensor`].
    pub fn shape(&self, name: &str) -> Result<&'a [usize], HubError> {
        self.base.shape(name)
    }

    /// Rows and columns of a tensor; a vector is one row.
    ///
    /// # Errors
    /// [`HubError::NoTensor`].
    pub fn size(&self, name: &str) -> Result<(usize, usize), HubError> {
        Ok(match *self.shape(name)? {
            [rows, ref rest @ ..] if !rest.is_empty() => (rows, rest.iter().product()),
            ref flat => (1, flat.iter().product()),
        })
    }

    /// Whether an adapter changes the tensor.
    #[must_use]
    pub fn is_changed(&self, name: &str) -> bool {
        self.pairs(name).next().is_some()
    }

    /// A whole tensor, row-major, every value rounded to bf16.
    ///
    /// # Errors
    /// As [`Merged::rows_f32`].
    pub fn load_f32(&self, name: &str) -> Result<Vec<f32>, MergeError> {
        let mut out = Vec::new();
        self.rows_f32(name, 0..self.size(name)?.0, &mut out)?;
        Ok(out)
    }

    /// Rows of a tensor, `[rows.len(), columns]` row-major, every value rounded to bf16. `out` is written over.
    ///
    /// Many rows are shared out over rayon's threads; the values depend neither on that nor on the range. A call has
    /// some work for itself, as much as one row for every eight ranks: ask for a few dozen rows at a time.
    ///
    /// # Errors
    /// [`MergeError::Hub`] for an unknown name; [`MergeError::Rows`] for rows that it does not have;
    /// [`MergeError::NotFinite`].
    pub fn rows_f32(&self, name: &str, rows: Range<usize>, out: &mut Vec<f32>) -> Result<(), MergeError> {
        let columns = self.check(name, &rows)?;
        out.clear();
        out.resize(rows.len() * columns, 0.0);
        self.fill(name, rows, columns, out)?;
        let finite = out.par_chunks_mut(SHARE).map(round).reduce(|| true, |one, other| one & other);
        if finite { Ok(()) } else { Err(MergeError::NotFinite { tensor: name.to_owned() }) }
    }

    /// The same rows as little-endian bf16, as they lie in the merged folder.
    ///
    /// # Errors
    /// As [`Merged::rows_f32`].
    pub fn rows_bf16(&self, name: &str, rows: Range<usize>, out: &mut Vec<u8>) -> Result<(), MergeError> {
        let columns = self.check(name, &rows)?;
        out.clear();
        // A tensor that nothing changes, stored in the type that is asked for, is copied.
        if self.weights.is_none() && !self.is_changed(name) {
            let (bytes, dtype) = self.base.raw(name)?;
            let row_bytes = columns * dtype.size();
            if dtype == Dtype::BF16
                && let Some(bytes) = bytes.get(rows.start * row_bytes..rows.end * row_bytes)
            {
                out.extend_from_slice(bytes);
                return match base::all_finite(out) {
                    true => Ok(()),
                    false => Err(MergeError::NotFinite { tensor: name.to_owned() }),
                };
            }
        }
        let mut values = vec![0.0; rows.len() * columns];
        self.fill(name, rows, columns, &mut values)?;
        out.resize(values.len() * 2, 0);
        if round_into(&values, out) { Ok(()) } else { Err(MergeError::NotFinite { tensor: name.to_owned() }) }
    }

    /// A whole tensor before the rounding, row-major f32. Tensors without an adapter come back as stored.
    ///
    /// # Errors
    /// [`MergeError::Hub`] for an unknown name.
    pub fn load_exact(&self, name: &str) -> Result<Vec<f32>, MergeError> {
        let (rows, columns) = self.size(name)?;
        let mut out = vec![0.0; rows * columns];
        self.fill(name, 0..rows, columns, &mut out)?;
        Ok(out)
    }

    /// Says that all rows of a tensor will be asked for next, so that weights that are made of a whole tensor are made
    /// once. Needed on [`Merged::on`] other weights only, and there for speed alone.
    ///
    /// # Errors
    /// [`MergeError::Hub`]: why the weights cannot be made.
    pub fn prepare(&self, name: &str) -> Result<(), MergeError> {
        Ok(self.weights.map_or(Ok(()), |weights| weights.prepare(name))?)
    }

    /// Gives the memory of a tensor's file pages back, for whoever needs it no more.
    pub fn forget(&self, name: &str) {
        self.base.forget(name);
    }

    /// The updates of a tensor with their scales, in order.
    fn pairs(&self, name: &str) -> impl Iterator<Item = (&'a LoraPair, f32)> {
        let module = name.strip_suffix(".weight");
        self.adapters.iter().filter_map(move |adapter| Some((adapter.tensors.get(module?)?, adapter.scale(module?))))
    }

    /// The columns, if the rows exist.
    fn check(&self, name: &str, rows: &Range<usize>) -> Result<usize, MergeError> {
        let (there, columns) = self.size(name)?;
        if rows.start <= rows.end && rows.end <= there {
            Ok(columns)
        } else {
            Err(MergeError::Rows { tensor: name.to_owned(), asked: rows.clone(), rows: there })
        }
    }

    /// Base, then one adapter after the other, not rounded.
    fn fill(&self, name: &str, rows: Range<usize>, columns: usize, out: &mut [f32]) -> Result<(), MergeError> {
        let pairs: Vec<_> = self.pairs(name).map(|(pair, scale)| (pair, scale, Panels::new(pair))).collect();
        let share = (SHARE / columns.max(1)).max(1);
        let weights: &dyn BaseRows = self.weights.unwrap_or(self.base);
        out.par_chunks_mut((share * columns).max(1)).enumerate().try_for_each(|(nth, out)| {
            let start = rows.start + nth * share;
            let rows = start..rows.end.min(start + share);
            weights.rows(name, rows.clone(), out)?;
            for (pair, scale, panels) in &pairs {
                add_delta(out, pair, panels, *scale, rows.clone());
                if let Some(magnitude) = pair.magnitude.as_ref().and_then(|all| all.get(rows.clone())) {
                    set_lengths(out, columns, magnitude);
                }
            }
            Ok(())
        })
    }
}
