//! `cargo xtask conformance`: CPython's own test suites in the self-contained interpreter, beside the stock one.

mod archived;
mod compare;
mod explained;
pub(crate) mod flags;
mod runner;
mod table;
mod target;

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use xtask::Verdict;
use xtask::progress::Progress;
use xtask::pythons;
use xtask::workspace::{self, Workspace};

use self::archived::{ARCHIVED, Archived};
use self::compare::{Comparison, as_json, compare};
use self::explained::Explained;
use self::flags::Conformance;
use self::runner::Run;
use self::target::{Borrowed, Target, borrowed, target};
use crate::fetched;

/// The suites that are run: starting processes, and their signals and threads; then imports, modules and their sources.
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
    "test_importlib",
    "test_import",
    "test_pkgutil",
    "test_runpy",
    "test_inspect",
    "test_traceback",
    "test_linecache",
    "test_pickle",
    "test_pydoc",
    "test_modulefinder",
    "test_zipimport",
    "test_cmd_line",
    "test_cmd_line_script",
    "test_interpreters",
    "test__xxsubinterpreters",
    "test__interpreters",
];

/// Suites that CPython itself does not have in every version: the minor versions that have them.
const VERSIONS: &[(&str, RangeInclusive<u8>)] = &[
    ("test_interpreters", 10..=u8::MAX),
    ("test__xxsubinterpreters", 0..=12),
    ("test__interpreters", 13..=u8::MAX),
];

/// The number of times that a test is run again which passes under the stock interpreter only.
const RETRIES: usize = 2;

/// One suite on one Python.
struct Job<'a> {
    workspace: &'a Workspace,
    progress: &'a Progress,
    target: &'a Target,
    suite: String,
    kind: Kind,
}

/// The origin of a suite.
enum Kind {
    /// This Python's own.
    Own,
    /// Another Python's, for this one's installation lacks it.
    Borrowed(Borrowed),
    /// None of CPython's: it is packed into an executable of its own, with the packages that it tests.
    Archived(&'static Archived),
}

pub(crate) fn run(workspace: &Workspace, flags: &Conformance) -> anyhow::Result<Verdict> {
    let chosen_suites = if flags.all { Vec::new() } else { chosen_suites(&flags.suite)? };
    let explained = Explained::checked_in()?;
    let progress = Progress::new(flags.results.verbose);
    let out = flags.results.folder(workspace.target.join("conformance"))?;
    let found = pythons::discover();
    let chosen = if flags.python.is_empty() && flags.fetched.is_empty() {
        pythons::usable(workspace)
    } else {
        let chosen = flags.python.iter().map(|wanted| pythons::choose(&found, wanted));
        chosen.collect::<anyhow::Result<_>>()?
    };
    let mut targets = Vec::new();
    for python in chosen {
        let launcher = flags.launcher.clone();
        targets.push(target(workspace, flags, &progress, python, launcher, &out)?);
    }
    for version in &flags.fetched {
        let fetched = fetched::fetch(workspace, &progress, *version)?;
        let launcher = Some(fetched.launcher(workspace, &progress)?);
        targets.push(target(workspace, flags, &progress, fetched.python, launcher, &out)?);
    }
    let mut jobs = Vec::new();
    for target in &targets {
        let minor = target.python.version.minor;
        let is_there = |suite: &str| {
            VERSIONS.iter().all(|(name, minors)| *name != suite || minors.contains(&minor))
        };
        let suites = if flags.all { target.suites(&flags.suite)? } else { chosen_suites.clone() };
        for suite in suites.into_iter().filter(|suite| is_there(suite)) {
            let archived = ARCHIVED.iter().find(|archived| archived.name == suite);
            let kind = match archived {
                Some(archived) => Kind::Archived(archived),
                None => borrowed(target, &suite, &found)?.map_or(Kind::Own, Kind::Borrowed),
            };
            jobs.push(Job { workspace, progress: &progress, target, suite, kind });
        }
    }
    if jobs.is_empty() {
        bail!("none of the Pythons that are named has a suite that is named");
    }
    if let Some((part, all)) = flags.shard {
        jobs = jobs.into_iter().skip(part - 1).step_by(all).collect();
    }
    let results = run_all(&jobs, flags, &explained)?;
    let shown = table::render(&results, flags.all);
    println!("{shown}");
    if let Some(file) = &flags.results.table {
        workspace::write(file, &table::page(&shown, &results, flags.all))?;
    }
    let summary = format!("{:#}\n", Value::Array(results.clone()));
    workspace::write(&out.join("summary.json"), &summary)?;
    let unexplained = table::unexplained(&results);
    for line in &unexplained {
        eprintln!("error: passed in the stock interpreter only: {line}");
    }
    Ok(Verdict::from_failures(unexplained.len()))
}

fn chosen_suites(names: &[String]) -> anyhow::Result<Vec<String>> {
    let all: Vec<&str> =
        SUITES.iter().copied().chain(ARCHIVED.iter().map(|archived| archived.name)).collect();
    if let Some(unknown) = names.iter().find(|name| !all.contains(&name.as_str())) {
        bail!("there is no suite `{unknown}` here; there are: {}", all.join(", "));
    }
    let is_chosen = |suite: &&str| names.is_empty() || names.iter().any(|name| name == suite);
    Ok(all.into_iter().filter(is_chosen).map(str::to_owned).collect())
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
        let sides = self.sides(flags)?;
        let (mut stock, stock_time) = self.side("stock", &sides, flags).outcomes(&[])?;
        if let (Kind::Archived(archived), Some(prepared)) = (&self.kind, &sides.prepared) {
            archived.build(self, prepared, &self.folder("stock"), &sides.ours, flags)?;
        }
        let (mut ours, our_time) = self.side("ours", &sides, flags).outcomes(&[])?;
        let mut unsteady = Vec::new();
        let mut comparison = compare(&stock, &ours, explained, &python);
        for _ in 0..RETRIES {
            let again: Vec<String> = unexplained(&comparison);
            if again.is_empty() {
                break;
            }
            let ids: Vec<&str> = again.iter().map(String::as_str).collect();
            stock.extend(self.side("stock-again", &sides, flags).outcomes(&ids)?.0);
            ours.extend(self.side("ours-again", &sides, flags).outcomes(&ids)?.0);
            comparison = compare(&stock, &ours, explained, &python);
            let left = unexplained(&comparison);
            unsteady.extend(again.into_iter().filter(|id| !left.contains(id)));
        }
        let mut result = as_json(&comparison, &unsteady, &stock, &ours);
        if let Value::Object(fields) = &mut result {
            fields.insert("suite".into(), json!(self.suite));
            fields.insert("python".into(), json!(self.target.python.release()));
            let from = match &self.kind {
                Kind::Borrowed(borrowed) => Some(borrowed.from.as_str()),
                Kind::Own | Kind::Archived(_) => None,
            };
            fields.insert("borrowed_from".into(), json!(from));
            let version = sides.prepared.as_ref().and_then(|prepared| prepared.version.as_deref());
            fields.insert("version".into(), json!(version));
            fields.insert("stock_seconds".into(), json!(stock_time.as_secs()));
            fields.insert("our_seconds".into(), json!(our_time.as_secs()));
        }
        Ok(result)
    }

