//! `cargo xtask conformance`: CPython's own test suites in the self-contained interpreter, beside the stock one.

mod compare;
mod explained;
pub(crate) mod flags;
mod runner;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use self::compare::{Comparison, as_json, compare};
use self::explained::Explained;
use self::flags::Conformance;
use self::runner::Run;
use crate::progress::{Progress, Show, Status};
use crate::pythons::{self, Python};
use crate::workspace::{self, Workspace};
use crate::{Verdict, dist};

/// What is run: how processes are started, and what they need of signals and threads.
const SUITES: &[&str] = &[
    "test_multiprocessing_fork",
    "test_multiprocessing_forkserver",
    "test_multiprocessing_spawn",
    "test_multiprocessing_main_handling",
    "test_concurrent_futures",
    "test_fork1",
    "test_posix",
    "test_subprocess",
    "test_signal",
    "test_threading",
];

/// What `coldframe build` leaves out of the standard library and the suites need.
const INCLUDED: &[&str] = &["test", "test.*", "_test*", "_ctypes_test", "_xxtest*", "*.test"];

/// How often a test that passes under the stock interpreter only is run again.
const RETRIES: usize = 2;

/// One suite on one Python.
struct Job<'a> {
    target: &'a Target,
    suite: &'static str,
    /// The suite's file or folder in another Python, where this one lacks it.
    borrowed: Option<Borrowed>,
}

struct Borrowed {
    path: PathBuf,
    from: String,
}

/// A Python and the interpreter that was built from it.
struct Target {
    python: Python,
    ours: PathBuf,
    folder: PathBuf,
    /// Its `test` package.
    tests: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, flags: &Conformance) -> anyhow::Result<Verdict> {
    let suites = chosen_suites(&flags.suite)?;
    let explained = Explained::checked_in()?;
    let progress = Progress::new(flags.results.verbose);
    let out = flags.results.out.clone().unwrap_or_else(|| workspace.target.join("conformance"));
    let found = pythons::discover();
    let chosen = if flags.python.is_empty() {
        pythons::usable(workspace)
    } else {
        let chosen = flags.python.iter().map(|wanted| pythons::choose(&found, wanted));
        chosen.collect::<anyhow::Result<_>>()?
    };
    let mut targets = Vec::new();
    for python in chosen {
        targets.push(target(workspace, flags, &progress, python, &out)?);
    }
    let mut jobs = Vec::new();
    for target in &targets {
        for suite in &suites {
            jobs.push(Job { target, suite, borrowed: borrowed(target, suite, &found)? });
        }
    }
    if let Some((part, all)) = flags.shard {
        jobs = jobs.into_iter().skip(part - 1).step_by(all).collect();
    }
    let results = run_all(&jobs, flags, &explained)?;
    let shown = table::render(&results);
    println!("{shown}");
    if let Some(file) = &flags.results.table {
        workspace::write(file, &table::page(&shown, &results))?;
    }
    let summary = format!("{:#}\n", Value::Array(results.clone()));
    workspace::write(&out.join("summary.json"), &summary)?;
    let unexplained = table::unexplained(&results);
    for line in &unexplained {
        eprintln!("error: passed in the stock interpreter only: {line}");
    }
    Ok(Verdict::from_failures(unexplained.len()))
}

fn chosen_suites(names: &[String]) -> anyhow::Result<Vec<&'static str>> {
    if let Some(unknown) = names.iter().find(|name| !SUITES.contains(&name.as_str())) {
        bail!("there is no suite `{unknown}` here; there are: {}", SUITES.join(", "));
    }
    let is_chosen = |suite: &&str| names.is_empty() || names.iter().any(|name| name == suite);
    Ok(SUITES.iter().copied().filter(is_chosen).collect())
}

