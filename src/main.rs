//! The command line: parse, run, render the error, exit code.

use std::process::ExitCode;

// Training makes and drops large buffers all the time; the system's allocator gives each back to the kernel.
#[cfg(feature = "train")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    distill::edge::sandbox::enable();
    ExitCode::from(distill::cli::run(std::env::args_os()).code())
}
