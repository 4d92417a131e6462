//! What a phase needs of the machine, decided before anything is loaded.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Watch;
use super::phase::{Phase, PhaseExamples, PhaseInput};
use crate::batch::{EncodedRow, Sequence};
use crate::hub::{Adapter, Dtype, LlamaConfig};
use crate::id::{ContentHash, Hasher};
use crate::settings::PhaseSettings;
use crate::train::engine::cpu::Isa;
use crate::train::estimate::{self, Base, Freedom, Job, Memory, Plan, Runner, Shape, bytes};
use crate::{Error, edge};

/// The engine that [`super::engine::load_engine`] takes.
fn runner(input: &PhaseInput<'_>) -> Runner {
    let s = input.settings;
    let dora = input.adapter.map_or(s.use_dora, has_dora) || input.stacks() && s.use_dora;
    if input.device != "cpu" || dora || s.method == "full" {
        return Runner::Portable;
    }
    Runner::Fast { wide: s.base == "f32" || Isa::best_bf16().is_none() }
}

/// Whether a module of the adapter has magnitudes.
pub(super) fn has_dora(adapter: &Adapter) -> bool {
    adapter.tensors.values().any(|pair| pair.magnitude.is_some())
}

/// Storages of the frozen weights that an engine has; `auto` tries them in this order.
///
/// Nothing is more exact than what the folder holds.
fn bases(runner: Runner, device: &str, stored: Base) -> &'static [Base] {
    match (runner, stored) {
        _ if device != "cpu" => &[Base::Bf16],
        (Runner::Portable, _) => &[Base::F32],
        (Runner::Fast { .. }, Base::F32) => &[Base::F32, Base::Bf16, Base::Q8_0, Base::Nf4],
        (Runner::Fast { .. }, _) => &[Base::Bf16, Base::Q8_0, Base::Nf4],
    }
}

/// Of the memory that is free so much is used: the estimate is good to some percent.
const SHARE: f64 = 0.95;

/// What was decided, and what for.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// How the phase is trained.
    pub plan: Plan,
    /// What that takes at its peak.
    pub memory: Memory,
    /// What there is, where it is known.
    pub available: Option<u64>,
    /// What is not as it was asked for, and why.
    pub changed: Option<String>,
    /// Tokens in an epoch, without replayed rows.
    pub tokens: usize,
}

impl Fit {
    /// One line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let of = self.available.map_or(String::new(), |there| format!(" of {}", bytes(there)));
        format!("memory: about {}{of} ({})", bytes(self.memory.total()), self.memory)
    }
}

/// Settings that this version cannot honour, in one place.
///
/// # Errors
/// The first such setting.
fn check_supported(input: &PhaseInput<'_>, runner: Runner, stored: Base) -> Result<(), Error> {
    let (s, device) = (input.settings, input.device);
    let fault = |what: String, hint: &str| Err(Error::new(what).hint(hint));
    if let Ok(base) = s.base.parse::<Base>()
        && !bases(runner, device, stored).contains(&base)
        && (runner == Runner::Portable || base != Base::F32)
    {
        let with = if device == "cpu" { "with DoRA and full tuning" } else { "on a GPU" };
        let names: Vec<&str> = bases(runner, device, stored).iter().map(|base| base.name()).collect();
        return fault(
            format!("`train.base = {base}` is not available {with} in this version"),
            &format!("`auto`, or {}", names.join(", ")),
        );
    }
    if s.checkpoint_layers == "on" && runner == Runner::Portable {
        return fault(
            "`train.checkpoint_layers = on` is not available on a GPU, with DoRA and full tuning in this version"
                .into(),
            "leave it at `auto`",
        );
    }
    if s.dropout > 0.0 && runner == Runner::Portable {
        return fault(
            format!(
                "`train.dropout = {}` is not available on a GPU, with DoRA and full tuning in this version",
                s.dropout
            ),
            "`prompt_dropout` and `weight_decay` are there against overfitting",
        );
    }
    if s.method == "full" && input.adapter.is_some() {
        return fault(
            "full tuning starts from a model and not from an adapter".into(),
            "merge the adapter first: `distill merge`, then `--student` with the merged folder",
        );
    }
    if input.stacks() && s.use_dora {
        return fault(
            "DoRA on top of another adapter cannot be saved as one adapter".into(),
            "set `train.align.use_dora = false`, or `train.align.stack = false`",
        );
    }
    Ok(())
}

