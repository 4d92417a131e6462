use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Instant;

use clap::Args;

use crate::batch::{Encoder, TextStream};
use crate::cli::{Global, Printer};
use crate::hub::Adapter;
use crate::infer::{OpenError, Sampling, Speaker, Talk};
use crate::model::{self, Session, Student, from_gguf};
use crate::pipeline::{STOP, Watch, device, load_student, open_student};
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
    /// Draw from the most likely tokens only; 0 is all
    #[arg(long, default_value_t = 0)]
    top_k: usize,
    /// Nucleus sampling
    #[arg(long, default_value_t = 1.0)]
    top_p: f64,
    /// Draw only from tokens at least this share as likely as the likeliest
    #[arg(long, default_value_t = 0.0)]
    min_p: f64,
    /// Hold against a token that it was among the last 64; 1 is not at all
    #[arg(long, default_value_t = 1.0)]
    repeat_penalty: f64,
    /// Seeds the sampling
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Longest answer
    #[arg(short = 'n', long, default_value_t = 256)]
    max_tokens: usize,
    /// Threads; 0 is one for each processor
    #[arg(short, long, default_value_t = 0, value_parser = threads)]
    threads: usize,
}

/// Threads beyond the processors only wait for each other.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n <= 512).ok_or_else(|| "at most 512 threads; 0 is one for each processor".to_owned())
}

/// Who answers: kernels of our own on the CPU, candle on a card.
enum Voice {
    Cpu(Box<Speaker>),
    Card(Box<Student>),
}

/// A conversation with either.
enum Conversation<'a> {
    Cpu(Talk<'a>),
    Card(Session<'a>),
}

pub fn run(args: &ChatArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let workspace = global.workspace(&global.layers()?)?;
    check(args)?;
    let voice = open(args, &workspace.settings.student.device, workspace.settings.student.offline)?;
    let encoder = match &voice {
        Voice::Cpu(speaker) => &speaker.encoder,
        Voice::Card(student) => &student.encoder,
    };
    let mut talk = match &voice {
        Voice::Cpu(speaker) => Conversation::Cpu(Talk::new(&speaker.decoder, &speaker.stop_ids)),
        Voice::Card(student) => Conversation::Card(Session::new(&student.model, &student.stop_ids)),
    };
    let sampling = Sampling {
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        min_p: args.min_p,
        repeat_penalty: args.repeat_penalty,
        repeat_last: 64,
        seed: args.seed,
        max_tokens: args.max_tokens,
    };
    let mut history: Vec<Message> =
        args.system.iter().map(|s| Message { role: Role::System, content: s.clone() }).collect();
    if let Some(prompt) = &args.prompt {
        let prompt = if prompt == "-" {
            std::io::read_to_string(std::io::stdin()).map_err(|e| Error::new(e.to_string()))?
        } else {
            prompt.clone()
        };
        if let Some(too_long) = turn(encoder, &mut talk, &mut history, prompt.trim(), &sampling, printer)? {
            return Err(Error::new(too_long));
        }
        return Ok(if STOP.load(Ordering::Relaxed) { ExitKind::Interrupted } else { ExitKind::Success });
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
            question => {
                // The conversation is still there: a shorter question may fit.
                if let Some(too_long) = turn(encoder, &mut talk, &mut history, question, &sampling, printer)? {
                    printer.talk(&format!("{too_long}; /new starts another"));
                }
            }
        }
        STOP.store(false, Ordering::Relaxed);
    }
}

fn check(args: &ChatArgs) -> Result<(), Error> {
    let shares = [("--top-p", args.top_p, args.top_p > 0.0), ("--min-p", args.min_p, true)];
    for (flag, share, inside) in shares {
        if !inside || !(0.0..=1.0).contains(&share) {
            return Err(Error::new(format!("{share} is no share")).place(flag));
        }
    }
    if !args.temperature.is_finite() || args.temperature < 0.0 {
        return Err(Error::new("a temperature is 0 or more").place("--temperature"));
    }
    if !args.repeat_penalty.is_finite() || args.repeat_penalty <= 0.0 {
        return Err(Error::new("a penalty is above 0; 1 is none").place("--repeat-penalty"));
    }
    Ok(())
}

fn open(args: &ChatArgs, device_name: &str, offline: bool) -> Result<Voice, Error> {
    if device_name != "cpu" {
        let asked = [
            ("--top-k", args.top_k != 0),
            ("--min-p", args.min_p != 0.0),
            ("--repeat-penalty", args.repeat_penalty != 1.0),
            ("--threads", args.threads != 0),
        ];
        if let Some((flag, _)) = asked.into_iter().find(|(_, asked)| *asked) {
            return Err(Error::new("is for the CPU").place(flag).hint("`--set student.device=cpu`"));
        }
        return load(&args.model, args.adapter.as_deref(), device_name, offline).map(|s| Voice::Card(Box::new(s)));
    }
    let path = Path::new(&args.model);
    let adapter = args.adapter.as_deref();
    let fault = |e: OpenError| match e {
        OpenError::Load(e) => Error::from(e).place(args.model.clone()),
        OpenError::Decode(e) => Error::new(e.to_string()).place(args.model.clone()),
    };
    if path.is_file() {
        no_adapter(path, adapter)?;
        return Speaker::of_gguf(path, args.threads).map(|s| Voice::Cpu(Box::new(s))).map_err(fault);
    }
    let folder = open_student(&args.model, Path::new("."), offline)?;
    let adapters = adapter.map(Adapter::load).transpose()?;
    Speaker::of_folder(&folder, adapters.as_slice(), args.threads).map(|s| Voice::Cpu(Box::new(s))).map_err(fault)
}

