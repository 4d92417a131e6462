//! Reports: a [`super::Report`] comes in, the text to print goes out.

pub mod json;
pub mod text;
