//! `cargo xtask fuzz`: random bytes for the readers of archives, executables, command lines and settings, by cargo-fuzz.

pub(crate) mod flags;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use comfy_table::{Table, presets};
use xtask::nightly::{self, nightly, works};
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::{self, Python};
use xtask::workspace::Workspace;
use xtask::{Verdict, libpython};

use self::flags::Fuzz;

/// Larger inputs than these find nothing that smaller ones do not, and take longer.
const MAX_LENGTH: &str = "-max_len=65536";
/// An input that takes longer, in seconds, is a finding.
const TIME_LIMIT: &str = "-timeout=10";

/// The beginning of libFuzzer's random numbers, where luck is to matter little.
const SEED: &str = "-seed=1";

/// When a target has run long enough.
#[derive(Clone, Copy)]
enum End {
    Seconds(u64),
    Inputs(u64),
}

impl End {
    /// The folder with the first inputs of targets, and with new ones.
    fn corpus(self, tools: &Tools) -> &Path {
        match self {
            Self::Seconds(_) => &tools.corpus,
            Self::Inputs(_) => &tools.fixed_corpus,
        }
    }
}

/// The run of one target.
struct Row {
    target: String,
    status: Status,
    runs: String,
    coverage: String,
}

pub(crate) fn run(workspace: &Workspace, flags: &Fuzz) -> anyhow::Result<Verdict> {
    let progress = Progress::new(flags.verbose);
    let folder = workspace.target.join("fuzz");
    let targets = chosen(&workspace.root.join("fuzz"), &flags.target)?;
    let tools = match Tools::get(&progress, workspace, &folder)? {
        Ok(tools) => tools,
        Err(why) => {
            eprintln!("SKIPPED: fuzz: nothing was tried: {why}");
            return Ok(if flags.require { Verdict::Bad } else { Verdict::Good });
        }
    };
    let python = python(workspace, flags)?;
    for target in &targets {
        let mut build = tools.cargo_fuzz("build", workspace, &python)?;
        build.arg(target);
        if progress.run(&format!("build {target}"), &mut build, Show::AtFailure)?.status
            == Status::Failed
        {
            bail!("the target `{target}` cannot be built");
        }
    }
    let end = match flags.inputs {
        Some(inputs) => End::Inputs(inputs),
        None => End::Seconds((flags.seconds / targets.len() as u64).max(1)),
    };
    let mut rows = Vec::new();
    for target in targets {
        rows.push(fuzz(&progress, workspace, &tools, (&python, end), target)?);
    }
    println!("{}", table(&rows));
    let n_failed = rows.iter().filter(|row| row.status == Status::Failed).count();
    if n_failed > 0 {
        println!("The inputs are in `{}`; each is the last argument of:", tools.found.display());
        println!("  cargo +nightly fuzz run --fuzz-dir fuzz TARGET INPUT");
    }
    println!("{} passed, {n_failed} failed", rows.len() - n_failed);
    Ok(Verdict::from_failures(n_failed))
}

/// The targets that were named, or all that there are.
fn chosen(package: &Path, named: &[String]) -> anyhow::Result<Vec<String>> {
    let folder = package.join("targets");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("could not read `{}`", folder.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut all: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)).collect();
    all.sort();
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        bail!("there is no target `{unknown}`; there are: {}", all.join(", "));
    }
    Ok(if named.is_empty() { all } else { named.to_vec() })
}

fn python(workspace: &Workspace, flags: &Fuzz) -> anyhow::Result<Python> {
    match &flags.python {
        Some(name) => pythons::choose(&pythons::discover(), name),
        None => pythons::usable(workspace).pop().context(
            "no Python was found that has a libpython; `cargo xtask test` lists all that were found",
        ),
    }
}

/// The tools that fuzzing needs beside this workspace's own compiler.
struct Tools {
    /// `PATH`, with the folder of cargo-fuzz.
    path: OsString,
    build: PathBuf,
    corpus: PathBuf,
    /// For runs that do not go on from the findings of others.
    fixed_corpus: PathBuf,
    found: PathBuf,
}

