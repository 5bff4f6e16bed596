//! One suite under one interpreter: started again where a test crashes or hangs, so that nothing else is lost.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use xtask::{child, workspace};

/// The outcome of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// `passed`, `failed`, `error`, `skipped`, `expected failure`, `crashed` or `hung`.
    pub(super) word: String,
    /// The end of its traceback, or why it was skipped.
    pub(super) detail: String,
}

impl Outcome {
    pub(super) fn is_good(&self) -> bool {
        matches!(self.word.as_str(), "passed" | "expected failure")
    }

    pub(super) fn is_skipped(&self) -> bool {
        self.word == "skipped"
    }
}

/// Outcomes by test id.
pub(super) type Outcomes = BTreeMap<String, Outcome>;

/// One run of a suite in one interpreter.
pub(super) struct Run<'a> {
    pub(super) interpreter: &'a Path,
    pub(super) suite: &'a str,
    /// Made new for this run.
    pub(super) folder: PathBuf,
    /// Files and folders that lie beside the driver.
    pub(super) copied: Vec<&'a Path>,
    /// Whether the driver and the suite are in the interpreter, which is an application.
    pub(super) is_archived: bool,
    /// Whether tests that want the network, large files or much time run too.
    pub(super) with_resources: bool,
    pub(super) time_limit: Duration,
}

pub(super) const DRIVER: &str = include_str!("../../conformance/driver.py");

/// The number of times that a suite is started again.
const MAX_STARTS: usize = 8;

impl Run<'_> {
    /// Runs the suite, or only the tests with these ids.
    pub(super) fn outcomes(&self, only: &[&str]) -> anyhow::Result<(Outcomes, Duration)> {
        let folder = &self.folder;
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("could not remove `{}`", folder.display()))?;
        }
        let prepared =
            fs::create_dir_all(folder).and_then(|()| fs::write(folder.join("driver.py"), DRIVER));
        prepared.with_context(|| format!("could not fill `{}`", folder.display()))?;
        for path in &self.copied {
            copy(path, folder)?;
        }
        let temporary = workspace::temporary_folder()?;
        let results = folder.join("results.jsonl");
        let started = Instant::now();
        for _ in 0..MAX_STARTS {
            let ending = self.start(&results, only, temporary.path())?;
            let mut read = Read::file(&results)?;
            if read.is_done {
                return Ok((read.outcomes, started.elapsed()));
            }
            // A crash or hang between two tests (at the end of a module) is counted under the name of the test before.
            let id = match (read.running.pop(), read.last) {
                (Some(id), _) => id,
                (None, Some(last)) => format!("after {last}"),
                (None, None) => return Ok((self.not_run(ending), started.elapsed())),
            };
            let line = serde_json::json!({
                "id": id, "event": "end", "outcome": ending, "detail": self.last_words(), "seconds": 0,
            });
            append(&results, &line)?;
        }
        let mut outcomes = Read::file(&results)?.outcomes;
        outcomes.extend(self.not_run("crashed"));
        Ok((outcomes, started.elapsed()))
    }

    /// The outcome of a suite of which no test, or not all tests, could be run.
    fn not_run(&self, ending: &str) -> Outcomes {
        let outcome = Outcome { word: ending.to_owned(), detail: self.last_words() };
        BTreeMap::from([(format!("the rest of {}", self.suite), outcome)])
    }

    /// The end of the tests' output.
    fn last_words(&self) -> String {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log).into_owned();
        let lines: Vec<_> = log.lines().collect();
        lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("\n")
    }

    /// Starts the driver and waits; gives the word for a test that was running when it ended.
    fn start(
        &self,
        results: &Path,
        only: &[&str],
        temporary: &Path,
    ) -> anyhow::Result<&'static str> {
        let log = self.folder.join("log");
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("could not write `{}`", log.display()))?;
        let mut command = Command::new(self.interpreter);
        if !self.is_archived {
            command.arg("driver.py");
        }
        command
            .arg(self.suite)
            .arg(results)
            .args(only)
            .current_dir(&self.folder)
            .env("TMPDIR", temporary)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("could not copy a descriptor")?)
            .stderr(log);
        for name in ["PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"] {
            command.env_remove(name);
        }
        if !self.with_resources {
            command.env("WITHOUT_RESOURCES", "1");
        }
        let mut child = child::start(&mut command)?;
        let length = || fs::metadata(results).map_or(0, |metadata| metadata.len());
        let mut last = (length(), Instant::now());
        let ended = child::wait(&mut child, || {
            let now = length();
            if now != last.0 {
                last = (now, Instant::now());
            }
            last.1.elapsed() > self.time_limit
        })?;
        Ok(if ended.is_some() { "crashed" } else { "hung" })
    }
}

/// The driver's results so far.
#[derive(Default)]
struct Read {
    outcomes: Outcomes,
    running: Vec<String>,
    /// The test that has ended last.
    last: Option<String>,
    is_done: bool,
}

impl Read {
    fn file(path: &Path) -> anyhow::Result<Self> {
        // Before the first test there is no file.
        Self::text(&fs::read_to_string(path).unwrap_or_default())
    }

    fn text(text: &str) -> anyhow::Result<Self> {
        let mut read = Self::default();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line)
                .with_context(|| format!("the driver wrote a line that is no JSON: {line}"))?;
            let field = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
            match field("event") {
                "done" => read.is_done = true,
                "start" => read.running.push(field("id").to_owned()),
                _ => {
                    read.running.retain(|id| id != field("id"));
                    let outcome = Outcome {
                        word: field("outcome").to_owned(),
                        detail: field("detail").to_owned(),
                    };
                    read.last = Some(field("id").to_owned());
                    read.outcomes.insert(field("id").to_owned(), outcome);
                }
            }
        }
        Ok(read)
    }
}

fn append(path: &Path, line: &Value) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("could not write `{}`", path.display()))?;
    writeln!(file, "{line}").with_context(|| format!("could not write `{}`", path.display()))
}

/// Copies a file, or a folder of files, into a folder.
pub(super) fn copy(from: &Path, into: &Path) -> anyhow::Result<()> {
    let name = from.file_name().context("a suite has a name")?;
    workspace::copy(from, &into.join(name), "__pycache__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_without_an_end_was_running() {
        let text = r#"{"id": "a", "event": "start"}
{"id": "a", "event": "end", "outcome": "passed", "detail": ""}
{"id": "b", "event": "start"}"#;
        let read = Read::text(text).expect("lines of JSON");
        assert_eq!((read.running, read.is_done), (vec!["b".to_owned()], false));
        assert!(read.outcomes.get("a").is_some_and(Outcome::is_good));
        let read = Read::text("{\"event\": \"done\"}").expect("lines of JSON");
        assert!(read.is_done);
        assert!(Read::text("{").is_err());
    }
}
