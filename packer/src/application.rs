//! The application: a folder, a package, or a script with the modules beside it that it imports.

mod beside;

use std::fs;
use std::path::{Path, PathBuf};

use interp_config::{EntryPoint, RunTarget};

use self::beside::Beside;
use super::real_path::real_path;
use super::tree::{Entry, EntryKind, ModuleName, Tree};
use super::{BundleError, Problem, PythonInstallation, Warning};

/// The user's own program, its files found but not yet read.
#[derive(Clone, Debug)]
pub struct Application {
    root: PathBuf,
    layout: Layout,
    pub(super) entries: Vec<Entry>,
    pub(super) warnings: Vec<Warning>,
}

/// The shape of an application, which gives its modules their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One file, which is `__main__`; modules beside it are at the top level, as `python SCRIPT` has them.
    Script,
    /// The folder's contents are at the top level, as `python FOLDER` has them.
    Folder,
    /// The folder itself is a package, as `python -m NAME` has it.
    Package(String),
}

impl Application {
    /// Finds the files of the application at `path`.
    ///
    /// `python` is the one that will run them. `entry` decides in doubt whether a folder is a package. `ignore` names files and folders that are no part of
    /// the application although they lie in it, such as the executable about to be written.
    pub fn read(
        path: &Path,
        entry: Option<&EntryPoint>,
        python: &PythonInstallation,
        ignore: &[&Path],
    ) -> Result<Self, BundleError> {
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                BundleError::from(Problem::NoApplication(path.to_owned()))
            }
            _other => BundleError::io("read the application", path)(error),
        })?;
        let root = real_path(path).map_err(BundleError::io("read the application", path))?;
        let ignored: Vec<PathBuf> = ignore.iter().filter_map(|path| real_path(path).ok()).collect();
        let skip = |found: &walkdir::DirEntry| ignored.iter().any(|path| path == found.path());
        if metadata.is_file() {
            return Self::script(path, root, python, skip);
        }
        let layout = folder_layout(&root, entry)?;
        let prefix = match &layout {
            Layout::Package(name) => format!("{name}/"),
            Layout::Folder | Layout::Script => String::new(),
        };
        let tree = Tree::read(&root, &prefix, &python.extension_suffixes, skip)?;
        Ok(Self { root, layout, entries: tree.entries, warnings: tree.warnings })
    }

    /// Adds a file, or a folder with all that is in it, as data at that path in the archive; at the top under its own name without
    /// one.
    pub fn add_data(
        &mut self,
        from: &Path,
        to: Option<&str>,
        extension_suffixes: &[String],
    ) -> Result<(), BundleError> {
        let location = real_path(from).map_err(BundleError::io("read the data", from))?;
        let own_name = location.file_name().and_then(|name| name.to_str());
        // The root folder has no name, and some names are not UTF-8: the empty target is refused.
        let target = to.or(own_name).unwrap_or_default().trim_end_matches('/');
        let is_inside =
            !target.is_empty() && target.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_inside {
            return Err(Problem::DataTarget(target.to_owned()).into());
        }
        if location.is_dir() {
            let prefix = format!("{target}/");
            let tree = Tree::read(&location, &prefix, extension_suffixes, |_| false)?;
            self.warnings.extend(tree.warnings);
            let entries = tree.entries.into_iter();
            self.entries.extend(entries.map(|entry| Entry { kind: EntryKind::Data, ..entry }));
        } else {
            let path = target.to_owned();
            self.entries.push(Entry { path, location, kind: EntryKind::Data });
        }
        Ok(())
    }

    /// A script is a module under its own name too, or hides behind a package of that name beside it, as under `python`.
    fn script(
        given: &Path,
        root: PathBuf,
        python: &PythonInstallation,
        skip: impl Fn(&walkdir::DirEntry) -> bool,
    ) -> Result<Self, BundleError> {
        let name = root.file_name().and_then(|name| name.to_str());
        let Some(name) = name.filter(|name| name.ends_with(".py") || name.ends_with(".pyw")) else {
            return Err(Problem::NotAnApplication(given.to_owned()).into());
        };
        // The path keeps the file's own name: it is what tracebacks show.
        let module = ModuleName { name: "__main__".to_owned(), is_package: false };
        let entry = Entry {
            path: name.to_owned(),
            location: root.clone(),
            kind: EntryKind::Source(module),
        };
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
        let beside = root.with_file_name(&stem);
        let (mut entries, mut warnings) = (vec![entry.clone()], Vec::new());
        if beside.join("__init__.py").is_file() {
            let package =
                Tree::read(&beside, &format!("{stem}/"), &python.extension_suffixes, &skip)?;
            entries.extend(package.entries);
            warnings = package.warnings;
        } else if stem != "__main__"
            && let Some(module) = ModuleName::of_path(&stem)
        {
            entries.push(Entry { kind: EntryKind::Source(module), ..entry });
        }
        if let Some(folder) = root.parent() {
            let mut beside = Beside::new(folder, python, skip);
            beside.follow(&entries)?;
            let (found, remarks) = beside.finish();
            entries.extend(found);
            warnings.extend(remarks);
        }
        Ok(Self { root, layout: Layout::Script, entries, warnings })
    }

    /// Its folder or file.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The shape that gives its modules their names.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Its run target when no entry point is named: its `__main__`, if it has one.
    pub fn run_target(&self) -> Option<RunTarget> {
        let (main, target) = match &self.layout {
            Layout::Script | Layout::Folder => ("__main__".to_owned(), "__main__".to_owned()),
            Layout::Package(name) => (format!("{name}.__main__"), name.clone()),
        };
        let has_main =
            self.entries.iter().filter_map(Entry::module).any(|module| module.name == main);
        has_main.then_some(RunTarget::Module(target))
    }
}

