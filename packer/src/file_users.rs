//! Packages whose files must lie on disk: C code of theirs opens them, or a setting says so.

use std::collections::{BTreeMap, BTreeSet};

use importer_core::{Archive, folder_of, folders_above};
use interp_config::{FileAccess, FileAccessRule};
use manifest::{ServedFiles, ServedPackage, ServedPackages, ServedPath, file_access, served_files};
use mapped_libraries::is_library_name;
use twox_hash::XxHash3_128;

use super::developers::{is_for_developers, is_tool};
use super::pattern::Pattern;
use super::{BundleError, FileUse, Origin};

/// The packages that open their files by paths, and the files that could be meant.
#[derive(Debug)]
pub(super) struct FileUsers {
    /// User rules from `file-access`.
    rules: Vec<(Pattern, FileAccess)>,
    /// The groups of the names at the top of the archive, which are folders and modules.
    groups: BTreeMap<String, Group>,
    /// Names at the top of packages whose modules look into their folders.
    lists: BTreeSet<String>,
    /// Names at the top of packages whose modules open shared libraries by their paths: from Python code, which gets them on
    /// disk when it does.
    loads_libraries: BTreeSet<String>,
    /// Names at the top of packages of whose libraries some are opened by C code.
    has_plug_ins: BTreeSet<String>,
    /// The distributions whose C code opens files by their paths, as rules say.
    real: BTreeSet<String>,
    /// Extension modules at the top that C code of a distribution opens by their `__file__`, with that one's name.
    real_modules: BTreeMap<String, String>,
    /// The reasons to put files on disk.
    reasons: Vec<RealFilesReason>,
    /// Each file that is no module, with the digest of its contents.
    data: BTreeMap<String, u128>,
    /// Each shared library, an extension module or another, with the digest of its contents.
    libraries: BTreeMap<String, u128>,
    /// The folders of modules: there is a path by way of them, as in `a/../data.txt`.
    folders: BTreeSet<String>,
    /// The folders of packages.
    packages: BTreeSet<String>,
    /// Each module's source that may have to lie beside them, with the digest of its contents.
    sources: BTreeMap<String, u128>,
}

/// A reason why the files of a package must be on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RealFilesReason {
    /// The package's name at the top of the archive.
    package: String,
    text: String,
}

/// The packages that are served from one folder: a module may find a file of its neighbour, and a compiled module its own
/// place, by the `__file__` of another module of the same distribution (mypyc's share one library).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Application,
    StandardLibrary(String),
    Distribution(String),
}

/// A package, or a module at the top, that is served from the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileUser {
    /// The package's folder, or the path of a module at the top.
    pub(super) key: String,
    /// The code that asks for it; nothing for one that lies in the cache for a neighbour's sake.
    pub(super) found: Option<FileUse>,
    /// Whether it looks into its folders, and takes what it finds for modules.
    lists: bool,
    /// Whether its libraries are among the files.
    has_libraries: bool,
    /// The digest of all the files together, which names the folder in the cache.
    digest: String,
    /// The files' paths, and with a slash at their ends those of folders that hold none of them.
    files: Vec<String>,
}

impl FileUsers {
    pub(super) fn new(rules: &[FileAccessRule]) -> Self {
        let rules = rules.iter().map(|rule| (Pattern::new(&rule.package), rule.access)).collect();
        Self {
            rules,
            groups: BTreeMap::new(),
            lists: BTreeSet::new(),
            loads_libraries: BTreeSet::new(),
            has_plug_ins: BTreeSet::new(),
            real: BTreeSet::new(),
            real_modules: BTreeMap::new(),
            reasons: Vec::new(),
            data: BTreeMap::new(),
            libraries: BTreeMap::new(),
            folders: BTreeSet::new(),
            packages: BTreeSet::new(),
            sources: BTreeMap::new(),
        }
    }

    /// The access that a rule sets for a name at the top, if one does.
    fn rule(&self, top: &str) -> Option<FileAccess> {
        let name = plain_name(top);
        self.rules.iter().find(|(pattern, _)| pattern.matches(name)).map(|(_, access)| *access)
    }

