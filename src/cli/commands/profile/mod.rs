//! `distill profile`: how a person writes, as a page or as JSON.

mod json;
mod page;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::read_aloud;

use crate::cli::{Global, Printer};
use crate::mask::Vault;
use crate::pipeline::{Masked, OwnTexts, mask_documents, name_model, own_texts};
use crate::settings::Workspace;
use crate::style::{Marker, Profile, Tone, markers};
use crate::{Error, ExitKind};

/// Measure how you write.
#[derive(Args, Debug)]
pub struct ProfileArgs {
    /// Your texts: files, folders or the export of a network; in a workspace its sources/ when left out
    paths: Vec<PathBuf>,
    /// How to print the profile
    #[arg(long, value_enum, default_value = "text")]
    output_format: OutputFormat,
    /// Say how near each text of this file is to the profile, and why not
    #[arg(long, value_name = "FILE")]
    compare: Vec<PathBuf>,
    /// Measure lists of facts, such as a resume, as well
    #[arg(long)]
    facts: bool,
    /// At most so many words in the description for a teacher
    #[arg(long, value_name = "WORDS", default_value_t = 120)]
    prompt_words: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    /// For people.
    Text,
    /// One object.
    Json,
}

/// What there is to show.
struct Shown<'s> {
    profile: &'s Profile,
    own: &'s OwnTexts,
    /// The profile for a teacher.
    prompt: &'s str,
    compared: &'s [Compared],
}

/// A text beside the profile.
struct Compared {
    /// The document and, where it holds several, which text of it.
    name: String,
    words: usize,
    tone: Tone,
    terms: Vec<(&'static str, f64)>,
    markers: Vec<Marker>,
}

pub fn run(args: &ProfileArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let workspace = global.workspace(&global.layers()?)?;
    let paths = if args.paths.is_empty() && Workspace::is_at(&workspace.root) {
        vec![workspace.path("sources")]
    } else {
        args.paths.clone()
    };
    if paths.is_empty() {
        return Err(Error::new("no texts were named").hint("for example `distill profile posts/`"));
    }
    let masked = masked(&paths, &workspace, printer)?;
    let own = own_texts(&masked.documents, args.facts);
    let texts = own.of(&masked.documents);
    let profile = Profile::measure(&texts);
    if profile.words == 0 {
        return Err(Error::new("there is no text of your own in these documents")
            .data()
            .hint("a profile is measured from posts, letters or articles; `--facts` takes lists of facts too"));
    }
    let mut compared = Vec::new();
    if !args.compare.is_empty() {
        let others = self::masked(&args.compare, &workspace, printer)?;
        compared = compare(&profile, &others);
    }
    let prompt = profile.for_prompt(args.prompt_words);
    let shown = Shown { profile: &profile, own: &own, prompt: &prompt, compared: &compared };
    printer.data(&match args.output_format {
        OutputFormat::Text => page::render(&shown),
        OutputFormat::Json => json::render(&shown),
    })?;
    Ok(if masked.failed.is_empty() { ExitKind::Success } else { ExitKind::Data })
}

/// Reads and masks, so that nothing shown can hold what masking finds.
fn masked(paths: &[PathBuf], workspace: &Workspace, printer: &Printer) -> Result<Masked, Error> {
    let model = name_model(workspace)?;
    let sources = read_aloud(paths, printer)?;
    // Placeholders are in no count, so any vault will do.
    let persona = &workspace.settings.persona;
    mask_documents(&sources.documents, sources.failed, persona, model.as_deref(), Vault::default())
}

fn compare(profile: &Profile, masked: &Masked) -> Vec<Compared> {
    // Whatever was named is compared.
    let own = own_texts(&masked.documents, true);
    let texts = own.of(&masked.documents);
    let mut nth = 0;
    let mut out = Vec::new();
    for ((at, _), text) in own.texts.iter().zip(texts) {
        let Some(document) = own.documents.get(*at) else { continue };
        nth = if document.texts > 1 { nth % document.texts + 1 } else { 0 };
        let name = if nth == 0 { document.name.clone() } else { format!("{} #{nth}", document.name) };
        let words = text.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        out.push(Compared {
            name,
            words,
            tone: profile.in_tone(text),
            terms: profile.terms(text),
            markers: markers(text),
        });
    }
    out
}
