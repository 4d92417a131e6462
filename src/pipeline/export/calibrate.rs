//! An importance matrix: how large the inputs of every matrix are, column by column, on text the model is made for.
//!
//! llama.cpp's definition (`tools/imatrix/imatrix.cpp`): the mean square of each column of a product's input over all
//! tokens. A column that is always small may be stored badly; one that is large may not.

use super::{Model, Watch, gate, interrupted, spread, stopped};
use crate::Error;
use crate::batch::{ContextPolicy, Sequence, encode_row};
use crate::gguf::importance::Importance;
use crate::gguf::names::to_gguf;
use crate::model::module_path;
use crate::row::Row;
use crate::train::engine::cpu::stream::{self, Input};
use crate::train::estimate::Base;

/// Tokens that are enough: more rows move the means of a 3B model's columns by less than a percent.
const MOST_TOKENS: usize = 64 << 10;
/// llama.cpp counts its text in chunks of this many tokens.
const CHUNK: usize = 512;

/// From rows as they are trained on; a preference gives its chosen side.
pub fn rows(model: &Model<'_>, rows: &[Row], watch: &dyn Watch) -> Result<Option<Importance>, Error> {
    let encoder = model.encoder()?;
    let mut sequences = Vec::new();
    // Any beginning of them holds all kinds: sources and kinds come in blocks.
    for row in spread(rows, rows.len()) {
        sequences.push(encode_row(&encoder, row, ContextPolicy::Auto).map_err(|e| Error::new(e.to_string()))?.chosen);
    }
    from(model, sequences, "rows", watch)
}

/// From a text.
pub fn text(model: &Model<'_>, text: &str, watch: &dyn Watch) -> Result<Option<Importance>, Error> {
    let windows = gate::text_windows(&model.encoder()?, text)?;
    if windows.is_empty() {
        return Err(Error::new("the text to calibrate with has fewer tokens than one window of 512").data());
    }
    from(model, windows, "text", watch)
}

fn from(
    model: &Model<'_>,
    mut sequences: Vec<Sequence>,
    dataset: &str,
    watch: &dyn Watch,
) -> Result<Option<Importance>, Error> {
    let mut tokens = 0;
    let enough = sequences.iter().take_while(|s| {
        tokens += s.input_ids.len();
        tokens <= MOST_TOKENS
    });
    sequences.truncate(enough.count().max(1));
    if sequences.is_empty() {
        watch.say("no rows to calibrate with: quantised without an importance matrix");
        return Ok(None);
    }
    // No position is asked for: only what goes into the layers counts.
    for sequence in &mut sequences {
        sequence.labels.fill(crate::batch::IGNORE);
    }
    let mut gathered = Gathered { importance: Importance::default(), tokens: 0, watch };
    let weights = model.weights()?;
    let all: Vec<&Sequence> = sequences.iter().collect();
    // Every row counts all of its tokens, as if it were read alone.
    let ended = stream::run(&*weights, Base::Bf16, &all, false, &mut gathered)?;
    watch.finish();
    if ended.is_none() {
        return Err(interrupted());
    }
    let Gathered { mut importance, tokens, .. } = gathered;
    importance.describe(vec![dataset.to_owned()], tokens.div_ceil(CHUNK), CHUNK);
    watch.detail(&format!("importance matrix from {} rows, {tokens} tokens", sequences.len()));
    Ok(Some(importance))
}

struct Gathered<'a> {
    importance: Importance,
    tokens: usize,
    watch: &'a dyn Watch,
}

impl stream::Watch for Gathered<'_> {
    fn squares(&mut self, layer: usize, input: Input, sums: &[f32], tokens: usize) {
        if layer == 0 && input == Input::Attention {
            self.tokens += tokens;
        }
        for module in input.modules() {
            if let Some(name) = to_gguf(&format!("{}.weight", module_path(layer, module))) {
                self.importance.add(&name, sums, tokens as f32);
            }
        }
    }

    fn wants_squares(&self) -> bool {
        true
    }

    fn progress(&mut self, done: usize, total: usize) -> bool {
        self.watch.progress(done as u64, total as u64, "calibrating");
        !stopped()
    }
}
