//! Reports: a [`super::Report`] comes in, the text to print goes out.
//!
//! Files that are made to be uploaded (SARIF, GitLab, GitHub, JUnit) say where and what and show no words of a row;
//! `text` and `html` are for whoever has the data and show the masked words around a defect.

mod common;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod sarif;
#[cfg(test)]
mod tests;
pub mod text;
