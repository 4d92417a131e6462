use std::path::Path;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::cli::{Global, Printer, flag};
use crate::edge::{self, seal};
use crate::pipeline::VAULT;
use crate::settings::Workspace;
use crate::{Error, ExitKind};

/// Check this machine and the workspace, or find out what a teacher's endpoint can do.
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Ask the endpoint: some five cheap requests
    #[arg(long)]
    teacher: bool,
    /// Model of the endpoint; asks it as `--teacher` does
    #[arg(long)]
    model: Option<String>,
    /// How to print what was found
    #[arg(long, value_enum, default_value = "text")]
    output_format: OutputFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    /// For people.
    Text,
    /// One object.
    Json,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Good,
    /// Worth knowing; nothing fails for it.
    Note,
    Bad,
}

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    state: State,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

fn check(name: &'static str, state: State, says: impl Into<String>) -> Check {
    Check { name, state, says: says.into(), hint: None }
}

impl Check {
    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

pub fn run(args: &DoctorArgs, global: &Global, printer: &Printer) -> Result<ExitKind, Error> {
    let asks = args.teacher || args.model.is_some();
    let mut layers = global.layers()?;
    flag(&mut layers, "teacher.model", args.model.as_ref(), "--model")?;
    let workspace = global.workspace(&layers)?;
    let (checks, found) = if asks { endpoint(&workspace, printer)? } else { (local(&workspace), None) };
    let usable = checks.iter().all(|c| c.state != State::Bad);
    let text = match args.output_format {
        OutputFormat::Text => render(&checks),
        OutputFormat::Json => {
            let mut all = serde_json::json!({ "usable": usable, "checks": checks });
            if let Some(found) = found {
                all["teacher"] = found;
            }
            serde_json::to_string_pretty(&all).map_err(|e| Error::new(e.to_string()))? + "\n"
        }
    };
    printer.data(&text)?;
    Ok(if usable { ExitKind::Success } else { ExitKind::Environment })
}

fn render(checks: &[Check]) -> String {
    let width = checks.iter().map(|c| c.name.len()).max().unwrap_or_default();
    let mut out = String::new();
    for c in checks {
        let mark = match c.state {
            State::Good => '✓',
            State::Note => '–',
            State::Bad => '✗',
        };
        out.push_str(&format!("{mark} {:width$}  {}\n", c.name, c.says));
        if let Some(hint) = &c.hint {
            out.push_str(&format!("  {:width$}  hint: {hint}\n", ""));
        }
    }
    out
}

/// What is here, without asking anybody.
fn local(workspace: &Workspace) -> Vec<Check> {
    let root = &workspace.root;
    let here = match Workspace::is_at(root) {
        true => check("workspace", State::Good, format!("{}, its settings are sound", root.display())),
        false => check("workspace", State::Note, format!("none in {}: the settings are the defaults", root.display()))
            .hint("`distill init DIR` makes one"),
    };
    let mut checks = vec![
        check("program", State::Good, format!("distill {}, {}", env!("CARGO_PKG_VERSION"), features())),
        here,
        vault(&workspace.path(VAULT)),
        teacher(workspace),
    ];
    checks.extend(cache(&workspace.path(".distill/responses.sqlite")));
    checks.push(student(workspace));
    checks.extend(space(root));
    checks
}

fn features() -> String {
    let all = [
        ("network teacher", cfg!(feature = "teacher")),
        ("training", cfg!(feature = "train")),
        ("CUDA", cfg!(feature = "cuda")),
    ];
    let words: Vec<String> = all.iter().map(|(name, on)| format!("{}{name}", if *on { "" } else { "no " })).collect();
    words.join(", ")
}

fn vault(path: &Path) -> Check {
    if !path.exists() {
        return check("vault", State::Note, "none yet: it is made when documents are masked");
    }
    match edge::fs::read(path) {
        Ok(bytes) if seal::is_sealed(&bytes) => check("vault", State::Good, "encrypted"),
        Ok(_) => check("vault", State::Good, "readable, not encrypted")
            .hint("`distill vault encrypt` puts it under a passphrase"),
        Err(error) => check("vault", State::Bad, error.to_string()),
    }
}

/// Who would be asked, and what is missing for it.
fn teacher(workspace: &Workspace) -> Check {
    let settings = &workspace.settings.teacher;
    let has_key = edge::env("OPENAI_API_KEY").is_some();
    let address = [Some(settings.base_url.clone()), edge::env("OPENAI_BASE_URL")];
    let address = address.into_iter().flatten().find(|a| !a.is_empty());
    match settings.spec.as_str() {
        "" if !has_key && address.is_none() => check("teacher", State::Note, "outline: no model, rows by rule")
            .hint("for better rows set OPENAI_API_KEY, or [teacher] base_url for a local server"),
        "" | "openai" => {
            let at = address.as_deref().unwrap_or("OpenAI");
            let key = if has_key { "OPENAI_API_KEY is set" } else { "no key is set" };
            let says = format!("{} at {at}, {key}", settings.model);
            if !has_key && address.is_none() {
                return check("teacher", State::Bad, says).hint("set OPENAI_API_KEY");
            }
            check("teacher", State::Good, says).hint("`distill doctor --teacher` asks it what it can do")
        }
        spec => match spec.split_once(':') {
            Some(("replay" | "local", file)) if !workspace.root.join(file).exists() => {
                check("teacher", State::Bad, format!("{spec}: there is no `{file}`"))
                    .hint("a relative path is looked up in the workspace")
            }
            _ => check("teacher", State::Good, spec),
        },
    }
}

#[cfg(feature = "teacher")]
fn cache(path: &Path) -> Option<Check> {
    use crate::teacher::openai::ResponseCache;
    if !path.exists() {
        return Some(check("answers", State::Note, "none stored yet"));
    }
    Some(match ResponseCache::open(path).and_then(|cache| cache.len()) {
        Ok(count) => check("answers", State::Good, format!("{count} stored; they are never asked for again")),
        Err(error) => check("answers", State::Bad, error.to_string()).hint(error.hint()),
    })
}

#[cfg(not(feature = "teacher"))]
fn cache(_path: &Path) -> Option<Check> {
    None
}

fn student(workspace: &Workspace) -> Check {
    let id = &workspace.settings.student.id;
    let dir = workspace.path(id);
    if !dir.is_dir() {
        let offline = if workspace.settings.student.offline { "; the hub is not asked (offline)" } else { "" };
        return check("student", State::Note, format!("{id}: no folder here, so a name of the hub{offline}"));
    }
    let missing: Vec<&str> =
        ["config.json", "tokenizer.json"].into_iter().filter(|file| !dir.join(file).is_file()).collect();
    let has_weights = std::fs::read_dir(&dir).is_ok_and(|mut files| {
        files.any(|f| f.is_ok_and(|f| f.path().extension().is_some_and(|e| e == "safetensors")))
    });
    match (missing.as_slice(), has_weights) {
        ([], true) => check("student", State::Good, format!("{id}: settings, tokenizer and weights are there")),
        ([], false) => check("student", State::Bad, format!("{id}: no .safetensors file"))
            .hint("weights have to be in safetensors"),
        (missing, _) => check("student", State::Bad, format!("{id}: no {}", missing.join(" and no "))),
    }
}

#[cfg(unix)]
fn space(root: &Path) -> Option<Check> {
    const GIB: f64 = (1_u64 << 30) as f64;
    let stat = rustix::fs::statvfs(root).ok()?;
    let free = stat.f_bavail as f64 * stat.f_frsize as f64 / GIB;
    let says = format!("{free:.1} GiB free");
    Some(match free {
        0.0..0.2 => check("disk", State::Bad, says).hint("make space: answers and rows are written while they come"),
        0.2..8.0 => check("disk", State::Note, says)
            .hint("a merged model of a billion parameters and its GGUF take about 4 GiB"),
        _ => check("disk", State::Good, says),
    })
}

#[cfg(not(unix))]
fn space(_root: &Path) -> Option<Check> {
    None
}

#[cfg(feature = "teacher")]
fn endpoint(workspace: &Workspace, printer: &Printer) -> Result<(Vec<Check>, Option<serde_json::Value>), Error> {
    use crate::teacher::TeacherError;
    use crate::teacher::openai::examine;
    let wire = crate::pipeline::wire_settings(&workspace.settings.teacher);
    printer.talk(&format!("asking {} at {} …", wire.model, wire.base_url));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| Error::new(e.to_string()))?;
    let found = runtime.block_on(examine(wire)).map_err(|error| match error {
        TeacherError::Fatal { reason, hint } | TeacherError::Interrupted { reason, hint } => {
            Error::new(reason).hint(hint)
        }
        TeacherError::Failed { reason } => Error::new(reason),
    })?;
    let json = serde_json::to_value(&found).map_err(|e| Error::new(e.to_string()))?;
    Ok((described(&found), Some(json)))
}

