//! The kernels without instructions of any one machine: what the others are held against, and what runs elsewhere.

#![allow(clippy::needless_range_loop, reason = "one index walks several arrays")]

use crate::gguf::GgmlType;

use super::Job;
use super::formats::*;

/// All rows of a job.
pub fn run(job: &Job<'_>) {
    match job.ggml_type {
        GgmlType::F32 => float(job, |w: &[u8; 4]| f32::from_le_bytes(*w), false),
        GgmlType::F16 => float(job, |w: &[u8; 2]| half(*w), false),
        GgmlType::BF16 => float(job, |w: &[u8; 2]| f32::from_le_bytes([0, 0, w[0], w[1]]), true),
        GgmlType::Q4_0 => small::<Q4_0>(job),
        GgmlType::Q4_1 => small::<Q4_1>(job),
        GgmlType::Q5_0 => small::<Q5_0>(job),
        GgmlType::Q5_1 => small::<Q5_1>(job),
        GgmlType::Q8_0 => small::<Q8_0>(job),
        GgmlType::IQ4NL => small::<Iq4Nl>(job),
        GgmlType::Q2K => large::<Q2K>(job),
        GgmlType::Q3K => large::<Q3K>(job),
        GgmlType::Q4K => large::<Q4K>(job),
        GgmlType::Q5K => large::<Q5K>(job),
        GgmlType::Q6K => large::<Q6K>(job),
        GgmlType::IQ4XS => large::<Iq4Xs>(job),
    }
}

/// f16 to f32 with integers only, so that loops of it need no look at the machine's features.
#[inline(always)]
fn half(bytes: [u8; 2]) -> f32 {
    let bits = u32::from(u16::from_le_bytes(bytes));
    let sign = (bits & 0x8000) << 16;
    let magnitude = bits & 0x7fff;
    // Shifted into place the exponent lacks 112; a product with 2^112 also makes subnormals right.
    let finite = f32::from_bits(magnitude << 13) * f32::from_bits((127 + 112) << 23);
    let value = if magnitude >= 0x7c00 { f32::from_bits(magnitude << 13 | 0x7f80_0000) } else { finite };
    f32::from_bits(value.to_bits() | sign)
}

/// Sixteen sums at a time, so that the order is that of a vector and not of one long chain.
const SUMS: usize = 16;

#[inline(always)]
fn float<const N: usize>(job: &Job<'_>, decode: impl Fn(&[u8; N]) -> f32, split: bool) {
    let stride = job.acts.grouped();
    let mut decoded = vec![0.0_f32; stride];
    for row_idx in 0..job.rows {
        for (to, w) in decoded.iter_mut().zip(job.row(row_idx).as_chunks::<N>().0) {
            *to = decode(w);
        }
        for m in 0..job.acts.rows() {
            let mut sums = [0.0_f32; SUMS];
            if split {
                let x = &job.acts.split.get()[m * stride..][..stride];
                for (x, w) in x.as_chunks::<32>().0.iter().zip(decoded.as_chunks::<32>().0) {
                    for idx in 0..16 {
                        sums[idx] += x[idx] * w[2 * idx] + x[16 + idx] * w[2 * idx + 1];
                    }
                }
            } else {
                let x = &job.acts.natural.get()[m * stride..][..stride];
                for (x, w) in x.as_chunks::<SUMS>().0.iter().zip(decoded.as_chunks::<SUMS>().0) {
                    for idx in 0..SUMS {
                        sums[idx] += x[idx] * w[idx];
                    }
                }
            }
            job.put(row_idx, m, sums.iter().sum());
        }
    }
}

/// A block of 32 with its levels as they are meant.
struct Levels {
    levels: [i8; SMALL],
    d: f32,
    m: f32,
}

trait Small: Block {
    fn unpack(&self) -> Levels;
}

fn small<B: Small>(job: &Job<'_>) {
    let stride = job.acts.grouped();
    let x = &job.acts.small;
    let mut totals = vec![0.0_f32; job.acts.rows()];
    for row_idx in 0..job.rows {
        totals.fill(0.0);
        for (idx, block) in blocks_of::<B>(job.row(row_idx)).iter().enumerate() {
            let Levels { levels, d, m: min } = block.unpack();
            for (m, total) in totals.iter_mut().enumerate() {
                let at = m * stride / SMALL + idx;
                let dot = x.levels.get()[at * SMALL..].first_chunk().map_or(0, |x| dot(&levels, x));
                *total += d * x.scales.get()[at] * dot as f32 + min * x.sums.get()[at];
            }
        }
        for (m, total) in totals.iter().enumerate() {
            job.put(row_idx, m, *total);
        }
    }
}

