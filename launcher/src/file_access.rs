//! Packages whose files C code opens: their files go to the cache, once, and their `__file__` there.
//!
//! The list of these packages is made when the archive is built, and stands in its manifest
//! ([`manifest::ServedPackages`]). Their files are put there when the first module of the package is imported.
//!
//! C code and other programs cannot read files below the executable (`py/files.rs`): a file whose path is given to them is
//! put into the cache at that moment, in one folder for all packages.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cache::LockedEntry;
use importer_core::{File, Stack};
use manifest::{ServedPackage, ServedPath, file_access, served_files};
use mapped_libraries::is_library_name;

use crate::error::Error;

/// The packages whose files are served from the cache.
pub(crate) struct FileAccess {
    /// The packages, by their folders, which are names at the top of the archive.
    packages: HashMap<String, PackageFiles>,
    /// The digests' folders that are known to be there.
    ready: HashMap<String, OnceLock<()>>,
    cache: Option<PathBuf>,
    /// The folder of the cache where the files lie, each package's below its digest.
    files: Option<PathBuf>,
    /// The digest for single files of any package, which C code opens by their paths.
    tree: String,
    /// Whether its folder is there.
    is_tree_ready: OnceLock<()>,
}

struct PackageFiles {
    digest: String,
    /// Whether its code looks into its folders, and takes the files there for modules.
    lists: bool,
    has_libraries: bool,
    /// The folder of the cache below which the package lies; nothing without a cache.
    folder: Option<PathBuf>,
}

/// The folder of a module of such a package.
pub(crate) struct ServedFolder<'a> {
    /// The folder below which its path leads to where its files are, or would be.
    pub(crate) folder: &'a Path,
    /// Whether the package takes the files there for modules, and they are there.
    pub(crate) is_searched: bool,
}

impl FileAccess {
    /// Reads the list of packages; `cache` is the cache folder, if there is one.
    pub(crate) fn read(archives: &Stack, cache: Option<PathBuf>) -> Result<Self, Error> {
        let files = cache.as_ref().map(|cache| cache.join(cache::FILES));
        let mut this = Self {
            packages: HashMap::new(),
            ready: HashMap::new(),
            cache,
            files,
            tree: tree_digest(archives),
            is_tree_ready: OnceLock::new(),
        };
        for archive in archives.archives() {
            let Some(served) = file_access().read(archive)? else { continue };
            for ServedPackage { folder: package, digest, lists, has_libraries } in served.packages {
                let folder = this.files.as_ref().map(|files| files.join(&digest));
                this.ready.insert(digest.clone(), OnceLock::new());
                let files = PackageFiles { digest, lists, has_libraries, folder };
                this.packages.entry(package).or_insert(files);
            }
        }
        Ok(this)
    }