fn folder_layout(root: &Path, entry: Option<&EntryPoint>) -> Result<Layout, BundleError> {
    let has_main = root.join("__main__.py").is_file();
    let name = root.file_name().and_then(|name| name.to_str()).filter(|name| !name.contains('.'));
    let package = name.filter(|_| root.join("__init__.py").is_file()).map(str::to_owned);
    match (package, entry) {
        (Some(name), Some(entry)) if super::tree::first_part(&entry.module) == name => {
            Ok(Layout::Package(name))
        }
        (Some(name), None) if !has_main || runs_as_package(root, &name)? => {
            Ok(Layout::Package(name))
        }
        (Some(_) | None, Some(_)) => Ok(Layout::Folder),
        (Some(_), None) => Ok(Layout::Folder),
        (None, None) if has_main => Ok(Layout::Folder),
        (None, None) => Err(nothing_to_run(root).into()),
    }
}

/// Names of scripts that begin an application, the likeliest first.
const SCRIPT_NAMES: &[&str] = &["main.py", "app.py", "run.py", "cli.py", "manage.py"];

/// The error for a folder without a beginning, which names its script if there is a likely one.
fn nothing_to_run(root: &Path) -> Problem {
    let known = SCRIPT_NAMES.iter().map(|name| root.join(name)).find(|path| path.is_file());
    let only = || {
        let files = fs::read_dir(root).ok()?.filter_map(|file| Some(file.ok()?.path()));
        let mut scripts =
            files.filter(|file| file.extension().is_some_and(|ending| ending == "py"));
        let first = scripts.next()?;
        scripts.next().is_none().then_some(first)
    };
    match known.or_else(only) {
        Some(script) => Problem::OnlyAScript { folder: root.to_owned(), script },
        None => Problem::NothingToRun(root.to_owned()),
    }
}

/// A folder with both `__init__.py` and `__main__.py` may be meant for `python FOLDER` or for `python -m FOLDER`.
/// Its `__main__` works in only one of them when it imports from its own package.
fn runs_as_package(root: &Path, name: &str) -> Result<bool, BundleError> {
    let main = root.join("__main__.py");
    let source = fs::read(&main).map_err(BundleError::io("read", &main))?;
    let source = String::from_utf8_lossy(&source);
    Ok(source.lines().any(|line| {
        let mut words = line.split_whitespace();
        let (statement, module) = (words.next(), words.next().unwrap_or_default());
        matches!(statement, Some("from" | "import"))
            && (module.starts_with('.')
                || super::tree::first_part(module.trim_end_matches([',', ';'])) == name)
    }))
}