impl Tools {
    /// The tools, or why they cannot be had.
    fn get(
        progress: &Progress,
        workspace: &Workspace,
        folder: &Path,
    ) -> anyhow::Result<Result<Self, String>> {
        if !nightly::is_there() {
            return Ok(Err(nightly::MISSING.to_owned()));
        }
        let own = folder.join("tools");
        let mut path = vec![own.join("bin")];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let tools = Self {
            path: env::join_paths(path).context("the folder of the tools has a bad name")?,
            build: folder.join("build"),
            corpus: folder.join("corpus"),
            fixed_corpus: folder.join("fixed-corpus"),
            found: folder.join("found"),
        };
        if works(nightly("cargo").args(["fuzz", "--version"]).env("PATH", &tools.path)) {
            return Ok(Ok(tools));
        }
        let mut install = workspace.cargo(&["install", "cargo-fuzz", "--locked", "--root"]);
        install.arg(&own);
        if progress.run("install cargo-fuzz", &mut install, Show::AtFailure)?.status
            == Status::Failed
        {
            return Ok(Err(
                "cargo-fuzz cannot be installed (`cargo install cargo-fuzz`)".to_owned()
            ));
        }
        Ok(Ok(tools))
    }

    fn cargo_fuzz(
        &self,
        subcommand: &str,
        workspace: &Workspace,
        python: &Python,
    ) -> anyhow::Result<Command> {
        let mut command = nightly("cargo");
        command.args(["fuzz", subcommand, "--fuzz-dir", "fuzz", "--target-dir"]).arg(&self.build);
        command.current_dir(&workspace.root).env("PATH", &self.path);
        libpython::link(&mut command, python, &self.build)?;
        Ok(command)
    }
}

fn fuzz(
    progress: &Progress,
    workspace: &Workspace,
    tools: &Tools,
    (python, end): (&Python, End),
    target: String,
) -> anyhow::Result<Row> {
    let (corpus, found) = (end.corpus(tools).join(&target), tools.found.join(&target));
    // Inputs are made from the ones that are there, and not of random numbers alone.
    if matches!(end, End::Inputs(_)) && corpus.exists() {
        fs::remove_dir_all(&corpus)
            .with_context(|| format!("could not remove `{}`", corpus.display()))?;
    }
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder)
            .with_context(|| format!("could not make `{}`", folder.display()))?;
    }
    let mut run = tools.cargo_fuzz("run", workspace, python)?;
    run.arg(&target).arg(&corpus).env("COLDFRAME_FUZZ_SEEDS", &corpus);
    run.args(["--", MAX_LENGTH, TIME_LIMIT, "-print_final_stats=1"]);
    match end {
        End::Seconds(seconds) => run.arg(format!("-max_total_time={seconds}")),
        End::Inputs(inputs) => run.arg(format!("-runs={inputs}")).arg(SEED),
    };
    run.arg(format!("-artifact_prefix={}/", found.display()));
    let finished = progress.run(&format!("fuzz {target}"), &mut run, Show::AtFailure)?;
    let (runs, coverage) = told(&finished.output);
    // A fuzzer that has run nothing has found nothing either.
    let status = if runs.is_empty() { Status::Failed } else { finished.status };
    Ok(Row { target, status, runs, coverage })
}

/// The number of inputs that were tried, and of parts of the code that they have reached, as libFuzzer prints them.
fn told(output: &str) -> (String, String) {
    let mut lines = output.lines().rev();
    let runs = lines.find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let mut lines = output.lines().rev();
    let reached = lines.find_map(|line| line.split_once(" cov: ")?.1.split(' ').next());
    (runs.unwrap_or_default().trim().to_owned(), reached.unwrap_or_default().to_owned())
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(["target", "inputs", "reached", "result"]);
    for row in rows {
        let result = match row.status {
            Status::Good => "ok",
            Status::Failed => "FAILED",
        };
        table.add_row([&row.target, &row.runs, &row.coverage, result]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fuzzer_tells_what_it_did() {
        let output = "INFO: seed corpus: files: 5\n#6\tINITED cov: 200 ft: 211 corp: 4/1Kb\n#9\tNEW    cov: 210 ft: 222 corp: 5/2Kb\nDone 900 runs in 2 second(s)\nstat::number_of_executed_units: 900\n";
        assert_eq!(told(output), ("900".to_owned(), "210".to_owned()));
        assert_eq!(told("error: could not compile"), (String::new(), String::new()));
    }

    #[test]
    fn targets_are_what_lies_in_their_folder_and_each_is_in_the_manifest() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        let all = chosen(&package, &[]).expect("targets");
        let manifest = fs::read_to_string(package.join("Cargo.toml")).expect("a manifest");
        for target in &all {
            assert!(manifest.contains(&format!("path = \"targets/{target}.rs\"")), "{target}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), all.len());
        let error = chosen(&package, &["nothing".to_owned()]).expect_err("no such target");
        assert!(error.to_string().contains("archive"), "{error}");
    }
}
