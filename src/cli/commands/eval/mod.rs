mod persona;

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::Tensor;
use clap::{Args, Subcommand};
use serde_json::json;

use super::chat::load;
use crate::cli::{Global, Printer};
use crate::eval::EvalError;
use crate::eval::leak::{self, Budget, Leak};
use crate::pipeline::{STOP, VAULT, VaultFile, Watch};
use crate::row::shape::doesnt_know;
use crate::{Error, ExitKind, dataset, edge, eval};

/// Measure a student.
///
/// In a workspace: the run of its data and settings, before, after each phase and at the end. With --model: any model.
/// Figures, names for --fail-under and the JSON are described in docs/eval.md.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct EvalArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    persona: persona::PersonaArgs,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Next-token logits at every position of a sequence, as JSON {"ids","logits"}
    Logits {
        /// A GGUF, a Hugging Face folder or a hub id
        #[arg(short, long)]
        model: String,
        /// A PEFT adapter on top
        #[arg(long)]
        adapter: Option<PathBuf>,
        /// Token ids, parted by commas
        #[arg(long, value_delimiter = ',', required = true)]
        ids: Vec<u32>,
    },
    /// Trained questions, held-out paraphrases and facts never told, apart; every answer as a JSON line
    Recall {
        /// A GGUF, a Hugging Face folder or a hub id
        #[arg(short, long)]
        model: String,
        /// A PEFT adapter on top
        #[arg(long)]
        adapter: Option<PathBuf>,
        /// QA rows with `paraphrase` and `answer_key`
        #[arg(long)]
        data: PathBuf,
    },
    /// Try to make a student say what was masked; exit code 1 when it does
    Leak(LeakArgs),
}

#[derive(Args, Debug)]
struct LeakArgs {
    /// A GGUF, a Hugging Face folder or a hub id
    #[arg(short, long)]
    model: String,
    /// A PEFT adapter on top
    #[arg(long)]
    adapter: Option<PathBuf>,
    /// The vault with the values to look for; without it, that of the workspace
    #[arg(long)]
    vault: Option<PathBuf>,
    /// Prompts to try beside the built-in ones, one a line
    #[arg(long)]
    prompts: Option<PathBuf>,
    /// Longest answer
    #[arg(long, default_value_t = 48)]
    max_tokens: usize,
    /// Answers drawn for each prompt, beside the likeliest one
    #[arg(long, default_value_t = 2)]
    samples: usize,
    /// Values that are attacked and ranked one by one, spread over the kinds; 0 is all. All are looked for in every answer
    #[arg(long, default_value_t = 0)]
    values: usize,
    /// Seeds the draws and the invented values that true ones are ranked among
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Show the values that were said
    #[arg(long)]
    reveal: bool,
}

/// Invented values beside each true one: a rank moves by two and a half percent with each.
const DECOYS: usize = 40;

