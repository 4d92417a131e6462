use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::{Global, Printer};
use crate::hub::Adapter;
use crate::model::{Sampling, Session, Student, from_gguf};
use crate::pipeline::{STOP, device, load_student, open_student};
use crate::prompt::{Message, Role};
use crate::{Error, ExitKind};

/// Talk to a student.
#[derive(Args, Debug)]
pub struct ChatArgs {
    /// A GGUF, a Hugging Face folder or a hub id
    #[arg(short, long)]
    model: String,
    /// A PEFT adapter on top of the folder
    #[arg(long)]
    adapter: Option<PathBuf>,
    /// Ask this and stop; `-` reads it from standard input
    #[arg(short, long)]
    prompt: Option<String>,
    /// Standing instructions
    #[arg(long)]
    system: Option<String>,
    /// 0 takes the most likely token always
    #[arg(long, default_value_t = 0.0)]
    temperature: f64,
    /// Nucleus sampling
    #[arg(long, default_value_t = 1.0)]
    top_p: f64,
    /// Seeds the sampling
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Longest answer
    #[arg(short = 'n', long, default_value_t = 256)]
    max_tokens: usize,
}

pub fn run(args: &ChatArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let workspace = global.workspace(&global.layers()?)?;
    let student = load(
        &args.model,
        args.adapter.as_deref(),
        &workspace.settings.student.device,
        workspace.settings.student.offline,
    )?;
    let sampling =
        Sampling { temperature: args.temperature, top_p: args.top_p, seed: args.seed, max_tokens: args.max_tokens };
    let mut session = Session::new(&student.model, &student.stop_ids);
    let mut history: Vec<Message> =
        args.system.iter().map(|s| Message { role: Role::System, content: s.clone() }).collect();
    if let Some(prompt) = &args.prompt {
        let prompt = if prompt == "-" {
            std::io::read_to_string(std::io::stdin()).map_err(|e| Error::new(e.to_string()))?
        } else {
            prompt.clone()
        };
        turn(&student, &mut session, &mut history, prompt.trim(), &sampling, printer)?;
        return Ok(ExitKind::Success);
    }
    printer.talk("an empty line or Ctrl-D ends the conversation, /new starts another");
    loop {
        if std::io::stdin().is_terminal() {
            let _ = write!(std::io::stderr(), "> ");
        }
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).map_err(|e| Error::new(e.to_string()))?;
        match line.trim() {
            _ if read == 0 => return Ok(ExitKind::Success),
            "" => return Ok(ExitKind::Success),
            "/new" => history.retain(|m| m.role == Role::System),
            question => turn(&student, &mut session, &mut history, question, &sampling, printer)?,
        }
        STOP.store(false, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Loads whatever `-m` names.
pub(super) fn load(model: &str, adapter: Option<&Path>, device_name: &str, offline: bool) -> Result<Student, Error> {
    let path = Path::new(model);
    if path.is_file() {
        if adapter.is_some() {
            return Err(Error::at(path, "a GGUF takes no adapter")
                .hint("merge it first: `distill merge`, then `distill export`"));
        }
        return from_gguf(path, &device(device_name)?).map_err(|e| Error::at(path, e.to_string()));
    }
    let folder = open_student(model, Path::new("."), offline)?;
    let adapters = adapter.map(Adapter::load).transpose()?;
    load_student(&folder, adapters.as_slice(), device_name)
}

/// One question and its answer, written as it comes.
fn turn(
    student: &Student,
    session: &mut Session<'_>,
    history: &mut Vec<Message>,
    question: &str,
    sampling: &Sampling,
    printer: &Printer,
) -> Result<(), Error> {
    history.push(Message { role: Role::User, content: question.to_owned() });
    let fault = |e: &dyn std::fmt::Display| Error::new(e.to_string());
    let ids = student.encoder.ids(history, true).map_err(|e| fault(&e))?;
    let mut all = Vec::new();
    let mut shown = String::new();
    let mut failed = None;
    let generated = session.generate(&ids, sampling, &mut |id| {
        all.push(id);
        let text = student.encoder.tokenizer.decode(&all, true).unwrap_or_default();
        // A character may be spread over several tokens; it is shown when it is whole.
        if !text.ends_with('\u{FFFD}') && text.len() > shown.len() {
            if let Err(error) = printer.data(text.get(shown.len()..).unwrap_or_default()) {
                failed = Some(error);
                return false;
            }
            shown = text;
        }
        !STOP.load(std::sync::atomic::Ordering::Relaxed)
    });
    let generated = generated.map_err(|e| fault(&e))?;
    if let Some(error) = failed {
        return Err(error);
    }
    printer.data("\n")?;
    let answer = student.encoder.tokenizer.decode(&generated.ids, true).map_err(|e| fault(&e))?;
    history.push(Message { role: Role::Assistant, content: answer });
    Ok(())
}
