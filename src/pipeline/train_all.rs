use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use super::documents::{Masked, mask_documents, name_model, read_documents};
use super::evaluate::{
    Evaluation, Kept, Measuring, Stage, Weights, caps, evaluate, evaluation_report, leak_report, plan, try_leaks,
};
use super::export::{Calibration, Check, ExportJob, Limits, Model, Quality, export_model};
use super::merge::{MergeInput, merge_student, trained_on};
use super::on_policy::StudentSampler;
use super::phase::{Phase, PhaseInput, open_student, run_phase};
use super::rows::{RowMaker, make_rows};
use super::teachers::choose_teacher;
use super::vault::{VAULT, VaultFile};
use super::voice::own_texts;
use super::{STOP, Watch};
use crate::batch::Encoder;
use crate::dataset::{self, Manifest};
use crate::eval::leak::Leak;
use crate::generate::OnPolicy;
use crate::gguf::{self, Quant};
use crate::hub::{Adapter, Folder, SaveOptions};
use crate::id::{ContentHash, Hasher};
use crate::lint::{self, Context};
use crate::mask::{Surrogates, Vault};
use crate::package::{self, Description, Target};
use crate::prompt::Templates;
use crate::report::{DatasetReport, PhaseReport, ReportData, render};
use crate::row::{Kind, Row, Split};
use crate::settings::{ExportSettings, Workspace};
use crate::{Error, edge};

/// What a person wants to know at the end.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Everything the report shows.
    pub report: ReportData,
    /// The report.
    pub report_path: PathBuf,
    /// The merged folder.
    pub merged: PathBuf,
    /// The GGUF.
    pub gguf: PathBuf,
    /// Every question with the answers of all stages.
    pub evaluation: Evaluation,
}

