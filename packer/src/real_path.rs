//! Paths without links.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The path of a file or folder without links and `..`, as people write it: Windows begins its own answer with `\\?\`.
pub fn real_path(path: &Path) -> io::Result<PathBuf> {
    let real = fs::canonicalize(path)?;
    Ok(if cfg!(windows) { plain(&real.to_string_lossy()).unwrap_or(real) } else { real })
}

/// A path that begins with a drive, without what is before it.
fn plain(path: &str) -> Option<PathBuf> {
    let plain = path.strip_prefix(r"\\?\")?;
    let mut characters = plain.chars();
    let is_drive = characters.next().is_some_and(|letter| letter.is_ascii_alphabetic());
    (is_drive && characters.as_str().starts_with(":\\")).then(|| plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_drives_need_no_prefix() {
        for (path, expected) in [
            (r"\\?\C:\app", Some(r"C:\app")),
            (r"\\?\UNC\server\share", None),
            (r"\\?\Volume{1}\x", None),
            (r"C:\app", None),
        ] {
            assert_eq!(plain(path), expected.map(PathBuf::from), "{path}");
        }
    }
}
