//! ggml's blocks as they lie in a file, byte for byte, and what a portable loop needs of them.
//!
//! The layouts are those of ggml's `ggml-common.h`. Elements are in the row's own order throughout: a kernel shifts
//! the levels of a block to where they belong instead of asking for activations in an order of its own, so that one
//! quantised copy of a row serves all formats.

/// The levels that a nibble of IQ4_NL and IQ4_XS stands for.
pub const IQ4_LEVELS: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/// Elements of a block with one scale.
pub const SMALL: usize = 32;
/// Elements of a block with scales of its parts.
pub const SUPER: usize = 256;

/// A block as it lies in a file.
///
/// # Safety
/// The type is `repr(C)`, consists of bytes only (alignment 1, no padding) and is sound for all values of them.
pub unsafe trait Block: Copy {}

/// `bytes` as blocks; what does not fill one at the end is left out.
#[inline(always)]
pub fn blocks_of<B: Block>(bytes: &[u8]) -> &[B] {
    let count = bytes.len() / size_of::<B>();
    // SAFETY: `Block` promises alignment 1 and that any bytes will do; `count` whole blocks lie within `bytes`.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), count) }
}

/// Groups of `N` small blocks, the last one filled up with zeros: a scale of 0 adds nothing.
#[inline(always)]
pub fn fill_up<B: Block, const N: usize>(rest: &[B]) -> [B; N] {
    // SAFETY: `Block` promises that any bytes will do, so zeros do.
    let mut group: [B; N] = unsafe { std::mem::zeroed() };
    for (to, from) in group.iter_mut().zip(rest) {
        *to = *from;
    }
    group
}

macro_rules! block {
    ($(#[$meta:meta])* $name:ident, $bytes:literal { $($field:ident: $kind:ty),* }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub struct $name { $(pub $field: $kind),* }
        const _: () = assert!(size_of::<$name>() == $bytes && align_of::<$name>() == 1);
        // SAFETY: bytes only, as asserted.
        unsafe impl Block for $name {}
    };
}

block!(
    /// One number.
    F32, 4 { bytes: [u8; 4] }
);
block!(
    /// One number.
    F16, 2 { bytes: [u8; 2] }
);
block!(
    /// One number.
    Bf16, 2 { bytes: [u8; 2] }
);
block!(
    /// f16 scale, 32 nibbles less 8; the low nibbles are elements 0 to 15.
    Q4_0, 18 { d: [u8; 2], qs: [u8; 16] }
);
block!(
    /// As [`Q4_0`] with a minimum.
    Q4_1, 20 { d: [u8; 2], m: [u8; 2], qs: [u8; 16] }
);
block!(
    /// Five bits less 16, the fifth in `qh`.
    Q5_0, 22 { d: [u8; 2], qh: [u8; 4], qs: [u8; 16] }
);
block!(
    /// As [`Q5_0`] with a minimum.
    Q5_1, 24 { d: [u8; 2], m: [u8; 2], qh: [u8; 4], qs: [u8; 16] }
);
block!(
    /// f16 scale, signed bytes.
    Q8_0, 34 { d: [u8; 2], qs: [u8; 32] }
);
block!(
    /// f16 scale, nibbles into [`IQ4_LEVELS`].
    Iq4Nl, 18 { d: [u8; 2], qs: [u8; 16] }
);
block!(
    /// 16 parts of 16: scale and minimum of four bits, levels of two.
    Q2K, 84 { scales: [u8; 16], qs: [[u8; 32]; 2], dm: [u8; 4] }
);
block!(
    /// 16 parts of 16: scale of six bits less 32, levels of three less 4.
    Q3K, 110 { hmask: [u8; 32], qs: [[u8; 32]; 2], scales: [u8; 12], d: [u8; 2] }
);
block!(
    /// 8 parts of 32: scale and minimum of six bits, levels of four.
    Q4K, 144 { dm: [u8; 4], scales: [u8; 12], qs: [[u8; 32]; 4] }
);
block!(
    /// 8 parts of 32: scale and minimum of six bits, levels of five.
    Q5K, 176 { dm: [u8; 4], scales: [u8; 12], qh: [u8; 32], qs: [[u8; 32]; 4] }
);
block!(
    /// 16 parts of 16: scale of eight bits, levels of six less 32.
    Q6K, 210 { ql: [[u8; 64]; 2], qh: [[u8; 32]; 2], scales: [u8; 16], d: [u8; 2] }
);
block!(
    /// 8 parts of 32: scale of six bits less 32, nibbles into [`IQ4_LEVELS`].
    Iq4Xs, 136 { d: [u8; 2], scales_h: [u8; 2], scales_l: [u8; 4], qs: [[u8; 32]; 4] }
);

/// The little-endian word at `at`.
#[inline(always)]
pub fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The twelve bytes of Q4_K and Q5_K as sixteen of six bits: scales 0 to 3, minima 0 to 3, scales 4 to 7, minima 4 to 7.
///
/// The first eight hold six bits each with the two upper bits lent to the parts 4 to 7, whose lower four are in the
/// last four bytes: scales in the low nibbles, minima in the high ones.
#[inline(always)]
pub fn six_bits(packed: &[u8; 12]) -> [u64; 2] {
    let head = u64::from(word(packed, 0)) | u64::from(word(packed, 4)) << 32;
    let tail = u64::from(word(packed, 8));
    let low = (tail | (tail >> 4) << 32) & 0x0f0f_0f0f_0f0f_0f0f;
    [head & 0x3f3f_3f3f_3f3f_3f3f, low | (head >> 2) & 0x3030_3030_3030_3030]
}

/// The twelve bytes of Q3_K as sixteen of six bits, 32 not yet taken off.
#[inline(always)]
pub fn six_bits_q3(packed: &[u8; 12]) -> [u64; 2] {
    let low = u64::from(word(packed, 0)) | u64::from(word(packed, 4)) << 32;
    let high = u64::from(word(packed, 8));
    // Two bits each: of parts 0 to 3 at bit 0 of the four bytes, of 4 to 7 at bit 2, and so on.
    let first = (high & 0x0303_0303) | ((high >> 2) & 0x0303_0303) << 32;
    let second = ((high >> 4) & 0x0303_0303) | ((high >> 6) & 0x0303_0303) << 32;
    [low & 0x0f0f_0f0f_0f0f_0f0f | first << 4, (low >> 4) & 0x0f0f_0f0f_0f0f_0f0f | second << 4]
}

/// The scales of IQ4_XS as eight bytes of six bits, 32 not yet taken off.
#[inline(always)]
pub fn six_bits_iq4(block: &Iq4Xs) -> u64 {
    // Eight nibbles, then eight pairs of bits, each to a byte of its own.
    let mut low = u64::from(word(&block.scales_l, 0));
    low = (low | low << 16) & 0x0000_ffff_0000_ffff;
    low = (low | low << 8) & 0x00ff_00ff_00ff_00ff;
    low = (low | low << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let mut high = u64::from(u16::from_le_bytes(block.scales_h));
    high = (high | high << 24) & 0x0000_00ff_0000_00ff;
    high = (high | high << 12) & 0x000f_000f_000f_000f;
    high = (high | high << 6) & 0x0303_0303_0303_0303;
    low | high << 4
}