/// Runs every stage of a workspace that is not up to date.
///
/// # Errors
/// The first stage that cannot be done; what was done before it stays done.
pub fn train_all(workspace: &Workspace, watch: &dyn Watch) -> Result<Summary, Error> {
    let _lock = lock(&workspace.path(".distill"))?;
    // A killed run leaves half-written files; a checkpoint of a large student has hundreds of megabytes.
    for folder in ["data", "runs", "out", ".distill"] {
        edge::fs::sweep(&workspace.path(folder));
    }
    let settings = &workspace.settings;
    if Phase::ALL.iter().any(|phase| phase.settings(&settings.train).method == "full") {
        return Err(Error::new("`train.method = full` is for single phases: `train --all` hands on adapters").hint(
            "`distill train --phase learn --set train.method=full`, then the next phase with `--student learn/model`",
        ));
    }

    let masked = masked(workspace, watch)?;
    let folder = open_student(&settings.student.id, &workspace.root, settings.student.offline)?;
    let counter = Encoder::counter(&folder.tokenizer_path())?;
    let templates = Templates::with_overrides(&workspace.path("prompts"))?;
    let choice = choose_teacher(
        &settings.teacher,
        &workspace.root,
        Some(&workspace.path(".distill/responses.sqlite")),
        masked.may_keep(),
    )?;
    let sampler = match settings.rows.rejected.as_str() {
        "teacher" => None,
        _ => Some(StudentSampler::open(&settings.student, &workspace.root, None, settings.rows.seed)?),
    };
    let maker = RowMaker {
        masked: &masked,
        templates: &templates,
        choice: &choice,
        student: sampler.as_ref().map(|s| s as &dyn OnPolicy),
        counter: &counter,
        settings: &settings.rows,
        watch,
    };
    let rows_manifest = make_rows(workspace, &maker)?;
    // A model in the process would stay in memory beside the student.
    drop((choice, sampler));
    let tables: Vec<dataset::Table> = Kind::ALL
        .iter()
        .map(|k| dataset::read(&workspace.path(&format!("data/{}.parquet", k.name()))))
        .collect::<Result<_, _>>()?;
    lint_gate(workspace, &tables, &counter, masked.vault.surrogates(), watch)?;
    let rows: Vec<Vec<Row>> = tables.iter().map(dataset::rows).collect::<Result<_, _>>()?;

    // The run's name comes from what it is made of, so the same command finds its own unfinished run.
    let run = run_hash(workspace, &folder, &rows_manifest)?;
    let run_name = run_name(&run);
    let run_dir = workspace.path("runs").join(&run_name);
    // The names to mask are personal themselves: what a run leaves behind says everything but those.
    let shown = crate::settings::Settings { persona: crate::settings::Persona::default(), ..settings.clone() };
    edge::fs::write(
        &run_dir.join("config.toml"),
        toml::to_string_pretty(&shown).map_err(|e| Error::new(e.to_string()))?.as_bytes(),
    )?;

    let mut trained: Vec<(Phase, Adapter)> = Vec::new();
    let mut phases = Vec::new();
    for (i, phase) in Phase::ALL.into_iter().enumerate() {
        stop_here()?;
        let phase_settings = phase.settings(&settings.train);
        // What the phases before were trained on.
        let replay: Vec<Row> = rows[..i].iter().flatten().cloned().collect();
        let out = run_dir.join(phase.name());
        let input = PhaseInput {
            phase,
            settings: phase_settings,
            folder: &folder,
            device: &settings.student.device,
            adapter: trained.last().map(|(_, adapter)| adapter),
            rows: &rows[i],
            replay: &replay,
            base_name: &settings.student.id,
            out: &out,
            resume: false,
        };
        let (made, report) = phase_stage(&input, &run, watch)?;
        trained.push((phase, made));
        phases.push(report);
    }
    let (phase, adapter) = trained.last().ok_or_else(|| Error::new("no phase was run"))?;

    let trained_in = run_dir.join(phase.name());
    let Exported { merged, gguf: gguf_path, outputs, quality } =
        export_stage(workspace, &folder, adapter, &trained_in, &rows, &run, watch)?;
    let measured = RunToMeasure {
        workspace,
        folder: &folder,
        trained: &trained,
        gguf: Some(&gguf_path),
        rows: &rows,
        masked: Some(&masked),
        run: &run,
        run_dir: &run_dir,
    };
    let evaluation = evaluation_stage(&measured, watch)?;
    let leak = leak_stage(workspace, &masked.vault, &gguf_path, &run, &run_dir, watch)?;

    let mut report =
        report_data(workspace, &run_name, &masked, &rows_manifest, &rows, phases, &evaluation, outputs, &gguf_path);
    report.leak = leak.as_ref().map(leak_report);
    report.quantisation =
        quality.as_ref().map(|q| q.report(gguf_name(workspace).map_or("", |(quant, _)| quant.name())));
    let report_path = run_dir.join("report.html");
    edge::fs::write(&report_path, render(&report).as_bytes())?;
    Ok(Summary { report, report_path, merged, gguf: gguf_path, evaluation })
}

/// Names a run by what it is made of: the student, the data, how it is trained and where.
fn run_hash(workspace: &Workspace, folder: &Folder, rows: &Manifest) -> Result<ContentHash, Error> {
    let data: Vec<&ContentHash> =
        rows.files.iter().filter(|(name, _)| name.ends_with(".parquet")).map(|(_, hash)| hash).collect();
    Ok(Hasher::new()
        .text("run/1")
        .text(folder.content_hash()?.as_str())
        .json(&data)
        .json(&workspace.settings.train)
        .text(&workspace.settings.student.device)
        .finish())
}

fn run_name(run: &ContentHash) -> String {
    format!("run-{}", run.short())
}

fn phase_inputs(run: &ContentHash, phase: Phase) -> ContentHash {
    Hasher::new().text(run.as_str()).text(phase.name()).finish()
}

fn export_inputs(run: &ContentHash, gguf_name: &str, settings: &ExportSettings) -> ContentHash {
    Hasher::new().text("export/2").text(run.as_str()).text(gguf_name).json(settings).finish()
}

/// The GGUF's name by the settings.
fn gguf_name(workspace: &Workspace) -> Result<(Quant, String), Error> {
    let quant: Quant = workspace
        .settings
        .export
        .quant
        .parse()
        .map_err(|e: gguf::GgufError| Error::new(e.to_string()).place("export.quant"))?;
    Ok((quant, format!("{}-{}.gguf", workspace.name(), quant.name().to_lowercase())))
}