/// Of whole arrays, so that the loop becomes vectors without a rest.
#[inline(always)]
fn dot<const N: usize>(w: &[i8; N], x: &[i8; N]) -> i32 {
    let mut sum = 0;
    for idx in 0..N {
        sum += i32::from(w[idx]) * i32::from(x[idx]);
    }
    sum
}

/// Low nibbles, then high ones.
#[inline(always)]
fn nibbles(qs: &[u8; 16]) -> [u8; SMALL] {
    let mut levels = [0; SMALL];
    for idx in 0..16 {
        levels[idx] = qs[idx] & 15;
        levels[16 + idx] = qs[idx] >> 4;
    }
    levels
}

#[inline(always)]
fn with_fifth(qs: &[u8; 16], qh: [u8; 4], less: i8) -> [i8; SMALL] {
    let mut levels = nibbles(qs);
    for (levels, set) in levels.as_chunks_mut::<8>().0.iter_mut().zip(qh) {
        for idx in 0..8 {
            levels[idx] |= u8::from(set & (1 << idx) != 0) << 4;
        }
    }
    levels.map(|level| level as i8 - less)
}

impl Small for Q4_0 {
    #[inline(always)]
    fn unpack(&self) -> Levels {
        Levels { levels: nibbles(&self.qs).map(|level| level as i8 - 8), d: half(self.d), m: 0.0 }
    }
}

impl Small for Q4_1 {
    #[inline(always)]
    fn unpack(&self) -> Levels {
        Levels { levels: nibbles(&self.qs).map(|level| level as i8), d: half(self.d), m: half(self.m) }
    }
}

impl Small for Q5_0 {
    #[inline(always)]
    fn unpack(&self) -> Levels {
        Levels { levels: with_fifth(&self.qs, self.qh, 16), d: half(self.d), m: 0.0 }
    }
}

impl Small for Q5_1 {
    #[inline(always)]
    fn unpack(&self) -> Levels {
        Levels { levels: with_fifth(&self.qs, self.qh, 0), d: half(self.d), m: half(self.m) }
    }
}

impl Small for Q8_0 {
    #[inline(always)]
    fn unpack(&self) -> Levels {
        Levels { levels: self.qs.map(|level| level as i8), d: half(self.d), m: 0.0 }
    }
}

impl Small for Iq4Nl {
    #[inline(always)]
    fn unpack(&self) -> Levels {
        let levels = nibbles(&self.qs).map(|level| IQ4_LEVELS[usize::from(level)]);
        Levels { levels, d: half(self.d), m: 0.0 }
    }
}

/// A block of 256 with its levels as they are meant, scales and minima for each 16.
struct Parts {
    levels: [i8; SUPER],
    scales: [i32; 16],
    mins: [i32; 16],
    d: f32,
    dmin: f32,
}

trait Large: Block {
    fn unpack(&self) -> Parts;
}

fn large<B: Large>(job: &Job<'_>) {
    let columns = job.acts.columns();
    let x = &job.acts.large;
    let mut totals = vec![0.0_f32; job.acts.rows()];
    for row_idx in 0..job.rows {
        totals.fill(0.0);
        for (idx, block) in blocks_of::<B>(job.row(row_idx)).iter().enumerate() {
            let Parts { levels, scales, mins, d, dmin } = block.unpack();
            for (m, total) in totals.iter_mut().enumerate() {
                let at = m * columns / SUPER + idx;
                let parts = levels.as_chunks::<16>().0.iter().zip(x.levels.get()[at * SUPER..].as_chunks::<16>().0);
                let sum: i32 = parts.zip(&scales).map(|((w, x), scale)| scale * dot(w, x)).sum();
                let sums = &x.sums.get()[at * 16..][..16];
                let below: i32 = mins.iter().zip(sums).map(|(min, sum)| min * i32::from(*sum)).sum();
                let scale = x.scales.get()[at];
                *total += d * scale * sum as f32 - dmin * scale * below as f32;
            }
        }
        for (m, total) in totals.iter().enumerate() {
            job.put(row_idx, m, *total);
        }
    }
}

/// `(bytes >> SHIFT) & MASK` of 32 bytes: the levels of one part of 32.
#[inline(always)]
fn part<const SHIFT: u32, const MASK: u8>(bytes: &[u8; 32], to: &mut [i8]) {
    for (to, byte) in to.iter_mut().zip(bytes) {
        *to = (byte >> SHIFT & MASK) as i8;
    }
}

/// Adds `value` where a bit of the byte is set.
#[inline(always)]
fn bit(bytes: &[u8; 32], bit: usize, value: i8, to: &mut [i8]) {
    let set = 1 << bit;
    for (to, byte) in to.iter_mut().zip(bytes) {
        *to += if byte & set == 0 { 0 } else { value };
    }
}

