//! Which engine trains, and in what the frozen weights are kept.

use crate::Error;
use crate::hub::{Adapter, Dtype, Folder};
use crate::model;
use crate::train::engine::cpu::{self, Base, Options};
use crate::train::engine::{Engine, EngineError, Portable, Trainable};

use super::phase::device;

/// What an engine is asked for.
#[derive(Clone, Copy, Debug)]
pub struct EngineRequest<'a> {
    /// `cpu` or `cuda`.
    pub device: &'a str,
    /// `auto`, `f32`, `bf16`, `q8_0` or `nf4`.
    pub base: &'a str,
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
        let base = match request.base {
            "f32" => Base::F32,
            "q8_0" => Base::Q8_0,
            "nf4" => Base::Nf4,
            "bf16" => Base::Bf16,
            _ => stored(folder)?,
        };
        let options = Options {
            base,
            checkpoint_layers: request.checkpoint_layers,
            dropout: request.dropout as f32,
            ..Options::default()
        };
        match cpu::engine(folder, trainable, fixed, options) {
            Err(EngineError::Unsupported(_)) if matches!(request.base, "auto" | "f32") => {}
            Err(EngineError::Unsupported(what)) => {
                return Err(Error::new(format!("{what} is not available with `train.base = {}`", request.base))
                    .hint("set train.base to `f32` or `auto`"));
            }
            done => return done.map_err(told),
        }
    } else if !matches!(request.base, "auto" | "bf16") {
        return Err(Error::new(format!("`train.base = {}` is not available on `{}`", request.base, request.device))
            .hint("bf16 on a GPU; `auto` chooses"));
    }
    let mut model = model::llama_from_folder(folder, &device(request.device)?)?;
    model::with_adapters(&mut model, fixed)?;
    Ok(Box::new(Portable::new(model, trainable).map_err(told)?))
}

/// The format that the folder's weights are in; halves of either kind are kept as bf16.
fn stored(folder: &Folder) -> Result<Base, Error> {
    Ok(match folder.info("model.embed_tokens.weight")?.dtype {
        Dtype::F32 => Base::F32,
        Dtype::F16 | Dtype::BF16 => Base::Bf16,
    })
}
