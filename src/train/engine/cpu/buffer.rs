//! Buffers that are taken once and reused every step.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// A cache line, which is also one row of a tile.
const LINE: usize = 64;
/// A large page. Rows of matrices lie in as many pages as there are rows, and looking up small ones takes longer than
/// reading them.
const LARGE_PAGE: usize = 2 << 20;

/// A growing buffer of plain numbers, aligned to 64 bytes. New memory is zero; old contents stay.
pub struct Buffer<T> {
    first: NonNull<u8>,
    layout: Layout,
    len: usize,
    of: std::marker::PhantomData<T>,
}

// SAFETY: the buffer owns its memory, and plain numbers may go anywhere.
unsafe impl<T: Plain> Send for Buffer<T> {}
// SAFETY: shared access only reads.
unsafe impl<T: Plain> Sync for Buffer<T> {}

/// Numbers for which every pattern of bits is a value.
pub trait Plain: Copy + Send + Sync + 'static {}
impl Plain for f32 {}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Self { first: NonNull::dangling(), layout: Layout::new::<()>(), len: 0, of: std::marker::PhantomData }
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
        let bytes = (len * size_of::<T>()).next_multiple_of(LINE);
        if bytes > self.layout.size() {
            self.grow(bytes);
        }
        self.len = len;
        self
    }

    fn grow(&mut self, bytes: usize) {
        let align = if bytes >= LARGE_PAGE { LARGE_PAGE } else { LINE };
        let Ok(layout) = Layout::from_size_align(bytes, align) else { handle_alloc_error(Layout::new::<T>()) };
        // SAFETY: the layout has a size. The new block is written before it is read: old contents, then zeros.
        unsafe {
            let Some(first) = NonNull::new(alloc(layout)) else { handle_alloc_error(layout) };
            #[cfg(target_os = "linux")]
            if align == LARGE_PAGE {
                // Only a wish: without large pages everything works, slower.
                let _ = rustix::mm::madvise(first.as_ptr().cast(), bytes, rustix::mm::Advice::LinuxHugepage);
            }
            let old = self.layout.size();
            if old > 0 {
                first.copy_from_nonoverlapping(self.first, old);
                dealloc(self.first.as_ptr(), self.layout);
            }
            first.add(old).write_bytes(0, bytes - old);
            (self.first, self.layout) = (first, layout);
        }
    }
}

impl<T> Drop for Buffer<T> {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: allocated with this layout, and nothing refers to it any more.
            unsafe { dealloc(self.first.as_ptr(), self.layout) };
        }
    }
}

impl<T: Plain> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the block holds at least `len` values of `T`, is aligned for it, and any bits are a `T`. An empty
        // buffer has no block, but its pointer is aligned for a byte only, which is why it is not used then.
        if self.len == 0 { &[] } else { unsafe { std::slice::from_raw_parts(self.first.as_ptr().cast(), self.len) } }
    }
}

impl<T: Plain> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: as in `deref`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.first.as_ptr().cast(), self.len) }
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
