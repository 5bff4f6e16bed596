//! Packages that open files next to their `__file__`, or look for them there, found by the names that their code uses.

use std::collections::{BTreeMap, BTreeSet};

use importer_core::Archive;
use interp_config::{FileAccess, FileAccessRule};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::pattern::Pattern;
use super::{BundleError, Origin};
use crate::file_access::{ATTRIBUTE, FILES_PREFIX, LISTS, is_data};

/// Who uses `__file__`, and which files could be meant.
#[derive(Debug)]
pub(super) struct FileUsers {
    /// What is not to be judged by its code.
    rules: Vec<(Pattern, FileAccess)>,
    /// The names at the top of the archive, folders and modules, by what they belong to.
    groups: BTreeMap<String, Group>,
    /// Those below which a module's code uses `__file__` or `__path__`.
    users: BTreeMap<String, OwnPath>,
    /// Each file that is no module, with the digest of its contents.
    data: BTreeMap<String, u128>,
    /// Each module's source that may have to lie beside them, likewise.
    sources: BTreeMap<String, u128>,
}

/// What a module does with the place where it lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OwnPath {
    /// Nothing.
    #[default]
    Unused,
    /// It may open files that lie beside it.
    Opens,
    /// It may look for what lies beside it, its neighbours' sources among them.
    Lists,
}

/// What is served from one folder: a module may find a file of its neighbour, and a compiled module its own place, by
/// the `__file__` of another module of the same distribution (mypyc's share one library).
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
    /// Whether its own code asks for it, and not only that of a neighbour.
    pub(super) asks: Asks,
    /// Whether it looks into its folders, and takes what it finds for modules.
    lists: bool,
    /// Names the folder of the cache: what all the files together are.
    digest: String,
    /// The files' paths.
    files: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    Itself,
    ByNeighbour,
}

impl FileUsers {
    pub(super) fn new(rules: &[FileAccessRule]) -> Self {
        let rules = rules.iter().map(|rule| (Pattern::new(&rule.package), rule.access)).collect();
        Self {
            rules,
            groups: BTreeMap::new(),
            users: BTreeMap::new(),
            data: BTreeMap::new(),
            sources: BTreeMap::new(),
        }
    }

    /// What a rule says of a name at the top, if one does.
    fn rule(&self, top: &str) -> Option<FileAccess> {
        let name = top.strip_suffix(".py").unwrap_or(top);
        self.rules.iter().find(|(pattern, _)| pattern.matches(name)).map(|(_, access)| *access)
    }

    /// The rules' packages of which nothing is packed.
    pub(super) fn unused_rules(&self) -> impl Iterator<Item = String> {
        let unused = self.rules.iter().filter(|(pattern, _)| !pattern.was_hit());
        unused.map(|(pattern, _)| pattern.text().to_owned())
    }

    /// Notes that what lies below the first part of `path` belongs to a distribution.
    pub(super) fn distribution(&mut self, path: &str, name: &str) {
        // Of a namespace package that several distributions fill, the first one speaks for all.
        self.groups
            .entry(top(path).to_owned())
            .or_insert_with(|| Group::Distribution(name.to_owned()));
    }

    /// Notes a module, what its code does with the place where it lies, and its source.
    pub(super) fn module(&mut self, origin: Origin, path: &str, own_path: OwnPath, source: &[u8]) {
        let top = top(path);
        let rule = self.rule(top);
        self.groups.entry(top.to_owned()).or_insert_with(|| match origin {
            Origin::Application => Group::Application,
            // Those that a rule is for share one folder, and one entry of `sys.path`.
            Origin::StandardLibrary | Origin::Support if rule == Some(FileAccess::Cache) => {
                Group::StandardLibrary(String::new())
            }
            Origin::StandardLibrary | Origin::Support => Group::StandardLibrary(top.to_owned()),
            Origin::Environment => Group::Distribution(top.to_owned()),
        });
        let is_standard = matches!(origin, Origin::StandardLibrary | Origin::Support);
        // The standard library looks into folders of its own in its tests and in IDLE; and a package's tests, or what
        // runs them, only where it is developed.
        let is_test = path.split('/').any(|part| matches!(part, "tests" | "test" | "conftest.py"));
        let own_path = match rule {
            Some(FileAccess::Memory) => OwnPath::Unused,
            Some(FileAccess::Cache) => OwnPath::Lists,
            None if is_standard || is_test => own_path.min(OwnPath::Opens),
            None => own_path,
        };
        if own_path != OwnPath::Unused {
            let known = self.users.entry(top.to_owned()).or_default();
            *known = own_path.max(*known);
        }
        if path.ends_with(".py") && (!is_standard || rule.is_some()) {
            self.sources.insert(path.to_owned(), xxh3_128(source));
        }
    }

