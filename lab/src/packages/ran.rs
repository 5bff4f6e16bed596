//! One run of an application: its folders, its output, and the files that it leaves.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use xtask::{child, workspace};

/// A home folder in which not even the superuser can make anything.
const NO_HOME: &str = "/dev/null/home";

/// The variable that names the cache folder of built applications.
const CACHE_VARIABLE: &str = "COLDFRAME_CACHE_DIR";

/// The beginning of the name of a cache in the folder for temporary files, when there is no other place for it.
const TEMPORARY_CACHE: &str = "coldframe-";

/// The folders of one run. All that can be written to lies in them.
#[derive(Debug)]
pub(crate) struct RunFolders {
    folder: PathBuf,
    /// Whether a folder for the cache is named.
    has_cache: bool,
    time_limit: Duration,
}

impl RunFolders {
    /// Empty folders below `folder`; the old contents are removed.
    pub(crate) fn new(folder: &Path, time_limit: Duration) -> anyhow::Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("could not remove `{}`", folder.display()))?;
        }
        Ok(Self { folder: folder.to_owned(), has_cache: false, time_limit })
    }

    /// Lets the next runs have a cache.
    pub(crate) fn allow_cache(&mut self) {
        self.has_cache = true;
    }

    /// Runs a command in an empty folder, with an environment in which nothing of this one's is left but where programs are.
    pub(crate) fn run(&self, command: &[&Path]) -> anyhow::Result<Ran> {
        let work = self.folder.join("work");
        if work.exists() {
            fs::remove_dir_all(&work)
                .with_context(|| format!("could not empty `{}`", work.display()))?;
        }
        fs::create_dir_all(&work)
            .with_context(|| format!("could not make `{}`", work.display()))?;
        let output = |name: &str| {
            let path = self.folder.join(name);
            File::create(&path).with_context(|| format!("could not write `{}`", path.display()))
        };
        let temporary = workspace::temporary_folder()?;
        for folder in [work.as_path(), temporary.path()] {
            // A file that is made in a folder, or removed, changes the folder's time.
            File::open(folder)?.set_modified(SystemTime::UNIX_EPOCH)?;
        }
        let (program, arguments) = command.split_first().context("there is nothing to run")?;
        let mut child = Command::new(program);
        child
            .args(arguments)
            .current_dir(&work)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", NO_HOME)
            .env("TMPDIR", temporary.path())
            .stdin(Stdio::null())
            .stdout(output("stdout")?)
            .stderr(output("stderr")?);
        if self.has_cache {
            child.env(CACHE_VARIABLE, self.cache());
        }
        let started = Instant::now();
        let end = started + self.time_limit;
        let status = child::wait(&mut child::start(&mut child)?, || Instant::now() > end)?;
        let elapsed = started.elapsed();
        let text = |name: &str| {
            String::from_utf8_lossy(&fs::read(self.folder.join(name)).unwrap_or_default())
                .into_owned()
        };
        let ending = match status {
            Some(status) if status.success() => None,
            Some(status) => Some(format!("it ended with {status}")),
            None => Some(format!("it had not ended after {} s", self.time_limit.as_secs())),
        };
        let watched = [work.as_path(), temporary.path()];
        let mut ran = Ran {
            ending,
            stdout: text("stdout"),
            stderr: text("stderr"),
            elapsed,
            ..Ran::default()
        };
        for folder in watched {
            ran.left.extend(files(folder));
            ran.has_written |= fs::metadata(folder)?.modified()? != SystemTime::UNIX_EPOCH;
        }
        Ok(ran)
    }

    /// The number of files in the cache.
    pub(crate) fn n_cached(&self) -> usize {
        files(&self.cache()).len()
    }

    fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }
}

/// The files below a folder, by their paths in it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder.join(&below)) else { continue };
        for entry in entries.flatten() {
            let path = below.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else {
                found.insert(path);
            }
        }
    }
    found
}

