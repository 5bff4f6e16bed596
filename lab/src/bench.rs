//! `cargo xtask bench`: built applications against the interpreter itself, pair by pair.

pub(crate) mod flags;
mod leaks;
mod memory;
pub(crate) mod sizes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;
use xtask::Verdict;
use xtask::environment;
use xtask::libpython;
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::{self, Python};
use xtask::workspace::Workspace;

/// A pool that is ready and has mapped once; the same text is built and interpreted.
const POOL: &str = "\
import multiprocessing

def square(number):
    return number * number

if __name__ == '__main__':
    with multiprocessing.get_context('METHOD').Pool(4) as pool:
        assert pool.map(square, range(16))[-1] == 225
";

/// A package with large libraries, imported and used; functions for which it starts threads are left out.
const NUMPY: &str = "import numpy; print(numpy.arange(6).reshape(2, 3).sum())\n";

/// One row: the same program run by the interpreter and as a built application.
struct Case {
    name: &'static str,
    program: String,
}

#[derive(Debug)]
struct Measured {
    name: &'static str,
    python: Duration,
    built: Duration,
    /// The median of the pairs' own ratios, built by interpreted.
    ratio: f64,
}

pub(crate) fn run(workspace: &Workspace, flags: &flags::Bench) -> anyhow::Result<Verdict> {
    if flags.sizes.sizes {
        return sizes::run(workspace, flags);
    }
    let python = pythons::chosen(workspace, flags.python.as_deref())?;
    let progress = Progress::new(flags.verbose);
    let launcher = match &flags.launcher {
        Some(launcher) => fs::canonicalize(launcher)
            .with_context(|| format!("there is no `{}`", launcher.display()))?,
        None => match build_launcher(workspace, &python, &progress)? {
            Some(launcher) => launcher,
            None => return Ok(Verdict::Bad),
        },
    };

    let folder = workspace.target.join("bench").join(format!("py{}", python.version));
    fs::create_dir_all(&folder)
        .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
    let Some(interpreter) = clean_environment(&python, &folder, &progress)? else {
        return Ok(Verdict::Bad);
    };
    let mut results = Vec::new();
    for case in cases() {
        let script = folder.join(format!("{}.py", case.name));
        fs::write(&script, &case.program)
            .with_context(|| format!("could not write `{}`", script.display()))?;
        let Some(application) = build_application(&launcher, &script, &progress)? else {
            return Ok(Verdict::Bad);
        };
        let pairs = pairs(&interpreter, &script, &application, flags.pairs)?;
        if let Some(measured) = Measured::from_pairs(case.name, &pairs) {
            results.push(measured);
        }
    }
    // Real libraries, in an environment of their own.
    let Some(scientific) =
        environment::make(&progress, &python, &folder.join("venv-numpy"), &["numpy"], "numpy")?
    else {
        return Ok(Verdict::Bad);
    };
    // Not called as the module that it imports.
    let script = folder.join("numpy-line.py");
    write(&script, NUMPY)?;
    let Some(application) = build_in(&launcher, &script, Some(&scientific), &progress)? else {
        return Ok(Verdict::Bad);
    };
    let numpy = pairs(&scientific, &script, &application, flags.pairs)?;
    results.extend(Measured::from_pairs("numpy", &numpy));
    let script = folder.join("memory.py");
    write(&script, memory::PROGRAM)?;
    let Some(application) = build_in(&launcher, &script, Some(&scientific), &progress)? else {
        return Ok(Verdict::Bad);
    };
    progress.note(memory::NAME);
    let taken = (
        memory::measured(Command::new(&scientific).arg("-I").arg(&script))?,
        memory::measured(&mut Command::new(&application))?,
    );
    let script = folder.join("leaks.py");
    fs::write(&script, leaks::PROGRAM)
        .with_context(|| format!("could not write `{}`", script.display()))?;
    let Some(application) = build_application(&launcher, &script, &progress)? else {
        return Ok(Verdict::Bad);
    };
    progress.note(leaks::NAME);
    let left = leaks::left_behind(&application)?;
    if flags.json {
        let mut all = as_json(&python, flags.pairs, &results, &left);
        if let Some(all) = all.as_object_mut() {
            all.insert("numpy_memory".to_owned(), memory::as_json(taken.0, taken.1));
        }
        println!("{all}");
    } else {
        println!(
            "CPython {}, {} pairs, medians\n{}\n{}\n{}: {}",
            python.release(),
            flags.pairs,
            table(&results),
            memory::shown(taken.0, taken.1),
            leaks::NAME,
            if left.is_empty() { "nothing is left behind".to_owned() } else { left.join("; ") }
        );
    }
    Ok(Verdict::from_failures(left.len()))
}

fn cases() -> Vec<Case> {
    let pool = |name, method| Case { name, program: POOL.replace("METHOD", method) };
    vec![
        Case { name: "pass", program: "pass\n".to_owned() },
        Case { name: "hello", program: "print('hello')\n".to_owned() },
        Case { name: "stdlib", program: "import argparse, json, pathlib, re, typing\n".to_owned() },
        pool("pool-spawn", "spawn"),
        pool("pool-forkserver", "forkserver"),
        pool("pool-fork", "fork"),
    ]
}