/// What the folder's weights are in; halves of either kind are kept as bf16.
fn stored(input: &PhaseInput<'_>) -> Result<Base, Error> {
    Ok(match input.folder.info("model.embed_tokens.weight")?.dtype {
        Dtype::F32 => Base::F32,
        Dtype::F16 | Dtype::BF16 => Base::Bf16,
    })
}

/// Sizes of a student.
fn shape(config: &LlamaConfig) -> Shape {
    Shape {
        vocab: config.vocab_size,
        hidden: config.hidden_size,
        inner: config.intermediate_size,
        layers: config.num_hidden_layers,
        query: config.num_attention_heads * config.head_dim,
        key: config.num_key_value_heads * config.head_dim,
        heads: config.num_attention_heads,
        tied: config.tie_word_embeddings,
    }
}

fn values(adapter: &Adapter) -> usize {
    adapter.tensors.values().map(|pair| pair.a.len() + pair.b.len()).sum()
}

/// Chooses how a phase is trained: as asked where that fits, smaller where it does not.
///
/// # Errors
/// Not even the smallest way fits; a setting that is not available.
pub fn fit_phase(input: &PhaseInput<'_>, examples: &PhaseExamples) -> Result<Fit, Error> {
    let s = input.settings;
    let (runner, stored) = (runner(input), stored(input)?);
    check_supported(input, runner, stored)?;
    let config = input.folder.config();
    let modules = config.linear_modules();
    let fresh = modules.iter().filter(|(path, _)| s.target_modules.iter().any(|m| path.ends_with(m.as_str())));
    let fresh: usize = fresh.map(|(_, [out, inner])| s.rank * (out + inner)).sum();
    let (trained, frozen) = match input.adapter {
        _ if s.method == "full" => (usize::try_from(config.parameter_count()).unwrap_or(usize::MAX), 0),
        Some(adapter) if input.stacks() => (fresh, values(adapter)),
        Some(adapter) => (values(adapter), 0),
        None => (fresh, 0),
    };
    let sequences = || {
        let rows = examples.train.iter().chain(&examples.replay);
        rows.map(|row| std::iter::once(&row.chosen).chain(&row.rejected))
    };
    // The fast engine lays the common beginning of a pair down once.
    let shared = |row: &EncodedRow| match &row.rejected {
        Some(rejected) if runner != Runner::Portable => {
            row.chosen.input_ids.iter().zip(&rejected.input_ids).take_while(|(a, b)| a == b).count()
        }
        _ => 0,
    };
    let whole = |row: &EncodedRow| row.chosen.input_ids.len() + row.rejected.as_ref().map_or(0, |s| s.input_ids.len());
    let mut rows: Vec<usize> =
        examples.train.iter().chain(&examples.replay).map(|row| whole(row) - shared(row)).collect();
    rows.sort_unstable_by(|a, b| b.cmp(a));
    let job = Job {
        shape: shape(config),
        runner,
        trained,
        full: s.method == "full",
        eight_bit: s.optimizer == "adamw_8bit",
        frozen,
        rows: &rows,
        longest: sequences().flatten().map(|s| s.input_ids.len()).max().unwrap_or(0),
        labels: sequences().map(|row| row.map(Sequence::label_count).sum()).max().unwrap_or(0),
        sides: if input.phase == Phase::Align { 2 } else { 1 },
    };
    let bases = match s.base.parse() {
        Ok(base) => vec![base],
        Err(()) => bases(runner, input.device, stored).to_vec(),
    };
    let freedom = Freedom {
        checkpoint_layers: match s.checkpoint_layers.as_str() {
            "on" => vec![true],
            "auto" if runner != Runner::Portable => vec![false, true],
            _ => vec![false],
        },
        bases,
    };
    let wish = Plan {
        base: freedom.bases.first().copied().unwrap_or(Base::F32),
        checkpoint_layers: freedom.checkpoint_layers.first().copied().unwrap_or(false),
        batch_rows: s.batch_rows,
        gradient_accumulation: s.gradient_accumulation,
        batch_tokens: s.batch_tokens,
    };
    let tokens = examples.train.iter().map(whole).sum();
    let (available, limit) = limit(s, input.device);
    // A run that was begun goes on as it was begun, or its numbers would be others.
    if let Some(plan) = Begun::read(input.out, &request(input)) {
        let memory = job.memory(&plan);
        return Ok(Fit { plan, memory, available, changed: changed(&job, &wish, &plan, None), tokens });
    }
    match estimate::fit(&job, wish, &freedom, limit) {
        Ok((plan, memory)) => {
            let changed = changed(&job, &wish, &plan, available);
            Ok(Fit { plan, memory, available, changed, tokens })
        }
        Err((_, memory)) => Err(Error::new(format!(
            "{} needs about {} at least, and {} may be used ({memory})",
            input.phase.name(),
            bytes(memory.total()),
            bytes(limit)
        ))
        .place("memory")
        .hint(if s.memory_gib > 0.0 {
            "raise `train.memory_gib`, take a smaller student, a lower `rank` or shorter rows"
        } else {
            "end other programs, take a smaller student, a lower `rank` or shorter rows; `train.memory_gib` overrules what is free"
        })),
    }
}

