//! Buffers that are taken once and reused every step.

use std::ops::{Deref, DerefMut};

/// One cache line, which is also one row of a tile.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A growing buffer of plain numbers, aligned to 64 bytes. New memory is zero; old contents stay.
pub struct Buffer<T> {
    lines: Vec<Line>,
    len: usize,
    of: std::marker::PhantomData<T>,
}

/// Numbers for which every pattern of bits is a value.
pub trait Plain: Copy + Send + Sync + 'static {}
impl Plain for f32 {}
impl Plain for u16 {}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), len: 0, of: std::marker::PhantomData }
    }
}

impl<T: Plain> Buffer<T> {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut out = Self::default();
        out.resize(len);
        out
    }

    /// Makes it `len` long. Memory is only taken when there is not enough; what is new is zero.
    pub fn resize(&mut self, len: usize) -> &mut [T] {
        let lines = (len * size_of::<T>()).div_ceil(64);
        if lines > self.lines.len() {
            // Never more than asked for: doubling would hold memory that nobody uses.
            self.lines.reserve_exact(lines - self.lines.len());
            self.lines.resize(lines, Line([0; 64]));
        }
        self.len = len;
        self
    }
}

impl<T: Plain> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the lines hold at least `len` values of `T`, are aligned for it, and any bits are a `T`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<T: Plain> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// A pointer that worker threads share. Each of them writes places of its own.
pub struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: whoever dereferences it answers for places that no other thread touches.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub fn new(slice: &mut [T]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// The same from element `at` on.
    #[must_use]
    pub fn from(self, at: usize) -> Self {
        // SAFETY: inside the buffer; whoever dereferences it answers for that.
        Self(unsafe { self.0.add(at) })
    }

    pub const fn get(self) -> *mut T {
        self.0
    }

    /// Row `row` of a matrix with rows `stride` apart.
    ///
    /// # Safety
    /// The row is inside the buffer, which lives as long as the result is used, and no other thread has it.
    pub unsafe fn row<'a>(self, row: usize, stride: usize, len: usize) -> &'a mut [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(row * stride), len) }
    }

    /// `len` places of row `row` from `column` on.
    ///
    /// # Safety
    /// As [`Self::row`].
    pub unsafe fn part<'a>(self, row: usize, stride: usize, column: usize, len: usize) -> &'a mut [T] {
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(row * stride + column), len) }
    }
}