fn build_launcher(
    workspace: &Workspace,
    python: &Python,
    progress: &Progress,
) -> anyhow::Result<Option<PathBuf>> {
    if !workspace.has_binary("coldframe", "coldframe")? {
        bail!("the crate `coldframe` has no binary `coldframe` to build");
    }
    let folder = workspace.python_target(python.version);
    let mut build =
        workspace.cargo(&["build", "--release", "--package", "coldframe", "--bin", "coldframe"]);
    build.arg("--target-dir").arg(&folder);
    libpython::link(&mut build, python, &folder)?;
    let label = format!("a release launcher for Python {}", python.version);
    let finished = progress.run(&label, &mut build, Show::AtFailure)?;
    let built = folder.join("release/coldframe").with_extension(std::env::consts::EXE_EXTENSION);
    Ok((finished.status == Status::Good).then_some(built))
}

/// An empty virtual environment: packages beside an interpreter (`.pth` files run at every start) can cost it more than
/// its own start does, and would flatter us.
fn clean_environment(
    python: &Python,
    folder: &Path,
    progress: &Progress,
) -> anyhow::Result<Option<PathBuf>> {
    let environment = folder.join("venv");
    let mut make = Command::new(&python.executable);
    make.args(["-I", "-m", "venv", "--clear", "--without-pip"]).arg(&environment);
    let finished = progress.run("an empty virtual environment", &mut make, Show::AtFailure)?;
    Ok((finished.status == Status::Good).then(|| environment::interpreter(&environment)))
}

fn write(script: &Path, program: &str) -> anyhow::Result<()> {
    fs::write(script, program).with_context(|| format!("could not write `{}`", script.display()))
}

fn build_application(
    launcher: &Path,
    script: &Path,
    progress: &Progress,
) -> anyhow::Result<Option<PathBuf>> {
    build_in(launcher, script, None, progress)
}

/// `coldframe build SCRIPT -o APPLICATION`, with the packages of an interpreter's environment.
fn build_in(
    launcher: &Path,
    script: &Path,
    interpreter: Option<&Path>,
    progress: &Progress,
) -> anyhow::Result<Option<PathBuf>> {
    let application = script.with_extension(if cfg!(windows) { "exe" } else { "app" });
    if application.exists() {
        fs::remove_file(&application)
            .with_context(|| format!("could not remove `{}`", application.display()))?;
    }
    let mut build = Command::new(launcher);
    build.arg("build").arg(script).arg("-o").arg(&application);
    build.env_remove("VIRTUAL_ENV");
    if let Some(environment) = interpreter.and_then(|file| file.parent()?.parent()) {
        build.arg("--venv").arg(environment);
    }
    let label = format!("build {}", script.display());
    let finished = progress.run(&label, &mut build, Show::AtFailure)?;
    Ok((finished.status == Status::Good).then_some(application))
}

/// Runs both sides `n_pairs` times, after one pair that only warms the file cache; which side goes first alternates.
fn pairs(
    python: &Path,
    script: &Path,
    application: &Path,
    n_pairs: u32,
) -> anyhow::Result<Vec<(Duration, Duration)>> {
    let interpreted = || {
        let mut command = Command::new(python);
        command.arg("-I").arg(script);
        time(command)
    };
    let built = || time(Command::new(application));
    interpreted()?;
    built()?;
    let mut pairs = Vec::new();
    for index in 0..n_pairs {
        pairs.push(if index % 2 == 0 {
            let first = interpreted()?;
            (first, built()?)
        } else {
            let first = built()?;
            (interpreted()?, first)
        });
    }
    Ok(pairs)
}

fn time(mut command: Command) -> anyhow::Result<Duration> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let started = Instant::now();
    let output = command.output().with_context(|| format!("could not start `{program}`"))?;
    let elapsed = started.elapsed();
    if !output.status.success() {
        bail!(
            "`{program}` failed ({}):\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(elapsed)
}

impl Measured {
    fn from_pairs(name: &'static str, pairs: &[(Duration, Duration)]) -> Option<Self> {
        let ratios = pairs.iter().map(|(python, built)| built.as_secs_f64() / python.as_secs_f64());
        Some(Self {
            name,
            python: Duration::from_secs_f64(median(
                pairs.iter().map(|(python, _)| python.as_secs_f64()),
            )?),
            built: Duration::from_secs_f64(median(
                pairs.iter().map(|(_, built)| built.as_secs_f64()),
            )?),
            ratio: median(ratios)?,
        })
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    let upper = *numbers.get(numbers.len() / 2)?;
    let lower = *numbers.get(numbers.len().saturating_sub(1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn table(results: &[Measured]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header([
        "program",
        "python -I",
        "built",
        "built / python",
    ]);
    for result in results {
        table.add_row([
            result.name.to_owned(),
            format!("{:.1} ms", milliseconds(result.python)),
            format!("{:.1} ms", milliseconds(result.built)),
            format!("{:.2}", result.ratio),
        ]);
    }
    for index in 1..=3 {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn as_json(
    python: &Python,
    n_pairs: u32,
    results: &[Measured],
    left: &[String],
) -> serde_json::Value {
    let rows: Vec<_> = results
        .iter()
        .map(|result| {
            json!({
                "program": result.name, "python_ms": milliseconds(result.python), "built_ms": milliseconds(result.built),
                "ratio": result.ratio,
            })
        })
        .collect();
    json!({ "python": python.release(), "pairs": n_pairs, "results": rows, "left_behind": left })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_pairs_is_taken() {
        let pairs = [(10, 5), (100, 300), (10, 10), (20, 10)]
            .map(|(python, built)| (Duration::from_millis(python), Duration::from_millis(built)));
        let measured = Measured::from_pairs("x", &pairs).expect("four pairs");
        assert_eq!((milliseconds(measured.python), milliseconds(measured.built)), (15.0, 10.0));
        assert_eq!(measured.ratio, 0.75, "of each pair, not of the two medians");
        assert!(Measured::from_pairs("x", &[]).is_none());
    }
}
