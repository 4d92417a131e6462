use candle_core::quantized::QMatMul;
use candle_core::{D, DType, Module, Result, Tensor};

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

/// One low-rank update: `scale · (x Aᵀ) Bᵀ`, and with DoRA a new length for every row of the sum.
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
    /// Magnitudes, if the update is weight-decomposed.
    pub dora: Option<Dora>,
}

/// The second half of a weight-decomposed update (Liu et al. 2024, arXiv 2402.09353, equation 5):
/// `W' = m / ‖W + s·BA‖ · (W + s·BA)`, row by row.
///
/// The norm is a constant of the graph, as in section 4.3 of the paper and in PEFT (`tuners/lora/dora.py`). `W` is
/// everything beneath, so a stack of updates is what merging them one after the other gives.
#[derive(Clone)]
pub struct Dora {
    /// `m`, `[out]`, f32.
    pub magnitude: Tensor,
    /// `‖W + s·BA‖` by rows, `[out]`, f32; whoever changes a weight renews it by [`Linear::row_norms`].
    pub norm: Tensor,
}

/// `y = x Wᵀ + Σ scale · (x Aᵀ) Bᵀ + bias`.
#[derive(Clone)]
pub struct Linear {
    /// The stored weight.
    pub weight: Weight,
    /// `[out]`, of the weight's dtype; no update touches it.
    pub bias: Option<Tensor>,
    /// Updates on top, in order.
    pub loras: Vec<Lora>,
}

impl Linear {
    /// A layer without bias that is not trained.
    #[must_use]
    pub const fn frozen(weight: Tensor) -> Self {
        Self { weight: Weight::Frozen(weight), bias: None, loras: Vec::new() }
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
            if let Some(dora) = &lora.dora {
                let gain = (&dora.magnitude / &dora.norm)?;
                y = y.broadcast_mul(&gain.to_dtype(x.dtype())?)?;
            }
        }
        match &self.bias {
            Some(bias) => y.broadcast_add(&bias.to_dtype(x.dtype())?),
            None => Ok(y),
        }
    }

    /// `‖W + s·BA‖` by rows, `[out]` in f32, of update `index` and all below it, outside the graph.
    ///
    /// # Errors
    /// The device, or an index that does not exist.
    pub fn row_norms(&self, index: usize) -> Result<Tensor> {
        let mut w = match &self.weight {
            Weight::Frozen(w) | Weight::Trained(w) => w.detach(),
            Weight::Quantized(QMatMul::QTensor(blocks)) => blocks.dequantize(&blocks.device())?,
            Weight::Quantized(QMatMul::Tensor(w) | QMatMul::TensorF16(w)) => w.clone(),
        }
        .to_dtype(DType::F32)?;
        let Some(loras) = self.loras.get(..=index) else {
            return Err(candle_core::Error::Msg(format!("the layer has no update {index}")));
        };
        for (i, lora) in loras.iter().enumerate() {
            w = (w + (lora.b.detach().matmul(&lora.a.detach())? * lora.scale)?)?;
            if let Some(dora) = lora.dora.as_ref().filter(|_| i < index) {
                w = w.broadcast_mul(&(dora.magnitude.detach() / &dora.norm)?.unsqueeze(1)?)?;
            }
        }
        w.sqr()?.sum(D::Minus1)?.sqrt()
    }

    /// The same layer outside the autograd graph. Storage is shared: updates of a `Var` are seen here too.
    #[must_use]
    pub fn detached(&self) -> Self {
        let weight = match &self.weight {
            Weight::Frozen(w) | Weight::Trained(w) => Weight::Frozen(w.detach()),
            Weight::Quantized(w) => Weight::Quantized(w.clone()),
        };
        let dora = |d: &Dora| Dora { magnitude: d.magnitude.detach(), norm: d.norm.detach() };
        let loras = self.loras.iter().map(|l| Lora {
            a: l.a.detach(),
            b: l.b.detach(),
            scale: l.scale,
            dora: l.dora.as_ref().map(dora),
        });
        Self { weight, bias: self.bias.as_ref().map(Tensor::detach), loras: loras.collect() }
    }
}
