//! Whether a row says what its passage says: quotations, numbers and names, without a model.

mod claim;
mod entity;
mod facts;
mod key;
mod locate;
mod number;
mod units;
mod words;

pub use claim::{Arithmetic, Claim, Support, What, unsupported};
pub use facts::{Disagreement, Facts};
pub use key::derive_key;
pub use locate::{Found, locate};

#[cfg(test)]
mod tests;
