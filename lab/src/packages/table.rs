//! The results of the packages: a table for each group, the page for the documentation, and JSON.

use std::fmt::Write as _;

use clap::ValueEnum as _;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;
use xtask::pythons::Python;

use super::flags::Group;
use super::trial::{Elsewhere, Outcome};

const HEADER: [&str; 9] = [
    "package",
    "version",
    "venv",
    "built",
    "s venv",
    "s built",
    "size",
    "in the cache",
    "elsewhere",
];

/// The text above a group's table on the page.
fn introduction(group: Group) -> &'static str {
    match group {
        Group::Index => {
            "## Packages that applications use\n\nOne small use of each package, chosen for the parts that importers get wrong: \
             data files, templates, metadata,\nplug-ins, libraries that extension modules bring, source lines, pickles. \
             The times cover whole runs: medians of some\npairs, beside `python -I`; both have run before.\n\n"
        }
        Group::Places => {
            "## Packages that look where they lie\n\nThey have failed once: they open libraries by their paths, read type \
             stubs, find plug-ins by listing folders, or import\nanother module of their own name. The times are of first \
             runs, which write to the cache.\n\n"
        }
        Group::Hooks => {
            "## Packages that hook imports\n\nThese packages register post-import hooks of their own, or instrument imported \
             modules, beside hooks of Coldframe's. The\ntimes are of first runs.\n\n"
        }
        Group::Workers => {
            "## Packages that start processes\n\nNone of the applications calls `freeze_support()` or \
             `set_start_method()`. A built one that leaves a process behind has\nfailed. The times are of first \
             runs.\n\n"
        }
    }
}

const ABOUT_FILES: &str = "\
A built application runs where no home folder can be made, and must print the same. One that puts files into a cache makes
that among the temporary files, and runs again with an empty cache elsewhere: `in the cache` is how many files it has put
there, and `-` stands for one that needed none. `elsewhere` is how many files it has left in its folder or in that for temporary files; `for a time`, that it
has removed them again; `-`, that it has written nothing there that it does not write in its virtual environment too.
";

/// The tables of the groups that were tried.
pub(super) fn all(outcomes: &[Outcome]) -> String {
    let tables = groups(outcomes).map(|(_, outcomes)| format!("{}\n", render(&outcomes)));
    tables.collect::<Vec<_>>().join("\n")
}

/// The page for the documentation.
pub(super) fn page(python: &Python, outcomes: &[Outcome], failed: &[(&str, String)]) -> String {
    let mut page = format!(
        "# Packages from the index\n\nMade by `cargo xtask packages --table docs/packages.md` with CPython {}: a small \
         application on each package, in a virtual\nenvironment and as one built executable, in an empty folder. The \
         applications are in `lab/packages`.\n\n{ABOUT_FILES}",
        python.release()
    );
    for (group, outcomes) in groups(outcomes) {
        let _ = write!(page, "\n{}{}\n", introduction(group), render(&outcomes));
    }
    if !failed.is_empty() {
        page.push_str("\n## Failures and their causes\n\n");
    }
    for (name, fault) in failed {
        let _ = writeln!(page, "* `{name}`: {fault}");
    }
    page
}

/// The outcomes of each group that has any.
fn groups(outcomes: &[Outcome]) -> impl Iterator<Item = (Group, Vec<&Outcome>)> {
    let of_group = |group: &Group| {
        let of_group = outcomes.iter().filter(|outcome| outcome.package.group == *group);
        (*group, of_group.collect::<Vec<_>>())
    };
    Group::value_variants().iter().map(of_group).filter(|(_, outcomes)| !outcomes.is_empty())
}

fn render(outcomes: &[&Outcome]) -> Table {
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
            outcome.cached.map_or_else(|| "-".to_owned(), |files| files.to_string()),
            match outcome.elsewhere {
                Elsewhere::Nothing => "-".to_owned(),
                Elsewhere::ForATime => "for a time".to_owned(),
                Elsewhere::Left(files) => files.to_string(),
            },
        ]);
    }
    for column in table.column_iter_mut().skip(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

pub(super) fn as_json(python: &Python, outcomes: &[Outcome]) -> String {
    let outcomes: Vec<_> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "group": outcome.package.group.as_str(), "package": outcome.package.name, "version": outcome.version,
                "venv_fault": outcome.python_fault, "built_fault": outcome.built_fault,
                "venv_seconds": outcome.python_time.as_secs_f64(), "built_seconds": outcome.built_time.as_secs_f64(),
                "bytes": outcome.size, "cached_files": outcome.cached, "elsewhere": match outcome.elsewhere {
                    Elsewhere::Nothing => json!(null),
                    Elsewhere::ForATime => json!("for a time"),
                    Elsewhere::Left(files) => json!(files),
                },
            })
        })
        .collect();
    format!("{:#}\n", json!({"python": python.release(), "packages": outcomes}))
}