#[cfg(not(feature = "teacher"))]
fn endpoint(_: &Workspace, _: &Printer) -> Result<(Vec<Check>, Option<serde_json::Value>), Error> {
    Err(Error::new("this build has no HTTP teacher").hint("build with `--features teacher`"))
}

/// What was found out, as lines.
#[cfg(feature = "teacher")]
fn described(found: &crate::teacher::openai::Diagnosis) -> Vec<Check> {
    use State::{Bad, Good, Note};
    let mut checks = Vec::new();
    if found.reachable {
        checks.push(check("endpoint", Good, format!("{} answers", found.base_url)));
    }
    let sent = if found.key_sent { "sent" } else { "none is sent" };
    match found.key_accepted {
        Some(true) => checks.push(check("key", Good, format!("{sent}, accepted"))),
        Some(false) => checks.push(check("key", Bad, format!("{sent}, refused"))),
        None => {}
    }
    let near = found.models.as_ref().and_then(|models| nearest(&found.model, models));
    match (found.model_listed, found.format.is_some()) {
        (Some(true), _) | (None, true) => checks.push(check("model", Good, found.model.clone())),
        (Some(false), true) => {
            checks.push(check("model", Good, format!("{}, not among those it lists but answering", found.model)));
        }
        (Some(false), false) => {
            let mut line = check("model", Bad, format!("{} is not among those it lists", found.model));
            line.hint = near.as_ref().map(|name| format!("did you mean `{name}`?"));
            checks.push(line);
        }
        (None, false) => {}
    }
    if let Some(format) = found.format {
        let followed = found.schema_followed == Some(true);
        let words = match format {
            "json_schema" => "json_schema: the endpoint takes the schema",
            "json_object" => "json_object: it promises JSON, the schema is put into the prompt",
            _ => "plain text: the schema is put into the prompt",
        };
        checks.push(if followed {
            check("answers", Good, words)
        } else {
            check("answers", Note, format!("{words}, but the answer did not follow it"))
                .hint("rows are repaired or asked for again; a larger model needs that less often")
        });
    }
    if let Some(name) = found.limit_parameter {
        let taken = |yes: Option<bool>| if yes == Some(true) { "taken" } else { "refused, so left out" };
        let (temperature, seed) = (taken(found.temperature), taken(found.seed));
        checks.push(check("parameters", Good, format!("{name}; temperature {temperature}; seed {seed}")));
    }
    match found.usage {
        Some(true) => checks.push(check("usage", Good, "tokens are reported")),
        Some(false) => checks.push(check("usage", Note, "tokens are not reported, so they are counted here")),
        None => {}
    }
    if found.format.is_some() {
        let limits: Vec<String> = found
            .limits
            .iter()
            .filter_map(|l| {
                let window = match l.window_secs {
                    Some(60) => "a minute".to_owned(),
                    Some(1) => "a second".to_owned(),
                    Some(3600) => "an hour".to_owned(),
                    Some(86_400) => "a day".to_owned(),
                    Some(secs) => format!("in {secs} s"),
                    None => "in a longer time".to_owned(),
                };
                let left = l.remaining.map_or(String::new(), |n| format!(" ({n} left)"));
                Some(format!("{} {} {window}{left}", l.limit?, l.of))
            })
            .collect();
        checks.push(if limits.is_empty() {
            check("limits", Note, "the headers tell none").hint("set `teacher.rpm` and `teacher.tpm` if you know them")
        } else {
            check("limits", Good, format!("{}: kept by themselves", limits.join(", ")))
        });
    }
    if let Some(latency) = found.latency_secs {
        let speed = found.tokens_per_second.map_or(String::new(), |n| format!(", {n:.0} tokens a second"));
        checks.push(check("speed", Good, format!("{latency:.2} s for a short answer{speed}")));
    }
    match (found.price, found.cost_usd) {
        (Some([input, output]), cost) => {
            let cost = cost.map_or(String::new(), |usd| format!("; this check cost ${usd:.5}"));
            checks.push(check("price", Good, format!("${input} and ${output} per million tokens{cost}")));
        }
        (None, Some(_)) => checks.push(check("price", Good, "none: it is on this machine")),
        (None, None) => checks.push(
            check("price", Note, "not known, so costs show as 0")
                .hint("set it under [teacher.prices], or `--max-usd` is refused"),
        ),
    }
    if let Some(cause) = &found.cause {
        let mut line = check("verdict", Bad, cause.clone());
        line.hint = match near {
            Some(name) if found.model_listed == Some(false) => {
                Some(format!("did you mean `{name}`? Else {}", found.hint.as_deref().unwrap_or_default()))
            }
            _ => found.hint.clone(),
        };
        checks.push(line);
    } else {
        checks.push(check("verdict", Good, format!("usable ({} requests)", found.requests)));
    }
    checks
}

/// The listed name that is nearest to the one asked for.
#[cfg(feature = "teacher")]
fn nearest(model: &str, models: &[String]) -> Option<String> {
    let edits = |name: &String| crate::error::distance(name, model);
    // A name that only lacks its vendor, size or date is nearer than any that differs in its letters.
    let part = models.iter().filter(|m| m.contains(model) || model.contains(m.as_str())).min_by_key(|m| edits(m));
    let near = models.iter().min_by_key(|m| edits(m)).filter(|m| edits(m) <= 1 + model.len() / 3);
    part.or(near).cloned()
}
