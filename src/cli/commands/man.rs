//! `distill man`.

use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use crate::cli::Printer;
use crate::{Error, ExitKind, edge};

/// Print a manual page, or write all of them to a folder.
#[derive(Args, Debug)]
pub struct ManArgs {
    /// The command, `eval recall` for example; the page of the program itself when left out
    #[arg(conflicts_with = "output")]
    command: Vec<String>,
    /// Write the pages of all commands to this folder
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub fn run(args: &ManArgs, command: Command, printer: &Printer) -> Result<ExitKind, Error> {
    let command = built(command);
    if let Some(dir) = &args.output {
        let pages = pages(&command)?;
        edge::fs::create_dir(dir)?;
        for (name, page) in &pages {
            edge::fs::write(&dir.join(name), page.as_bytes())?;
        }
        printer.talk(&format!("{} pages written to {}", pages.len(), dir.display()));
        return Ok(ExitKind::Success);
    }
    let mut found = &command;
    for word in &args.command {
        found = found.find_subcommand(word).ok_or_else(|| {
            let error = Error::new(format!("`{}` has no command `{word}`", bin_name(found)));
            let names: Vec<&str> = found.get_subcommands().map(Command::get_name).collect();
            if names.is_empty() {
                error.hint("it has none")
            } else {
                error.hint(format!("one of {}", names.join(", ")))
            }
        })?;
    }
    printer.data(&page(found)?)?;
    Ok(ExitKind::Success)
}

/// The command with its subcommands' full names; `help` has no page of its own.
fn built(command: Command) -> Command {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    command
}

fn bin_name(command: &Command) -> &str {
    command.get_bin_name().unwrap_or_else(|| command.get_name())
}

/// File names and texts of the pages of a command and of all below it.
fn pages(command: &Command) -> Result<Vec<(String, String)>, Error> {
    let mut out = vec![(name(command), page(command)?)];
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        out.extend(pages(below)?);
    }
    Ok(out)
}

/// `distill-lint.1`.
fn name(command: &Command) -> String {
    format!("{}.1", command.get_display_name().unwrap_or_else(|| command.get_name()))
}

fn page(command: &Command) -> Result<String, Error> {
    let mut out = vec![];
    Man::new(command.clone())
        .source(concat!("distill ", env!("CARGO_PKG_VERSION")))
        .manual("distill manual")
        .render(&mut out)
        .map_err(|error| Error::io(Path::new(&name(command)), error))?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of all commands that a person may call, `distill-eval-recall` for example.
    fn names(command: &Command, above: &str, out: &mut Vec<String>) {
        let own =
            if above.is_empty() { command.get_name().to_owned() } else { format!("{above}-{}", command.get_name()) };
        for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
            names(below, &own, out);
        }
        out.push(own);
    }

    #[test]
    fn every_visible_command_has_a_page_that_names_its_options() {
        let mut expected = vec![];
        names(&crate::cli::visible(), "", &mut expected);
        assert!(expected.iter().any(|name| name == "distill-vault-encrypt"), "{expected:?}");
        let command = built(crate::cli::visible());
        let pages = pages(&command).unwrap();
        let mut found: Vec<String> = pages.iter().map(|(name, _)| name.trim_end_matches(".1").to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        for (name, page) in &pages {
            assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{name}");
            assert!(!page.contains("__extract"), "{name}");
        }
        let lint = &pages.iter().find(|(name, _)| name == "distill-lint.1").unwrap().1;
        let options = command.find_subcommand("lint").unwrap().get_arguments().filter_map(clap::Arg::get_long);
        for option in options {
            assert!(lint.contains(&option.replace('-', "\\-")), "the page of lint has no --{option}");
        }
    }

    /// A line of a page that begins with a dot is a request to roff; a text must not become one.
    #[test]
    fn requests_are_those_that_were_meant() {
        let known = [".ie", ".el", ".TH", ".SH", ".TP", ".PP", ".RS", ".RE", ".br", ".sp", ".IP"];
        for (name, page) in pages(&built(crate::cli::visible())).unwrap() {
            for line in page.lines().filter(|line| line.starts_with('.') || line.starts_with('\'')) {
                assert!(known.iter().any(|request| line.starts_with(request)), "{name}: {line}");
            }
        }
    }
}
