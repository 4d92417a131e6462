//! The kernels without instructions of any one machine: what the others are held against, and what runs elsewhere.

use half::{bf16, f16};

use crate::gguf::GgmlType;

use super::Job;
use super::formats::*;

/// All rows of a job.
pub fn run(job: &Job<'_>) {
    match job.ggml_type {
        GgmlType::F32 => float(job, |w: &[u8; 4]| f32::from_le_bytes(*w), false),
        GgmlType::F16 => float(job, |w: &[u8; 2]| f16::from_le_bytes(*w).to_f32(), false),
        GgmlType::BF16 => float(job, |w: &[u8; 2]| bf16::from_le_bytes(*w).to_f32(), true),
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
                let dot = dot(&levels, &x.levels.get()[at * SMALL..][..SMALL]);
                *total += d * x.scales.get()[at] * dot as f32 + min * x.sums.get()[at];
            }
        }
        for (m, total) in totals.iter().enumerate() {
            job.put(row_idx, m, *total);
        }
    }
}

#[inline(always)]
fn dot(w: &[i8], x: &[i8]) -> i32 {
    w.iter().zip(x).map(|(w, x)| i32::from(i16::from(*w) * i16::from(*x))).sum()
}

/// Low nibbles, then high ones.
#[inline(always)]
fn nibbles(qs: &[u8; 16]) -> [u8; SMALL] {
    std::array::from_fn(|idx| qs[idx % 16] >> (4 * (idx / 16)) & 15)
}

#[inline(always)]
fn with_fifth(qs: &[u8; 16], qh: [u8; 4], less: i8) -> [i8; SMALL] {
    let (low, high) = (nibbles(qs), u32::from_le_bytes(qh));
    std::array::from_fn(|idx| (low[idx] | ((high >> idx & 1) as u8) << 4) as i8 - less)
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
            levels: std::array::from_fn(|idx| (self.qs[idx / 128][idx % 32] >> (2 * (idx / 32 % 4)) & 3) as i8),
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
        let level = |idx: usize| {
            let low = self.qs[idx / 128][idx % 32] >> (2 * (idx / 32 % 4)) & 3;
            let high = self.hmask[idx % 32] >> (idx / 32) & 1;
            (low | high << 2) as i8 - 4
        };
        Parts {
            levels: std::array::from_fn(level),
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
        Parts {
            levels: std::array::from_fn(|idx| (self.qs[idx / 64][idx % 32] >> (4 * (idx / 32 % 2)) & 15) as i8),
            scales,
            mins,
            d: half([self.dm[0], self.dm[1]]),
            dmin: half([self.dm[2], self.dm[3]]),
        }
    }
}

impl Large for Q5K {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        let (scales, mins) = eight(&self.scales);
        let level = |idx: usize| {
            let low = self.qs[idx / 64][idx % 32] >> (4 * (idx / 32 % 2)) & 15;
            (low | (self.qh[idx % 32] >> (idx / 32) & 1) << 4) as i8
        };
        Parts {
            levels: std::array::from_fn(level),
            scales,
            mins,
            d: half([self.dm[0], self.dm[1]]),
            dmin: half([self.dm[2], self.dm[3]]),
        }
    }
}

impl Large for Q6K {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        let level = |idx: usize| {
            let (half, quarter) = (idx / 128, idx / 32 % 4);
            let low = self.ql[half][idx % 64] >> (4 * (quarter / 2)) & 15;
            let high = self.qh[half][idx % 32] >> (2 * quarter) & 3;
            (low | high << 4) as i8 - 32
        };
        Parts {
            levels: std::array::from_fn(level),
            scales: self.scales.map(|scale| i32::from(scale as i8)),
            mins: [0; 16],
            d: half(self.d),
            dmin: 0.0,
        }
    }
}

impl Large for Iq4Xs {
    #[inline(always)]
    fn unpack(&self) -> Parts {
        let level = |idx: usize| {
            let byte = self.qs[idx / 64][idx / 32 % 2 * 16 + idx % 16];
            IQ4_LEVELS[usize::from(byte >> (4 * (idx / 16 % 2)) & 15)]
        };
        let scales = bytes([six_bits_iq4(self), 0]);
        Parts {
            levels: std::array::from_fn(level),
            scales: std::array::from_fn(|idx| scales[idx / 2] - 32),
            mins: [0; 16],
            d: half(self.d),
            dmin: 0.0,
        }
    }
}