    /// The two interpreters.
    fn sides(&self, flags: &Conformance) -> anyhow::Result<Sides> {
        let Kind::Archived(archived) = &self.kind else {
            return Ok(Sides {
                stock: self.target.python.executable.clone(),
                ours: self.target.ours.clone(),
                prepared: None,
            });
        };
        let prepared = archived.prepare(self, flags)?;
        Ok(Sides {
            stock: prepared.interpreter.clone(),
            ours: prepared.folder.join("executable").join(archived.name),
            prepared: Some(prepared),
        })
    }

    fn folder(&self, side: &str) -> PathBuf {
        self.target.folder.join("runs").join(&self.suite).join(side)
    }

    fn side<'s>(&'s self, name: &str, sides: &'s Sides, flags: &Conformance) -> Run<'s> {
        let is_ours = name.starts_with("ours");
        let copied = match (&self.kind, &sides.prepared) {
            (Kind::Borrowed(borrowed), _) => vec![borrowed.path.as_path()],
            (_, Some(prepared)) if !is_ours => {
                prepared.files.iter().map(PathBuf::as_path).collect()
            }
            _ => Vec::new(),
        };
        let (suite, is_archived) = match &self.kind {
            Kind::Archived(archived) => (archived.suite, is_ours),
            Kind::Own | Kind::Borrowed(_) => (self.suite.as_str(), false),
        };
        Run {
            interpreter: if is_ours { &sides.ours } else { &sides.stock },
            suite,
            folder: self.folder(name),
            copied,
            is_archived,
            with_resources: !flags.all,
            time_limit: Duration::from_secs(flags.time_limit),
        }
    }
}

/// The two interpreters of a comparison, and their common preparation.
struct Sides {
    stock: PathBuf,
    ours: PathBuf,
    prepared: Option<archived::Prepared>,
}

fn unexplained(comparison: &Comparison) -> Vec<String> {
    let differences = comparison.differences.iter();
    differences.filter(|one| one.explained.is_none()).map(|one| one.id.clone()).collect()
}
