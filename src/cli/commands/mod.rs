//! One file per subcommand: its arguments and its work.

pub(super) mod config;
pub(super) mod doctor;
pub(super) mod extract;
mod filter;
pub(super) mod generate;
pub(super) mod init;
pub(super) mod lint;
pub(super) mod mask;
pub(super) mod profile;
pub(super) mod prompt;
pub(super) mod read_alone;
mod review;
pub(super) mod show;
pub(super) mod unmask;
pub(super) mod vault;

#[cfg(feature = "train")]
pub(super) mod chat;
#[cfg(feature = "train")]
pub(super) mod demo;
#[cfg(feature = "train")]
pub(super) mod eval;
#[cfg(feature = "train")]
pub(super) mod export;
#[cfg(feature = "train")]
pub(super) mod merge;
#[cfg(feature = "train")]
pub(super) mod train;
