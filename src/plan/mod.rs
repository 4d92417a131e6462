//! What fits where: a student's shape and a device come in, memory, speed and a recommendation go out.
//!
//! | file | what it does |
//! | --- | --- |
//! | `student.rs` | shapes of known students, of a folder, of a GGUF; bytes per quantisation |
//! | `memory.rs` | bytes of weights, cache, working memory and the program, for one context |
//! | `device.rs`, `devices.toml` | the table of devices, and what a system leaves to one program |
//! | `bench.rs` | memory bandwidth of this machine |
//! | `text.rs` | the plan for people |
//!
//! Everything is arithmetic on sizes, but for `bench.rs`, which measures, and the readers of folders and GGUFs. What is
//! not known (the bandwidth of a device, say) stays absent, and so does what would follow from it.

pub mod bench;
pub mod device;
pub mod memory;
pub mod student;
pub mod text;

use serde::Serialize;

pub use device::{Device, Place};
pub use memory::{KvType, Memory};
pub use student::{Student, Variant};

/// A row needs this share of its total left over to be recommended: the estimate is not better than that.
const COMFORT: f64 = 0.05;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// Students with their quantisations.
    pub students: Vec<Student>,
    /// Where they shall run.
    pub place: Place,
    /// Tokens of prompt and answers together.
    pub context: usize,
    /// How keys and values are kept.
    pub kv: KvType,
    /// Slower than this is not recommended, in tokens a second.
    pub least_speed: f64,
}

/// How well one file fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The one to take.
    Recommended,
    /// It fits with room to spare.
    Fits,
    /// It fits, with less room than the estimate may be wrong by.
    Tight,
    /// It fits and would be slower than asked for.
    Slow,
    /// The student was made for fewer tokens.
    ShortContext,
    /// It needs more than there is.
    TooLarge,
}

/// One student in one quantisation.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The student's name.
    pub student: String,
    /// Its number of weights.
    pub parameters: u64,
    /// The quantisation, in llama.cpp's spelling.
    pub quantisation: String,
    /// Size of the file.
    pub file_bytes: u64,
    /// What running it takes.
    pub memory: Memory,
    /// What is left of the budget; negative where it does not fit.
    pub headroom_bytes: i64,
    /// How well it fits.
    pub verdict: Verdict,
    /// Why it is not recommended, where that is more than "another is better".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Generation, with the context half full; absent where the bandwidth is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_per_second: Option<f64>,
    /// Reading of a prompt; absent where the arithmetic speed is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_per_second: Option<f64>,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// Version of this object's form.
    pub version: u32,
    /// Where.
    pub device: Place,
    /// Tokens of context as asked for.
    pub context: usize,
    /// How keys and values are kept.
    pub kv_type: KvType,
    /// Recommended first, then by how well they fit, larger students first.
    pub rows: Vec<Row>,
}

/// Version of the JSON object.
pub const PLAN_VERSION: u32 = 1;

/// Weighs every student in every quantisation against the place.
///
/// Speed is what memory allows: generation reads every weight and the keys and values so far once per token, so tokens
/// per second are `bandwidth × efficiency ÷ bytes`. A prompt is arithmetic: two operations per weight and token.
#[must_use]
pub fn plan(request: &Request) -> Plan {
    let mut rows: Vec<(f64, Row)> = Vec::new();
    for student in &request.students {
        for variant in &student.variants {
            rows.push((worth(student, variant), row(student, variant, request)));
        }
    }
    let best = rows
        .iter()
        .enumerate()
        .filter(|(_, (_, row))| row.verdict == Verdict::Fits)
        .max_by(|(_, (a, small)), (_, (b, large))| {
            a.total_cmp(b).then_with(|| large.memory.total_bytes.cmp(&small.memory.total_bytes))
        })
        .map(|(i, _)| i);
    if let Some((_, row)) = best.and_then(|i| rows.get_mut(i)) {
        row.verdict = Verdict::Recommended;
    }
    rows.sort_by(|(a, one), (b, other)| {
        let key = |row: &Row| (row.verdict as u8, std::cmp::Reverse(row.parameters));
        let smaller = one.memory.total_bytes.cmp(&other.memory.total_bytes);
        key(one).cmp(&key(other)).then_with(|| b.total_cmp(a)).then(smaller)
    });
    Plan {
        version: PLAN_VERSION,
        device: request.place.clone(),
        context: request.context,
        kv_type: request.kv,
        rows: rows.into_iter().map(|(_, row)| row).collect(),
    }
}

