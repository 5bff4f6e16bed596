//! `cargo xtask packages`: applications on real packages from the index, built and in their virtual environment.

pub(crate) mod flags;
mod list;
mod trial;

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;

use self::flags::Packages;
use self::list::{PACKAGES, Package};
use self::trial::{Outcome, Trials};
use crate::progress::Progress;
use crate::pythons::{self, Python};
use crate::workspace::{self, Workspace};
use crate::{Verdict, dist};

const HEADER: [&str; 8] =
    ["package", "version", "venv", "built", "s venv", "s built", "size", "files in the cache"];

pub(crate) fn run(workspace: &Workspace, flags: &Packages) -> anyhow::Result<Verdict> {
    let chosen = chosen(flags)?;
    let python = pythons::chosen(workspace, flags.python.as_deref())?;
    let progress = Progress::new(flags.results.verbose);
    let launcher = match &flags.launcher {
        Some(launcher) => launcher.clone(),
        None => dist::launcher(workspace, &python, flags.results.verbose)?,
    };
    let trials = Trials {
        progress: &progress,
        python: &python,
        launcher: &launcher,
        applications: workspace.root.join("xtask").join("packages"),
        out: flags.results.out.clone().unwrap_or_else(|| workspace.target.join("packages")),
        time_limit: Duration::from_secs(flags.time_limit),
        resume: flags.resume,
    };
    let mut outcomes = Vec::new();
    for package in chosen {
        outcomes.push(trials.run(package).with_context(|| format!("in `{}`", package.name))?);
    }
    let shown = render(&outcomes);
    println!("CPython {}\n\n{shown}", python.release());
    let failed: Vec<_> = outcomes.iter().filter_map(fault).collect();
    for (name, fault) in &failed {
        eprintln!("error: {name}: {fault}");
    }
    println!("{} passed, {} failed", outcomes.len() - failed.len(), failed.len());
    if let Some(file) = &flags.results.table {
        workspace::write(file, &page(&python, &shown.to_string(), &failed))?;
    }
    workspace::write(&trials.out.join("summary.json"), &as_json(&python, &outcomes))?;
    Ok(Verdict::from_failures(failed.len()))
}

fn chosen(flags: &Packages) -> anyhow::Result<Vec<&'static Package>> {
    if let Some(unknown) =
        flags.package.iter().find(|name| !PACKAGES.iter().any(|package| package.name == **name))
    {
        let names: Vec<_> = PACKAGES.iter().map(|package| package.name).collect();
        bail!("there is no package `{unknown}` here; there are: {}", names.join(", "));
    }
    let of_group =
        |package: &&Package| flags.group.is_empty() || flags.group.contains(&package.group);
    let of_name = |package: &&Package| {
        flags.package.is_empty() || flags.package.iter().any(|name| name == package.name)
    };
    let chosen: Vec<_> = PACKAGES.iter().filter(of_group).filter(of_name).collect();
    if chosen.is_empty() {
        bail!("none of the packages that are named is in the groups that are named");
    }
    Ok(chosen)
}

/// What is wrong with a package, with its name.
fn fault(outcome: &Outcome) -> Option<(&'static str, String)> {
    let fault = match (&outcome.built_fault, &outcome.python_fault) {
        (None, None) => return None,
        (Some(built), None) => built.clone(),
        (None, Some(python)) => format!("in the virtual environment only: {python}"),
        (Some(built), Some(_)) => format!("in the virtual environment too: {built}"),
    };
    Some((outcome.package.name, fault))
}

fn render(outcomes: &[Outcome]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(HEADER);
    let word = |fault: &Option<String>| if fault.is_none() { "passes" } else { "FAILS" };
    for outcome in outcomes {
        table.add_row([
            outcome.package.name.to_owned(),
            outcome.version.clone(),
            word(&outcome.python_fault).to_owned(),
            word(&outcome.built_fault).to_owned(),
            format!("{:.2}", outcome.python_time.as_secs_f64()),
            format!("{:.2}", outcome.built_time.as_secs_f64()),
            format!("{} MB", outcome.size / 1_000_000),
            outcome.cached.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The page for the documentation.
fn page(python: &Python, table: &str, failed: &[(&str, String)]) -> String {
    let mut page = format!(
        "# Packages from the index\n\nMade by `cargo xtask packages --table docs/packages.md` with CPython {}: a small \
         application on each package, in a virtual\nenvironment and as one built executable, in an empty folder. The \
         applications are in `xtask/packages`; none calls\n`freeze_support()` or `set_start_method()`. A built one \
         that leaves a process behind has failed. The times are those of\nfirst runs: the built application's files \
         went to an empty cache.\n\n{table}\n",
        python.release()
    );
    for (name, fault) in failed {
        let _ = write!(page, "\n* `{name}`: {fault}");
    }
    if !failed.is_empty() {
        page.push('\n');
    }
    page
}

fn as_json(python: &Python, outcomes: &[Outcome]) -> String {
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "group": outcome.package.group.as_str(), "package": outcome.package.name, "version": outcome.version,
                "venv_fault": outcome.python_fault, "built_fault": outcome.built_fault,
                "venv_seconds": outcome.python_time.as_secs_f64(), "built_seconds": outcome.built_time.as_secs_f64(),
                "bytes": outcome.size, "cached_files": outcome.cached,
            })
        })
        .collect();
    format!("{:#}\n", json!({"python": python.release(), "packages": outcomes}))
}
