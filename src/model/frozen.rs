use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CudaStorage, CustomOp1, Error, Layout, Result, Shape, Storage, Tensor};

/// `y = x Wᵀ` for a weight that is never trained.
///
/// candle's own matmul computes the gradient of both sides and keeps it to the end: for a frozen weight that is a
/// third of all work and a weight-sized buffer per layer. This operation hides the weight and returns `dx = dy W`.
///
/// `x` is `[N, in]` contiguous, `W` is `[out, in]`, `y` is `[N, out]`, all of one dtype.
pub(super) struct FrozenMatmul {
    weight: Tensor,
}

impl FrozenMatmul {
    pub(super) fn apply(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        x.contiguous()?.apply_op1(Self { weight: weight.detach() })
    }

    fn dims(&self, x: &Layout) -> Result<(usize, usize, usize)> {
        let (rows, inner) = x.shape().dims2()?;
        let (out, width) = self.weight.dims2()?;
        if inner != width {
            return Err(Error::ShapeMismatchBinaryOp {
                lhs: x.shape().clone(),
                rhs: self.weight.shape().clone(),
                op: "frozen-matmul",
            });
        }
        Ok((rows, out, inner))
    }
}

impl CustomOp1 for FrozenMatmul {
    fn name(&self) -> &'static str {
        "frozen-matmul"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, out, inner) = self.dims(layout)?;
        let transposed = self.weight.t()?;
        let (storage, weight_layout) = transposed.storage_and_layout();
        let Storage::Cpu(weight) = &*storage else {
            return Err(Error::Msg("the input is on the CPU and the weight is not".into()));
        };
        Ok((x.matmul(weight, (1, rows, out, inner), layout, weight_layout)?, Shape::from((rows, out))))
    }

    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (rows, out, inner) = self.dims(layout)?;
        let transposed = self.weight.t()?;
        let (storage, weight_layout) = transposed.storage_and_layout();
        let Storage::Cuda(weight) = &*storage else {
            return Err(Error::Msg("the input is on the GPU and the weight is not".into()));
        };
        Ok((x.matmul(weight, (1, rows, out, inner), layout, weight_layout)?, Shape::from((rows, out))))
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, dy: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(dy.contiguous()?.matmul(&self.weight)?))
    }
}
