//! How much memory a run needs, and what to make smaller when there is less: sizes come in, bytes and choices go out.
//!
//! The parts are counted from shapes, so an answer takes no time and nothing is allocated for it. Checked against
//! measured peaks in the tests; it is for deciding before a run, and not exact to the megabyte.

use std::fmt;
use std::str::FromStr;

/// How the frozen weights of the linear layers in the blocks are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Four bytes a weight.
    F32,
    /// Two.
    Bf16,
    /// ggml's blocks of 32 weights with an f16 scale: 34 bytes.
    #[serde(rename = "q8_0")]
    Q8_0,
    /// bitsandbytes' 4-bit floats in blocks of 64 with doubly quantised scales: 4.127 bits.
    Nf4,
}

impl Base {
    /// From the most exact to the smallest.
    pub const ALL: [Self; 4] = [Self::F32, Self::Bf16, Self::Q8_0, Self::Nf4];

    /// As settings spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Q8_0 => "q8_0",
            Self::Nf4 => "nf4",
        }
    }

    /// Bytes of one weight.
    #[must_use]
    pub const fn bytes(self) -> f64 {
        match self {
            Self::F32 => 4.0,
            Self::Bf16 => 2.0,
            Self::Q8_0 => 34.0 / 32.0,
            // 4 bits, 8 for every 64 weights, and 32 for every 256 of those.
            Self::Nf4 => (4.0 + 8.0 / 64.0 + 32.0 / (64.0 * 256.0)) / 8.0,
        }
    }

    /// Bytes of one weight of embedding and head, which are quantised no further than to eight bits.
    const fn outer_bytes(self) -> f64 {
        match self {
            Self::F32 => 4.0,
            Self::Bf16 => 2.0,
            Self::Q8_0 | Self::Nf4 => 34.0 / 32.0,
        }
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Base {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|base| base.name() == name).ok_or(())
    }
}

/// Sizes of a student.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows of the embedding.
    pub vocab: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width inside the MLP.
    pub inner: usize,
    /// Blocks.
    pub layers: usize,
    /// Width of all queries.
    pub query: usize,
    /// Width of all keys, and of all values.
    pub key: usize,
    /// Query heads.
    pub heads: usize,
    /// The head is the embedding.
    pub tied: bool,
}

impl Shape {
    /// Weights of the linear layers of all blocks.
    #[must_use]
    pub const fn block_weights(&self) -> usize {
        self.layers * (2 * self.hidden * self.query + 2 * self.hidden * self.key + 3 * self.hidden * self.inner)
    }

    /// Weights of embedding and head.
    #[must_use]
    pub const fn outer_weights(&self) -> usize {
        self.vocab * self.hidden * if self.tied { 1 } else { 2 }
    }
}

/// Which engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// candle's operations and tape: every intermediate is kept, in f32, and rows are padded to the longest.
    Portable,
    /// Backward by hand: what a layer cannot make again is kept, in bf16, or in f32 where products are made in f32.
    Fast {
        /// In f32.
        wide: bool,
    },
}

/// What is asked of the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job<'a> {
    /// The student.
    pub shape: Shape,
    /// The engine.
    pub runner: Runner,
    /// Trained values: of the adapter, or all weights.
    pub trained: usize,
    /// All weights are trained, so none is stored beside.
    pub full: bool,
    /// Moments are kept in 8 bits.
    pub eight_bit: bool,
    /// Values of adapters beneath, which are frozen.
    pub frozen: usize,
    /// Tokens of every row, both sides of a pair; the longest first.
    pub rows: &'a [usize],
    /// Tokens of the longest sequence.
    pub longest: usize,
    /// The most label tokens of a row.
    pub labels: usize,
    /// Sequences in a row: 2 for pairs.
    pub sides: usize,
}

/// What may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Plan {
    /// Storage of the frozen weights.
    pub base: Base,
    /// Keep only the inputs of the layers and compute each again in the backward pass.
    pub checkpoint_layers: bool,
    /// Rows of a micro-batch; with [`Plan::gradient_accumulation`] those of an update.
    pub batch_rows: usize,
    /// Micro-batches of an update.
    pub gradient_accumulation: usize,
    /// Tokens in one call of the engine; 0: a micro-batch is a call.
    pub batch_tokens: usize,
}

/// Bytes by purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Frozen weights.
    pub weights: u64,
    /// Trained values with gradient, moments and the best so far; adapters beneath.
    pub trained: u64,
    /// What the backward pass needs of the forward pass.
    pub activations: u64,
    /// Buffers of one layer and of the head.
    pub working: u64,
    /// The program, its tokenizer and the rows.
    pub program: u64,
}

