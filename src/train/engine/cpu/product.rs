//! Products of matrices, shared out over the threads, each finished while it is still in the first cache.
//!
//! A task packs a few panels of right operands once and goes over the rows of the left ones in blocks of 32. A block
//! of sums never reaches memory as such: what follows (a residual, a rotation, SwiGLU, a change of format) is done to
//! it at once. On machines with tiles this is worth more than any care inside the kernel, because writing sums out in
//! f32 takes longer than making them.
//!
//! Every sum is made by one thread in one order, so the result does not depend on how many there are.

use std::cell::RefCell;

use rayon::prelude::*;

use super::buffer::{Buffer, Shared};
use super::element::{Element, NR, Piece, ROWS, STEP};
use super::isa::Isa;
use super::kernel::Tiles;
use super::pack;
use super::source::{Packed, Source, Way};

/// Values of the reduced dimension that are packed at a time.
const KC: usize = 512;
/// Elements of packed panels that a task holds at a time: half of a second cache of 2 MiB.
const GROUP_ELEMENTS: usize = 512 << 10;
/// Panels that a task takes at most, unless blocks have to be wider: one stays in the first cache while rows stream by.
const GROUP: usize = 1;

/// One term of a sum: a left operand of activations and a right operand.
#[derive(Clone, Copy)]
pub struct Term<'a, E> {
    /// First row; rows are `stride` apart, padded to a multiple of [`ROWS`] with whatever is there.
    pub a: *const E,
    /// In elements.
    pub stride: usize,
    /// The right operand.
    pub b: Source<'a, E>,
    /// How it is used.
    pub way: Way,
}

impl<E: Element + Packed> Term<'_, E> {
    fn depth(&self) -> usize {
        match self.way {
            Way::Transposed => self.b.columns(),
            Way::Plain => self.b.rows(),
        }
        .next_multiple_of(STEP)
    }
}

/// A finished block of sums.
pub struct Block<'a> {
    /// First row of the batch.
    pub row: usize,
    /// Rows that belong to the batch.
    pub rows: usize,
    /// First column of the result.
    pub column: usize,
    /// Columns that belong to the result.
    pub columns: usize,
    sums: &'a mut [f32],
    stride: usize,
    pitch: usize,
}

impl Block<'_> {
    /// Row `r` of part `part`, `[columns]`.
    pub fn part(&mut self, part: usize, r: usize) -> &mut [f32] {
        &mut self.sums[part * self.pitch + r * self.stride..][..self.columns]
    }

    /// Row `r` of the first two parts.
    pub fn pair(&mut self, r: usize) -> (&mut [f32], &mut [f32]) {
        let (first, second) = self.sums.split_at_mut(self.pitch);
        (&mut first[r * self.stride..][..self.columns], &mut second[r * self.stride..][..self.columns])
    }
}

/// What becomes of the sums.
pub enum Finish<'a, E> {
    /// Written as f32 rows `stride` apart.
    Wide(Shared<f32>, usize),
    /// Written in the product's format; what lies between the last column and the stride is not touched.
    Narrow(Shared<E>, usize),
    /// Whatever the closure does, and what it reads and writes.
    With(Vec<Touch>, Box<dyn Fn(Block<'_>) + Sync + 'a>),
}

impl<E: Element> Finish<'_, E> {
    /// Finishes a block of the task that computed it.
    pub fn apply(&self, isa: Isa, mut block: Block<'_>) {
        let (row, column, columns) = (block.row, block.column, block.columns);
        match self {
            Self::Wide(out, stride) => {
                for r in 0..block.rows {
                    // SAFETY: these rows and columns of the result are this task's.
                    let to = unsafe { out.part(row + r, *stride, column, columns) };
                    to.copy_from_slice(block.part(0, r));
                }
            }
            Self::Narrow(out, stride) => {
                for r in 0..block.rows {
                    // SAFETY: as above.
                    let to = unsafe { out.part(row + r, *stride, column, columns) };
                    pack::narrow(isa, block.part(0, r), to);
                }
            }
            Self::With(_, f) => f(block),
        }
    }

    /// What is read and written.
    pub fn touches(&self) -> Vec<Touch> {
        match self {
            Self::Wide(out, stride) => vec![Touch::write(*out, *stride)],
            Self::Narrow(out, stride) => vec![Touch::write(*out, *stride)],
            Self::With(touches, _) => touches.clone(),
        }
    }
}

/// A matrix that finishing a block reads or writes. Its lines are asked for while the block is still being computed:
/// a line that is written has to be fetched first, and that takes longer than anything done to it.
#[derive(Clone, Copy)]
pub struct Touch {
    first: *const u8,
    stride: usize,
    size: usize,
    write: bool,
}

// SAFETY: an address that is only ever hinted at.
unsafe impl Sync for Touch {}
// SAFETY: as above.
unsafe impl Send for Touch {}