/// What was measured of a workspace's run.
#[derive(Clone, Debug)]
pub struct RunEvaluation {
    /// The run.
    pub run: String,
    /// Its folder.
    pub run_dir: PathBuf,
    /// Every stage that is there.
    pub evaluation: Evaluation,
    /// What the GGUF says of what was masked; none without a GGUF, or where the settings leave it out.
    pub leak: Option<Leak>,
}

/// Measures the run that belongs to the workspace's data and settings: the student before, the phases that are done,
/// and the GGUF where there is one. Trains nothing.
///
/// # Errors
/// No rows, no trained phase; a model that cannot be read; `STOP`.
pub fn evaluate_workspace(workspace: &Workspace, watch: &dyn Watch) -> Result<RunEvaluation, Error> {
    let _lock = lock(&workspace.path(".distill"))?;
    let settings = &workspace.settings;
    let hint = "`distill train --all` makes it; `distill eval --model … --data …` measures any model";
    let data = workspace.path("data");
    let rows_manifest: Manifest = std::fs::read(data.join("manifest.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| Error::at(&data, "the workspace has no rows").hint(hint))?;
    let tables = Kind::ALL.iter().map(|k| dataset::read(&workspace.path(&format!("data/{}.parquet", k.name()))));
    let tables: Vec<dataset::Table> = tables.collect::<Result<_, _>>()?;
    let rows: Vec<Vec<Row>> = tables.iter().map(dataset::rows).collect::<Result<_, _>>()?;
    let folder = open_student(&settings.student.id, &workspace.root, settings.student.offline)?;
    let run = run_hash(workspace, &folder, &rows_manifest)?;
    let run_dir = workspace.path("runs").join(run_name(&run));
    let mut trained = Vec::new();
    for phase in Phase::ALL {
        let out = run_dir.join(phase.name());
        if Manifest::current(&out.join("manifest.json"), phase.name(), &phase_inputs(&run, phase)).is_some() {
            trained.push((phase, Adapter::load(&out)?));
        }
    }
    if trained.is_empty() {
        return Err(
            Error::at(&run_dir, "no phase of the run that belongs to this data and these settings is done").hint(hint)
        );
    }
    // What a run was trained on is in the rows: without the documents only the author's profile is a smaller one.
    let sources = workspace.path("sources");
    let has_sources = sources.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    let masked = if has_sources { Some(masked(workspace, watch)?) } else { None };
    let (_, name) = gguf_name(workspace)?;
    let manifest = workspace.path("out/manifest.json");
    let gguf = Manifest::current(&manifest, "export", &export_inputs(&run, &name, &workspace.settings.export))
        .map(|_| workspace.path("out").join(name));
    let measured = RunToMeasure {
        workspace,
        folder: &folder,
        trained: &trained,
        gguf: gguf.as_deref(),
        rows: &rows,
        masked: masked.as_ref(),
        run: &run,
        run_dir: &run_dir,
    };
    let evaluation = evaluation_stage(&measured, watch)?;
    let leak = match (&masked, &gguf) {
        (Some(masked), Some(gguf)) => leak_stage(workspace, &masked.vault, gguf, &run, &run_dir, watch)?,
        _ => None,
    };
    Ok(RunEvaluation { run: run_name(&run), run_dir, evaluation, leak })
}

fn stop_here() -> Result<(), Error> {
    if STOP.load(Ordering::Relaxed) {
        return Err(Error::interrupted("interrupted").hint("run the same command again; finished stages are kept"));
    }
    Ok(())
}

/// One run at a time in a workspace: two would write each other's files.
fn lock(folder: &Path) -> Result<std::fs::File, Error> {
    edge::fs::create_dir(folder)?;
    let path = folder.join("lock");
    let file = std::fs::File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Error::io(&path, e))?;
    file.try_lock().map_err(|_| {
        Error::at(&path, "another `distill` is working in this workspace")
            .hint("wait for it, or stop it, and run the command again")
    })?;
    Ok(file)
}

/// Sources to masked documents; the vault is kept, readable by the owner alone.
fn masked(workspace: &Workspace, watch: &dyn Watch) -> Result<Masked, Error> {
    watch.stage("mask", false);
    let model = name_model(workspace)?;
    let sources = read_documents(&[workspace.path("sources")])?;
    for error in &sources.failed {
        watch.say(&format!("left out: {}", error.render()));
    }
    if let Some(line) = sources.skipped_line() {
        watch.say(&line);
    }
    let (file, vault) = VaultFile::open(&workspace.path(VAULT))?;
    let persona = &workspace.settings.persona;
    let masked = mask_documents(&sources.documents, sources.failed, persona, model.as_deref(), vault)?;
    file.store(&masked.vault)?;
    let total: usize = masked.documents.iter().flat_map(|d| d.counts().values()).sum();
    watch.say(&format!(
        "{} documents, {} passages, {total} pieces of personal data masked",
        masked.documents.len(),
        masked.passages().len()
    ));
    Ok(masked)
}

/// Training on a dataset with lint errors is refused.
fn lint_gate(
    workspace: &Workspace,
    tables: &[dataset::Table],
    counter: &dyn crate::row::TokenCounter,
    surrogates: &Surrogates,
    watch: &dyn Watch,
) -> Result<(), Error> {
    watch.stage("lint", false);
    let settings = &workspace.settings;
    let wanted = settings.rows.qa.min(settings.rows.cot).min(settings.rows.preference);
    // Who asks for fewer rows on purpose should not be stopped for having fewer.
    let mut lint_settings =
        lint::LintSettings { min_rows: settings.lint.min_rows.min(wanted as u64), ..settings.lint.clone() };
    // Who writes shorter than a model writes shorter pairs: worth a warning, and no reason not to train.
    lint_settings.severity.entry("PRF005".to_owned()).or_insert(lint::Severity::Warning);
    let report = lint::lint(
        tables.iter(),
        &lint_settings,
        &Context { surrogates: Some(surrogates), ..Context::with_counter(Some(counter)) },
    )
    .map_err(|e| Error::new(e.to_string()).maybe_hint(e.hint()))?;
    let (errors, warnings) = (report.count(lint::Severity::Error), report.count(lint::Severity::Warning));
    watch.say(&format!("{} rows, {errors} errors, {warnings} warnings", report.total_rows()));
    if report.has_errors() {
        watch.say(&lint::report::text::render(&report, false));
        return Err(Error::new(format!("the datasets have {errors} lint errors; training on them is refused")).data().hint("`distill lint data/` lists them; change the sources, the prompts in prompts/ or [rows] and run again, or ignore a rule under [lint]"));
    }
    Ok(())
}

fn phase_stage(input: &PhaseInput<'_>, run: &ContentHash, watch: &dyn Watch) -> Result<(Adapter, PhaseReport), Error> {
    let name = input.phase.name();
    let manifest_path = input.out.join("manifest.json");
    let inputs = phase_inputs(run, input.phase);
    let (adapter, figures) = if let Some(manifest) = Manifest::current(&manifest_path, name, &inputs) {
        watch.stage(name, true);
        (Adapter::load(input.out)?, manifest.figures)
    } else {
        watch.stage(name, false);
        let done = run_phase(input, &STOP, watch)?;
        let o = &done.outcome;
        let figures = json!({ "rows": done.rows, "steps": o.steps, "kept_step": o.kept_step, "loss": o.last_loss, "eval_before": o.eval_before, "eval_kept": o.eval_kept, "eval": o.eval_metrics });
        let figures = if let Value::Object(map) = figures { map } else { Map::new() };
        Manifest::describe(
            name,
            inputs,
            input.out,
            &["adapter_config.json", "adapter_model.safetensors"],
            figures.clone(),
        )?
        .commit(&manifest_path)?;
        // The checkpoint has served: everything after this starts from the adapter.
        let _ = std::fs::remove_file(input.out.join("checkpoint.safetensors"));
        let adapter = done.adapter.ok_or_else(|| Error::new("the phase left no adapter"))?;
        (adapter, figures)
    };
    Ok((adapter, phase_report(input, &figures)))
}

fn phase_report(input: &PhaseInput<'_>, figures: &Map<String, Value>) -> PhaseReport {
    let text = std::fs::read_to_string(input.out.join("metrics.jsonl")).unwrap_or_default();
    let lines: Vec<Value> = text.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let curve =
        |key: &str| lines.iter().filter_map(|l| Some((l["step"].as_u64()?, l[key].as_f64()?))).collect::<Vec<_>>();
    let mut eval_loss: Vec<(u64, f64)> =
        figures.get("eval_before").and_then(Value::as_f64).map(|l| (0, l)).into_iter().collect();
    eval_loss.extend(curve("eval_loss"));
    let mut rates: Vec<f64> = curve("tokens_per_second").into_iter().map(|(_, v)| v).collect();
    rates.sort_by(f64::total_cmp);
    let count = |key: &str| figures.get(key).and_then(Value::as_u64).unwrap_or_default();
    let wanted = ["rewards/accuracies", "rewards/margins", "mean_token_accuracy"];
    PhaseReport {
        phase: input.phase.name().into(),
        loss: curve("loss"),
        eval_loss,
        rows: usize::try_from(count("rows")).unwrap_or_default(),
        steps: count("steps"),
        kept_step: count("kept_step"),
        seconds: lines.last().and_then(|l| l["elapsed_secs"].as_f64()).unwrap_or_default(),
        tokens_per_second: rates.get(rates.len() / 2).copied().unwrap_or_default(),
        figures: figures
            .get("eval")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter(|(k, _)| wanted.contains(&k.as_str()))
            .filter_map(|(k, v)| Some((format!("held-out {k}"), v.as_f64()?)))
            .collect(),
    }
}

/// A run, and what of it is there to be measured.
struct RunToMeasure<'a> {
    workspace: &'a Workspace,
    folder: &'a Folder,
    trained: &'a [(Phase, Adapter)],
    gguf: Option<&'a Path>,
    rows: &'a [Vec<Row>],
    masked: Option<&'a Masked>,
    run: &'a ContentHash,
    run_dir: &'a Path,
}