/// Levels of two bits: four parts from 32 bytes.
#[inline(always)]
fn two_bits(qs: &[[u8; 32]; 2]) -> [i8; SUPER] {
    let mut levels = [0; SUPER];
    for (qs, to) in qs.iter().zip(levels.as_chunks_mut::<128>().0) {
        part::<0, 3>(qs, &mut to[..32]);
        part::<2, 3>(qs, &mut to[32..64]);
        part::<4, 3>(qs, &mut to[64..96]);
        part::<6, 3>(qs, &mut to[96..]);
    }
    levels
}

/// Levels of four bits: two parts from 32 bytes.
#[inline(always)]
fn four_bits(qs: &[[u8; 32]; 4]) -> [i8; SUPER] {
    let mut levels = [0; SUPER];
    for (qs, to) in qs.iter().zip(levels.as_chunks_mut::<64>().0) {
        part::<0, 15>(qs, &mut to[..32]);
        part::<4, 15>(qs, &mut to[32..]);
    }
    levels
}

/// Bytes of two words.
#[inline(always)]
fn bytes(words: [u64; 2]) -> [i32; 16] {
    std::array::from_fn(|idx| (words[idx / 8] >> (8 * (idx % 8)) & 255) as i32)
}

/// Scales and minima of eight parts, each said twice.
#[inline(always)]
fn eight(packed: &[u8; 12]) -> ([i32; 16], [i32; 16]) {
    let all = bytes(six_bits(packed));
    let at = |idx: usize| idx / 2 % 4 + idx / 8 * 8;
    (std::array::from_fn(|idx| all[at(idx)]), std::array::from_fn(|idx| all[at(idx) + 4]))
}

impl Large for Q2K {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        Parts {
            levels: two_bits(&self.qs),
            scales: self.scales.map(|both| i32::from(both & 15)),
            mins: self.scales.map(|both| i32::from(both >> 4)),
            d: half([self.dm[0], self.dm[1]]),
            dmin: half([self.dm[2], self.dm[3]]),
        }
    }
}

impl Large for Q3K {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        let mut levels = two_bits(&self.qs);
        for (idx, to) in levels.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            bit(&self.hmask, idx, 4, to);
        }
        Parts {
            levels: levels.map(|level| level - 4),
            scales: bytes(six_bits_q3(&self.scales)).map(|scale| scale - 32),
            mins: [0; 16],
            d: half(self.d),
            dmin: 0.0,
        }
    }
}

impl Large for Q4K {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        let (scales, mins) = eight(&self.scales);
        let (d, dmin) = (half([self.dm[0], self.dm[1]]), half([self.dm[2], self.dm[3]]));
        Parts { levels: four_bits(&self.qs), scales, mins, d, dmin }
    }
}

impl Large for Q5K {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        let (scales, mins) = eight(&self.scales);
        let mut levels = four_bits(&self.qs);
        for (idx, to) in levels.as_chunks_mut::<32>().0.iter_mut().enumerate() {
            bit(&self.qh, idx, 16, to);
        }
        let (d, dmin) = (half([self.dm[0], self.dm[1]]), half([self.dm[2], self.dm[3]]));
        Parts { levels, scales, mins, d, dmin }
    }
}

impl Large for Q6K {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        let mut levels = [0; SUPER];
        let halves = self.ql.iter().zip(&self.qh).zip(levels.as_chunks_mut::<128>().0);
        for ((low, high), to) in halves {
            for idx in 0..32 {
                let (a, b, high) = (low[idx], low[32 + idx], high[idx]);
                to[idx] = (a & 15 | high << 4 & 48) as i8 - 32;
                to[32 + idx] = (b & 15 | high << 2 & 48) as i8 - 32;
                to[64 + idx] = (a >> 4 | high & 48) as i8 - 32;
                to[96 + idx] = (b >> 4 | high >> 2 & 48) as i8 - 32;
            }
        }
        let scales = self.scales.map(|scale| i32::from(scale as i8));
        Parts { levels, scales, mins: [0; 16], d: half(self.d), dmin: 0.0 }
    }
}

impl Large for Iq4Xs {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        let mut levels = [0; SUPER];
        let parts = self.qs.as_flattened().as_chunks::<16>().0.iter().zip(levels.as_chunks_mut::<32>().0);
        for (qs, to) in parts {
            *to = nibbles(qs).map(|level| IQ4_LEVELS[usize::from(level)]);
        }
        let scales = bytes([six_bits_iq4(self), 0]);
        Parts {
            levels,
            scales: std::array::from_fn(|idx| scales[idx / 2] - 32),
            mins: [0; 16],
            d: half(self.d),
            dmin: 0.0,
        }
    }
}
