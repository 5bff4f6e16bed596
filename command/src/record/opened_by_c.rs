//! The packages whose files C code opened: all that were opened, without those that Python code accounts for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use importer_core::Archive;
use launcher::command_parts::Opened;
use manifest::{ServedPackage, ServedPath, file_access, served_files};
use mapped_libraries::is_library_name;

use crate::error::CommandError;

/// Packages that need their files on disk, each with those that C code opened.
pub(super) type Needs = BTreeMap<String, BTreeSet<String>>;

/// The files that C code, or a program that it started, opened.
///
/// Libraries are left out: extension modules and the libraries that they need are loaded without a file, and `build` finds
/// those that C code opens as plug-ins.
pub(super) fn opened_by_c(opened: BTreeMap<PathBuf, usize>, log: &[Opened]) -> Vec<PathBuf> {
    let mut by_python: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut given_away: BTreeSet<&Path> = BTreeSet::new();
    for line in log {
        match line {
            Opened::ByPython(path) => *by_python.entry(path).or_default() += 1,
            Opened::ByOthers(path) => {
                given_away.insert(path);
            }
        }
    }
    let is_library =
        |path: &Path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_library_name);
    let is_by_c = |path: &Path, times: usize| {
        times > by_python.get(path).copied().unwrap_or_default()
            && !path.ancestors().any(|path| given_away.contains(path))
            && !is_library(path)
    };
    opened.into_iter().filter(|(path, times)| is_by_c(path, *times)).map(|(path, _)| path).collect()
}

/// The packages of an application, all served from the cache, and the same served as its settings say.
pub(super) struct Packages {
    recorded: Archive,
    served: Vec<ServedPackage>,
    plain: Archive,
    served_anyway: Vec<ServedPackage>,
}

impl Packages {
    pub(super) fn read(recorded: Archive, plain: Archive) -> Result<Self, CommandError> {
        let served = served_of(&recorded)?;
        let served_anyway = served_of(&plain)?;
        Ok(Self { recorded, served, plain, served_anyway })
    }

    /// The names of the folders in the cache.
    pub(super) fn digests(&self) -> impl Iterator<Item = String> {
        self.served
            .iter()
            .map(|package| package.digest.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
    }

    /// The packages of these files, but for those that are on disk by the settings, or by what the packer knows of them.
    pub(super) fn needs(&self, folder: &Path, opened: &[PathBuf]) -> Result<Needs, CommandError> {
        let mut needs = Needs::new();
        if opened.is_empty() {
            return Ok(needs);
        }
        let mut with_modules = BTreeSet::new();
        for module in self.recorded.modules() {
            with_modules.insert(top(module?.path()).to_owned());
        }
        for path in opened {
            let inside = path.strip_prefix(folder).ok().and_then(Path::to_str);
            let Some((digest, inside)) = inside.and_then(|path| path.split_once('/')) else {
                continue;
            };
            if self.is_on_disk_anyway(inside)? {
                continue;
            }
            // A rule is about code; a folder of data beside it is served with it.
            let members = self.served.iter().filter(|package| package.digest == digest);
            let mut members = members
                .map(|package| package.folder.as_str())
                .filter(|folder| with_modules.contains(*folder));
            let own = with_modules.contains(top(inside)).then(|| top(inside));
            let Some(package) = own.or_else(|| members.next()) else { continue };
            let name = package.split_once('.').map_or(package, |(name, _)| name);
            needs.entry(name.to_owned()).or_default().insert(inside.to_owned());
        }
        Ok(needs)
    }

    fn is_on_disk_anyway(&self, path: &str) -> Result<bool, CommandError> {
        let served = self.served_anyway.iter().find(|package| package.folder == top(path));
        let Some(package) = served else { return Ok(false) };
        let files =
            served_files(&package.digest).read(&self.plain).map_err(launcher::Error::from)?;
        let is_it = |served: &ServedPath| matches!(served, ServedPath::File(file) if file == path);
        Ok(files.is_some_and(|files| files.paths.iter().any(is_it)))
    }
}

fn served_of(archive: &Archive) -> Result<Vec<ServedPackage>, CommandError> {
    let served = file_access().read(archive).map_err(launcher::Error::from)?;
    Ok(served.map(|served| served.packages).unwrap_or_default())
}

fn top(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_counted_and_libraries_and_paths_given_away_left_out() {
        let opened = [("/f/a", 2), ("/f/b", 1), ("/f/c", 3), ("/f/d/e", 1), ("/f/g.so", 1)];
        let opened = opened.map(|(path, times)| (PathBuf::from(path), times)).into();
        let log = [
            Opened::ByPython("/f/a".into()),
            Opened::ByPython("/f/c".into()),
            Opened::ByPython("/f/a".into()),
            Opened::ByOthers("/f/d".into()),
        ];
        assert_eq!(opened_by_c(opened, &log), [PathBuf::from("/f/b"), "/f/c".into()]);
    }
}
