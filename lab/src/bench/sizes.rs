//! `cargo xtask bench --sizes`: the sizes of twelve applications, and the time and memory of their builds, beside PyInstaller.

mod environments;
pub(crate) mod flags;
mod limits;
mod list;
mod made;
mod measured;
mod others;
mod table;

use std::path::Path;
use std::process::Command;

use xtask::progress::Progress;
use xtask::pythons;
use xtask::workspace::{self, Workspace};
use xtask::{Verdict, child, dist};

use self::environments::Environments;
use self::limits::Causes;
use self::made::{Form, Makers, Role};
use self::others::Rows;
use self::table::{Results, Row};
use super::flags::Bench;

pub(super) fn run(workspace: &Workspace, flags: &Bench) -> anyhow::Result<Verdict> {
    let applications = list::chosen(&flags.sizes.apps)?;
    let causes = Causes::checked_in()?;
    let python = pythons::chosen(workspace, flags.python.as_deref())?;
    let progress = Progress::new(flags.verbose);
    let launcher = match &flags.launcher {
        Some(launcher) => std::path::absolute(launcher)?,
        None => dist::launcher(workspace, &python, None, flags.verbose)?,
    };
    let sources = workspace.root.join("lab").join("sizes");
    let folder = workspace.target.join("sizes").join(format!("py{}", python.version));
    let environments = Environments {
        progress: &progress,
        python: &python,
        sources: &sources,
        folder: folder.join("environments"),
    };
    let mut results = Results::default();
    let mut forms = vec![Form::Plain, Form::Compressed, Form::OneFolder, Form::OneFile];
    if !knows_compress(&launcher)? {
        forms.retain(|form| *form != Form::Compressed);
        miss(&mut results, "`coldframe build` has no option `--compress`".to_owned());
    }
    let ours: Vec<Form> = forms
        .iter()
        .copied()
        .filter(|form| matches!(form, Form::Plain | Form::Compressed))
        .collect();
    let shared = environments.shared()?;
    let mut makers = Makers {
        progress: &progress,
        python: &python,
        launcher: &launcher,
        sources: &sources,
        folder: folder.join("builds"),
        packager: environments.packager()?,
        forms: &forms,
    };
    for application in applications {
        let own = environments.own(application)?;
        for (role, venv) in [(Role::Own, &own), (Role::Shared, &shared)] {
            let is_alone = role == Role::Shared && flags.sizes.shared_alone;
            makers.forms = if is_alone { &ours } else { &forms };
            let made = makers.make(application, role, venv)?;
            for made in made.iter().filter(|made| made.fault.is_some()) {
                let fault = made.fault.as_deref().unwrap_or_default();
                let (name, role, form) = (application.name, role.name(), made.form.name());
                miss(&mut results, format!("{name} ({role}), {form}, does not run right: {fault}"));
            }
            results.rows.push(Row { application: application.name, role, made });
            // A run takes long, and its first rows are worth reading before its last one is there.
            workspace::write(&folder.join("table.md"), &results.text(&causes))?;
        }
    }
    if !flags.sizes.no_others {
        let rows = Rows {
            progress: &progress,
            python: &python,
            launcher: &launcher,
            environments: &environments,
            folder: folder.join("others"),
            forms: &forms,
            pairs: flags.pairs,
        };
        // Hours of measuring lie before these rows: a failure here must not take the other tables along.
        match rows.started() {
            Ok(started) => results.others.started = started,
            Err(error) => miss(&mut results, format!("start-up: {error:#}")),
        }
        match rows.memory() {
            Ok(Some(cost)) => results.others.memory = Some(cost),
            Ok(None) => miss(&mut results, "the build with 7 GB of large files fails".to_owned()),
            Err(error) => miss(&mut results, format!("memory with 7 GB: {error:#}")),
        }
    }
    workspace::write(&folder.join("table.md"), &results.text(&causes))?;
    let json = format!("{:#}\n", results.as_json(&python));
    workspace::write(&folder.join("results.json"), &json)?;
    if flags.json {
        print!("{json}");
    } else {
        print!("CPython {}\n\n{}", python.release(), results.text(&causes));
    }
    if flags.sizes.write {
        let page = results.page(&python, &causes)?;
        workspace::write(&workspace.root.join("docs").join("size.md"), &page)?;
    }
    let n_bad = results.rows.iter().filter(|row| row.is_bad()).count();
    let n_missing = if flags.sizes.require { results.missing.len() } else { 0 };
    Ok(Verdict::from_failures(n_bad + n_missing))
}

/// Keeps a row that could not be measured, and says it at once.
fn miss(results: &mut Results, missing: String) {
    eprintln!("MISSING: {missing}");
    results.missing.push(missing);
}

fn knows_compress(launcher: &Path) -> anyhow::Result<bool> {
    let help = child::said(Command::new(launcher).args(["build", "--help"]))?;
    Ok(help.split_whitespace().any(|word| word == "--compress"))
}
