//! `cargo xtask test --platforms`: the Pythons of this machine, fetched ones, and other systems, in one table.

mod linked;
mod rows;
mod rust_source;
mod support_table;
mod tools;
mod windows;
mod zig;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::Verdict;
use crate::fetched;
use crate::flags;
use crate::matrix::Need;
use crate::progress::Progress;
use crate::report::{Line, Report};
use crate::suite::{Linked, Runner, Scope, Suite, Tally};
use crate::test;
use crate::workspace::Workspace;

use self::rows::Row;
use self::tools::Tools;

/// Another system, and how programs are built for it and run.
pub(crate) struct Platform {
    pub(crate) triple: &'static str,
    /// Where it is built.
    pub(crate) folder: PathBuf,
    /// For cargo, and for what runs the programs.
    pub(crate) environment: Vec<(String, OsString)>,
    /// A program that runs for as long as this lives, if the others need one.
    pub(crate) keeper: Option<Child>,
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            // It may have ended by itself.
            let _ = keeper.kill();
            let _ = keeper.wait();
        }
    }
}

impl Platform {
    /// Makes `command`, a cargo build, build for it. There is no standard library of Rust's for it but the one that is built too.
    pub(crate) fn link(&self, command: &mut Command) {
        command
            .args(["-Zbuild-std=std,panic_unwind", "--target", self.triple])
            .env("RUSTC_BOOTSTRAP", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// The name of a variable of cargo's for this target.
    fn cargo_variable(triple: &str, what: &str) -> String {
        format!("CARGO_TARGET_{}_{what}", triple.to_uppercase().replace('-', "_"))
    }
}

pub(crate) fn run(workspace: &Workspace, flags: &flags::Test) -> anyhow::Result<Verdict> {
    let rows = Row::chosen(&flags.platforms)?;
    let progress = Progress::new(flags.verbose);
    let mut lines = Vec::new();
    let mut told = Vec::new();
    for row in rows {
        let line = match line(workspace, &progress, row, flags) {
            Ok(found) => found,
            // The others are still to be tried.
            Err(error) => vec![Line::Skipped {
                title: row.name(),
                reason: format!("{error:#}"),
                need: Need::Required,
            }],
        };
        told.push((row, support_table::told(&line)));
        lines.extend(line);
    }
    let report = Report { lines, skipped_tests: Need::Optional };
    print!("\n{}", report.render());
    for file in &flags.write {
        support_table::write(file, &told)?;
    }
    Ok(Verdict::from_failures(report.failures().len()))
}

fn line(
    workspace: &Workspace,
    progress: &Progress,
    row: Row,
    flags: &flags::Test,
) -> anyhow::Result<Vec<Line>> {
    let filter: Vec<&str> = flags.filter.iter().map(String::as_str).collect();
    let tools = Tools::new(workspace, progress)?;
    let ran = |title: String, tally: Tally| Ok(vec![Line::Ran { title, tally }]);
    match row {
        Row::Native => test::lines(workspace, flags),
        Row::Fetched(version) => {
            let fetched = fetched::fetch(workspace, progress, version)?;
            ran(row.name(), fetched::tested(workspace, progress, &fetched, &filter)?)
        }
        Row::Windows(version) => {
            let platform = windows::prepare(&tools, version)?;
            ran(row.name(), tested(workspace, progress, &row, &platform, filter)?)
        }
        Row::LinuxAarch64 => {
            let (platform, _python) = linked::aarch64(&tools)?;
            ran(row.name(), tested(workspace, progress, &row, &platform, filter)?)
        }
        Row::Linked(target) => ran(row.name(), linked::look_at(&tools, target)?),
        Row::Checked(target) => ran(row.name(), linked::check(&tools, target)?),
    }
}

/// The tests of the launcher, and of the crates below it, on another system.
fn tested(
    workspace: &Workspace,
    progress: &Progress,
    row: &Row,
    platform: &Platform,
    filter: Vec<&str>,
) -> anyhow::Result<Tally> {
    let suite = Suite {
        workspace,
        runner: Runner::available(workspace),
        label: row.name(),
        packages: vec!["interp-config", "platform-policy", "importer-core", "launcher"],
        linked_with: Linked::Platform(platform),
        test_python: None,
        scope: Scope::TestsOnly,
        filter,
    };
    suite.run(progress)
}
