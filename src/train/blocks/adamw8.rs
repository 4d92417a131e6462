use std::ops::Range;

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::{ParallelSlice, ParallelSliceMut};

use super::{BlocksError, DynamicMap, expect_length};

/// Moments that share one scale.
const BLOCK: usize = DynamicMap::BLOCK;
/// Tensors with fewer parameters keep f32 moments.
const SMALLEST: usize = 4096;
/// Parameters that a thread takes at a time.
const SPAN: usize = 64 * BLOCK;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// AdamW with 8-bit moments (Dettmers, Lewis, Shleifer and Zettlemoyer 2022, arXiv 2110.02861), 2.03 bytes per
/// parameter where [`AdamW`](crate::train::optim::AdamW) takes 8.
///
/// Between updates the moments are codes of the [`DynamicMap`]s, signed for the first and unsigned for the second, in
/// blocks of 256 that start with their tensor. An update is computed in f32, from moments that are quantised only
/// afterwards. Tensors under 4096 parameters keep f32 moments, as in bitsandbytes.
///
/// The update is that of bitsandbytes 0.50 but for one thing. There a second moment under a six-millionth of its
/// block's largest becomes 0 while the first does not, and once the gradient comes near 0 the parameter jumps by a
/// hundred times the learning rate. Here a second moment that is not 0 never becomes 0. Decay comes first, as in torch;
/// bitsandbytes has it so on the CPU and the other way round on a GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW8 {
    tensors: Vec<Range<usize>>,
    m: Moments,
    v: Moments,
    step: u64,
    /// The lowest code of a second moment that is not 0.
    lowest: u8,
}

/// One kind of moments of all tensors, in their order; what a checkpoint stores.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// One code per parameter of the large tensors.
    pub codes: Vec<u8>,
    /// One scale per 256 codes of a tensor.
    pub absmax: Vec<f32>,
    /// One number per parameter of the small tensors.
    pub plain: Vec<f32>,
}

impl Moments {
    fn zeros(tensors: &[Range<usize>], map: &DynamicMap) -> Self {
        let (large, small): (Vec<_>, Vec<_>) = tensors.iter().map(Range::len).partition(|&len| len >= SMALLEST);
        Self {
            codes: vec![map.nearest(0.0); large.iter().sum()],
            absmax: vec![0.0; large.iter().map(|len| len.div_ceil(BLOCK)).sum()],
            plain: vec![0.0; small.iter().sum()],
        }
    }

    /// Bytes in memory and in a checkpoint.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.codes.len() + 4 * (self.absmax.len() + self.plain.len())
    }
}

impl AdamW8 {
    /// Zero moments for tensors at these places of the flat buffers.
    #[must_use]
    pub fn new(tensors: Vec<Range<usize>>) -> Self {
        let m = Moments::zeros(&tensors, DynamicMap::signed());
        let v = Moments::zeros(&tensors, DynamicMap::unsigned());
        Self { tensors, m, v, step: 0, lowest: 1 }
    }

    /// Goes on from stored moments.
    ///
    /// # Errors
    /// [`BlocksError::Length`] when they are not those of such tensors.
    pub fn from_parts(tensors: Vec<Range<usize>>, m: Moments, v: Moments, step: u64) -> Result<Self, BlocksError> {
        let fresh = Self::new(tensors);
        for (moments, zeros) in [(&m, &fresh.m), (&v, &fresh.v)] {
            expect_length("moment codes", zeros.codes.len(), moments.codes.len())?;
            expect_length("scales of moments", zeros.absmax.len(), moments.absmax.len())?;
            expect_length("moments of small tensors", zeros.plain.len(), moments.plain.len())?;
        }
        Ok(Self { m, v, step, ..fresh })
    }

    /// First moments.
    #[must_use]
    pub fn m(&self) -> &Moments {
        &self.m
    }

    /// Second moments.
    #[must_use]
    pub fn v(&self) -> &Moments {
        &self.v
    }

    /// Updates made.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Bytes that the moments take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.m.bytes() + self.v.bytes()
    }

    /// One update in place, as [`AdamW::update`](crate::train::optim::AdamW::update): `decay` says for each group of
    /// parameters whether weight decay applies. A tensor belongs to the group in which it starts; one that is in no
    /// group stays as it is. Gradients must be finite.
    ///
    /// # Panics
    /// When the buffers are shorter than the tensors.
    pub fn update(
        &mut self,
        parameters: &mut [f32],
        gradients: &[f32],
        learning_rate: f64,
        weight_decay: f64,
        decay: &[(Range<usize>, bool)],
    ) {
        self.step += 1;
        let rates = Rates::new(self.step, learning_rate, self.lowest);
        let (mut m, mut v) = (Cursor::new(&mut self.m), Cursor::new(&mut self.v));
        for tensor in &self.tensors {
            let (m, v) = (m.next(tensor.len()), v.next(tensor.len()));
            let Some((_, decays)) = decay.iter().find(|(group, _)| group.contains(&tensor.start)) else { continue };
            let rates = rates.shrinking(if *decays { (1.0 - learning_rate * weight_decay) as f32 } else { 1.0 });
            let (parameters, gradients) = (&mut parameters[tensor.clone()], &gradients[tensor.clone()]);
            match (m, v) {
                (Part::Blocks(m), Part::Blocks(v)) => rates.update_blocks(parameters, gradients, m, v),
                (Part::Plain(m), Part::Plain(v)) => rates.update(parameters, gradients, m, v),
                // Both cursors go through the same lengths.
                _ => {}
            }
        }
    }
}