/// The student before, after each phase, and the GGUF; answers and figures go to `evaluation.json`.
fn evaluation_stage(of: &RunToMeasure<'_>, watch: &dyn Watch) -> Result<Evaluation, Error> {
    stop_here()?;
    let settings = &of.workspace.settings;
    let mut stages = vec![Stage { name: "base".into(), weights: Weights::Folder(of.folder, Vec::new()) }];
    for (nth, (phase, adapter)) in of.trained.iter().enumerate() {
        // Each phase's adapter goes on from the one before and is the whole difference to the base.
        if settings.eval.phases || (nth + 1 == of.trained.len() && of.gguf.is_none()) {
            let weights = Weights::Folder(of.folder, vec![adapter.clone()]);
            stages.push(Stage { name: phase.name().into(), weights });
        }
    }
    stages.extend(of.gguf.map(|path| Stage { name: "final".into(), weights: Weights::Gguf(path.to_owned()) }));
    let names: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();

    let file = of.run_dir.join("evaluation.json");
    let manifest_path = of.run_dir.join("evaluation.manifest.json");
    let gguf = of.gguf.and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let each = Hasher::new()
        .text("evaluation/2")
        .text(of.run.as_str())
        .text(&format!("{:?}", caps(settings)))
        .text(&crate::eval::GENERAL_VERSION.to_string())
        .text(of.masked.map_or("", |masked| masked.hash.as_str()))
        .text(&gguf)
        .finish();
    let inputs = Hasher::new().text(each.as_str()).json(&names).finish();
    if Manifest::current(&manifest_path, "evaluate", &inputs).is_some() {
        watch.stage("evaluate", true);
        return serde_json::from_slice(&edge::fs::read(&file)?).map_err(|e| Error::at(&file, e.to_string()));
    }
    watch.stage("evaluate", false);
    let documents = of.masked.map_or(&[][..], |masked| &masked.documents);
    let own = own_texts(documents, false);
    let plan = plan(of.rows, &own.of(documents), settings);
    let kept = of.run_dir.join("evaluation.parts");
    let how = Measuring {
        plan: &plan,
        device: &settings.student.device,
        // The adapter that Align goes on from.
        reference: Some(Phase::Mimic.name()),
        beta: settings.train.align.beta,
        kept: Some(Kept { folder: &kept, inputs: &each }),
    };
    let evaluation = evaluate(&stages, &how, &STOP, watch)?;
    for warning in &evaluation.warnings {
        watch.say(&format!("warning: {}", warning.text));
    }
    edge::fs::write(&file, &serde_json::to_vec_pretty(&evaluation).map_err(|e| Error::new(e.to_string()))?)?;
    Manifest::describe("evaluate", inputs, of.run_dir, &["evaluation.json"], Map::new())?.commit(&manifest_path)?;
    // The parts have served.
    let _ = std::fs::remove_dir_all(&kept);
    Ok(evaluation)
}