    /// Notes a file that is packed as data.
    pub(super) fn file(&mut self, origin: Origin, path: &str, contents: &[u8]) {
        let top = top(path);
        // Metadata is asked for by `importlib.metadata`, and not by path.
        if !is_data(path) || top.ends_with(".dist-info") {
            return;
        }
        if origin == Origin::Application {
            self.groups.entry(top.to_owned()).or_insert(Group::Application);
        }
        self.data.insert(path.to_owned(), xxh3_128(contents));
    }

    /// The packages that use `__file__` and have files for it, with their neighbours.
    pub(super) fn users(&self) -> Vec<FileUser> {
        let groups: BTreeSet<&Group> =
            self.users.keys().filter_map(|user| self.groups.get(user)).collect();
        groups.into_iter().flat_map(|group| self.users_of(group)).collect()
    }

    fn users_of(&self, group: &Group) -> Vec<FileUser> {
        let lists = |top: &str| self.users.get(top) == Some(&OwnPath::Lists);
        // Of a package that looks into its folders the sources are there too, to be found.
        let sources = self.sources.iter().filter(|(path, _)| lists(top(path)));
        let mut files: Vec<_> = self
            .data
            .iter()
            .chain(sources)
            .filter(|(path, _)| self.groups.get(top(path)) == Some(group))
            .collect();
        files.sort();
        if files.is_empty() {
            return Vec::new();
        }
        let mut hash = Xxh3::new();
        for (path, digest) in &files {
            hash.update(&(path.len() as u64).to_le_bytes());
            hash.update(path.as_bytes());
            hash.update(&digest.to_le_bytes());
        }
        let digest = format!("{:032x}", hash.digest128());
        let files: Vec<String> = files.into_iter().map(|(path, _)| path.clone()).collect();
        let members = self
            .groups
            .iter()
            .filter(|(key, of)| *of == group && self.rule(key) != Some(FileAccess::Memory));
        members
            .map(|(key, _)| FileUser {
                key: key.clone(),
                asks: if self.users.contains_key(key) { Asks::Itself } else { Asks::ByNeighbour },
                lists: lists(key),
                digest: digest.clone(),
                files: files.clone(),
            })
            .collect()
    }

    /// Whether a user is the application's or the environment's: the standard library's are no news.
    pub(super) fn is_news(&self, user: &FileUser) -> bool {
        user.asks == Asks::Itself
            && !matches!(self.groups.get(&user.key), Some(Group::StandardLibrary(_)))
    }
}

fn top(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// The archive's attributes that tell the launcher of them, and of those in the standard library's own archive.
pub(super) fn attributes(
    users: &[FileUser],
    library: Option<&Archive>,
) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let line = |user: &FileUser| {
        let lists = if user.lists { format!("\t{LISTS}") } else { String::new() };
        format!("{}\t{}{lists}\n", user.key, user.digest)
    };
    let mut list: String = users.iter().map(line).collect();
    let mut attributes: BTreeMap<String, Vec<u8>> = users
        .iter()
        .map(|user| (format!("{FILES_PREFIX}{}", user.digest), user.files.join("\n").into_bytes()))
        .collect();
    if let Some(library) = library
        && let Some(lines) = library.attribute(ATTRIBUTE)?
    {
        let lines = String::from_utf8_lossy(&lines).into_owned();
        for digest in lines.lines().filter_map(|line| line.split('\t').nth(1)) {
            let key = format!("{FILES_PREFIX}{digest}");
            if let Some(files) = library.attribute(&key)? {
                attributes.insert(key, files);
            }
        }
        list.push_str(&lines);
    }
    if !list.is_empty() {
        attributes.insert(ATTRIBUTE.to_owned(), list.into_bytes());
    }
    Ok(attributes)
}
