use candle_core::quantized::QMatMul;
use candle_core::{Module, Result, Tensor};

use super::frozen::FrozenMatmul;

/// The stored weight of a linear layer, `[out, in]`.
#[derive(Clone)]
pub enum Weight {
    /// Never trained; its gradient is never computed.
    Frozen(Tensor),
    /// Trained in place: the tensor belongs to a `Var`.
    Trained(Tensor),
    /// ggml blocks, for generation only: `forward` quantises the activations as llama.cpp does and has no backward.
    Quantized(QMatMul),
}

/// One low-rank update: `scale · (x Aᵀ) Bᵀ`.
///
/// PEFT's layout (`tuners/lora/layer.py`): `a` is `[r, in]`, `b` is `[out, r]`, `scale` is `alpha / r`, or
/// `alpha / √r` with rsLoRA.
#[derive(Clone)]
pub struct Lora {
    /// `[r, in]`, f32.
    pub a: Tensor,
    /// `[out, r]`, f32.
    pub b: Tensor,
    /// No unit.
    pub scale: f64,
}

/// `y = x Wᵀ + Σ scale · (x Aᵀ) Bᵀ`, without bias.
#[derive(Clone)]
pub struct Linear {
    /// The stored weight.
    pub weight: Weight,
    /// Updates on top, summed.
    pub loras: Vec<Lora>,
}

impl Linear {
    /// A layer that is not trained.
    #[must_use]
    pub const fn frozen(weight: Tensor) -> Self {
        Self { weight: Weight::Frozen(weight), loras: Vec::new() }
    }

    /// `[N, in]` to `[N, out]`.
    ///
    /// # Errors
    /// Shapes, dtypes or devices that do not agree.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut y = match &self.weight {
            Weight::Frozen(w) => FrozenMatmul::apply(x, w)?,
            Weight::Trained(w) => x.matmul(&w.t()?)?,
            Weight::Quantized(w) => w.forward(x)?,
        };
        for lora in &self.loras {
            let low = x.to_dtype(lora.a.dtype())?.matmul(&lora.a.t()?)?;
            let update = (low.matmul(&lora.b.t()?)? * lora.scale)?;
            y = (y + update.to_dtype(x.dtype())?)?;
        }
        Ok(y)
    }

    /// The same layer outside the autograd graph. Storage is shared: updates of a `Var` are seen here too.
    #[must_use]
    pub fn detached(&self) -> Self {
        let weight = match &self.weight {
            Weight::Frozen(w) | Weight::Trained(w) => Weight::Frozen(w.detach()),
            Weight::Quantized(w) => Weight::Quantized(w.clone()),
        };
        let loras = self.loras.iter().map(|l| Lora { a: l.a.detach(), b: l.b.detach(), scale: l.scale }).collect();
        Self { weight, loras }
    }
}
