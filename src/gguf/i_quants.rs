//! IQ4_NL and IQ4_XS: nibbles that stand for uneven levels, denser near zero.
//!
//! Source: `ggml/src/ggml-quants.c`, `quantize_row_iq4_nl_impl`.

use super::dequantize::IQ4_LEVELS;
use super::k_quants::stored;
use super::lanes::{Lanes, nearest_bits};
use super::search::{self, CHUNK, Fits};

/// The nibbles of 32 values under `inverse`: element j low, j + 16 high.
#[inline(always)]
fn pack(x: &[f32; 32], inverse: f32, out: &mut [u8]) {
    let mut levels = [0; 32];
    for (level, x) in levels.iter_mut().zip(x) {
        *level = search::iq4_index(inverse * x);
    }
    for j in 0..16 {
        out[j] = levels[j] | levels[j + 16] << 4;
    }
}

/// What values count: `E` of them share a mean square when there is an importance, else the square itself.
#[inline(always)]
fn fit<L: Lanes, const E: usize>(x: &[f32], importance: Option<&[f32]>) -> Option<Fits> {
    let mut weights = [0.0; CHUNK];
    let weights = &mut weights[..x.len()];
    match importance {
        Some(importance) => search::by_importance::<L, E>(x, importance, 2.0, weights),
        None => weights.iter_mut().zip(x).for_each(|(weight, x)| *weight = x * x),
    }
    let mut fits = Fits::new();
    search::uneven::<L>(x, weights, &mut fits);
    fits.finite(x.len() / 32).then_some(fits)
}

#[inline(always)]
pub(super) fn iq4_nl<L: Lanes>(x: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    let Some(fits) = fit::<L, 32>(x, importance) else { return false };
    for (block, (x, out)) in x.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<18>().0).enumerate() {
        let scale = fits.scale[block];
        let Some(d) = stored(scale) else { return false };
        out[..2].copy_from_slice(&d.to_le_bytes());
        pack(x, if scale == 0.0 { 0.0 } else { 1.0 / scale }, &mut out[2..]);
    }
    true
}

#[inline(always)]
pub(super) fn iq4_xs<L: Lanes>(x: &[f32], importance: Option<&[f32]>, out: &mut [u8]) -> bool {
    let Some(fits) = fit::<L, 256>(x, importance) else { return false };
    for (block, (x, out)) in x.as_chunks::<256>().0.iter().zip(out.as_chunks_mut::<136>().0).enumerate() {
        let scales = &fits.scale[block * 8..block * 8 + 8];
        let extreme =
            scales.iter().fold(0.0f32, |extreme, &scale| if scale.abs() > extreme.abs() { scale } else { extreme });
        let d = -extreme / 32.0;
        let Some(half) = stored(d) else { return false };
        let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
        out[..8].fill(0);
        let mut high = 0u16;
        for (j, (x, scale)) in x.as_chunks::<32>().0.iter().zip(scales).enumerate() {
            let level = nearest_bits(inverse * scale).clamp(-32, 31);
            // The f32 step, not the f16 one that is stored.
            let step = d * level as f32;
            pack(x, if step == 0.0 { 0.0 } else { 1.0 / step }, &mut out[8 + j * 16..][..16]);
            let level = (level + 32) as u8;
            out[4 + j / 2] |= (level & 15) << (4 * (j % 2));
            high |= u16::from(level >> 4) << (2 * j);
        }
        out[..2].copy_from_slice(&half.to_le_bytes());
        out[2..4].copy_from_slice(&high.to_le_bytes());
    }
    true
}

// The nearest of 16 levels is found by comparing with the borders between them; that is only right when they rise.
const _: () = {
    let mut k = 0;
    while k < 15 {
        assert!(IQ4_LEVELS[k] < IQ4_LEVELS[k + 1]);
        k += 1;
    }
};