    /// The rules' packages of which nothing is packed.
    pub(super) fn unused_rules(&self) -> impl Iterator<Item = String> {
        let unused = self.rules.iter().filter(|(pattern, _)| !pattern.was_hit());
        unused.map(|(pattern, _)| pattern.text().to_owned())
    }

    /// Notes that all below the first part of `path` belongs to a distribution.
    pub(super) fn distribution(&mut self, path: &str, name: &str) {
        // Of a namespace package that several distributions fill, the first one speaks for all.
        self.groups
            .entry(top(path).to_owned())
            .or_insert_with(|| Group::Distribution(name.to_owned()));
    }

    /// Notes a module, by its source.
    pub(super) fn module(&mut self, origin: Origin, path: &str, source: &[u8]) {
        let top = top(path);
        let rule = self.rule(top);
        self.groups.entry(top.to_owned()).or_insert_with(|| match origin {
            Origin::Application => Group::Application,
            // Packages that a rule is for share one folder, and one entry of `sys.path`.
            Origin::StandardLibrary | Origin::Support if rule == Some(FileAccess::Cache) => {
                Group::StandardLibrary(String::new())
            }
            Origin::StandardLibrary | Origin::Support => Group::StandardLibrary(top.to_owned()),
            Origin::Environment | Origin::System => Group::Distribution(top.to_owned()),
        });
        let is_standard = matches!(origin, Origin::StandardLibrary | Origin::Support);
        // A package's tests, and its tools for developers, do nothing in an application.
        let is_judged = origin != Origin::Environment || !is_tool(path);
        if rule == Some(FileAccess::Cache) {
            self.lists.insert(top.to_owned());
            self.add_reason(top, "a setting says so".into());
        }
        if opens_libraries(source) && !is_standard && is_judged {
            self.loads_libraries.insert(top.to_owned());
        }
        let folder = folder_of(path).unwrap_or_default();
        if is_judged && !folder.is_empty() {
            self.folders.insert(folder.to_owned());
        }
        if path.ends_with("/__init__.py") {
            self.packages.insert(folder.to_owned());
        }
        if path.ends_with(".py") && (!is_standard || rule.is_some()) {
            self.sources.insert(path.to_owned(), XxHash3_128::oneshot(source));
        }
    }

    /// Notes a reason why the files of a package must be on disk.
    fn add_reason(&mut self, top: &str, text: String) {
        self.reasons.push(RealFilesReason { package: plain_name(top).to_owned(), text });
    }

    /// Notes a distribution whose C code opens files by their paths.
    pub(super) fn real_files(&mut self, name: &str) {
        self.real.insert(name.to_owned());
    }

    /// Notes an extension module at the top that C code of the distribution `by` opens by its `__file__`.
    pub(super) fn real_module(&mut self, name: &str, by: &str) {
        self.real_modules.insert(name.to_owned(), by.to_owned());
    }

    /// Notes a shared library, which may be an extension module too.
    ///
    /// ctypes wants a file, and packages look whether it is there. Nobody imports what it opens, but names do not tell:
    /// `lib_lightgbm.so` is called as an extension module may be, and those of pycryptodome even pretend to be some.
    pub(super) fn library(&mut self, origin: Origin, path: &str, digest: u128) {
        self.application_file(origin, path);
        self.libraries.insert(path.to_owned(), digest);
    }

    /// An application has no record of its files, as distributions have: all files beside its modules are its own.
    fn application_file(&mut self, origin: Origin, path: &str) {
        if origin == Origin::Application {
            self.groups.entry(top(path).to_owned()).or_insert(Group::Application);
        }
    }