impl Memory {
    /// All of it.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.weights + self.trained + self.activations + self.working + self.program
    }
}

impl fmt::Display for Memory {
    /// By purpose, without the total.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "weights {}, training state {}, activations {}, buffers {}, program {}",
            bytes(self.weights),
            bytes(self.trained),
            bytes(self.activations),
            bytes(self.working),
            bytes(self.program)
        )
    }
}

/// Bytes for people, in powers of 1024.
#[must_use]
pub fn bytes(n: u64) -> String {
    let n = n as f64;
    let (gib, mib) = (n / f64::from(1 << 30), n / f64::from(1 << 20));
    if gib >= 1.0 { format!("{gib:.1} GiB") } else { format!("{mib:.0} MiB") }
}

/// A span of time for people.
#[must_use]
pub fn span(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes {
        0..2 => format!("{seconds:.0} s"),
        2..90 => format!("{minutes} min"),
        90..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

/// Bytes of the head's probabilities that exist at a time (`engine/cpu/head.rs`).
const HEAD_TILE: usize = 48 << 20;
/// Buffers of one layer, in units of what is kept of it: gradients of what was kept, and what is made again.
const LAYER_BUFFERS: usize = 6;
/// The program with its threads, and a tokenizer of a hundred thousand words.
const PROGRAM: u64 = 64 << 20;

impl Job<'_> {
    /// Tokens of the largest call of the engine.
    #[must_use]
    pub fn call_tokens(&self, plan: &Plan) -> usize {
        // A row is never cut, so the longest is always in a call.
        let whole = self.rows.first().copied().unwrap_or(0);
        let limit = if plan.batch_tokens > 0 { plan.batch_tokens.max(whole) } else { usize::MAX };
        let rows = self.call_rows(plan);
        let tokens = self.rows.iter().take(rows).sum::<usize>().min(limit);
        match self.runner {
            Runner::Fast { .. } => tokens,
            // Padded to the longest; of a budget as many rows as it holds of usual ones.
            Runner::Portable => {
                let usual = (self.rows.iter().sum::<usize>() / self.rows.len().max(1)).max(1);
                rows.min(tokens.div_ceil(usual)) * self.sides * self.longest
            }
        }
    }

    /// Rows that may be in one call.
    fn call_rows(&self, plan: &Plan) -> usize {
        let rows = if plan.batch_tokens > 0 { plan.batch_rows * plan.gradient_accumulation } else { plan.batch_rows };
        rows.clamp(1, self.rows.len().max(1))
    }

    /// Bytes at the peak of training.
    #[must_use]
    pub fn memory(&self, plan: &Plan) -> Memory {
        let s = &self.shape;
        let tokens = self.call_tokens(plan);
        let weights = s.block_weights() as f64 * plan.base.bytes() + s.outer_weights() as f64 * plan.base.outer_bytes();
        // Per token and layer.
        let (kept, input) = match self.runner {
            // Two residuals in f32; q, k, v, attention's output, gate and up.
            Runner::Fast { wide } => {
                let number = if wide || plan.base == Base::F32 { 4 } else { 2 };
                (8 * s.hidden + 2 * number * (s.query + s.key + s.inner), 4 * s.hidden)
            }
            // Counted in `model/llama.rs`: norms 3 each, sums of the residual and of adapters, rotations, six copies
            // of the scores. A seventh on top for what the backward pass makes while all of it is still there.
            Runner::Portable => {
                let floats = 16 * s.hidden + 12 * s.query + 16 * s.key + 10 * s.inner + 6 * s.heads * self.longest;
                (4 * floats * 8 / 7, 4 * s.hidden)
            }
        };
        let labels = (self.call_rows(plan) * self.labels).min(tokens);
        let head = match self.runner {
            Runner::Fast { wide } => {
                (labels * s.vocab * if wide || plan.base == Base::F32 { 4 } else { 2 }).min(HEAD_TILE)
            }
            // Logits, their exponentials and two steps between.
            Runner::Portable => labels * s.vocab * 4 * 4,
        };
        let buffers = match self.runner {
            // Beside the layer's buffers, what attention makes of the longest row: scores and their derivatives on
            // each of some threads.
            Runner::Fast { .. } => tokens * kept * LAYER_BUFFERS + 4 * 2 * 2 * self.longest * self.longest,
            Runner::Portable => 0,
        };
        let activations =
            if plan.checkpoint_layers { tokens * (s.layers * input + kept) } else { tokens * s.layers * kept };
        // Value in the loop and in the engine, gradient, and the best so far. With all weights trained the engine's are
        // counted as weights, and candle's gradients are another copy.
        let copies = 4;
        // Two moments, in f32 or in bytes with a scale for every 256.
        let moments = if self.eight_bit { 2.0 * (1.0 + 4.0 / 256.0) } else { 8.0 };
        let trained = self.trained as f64 * (f64::from(copies * 4) + moments) + self.frozen as f64 * 4.0;
        let data: usize = self.rows.iter().sum::<usize>() * (4 + 8);
        Memory {
            weights: if self.full { 4 * self.trained as u64 } else { weights as u64 },
            trained: trained as u64,
            activations: activations as u64,
            working: (buffers + head) as u64,
            program: PROGRAM + data as u64,
        }
    }
}

/// What may be changed to make a run fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freedom {
    /// Storages of the base to try, the best first; never empty.
    pub bases: Vec<Base>,
    /// Whether layers are checkpointed: as asked, or both to be tried.
    pub checkpoint_layers: Vec<bool>,
}

