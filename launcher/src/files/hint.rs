//! The line that ends the report of an error about a path below the executable: the packed files there, and the way out.

use importer_core::Stack;

use super::{Fault, Found, find};

const NOT_WRITTEN: &str = "whose files cannot be written";

/// The most names of a folder that are told.
const MOST_NAMES: usize = 8;

/// Letters that end a path in a text of others.
const ENDS: &[char] = &['\'', '"', '`', '\n', '<', '>', '|', ';', ','];

/// The line about an error with this text; nothing if it names no path below the root. `is_write` says that the error is
/// `EROFS`.
pub(crate) fn hint(archives: &Stack, root: &str, said: &str, is_write: bool) -> Option<String> {
    // The error of `sqlite3.connect` says it itself (`python/files_support.py`).
    if said.contains(NOT_WRITTEN) {
        return None;
    }
    // Windows has slashes of both kinds, and in the report of a path backslashes are doubled.
    let plain = |text: &str| match cfg!(windows) {
        true => text.replace("\\\\", "/").replace('\\', "/"),
        false => text.to_owned(),
    };
    let (said, start) = (plain(said), plain(&format!("{root}/")));
    let (_, rest) = said.split_once(&start)?;
    let path = rest.split(ENDS).next().unwrap_or(rest);
    // A sentence may go on behind it.
    let path = path.split(": ").next().unwrap_or(path).trim_end();
    if is_write {
        return Some(read_only(path));
    }
    match find(archives, format!("/{path}").as_bytes()) {
        Ok(Found::File(file)) => Some(on_disk(file.path())),
        Ok(Found::Folder(folder)) => Some(on_disk(&folder)),
        Err(Fault::Missing { .. } | Fault::NotAFolder) => Some(missing(archives, path)),
        Ok(Found::Outside(_)) | Err(Fault::NameTooLong | Fault::Damaged(_)) => None,
    }
}

fn read_only(path: &str) -> String {
    format!(
        "`{path}` lies in the executable, {NOT_WRITTEN}; give a path in a folder of the user, or beside the executable \
         (`os.path.dirname(sys.executable)`)"
    )
}

fn on_disk(path: &str) -> String {
    let top = path.split('/').next().unwrap_or(path);
    let package = top.split_once('.').map_or(top, |(name, _)| name);
    format!(
        "`{path}` is packed, and Python code can read it; C code and other programs need it on disk, where \
         `--file-access {package}=cache` puts it"
    )
}

fn missing(archives: &Stack, path: &str) -> String {
    let nearest = importer_core::folders_above(path)
        .find_map(|folder| Some((folder, archives.directory(folder).ok().flatten()?)));
    let Some((folder, entries)) = nearest else { return format!("`{path}` is not packed") };
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let names = names.join("`, `");
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let folder = if folder.is_empty() { "the archive".to_owned() } else { format!("`{folder}`") };
    format!("`{path}` is not packed; {folder} has `{names}`{rest}")
}

// Their paths are written as POSIX has them.
#[cfg(all(test, unix))]
mod tests {
    use super::hint;
    use crate::files::tests::archives;

    #[test]
    fn errors_about_packed_paths_are_explained() {
        let table: &[(&str, Option<&str>)] = &[
            (
                "[Errno 2] No such file: '/a/app/pkg/none.txt'",
                Some("`pkg/none.txt` is not packed; `pkg` has `data.txt`, `sub`"),
            ),
            (
                "no '/a/app/pkg/none/x'",
                Some("`pkg/none/x` is not packed; `pkg` has `data.txt`, `sub`"),
            ),
            ("no '/a/app/none'", Some("`none` is not packed; the archive has `mod.py`, `pkg`")),
            (
                "cannot open /a/app/pkg/data.txt: not a directory",
                Some(
                    "`pkg/data.txt` is packed, and Python code can read it; C code and other programs need it on disk, where `--file-access pkg=cache` puts it",
                ),
            ),
            ("'/a/app/../beside'", None),
            ("'/a/app'", None),
            ("'/a/apple/x'", None),
            ("anything", None),
        ];
        for (said, expected) in table {
            assert_eq!(hint(&archives(), "/a/app", said, false).as_deref(), *expected, "{said}");
        }
        let said = "[Errno 30] Read-only file system: '/a/app/logs/x.txt'";
        let expected = "`logs/x.txt` lies in the executable, whose files cannot be written; give a path in a folder of the user, or beside the executable (`os.path.dirname(sys.executable)`)";
        assert_eq!(hint(&archives(), "/a/app", said, true).as_deref(), Some(expected));
        assert_eq!(hint(&archives(), "/a/app", "Read-only: '/x'", true), None);
        assert_eq!(hint(&archives(), "/a/app", expected, false), None);
    }
}
