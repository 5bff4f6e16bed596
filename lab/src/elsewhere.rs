//! `cargo xtask elsewhere`: applications in root file systems of other systems, beside PyInstaller's executables of them.

mod cell;
pub(crate) mod flags;
mod list;
mod made;
mod roots;
mod run_in;
mod table;

use std::time::Duration;

use anyhow::bail;
use xtask::progress::Progress;
use xtask::pythons;
use xtask::workspace::{self, Workspace};
use xtask::{Verdict, dist};

use self::cell::Cell;
use self::flags::Elsewhere;
use self::list::{APPLICATIONS, Application};
use self::made::{Makers, Packager};
use self::roots::Root;
use self::run_in::{Room, User};
use self::table::Row;

/// Roots and applications that a quick run takes when none is named.
const QUICK_ROOTS: &[Root] = &[Root::Bookworm, Root::GlibcOnly];
const QUICK_APPLICATIONS: &[&str] = &["stdlib", "pools"];

pub(crate) fn run(workspace: &Workspace, flags: &Elsewhere) -> anyhow::Result<Verdict> {
    let progress = Progress::new(flags.verbose);
    let applications = chosen(flags)?;
    let python = pythons::choose(&pythons::discover(), &flags.python)?;
    let launcher = match &flags.launcher {
        Some(launcher) => std::path::absolute(launcher)?,
        None => dist::launcher(workspace, &python, flags.glibc, flags.verbose)?,
    };
    let folder = workspace.target.join("elsewhere");
    let mut roots = Vec::new();
    for root in flags.roots() {
        roots.push((root, roots::make(&progress, &folder.join("roots"), root)?));
    }
    let makers = Makers {
        progress: &progress,
        python: &python,
        launcher: &launcher,
        sources: workspace.root.join("lab").join("elsewhere"),
        folder: folder.join(format!("py{}", python.version)),
    };
    let mut packagers = vec![Packager::Ours];
    if !flags.no_peers && !flags.quick {
        packagers.extend([Packager::OneFile, Packager::OneFolder]);
    }
    let mut rows = Vec::new();
    for application in applications {
        let made = makers.make(application, &packagers)?;
        for (root, path) in &roots {
            for user in [User::Root, User::Nobody] {
                let label = format!("{} in {} as {}", application.name, root.name(), user.name());
                progress.note(&label);
                let mut cells = Vec::new();
                for (packager, program) in &made {
                    let room = Room {
                        root: path,
                        user,
                        limit: Duration::from_secs(flags.time_limit),
                        log: folder.join("logs").join(format!("{label} {}", packager.name())),
                    };
                    let cell = match program {
                        Ok(program) => {
                            match program.needs().filter(|needs| *needs > root.glibc()) {
                                Some(needs) => Cell::NeedsMore(needs),
                                None => room.run(program)?,
                            }
                        }
                        Err(why) => Cell::Fails(why.clone()),
                    };
                    cells.push((*packager, cell));
                }
                rows.push(Row { root: *root, application: application.name, user, cells });
            }
        }
    }
    let n_failed = rows.iter().filter(|row| row.is_bad()).count();
    if flags.json {
        println!("{}", table::as_json(&python, &rows));
    } else {
        println!("CPython {}\n\n{}\n", python.release(), table::render(&packagers, &rows));
        println!("{} passed, {n_failed} failed", rows.len() - n_failed);
    }
    if flags.write {
        let page = table::page(&python, &packagers, &rows)?;
        workspace::write(&workspace.root.join("docs").join("elsewhere.md"), &page)?;
    }
    Ok(Verdict::from_failures(n_failed))
}

fn chosen(flags: &Elsewhere) -> anyhow::Result<Vec<&'static Application>> {
    let is_known = |name: &&String| APPLICATIONS.iter().any(|known| known.name == **name);
    if let Some(unknown) = flags.application.iter().find(|name| !is_known(name)) {
        let names: Vec<_> = APPLICATIONS.iter().map(|application| application.name).collect();
        bail!("there is no application `{unknown}` here; there are: {}", names.join(", "));
    }
    let is_chosen = |application: &&Application| {
        if !flags.application.is_empty() {
            return flags.application.iter().any(|name| name == application.name);
        }
        !flags.quick || QUICK_APPLICATIONS.contains(&application.name)
    };
    Ok(APPLICATIONS.iter().filter(is_chosen).collect())
}
