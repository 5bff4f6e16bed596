//! Rows of the table that a run on several platforms ends with.

use std::path::Path;
use std::process::Command;

use crate::Verdict;
use crate::counts::Counts;
use crate::flags;
use crate::launcher_tests::{self, LinkedPython};
use crate::matrix::Need;
use crate::members::{self, Part};
use crate::progress::{Progress, Status};
use crate::report::{Report, Row};
use crate::suite::{Linked, Runner, Scope, Suite, Tally};
use crate::test;
use crate::workspace::Workspace;

/// Some rows of the table.
#[derive(Default)]
pub struct PlatformRows(Vec<Row>);

/// A row in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The name of the platform, or the release of a Python.
    pub title: String,
    /// The numbers of tests, or the reason why nothing was tried.
    pub result: String,
}

/// A system for which cargo builds by other arguments and variables.
#[derive(Clone, Copy)]
pub struct OtherSystem<'a> {
    /// The name of the row.
    pub title: &'a str,
    /// The target folder of the build.
    pub folder: &'a Path,
    /// Adds the arguments and variables to a cargo build.
    pub link: &'a dyn Fn(&mut Command),
}

impl PlatformRows {
    /// The Pythons of this machine, as `cargo xtask test` runs them.
    pub fn native(workspace: &Workspace, verbose: bool, filter: &[String]) -> anyhow::Result<Self> {
        let flags = flags::Test { verbose, filter: filter.to_vec(), ..flags::Test::default() };
        test::rows(workspace, &flags).map(Self)
    }

    /// One Python that is linked in a way of its own.
    pub fn python(
        workspace: &Workspace,
        progress: &Progress,
        linked: LinkedPython<'_>,
        filter: &[String],
    ) -> anyhow::Result<Self> {
        let tally = launcher_tests::tally(workspace, progress, linked, filter)?;
        Ok(Self(vec![Row::Ran { title: launcher_tests::title(linked.python), tally }]))
    }

    /// Another system, whose programs cargo starts by a runner.
    pub fn system(
        workspace: &Workspace,
        progress: &Progress,
        system: OtherSystem<'_>,
        filter: &[String],
    ) -> anyhow::Result<Self> {
        let suite = Suite {
            workspace,
            runner: Runner::available(workspace),
            label: system.title.to_owned(),
            packages: members::names(|member| member.part != Part::Own),
            linked_with: Linked::Otherwise { folder: system.folder, link: system.link },
            test_python: None,
            scope: Scope::TestsOnly,
            filter: filter.iter().map(String::as_str).collect(),
        };
        let tally = suite.run(progress)?;
        Ok(Self(vec![Row::Ran { title: system.title.to_owned(), tally }]))
    }

    /// A system for which programs are built and not run: `passed` checks of them passed, and these failed.
    pub fn built(title: &str, passed: usize, problems: Vec<String>) -> Self {
        let counts = Counts { passed, ..Counts::default() };
        let tally = Tally { build: Some(Status::Good), counts, problems, ..Tally::default() };
        Self(vec![Row::Ran { title: title.to_owned(), tally }])
    }

    /// A platform that cannot be had here.
    pub fn missing(title: &str, reason: String) -> Self {
        Self(vec![Row::Skipped { title: title.to_owned(), reason, need: Need::Required }])
    }

    /// Adds other rows behind these.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The rows in words, for a page.
    pub fn told(&self) -> Vec<Told> {
        let told = |row: &Row| match row {
            Row::Ran { title, tally } => {
                let (passed, failed, skipped) =
                    (tally.n_passed(), tally.n_failed(), tally.n_skipped());
                let result = match (passed, failed) {
                    (0, 0) => "builds".to_owned(),
                    (_, 0) => format!("{passed} passed, {skipped} skipped"),
                    (_, failed) => format!("{passed} passed, {failed} failed, {skipped} skipped"),
                };
                Told { title: title.clone(), result }
            }
            Row::Skipped { title, reason, .. } => {
                Told { title: title.clone(), result: format!("not tried: {reason}") }
            }
        };
        self.0.iter().map(told).collect()
    }

    /// Prints the table. A test that skips itself is no failure: other systems lack some things.
    pub fn print(self) -> Verdict {
        let report = Report { rows: self.0, skipped_tests: Need::Optional };
        print!("\n{}", report.render());
        Verdict::from_failures(report.failures().len())
    }
}