    /// Notes libraries that something opens by their paths. Python code, by ctypes or cffi, gets them on disk when it opens
    /// them; else it is C code (the plug-ins of Qt), and their package lies in the cache with them.
    pub(super) fn opened_by_path<'a>(&mut self, paths: impl Iterator<Item = &'a str>) {
        for path in paths {
            let top = top(path);
            let group = self.groups.get(top);
            let is_standard = matches!(group, Some(Group::StandardLibrary(_)) | None);
            let by_python =
                self.loads_libraries.iter().any(|other| self.groups.get(other) == group);
            // auditwheel puts into these folders the libraries that extension modules need, and nothing else.
            if is_standard || by_python || top.ends_with(".libs") || is_tool(path) {
                continue;
            }
            self.has_plug_ins.insert(top.to_owned());
            self.add_reason(top, format!("`{path}` is opened by C code"));
        }
        let real =
            |group: &Group| matches!(group, Group::Distribution(name) if self.real.contains(name));
        let is_metadata = |top: &str| [".dist-info", ".libs"].iter().any(|end| top.ends_with(end));
        let tops = self.groups.iter().filter(|(top, group)| real(group) && !is_metadata(top));
        let tops: Vec<String> = tops.map(|(top, _)| top.clone()).collect();
        for top in tops {
            self.has_plug_ins.insert(top.clone());
            self.add_reason(&top, "its C code opens them, says a rule".into());
        }
        let opener = |top: &String| self.real_modules.get(plain_name(top)).cloned();
        let libraries = self.libraries.keys().filter(|path| !path.contains('/'));
        let opened: Vec<_> =
            libraries.filter_map(|top| Some((top.clone(), opener(top)?))).collect();
        for (top, by) in opened {
            self.add_reason(&top, format!("C code of `{by}` opens it, says a rule"));
            self.has_plug_ins.insert(top);
        }
    }

    /// Notes a file that is packed as data, by the digest of its contents.
    pub(super) fn file(&mut self, origin: Origin, path: &str, digest: u128) {
        if is_library_name(path) {
            return self.library(origin, path, digest);
        }
        let top = top(path);
        // Metadata is asked for by `importlib.metadata`, and not by path.
        if !is_data(path) || is_metadata(top) {
            return;
        }
        let is_useless = origin == Origin::Environment
            && is_for_developers(path)
            && self.rule(top) != Some(FileAccess::Cache);
        if is_useless {
            return;
        }
        self.application_file(origin, path);
        self.data.insert(path.to_owned(), digest);
    }

    /// The packages whose files are used and that have any, with their neighbours.
    pub(super) fn users(&self) -> Vec<FileUser> {
        let mut reasons: BTreeMap<&Group, Vec<&RealFilesReason>> = BTreeMap::new();
        for reason in &self.reasons {
            let named = self.groups.iter().filter(|(key, _)| plain_name(key) == reason.package);
            for (_, group) in named.filter(|(key, _)| self.rule(key) != Some(FileAccess::Memory)) {
                reasons.entry(group).or_default().push(reason);
            }
        }
        reasons.into_iter().flat_map(|(group, reasons)| self.users_of(group, &reasons)).collect()
    }

    /// Whether a source lies in a package, and in a folder that is none.
    fn is_no_module(&self, path: &str) -> bool {
        let folder = folder_of(path).unwrap_or_default();
        self.packages.contains(top(path)) && !self.packages.contains(folder) && !is_tool(path)
    }

    fn users_of(&self, group: &Group, reasons: &[&RealFilesReason]) -> Vec<FileUser> {
        let is_of_group = |path: &str| self.groups.get(top(path)) == Some(group);
        let is_asked = |top: &String| self.rule(top) == Some(FileAccess::Cache);
        let has_plug_ins = self.has_plug_ins.iter().any(|top| is_of_group(top))
            || self.loads_libraries.iter().any(|top| is_of_group(top) && is_asked(top));
        // Its own code looks for them there too (OpenCV reads `config.py`); always for those that are no modules of it, such as
        // Alembic's templates.
        let sources = self.sources.iter().filter(|(path, _)| {
            has_plug_ins || self.lists.contains(top(path)) || self.is_no_module(path)
        });
        let libraries = self.libraries.iter().filter(|_| has_plug_ins);
        let mut files: Vec<_> = self
            .data
            .iter()
            .chain(sources)
            .chain(libraries)
            .filter(|(path, _)| is_of_group(path))
            .collect();
        files.sort();
        if files.is_empty() {
            return Vec::new();
        }
        let filled: BTreeSet<&str> =
            files.iter().flat_map(|(path, _)| folders_above(path)).collect();
        let is_empty = |folder: &str| !filled.contains(folder);
        let folders = self.folders.iter().filter(|folder| is_of_group(folder) && is_empty(folder));
        let folders: Vec<String> = folders.map(|folder| format!("{folder}/")).collect();
        let parts = files.iter().map(|(path, digest)| (path.as_str(), **digest));
        let digest = digest_of(parts.chain(folders.iter().map(|path| (path.as_str(), 0))));
        let has_libraries = has_plug_ins && files.iter().any(|(path, _)| is_library_name(path));
        let files =
            files.into_iter().map(|(path, _)| path.clone()).chain(folders).collect::<Vec<_>>();
        let members = self
            .groups
            .iter()
            .filter(|(key, of)| *of == group && self.rule(key) != Some(FileAccess::Memory));
        members
            .map(|(key, _)| FileUser {
                key: key.clone(),
                found: reasons.iter().find(|reason| reason.package == plain_name(key)).map(
                    |reason| FileUse {
                        package: reason.package.clone(),
                        because: reason.text.clone(),
                    },
                ),
                lists: self.lists.contains(key),
                has_libraries,
                digest: digest.clone(),
                files: files.clone(),
            })
            .collect()
    }

    /// The report's line on a user; none for the standard library, and for packages that a setting names.
    pub(super) fn news(&self, user: FileUser) -> Option<FileUse> {
        let is_standard = matches!(self.groups.get(&user.key), Some(Group::StandardLibrary(_)));
        user.found.filter(|_| !is_standard)
    }
}

