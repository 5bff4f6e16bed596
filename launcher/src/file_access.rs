//! Packages that open files next to their `__file__`: their files go to the cache, once, and their `__file__` there.
//!
//! Which packages do so is found when the archive is built, and stands in its attribute [`ATTRIBUTE`]: a line each, the
//! package's folder (or the path of a module at the top), a tab, and the digest of its files, which names the folder
//! of the cache; then, for a package that looks for its neighbours there, a tab and [`LISTS`]. The attribute `files:` and
//! the digest holds the files' paths.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use importer_core::Stack;

use crate::cache;
use crate::error::Error;

/// The archive's attribute that lists the packages.
pub const ATTRIBUTE: &str = "file-access";

/// How the names of the attributes begin that hold the paths of the files.
pub const FILES_PREFIX: &str = "files:";

/// What stands in the attribute for a package that looks into its folders.
pub const LISTS: &str = "lists";

/// What that folder of the cache is called.
const FOLDER: &str = "files";

/// The packages whose files are served from the cache.
pub(crate) struct FileAccess {
    /// By the package's folder, which is a name at the top of the archive.
    packages: HashMap<String, PackageFiles>,
    cache: Option<PathBuf>,
    /// The folder of the cache where the files lie, each package's below its digest.
    files: Option<PathBuf>,
}

struct PackageFiles {
    digest: String,
    /// Whether its code looks into its folders, and takes what it finds for modules.
    lists: bool,
    /// The folder of the cache below which the package lies, once its files are there.
    folder: OnceLock<PathBuf>,
}

impl FileAccess {
    /// Reads the list of packages; `cache` is the cache folder, if there is one.
    pub(crate) fn read(archives: &Stack, cache: Option<PathBuf>) -> Result<Self, Error> {
        let mut packages = HashMap::new();
        for archive in archives.archives() {
            let Some(list) = archive.attribute(ATTRIBUTE)? else { continue };
            for line in String::from_utf8_lossy(&list).lines() {
                let mut fields = line.split('\t');
                if let (Some(package), Some(digest)) = (fields.next(), fields.next()) {
                    packages.entry(package.to_owned()).or_insert(PackageFiles {
                        digest: digest.to_owned(),
                        lists: fields.next() == Some(LISTS),
                        folder: OnceLock::new(),
                    });
                }
            }
        }
        let files = cache.as_ref().map(|cache| cache.join(FOLDER));
        Ok(Self { packages, cache, files })
    }

    /// The folder on disk below which a module's virtual path really exists; `None` for a module that stays in memory.
    pub(crate) fn folder_of(&self, archives: &Stack, path: &str) -> Result<Option<&Path>, Error> {
        if self.packages.is_empty() {
            return Ok(None);
        }
        let top = path.split('/').next().unwrap_or(path);
        let Some(files) = self.packages.get(top) else { return Ok(None) };
        if let Some(folder) = files.folder.get() {
            return Ok(Some(folder));
        }
        let folder = self.cache_folder()?.join(FOLDER).join(&files.digest);
        cache::folder_once(&folder, |temporary| extract(archives, &files.digest, temporary))?;
        Ok(Some(files.folder.get_or_init(|| folder)))
    }

    /// Whether the package at that path looks into its folders, and takes what it finds for modules.
    pub(crate) fn lists(&self, path: &str) -> bool {
        let top = path.split('/').next().unwrap_or(path);
        self.packages.get(top).is_some_and(|files| files.lists)
    }

    /// The virtual path that a path in the cache stands for, with its leading separator; whether anything of its
    /// package is there yet does not matter, for the path may come from another process.
    pub(crate) fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        let below = path.strip_prefix(self.files.as_ref()?.to_str()?)?;
        let below = below.strip_prefix(std::path::MAIN_SEPARATOR)?;
        let digest = below.split(std::path::MAIN_SEPARATOR).next()?;
        let is_ours = self.packages.values().any(|files| files.digest == digest);
        is_ours.then(|| below.get(digest.len()..)).flatten()
    }

    /// The path of an extension module that cannot be loaded from memory.
    pub(crate) fn library(&self, path: &str, id: u64, contents: &[u8]) -> Result<PathBuf, Error> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let folder = self.cache_folder()?.join("libraries").join(format!("{id:016x}"));
        cache::folder_once(&folder, |temporary| {
            cache::write_file(&temporary.join(name), contents)
        })?;
        Ok(folder.join(name))
    }

    fn cache_folder(&self) -> Result<&Path, Error> {
        self.cache.as_deref().ok_or_else(|| {
            Error::start(format!(
                "a package must have its files on disk, and there is no home folder to cache them in; set `{}`",
                cache::CACHE_VARIABLE
            ))
        })
    }
}

/// Writes the files of that digest.
fn extract(archives: &Stack, digest: &str, into: &Path) -> Result<(), Error> {
    let list = archives.attribute(&format!("{FILES_PREFIX}{digest}"))?.unwrap_or_default();
    for path in String::from_utf8_lossy(&list).lines() {
        // The archive's reader has no path that leads out of its folder, so neither can this write there.
        if let Some(file) = archives.file(path)? {
            cache::write_file(&into.join(file.path()), &file.contents()?)?;
        }
    }
    Ok(())
}

/// Whether a file is neither source nor a library: those are served from the archive wherever they are said to be.
pub fn is_data(name: &str) -> bool {
    ![".py", ".pyi", ".so", ".pyd"].iter().any(|end| name.ends_with(end))
}