/// The result of one run.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// Its end, unless it ended well.
    ending: Option<String>,
    stdout: String,
    stderr: String,
    pub(crate) elapsed: Duration,
    /// The files that it has left in its folder and in that for temporary ones.
    pub(crate) left: BTreeSet<PathBuf>,
    /// Whether it has made files there, or removed any, be it for a time only.
    pub(crate) has_written: bool,
}

impl Ran {
    /// Whether it has made a cache in the folder for temporary files.
    pub(crate) fn has_made_cache(&self) -> bool {
        let names = self.left.iter().filter_map(|path| path.iter().next()?.to_str());
        names.into_iter().any(|name| name.starts_with(TEMPORARY_CACHE))
    }

    /// Its fault, in one line.
    pub(crate) fn fault(&self, expected: &str) -> Option<String> {
        if self.ending.is_none() && self.stdout == expected {
            return None;
        }
        let differs = self
            .stdout
            .lines()
            .map(Some)
            .chain([None])
            .zip(expected.lines().map(Some).chain([None]))
            .find(|(printed, wanted)| printed != wanted)
            .map(|(printed, _)| match printed {
                Some(printed) => format!("it printed `{printed}`"),
                None => "it printed too little".to_owned(),
            });
        let last = self.stderr.lines().rev().find(|line| !line.trim().is_empty());
        let parts =
            [self.ending.clone(), differs, last.map(|last| format!("its last word: `{last}`"))];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(ending: Option<&str>, stdout: &str, stderr: &str) -> Ran {
        Ran {
            ending: ending.map(str::to_owned),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            ..Ran::default()
        }
    }

    #[test]
    fn a_fault_says_how_it_ended_and_where_it_differs() {
        assert_eq!(ran(None, "one\ntwo\n", "a warning").fault("one\ntwo\n"), None);
        for (ending, stdout, stderr, expected) in [
            (None, "one\n", "", "it printed too little"),
            (None, "one\ntwo\nthree\n", "", "it printed `three`"),
            (
                Some("it ended with 1"),
                "one\ntwo\n",
                "a\nb\n\n",
                "it ended with 1; its last word: `b`",
            ),
            (Some("it ended with 1"), "", "", "it ended with 1; it printed too little"),
        ] {
            let fault = ran(ending, stdout, stderr).fault("one\ntwo\n");
            assert_eq!(fault.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_cache_among_temporary_files_is_known() {
        for (path, expected) in
            [("coldframe-0/files/a", true), ("a/coldframe-0", false), ("b", false)]
        {
            let ran = Ran { left: [PathBuf::from(path)].into(), ..Ran::default() };
            assert_eq!(ran.has_made_cache(), expected, "{path}");
        }
    }

    #[test]
    fn a_run_is_in_an_empty_folder_and_its_files_are_counted() -> anyhow::Result<()> {
        let folder = workspace::temporary_folder()?;
        let mut folders = RunFolders::new(&folder.path().join("run"), Duration::from_secs(20))?;
        let script = "ls; : > here; : > \"$TMPDIR/there\"; \
                      mkdir -p \"${COLDFRAME_CACHE_DIR:-$HOME}/a\" && : > \"$COLDFRAME_CACHE_DIR/a/b\"";
        let shell = |folders: &RunFolders, script: &str| {
            folders.run(&["/bin/sh", "-c", script].map(Path::new))
        };
        let run = |folders: &RunFolders| shell(folders, script);
        assert!(!shell(&folders, "cat /dev/null")?.has_written);
        let for_a_time = shell(&folders, ": > \"$TMPDIR/a\"; rm \"$TMPDIR/a\"")?;
        assert!(for_a_time.has_written && for_a_time.left.is_empty());
        let first = run(&folders)?;
        // The home folder is none.
        assert!(first.fault("").is_some_and(|fault| fault.contains("/dev/null")), "{first:?}");
        assert_eq!(first.left, ["here", "there"].map(PathBuf::from).into());
        assert_eq!(folders.n_cached(), 0);
        folders.allow_cache();
        let second = run(&folders)?;
        assert_eq!((second.fault(""), folders.n_cached()), (None, 1));
        Ok(())
    }
}
