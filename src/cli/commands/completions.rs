//! `distill completions`.

use clap::Args;
use clap_complete::Shell;

use crate::cli::Printer;
use crate::{Error, ExitKind};

/// Print a script that completes commands and options in a shell.
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: &CompletionsArgs, mut command: clap::Command, printer: &Printer) -> Result<ExitKind, Error> {
    printer.data(&script(args.shell, &mut command))?;
    Ok(ExitKind::Success)
}

fn script(shell: Shell, command: &mut clap::Command) -> String {
    let mut out = vec![];
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, command, name, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_completes_every_visible_command_and_no_hidden_one() {
        for shell in Shell::value_variants() {
            let mut command = crate::cli::visible();
            let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
            assert!(names.iter().any(|name| name == "completions"));
            let script = script(*shell, &mut command);
            for name in names {
                assert!(script.contains(&name), "{shell} does not complete `{name}`");
            }
            assert!(script.contains("only-datasets"), "{shell} does not complete options");
            // In the names of functions for bash `__` also stands between a command and its subcommand.
            for hidden in ["____extract", " __extract", "'__extract", "where it can do no harm"] {
                assert!(!script.contains(hidden), "{shell} completes what is hidden");
            }
        }
    }
}
