//! Other ways to a path below the executable: relative ones, and links on the way.
//!
//! The system says of each such path that something on it is no folder. Only then is the path followed here.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The most links that the system follows.
const MOST_LINKS: u32 = 40;

/// The rest after the executable of a path that leads below it, as [`below`](super::below) gives it; `None` for any other path.
pub(crate) fn below(root: &Path, path: &[u8]) -> Option<Vec<u8>> {
    let root = fs::metadata(root).ok()?;
    search((root.dev(), root.ino()), path, MOST_LINKS)
}

fn search(root: (u64, u64), path: &[u8], links: u32) -> Option<Vec<u8>> {
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    for end in ends.chain([path.len()]).filter(|end| *end > 0) {
        let (front, rest) = path.split_at_checked(end)?;
        let front = Path::new(OsStr::from_bytes(front));
        match fs::metadata(front) {
            Ok(found) if found.is_dir() => {}
            Ok(found) => return ((found.dev(), found.ino()) == root).then(|| rest.to_vec()),
            // A link may lead below it.
            Err(_) => {
                let mut target = target(front)?.into_os_string().into_vec();
                target.extend(rest);
                return search(root, &target, links.checked_sub(1)?);
            }
        }
    }
    None
}

/// The target of a link, from where we are.
fn target(link: &Path) -> Option<PathBuf> {
    let target = fs::read_link(link).ok()?;
    Some(link.parent().unwrap_or(Path::new("")).join(target))
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;

    use super::below;

    #[test]
    fn links_and_detours_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("app"), "").unwrap();
        std::fs::write(at("other"), "").unwrap();
        std::fs::create_dir(at("sub")).unwrap();
        symlink("app", at("link")).unwrap();
        symlink(folder.path(), at("sub/up")).unwrap();
        symlink("app/pkg/data.txt", at("deep")).unwrap();
        symlink("round", at("round")).unwrap();
        for (path, expected) in [
            ("app", Some("")),
            ("app/x", Some("/x")),
            ("sub/../app/x/", Some("/x/")),
            ("link/x", Some("/x")),
            ("sub/up/link/x", Some("/x")),
            ("deep", Some("/pkg/data.txt")),
            ("deep/more", Some("/pkg/data.txt/more")),
            ("other/x", None),
            ("none/x", None),
            ("round/x", None),
            ("sub", None),
        ] {
            let found = below(&at("app"), at(path).as_os_str().as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{path}");
        }
    }
}
