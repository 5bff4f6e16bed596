//! `cargo xtask platforms`, which `cargo xtask test --platforms` is too: the Pythons of this machine, fetched ones, and other systems, in one table.

pub(crate) mod flags;
mod linked;
mod rows;
mod rust_source;
mod support_table;
mod tools;
mod windows;
mod windows_from_here;
mod zig;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command};

use xtask::Verdict;
use xtask::launcher_tests::LinkedPython;
use xtask::platform_rows::{OtherSystem, PlatformRows};
use xtask::progress::Progress;
use xtask::workspace::Workspace;

use crate::fetched;

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
            // The program may have ended by itself.
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

pub(crate) fn run(workspace: &Workspace, flags: &flags::Platforms) -> anyhow::Result<Verdict> {
    let rows = Row::chosen(&flags.names)?;
    let progress = Progress::new(flags.verbose);
    let mut table = PlatformRows::default();
    let mut told = Vec::new();
    for row in rows {
        // Where one cannot be had, the others are still to be tried.
        let found = tried(workspace, &progress, row, flags)
            .unwrap_or_else(|error| PlatformRows::missing(&row.name(), format!("{error:#}")));
        told.push((row, found.told()));
        table.extend(found);
    }
    let verdict = table.print();
    for file in &flags.write {
        support_table::write(file, &told)?;
    }
    Ok(verdict)
}

fn tried(
    workspace: &Workspace,
    progress: &Progress,
    row: Row,
    flags: &flags::Platforms,
) -> anyhow::Result<PlatformRows> {
    let filter = &flags.filter;
    let tools = Tools::new(workspace, progress)?;
    let run = |platform: &Platform| {
        let link = |command: &mut Command| platform.link(command);
        let title = row.name();
        let system = OtherSystem { title: &title, folder: &platform.folder, link: &link };
        PlatformRows::system(workspace, progress, system, filter)
    };
    match row {
        Row::Native => PlatformRows::native(workspace, flags.verbose, filter),
        Row::Fetched(version) => {
            let fetched = fetched::fetch(workspace, progress, version)?;
            let link = |command: &mut Command| fetched.link(command);
            let linked = LinkedPython { python: &fetched.python, link: &link };
            PlatformRows::python(workspace, progress, linked, filter)
        }
        Row::Windows(version) => {
            let platform = windows::prepare(&tools, version)?;
            let mut rows = run(&platform)?;
            // The row of the tests stands, whatever comes of this one.
            let built_here = windows_from_here::check(&tools, version, &platform);
            rows.extend(built_here.unwrap_or_else(|error| {
                PlatformRows::missing(&windows_from_here::title(version), format!("{error:#}"))
            }));
            Ok(rows)
        }
        Row::LinuxAarch64 => run(&linked::aarch64(&tools)?.0),
        Row::Linked(target) => linked::look_at(&tools, target, &row.name()),
        Row::Checked(target) => linked::check(&tools, target, &row.name()),
    }
}
