//! The files in the cache that Python's own code opens, for `coldframe run --record-files`.
//!
//! The command watches the cache while an application runs in another process. It sees each file that is opened, and not by
//! whom. So each process of the application writes down what its Python code opens there, and what this program has opened
//! where Python code gives a path away: the rest was opened by C code.
//!
//! The log has a line for each path, which ends with a zero byte. As for the timeline of imports, the log is opened for each
//! line: a program that closes all descriptors must not find ours in its own files.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

#[cfg(not(windows))]
use crate::files::PATH_ENDS;

/// The log, and the folder whose files are written down.
#[derive(Debug)]
pub(crate) struct OpenLog {
    file: PathBuf,
    folder: PathBuf,
}

/// A line of the log.
#[cfg(feature = "runtime")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Python code opened this file, once.
    ByPython(PathBuf),
    /// Python code gave this path to a function that is served anyway (`subprocess`, `ssl`, `sqlite3`), which may open it, or
    /// all that is below it, any number of times.
    ByOthers(PathBuf),
}

#[cfg(any(not(windows), feature = "runtime"))]
const BY_PYTHON: u8 = b'o';
const BY_OTHERS: u8 = b'g';

impl OpenLog {
    /// A log in that file, of what lies below `folder`.
    pub(crate) fn new(file: PathBuf, folder: PathBuf) -> Self {
        // The paths that are compared with it have no links in them.
        let folder = folder.canonicalize().unwrap_or(folder);
        Self { file, folder }
    }

    /// Writes down that Python code opens this path now.
    #[cfg(not(windows))]
    pub(crate) fn opened(&self, path: &Path) {
        self.write(BY_PYTHON, path);
    }

    /// Writes down that Python code gives this path away, to be opened by C code or another program.
    pub(crate) fn given_away(&self, path: &Path) {
        self.write(BY_OTHERS, path);
    }

    /// Writes down that Python code starts a program: it gets all files that lie beside it, or beside its folder `bin`
    /// (`_program` in `python/files_support.py`).
    #[cfg(not(windows))]
    pub(crate) fn started(&self, program: &Path) {
        let Some(folder) = program.parent() else { return };
        let above = folder.parent().filter(|_| folder.ends_with("bin"));
        let folder = above.unwrap_or(folder);
        // The files of a package lie two folders below: all packages together are nobody's neighbours.
        let is_in_package =
            folder.strip_prefix(&self.folder).is_ok_and(|inside| inside.components().count() > 1);
        self.given_away(if is_in_package { folder } else { program });
    }

    /// Writes down the paths in an argument of a program, or in a command for a shell.
    #[cfg(not(windows))]
    pub(crate) fn given_away_in(&self, text: &str) {
        self.given_away(Path::new(text));
        let words =
            text.split(|letter| PATH_ENDS.contains(letter)).filter(|word| word.len() < text.len());
        words
            .filter(|word| word.starts_with('/'))
            .for_each(|word| self.given_away(Path::new(word)));
    }

    fn write(&self, by: u8, path: &Path) {
        let Ok(path) = path.canonicalize() else { return };
        if !path.starts_with(&self.folder) {
            return;
        }
        let mut line = vec![by];
        line.extend_from_slice(path.as_os_str().as_encoded_bytes());
        line.push(0);
        if let Err(error) = self.append(&line) {
            tracing::debug!(file = %self.file.display(), %error, "the record of opened files is incomplete");
        }
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        // One write, so that those of other processes do not come between.
        File::options().append(true).open(&self.file)?.write_all(line)
    }
}

/// The lines of a log.
#[cfg(feature = "runtime")]
pub fn read(file: &Path) -> io::Result<Vec<Opened>> {
    let text = std::fs::read(file)?;
    let lines = text.split(|byte| *byte == 0).filter_map(|line| {
        let (by, path) = line.split_first()?;
        let path = PathBuf::from(std::str::from_utf8(path).ok()?);
        match *by {
            BY_PYTHON => Some(Opened::ByPython(path)),
            BY_OTHERS => Some(Opened::ByOthers(path)),
            _ => None,
        }
    });
    Ok(lines.collect())
}

#[cfg(all(test, unix, feature = "runtime"))]
mod tests {
    use super::{OpenLog, Opened, read};

    #[test]
    fn files_of_the_folder_are_written_down_and_no_others() {
        let around = tempfile::tempdir().unwrap();
        let around = around.path().canonicalize().unwrap();
        let folder = around.join("files");
        std::fs::create_dir(&folder).unwrap();
        let file = around.join("log");
        for path in [&file, &folder.join("a b"), &folder.join("c")] {
            std::fs::write(path, "").unwrap();
        }
        let log = OpenLog::new(file.clone(), folder.clone());
        log.opened(&folder.join("a b"));
        log.opened(&folder.join("missing"));
        log.opened(&file);
        log.given_away(&folder.join("../files/c"));
        log.given_away_in(&format!("cat --from={}", folder.join("c").display()));
        let expected = [
            Opened::ByPython(folder.join("a b")),
            Opened::ByOthers(folder.join("c")),
            Opened::ByOthers(folder.join("c")),
        ];
        assert_eq!(read(&file).unwrap(), expected);
    }
}
