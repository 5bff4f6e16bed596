//! `cargo xtask attack`: a built application on real systems that are not kind to it, beside python and PyInstaller.

pub(crate) mod flags;
mod limits;
mod mutations;
mod numbers;
mod processes;
mod programs;
mod rights;
mod run;
mod table;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use xtask::progress::Progress;
use xtask::workspace::{self, Workspace};
use xtask::{Verdict, dist, pythons};

use self::flags::Attack;
use self::limits::RESTRICTIONS;
use self::programs::{Maker, Program};

/// The result of an attack on one program.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cell {
    Holds(String),
    Fails(String),
    /// The attack cannot be tried here.
    NotTried(String),
    /// The question has no meaning for that program.
    NoAnswer,
}

struct Row {
    name: &'static str,
    cells: Vec<Cell>,
}

/// The folder in which attacks take place. Other users can look into it.
struct TestFolder<'a> {
    folder: &'a Path,
    quick: bool,
}

impl TestFolder<'_> {
    /// An empty folder of that name.
    fn scratch(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("could not remove `{}`", folder.display()))?;
        }
        fs::create_dir(&folder)
            .with_context(|| format!("could not make `{}`", folder.display()))?;
        Ok(folder)
    }

    /// An empty folder of that name, which all users can look into.
    fn open_scratch(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.scratch(name)?;
        open(&folder)?;
        Ok(folder)
    }
}

type Try = Box<dyn Fn(&TestFolder<'_>, &Program) -> anyhow::Result<Cell>>;

/// All attacks, in the order of the table.
fn attacks() -> Vec<(&'static str, Try)> {
    let mut all: Vec<(&'static str, Try)> = vec![
        ("another-user: who owns nothing", Box::new(rights::another_user)),
        ("set-user: ways to another program's rights", Box::new(rights::set_user)),
        ("capabilities: likewise, with `setcap`", Box::new(rights::capabilities)),
    ];
    for restriction in RESTRICTIONS {
        all.push((
            restriction.name,
            Box::new(|test_folder, program| limits::works(test_folder, program, restriction)),
        ));
    }
    all.extend([
        ("small-disk: a file of 20 MB, and 5 MB for it", Box::new(limits::too_small) as Try),
        ("stampede: first starts at once, 35 MB for a file of 20", Box::new(limits::stampede)),
        ("mutations: of the archive behind the program", Box::new(mutations::of_archive)),
        ("mutations: of the program's own code", Box::new(mutations::of_program)),
        ("kill: parents under each start method", Box::new(processes::killed)),
        ("restarts: a program that takes its own place", Box::new(processes::restarts)),
        ("environment: variables that children find", Box::new(processes::environment)),
    ]);
    all
}

pub(crate) fn run(workspace: &Workspace, flags: &Attack) -> anyhow::Result<Verdict> {
    let progress = Progress::new(flags.verbose);
    let attacks = chosen(&flags.only)?;
    let python = pythons::choose(&pythons::discover(), &flags.python)?;
    let launcher = match &flags.launcher {
        Some(launcher) => std::path::absolute(launcher)?,
        None => dist::launcher(workspace, &python, None, flags.verbose)?,
    };
    let mut makers = vec![Maker::Ours];
    if !flags.quick && !flags.no_peers {
        makers.extend([Maker::Python, Maker::OneFile]);
    }
    let folder = workspace::temporary_folder()?;
    open(folder.path())?;
    let sources = workspace.root.join("lab").join("attack").join("application");
    let programs = programs::make(&progress, &python, &launcher, &sources, folder.path(), &makers)?;
    let test_folder = TestFolder { folder: folder.path(), quick: flags.quick };
    let mut rows = Vec::new();
    for (name, attack) in attacks {
        let mut cells = Vec::new();
        for program in &programs {
            progress.note(&format!("{name} ({})", program.maker.name()));
            cells.push(attack(&test_folder, program)?);
        }
        rows.push(Row { name, cells });
    }
    println!("CPython {}\n\n{}\n", python.release(), table::render(&makers, &rows));
    let ours = || rows.iter().filter_map(|row| Some((row.name, row.cells.first()?)));
    let mut n_failed = ours().filter(|(_, cell)| matches!(cell, Cell::Fails(_))).count();
    for (name, cell) in ours() {
        if let Cell::NotTried(why) = cell {
            eprintln!("SKIPPED: {name}: {why}");
            n_failed += usize::from(flags.require);
        }
    }
    println!("{} passed, {n_failed} failed", rows.len() - n_failed);
    if flags.write {
        let page = table::page(&python, &makers, &rows)?;
        workspace::write(&workspace.root.join("docs").join("reliability.md"), &page)?;
    }
    Ok(Verdict::from_failures(n_failed))
}

fn chosen(only: &[String]) -> anyhow::Result<Vec<(&'static str, Try)>> {
    let mut all = attacks();
    let unknown = only.iter().find(|begin| !all.iter().any(|(name, _)| name.starts_with(*begin)));
    if let Some(unknown) = unknown {
        let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
        bail!("no attack's name begins with `{unknown}`; there are:\n  {}", names.join("\n  "));
    }
    all.retain(|(name, _)| only.is_empty() || only.iter().any(|begin| name.starts_with(begin)));
    Ok(all)
}

/// Lets all users look into a folder.
fn open(folder: &Path) -> anyhow::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("could not open `{}` to others", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks_are_chosen_by_the_beginnings_of_their_names() {
        for (only, expected) in [("mutations", 2), ("kill", 1), ("ulimit", 4)] {
            assert_eq!(chosen(&[only.to_owned()]).expect("attacks").len(), expected, "{only}");
        }
        let Err(error) = chosen(&["nothing".to_owned()]) else { panic!("there is one") };
        assert!(error.to_string().contains("stampede"), "{error}");
    }
}
