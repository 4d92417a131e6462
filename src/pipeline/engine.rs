//! Which engine trains, and in what the frozen weights are kept.

use crate::Error;
use crate::hub::{Adapter, Folder};
use crate::model;
use crate::train::engine::cpu::{self, Base, Options};
use crate::train::engine::{Engine, EngineError, Portable, Trainable};

use super::phase::device;

/// What an engine is asked for.
#[derive(Clone, Copy, Debug)]
pub struct EngineRequest<'a> {
    /// `cpu` or `cuda`.
    pub device: &'a str,
    /// Storage of the frozen weights, as `fit` chose it.
    pub base: Base,
    /// Keep the layers' inputs only.
    pub checkpoint_layers: bool,
    /// Share of the adapters' input that is dropped.
    pub dropout: f64,
}

/// Loads a student with what is to be trained; `fixed` adapters lie beneath.
///
/// On the CPU the fast engine is taken wherever it can do what is asked; DoRA and full tuning run on candle.
///
/// # Errors
/// A base that the device does not have; whatever the folder says.
pub fn load_engine(
    folder: &Folder,
    trainable: &Trainable,
    fixed: &[Adapter],
    request: EngineRequest<'_>,
) -> Result<Box<dyn Engine>, Error> {
    let told = |error: EngineError| Error::new(error.to_string());
    if request.device == "cpu" {
        let options = Options {
            base: request.base,
            checkpoint_layers: request.checkpoint_layers,
            dropout: request.dropout as f32,
            ..Options::default()
        };
        match cpu::engine(folder, trainable, fixed, options) {
            Err(EngineError::Unsupported(_)) if request.base == Base::F32 => {}
            Err(EngineError::Unsupported(what)) => {
                return Err(Error::new(format!("{what} is not available with `train.base = {}`", request.base))
                    .hint("set train.base to `f32` or `auto`"));
            }
            done => return done.map_err(told),
        }
    } else if request.base != Base::Bf16 {
        return Err(Error::new(format!("`train.base = {}` is not available on `{}`", request.base, request.device))
            .hint("bf16 on a GPU; `auto` chooses"));
    }
    let mut model = model::llama_from_folder(folder, &device(request.device)?)?;
    model::with_adapters(&mut model, fixed)?;
    Ok(Box::new(Portable::new(model, trainable).map_err(told)?))
}