/// Builds the interpreter, unless results are to be kept and it is there.
fn target(
    workspace: &Workspace,
    flags: &Conformance,
    progress: &Progress,
    python: Python,
    out: &Path,
) -> anyhow::Result<Target> {
    let folder = out.join(format!("py{}", python.version));
    fs::create_dir_all(&folder)
        .with_context(|| format!("could not make the folder `{}`", folder.display()))?;
    let ours = folder.join("interpreter").join("python");
    if !(flags.resume && ours.exists()) {
        let launcher = match &flags.launcher {
            Some(launcher) => launcher.clone(),
            None => dist::launcher(workspace, &python, flags.results.verbose)?,
        };
        let mut build = Command::new(launcher);
        build.args(["build", "--interpreter", "--allow-broken", "--output"]).arg(&ours);
        // The suites start scripts and read texts that lie beside them, and look for both on disk.
        build.args(["--file-access", "test=cache"]);
        build.arg("--python").arg(&python.executable);
        build.arg("--cache-dir").arg(out.join("cache"));
        for name in INCLUDED {
            build.args(["--include", name]);
        }
        fs::create_dir_all(folder.join("interpreter"))
            .with_context(|| format!("could not make a folder in `{}`", folder.display()))?;
        let label = format!("an interpreter from Python {}", python.release());
        if progress.run(&label, &mut build, Show::AtFailure)?.status == Status::Failed {
            bail!("the interpreter for Python {} could not be built", python.release());
        }
    }
    let question = "import os, test; print(os.path.dirname(test.__file__), end='')";
    let answer = Command::new(&python.executable)
        .args(["-I", "-c", question])
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{}`", python.executable.display()))?;
    let tests = PathBuf::from(String::from_utf8_lossy(&answer.stdout).into_owned());
    if !answer.status.success() || !tests.is_dir() {
        bail!("Python {} was installed without its package `test`", python.release());
    }
    Ok(Target { python, ours, folder, tests })
}

/// The suite of another Python, the nearest one that has it, where this one's installation lacks it.
fn borrowed(target: &Target, suite: &str, found: &[Python]) -> anyhow::Result<Option<Borrowed>> {
    let tests = &target.tests;
    let in_folder = |tests: &Path| {
        [tests.join(suite), tests.join(format!("{suite}.py"))]
            .into_iter()
            .find(|path| path.exists())
    };
    // The driver writes the files that only instantiate `test._test_multiprocessing` itself.
    let is_written =
        suite.starts_with("test_multiprocessing_") && suite != "test_multiprocessing_main_handling";
    if is_written || in_folder(tests).is_some() {
        return Ok(None);
    }
    let minor = target.python.version.minor;
    let mut others: Vec<&Python> = found.iter().collect();
    others.sort_by_key(|python| (python.version.minor.abs_diff(minor), python.version.minor));
    let lent = others.into_iter().find_map(|python| {
        // The `test` package lies at the same place below the library folder in each installation.
        let library = tests.parent()?.parent()?.strip_prefix(prefix(&target.python)?).ok()?;
        let tests = prefix(python)?
            .join(library)
            .join(format!("python3.{}", python.version.minor))
            .join("test");
        Some(Borrowed { path: in_folder(&tests)?, from: python.version.to_string() })
    });
    match lent {
        Some(lent) => Ok(Some(lent)),
        None => bail!(
            "no Python that was found has `{suite}`, and {} lacks it",
            target.python.release()
        ),
    }
}

/// Where a Python was installed: the folder above its `bin`.
fn prefix(python: &Python) -> Option<PathBuf> {
    let executable = fs::canonicalize(&python.executable).ok()?;
    executable.parent()?.parent().map(Path::to_owned)
}

/// Runs the jobs, several at a time, and gives their results in the jobs' order.
fn run_all(
    jobs: &[Job<'_>],
    flags: &Conformance,
    explained: &Explained,
) -> anyhow::Result<Vec<Value>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..flags.jobs.get() {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    let result = job.result(flags, explained);
                    if let Ok(mut results) = results.lock() {
                        results.push((index, result));
                    }
                }
            });
        }
    });
    let mut results = results.into_inner().map_err(|_| anyhow::anyhow!("a job panicked"))?;
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

impl Job<'_> {
    /// The result that is there, or a new one, which is then written.
    fn result(&self, flags: &Conformance, explained: &Explained) -> anyhow::Result<Value> {
        let file = self.target.folder.join(format!("{}.json", self.suite));
        if flags.resume
            && let Ok(text) = fs::read_to_string(&file)
        {
            let mut kept = serde_json::from_str(&text)
                .with_context(|| format!("`{}` is damaged; remove it", file.display()))?;
            // The list may have changed since.
            explained.apply(&self.target.python.version.to_string(), &mut kept);
            return Ok(kept);
        }
        let title = format!("{} on {}", self.suite, self.target.python.release());
        eprintln!("  begins  {title}");
        let result = self.compare(flags, explained).with_context(|| format!("in {title}"))?;
        workspace::write(&file, &format!("{result:#}\n"))?;
        eprintln!("  done    {title}");
        Ok(result)
    }

    fn compare(&self, flags: &Conformance, explained: &Explained) -> anyhow::Result<Value> {
        let python = self.target.python.version.to_string();
        let limit = Duration::from_secs(flags.time_limit);
        let (mut stock, stock_time) = self.side("stock", limit).outcomes(&[])?;
        let (mut ours, our_time) = self.side("ours", limit).outcomes(&[])?;
        let mut unsteady = Vec::new();
        let mut comparison = compare(&stock, &ours, explained, &python);
        for _ in 0..RETRIES {
            let again: Vec<String> = unexplained(&comparison);
            if again.is_empty() {
                break;
            }
            let ids: Vec<&str> = again.iter().map(String::as_str).collect();
            stock.extend(self.side("stock-again", limit).outcomes(&ids)?.0);
            ours.extend(self.side("ours-again", limit).outcomes(&ids)?.0);
            comparison = compare(&stock, &ours, explained, &python);
            let left = unexplained(&comparison);
            unsteady.extend(again.into_iter().filter(|id| !left.contains(id)));
        }
        let mut result = as_json(&comparison, &unsteady, &stock, &ours);
        if let Value::Object(fields) = &mut result {
            fields.insert("suite".into(), json!(self.suite));
            fields.insert("python".into(), json!(self.target.python.release()));
            let from = self.borrowed.as_ref().map(|borrowed| borrowed.from.as_str());
            fields.insert("borrowed_from".into(), json!(from));
            fields.insert("stock_seconds".into(), json!(stock_time.as_secs()));
            fields.insert("our_seconds".into(), json!(our_time.as_secs()));
        }
        Ok(result)
    }

    fn side(&self, name: &str, time_limit: Duration) -> Run<'_> {
        let is_ours = name.starts_with("ours");
        Run {
            interpreter: if is_ours { &self.target.ours } else { &self.target.python.executable },
            suite: self.suite,
            folder: self.target.folder.join("runs").join(self.suite).join(name),
            borrowed: self.borrowed.as_ref().map(|borrowed| borrowed.path.as_path()),
            time_limit,
        }
    }
}

fn unexplained(comparison: &Comparison) -> Vec<String> {
    let differences = comparison.differences.iter();
    differences.filter(|one| one.explained.is_none()).map(|one| one.id.clone()).collect()
}
