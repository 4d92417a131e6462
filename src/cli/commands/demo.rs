use std::path::{Path, PathBuf};

use clap::Args;

use super::train::summarise;
use crate::cli::{Global, Printer};
use crate::pipeline::train_all;
use crate::settings::Workspace;
use crate::{Error, ExitKind, edge};

/// Run the whole job on the persona and the tiny student that ship with the binary.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Where to put the workspace
    #[arg(long, default_value = "distill-demo")]
    out: PathBuf,
}

/// Settings of the demo: a student three hundred times smaller than the default learns at other rates.
const SETTINGS: &str = include_str!("../../../fixtures/persona/distill.toml");

macro_rules! embedded {
    ($($name:literal => $path:literal),* $(,)?) => { &[$(($name, include_bytes!(concat!("../../../fixtures/", $path)) as &[u8])),*] };
}

/// The invented person's documents, the recorded teacher and the tiny student, as they are written to the workspace.
const FILES: &[(&str, &[u8])] = embedded! {
    "sources/resume.md" => "persona/resume.md",
    "sources/posts/01-retry-loop.md" => "persona/posts/01-retry-loop.md",
    "sources/posts/02-buoy-from-the-past.md" => "persona/posts/02-buoy-from-the-past.md",
    "sources/posts/03-the-kettle-as-a-unit.md" => "persona/posts/03-the-kettle-as-a-unit.md",
    "sources/posts/04-who-is-hammering-us.md" => "persona/posts/04-who-is-hammering-us.md",
    "sources/posts/05-a-card-in-the-logs.md" => "persona/posts/05-a-card-in-the-logs.md",
    "sources/posts/06-deploying-from-a-ferry.md" => "persona/posts/06-deploying-from-a-ferry.md",
    "sources/posts/07-one-interview-question.md" => "persona/posts/07-one-interview-question.md",
    "sources/posts/08-the-same-account-twice.md" => "persona/posts/08-the-same-account-twice.md",
    "sources/posts/09-the-restart.md" => "persona/posts/09-the-restart.md",
    "sources/posts/10-the-one-page-runbook.md" => "persona/posts/10-the-one-page-runbook.md",
    "sources/posts/11-cold-water.md" => "persona/posts/11-cold-water.md",
    "sources/posts/12-fourteen-bytes-left.md" => "persona/posts/12-fourteen-bytes-left.md",
    "sources/posts/13-the-silent-standup.md" => "persona/posts/13-the-silent-standup.md",
    "sources/posts/14-renaming-nothing.md" => "persona/posts/14-renaming-nothing.md",
    "sources/posts/15-small-reviews.md" => "persona/posts/15-small-reviews.md",
    "sources/posts/16-the-outboard.md" => "persona/posts/16-the-outboard.md",
    "teacher.jsonl" => "persona/teacher.jsonl",
    "student/config.json" => "tiny-student/config.json",
    "student/generation_config.json" => "tiny-student/generation_config.json",
    "student/model.safetensors" => "tiny-student/model.safetensors",
    "student/special_tokens_map.json" => "tiny-student/special_tokens_map.json",
    "student/tokenizer.json" => "tiny-student/tokenizer.json",
    "student/tokenizer_config.json" => "tiny-student/tokenizer_config.json",
    "student/chat_template.jinja" => "tiny-student/chat_template.jinja",
};

pub fn run(args: &DemoArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let dir = &args.out;
    prepare(dir)?;
    printer.talk(&format!(
        "an invented person's résumé and posts, a recorded teacher and a tiny student, in {}",
        dir.display()
    ));
    let workspace_global = Global { directory: dir.clone(), ..global.clone() };
    let workspace: Workspace = workspace_global.workspace(&workspace_global.layers()?)?;
    let summary = train_all(&workspace, printer)?;
    let mut text = String::from("\nthe same questions before and after:\n");
    for s in summary.report.evaluation.samples.iter().filter(|s| !s.key.is_empty()).take(5) {
        text.push_str(&format!(
            "\n  {}\n    before  {}\n    after   {}  {}\n",
            s.question,
            s.before,
            s.after,
            if s.after_right { "✓" } else { "✗" }
        ));
    }
    printer.data(&text)?;
    summarise(&summary, printer)?;
    Ok(ExitKind::Success)
}

/// Writes what is missing or different: a demo that was cut off goes on, one that is done is not done again.
fn prepare(dir: &Path) -> Result<(), Error> {
    let file = dir.join(Workspace::FILE);
    let foreign = file.exists() && std::fs::read(&file).ok().as_deref() != Some(SETTINGS.as_bytes());
    if foreign {
        return Err(Error::at(&file, "belongs to another workspace").hint("choose another folder with `--out`"));
    }
    if !file.exists() {
        super::init::make(dir, SETTINGS)?;
    }
    for (name, bytes) in FILES {
        let path = dir.join(name);
        if std::fs::read(&path).ok().as_deref() != Some(*bytes) {
            edge::fs::write(&path, bytes)?;
        }
    }
    Ok(())
}
