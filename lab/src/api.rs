//! `cargo xtask api`: the public API of each library as a listing in `docs/api`, so that a change of it is seen in review.

pub(crate) mod flags;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use xtask::members::{MEMBERS, Member, Part};
use xtask::nightly::{self, nightly};
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::{self, Python};
use xtask::workspace::{self, Workspace};
use xtask::{Verdict, libpython};

use self::flags::Api;

pub(crate) fn run(workspace: &Workspace, flags: &Api) -> anyhow::Result<Verdict> {
    if !nightly::is_there() {
        eprintln!("SKIPPED: api: nothing was compared: {}", nightly::MISSING);
        return Ok(if flags.require { Verdict::Bad } else { Verdict::Good });
    }
    let python = pythons::usable(workspace).pop().context(
        "no Python was found that has a libpython; `cargo xtask test` lists all that were found",
    )?;
    let progress = Progress::new(flags.verbose);
    let libraries = chosen(&flags.layer)?;
    let mut n_different = 0;
    for library in &libraries {
        let found = listing(workspace, &progress, &python, library)?;
        let path = workspace.root.join("docs/api").join(format!("{}.txt", library.folder()));
        if flags.write {
            workspace::write(&path, &found)?;
        } else {
            n_different += usize::from(is_different(&path, &found));
        }
    }
    if n_different > 0 {
        println!("If the change is meant, `cargo xtask api --write` writes it down.");
    }
    println!("{} listings, {n_different} differ from the code", libraries.len());
    Ok(Verdict::from_failures(n_different))
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Member>> {
    let all: Vec<_> = MEMBERS.iter().filter(|member| member.part == Part::Library).collect();
    let is_one = |name: &String| all.iter().any(|library| library.folder() == name);
    if let Some(unknown) = names.iter().find(|name| !is_one(name)) {
        let known: Vec<_> = all.iter().map(|library| library.folder()).collect();
        bail!("there is no library `{unknown}`; there are: {}", known.join(", "));
    }
    let is_chosen =
        |library: &&Member| names.is_empty() || names.iter().any(|name| name == library.folder());
    Ok(all.into_iter().filter(is_chosen).collect())
}

/// The public items of a library, a line for each, sorted as in its documentation.
fn listing(
    workspace: &Workspace,
    progress: &Progress,
    python: &Python,
    library: &Member,
) -> anyhow::Result<String> {
    // A folder of its own: the nightly compiler would build everything anew in one that it shares.
    let target = workspace.target.join("api");
    let mut rustdoc = nightly("cargo");
    rustdoc
        .current_dir(&workspace.root)
        .args(["rustdoc", "--lib", "--all-features", "--package", library.name, "--target-dir"])
        .arg(&target);
    libpython::link(&mut rustdoc, python, &target)?;
    rustdoc.args(["--", "-Zunstable-options", "--output-format=json", "--cap-lints=allow"]);
    let label = format!("rustdoc {}", library.name);
    if progress.run(&label, &mut rustdoc, Show::AtFailure)?.status == Status::Failed {
        bail!("the nightly rustdoc cannot read `{}`", library.name);
    }
    let json = target.join("doc").join(library.folder().replace('-', "_")).with_extension("json");
    let api = public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .with_context(|| {
            format!(
                "could not read `{}`: this nightly and the crate `public-api` of this workspace may not fit each other",
                json.display()
            )
        })?;
    Ok(api.to_string())
}

/// Tells which lines are new, and which are gone.
fn is_different(path: &Path, found: &str) -> bool {
    let written = fs::read_to_string(path).unwrap_or_default();
    if written == found {
        return false;
    }
    println!("`{}` differs from the code:", path.display());
    for (sign, these, others) in [("-", written.as_str(), found), ("+", found, written.as_str())] {
        let others: Vec<&str> = others.lines().collect();
        for line in these.lines().filter(|line| !others.contains(line)) {
            println!("{sign} {line}");
        }
    }
    true
}
