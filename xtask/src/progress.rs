//! Runs a command as one step: a line on a terminal, silence in a pipe, all of its output as soon as it fails.

use std::env;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::counts::NEXTEST_SUMMARY;

/// The amount of text while steps run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    /// A line that names the running step, replaced by its result.
    Terminal,
    /// One line for each finished step: a CI log without them looks hung for minutes.
    Lines,
    /// Failures only.
    Quiet,
    /// Everything.
    Verbose,
}

/// When a step's output is shown, unless everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// All of it, if the step fails.
    AtFailure,
    /// From the first line that reports a failed test to the runner's summary, while the others still run.
    FailedTests,
}

/// Shows steps as they run, as loudly as its user wants it.
pub struct Progress {
    voice: Voice,
}

/// The end of a step.
pub struct Finished {
    /// Whether the command succeeded.
    pub status: Status,
    /// Standard output and standard error, in the order they were written.
    pub output: String,
    pub(crate) elapsed: Duration,
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The command succeeded.
    Good,
    /// The command failed, which has been shown.
    Failed,
}

impl Progress {
    /// Shows everything if it is verbose; otherwise as much as fits the output: a terminal, a log of CI, or a pipe.
    pub fn new(verbose: bool) -> Self {
        let voice = if verbose {
            Voice::Verbose
        } else if env::var_os("CI").is_some() {
            Voice::Lines
        } else if io::stderr().is_terminal() {
            Voice::Terminal
        } else {
            Voice::Quiet
        };
        Self { voice }
    }

    /// Runs `command` with no input, and both of its outputs in one pipe so that their order is kept.
    pub fn run(&self, label: &str, command: &mut Command, show: Show) -> anyhow::Result<Finished> {
        self.begin(label);
        let started = Instant::now();
        let (reader, writer) = io::pipe().context("could not make a pipe")?;
        let stdout = writer.try_clone().context("could not make a pipe")?;
        command.stdin(Stdio::null()).stdout(stdout).stderr(writer);
        let mut child = command.spawn().with_context(|| {
            format!(
                "could not start `{}` (while doing: {label})",
                command.get_program().to_string_lossy()
            )
        })?;
        // The parent's copies of the writing end live in `command`; while one is open, reading never ends.
        command.stdout(Stdio::null()).stderr(Stdio::null());

        let mut output = String::new();
        let mut window = Window::new(if self.voice == Voice::Verbose { None } else { Some(show) });
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).context("could not read a command's output")? > 0
        {
            let text = String::from_utf8_lossy(&line);
            if window.opens_for(&text) {
                self.clear();
            }
            if window.is_open() {
                say(&text);
            }
            window.close_after(&text);
            output.push_str(&text);
            line.clear();
        }
        let status = child.wait().context("could not wait for a command")?;
        let finished = Finished {
            status: if status.success() { Status::Good } else { Status::Failed },
            output,
            elapsed: started.elapsed(),
        };
        self.end(label, &finished, window.was_open());
        Ok(finished)
    }

    /// Names the work that goes on now, where somebody watches.
    pub fn note(&self, label: &str) {
        self.begin(label);
    }

    fn begin(&self, label: &str) {
        match self.voice {
            Voice::Terminal => say(&format!("\r\x1b[2K  ...   {label}")),
            Voice::Verbose => say(&format!("── {label}\n")),
            Voice::Lines | Voice::Quiet => {}
        }
    }

    fn clear(&self) {
        match self.voice {
            Voice::Terminal => say("\r\x1b[2K"),
            Voice::Lines | Voice::Quiet | Voice::Verbose => {}
        }
    }

    fn end(&self, label: &str, finished: &Finished, was_shown: bool) {
        self.clear();
        let seconds = finished.elapsed.as_secs_f64();
        match (finished.status, self.voice) {
            (Status::Good, Voice::Quiet) => {}
            (Status::Good, Voice::Terminal | Voice::Lines | Voice::Verbose) => {
                say(&format!("  ok    {label} ({seconds:.1} s)\n"));
            }
            (Status::Failed, _) => {
                if !was_shown {
                    let lines = finished.output.lines().filter(|line| !is_routine(line));
                    say(&lines.map(|line| format!("{line}\n")).collect::<String>());
                }
                say(&format!("  FAIL  {label} ({seconds:.1} s)\n"));
            }
        }
    }
}

/// The part of a step's output that is shown as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    Always,
    Never,
    BeforeFailure,
    Open,
    Closed,
}

impl Window {
    /// `None` shows everything.
    fn new(show: Option<Show>) -> Self {
        match show {
            None => Self::Always,
            Some(Show::AtFailure) => Self::Never,
            Some(Show::FailedTests) => Self::BeforeFailure,
        }
    }

    fn opens_for(&mut self, line: &str) -> bool {
        let opens = *self == Self::BeforeFailure && reports_failed_test(line);
        if opens {
            *self = Self::Open;
        }
        opens
    }

    fn close_after(&mut self, line: &str) {
        if *self == Self::Open && line.trim_start().starts_with(NEXTEST_SUMMARY) {
            *self = Self::Closed;
        }
    }

    fn is_open(self) -> bool {
        matches!(self, Self::Always | Self::Open)
    }

    fn was_open(self) -> bool {
        matches!(self, Self::Always | Self::Open | Self::Closed)
    }
}

/// Standard error may be closed; the text is then lost, and the work goes on.
fn say(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Whether the line is cargo's about a crate that it gets or compiles: nobody looks for a failure there.
fn is_routine(line: &str) -> bool {
    ["   Compiling ", "    Checking ", " Downloading ", "  Downloaded "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// The first sign of a failed test, as nextest and as libtest print it.
fn reports_failed_test(line: &str) -> bool {
    let line = line.trim_start();
    ["FAIL [", "ABORT [", "TIMEOUT ["].iter().any(|sign| line.starts_with(sign))
        || (line.starts_with("SIG") && line.contains(" [")) // SIGSEGV, SIGABRT, …
        || (line.starts_with("test ") && line.trim_end().ends_with("... FAILED"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_shown_and_what_passed_is_not() {
        let output = "   Compiling x\n        FAIL [   0.1s] x a\n  panicked\n     Summary [   0.2s] 2 tests run: 1 passed, 1 failed\n  said by b\n";
        let shown = |show: Option<Show>| {
            let mut window = Window::new(show);
            let lines = output.lines().filter(|line| {
                window.opens_for(line);
                let is_shown = window.is_open();
                window.close_after(line);
                is_shown
            });
            lines.map(str::trim).collect::<Vec<_>>()
        };
        assert_eq!(shown(None).len(), 5);
        assert_eq!(shown(Some(Show::AtFailure)).len(), 0);
        assert_eq!(
            shown(Some(Show::FailedTests)),
            ["FAIL [   0.1s] x a", "panicked", "Summary [   0.2s] 2 tests run: 1 passed, 1 failed"]
        );
    }
}