/// The digest of files by their paths and the digests of their contents: it names their folder of the cache.
pub(super) fn digest_of<'f>(files: impl Iterator<Item = (&'f str, u128)>) -> String {
    let mut hash = XxHash3_128::new();
    for (path, digest) in files {
        hash.write(&(path.len() as u64).to_le_bytes());
        hash.write(path.as_bytes());
        hash.write(&digest.to_le_bytes());
    }
    format!("{:032x}", hash.finish_128())
}

/// Whether a module's source calls functions that open shared libraries: it then gets them on disk.
fn opens_libraries(source: &[u8]) -> bool {
    let calls: [&[u8]; 5] = [b"CDLL(", b"PyDLL(", b"LoadLibrary(", b"dlopen(", b"cdll["];
    calls.iter().any(|call| memchr::memmem::find(source, call).is_some())
}

/// The name of a folder at the top, or of a module there, without its suffix.
fn plain_name(top: &str) -> &str {
    top.split_once('.').map_or(top, |(name, _)| name)
}

fn top(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

fn is_metadata(top: &str) -> bool {
    top.ends_with(".dist-info") || top.ends_with(".egg-info")
}

/// The archive's attributes that tell the launcher of them, and of those in the standard library's own archive of which it has
/// the files.
pub(super) fn attributes(
    users: &[FileUser],
    library: Option<&Archive>,
    has: &dyn Fn(&str) -> bool,
    more: &[ServedPackage],
) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let package = |user: &FileUser| ServedPackage {
        folder: user.key.clone(),
        digest: user.digest.clone(),
        lists: user.lists,
        has_libraries: user.has_libraries,
    };
    let mut packages: Vec<_> = users.iter().map(package).collect();
    packages.extend_from_slice(more);
    let mut attributes = BTreeMap::new();
    for FileUser { digest, files, .. } in users {
        let paths = files.iter().map(|path| ServedPath::from(path.as_str())).collect();
        attributes.extend([served_files(digest).entry(&ServedFiles { paths })]);
    }
    if let Some(library) = library
        && let Some(theirs) = file_access().read(library)?
    {
        for package in theirs.packages {
            let key = served_files(&package.digest);
            let Some(files) = key.read(library)? else { continue };
            // A package that is left out has none of its files there.
            let is_there = |path: &ServedPath| match path {
                ServedPath::Folder(_) => true,
                ServedPath::File(path) => has(path),
            };
            if !files.paths.iter().all(is_there) {
                continue;
            }
            attributes.extend([key.entry(&files)]);
            packages.push(package);
        }
    }
    if !packages.is_empty() {
        attributes.extend([file_access().entry(&ServedPackages { packages })]);
    }
    Ok(attributes)
}

/// Whether a file is neither source nor a library: those are served from the archive wherever they are said to be.
///
/// Type stubs are data: `lazy_loader` reads a package's own (scikit-image), and mypy and jedi carry the standard library's.
fn is_data(name: &str) -> bool {
    ![".py", ".pyd"].iter().any(|end| name.ends_with(end)) && !is_library_name(name)
}