pub fn run(args: &EvalArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let Some(what) = &args.what else { return persona::run(&args.persona, global, printer) };
    let settings = global.workspace(&global.layers()?)?.settings;
    match what {
        What::Logits { model, adapter, ids } => {
            let student = load(model, adapter.as_deref(), &settings.student.device, settings.student.offline)?;
            let vocabulary = student.model.config.vocab_size;
            if let Some(id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
                return Err(Error::new(format!("token id {id} is outside the vocabulary of {vocabulary}")));
            }
            let limit = student.model.config.context_limit();
            if ids.len() > limit {
                return Err(Error::new(format!("{} ids, and the model reads {limit}", ids.len())));
            }
            let compute = || -> candle_core::Result<Vec<Vec<f32>>> {
                let hidden =
                    student.model.hidden(&Tensor::new(ids.as_slice(), student.model.device())?.unsqueeze(0)?, None)?;
                student.model.logits(&hidden.flatten(0, 1)?)?.to_vec2()
            };
            let logits = compute().map_err(|e| Error::new(e.to_string()))?;
            printer.data(&format!("{}\n", json!({ "ids": ids, "logits": logits })))?;
        }
        What::Recall { model, adapter, data } => {
            let student = load(model, adapter.as_deref(), &settings.student.device, settings.student.offline)?;
            let rows = dataset::rows(&dataset::read(data)?)?;
            let sets = eval::probe_sets(&rows, settings.eval.questions, settings.rows.seed);
            if sets == eval::ProbeSets::default() {
                return Err(Error::at(data, "no row has a question and an `answer_key`").data());
            }
            let mut said = Vec::new();
            for (set, probes) in
                [("trained", &sets.trained), ("paraphrased", &sets.paraphrased), ("unknown", &sets.unknown)]
            {
                let answers = eval::recall(
                    &student.model,
                    &student.encoder,
                    &student.stop_ids,
                    probes,
                    settings.eval.max_tokens,
                    &STOP,
                    &mut |n| printer.progress(n as u64, probes.len() as u64, set),
                )?;
                printer.finish();
                for (probe, answer) in probes.iter().zip(&answers) {
                    let admits = doesnt_know(&answer.text);
                    printer.data(&format!("{}\n", json!({ "set": set, "question": probe.question, "key": probe.key, "answer": answer.text, "right": answer.right, "admits": admits })))?;
                }
                let right = answers.iter().filter(|a| a.right).count();
                let admits = answers.iter().filter(|a| doesnt_know(&a.text)).count();
                said.push(match set {
                    "unknown" => {
                        format!("{set}: {admits} of {} admit it, {right} right by chance or otherwise", answers.len())
                    }
                    _ => format!("{set}: {right} of {} right", answers.len()),
                });
            }
            for line in said {
                printer.talk(&line);
            }
        }
        What::Leak(args) => return run_leak(args, global, printer),
    }
    Ok(ExitKind::Success)
}

fn run_leak(args: &LeakArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let workspace = global.workspace(&global.layers()?)?;
    let path = args.vault.clone().unwrap_or_else(|| workspace.path(VAULT));
    let hint = "name the vault that `distill mask --vault FILE` wrote: --vault FILE";
    let (_, vault) =
        VaultFile::existing(&path).map_err(|error| if path.exists() { error } else { error.hint(hint) })?;
    if vault.values().next().is_none() {
        return Err(Error::at(&path, "the vault holds no values: there is nothing to look for"));
    }
    let prompts: Vec<String> = match &args.prompts {
        Some(path) => {
            edge::fs::read_text(path)?.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect()
        }
        None => Vec::new(),
    };
    let settings = &workspace.settings.student;
    let student = load(&args.model, args.adapter.as_deref(), &settings.device, settings.offline)?;
    let budget = Budget {
        max_tokens: args.max_tokens,
        samples: args.samples,
        values: args.values,
        decoys: DECOYS,
        seed: args.seed,
    };
    let mut progress = |done: usize, of: usize| printer.progress(done as u64, of as u64, "answers and ranks");
    let leak = leak::leak(&student, &vault, &prompts, &budget, &STOP, &mut progress);
    printer.finish();
    let leak = leak.map_err(|error| match error {
        EvalError::Interrupted => Error::interrupted("interrupted before the end: nothing was concluded")
            .hint("--values, --samples and --max-tokens make it shorter"),
        other => other.into(),
    })?;
    let revealed = if args.reveal { leak::revealed(&vault) } else { BTreeMap::new() };
    let value = |placeholder: &str| revealed.get(placeholder).cloned();
    printer.data(&if args.json { leak_json(&leak, &value) } else { leak_text(&leak, &value) })?;
    Ok(if leak.said() > 0 { ExitKind::Data } else { ExitKind::Success })
}

fn leak_json(leak: &Leak, value: &dyn Fn(&str) -> Option<String>) -> String {
    format!("{:#}\n", leak_value(leak, value))
}

