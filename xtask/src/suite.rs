//! Builds and runs the tests of some crates in one environment, and counts their results.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use crate::counts::Counts;
use crate::libpython;
use crate::progress::{Finished, Progress, Show, Status};
use crate::pythons::Python;
use crate::workspace::Workspace;

/// The package of the command.
const COMMAND: &str = "coldframe";
/// The package of the program before each application, and the feature with which it is built.
const LAUNCHER: &str = "coldframe-launcher";
const RUNTIME: &str = "coldframe-launcher/runtime";

/// The program that runs the tests. nextest runs several test binaries at once, but not everybody has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    Nextest,
    CargoTest,
}

impl Runner {
    pub(crate) fn available(workspace: &Workspace) -> Self {
        let asked = workspace
            .cargo(&["nextest", "--version"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match asked {
            Ok(status) if status.success() => Self::Nextest,
            Ok(_) | Err(_) => Self::CargoTest,
        }
    }
}

/// The tests of some crates with one Python, or with none.
pub(crate) struct Suite<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) runner: Runner,
    /// Its name in the steps and in the table.
    pub(crate) label: String,
    pub(crate) packages: Vec<&'a str>,
    pub(crate) linked_with: Linked<'a>,
    /// The interpreter that tests may run.
    pub(crate) test_python: Option<&'a Python>,
    pub(crate) scope: Scope,
    pub(crate) filter: Vec<&'a str>,
}

/// Whether the crates link libpython, which decides where they are built.
#[derive(Clone, Copy)]
pub(crate) enum Linked<'a> {
    Nothing,
    Python(&'a Python),
    /// A Python that is linked otherwise than by [`libpython::link`].
    Otherwise {
        /// The target folder of the build.
        folder: &'a Path,
        link: &'a dyn Fn(&mut Command),
    },
}

/// Whether the examples in the documentation are run too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    TestsAndExamples,
    TestsOnly,
}

/// A test that said it could not run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Skip {
    pub(crate) test: String,
    pub(crate) why: String,
}

/// The results of one or more suites.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) build: Option<Status>,
    pub(crate) build_time: Duration,
    pub(crate) counts: Counts,
    pub(crate) skips: BTreeSet<Skip>,
    /// Tests that carry `#[ignore]`, and examples marked so: skipped as silently as can be, so they are told.
    pub(crate) n_ignored: usize,
    /// Failures that are no failed test: a build, a runner that crashed.
    pub(crate) problems: Vec<String>,
    pub(crate) test_time: Duration,
}

impl Tally {
    /// A test that skips itself returns as if it had passed; it is counted once, as skipped.
    pub(crate) fn n_passed(&self) -> usize {
        self.counts.passed.saturating_sub(self.n_skipped_themselves())
    }

    pub(crate) fn n_skipped(&self) -> usize {
        self.n_skipped_themselves() + self.n_ignored
    }

    fn n_skipped_themselves(&self) -> usize {
        let tests: BTreeSet<&str> = self.skips.iter().map(|skip| skip.test.as_str()).collect();
        tests.len()
    }

    pub(crate) fn n_failed(&self) -> usize {
        self.counts.failed + self.problems.len()
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.build = match (self.build, other.build) {
            (Some(Status::Failed), _) | (_, Some(Status::Failed)) => Some(Status::Failed),
            (Some(Status::Good), _) | (_, Some(Status::Good)) => Some(Status::Good),
            (None, None) => None,
        };
        self.build_time += other.build_time;
        self.counts = self.counts.plus(other.counts);
        self.skips.extend(other.skips);
        self.n_ignored += other.n_ignored;
        self.problems.extend(other.problems);
        self.test_time += other.test_time;
    }
}

