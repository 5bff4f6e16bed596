//! The launcher's tests on one Python that is linked in a way of its own, with the same table as `cargo xtask test`.

use std::process::Command;

use crate::Verdict;
use crate::matrix::Need;
use crate::progress::Progress;
use crate::pythons::Python;
use crate::report::{Report, Row};
use crate::suite::{Linked, Runner, Scope, Suite, Tally};
use crate::version::Threads;
use crate::workspace::Workspace;

/// A Python, and how a cargo build links it.
#[derive(Clone, Copy)]
pub struct LinkedPython<'a> {
    /// The interpreter that tests may run.
    pub python: &'a Python,
    /// Adds its arguments and variables to a cargo build.
    pub link: &'a dyn Fn(&mut Command),
}

/// Runs the tests whose names contain one of `filter`, or all of them, and prints the table.
pub fn run(
    workspace: &Workspace,
    progress: &Progress,
    linked: LinkedPython<'_>,
    filter: &[String],
) -> anyhow::Result<Verdict> {
    let tally = tally(workspace, progress, linked, filter)?;
    // Without a GIL, `python` itself does not do all that a test asks, and such a test says so.
    let skipped_tests = match linked.python.version.threads {
        Threads::Gil => Need::Required,
        Threads::Free => Need::Optional,
    };
    let report =
        Report { rows: vec![Row::Ran { title: title(linked.python), tally }], skipped_tests };
    print!("\n{}", report.render());
    Ok(Verdict::from_failures(report.failures().len()))
}

/// The name of a row: `3.15.0t`.
pub(crate) fn title(python: &Python) -> String {
    let suffix = if python.version.threads == Threads::Free { "t" } else { "" };
    format!("{}{suffix}", python.release())
}

/// Runs those tests, and gives their numbers.
pub(crate) fn tally(
    workspace: &Workspace,
    progress: &Progress,
    linked: LinkedPython<'_>,
    filter: &[String],
) -> anyhow::Result<Tally> {
    let LinkedPython { python, link } = linked;
    let folder = workspace.python_target(python.version);
    let suite = Suite {
        workspace,
        runner: Runner::available(workspace),
        label: format!("fetched Python {}", python.version),
        packages: vec!["coldframe-launcher", "coldframe-packer", "coldframe"],
        linked_with: Linked::Otherwise { folder: &folder, link },
        test_python: Some(python),
        scope: Scope::TestsAndExamples,
        filter: filter.iter().map(String::as_str).collect(),
    };
    suite.run(progress)
}