/// One tensor's share of [`Moments`].
enum Part<'a> {
    Blocks((&'a mut [u8], &'a mut [f32])),
    Plain(&'a mut [f32]),
}

/// Hands out the moments tensor by tensor.
struct Cursor<'a> {
    codes: &'a mut [u8],
    absmax: &'a mut [f32],
    plain: &'a mut [f32],
}

impl<'a> Cursor<'a> {
    fn new(moments: &'a mut Moments) -> Self {
        Self { codes: &mut moments.codes, absmax: &mut moments.absmax, plain: &mut moments.plain }
    }

    fn next(&mut self, len: usize) -> Part<'a> {
        if len < SMALLEST {
            return Part::Plain(take(&mut self.plain, len));
        }
        Part::Blocks((take(&mut self.codes, len), take(&mut self.absmax, len.div_ceil(BLOCK))))
    }
}

fn take<'a, T>(from: &mut &'a mut [T], len: usize) -> &'a mut [T] {
    let (taken, rest) = std::mem::take(from).split_at_mut(len);
    *from = rest;
    taken
}

/// What an update multiplies with, in f32.
#[derive(Clone, Copy)]
struct Rates {
    shrink: f32,
    step_size: f32,
    correction: f32,
    lowest: u8,
}

impl Rates {
    fn new(step: u64, learning_rate: f64, lowest: u8) -> Self {
        let exponent = i32::try_from(step).unwrap_or(i32::MAX);
        Self {
            shrink: 1.0,
            step_size: (learning_rate / (1.0 - BETA1.powi(exponent))) as f32,
            correction: (1.0 - BETA2.powi(exponent)).sqrt() as f32,
            lowest,
        }
    }

    fn shrinking(self, shrink: f32) -> Self {
        Self { shrink, ..self }
    }

    fn update_blocks(
        self,
        parameters: &mut [f32],
        gradients: &[f32],
        m: (&mut [u8], &mut [f32]),
        v: (&mut [u8], &mut [f32]),
    ) {
        let values = parameters.par_chunks_mut(SPAN).zip(gradients.par_chunks(SPAN));
        let m = m.0.par_chunks_mut(SPAN).zip(m.1.par_chunks_mut(SPAN / BLOCK));
        let v = v.0.par_chunks_mut(SPAN).zip(v.1.par_chunks_mut(SPAN / BLOCK));
        values.zip(m.zip(v)).for_each(|((parameters, gradients), (m, v))| {
            let (signed, unsigned) = (DynamicMap::signed(), DynamicMap::unsigned());
            let values = parameters.chunks_mut(BLOCK).zip(gradients.chunks(BLOCK));
            let codes = m.0.chunks_mut(BLOCK).zip(v.0.chunks_mut(BLOCK));
            let scales = m.1.iter_mut().zip(v.1);
            let (mut first, mut second) = ([0.0; BLOCK], [0.0; BLOCK]);
            for (((parameters, gradients), (m, v)), (m_scale, v_scale)) in values.zip(codes).zip(scales) {
                let (first, second) = (&mut first[..m.len()], &mut second[..v.len()]);
                signed.dequantize(m, *m_scale, first);
                unsigned.dequantize(v, *v_scale, second);
                self.update(parameters, gradients, first, second);
                *m_scale = signed.quantize(first, m);
                *v_scale = unsigned.quantize(second, v);
                for (code, &second) in v.iter_mut().zip(&*second) {
                    *code = (*code).max(self.lowest * u8::from(second > 0.0));
                }
            }
        });
    }

    fn update(self, parameters: &mut [f32], gradients: &[f32], m: &mut [f32], v: &mut [f32]) {
        let (keep1, add1) = (BETA1 as f32, (1.0 - BETA1) as f32);
        let (keep2, add2) = (BETA2 as f32, (1.0 - BETA2) as f32);
        for ((p, &g), (m, v)) in parameters.iter_mut().zip(gradients).zip(m.iter_mut().zip(v)) {
            *m = keep1 * *m + add1 * g;
            *v = keep2 * *v + add2 * g * g;
            *p = *p * self.shrink - self.step_size * *m / (v.sqrt() / self.correction + EPSILON as f32);
        }
    }
}

#[cfg(test)]
mod tests;
