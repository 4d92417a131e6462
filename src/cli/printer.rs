use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Color, Global};
use crate::Error;
use crate::pipeline::Watch;

/// The only writer: data to stdout, talk to stderr.
pub struct Printer {
    quiet: bool,
    verbose: bool,
    color: bool,
    bars: bool,
    bar: RefCell<Option<ProgressBar>>,
    last: RefCell<Instant>,
}

/// Without a terminal a line is written this often instead of a bar.
const EVERY: Duration = Duration::from_secs(5);

impl Printer {
    pub(super) fn new(global: &Global) -> Self {
        let terminal = io::stderr().is_terminal();
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && crate::edge::env("NO_COLOR").is_none(),
        };
        let long_ago = Instant::now().checked_sub(EVERY).unwrap_or_else(Instant::now);
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            color,
            bars: terminal && !global.no_progress && !global.quiet,
            bar: RefCell::new(None),
            last: RefCell::new(long_ago),
        }
    }

    /// Whether stdout takes colour.
    #[must_use]
    pub const fn color(&self) -> bool {
        self.color
    }

    /// Data.
    ///
    /// # Errors
    /// A closed pipe, a full disk.
    pub fn data(&self, text: &str) -> Result<(), Error> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::stdout)
    }

    /// Talk.
    pub fn talk(&self, line: &str) {
        if self.quiet {
            return;
        }
        match &*self.bar.borrow() {
            Some(bar) => bar.suspend(|| {
                let _ = writeln!(io::stderr(), "{line}");
            }),
            None => {
                let _ = writeln!(io::stderr(), "{line}");
            }
        }
    }

    /// A question, whatever `-q` says: somebody is waited for.
    pub fn ask(&self, text: &str) {
        self.finish();
        let mut out = io::stderr().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// An error, whatever `-q` says.
    pub fn error(&self, error: &Error) {
        self.finish();
        let _ = writeln!(io::stderr(), "{}", error.render());
    }
}

impl Watch for Printer {
    fn stage(&self, name: &str, skipped: bool) {
        self.finish();
        self.talk(&if skipped { format!("✓ {name} (up to date)") } else { format!("▸ {name}") });
    }

    fn say(&self, line: &str) {
        for line in line.lines() {
            self.talk(&format!("  {line}"));
        }
    }

    fn detail(&self, line: &str) {
        if self.verbose {
            self.say(line);
        }
    }

    fn progress(&self, done: u64, total: u64, words: &str) {
        let (first, more) = words.split_once('\n').unwrap_or((words, ""));
        if self.bars {
            let mut slot = self.bar.borrow_mut();
            let bar = slot.get_or_insert_with(|| {
                let below = if more.is_empty() { "" } else { "\n  {prefix}" };
                let line = format!("  {{bar:28}} {{pos}}/{{len}} [{{elapsed}}, {{eta}} left] {{wide_msg}}{below}");
                let style = ProgressStyle::with_template(&line).unwrap_or_else(|_| ProgressStyle::default_bar());
                ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(8)).with_style(style)
            });
            bar.set_length(total);
            bar.set_position(done);
            bar.set_message(first.to_owned());
            bar.set_prefix(more.replace('\n', " "));
        } else if !self.quiet && (done >= total || self.last.borrow().elapsed() >= EVERY) {
            *self.last.borrow_mut() = Instant::now();
            self.talk(&format!("  {done}/{total} {}", words.replace('\n', "; ")));
        }
    }

    fn finish(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}
