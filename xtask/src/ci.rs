//! `cargo xtask ci`: all checks but the tests.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets};

use crate::Verdict;
use crate::flags;
use crate::libpython;
use crate::members::{self, Member, NeedsPython};
use crate::nightly;
use crate::progress::{Progress, Show, Status};
use crate::pythons::{self, Python};
use crate::tidy;
use crate::workspace::Workspace;

struct Step {
    label: String,
    command: Command,
}

struct Done {
    label: String,
    status: Status,
    elapsed: Duration,
}

pub(crate) fn run(workspace: &Workspace, flags: &flags::Ci) -> anyhow::Result<Verdict> {
    let progress = Progress::new(flags.verbose);
    let mut done = Vec::new();
    // All of them, even if one fails: one run tells everything.
    for mut step in steps(workspace)? {
        let finished = progress.run(&step.label, &mut step.command, Show::AtFailure)?;
        done.push(Done { label: step.label, status: finished.status, elapsed: finished.elapsed });
    }
    done.push(tidiness(workspace)?);
    if !nightly::is_there() {
        eprintln!("SKIPPED: public API: it was not compared with `docs/api`: {}", nightly::MISSING);
    }

    println!("\n{}", table(&done));
    let n_failed = done.iter().filter(|step| step.status == Status::Failed).count();
    println!("{} passed, {n_failed} failed", done.len() - n_failed);
    Ok(Verdict::from_failures(n_failed))
}

fn steps(workspace: &Workspace) -> anyhow::Result<Vec<Step>> {
    let mut steps = vec![Step {
        label: "formatting".to_owned(),
        command: workspace.cargo(&["fmt", "--all", "--check"]),
    }];

    let mut pure = workspace.cargo(&["clippy", "--all-targets"]);
    pure.args(packages(|member| member.python != NeedsPython::Linked))
        .args(["--", "-D", "warnings"]);
    steps.push(Step { label: "clippy: crates without Python".to_owned(), command: pure });

    // Each version compiles other parts of the code; the ends of the range see nearly all of them.
    let pythons = pythons::usable(workspace);
    if pythons.is_empty() {
        anyhow::bail!(
            "no Python from {} was found that has a libpython; `cargo xtask test` lists all that were found",
            workspace.range
        );
    }
    let highest = pythons.len() - 1;
    for (index, python) in
        pythons.iter().enumerate().filter(|(index, _)| [0, highest].contains(index))
    {
        let version = python.version;
        let mut clippy = with_python(workspace, python, &["clippy", "--all-targets"])?;
        clippy
            .args(packages(|member| member.python == NeedsPython::Linked))
            .args(["--", "-D", "warnings"]);
        steps.push(Step { label: format!("clippy: Python {version}"), command: clippy });
        if index == highest {
            // As a Rust program uses it: without the command and its dependencies.
            let mut library = with_python(
                workspace,
                python,
                &["clippy", "--package", "coldframe-launcher", "--lib", "--no-default-features"],
            )?;
            library.args(["--", "-D", "warnings"]);
            steps.push(Step {
                label: format!("clippy: Python {version}, the library alone"),
                command: library,
            });
            let mut doc = with_python(workspace, python, &["doc", "--workspace", "--no-deps"])?;
            doc.env("RUSTDOCFLAGS", "-D warnings");
            steps.push(Step { label: "documentation".to_owned(), command: doc });
            if nightly::is_there() {
                steps.push(Step {
                    label: "public API".to_owned(),
                    command: workspace.lab(&["api"]),
                });
            }
        }
    }
    Ok(steps)
}

fn packages(are_meant: impl Fn(&Member) -> bool) -> Vec<String> {
    members::names(are_meant).iter().map(|name| format!("--package={name}")).collect()
}

fn with_python(
    workspace: &Workspace,
    python: &Python,
    subcommand: &[&str],
) -> anyhow::Result<Command> {
    let folder: PathBuf = workspace.python_target(python.version);
    let mut command = workspace.cargo(subcommand);
    libpython::link(&mut command, python, &folder)?;
    command.arg("--target-dir").arg(folder);
    Ok(command)
}

fn tidiness(workspace: &Workspace) -> anyhow::Result<Done> {
    let started = Instant::now();
    let problems = tidy::all_problems(workspace)?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    let status = if problems.is_empty() { Status::Good } else { Status::Failed };
    Ok(Done { label: "tidiness".to_owned(), status, elapsed: started.elapsed() })
}

fn table(done: &[Done]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(["check", "result", "took"]);
    for step in done {
        let result = match step.status {
            Status::Good => "ok",
            Status::Failed => "FAILED",
        };
        table.add_row([
            step.label.clone(),
            result.to_owned(),
            format!("{:.1} s", step.elapsed.as_secs_f64()),
        ]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
