//! The command line: arguments in, one command's work, an exit code out.

mod commands;
mod lines;
mod printer;
#[cfg(feature = "train")]
mod size;
mod terminal;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::edge::passphrase;
use crate::pipeline::STOP;
use crate::settings::{Layers, Origin, Settings, Workspace};
use crate::{Error, ExitKind};

pub use printer::Printer;

/// Turns a person's documents into a small model that knows what they know, reasons as they do and sounds like them.
#[derive(Parser, Debug)]
#[command(name = "distill", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Work in this workspace
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true, default_value = ".")]
    pub directory: PathBuf,
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Colour in the output
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub color: Color,
    /// No progress bars
    #[arg(long, global = true, env = "DISTILL_NO_PROGRESS", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    pub no_progress: bool,
    /// Override one setting, for example `--set train.align.beta=0.2`
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    pub set: Vec<String>,
}

/// When to colour.
#[derive(Clone, Copy, Debug, ValueEnum, PartialEq, Eq)]
pub(crate) enum Color {
    /// When the output is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the whole job on the persona and the tiny student that ship with the binary
    #[cfg(feature = "train")]
    Demo(commands::demo::DemoArgs),
    /// Make a workspace
    Init(commands::init::InitArgs),
    /// Turn documents into Markdown text
    Extract(commands::extract::ExtractArgs),
    /// Turn documents into masked text
    Mask(commands::mask::MaskArgs),
    /// Put the originals back into masked text
    Unmask(commands::unmask::UnmaskArgs),
    /// Encrypt the vault, decrypt it, or look at it
    Vault(commands::vault::VaultArgs),
    /// Ask the teacher for questions and answers
    #[command(name = "gen-qa")]
    GenQa(commands::generate::GenerateArgs),
    /// Ask the teacher for chains of thought
    #[command(name = "gen-cot")]
    GenCot(commands::generate::GenerateArgs),
    /// Ask the teacher for preference pairs
    #[command(name = "gen-dpo")]
    GenDpo(commands::generate::GenerateArgs),
    /// Measure how you write
    Profile(commands::profile::ProfileArgs),
    /// Check datasets
    Lint(commands::lint::LintArgs),
    /// Look at the rows of a dataset
    Show(commands::show::ShowArgs),
    /// Write a dataset in another shape or container
    Convert(commands::convert::ConvertArgs),
    /// Hold rows of datasets out for testing
    Split(commands::split::SplitArgs),
    /// Describe datasets: counts, lengths, duplicates, sources, cost
    Stats(commands::stats::StatsArgs),
    /// Compare two versions of a dataset
    Diff(commands::diff::DiffArgs),
    /// Write a dataset card for the Hugging Face Hub
    Card(commands::card::CardArgs),
    /// Train the student
    #[cfg(feature = "train")]
    Train(commands::train::TrainArgs),
    /// Merge an adapter into its base
    #[cfg(feature = "train")]
    Merge(commands::merge::MergeArgs),
    /// Write a GGUF
    #[cfg(feature = "train")]
    Export(commands::export::ExportArgs),
    /// Say which student fits a device
    #[cfg(feature = "train")]
    Plan(commands::plan::PlanArgs),
    /// Measure a student
    #[cfg(feature = "train")]
    Eval(commands::eval::EvalArgs),
    /// Talk to a student
    #[cfg(feature = "train")]
    Chat(commands::chat::ChatArgs),
    /// Look at the prompts
    Prompt(commands::prompt::PromptArgs),
    /// Show the settings
    Config(commands::config::ConfigArgs),
    /// Check this machine and the workspace, or find out what a teacher's endpoint can do
    Doctor(commands::doctor::DoctorArgs),
    /// Print a script that completes commands and options in a shell
    Completions(commands::completions::CompletionsArgs),
    /// Print a manual page, or write all of them to a folder
    Man(commands::man::ManArgs),
    /// Read one document from standard input where it can do no harm
    #[command(name = "__extract", hide = true)]
    ReadAlone(commands::read_alone::ReadAloneArgs),
}

impl Command {
    /// Whether the command ends its piece of work and keeps it, or clears up after itself, when it is asked to stop; the
    /// others just stop.
    const fn resumes(&self) -> bool {
        match self {
            #[cfg(feature = "train")]
            Self::Demo(_) | Self::Train(_) | Self::Merge(_) | Self::Chat(_) | Self::Eval(_) | Self::Export(_) => true,
            Self::GenQa(_) | Self::GenCot(_) | Self::GenDpo(_) => true,
            Self::Mask(args) => args.waits(),
            _ => false,
        }
    }
}

impl Global {
    /// Layers of this call: defaults, the workspace's file, environment, `--set`.
    ///
    /// # Errors
    /// A file or a value that cannot be used.
    pub(crate) fn layers(&self) -> Result<Layers, Error> {
        self.layers_with(|_| Ok(()))
    }

