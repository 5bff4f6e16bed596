//! The timeline of imports that `COLDFRAME_TRACE_IMPORTS` asks for: one file for a program and all processes that it starts.
//!
//! The file is in the Trace Event Format, as an array of JSON objects that is left open at its end: that is allowed, and so
//! each process can add to it at any time. A line is written with one call, to a file that was opened for appending, and
//! the file is closed again: a program that closes all descriptors (a daemon) must not find our lines in its own files.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::error::{Error, Problem};

/// The environment variable that names the file. Behind a `+` stands one that is added to: so the processes that this one
/// starts are told.
pub(crate) const VARIABLE: &str = "COLDFRAME_TRACE_IMPORTS";

/// The file that events are written to, and the moment from which their times count.
#[derive(Debug)]
pub(crate) struct ImportTrace {
    file: PathBuf,
    /// The moment when this process began to trace: by the clock that all processes share, and by one that only goes forward.
    began: (Duration, Instant),
}

/// A phase of a module's import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The library of an extension module is opened, and its module made.
    Create,
    /// The module is executed, and the hooks that wait for it are run.
    Execute,
}

/// A module that was imported.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) phase: Phase,
    /// The time when it began, in microseconds.
    pub(crate) start: u64,
    /// The system's number of the thread.
    pub(crate) thread: i64,
    /// The type of its loader.
    pub(crate) loader: Option<String>,
    /// The origin of its spec, which is its `__file__` if it has one.
    pub(crate) origin: Option<String>,
    /// The type of the exception that it ended with.
    pub(crate) error: Option<String>,
}

impl ImportTrace {
    /// Begins the part of a process, if the variable asks for it.
    pub(crate) fn begin(variable: Option<&OsStr>, process: &str) -> Result<Option<Self>, Error> {
        let Some(value) = variable.filter(|value| !value.is_empty()) else { return Ok(None) };
        let named = value.to_str().and_then(|value| value.strip_prefix('+'));
        let given = Path::new(named.map_or(value, OsStr::new));
        // A clock before 1970 gives wrong times on the timeline, and stops no program.
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let about = |source| Problem::File {
            action: "write the timeline of imports to",
            path: given.to_owned(),
            source,
            way_out: "; name another file with `COLDFRAME_TRACE_IMPORTS`",
        };
        // The application may go to another folder.
        let file = std::path::absolute(given).map_err(about)?;
        let is_new = match named {
            Some(_) => is_made(&file).map_err(about)?,
            None => begin_anew(&file).map(|()| true).map_err(about)?,
        };
        let trace = Self { file, began: (began, Instant::now()) };
        let named = format!(
            r#"{{"args":{{"name":{}}},"name":"process_name","ph":"M","pid":{}}}"#,
            quoted(process),
            std::process::id(),
        );
        trace.append(if is_new { "[\n" } else { ",\n" }, &named).map_err(about)?;
        Ok(Some(trace))
    }

    /// The value of the variable for the processes that this one starts.
    pub(crate) fn for_children(&self) -> OsString {
        let mut value = OsString::from("+");
        value.push(&self.file);
        value
    }

    /// The time, in microseconds.
    pub(crate) fn now(&self) -> u64 {
        let (began, since) = self.began;
        u64::try_from((began + since.elapsed()).as_micros()).unwrap_or(u64::MAX)
    }

    /// Writes an event that ends now. The program goes on when it cannot be written.
    pub(crate) fn write(&self, event: Event) {
        let Event { name, phase, start, thread, loader, origin, error } = event;
        let (name, category) = match phase {
            Phase::Create => (format!("{name} (create)"), "create"),
            Phase::Execute => (name, "execute"),
        };
        let details = [("loader", loader), ("file", origin), ("error", error)];
        let details: Vec<_> = details
            .into_iter()
            .filter_map(|(key, value)| Some(format!(r#""{key}":{}"#, quoted(&value?))))
            .collect();
        let event = format!(
            r#"{{"args":{{{}}},"cat":"{category}","dur":{},"name":{},"ph":"X","pid":{},"tid":{thread},"ts":{start}}}"#,
            details.join(","),
            self.now().saturating_sub(start),
            quoted(&name),
            std::process::id(),
        );
        if let Err(error) = self.append(",\n", &event) {
            tracing::warn!(file = %self.file.display(), %error, "the timeline of imports is incomplete");
        }
    }

    fn append(&self, before: &str, event: &str) -> io::Result<()> {
        let mut file = File::options().append(true).open(&self.file)?;
        file.write_all(format!("{before}{event}").as_bytes())
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\0'..'\x20' => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// The beginning of a timeline of ours.
const BEGINNING: &[u8] = b"[\n{";

/// Makes the file, or empties an old timeline. A file with anything else in it is another one that the variable names by
/// mistake, and a link may lead to one.
fn begin_anew(file: &Path) -> io::Result<()> {
    match File::create_new(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map(drop),
    }
    let refused = |why| Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
    if !file.symlink_metadata()?.is_file() {
        return refused("it is no file but a link, a pipe or the like");
    }
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        libc::O_NOFOLLOW | libc::O_NONBLOCK,
    );
    let mut opened = options.open(file)?;
    if !opened.metadata()?.is_file() {
        return refused("it is no file but a link, a pipe or the like");
    }
    let mut begins = Vec::new();
    (&mut opened).take(BEGINNING.len() as u64).read_to_end(&mut begins)?;
    if !begins.is_empty() && begins != BEGINNING {
        return refused("a file of that name is there, and holds no timeline");
    }
    opened.set_len(0)
}

/// Makes a file if it is not there; whether it did.
fn is_made(file: &Path) -> io::Result<bool> {
    match File::create_new(file) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn texts_are_quoted() {
        for (text, expected) in [
            ("", r#""""#),
            ("a.b", r#""a.b""#),
            (r#"C:\a "b""#, r#""C:\\a \"b\"""#),
            ("ä\n\t\u{1}\u{7f}", "\"ä\\u000a\\u0009\\u0001\u{7f}\""),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