impl Touch {
    /// A matrix that is read, rows `stride` elements apart.
    pub const fn read<T>(matrix: &[T], stride: usize) -> Self {
        Self { first: matrix.as_ptr().cast(), stride: stride * size_of::<T>(), size: size_of::<T>(), write: false }
    }

    /// A matrix that is written.
    pub fn write<T>(matrix: Shared<T>, stride: usize) -> Self {
        Self { first: matrix.get().cast(), stride: stride * size_of::<T>(), size: size_of::<T>(), write: true }
    }

    fn ask(&self, row: usize, rows: usize, column: usize, columns: usize) {
        #[cfg(target_arch = "x86_64")]
        for r in row..row + rows {
            use std::arch::x86_64::{_MM_HINT_ET0, _MM_HINT_T0, _mm_prefetch};
            let at = self.first.wrapping_add(r * self.stride + column * self.size).cast::<i8>();
            for line in (0..columns * self.size).step_by(64) {
                // SAFETY: a hint; it never faults.
                unsafe {
                    if self.write {
                        _mm_prefetch::<_MM_HINT_ET0>(at.wrapping_add(line));
                    } else {
                        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(line));
                    }
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (row, rows, column, columns);
    }
}

/// One product, or several of one width side by side.
pub struct Job<'a, E> {
    /// Each part is a sum of terms; the sum runs over them in order.
    pub parts: Vec<Vec<Term<'a, E>>>,
    /// Columns of the result.
    pub n: usize,
    /// Blocks begin at multiples of this many columns and hold whole ones, but for the last.
    pub align: usize,
    /// What becomes of it.
    pub finish: Finish<'a, E>,
}

// SAFETY: operands are only read; each block is finished by one thread.
unsafe impl<E> Sync for Job<'_, E> {}

impl<E: Number> Job<'_, E> {
    fn depth(&self) -> usize {
        self.parts.iter().flatten().map(Term::depth).sum()
    }

    /// Panels that a task takes.
    fn group(&self) -> usize {
        let least = least_common(self.align.max(1), NR) / NR;
        let most = (GROUP_ELEMENTS / (self.depth().max(1) * NR)).clamp(1, GROUP.max(least));
        (most / least).max(1) * least
    }
}

fn least_common(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}

struct Scratch<E> {
    panels: Buffer<E>,
    rows: Buffer<E>,
    sums: Buffer<f32>,
}

/// What a thread keeps between products.
pub trait Local: Sized {
    /// Runs `f` with this thread's scratch.
    fn with<R>(f: impl FnOnce(&mut ScratchOf<Self>) -> R) -> R;
}

/// Opaque to everybody but this module.
pub struct ScratchOf<E>(Scratch<E>);

macro_rules! local {
    ($element:ty) => {
        impl Local for $element {
            fn with<R>(f: impl FnOnce(&mut ScratchOf<Self>) -> R) -> R {
                thread_local! {
                    static SCRATCH: RefCell<ScratchOf<$element>> = RefCell::new(ScratchOf(Scratch {
                        panels: Buffer::default(),
                        rows: Buffer::zeros(NR * KC),
                        sums: Buffer::default(),
                    }));
                }
                SCRATCH.with_borrow_mut(f)
            }
        }
    };
}

local!(f32);
local!(super::element::Bf16);

/// All of what a product needs of a number format.
pub trait Number: Element + Packed + Local {}
impl<T: Element + Packed + Local> Number for T {}