/// Free memory, and what of it may be used.
fn limit(s: &PhaseSettings, device: &str) -> (Option<u64>, u64) {
    if s.memory_gib > 0.0 {
        let asked = (s.memory_gib * f64::from(1 << 30)) as u64;
        return (Some(asked), asked);
    }
    // What a card has free only its driver can say, when it is asked for it.
    let available = if device == "cpu" { edge::memory::available() } else { None };
    (available, available.map_or(u64::MAX, |there| (there as f64 * SHARE) as u64))
}

/// What differs from what was asked for.
fn changed(job: &Job<'_>, wish: &Plan, plan: &Plan, available: Option<u64>) -> Option<String> {
    let mut what = Vec::new();
    if plan.batch_rows != wish.batch_rows {
        what.push(format!(
            "{} rows at a time instead of {}, {} times an update",
            plan.batch_rows, wish.batch_rows, plan.gradient_accumulation
        ));
    }
    if plan.batch_tokens != wish.batch_tokens {
        what.push(format!("{} tokens at a time instead of {}", plan.batch_tokens, wish.batch_tokens));
    }
    if plan.checkpoint_layers && !wish.checkpoint_layers {
        what.push("layers are computed twice".into());
    }
    if plan.base != wish.base {
        what.push(format!("the base is stored as {} instead of {}", plan.base, wish.base));
    }
    if what.is_empty() {
        return None;
    }
    let why = match available {
        Some(there) => format!("as asked it would need {} of {}", bytes(job.memory(wish).total()), bytes(there)),
        None => "as the run was begun".into(),
    };
    Some(format!("{}: {why}", what.join(", ")))
}

/// Everything that was asked for.
fn request(input: &PhaseInput<'_>) -> ContentHash {
    Hasher::new().text("plan/1").text(input.device).json(input.settings).finish()
}

/// How a run was begun, beside its checkpoint.
#[derive(Serialize, Deserialize)]
struct Begun {
    request: ContentHash,
    plan: Plan,
}

const PLAN: &str = "plan.json";

impl Begun {
    /// The plan of the unfinished run in a folder, when it is one of the same request.
    fn read(out: &Path, request: &ContentHash) -> Option<Plan> {
        if !out.join(super::phase::CHECKPOINT).exists() {
            return None;
        }
        let begun: Self = serde_json::from_slice(&std::fs::read(out.join(PLAN)).ok()?).ok()?;
        (begun.request == *request).then_some(begun.plan)
    }
}

/// How what lies in this folder was trained; `None` without the file, as for an adapter of another program.
pub(super) fn plan_of(out: &Path) -> Option<Plan> {
    let begun: Begun = serde_json::from_slice(&edge::fs::read_capped(&out.join(PLAN), 1 << 20).ok()?).ok()?;
    Some(begun.plan)
}

/// Writes down how a run is begun, and says it.
///
/// # Errors
/// The file system.
pub(super) fn begin(input: &PhaseInput<'_>, fit: &Fit, watch: &dyn Watch) -> Result<(), Error> {
    watch.detail(&fit.line());
    if let Some(changed) = &fit.changed {
        watch.say(changed);
    }
    let begun = Begun { request: request(input), plan: fit.plan };
    let text = serde_json::to_vec_pretty(&begun).map_err(|e| Error::new(e.to_string()))?;
    edge::fs::write(&input.out.join(PLAN), &text)
}
