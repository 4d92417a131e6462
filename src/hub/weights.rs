//! The tensors of a folder's `model.safetensors`, whatever model they belong to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use safetensors::SafeTensors;

use super::HubError;
use super::dtype::{Dtype, TensorInfo};
use super::files::map_file;

/// Weights in one file, mapped; nothing is known of them but name, type and shape.
pub struct Weights {
    path: PathBuf,
    map: Mmap,
    tensors: BTreeMap<String, (TensorInfo, std::ops::Range<usize>)>,
}

impl Weights {
    /// Opens `model.safetensors` in `dir`. Tensors that hold no floating-point numbers are left out.
    ///
    /// # Errors
    /// [`HubError::Missing`], [`HubError::Io`], [`HubError::SafeTensors`].
    pub fn open(dir: &Path) -> Result<Self, HubError> {
        const FILE: &str = "model.safetensors";
        let path = dir.join(FILE);
        if !path.exists() {
            return Err(HubError::Missing { dir: dir.to_owned(), file: FILE.to_owned() });
        }
        let map = map_file(&path)?;
        // Checks offsets against the file's true length.
        let (header_bytes, header) = SafeTensors::read_metadata(&map)
            .map_err(|error| HubError::SafeTensors { path: path.clone(), reason: error.to_string() })?;
        let data = 8 + header_bytes;
        let tensors = header
            .tensors()
            .into_iter()
            .filter_map(|(name, info)| {
                let dtype = Dtype::from_safetensors(info.dtype)?;
                let bytes = data + info.data_offsets.0..data + info.data_offsets.1;
                Some((name, (TensorInfo { dtype, shape: info.shape.clone() }, bytes)))
            })
            .collect();
        Ok(Self { path, map, tensors })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole file, for its hash.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Type and shape of a tensor.
    #[must_use]
    pub fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name).map(|(info, _)| info)
    }

    /// A tensor as f32, row-major; exact for every stored type.
    ///
    /// # Errors
    /// [`HubError::NoTensor`].
    pub fn load_f32(&self, name: &str) -> Result<Vec<f32>, HubError> {
        let found = self.tensors.get(name).and_then(|(info, range)| Some((info, self.map.get(range.clone())?)));
        let (info, bytes) = found.ok_or_else(|| HubError::NoTensor { name: name.to_owned() })?;
        let mut values = Vec::with_capacity(bytes.len() / info.dtype.size());
        info.dtype.decode_into(bytes, &mut values);
        Ok(values)
    }
}