/// Computes several products of `m` rows in one go.
///
/// # Safety
/// Every operand has the extents its term says, with rows padded to [`ROWS`]; results do not overlap.
pub unsafe fn products<E: Number>(isa: Isa, m: usize, jobs: &[Job<'_, E>]) {
    let threads = rayon::current_num_threads();
    let mut groups = Vec::new();
    for (j, job) in jobs.iter().enumerate() {
        let columns = job.group() * NR;
        groups.extend((0..job.n).step_by(columns).map(|first| (j, first, columns.min(job.n - first))));
    }
    if groups.is_empty() || m == 0 {
        return;
    }
    // Few panels: rows are shared out too, and each share packs the panels for itself.
    let blocks = m.div_ceil(ROWS);
    let shares = (2 * threads).div_ceil(groups.len()).min(blocks);
    let rows = blocks.div_ceil(shares) * ROWS;
    let tasks: Vec<_> = groups.iter().flat_map(|&g| (0..m).step_by(rows).map(move |first| (g, first))).collect();
    let work = |&((j, column, columns), first): &((usize, usize, usize), usize)| {
        // SAFETY: the caller's promise; these rows and columns are this task's.
        unsafe { group(isa, &jobs[j], column, columns, first..m.min(first + rows)) }
    };
    if threads == 1 {
        let _tiles = Tiles::configure(isa);
        tasks.iter().for_each(work);
    } else {
        // Runs of tasks, so that a thread sets its tiles seldom.
        let run = tasks.len().div_ceil(8 * threads).max(1);
        tasks.par_chunks(run).for_each(|tasks| {
            let _tiles = Tiles::configure(isa);
            tasks.iter().for_each(work);
        });
    }
}

/// Some columns of one product over a range of rows.
unsafe fn group<E: Number>(isa: Isa, job: &Job<'_, E>, column: usize, columns: usize, rows: std::ops::Range<usize>) {
    let count = columns.div_ceil(NR);
    let stride = count * NR;
    let touches = job.finish.touches();
    E::with(|ScratchOf(scratch)| {
        scratch.panels.resize(job.depth() * stride);
        scratch.sums.resize(job.parts.len() * ROWS * stride);
        // Panels in the order in which they are used: of every part, panel and term.
        let mut pieces: Vec<Piece<E>> = Vec::new();
        let mut ends = Vec::new();
        let mut at = 0;
        for terms in &job.parts {
            for p in 0..count {
                for term in terms {
                    let depth = term.depth();
                    let panel = &mut scratch.panels[at..][..depth * NR];
                    pack_panel(isa, term, column + p * NR, depth, panel, &mut scratch.rows);
                    pieces.push(Piece { kc: depth, a: term.a, lda: term.stride, panel: panel.as_ptr() });
                    at += depth * NR;
                }
                ends.push(pieces.len());
            }
        }
        let mut here = pieces.clone();
        for row in rows.clone().step_by(ROWS) {
            touches.iter().for_each(|t| t.ask(row, ROWS.min(rows.end - row), column, columns));
            for (here, piece) in here.iter_mut().zip(&pieces) {
                // SAFETY: the left operand has 32 rows from here.
                here.a = unsafe { piece.a.add(row * piece.lda) };
            }
            let mut from = 0;
            for (i, &end) in ends.iter().enumerate() {
                let (part, p) = (i / count, i % count);
                // SAFETY: the left operands have 32 rows from here, the scratch the sums and the panels.
                unsafe {
                    let c = scratch.sums.as_mut_ptr().add(part * ROWS * stride + p * NR);
                    E::block(isa, &here[from..end], c, stride, ROWS, false);
                }
                from = end;
            }
            job.finish.apply(
                isa,
                Block {
                    row,
                    rows: ROWS.min(rows.end - row),
                    column,
                    columns,
                    sums: &mut scratch.sums,
                    stride,
                    pitch: ROWS * stride,
                },
            );
        }
    });
}

/// A product of whole panels on this thread, straight into `c`; tiles are configured by the caller.
///
/// # Safety
/// As [`products`]; `m` and `n` are multiples of 32, and `c` has `m` rows of `n`, `ldc` apart.
#[allow(clippy::too_many_arguments, reason = "the signature of a product")]
pub unsafe fn product_here<E: Number>(
    isa: Isa,
    m: usize,
    n: usize,
    term: &Term<'_, E>,
    c: *mut f32,
    ldc: usize,
    add: bool,
) {
    let depth = term.depth();
    E::with(|ScratchOf(scratch)| {
        for column in (0..n).step_by(NR) {
            let panel = term.b.packed(column, 0).unwrap_or_else(|| {
                let room = scratch.panels.len().max(depth * NR);
                pack_panel(isa, term, column, depth, scratch.panels.resize(room), &mut scratch.rows);
                scratch.panels.as_ptr()
            });
            let piece = Piece { kc: depth, a: term.a, lda: term.stride, panel };
            // SAFETY: the caller's promise.
            unsafe { E::block(isa, &[piece], c.add(column), ldc, m, add) };
        }
    });
}

/// Packs one panel of a term, `[depth, 32]`.
fn pack_panel<E: Number>(isa: Isa, term: &Term<'_, E>, column: usize, depth: usize, panel: &mut [E], rows: &mut [E]) {
    for k in (0..depth).step_by(KC) {
        term.b.pack(isa, term.way, column, k, KC.min(depth - k), &mut panel[k * NR..], rows);
    }
}

/// Packs a whole operand: `n` columns of the product, `depth` deep, panels `depth · 32` elements apart.
pub fn pack_all<E: Number>(isa: Isa, b: &Source<'_, E>, way: Way, n: usize, depth: usize, out: &mut [E]) {
    debug_assert!(depth.is_multiple_of(STEP));
    E::with(|ScratchOf(scratch)| {
        for (p, panel) in out.chunks_exact_mut(depth * NR).take(n.div_ceil(NR)).enumerate() {
            for k in (0..depth).step_by(KC) {
                let kc = KC.min(depth - k);
                b.pack(isa, way, p * NR, k, kc, &mut panel[k * NR..], &mut scratch.rows);
            }
        }
    });
}