fn row(student: &Student, variant: &Variant, request: &Request) -> Row {
    let place = &request.place;
    let memory = memory::of(student, variant, request.context, request.kv, place.overhead_bytes);
    let budget = i64::try_from(place.budget_bytes).unwrap_or(i64::MAX);
    let headroom = budget - i64::try_from(memory.total_bytes).unwrap_or(i64::MAX);
    let touched = variant.read_bytes + memory.kv_bytes / 2;
    let speed = place.bandwidth_bytes_per_second.map(|bandwidth| bandwidth * place.efficiency / touched.max(1) as f64);
    let operations = 2.0 * student.parameters as f64;
    let prompt = place.operations_per_second.map(|speed| speed * place.prompt_efficiency / operations.max(1.0));
    let gigabytes = |bytes: f64| bytes / 1e9;
    let (verdict, reason) = if request.context > student.context {
        (Verdict::ShortContext, Some(format!("made for {} tokens", student.context)))
    } else if headroom < 0 {
        (Verdict::TooLarge, Some(format!("{:.2} GB too much", gigabytes(-headroom as f64))))
    } else if (headroom as f64) < COMFORT * memory.total_bytes as f64 {
        (Verdict::Tight, Some(format!("only {:.2} GB to spare", gigabytes(headroom as f64))))
    } else if let Some(speed) = speed.filter(|speed| *speed < request.least_speed) {
        (Verdict::Slow, Some(format!("{speed:.1} tokens/s, asked for {}", request.least_speed)))
    } else {
        (Verdict::Fits, None)
    };
    Row {
        student: student.name.clone(),
        parameters: student.parameters,
        quantisation: variant.name.clone(),
        file_bytes: variant.file_bytes,
        memory,
        headroom_bytes: headroom,
        verdict,
        reason,
        tokens_per_second: speed,
        prompt_tokens_per_second: prompt,
    }
}

/// How good a student is to have, in doublings of its size, less what its quantisation costs.
///
/// A rule of thumb: size comes first, and the quantisation decides between files of one student, by the order of the
/// mean KL divergences that llama.cpp's `tools/perplexity/README.md` gives for Llama 3 8B (Q8_0 0.0014, Q6_K 0.0055,
/// Q5_K_M 0.011, Q4_K_M 0.031, Q4_K_S 0.043, Q3_K_M 0.10). Sixteen bits count as eight, which are half the bytes. Three
/// bits cost small students so much that they count as half a doubling less.
fn worth(student: &Student, variant: &Variant) -> f64 {
    let cost = match variant.name.as_str() {
        "F32" | "F16" | "BF16" | "Q8_0" => 0.0,
        "Q6_K" => 0.002,
        "Q5_K_M" => 0.004,
        "Q5_K_S" => 0.005,
        "Q4_K_M" => 0.012,
        "Q4_K_S" => 0.016,
        "IQ4_NL" => 0.017,
        "IQ4_XS" => 0.018,
        "Q4_0" | "Q4_1" => 0.03,
        name if name.starts_with("Q3_K") || name.starts_with("Q2_K") => 0.5,
        // Something else, by its bits per weight.
        _ => match variant.weight_bytes as f64 * 8.0 / student.parameters.max(1) as f64 {
            bits if bits > 8.0 => 0.0,
            bits if bits > 4.0 => 0.017,
            _ => 0.5,
        },
    };
    (student.parameters.max(1) as f64).log2() - cost
}

#[cfg(test)]
mod tests;
