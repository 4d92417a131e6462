use std::path::PathBuf;

use candle_core::Tensor;
use clap::{Args, Subcommand};
use serde_json::json;

use super::chat::load;
use crate::cli::{Global, Printer};
use crate::pipeline::STOP;
use crate::{Error, ExitKind, dataset, eval};

/// Measure a student.
#[derive(Args, Debug)]
pub struct EvalArgs {
    #[command(subcommand)]
    what: What,
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
    /// Share of held-out paraphrases answered right, with every answer as a JSON line
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
}

pub fn run(args: &EvalArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let settings = global.workspace(&global.layers()?)?.settings;
    match &args.what {
        What::Logits { model, adapter, ids } => {
            let student = load(model, adapter.as_deref(), &settings.student.device, settings.student.offline)?;
            let vocabulary = student.model.config.vocab_size;
            if let Some(id) = ids.iter().find(|&&id| id as usize >= vocabulary) {
                return Err(Error::new(format!("token id {id} is outside the vocabulary of {vocabulary}")));
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
            let probes = eval::probes(&rows, settings.eval.questions, settings.rows.seed);
            if probes.is_empty() {
                return Err(Error::at(data, "no row has a `paraphrase` and an `answer_key`").data());
            }
            let answers = eval::recall(
                &student.model,
                &student.encoder,
                &student.stop_ids,
                &probes,
                settings.eval.max_tokens,
                &STOP,
                &mut |_| {},
            )?;
            for (probe, answer) in probes.iter().zip(&answers) {
                printer.data(&format!("{}\n", json!({ "question": probe.question, "key": probe.key, "answer": answer.text, "right": answer.right })))?;
            }
            let right = answers.iter().filter(|a| a.right).count();
            printer.talk(&format!("{right} of {} right", answers.len()));
        }
    }
    Ok(ExitKind::Success)
}
