//! `cargo xtask packages`: applications on real packages from the index, built and in their virtual environment.

pub(crate) mod flags;
mod list;
pub(crate) mod ran;
mod table;
mod trial;

use std::time::Duration;

use anyhow::{Context as _, bail};
use xtask::progress::Progress;
use xtask::pythons;
use xtask::workspace::{self, Workspace};
use xtask::{Verdict, dist};

use self::flags::Packages;
use self::list::{PACKAGES, Package};
use self::trial::{Outcome, Trials};

pub(crate) fn run(workspace: &Workspace, flags: &Packages) -> anyhow::Result<Verdict> {
    let chosen = chosen(flags)?;
    let python = pythons::chosen(workspace, flags.python.as_deref())?;
    let progress = Progress::new(flags.results.verbose);
    let launcher = match &flags.launcher {
        Some(launcher) => launcher.clone(),
        None => dist::launcher(workspace, &python, None, flags.results.verbose)?,
    };
    let trials = Trials {
        progress: &progress,
        python: &python,
        launcher: &launcher,
        applications: workspace.root.join("lab").join("packages"),
        out: flags.results.folder(workspace.target.join("packages"))?,
        time_limit: Duration::from_secs(flags.time_limit),
        pairs: flags.pairs,
        resume: flags.resume,
    };
    let mut outcomes = Vec::new();
    for package in chosen {
        outcomes.push(trials.run(package).with_context(|| format!("in `{}`", package.name))?);
    }
    let failed: Vec<_> = outcomes.iter().filter_map(fault).collect();
    println!("CPython {}\n\n{}", python.release(), table::all(&outcomes));
    for (name, fault) in &failed {
        eprintln!("error: {name}: {fault}");
    }
    println!("{} passed, {} failed", outcomes.len() - failed.len(), failed.len());
    if let Some(file) = &flags.results.table {
        workspace::write(file, &table::page(&python, &outcomes, &failed))?;
    }
    workspace::write(&trials.out.join("summary.json"), &table::as_json(&python, &outcomes))?;
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

/// The fault of a package, with its name.
fn fault(outcome: &Outcome) -> Option<(&'static str, String)> {
    let fault = match (&outcome.built_fault, &outcome.python_fault) {
        (None, None) => return None,
        (Some(built), None) => built.clone(),
        (None, Some(python)) => format!("in the virtual environment only: {python}"),
        (Some(built), Some(_)) => format!("in the virtual environment too: {built}"),
    };
    Some((outcome.package.name, fault))
}