impl Suite<'_> {
    pub(crate) fn run(&self, progress: &Progress) -> anyhow::Result<Tally> {
        let mut tally = Tally::default();
        if self.packages.is_empty() {
            return Ok(tally);
        }
        let skip_log = self.prepare_skip_log()?;

        if self.packages.contains(&COMMAND) {
            // Its tests build applications, and cargo builds no programs of what a test only depends on.
            let mut build = self.cargo(&["build"], &[COMMAND, LAUNCHER], &skip_log)?;
            build.args(["--bins", "--features", RUNTIME]);
            let label = format!("{}: the runtime", self.label);
            let built = progress.run(&label, &mut build, Show::AtFailure)?;
            tally.build_time += built.elapsed;
            if built.status == Status::Failed {
                tally.build = Some(built.status);
                tally.problems.push("the runtime does not build".to_owned());
                return Ok(tally);
            }
        }
        let mut build = self.test_cargo(&skip_log)?;
        build.arg("--no-run");
        let built = progress.run(&format!("{}: build", self.label), &mut build, Show::AtFailure)?;
        tally.build = Some(built.status);
        tally.build_time += built.elapsed;
        if built.status == Status::Failed {
            tally.problems.push("it does not build".to_owned());
            return Ok(tally);
        }

        let mut test = self.test_cargo(&skip_log)?;
        self.add_run_arguments(&mut test);
        let label = format!("{}: test", self.label);
        self.count(progress.run(&label, &mut test, Show::FailedTests)?, "the tests", &mut tally);

        let mut with_examples = Vec::new();
        for package in &self.packages {
            if self.scope == Scope::TestsAndExamples && self.workspace.has_library(package)? {
                with_examples.push(*package);
            }
        }
        if !with_examples.is_empty() {
            let mut command = self.cargo(&["test", "--doc"], &with_examples, &skip_log)?;
            command.args(["--no-fail-fast", "--"]).args(&self.filter);
            let label = format!("{}: examples in the documentation", self.label);
            let finished = progress.run(&label, &mut command, Show::FailedTests)?;
            self.count(finished, "the examples in the documentation", &mut tally);
        }
        tally.skips.extend(read_skip_log(&skip_log)?);
        Ok(tally)
    }

    fn test_command(&self) -> &'static [&'static str] {
        match self.runner {
            Runner::Nextest => &["nextest", "run"],
            Runner::CargoTest => &["test"],
        }
    }

    fn add_run_arguments(&self, command: &mut Command) {
        command.arg("--no-fail-fast");
        if self.runner == Runner::Nextest {
            // Nothing is printed of tests that pass, so that the output is worth reading.
            command.args([
                "--no-tests=pass",
                "--status-level=fail",
                "--final-status-level=fail",
                "--failure-output=immediate",
            ]);
        }
        command.arg("--").args(&self.filter);
    }

    fn test_cargo(&self, skip_log: &Path) -> anyhow::Result<Command> {
        let mut command = self.cargo(self.test_command(), &self.packages, skip_log)?;
        // Unit tests and integration tests; examples in the documentation are a step of their own.
        command.arg("--tests");
        Ok(command)
    }

    fn cargo(
        &self,
        subcommand: &[&str],
        packages: &[&str],
        skip_log: &Path,
    ) -> anyhow::Result<Command> {
        let mut command = self.workspace.cargo(subcommand);
        for package in packages {
            command.args(["--package", package]);
        }
        // Another system names one of its own.
        if let Some(python) = self.test_python {
            command.env("COLDFRAME_TEST_PYTHON", &python.executable);
        } else {
            command.env_remove("COLDFRAME_TEST_PYTHON");
        }
        match self.linked_with {
            Linked::Nothing => command.arg("--target-dir").arg(&self.workspace.target),
            Linked::Python(python) => {
                let folder = self.workspace.python_target(python.version);
                libpython::link(&mut command, python, &folder)?;
                command.arg("--target-dir").arg(folder)
            }
            Linked::Otherwise { folder, link } => {
                link(&mut command);
                command.arg("--target-dir").arg(folder)
            }
        };
        command.env("COLDFRAME_SKIP_LOG", skip_log);
        Ok(command)
    }

    fn count(&self, finished: Finished, what: &str, tally: &mut Tally) {
        tally.test_time += finished.elapsed;
        tally.skips.extend(announced_skips(&finished.output));
        let counts = Counts::parse(&finished.output);
        match (finished.status, counts) {
            (Status::Good, Some(counts)) => tally.counts = tally.counts.plus(counts),
            // No number is not zero: a runner whose last line is no longer understood must be noticed.
            (Status::Good, None) => tally.problems.push(format!("{what} did not say how many ran")),
            (Status::Failed, Some(counts)) if counts.failed > 0 => {
                tally.counts = tally.counts.plus(counts);
            }
            (Status::Failed, counts) => {
                tally.counts = tally.counts.plus(counts.unwrap_or_default());
                tally.problems.push(format!("{what} could not be run to the end"));
            }
        }
        // With a filter, nextest counts tests that were not chosen among these.
        if self.filter.is_empty() {
            tally.n_ignored += counts.map_or(0, |counts| counts.left_out);
        }
    }

    fn prepare_skip_log(&self) -> anyhow::Result<PathBuf> {
        let folder = self.workspace.target.join("skipped-tests");
        fs::create_dir_all(&folder)
            .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
        let name: String = self
            .label
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
            .collect();
        let path = folder.join(format!("{name}.tsv"));
        fs::write(&path, "").with_context(|| format!("could not write `{}`", path.display()))?;
        Ok(path)
    }
}

/// The tests that said on standard error that they skip themselves: `SKIPPED: test: why`.
fn announced_skips(output: &str) -> BTreeSet<Skip> {
    let announcements = output.lines().filter_map(|line| line.trim().strip_prefix("SKIPPED: "));
    announcements
        .map(|text| {
            let (test, why) = text.split_once(": ").unwrap_or((text, "it did not say why"));
            Skip { test: test.trim().to_owned(), why: why.trim().to_owned() }
        })
        .collect()
}

/// Reads the lines `test<TAB>why` that tests appended.
fn read_skip_log(path: &Path) -> anyhow::Result<BTreeSet<Skip>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("could not read `{}`", path.display()))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Ok(lines
        .map(|line| {
            let (test, why) = line.split_once('\t').unwrap_or((line, "it did not say why"));
            Skip { test: test.trim().to_owned(), why: why.trim().to_owned() }
        })
        .collect())
}
