//! Where a step's time goes. Costs one relaxed load a part while it is off.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// Parts of a step.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Products of the layers with adapters and packing.
    Products,
    /// The adapters' own products.
    Adapters,
    /// Gradients of the adapters.
    Gradients,
    /// Attention.
    Attention,
    /// Norms, rotation, SwiGLU, changes of format.
    Rows,
    /// The head.
    Head,
}

/// All parts, in order.
pub const PARTS: [Part; 6] = [Part::Products, Part::Adapters, Part::Gradients, Part::Attention, Part::Rows, Part::Head];

static ON: AtomicBool = AtomicBool::new(false);
static NANOS: [AtomicU64; PARTS.len()] = [const { AtomicU64::new(0) }; PARTS.len()];

/// Starts counting, from zero.
pub fn start() {
    NANOS.iter().for_each(|n| n.store(0, Relaxed));
    ON.store(true, Relaxed);
}

/// Seconds by part since [`start`].
#[must_use]
pub fn seconds() -> Vec<(Part, f64)> {
    PARTS.into_iter().zip(&NANOS).map(|(part, n)| (part, n.load(Relaxed) as f64 * 1e-9)).collect()
}

/// Runs `f` and counts its time.
pub(super) fn timed<R>(part: Part, f: impl FnOnce() -> R) -> R {
    if !ON.load(Relaxed) {
        return f();
    }
    let started = Instant::now();
    let out = f();
    NANOS[part as usize].fetch_add(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX), Relaxed);
    out
}