fn no_adapter(path: &Path, adapter: Option<&Path>) -> Result<(), Error> {
    match adapter {
        None => Ok(()),
        Some(_) => Err(Error::at(path, "a GGUF takes no adapter")
            .hint("export the folder with it: `distill export -m FOLDER --adapter ADAPTER -o FILE.gguf`")),
    }
}

/// Loads whatever `-m` names onto candle.
pub(super) fn load(model: &str, adapter: Option<&Path>, device_name: &str, offline: bool) -> Result<Student, Error> {
    let path = Path::new(model);
    if path.is_file() {
        no_adapter(path, adapter)?;
        return from_gguf(path, &device(device_name)?).map_err(|e| Error::at(path, e.to_string()));
    }
    let folder = open_student(model, Path::new("."), offline)?;
    let adapters = adapter.map(Adapter::load).transpose()?;
    load_student(&folder, adapters.as_slice(), device_name)
}

/// Bytes that a token stands for at most, by far: what is longer is not worth counting.
const BYTES_PER_TOKEN: usize = 256;

/// One question and its answer, written as it comes. Why there is none, when the conversation is too long; the question
/// is taken back then.
fn turn(
    encoder: &Encoder,
    talk: &mut Conversation<'_>,
    history: &mut Vec<Message>,
    question: &str,
    sampling: &Sampling,
    printer: &Printer,
) -> Result<Option<String>, Error> {
    let limit = match talk {
        Conversation::Cpu(talk) => talk.limit(),
        Conversation::Card(session) => session.limit(),
    };
    if question.len() > limit.saturating_mul(BYTES_PER_TOKEN) {
        return Ok(Some(format!("the question has {} bytes, the model reads {limit} tokens", question.len())));
    }
    history.push(Message { role: Role::User, content: question.to_owned() });
    let fault = |e: &dyn std::fmt::Display| Error::new(e.to_string());
    let ids = encoder.ids(history, true).map_err(|e| fault(&e))?;
    if ids.len() >= limit {
        history.pop();
        return Ok(Some(format!("the conversation has {} tokens, the model reads {limit}", ids.len())));
    }
    let mut text = TextStream::default();
    let mut answer = String::new();
    let mut failed = None;
    let (start, mut first) = (Instant::now(), None);
    let mut each = |id: Option<u32>| {
        if let Some(id) = id {
            first.get_or_insert_with(Instant::now);
            let new = text.push(&encoder.tokenizer, id).unwrap_or_default();
            answer.push_str(&new);
            if !new.is_empty()
                && let Err(error) = printer.data(&new)
            {
                failed = Some(error);
                return false;
            }
        }
        !STOP.load(Ordering::Relaxed)
    };
    let (made, read, stopped) = match talk {
        Conversation::Cpu(talk) => {
            let said = talk.answer(&ids, sampling, &mut each).map_err(|e| fault(&e))?;
            (said.ids.len(), said.read, said.stopped)
        }
        Conversation::Card(session) => {
            let plain = model::Sampling {
                temperature: sampling.temperature,
                top_p: sampling.top_p,
                seed: sampling.seed,
                max_tokens: sampling.max_tokens,
            };
            let said = session.generate(&ids, &plain, &mut |id| each(Some(id))).map_err(|e| fault(&e))?;
            (said.ids.len(), ids.len(), said.stopped)
        }
    };
    if let Some(error) = failed {
        return Err(error);
    }
    let rest = text.finish(&encoder.tokenizer).map_err(|e| fault(&e))?;
    answer.push_str(&rest);
    printer.data(&format!("{rest}\n"))?;
    let first = first.unwrap_or_else(Instant::now);
    let rate = |n: usize, time: std::time::Duration| n as f64 / time.as_secs_f64().max(1e-9);
    printer.detail(&format!(
        "{read} tokens read at {:.1}/s, {made} made at {:.1}/s{}",
        rate(read, first - start),
        rate(made.saturating_sub(1), first.elapsed()),
        if stopped { "" } else { ", the turn was cut" }
    ));
    if made == 0 && STOP.load(Ordering::Relaxed) {
        // Stopped before a word was said: the question is taken back.
        history.pop();
    } else {
        history.push(Message { role: Role::Assistant, content: answer });
    }
    Ok(None)
}