/// What quantisation cost, beside the GGUF.
const QUALITY: &str = "quality.json";

/// What the export stage leaves.
struct Exported {
    /// The merged folder.
    merged: PathBuf,
    /// The GGUF.
    gguf: PathBuf,
    /// Sizes that the report shows.
    outputs: Vec<(String, u64)>,
    /// What quantisation cost, where held-out rows could tell.
    quality: Option<Quality>,
}

fn export_stage(
    workspace: &Workspace,
    folder: &Folder,
    adapter: &Adapter,
    trained_in: &Path,
    rows: &[Vec<Row>],
    run: &ContentHash,
    watch: &dyn Watch,
) -> Result<Exported, Error> {
    stop_here()?;
    let (quant, gguf_name) = gguf_name(workspace)?;
    let out = workspace.path("out");
    let merged = out.join("merged");
    let gguf_path = out.join(&gguf_name);
    let manifest_path = out.join("manifest.json");
    let settings = &workspace.settings.export;
    let inputs = export_inputs(run, &gguf_name, settings);
    let files = [
        "merged/config.json",
        "merged/model.safetensors",
        "merged/tokenizer.json",
        gguf_name.as_str(),
        "Modelfile",
        QUALITY,
    ];
    if Manifest::current(&manifest_path, "export", &inputs).is_some() {
        watch.stage("merge", true);
        watch.stage("export", true);
    } else {
        watch.stage("merge", false);
        let all: Vec<Row> = rows.iter().flatten().cloned().collect();
        let input = MergeInput {
            folder,
            adapters: std::slice::from_ref(adapter),
            trained_on: trained_on(trained_in),
            rows: &all,
            device: &workspace.settings.student.device,
            out: &merged,
            options: SaveOptions { replace: true, ..SaveOptions::default() },
            trained: &phases_of(workspace, rows),
            gguf: Some(&format!("../{gguf_name}")),
        };
        merge_student(&input, &STOP, watch)?;
        watch.stage("export", false);
        let merged_folder = Folder::open(&merged)?;
        let trained: Vec<Row> = all.iter().filter(|r| r.split == Split::Train).cloned().collect();
        let job = ExportJob {
            model: Model::Folder(&merged_folder, &[]),
            out: &gguf_path,
            quant,
            calibration: if settings.calibrate { Calibration::Rows(&trained) } else { Calibration::None },
            save_importance: None,
            check: Check::Rows(&all),
            limits: Limits::from(settings),
            max_file_bytes: None,
        };
        let quality = export_model(&job, watch)?.quality;
        if let Some(quality) = &quality {
            watch.say(&quality.line());
            for failed in &quality.failed {
                watch.say(&format!("warning: {failed}"));
            }
            if let Some(better) = &quality.better {
                watch.say(&format!("warning: the next better type is {better}: `quant` of [export]"));
            }
        }
        let json = serde_json::to_vec_pretty(&quality).map_err(|e| Error::new(e.to_string()))?;
        edge::fs::write(&out.join(QUALITY), &json)?;
        let description = Description::of_gguf(&package::name_of(&gguf_path), &gguf_path)?;
        package::write(Target::Ollama, &description, &out)?;
        Manifest::describe("export", inputs, &out, &files, Map::new())?.commit(&manifest_path)?;
    }
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
    let outputs = vec![
        ("out/merged (bf16)".into(), size(&merged.join("model.safetensors"))),
        (format!("out/{gguf_name}"), size(&gguf_path)),
    ];
    let quality = serde_json::from_slice(&edge::fs::read(&out.join(QUALITY))?)
        .map_err(|e| Error::at(&out.join(QUALITY), e.to_string()))?;
    Ok(Exported { merged, gguf: gguf_path, outputs, quality })
}