    /// The folder on disk of a module that is about to be imported; `None` for one that stays in memory. Files that it
    /// may open are put into the cache.
    pub(crate) fn place_of(
        &self,
        archives: &Stack,
        path: &str,
    ) -> Result<Option<ServedFolder<'_>>, Error> {
        if self.packages.is_empty() {
            return Ok(None);
        }
        let top = path.split('/').next().unwrap_or(path);
        let Some(files) = self.packages.get(top) else { return Ok(None) };
        self.make_ready(archives, &files.digest)?;
        Ok(files.folder.as_deref().map(|folder| ServedFolder { folder, is_searched: files.lists }))
    }

    /// The place of the files of that folder of the archive, once they are there; `None` when it has none.
    pub(crate) fn folder_on_disk(
        &self,
        archives: &Stack,
        folder: &str,
    ) -> Result<Option<PathBuf>, Error> {
        let Some(files) = self.packages.get(folder) else { return Ok(None) };
        self.make_ready(archives, &files.digest)?;
        Ok(files.folder.as_ref().map(|place| place.join(native(folder))))
    }

    /// The file that a library of the archive is, for a package that has its libraries on disk and there already: it may look
    /// for others from where it lies, as Qt does for its plugins.
    pub(crate) fn library_on_disk(&self, path: &str) -> Option<PathBuf> {
        let files = self.packages.get(path.split('/').next()?)?;
        let is_ready = self.ready.get(&files.digest)?.get().is_some();
        let path = files.folder.as_ref()?.join(native(path));
        (files.has_libraries && is_ready && path.is_file()).then_some(path)
    }

    /// Whether the files of both lie in one folder of the cache.
    pub(crate) fn are_together(&self, path: &str, other: &str) -> bool {
        let digest = |path: &str| Some(&self.packages.get(path.split('/').next()?)?.digest);
        digest(path).is_some_and(|found| digest(other) == Some(found))
    }

    /// The path of a file that C code or another program is to open: it is put into the cache now. A library comes with those
    /// that lie in its folder, for it may look for them.
    pub(crate) fn real_file(&self, archives: &Stack, file: &File<'_>) -> Result<PathBuf, Error> {
        let tree = self.tree_folder()?;
        let path = file.path();
        put(file, &tree)?;
        if is_library_name(path) {
            let folder = importer_core::folder_of(path).unwrap_or_default();
            // The folder of a packed file is there too.
            for entry in archives.directory(folder)?.unwrap_or_default() {
                if is_library_name(entry.name)
                    && let Some(other) = archives.file(&join(folder, entry.name))?
                {
                    put(&other, &tree)?;
                }
            }
        }
        Ok(tree.join(native(path)))
    }

    /// Does the same as [`real_file`](Self::real_file), for a folder with all that is in it.
    pub(crate) fn real_folder(&self, archives: &Stack, path: &str) -> Result<PathBuf, Error> {
        let tree = self.tree_folder()?;
        let mut folders = vec![path.to_owned()];
        while let Some(folder) = folders.pop() {
            cache::folder_in(&tree.join(&folder))?;
            // The caller has found the first folder, and the others come from listings.
            for entry in archives.directory(&folder)?.unwrap_or_default() {
                let inside = join(&folder, entry.name);
                if entry.is_directory {
                    folders.push(inside);
                } else if let Some(file) = archives.file(&inside)? {
                    put(&file, &tree)?;
                }
            }
        }
        Ok(tree.join(native(path)))
    }

    fn tree_folder(&self) -> Result<PathBuf, Error> {
        let folder = self.cache_folder()?.join(cache::FILES).join(&self.tree);
        if self.is_tree_ready.get().is_none() {
            cache::private_folder(self.cache_folder()?, cache::FILES)?;
            cache::folder_once(&folder, |_| Ok::<(), Error>(()))?.keep();
            self.is_tree_ready.get_or_init(|| ());
        }
        Ok(folder)
    }

    /// Puts the files of all packages that are served from the cache there.
    #[cfg(feature = "runtime")]
    pub(crate) fn make_all_ready(&self, archives: &Stack) -> Result<(), Error> {
        self.ready.keys().try_for_each(|digest| self.make_ready(archives, digest))
    }

    /// Puts the files of that digest into the cache, if they are not there.
    fn make_ready(&self, archives: &Stack, digest: &str) -> Result<(), Error> {
        let Some(ready) = self.ready.get(digest).filter(|ready| ready.get().is_none()) else {
            return Ok(());
        };
        let folder = cache::private_folder(self.cache_folder()?, cache::FILES)?.join(digest);
        cache::folder_once(&folder, |temporary| extract(archives, digest, temporary))?.keep();
        // Files that were there already may have been changed since they were written.
        extract(archives, digest, &folder)?;
        ready.get_or_init(|| ());
        Ok(())
    }

    /// The virtual path that a path in the cache stands for, with its leading separator; whether anything of its
    /// package is there yet does not matter, for the path may come from another process.
    pub(crate) fn inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        let below = path.strip_prefix(self.files.as_ref()?.to_str()?)?;
        let below = below.strip_prefix(std::path::MAIN_SEPARATOR)?;
        let digest = below.split(std::path::MAIN_SEPARATOR).next()?;
        (self.ready.contains_key(digest) || self.tree == digest)
            .then(|| below.get(digest.len()..))
            .flatten()
    }

    /// The path of an extension module that is not loaded from memory; it is there for as long as the entry is locked.
    pub(crate) fn library(
        &self,
        path: &str,
        id: u64,
        contents: &[u8],
    ) -> Result<(PathBuf, LockedEntry), Error> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let libraries = cache::private_folder(self.cache_folder()?, cache::LIBRARIES)?;
        let folder = libraries.join(format!("{id:016x}"));
        let locked = cache::folder_once(&folder, |temporary| {
            cache::verified_file(&temporary.join(name), contents)
        })?;
        let path = folder.join(name);
        // A file that was there already may have been changed since it was written.
        cache::verified_file(&path, contents)?;
        Ok((path, locked))
    }

    fn cache_folder(&self) -> Result<&Path, Error> {
        self.cache.as_deref().ok_or_else(|| {
            Error::start(format!(
                "a package must have its files on disk, and there is no home folder to cache them in, nor can the folder for \
                 temporary files be used; set `{}`",
                cache::CACHE_VARIABLE
            ))
        })
    }
}

/// An identity of these archives' files.
fn tree_digest(archives: &Stack) -> String {
    let mut ids = archives.archives().iter().map(importer_core::Archive::id);
    // No archives have no files, and any number will do.
    let first = ids.next().unwrap_or_default();
    let others = ids.fold(0, |all: u64, id| all.rotate_left(1) ^ id);
    format!("{first:016x}{others:016x}")
}

/// Writes a file below that folder, if it is not there or not right.
fn put(file: &File<'_>, folder: &Path) -> Result<(), Error> {
    // The archive's reader has no path that leads out of its folder, so neither can this write there.
    let path = folder.join(native(file.path()));
    if is_library_name(file.path()) {
        // Code is compared, as that of extension modules is.
        return Ok(cache::verified_file(&path, &file.contents()?)?);
    }
    cache::stamped_file(&path, file.id(), file.len(), || Ok(file.contents()?.into_owned()))
}

/// A path of the archive's, with the separators of this system.
pub(crate) fn native(path: &str) -> PathBuf {
    path.split('/').collect()
}

/// The path of a name in a folder of the archives.
pub(crate) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Writes the files of that digest, those that are not there or not right.
fn extract(archives: &Stack, digest: &str, into: &Path) -> Result<(), Error> {
    let files = served_files(digest).read(archives)?.ok_or_else(|| {
        Error::start(format!(
            "the archive has no list of the files `{digest}`, which must be on disk: build it again"
        ))
    })?;
    for path in files.paths {
        // The archive's reader has no path that leads out of its folder, so neither can this write there.
        match path {
            ServedPath::Folder(folder) => {
                if archives.directory(&folder)?.is_some() {
                    cache::folder_in(&into.join(folder))?;
                }
            }
            ServedPath::File(path) => {
                if let Some(file) = archives.file(&path)? {
                    let contents = || Ok::<_, Error>(file.contents()?.into_owned());
                    cache::stamped_file(&into.join(file.path()), file.id(), file.len(), contents)?;
                }
            }
        }
    }
    Ok(())
}