/// The first plan that fits in `limit` bytes, and its memory; the smallest one as an error when none does.
///
/// Micro-batches are made smaller first, because an update over more of them is the same up to rounding; then layers
/// are checkpointed, which costs a forward pass; last the base is quantised, which changes the numbers.
///
/// # Errors
/// The smallest plan with what it needs.
pub fn fit(job: &Job<'_>, wish: Plan, freedom: &Freedom, limit: u64) -> Result<(Plan, Memory), (Plan, Memory)> {
    let mut least: Option<(Plan, Memory)> = None;
    for &base in &freedom.bases {
        for &checkpoint_layers in &freedom.checkpoint_layers {
            let mut plan = Plan { base, checkpoint_layers, ..wish };
            loop {
                let memory = job.memory(&plan);
                if memory.total() <= limit {
                    return Ok((plan, memory));
                }
                if least.is_none_or(|(_, best)| memory.total() < best.total()) {
                    least = Some((plan, memory));
                }
                let Some(smaller) = smaller(job, &plan) else { break };
                plan = smaller;
            }
        }
    }
    let least = least.unwrap_or_else(|| (wish, job.memory(&wish)));
    Err(least)
}

/// The same update in smaller micro-batches.
fn smaller(job: &Job<'_>, plan: &Plan) -> Option<Plan> {
    let longest = job.rows.first().copied().unwrap_or(0).max(1);
    if plan.batch_tokens > 0 {
        // As many rows as the budget has room for, so the rows of a batch say nothing.
        let half = (plan.batch_tokens / 2).max(longest);
        return (half < plan.batch_tokens).then_some(Plan { batch_tokens: half, ..*plan });
    }
    let parts = if plan.batch_rows.is_multiple_of(2) { 2 } else { plan.batch_rows };
    (plan.batch_rows > 1).then(|| Plan {
        batch_rows: plan.batch_rows / parts,
        gradient_accumulation: plan.gradient_accumulation * parts,
        ..*plan
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const S135M: Shape =
        Shape { vocab: 49_152, hidden: 576, inner: 1536, layers: 30, query: 576, key: 192, heads: 9, tied: true };
    const S1B: Shape =
        Shape { vocab: 128_256, hidden: 2048, inner: 8192, layers: 16, query: 2048, key: 512, heads: 32, tied: true };
    const S3B: Shape = Shape { hidden: 3072, layers: 28, query: 3072, key: 1024, heads: 24, ..S1B };

    /// Values of adapters of this rank on all linear layers.
    fn lora(s: &Shape, rank: usize) -> usize {
        let (h, q, k, f) = (s.hidden, s.query, s.key, s.inner);
        s.layers * rank * (2 * (h + q) + 2 * (h + k) + 3 * (h + f))
    }

    fn job(shape: Shape, runner: Runner, rows: &[usize]) -> Job<'_> {
        Job {
            shape,
            runner,
            trained: lora(&shape, 16),
            full: false,
            eight_bit: false,
            frozen: 0,
            rows,
            longest: rows[0],
            labels: rows[0],
            sides: 1,
        }
    }

    fn plan(base: Base, batch_rows: usize) -> Plan {
        Plan { base, checkpoint_layers: false, batch_rows, gradient_accumulation: 1, batch_tokens: 0 }
    }

    #[test]
    fn sizes_are_those_of_the_students() {
        assert_eq!(S1B.block_weights() + S1B.outer_weights(), 1_235_746_816);
        assert_eq!(lora(&S1B, 16), 11_272_192);
        assert_eq!(lora(&S3B, 16), 24_313_856);
        assert!((Base::Nf4.bytes() * 8.0 - 4.127).abs() < 0.001);
    }

    /// Peaks measured on full batches of 256-token rows, LoRA r 16 on all linear layers: the first line with candle's
    /// tape, the others with a sketch of the fast engine.
    #[test]
    fn near_measured_peaks() {
        for (what, shape, runner, base, rows, mib) in [
            ("135M, candle", S135M, Runner::Portable, Base::F32, 4, 8772.0),
            ("135M, bf16", S135M, Runner::Fast { wide: false }, Base::Bf16, 4, 887.0),
            ("1B, bf16", S1B, Runner::Fast { wide: false }, Base::Bf16, 2, 3289.0),
            ("1B, nf4", S1B, Runner::Fast { wide: false }, Base::Nf4, 2, 1736.0),
            ("3B, nf4", S3B, Runner::Fast { wide: false }, Base::Nf4, 2, 3646.0),
        ] {
            let found = job(shape, runner, &[256; 4]).memory(&plan(base, rows)).total() as f64 / f64::from(1 << 20);
            println!("{what}: {found:.0} MiB, measured {mib}");
            assert!((found / mib - 1.0).abs() < 0.15, "{what}: {found:.0} MiB, measured {mib}");
        }
    }

    #[test]
    fn what_costs_least_is_given_up_first() {
        let rows = [256; 64];
        let job = job(S1B, Runner::Fast { wide: false }, &rows);
        let wish = plan(Base::Bf16, 8);
        let all = Freedom { bases: vec![Base::Bf16, Base::Q8_0, Base::Nf4], checkpoint_layers: vec![false, true] };
        let of = |gib: f64| fit(&job, wish, &all, (gib * f64::from(1 << 30)) as u64);
        assert_eq!(of(8.0).unwrap().0, wish);
        let (plan, memory) = of(3.6).unwrap();
        assert!(plan.base == Base::Bf16 && !plan.checkpoint_layers && memory.total() < 3_900_000_000, "{plan:?}");
        assert!(plan.batch_rows < 8 && plan.batch_rows * plan.gradient_accumulation == 8, "{plan:?}");
        let (plan, _) = of(2.9).unwrap();
        assert_eq!((plan.base, plan.checkpoint_layers), (Base::Bf16, true));
        assert_eq!(of(2.0).unwrap().0.base, Base::Q8_0);
        assert_eq!(of(1.4).unwrap().0.base, Base::Nf4);
        let (least, memory) = of(0.5).unwrap_err();
        assert_eq!((least.base, least.checkpoint_layers, least.batch_rows), (Base::Nf4, true, 1));
        assert!(memory.total() > 1 << 29);
        // What was asked for stays.
        let fixed = Freedom { bases: vec![Base::Bf16], checkpoint_layers: vec![false] };
        assert!(fit(&job, wish, &fixed, 2 << 30).is_err());
    }

    #[test]
    fn a_budget_of_tokens_never_cuts_a_row() {
        let rows = [300, 100, 100, 100];
        let job = job(S135M, Runner::Fast { wide: false }, &rows);
        let plan = |batch_tokens| Plan { batch_tokens, ..plan(Base::Bf16, 4) };
        assert_eq!(job.call_tokens(&plan(0)), 600);
        assert_eq!(job.call_tokens(&plan(400)), 400);
        assert_eq!(job.call_tokens(&plan(10)), 300);
        assert_eq!(smaller(&job, &plan(400)).unwrap().batch_tokens, 300);
        // Odd numbers of rows go to one at once.
        let odd = Plan { batch_rows: 3, gradient_accumulation: 2, ..plan(0) };
        let one = smaller(&job, &odd).unwrap();
        assert_eq!((one.batch_rows, one.gradient_accumulation), (1, 6));
        assert_eq!(smaller(&job, &one), None);
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!((bytes(700 << 20), bytes(3 << 29)), ("700 MiB".to_owned(), "1.5 GiB".to_owned()));
        let spans: Vec<String> = [4.2, 130.0, 5400.0, 200_000.0].into_iter().map(span).collect();
        assert_eq!(spans, ["4 s", "2 min", "1 h 30 min", "2 d 7 h"]);
    }
}
