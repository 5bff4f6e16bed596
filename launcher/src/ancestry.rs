//! The number of processes of this program above this one: pure, read from and written to one environment variable.
//!
//! A program that starts itself without an end (because `sys.executable` is the program, say, and somebody takes it for
//! `python`) fills a machine in seconds. Each process tells its children how deep they are, and past
//! [`DEPTH_LIMIT`] one refuses to start. The count belongs to one executable: another program, or an unrelated
//! `python`, reads nothing from it. A process that replaces itself (`os.execv`) is no deeper than it was.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use thiserror::Error;

/// The environment variable that holds it.
pub(crate) const VARIABLE: &str = "COLDFRAME_PROCESS";

/// The most processes of one program that may stand above another one.
pub(crate) const DEPTH_LIMIT: u32 = 8;

/// The same above a worker of `multiprocessing`: its fork server and the worker itself are two processes, and functions that
/// start workers of their own are written on purpose.
pub(crate) const WORKER_DEPTH_LIMIT: u32 = 32;

/// The longest piece of a command line in the message.
const MAX_COMMAND: usize = 200;

/// A program that has started itself too often.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "stopped: `{executable}` has started itself {limit} times, one process from the other; the last one is \
     `{this}`, which process {process} started; a program that runs `sys.executable` runs itself, and not \
     `python`, but for the command lines that `python-mode` in the settings is about; processes above that have \
     ended do not count"
)]
pub struct Runaway {
    executable: String,
    limit: u32,
    process: u32,
    this: String,
}

/// The facts that a process knows of the ones above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ancestry {
    /// The number of processes of this program above this one.
    pub(crate) depth: u32,
    /// Whether the one above behaves as `python`, and its children are to do so too.
    pub(crate) is_python: bool,
    process: u32,
}

impl Ancestry {
    /// Reads the parent's value in [`VARIABLE`]; a value of another program counts for nothing.
    pub(crate) fn read(variable: Option<&OsStr>, executable: &Path, process: u32) -> Self {
        variable.and_then(|text| Self::parse(text, executable, process)).unwrap_or_default()
    }

    fn parse(text: &OsStr, executable: &Path, process: u32) -> Option<Self> {
        let mut fields = text.to_str()?.splitn(5, '\t');
        let mut next = || fields.next();
        let (depth, parent, mode) = (next()?.parse().ok()?, next()?.parse().ok()?, next()?);
        if Path::new(next()?) != executable {
            return None;
        }
        // The same process, which has replaced itself, left its children's depth.
        let depth = if parent == process { u32::saturating_sub(depth, 1) } else { depth };
        Some(Self { depth, is_python: mode == "python", process: parent })
    }

    /// Whether the one above, or one further up, has left its mark.
    pub(crate) fn is_marked(&self) -> bool {
        self.process != 0
    }

    /// Corrects it by the number of living ancestors that run this program, and by the parent, where the system tells them:
    /// processes that have ended do not count, and a variable that was taken away hides none.
    pub(crate) fn with_living(self, living: Option<(u32, u32)>) -> Self {
        let (depth, process) = living.unwrap_or((self.depth, self.process));
        Self { depth, process, ..self }
    }

    /// The ancestry that the children of this process are to read.
    pub(crate) fn for_children(
        &self,
        executable: &Path,
        process: u32,
        is_python: bool,
    ) -> OsString {
        let mode = if is_python { "python" } else { "application" };
        let mut value =
            OsString::from(format!("{}\t{process}\t{mode}\t", self.depth.saturating_add(1)));
        value.push(executable);
        value
    }

    /// # Errors
    ///
    /// [`Runaway`], past the limit.
    pub(crate) fn check(
        &self,
        executable: &Path,
        arguments: &[OsString],
        limit: u32,
    ) -> Result<(), Runaway> {
        if self.depth <= limit {
            return Ok(());
        }
        Err(Runaway {
            executable: executable.display().to_string(),
            limit,
            process: self.process,
            this: shown(arguments),
        })
    }
}

/// A command line in one line that is not too long.
fn shown(arguments: &[OsString]) -> String {
    let words: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    let mut line: String = words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(MAX_COMMAND) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn children_read_what_their_parent_left() {
        let (here, elsewhere) = (Path::new("/a b/app"), Path::new("/other"));
        let first = Ancestry::default();
        let left = first.for_children(here, 10, false);
        for (executable, process, depth) in [(here, 11, 1), (here, 10, 0), (elsewhere, 11, 0)] {
            let child = Ancestry::read(Some(&left), executable, process);
            assert_eq!(child.depth, depth, "{executable:?} {process}");
        }
        let left = first.for_children(here, 10, true);
        assert!(Ancestry::read(Some(&left), here, 11).is_python);
        assert!(!Ancestry::read(Some(&left), elsewhere, 11).is_python);
    }

    #[test]
    fn what_is_no_ancestry_counts_for_nothing() {
        for text in
            ["", "x", "1", "1\t2", "1\t2\tpython", "-1\t2\tpython\t/app\tx", "a\tb\tc\t/app\t"]
        {
            let read = Ancestry::read(Some(text.as_ref()), Path::new("/app"), 1);
            assert_eq!(read, Ancestry::default(), "{text:?}");
        }
        assert_eq!(Ancestry::read(None, Path::new("/app"), 1), Ancestry::default());
        let most = format!("{}\t2\tpython\t/app\tx", u32::MAX);
        assert_eq!(Ancestry::read(Some(most.as_ref()), Path::new("/app"), 1).depth, u32::MAX);
    }

    #[test]
    fn the_limit_names_what_started_what() {
        let app = Path::new("/app");
        let mut ancestry = Ancestry::default();
        let line = arguments(&["app", "-m", "thing\n"]);
        let mut process = 1;
        while ancestry.check(app, &line, DEPTH_LIMIT).is_ok() {
            let left = ancestry.for_children(app, process, false);
            process += 1;
            ancestry = Ancestry::read(Some(&left), app, process);
        }
        assert_eq!(ancestry.depth, DEPTH_LIMIT + 1);
        let message = ancestry.check(app, &line, DEPTH_LIMIT).unwrap_err().to_string();
        assert!(
            message.contains("the last one is `app -m thing`, which process 9 started"),
            "{message}"
        );
        let long = shown(&arguments(&[&"é".repeat(1000)]));
        assert_eq!(long.chars().count(), MAX_COMMAND + 1);
    }
}