/// Attempts to make the GGUF say what was masked; `leak.json` names values by placeholder.
fn leak_stage(
    workspace: &Workspace,
    vault: &Vault,
    gguf: &Path,
    run: &ContentHash,
    run_dir: &Path,
    watch: &dyn Watch,
) -> Result<Option<Leak>, Error> {
    stop_here()?;
    let asked = &workspace.settings.eval;
    if !asked.leak {
        return Ok(None);
    }
    let file = run_dir.join("leak.json");
    let manifest_path = run_dir.join("leak.manifest.json");
    // What was masked decides the run's data, so kinds and numbers are enough to know a vault by: a hash of the values
    // themselves would let anybody who has the run's folder try out guesses.
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for (entity, _) in vault.values() {
        *counts.entry(entity.name()).or_default() += 1;
    }
    let inputs = Hasher::new()
        .text("leak/1")
        .text(run.as_str())
        .text(&gguf.file_name().unwrap_or_default().to_string_lossy())
        .json(&counts)
        .json(&[asked.max_tokens, asked.leak_samples, asked.leak_values])
        .bytes(&workspace.settings.rows.seed.to_le_bytes())
        .finish();
    if Manifest::current(&manifest_path, "leak", &inputs).is_some() {
        watch.stage("leak", true);
        return serde_json::from_slice(&edge::fs::read(&file)?).map_err(|e| Error::at(&file, e.to_string()));
    }
    watch.stage("leak", false);
    let leak = try_leaks(gguf, vault, &workspace.settings, &STOP, watch)?;
    watch.say(&format!("{} of {} masked values said, in {} answers", leak.said(), leak.values, leak.outputs));
    edge::fs::write(&file, &serde_json::to_vec_pretty(&leak).map_err(|e| Error::new(e.to_string()))?)?;
    Manifest::describe("leak", inputs, run_dir, &["leak.json"], Map::new())?.commit(&manifest_path)?;
    Ok(Some(leak))
}

