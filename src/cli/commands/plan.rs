//! `distill plan`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::Printer;
use crate::dataset::show::escaped;
use crate::infer::{self, Speaker};
use crate::plan::bench::{self, Decoded, Measured};
use crate::plan::device::{Table, memory_size};
use crate::plan::student::{Student, matches};
use crate::plan::text::{Rows, measured, text};
use crate::plan::{KvType, Place, Request, plan};
use crate::{Error, ExitKind, edge};

/// Say which student in which quantisation fits a device, and how fast it would be.
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// A phone, board, laptop, card or instance, for example `iphone 15 pro` or `ml.g5.xlarge`
    #[arg(long, value_name = "NAME", conflicts_with = "ram")]
    device: Option<String>,
    /// Any device with this much memory, for example 6GB
    #[arg(long, value_name = "SIZE")]
    ram: Option<String>,
    /// Share of the memory that one program may take, from 0 to 1; each kind of device has its own
    #[arg(long, value_name = "SHARE")]
    share: Option<f64>,
    /// Tokens of prompt and answers together
    #[arg(long, value_name = "N", default_value_t = 4096)]
    context: usize,
    /// How keys and values are kept
    #[arg(long, value_enum, default_value = "f16", value_name = "TYPE")]
    kv: Kv,
    /// Your own student: a folder, or a GGUF as it is
    #[arg(short, long, value_name = "PATH")]
    model: Option<PathBuf>,
    /// Only students whose name has this in it, for example `llama 3.2`
    #[arg(long, value_name = "NAME", conflicts_with = "model")]
    student: Option<String>,
    /// Slower than this is not recommended, in tokens a second
    #[arg(long, value_name = "SPEED", default_value_t = 5.0)]
    min_speed: f64,
    /// Every quantisation of every student
    #[arg(long)]
    all: bool,
    /// Measure this machine: memory bandwidth, and with --model the GGUF's tokens a second
    #[arg(long, conflicts_with_all = ["device", "ram"])]
    bench: bool,
    /// Threads that --bench runs the GGUF with; 0 is one for each processor
    #[arg(long, requires = "bench", default_value_t = 0, value_parser = super::chat::threads)]
    threads: usize,
    /// List the devices
    #[arg(long)]
    list: bool,
    /// How to print it
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    output_format: OutputFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kv {
    /// Two bytes each.
    F16,
    /// A little more than one.
    #[value(name = "q8_0")]
    Q8_0,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    /// For people.
    Text,
    /// One object.
    Json,
}

/// Tokens that are read, tokens that are made after them, and how often: `llama-bench -p 512 -n 64 -r 3`.
const BENCH: (usize, usize, usize) = (512, 64, 3);

/// Runs a GGUF for `--bench`.
fn decode(path: &Path, threads: usize) -> Result<Decoded, Error> {
    let speaker = Speaker::of_gguf(path, threads).map_err(|e| Error::at(path, e.to_string()))?;
    let (prompt, made, rounds) = BENCH;
    let speed = infer::bench(&speaker.decoder, prompt, made, rounds).map_err(|e| Error::at(path, e.to_string()))?;
    Ok(Decoded { prompt_tokens_per_second: speed.prompt, tokens_per_second: speed.made })
}

pub fn run(args: &PlanArgs, printer: &Printer) -> Result<ExitKind, Error> {
    check(args)?;
    let table = Table::new()?;
    if args.list {
        printer.data(&listed(&table))?;
        return Ok(ExitKind::Success);
    }
    let found = args.bench.then(|| measure(args, printer)).transpose()?;
    let place = place(args, &table, found.as_ref())?;
    let mut students = match &args.model {
        Some(path) => vec![Student::open(path)?],
        None => Student::known()?,
    };
    if let Some(wanted) = &args.student {
        let names: Vec<String> = students.iter().map(|student| student.name.clone()).collect();
        students.retain(|student| matches(&student.name, wanted));
        if students.is_empty() {
            return Err(Error::new(format!("no student `{wanted}`")).hint(format!("known are {}", names.join(", "))));
        }
    }
    let kv = match args.kv {
        Kv::F16 => KvType::F16,
        Kv::Q8_0 => KvType::Q8_0,
    };
    let planned = plan(&Request { students, place, context: args.context, kv, least_speed: args.min_speed });
    match args.output_format {
        OutputFormat::Json => {
            let mut json = serde_json::to_value(&planned).map_err(|e| Error::new(e.to_string()))?;
            if let Some(found) = &found {
                json["measured"] = serde_json::to_value(found).map_err(|e| Error::new(e.to_string()))?;
            }
            let rendered = serde_json::to_string_pretty(&json).map_err(|e| Error::new(e.to_string()))?;
            printer.data(&(escaped(&rendered) + "\n"))?;
        }
        OutputFormat::Text => {
            let first = found.as_ref().map_or(String::new(), |found| measured(found) + "\n");
            let rows = if args.all || args.model.is_some() { Rows::All } else { Rows::Best };
            printer.data(&(first + &escaped(&text(&planned, rows))))?;
        }
    }
    Ok(ExitKind::Success)
}

fn check(args: &PlanArgs) -> Result<(), Error> {
    if args.share.is_some_and(|share| !(0.01..=1.0).contains(&share)) {
        return Err(Error::new("`--share` has to lie between 0.01 and 1"));
    }
    if !(1..=1 << 28).contains(&args.context) {
        return Err(Error::new("`--context` has to lie between 1 and 268435456 tokens"));
    }
    if !args.min_speed.is_finite() || args.min_speed < 0.0 {
        return Err(Error::new("`--min-speed` has to be 0 or more"));
    }
    Ok(())
}

fn place(args: &PlanArgs, table: &Table, found: Option<&Measured>) -> Result<Place, Error> {
    let mut place = match (&args.device, &args.ram) {
        (Some(name), _) => return table.place(table.find(name)?, args.share),
        (None, Some(size)) => return Ok(Place::of_memory(memory_size(size)?, args.share)),
        (None, None) => {
            let free = edge::memory::available().ok_or_else(|| {
                Error::new("this system does not tell how much memory is free")
                    .hint("`--device NAME` or `--ram 6GB` says what to plan for; `--list` has the names")
            })?;
            Place::here(free, args.share)
        }
    };
    if let Some(found) = found {
        place.bandwidth_bytes_per_second = Some(found.all_threads_bytes_per_second);
        place.bandwidth_from = Some(format!("measured, {} threads", found.threads));
        // What is measured is what programs get, not a peak.
        place.efficiency = 0.85;
    }
    Ok(place)
}

fn measure(args: &PlanArgs, printer: &Printer) -> Result<Measured, Error> {
    printer.talk("measuring memory bandwidth …");
    let mut found = bench::bandwidth(edge::memory::available())?;
    if let Some(path) = args.model.as_ref().filter(|path| path.is_file()) {
        printer.talk(&format!("running {} …", path.display()));
        found.decoder = Some(decode(path, args.threads)?);
    }
    Ok(found)
}

fn listed(table: &Table) -> String {
    let mut out = String::new();
    for device in table.devices() {
        let bandwidth = device.bandwidth.map_or_else(|| "–".to_owned(), |speed| format!("{speed:.1} GB/s"));
        let also = if device.also.is_empty() { String::new() } else { format!("  also {}", device.also.join(", ")) };
        let (title, memory) = (table.title(device), device.memory_gib);
        out.push_str(&format!("{:<28} {title:<9} {memory:>3} GiB {bandwidth:>12}{also}\n", device.name));
    }
    out
}