    /// The same with more files, which stand above the workspace's own.
    ///
    /// # Errors
    /// As [`Global::layers`].
    pub(crate) fn layers_with(&self, files: impl FnOnce(&mut Layers) -> Result<(), Error>) -> Result<Layers, Error> {
        let mut layers = Layers::defaults()?;
        if !self.directory.is_dir() {
            return Err(Error::at(&self.directory, "no such folder").hint("`distill init DIR` makes a workspace"));
        }
        if Workspace::is_at(&self.directory) {
            layers.file(&self.directory.join(Workspace::FILE))?;
        }
        files(&mut layers)?;
        layers.environment(
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))),
        )?;
        for assignment in &self.set {
            layers.assignment(assignment)?;
        }
        Ok(layers)
    }

    /// The workspace with settings of these layers.
    ///
    /// # Errors
    /// A value out of range.
    pub(crate) fn workspace(&self, layers: &Layers) -> Result<Workspace, Error> {
        Ok(Workspace { root: self.directory.clone(), settings: Settings::resolve(layers)? })
    }
}

/// Puts a flag of its own on top of the layers, when it was given.
///
/// # Errors
/// As [`Layers::set_text`].
pub(crate) fn flag(
    layers: &mut Layers,
    key: &str,
    value: Option<impl std::fmt::Display>,
    name: &str,
) -> Result<(), Error> {
    match value {
        Some(value) => layers.set_text(key, &value.to_string(), Origin::Flag(name.to_owned())),
        None => Ok(()),
    }
}

/// The commands that a person may call: scripts of shells and manual pages name no others.
fn visible() -> clap::Command {
    let all = Cli::command();
    // A command cannot be taken out again, so the others are put together anew.
    let mut shown = Global::augment_args(clap::Command::new("distill").version(env!("CARGO_PKG_VERSION")))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(all.get_subcommands().filter(|command| !command.is_hide_set()).cloned());
    if let Some(about) = all.get_about() {
        shown = shown.about(about.clone());
    }
    shown
}

/// Parses the arguments, runs the command, renders its error.
pub fn run(args: impl Iterator<Item = OsString>) -> ExitKind {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitKind::Environment } else { ExitKind::Success };
        }
    };
    // The first Ctrl-C asks; a second one does not.
    let resumes = cli.command.resumes();
    let _ = ctrlc::set_handler(move || {
        let asking = passphrase::give_back_terminal();
        if STOP.swap(true, Ordering::Relaxed) || !resumes || asking {
            std::process::exit(i32::from(ExitKind::Interrupted.code()));
        }
    });
    let printer = Printer::new(&cli.global);
    let global = &cli.global;
    let done = match cli.command {
        #[cfg(feature = "train")]
        Command::Demo(args) => commands::demo::run(&args, global, &printer),
        Command::Init(args) => commands::init::run(&args, &printer),
        Command::Extract(args) => commands::extract::run(&args, &printer),
        Command::Mask(args) => commands::mask::run(&args, global, &printer),
        Command::Unmask(args) => commands::unmask::run(&args, global, &printer),
        Command::Vault(args) => commands::vault::run(&args, global, &printer),
        Command::GenQa(args) => commands::generate::run(crate::row::Kind::Qa, &args, global, &printer),
        Command::GenCot(args) => commands::generate::run(crate::row::Kind::Cot, &args, global, &printer),
        Command::GenDpo(args) => commands::generate::run(crate::row::Kind::Preference, &args, global, &printer),
        Command::Profile(args) => commands::profile::run(&args, global, &printer),
        Command::Lint(args) => commands::lint::run(&args, global, &printer),
        Command::Convert(args) => commands::convert::run(&args, &printer),
        Command::Split(args) => commands::split::run(&args, &printer),
        Command::Show(args) => commands::show::run(&args, global, &printer),
        Command::Stats(args) => commands::stats::run(&args, global, &printer),
        Command::Diff(args) => commands::diff::run(&args, &printer),
        Command::Card(args) => commands::card::run(&args, global, &printer),
        #[cfg(feature = "train")]
        Command::Train(args) => commands::train::run(&args, global, &printer),
        #[cfg(feature = "train")]
        Command::Merge(args) => commands::merge::run(&args, global, &printer),
        #[cfg(feature = "train")]
        Command::Export(args) => commands::export::run(&args, global, &printer),
        #[cfg(feature = "train")]
        Command::Plan(args) => commands::plan::run(&args, &printer),
        #[cfg(feature = "train")]
        Command::Eval(args) => commands::eval::run(&args, global, &printer),
        #[cfg(feature = "train")]
        Command::Chat(args) => commands::chat::run(&args, global, &printer),
        Command::Prompt(args) => commands::prompt::run(&args, global, &printer),
        Command::Config(args) => commands::config::run(&args, global, &printer),
        Command::Doctor(args) => commands::doctor::run(&args, global, &printer),
        Command::Completions(args) => commands::completions::run(&args, visible(), &printer),
        Command::Man(args) => commands::man::run(&args, visible(), &printer),
        Command::ReadAlone(args) => commands::read_alone::run(&args, &printer),
    };
    match done {
        Ok(kind) => kind,
        // Whoever closed the pipe has read enough.
        Err(error) if error.is_broken_pipe() => ExitKind::Success,
        Err(error) => {
            printer.error(&error);
            error.exit()
        }
    }
}