fn leak_value(leak: &Leak, value: &dyn Fn(&str) -> Option<String>) -> serde_json::Value {
    let hits: Vec<_> = leak
        .hits
        .iter()
        .map(|hit| {
            let mut line = json!(hit);
            if let (Some(object), Some(value)) = (line.as_object_mut(), value(&hit.placeholder)) {
                object.insert("value".to_owned(), value.into());
            }
            line
        })
        .collect();
    json!({
        "values": leak.values,
        "said": leak.said(),
        "said_whole": leak.said_whole(),
        "outputs": leak.outputs,
        "kinds": leak.kinds,
        "hits": hits,
        "shapes": leak.shapes,
    })
}

fn leak_text(leak: &Leak, value: &dyn Fn(&str) -> Option<String>) -> String {
    let mut text = format!(
        "{:>16} {:>7} {:>7} {:>11} {:>12}  {}\n",
        "kind", "values", "tries", "said greedy", "said sampled", "exposure"
    );
    for kind in &leak.kinds {
        let exposure = kind.exposure.map_or_else(
            || "not ranked".to_owned(),
            |share| format!("{:.0} %, {} of {} first", share * 100.0, kind.first, kind.ranked),
        );
        text.push_str(&format!(
            "{:>16} {:>7} {:>7} {:>11} {:>12}  {exposure}\n",
            kind.entity.name(),
            kind.values,
            kind.tries,
            kind.greedy,
            kind.sampled
        ));
    }
    if !leak.hits.is_empty() {
        text.push('\n');
    }
    for hit in &leak.hits {
        let whole = if hit.part { " in part" } else { "" };
        let shown = value(&hit.placeholder).map(|value| format!("  {value}")).unwrap_or_default();
        text.push_str(&format!(
            "{}{whole}, by {} ({}): {} of the likeliest answers, {} of the drawn{shown}\n",
            hit.placeholder,
            hit.attack.name(),
            hit.prompt,
            hit.greedy,
            hit.sampled
        ));
    }
    text.push_str(&format!(
        "\n{} of {} values said, {} in whole, in {} answers\n",
        leak.said(),
        leak.values,
        leak.said_whole(),
        leak.outputs
    ));
    let common: usize = leak.kinds.iter().map(|kind| kind.common).sum();
    if common > 0 {
        text.push_str(&format!("not looked for, being too short or too ordinary: {common}\n"));
    }
    let shapes: Vec<String> = leak.shapes.iter().map(|(entity, count)| format!("{} {count}", entity.name())).collect();
    if !shapes.is_empty() {
        text.push_str(&format!("in the shape of personal data, but not in the vault: {}\n", shapes.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::leak::{Attack, Hit, LeakKind};
    use crate::mask::{Entity, Vault};

    #[test]
    fn values_are_shown_only_when_asked_for() {
        let mut vault = Vault::default();
        let placeholder = vault.placeholder(Entity::Phone, "+44 7700 900142");
        let leak = Leak {
            values: 3,
            outputs: 40,
            kinds: vec![LeakKind {
                entity: Entity::Phone,
                values: 3,
                common: 1,
                tries: 20,
                greedy: 1,
                sampled: 0,
                ranked: 2,
                exposure: Some(0.75),
                first: 1,
            }],
            hits: vec![Hit {
                placeholder,
                entity: Entity::Phone,
                attack: Attack::Form,
                prompt: "Phone:".to_owned(),
                part: false,
                greedy: 1,
                sampled: 0,
            }],
            shapes: [(Entity::Email, 2)].into(),
        };
        let hidden = |_: &str| None;
        let revealed = leak::revealed(&vault);
        let shown = |placeholder: &str| revealed.get(placeholder).cloned();
        let text = leak_text(&leak, &hidden);
        for words in [
            "75 %, 1 of 2 first",
            "[PHONE_1], by form (Phone:): 1 of",
            "1 of 3 values said, 1 in whole",
            "too ordinary: 1",
            "email 2",
        ] {
            assert!(text.contains(words), "{words}:\n{text}");
        }
        assert!(!text.contains("900142") && !leak_json(&leak, &hidden).contains("900142"));
        assert!(leak_text(&leak, &shown).contains("  +44 7700 900142\n"));
        assert!(leak_json(&leak, &shown).contains("\"value\": \"+44 7700 900142\""));
    }
}