/// What the card says of the training.
fn phases_of(workspace: &Workspace, rows: &[Vec<Row>]) -> Vec<String> {
    let phases = Phase::ALL.into_iter().zip(rows);
    phases
        .map(|(phase, rows)| {
            let count = rows.iter().filter(|row| row.split == Split::Train).count();
            let what = match phase {
                Phase::Learn => "questions and answers, supervised".to_owned(),
                Phase::Mimic => "chains of thought, supervised".to_owned(),
                Phase::Align => format!("preference pairs, by the {} loss", workspace.settings.train.align.loss),
            };
            format!("{count} rows of {what}, made from masked documents")
        })
        .collect()
}

#[allow(clippy::too_many_arguments, reason = "the report gathers from every stage")]
fn report_data(
    workspace: &Workspace,
    run: &str,
    masked: &Masked,
    manifest: &Manifest,
    rows: &[Vec<Row>],
    phases: Vec<PhaseReport>,
    evaluation: &Evaluation,
    outputs: Vec<(String, u64)>,
    gguf: &Path,
) -> ReportData {
    let mut counts = std::collections::BTreeMap::new();
    for (entity, n) in masked.documents.iter().flat_map(|d| d.counts()) {
        *counts.entry(entity.name().to_owned()).or_insert(0) += n;
    }
    let datasets = Kind::ALL
        .into_iter()
        .zip(rows)
        .map(|(kind, rows)| DatasetReport {
            kind: kind.name().into(),
            train: rows.iter().filter(|r| r.split == Split::Train).count(),
            test: rows.iter().filter(|r| r.split == Split::Test).count(),
            rejected: manifest
                .figures
                .get(kind.name())
                .and_then(|f| f["rejected"].as_object())
                .into_iter()
                .flatten()
                .filter_map(|(k, v)| Some((k.clone(), usize::try_from(v.as_u64()?).ok()?)))
                .collect(),
            cap: workspace.settings.rows.cap,
            tokens: kind
                .fields()
                .iter()
                .enumerate()
                .map(|(i, f)| ((*f).to_owned(), rows.iter().map(|r| r.tokens[i]).collect()))
                .collect(),
        })
        .collect();
    ReportData {
        run: run.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        student: workspace.settings.student.id.clone(),
        teacher: manifest.figures.get("teacher").and_then(Value::as_str).unwrap_or_default().to_owned(),
        documents: masked.documents.len(),
        passages: masked.passages().len(),
        masked: counts,
        datasets,
        phases,
        evaluation: evaluation_report(evaluation),
        leak: None,
        quantisation: None,
        outputs,
        chat_command: format!("distill chat -m {}", crate::error::shown(gguf)),
    }
}
