//! Reads files, has the modules among them compiled, and puts everything into the writer.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use importer_core::{MainGuard, ModuleEntry, Writer};
use interp_config::{RunTarget, StartMethodSetting};
use manifest::ServedPackage;
use mapped_libraries::is_library_name;
use twox_hash::XxHash3_128;

use super::compile::{Compiled, Job, MainGuardQuestion};
use super::compiler::Compiler;
use super::file_users::FileUsers;
use super::item::Item;
use super::libraries::Libraries;
use super::protocol::level_number;
use super::roles::{Role, roles};
use super::source::Import;
use super::tree::{Entry, EntryKind, ModuleName};
use super::{
    Broken, BrokenModules, BundleError, BundleRequest, Origin, Part, Problem, Progress, Report,
    Warning,
};

/// The most bytes of sources that are compiled at the same time, and so are in memory.
const WINDOW: usize = 32 << 20;

/// Data of this length is read in parts.
const LARGE: u64 = 8 << 20;

/// The findings in a module's code.
#[derive(Debug)]
pub(super) struct ScannedModule {
    pub(super) origin: Origin,
    pub(super) path: String,
    pub(super) module: String,
    pub(super) imports: Vec<Import>,
    pub(super) names: BTreeSet<String>,
    /// Whether its text could be read as Python.
    pub(super) is_understood: bool,
    /// Whether it may have names that its code does not show.
    pub(super) names_known: NamesKnown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamesKnown {
    All,
    /// It makes names at run time, or takes everything from another module.
    Some,
}

/// The archive while it is being filled.
#[derive(Debug)]
pub(super) struct Packer<'r> {
    request: &'r BundleRequest<'r>,
    compiler: Compiler<'r>,
    pub(super) writer: Writer,
    pub(super) report: Report,
    /// The modules that may open files beside them.
    pub(super) file_users: FileUsers,
    /// The libraries that extension modules need.
    pub(super) libraries: Libraries,
    /// Lines about files of the system that lie in the cache when they are read.
    pub(super) served_packages: Vec<ServedPackage>,
    /// Libraries that packed code opens by their names, each with the file that does.
    pub(super) opened_libraries: BTreeMap<String, String>,
    /// Files of the system that were packed.
    pub(super) outside: Vec<PathBuf>,
    /// The bytes that each path takes.
    pub(super) bytes: HashMap<String, u64>,
    /// The modules that do not compile.
    pub(super) broken: BTreeSet<String>,
    /// Every folder in which something lies: no file may have its path.
    folders: BTreeSet<String>,
}

impl<'r> Packer<'r> {
    pub(super) fn new(request: &'r BundleRequest<'r>) -> Result<Self, BundleError> {
        Ok(Self {
            request,
            compiler: Compiler::new(request),
            writer: writer(request),
            report: Report::default(),
            file_users: FileUsers::new(&request.file_access),
            libraries: Libraries::new(request),
            served_packages: Vec::new(),
            opened_libraries: BTreeMap::new(),
            outside: Vec::new(),
            bytes: HashMap::new(),
            broken: BTreeSet::new(),
            folders: BTreeSet::new(),
        })
    }

    /// Packs these; of two with the same name or place the first wins.
    pub(super) fn pack(
        &mut self,
        mut items: Vec<Item>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), BundleError> {
        items.retain(|item| self.claim_place(&item.entry.path));
        progress(Progress::Reading { files: items.len() });
        let roles = roles(&items, &self.writer, &self.request.python.extension_suffixes);
        let mut broken = Vec::new();
        let (mut window, mut bytes) = (Vec::new(), 0);
        for (mut item, role) in items.into_iter().zip(roles) {
            // All else is read when its turn comes.
            let source = match role {
                Role::Source => Some(read(&mut item)?),
                Role::ExtensionSource | Role::Extension | Role::Data => None,
            };
            bytes += source.as_ref().map_or(0, |source| source.len());
            window.push(PendingItem { item, role, source });
            if bytes >= WINDOW {
                self.pack_window(std::mem::take(&mut window), &mut broken, progress)?;
                bytes = 0;
            }
        }
        self.pack_window(window, &mut broken, progress)?;
        self.compiler.write_kept();
        if broken.is_empty() { Ok(()) } else { Err(Problem::Broken(broken).into()) }
    }

    /// Packs files of which the sources are compiled at the same time.
    fn pack_window(
        &mut self,
        window: Vec<PendingItem>,
        broken: &mut Vec<Broken>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), BundleError> {
        let mut jobs = Vec::new();
        for PendingItem { item, source, .. } in &window {
            if let Some(source) = source {
                jobs.push((job(self.request, &item.entry, source), item.group.clone()));
            }
        }
        let answers = self.compiler.compile(&jobs, &mut |job, done, total| {
            progress(Progress::Compiling { done, total, path: job.path });
        })?;
        drop(jobs);
        let mut answers = answers.into_iter();
        for PendingItem { mut item, role, source } in window {
            let answer = source.as_ref().and_then(|_| answers.next());
            match (role, source, answer) {
                (Role::Source, Some(source), Some(answer)) => {
                    let error = self.add_compiled(&item, source.into_owned(), answer)?;
                    broken.extend(error);
                }
                (Role::ExtensionSource, _, _) => {
                    // It never runs, so it is not compiled.
                    let contents = read(&mut item)?.into_owned();
                    self.file_users.module(item.origin, &item.entry.path, &contents);
                    self.add_data_bytes(&item, contents)?;
                }
                (Role::Extension, _, _) => {
                    let contents = read(&mut item)?.into_owned();
                    self.add_extension(&item, contents)?;
                }
                _data => self.add_data(&mut item)?,
            }
        }
        Ok(())
    }

    /// Adds a source with the result of its compilation; gives the error that is to end the build, once all are known.
    fn add_compiled(
        &mut self,
        item: &Item,
        source: Vec<u8>,
        answer: Result<Compiled, Broken>,
    ) -> Result<Option<Broken>, BundleError> {
        let EntryKind::Source(module) = &item.entry.kind else { return Ok(None) };
        match answer {
            Ok(compiled) => {
                self.file_users.module(item.origin, &item.entry.path, &source);
                self.note_start_method(item, &compiled);
                self.add_source(item, module, source, compiled)?;
                Ok(None)
            }
            Err(error) => {
                self.add_broken(item, module, source)?;
                let is_refused = item.origin == Origin::Application
                    && self.request.broken == BrokenModules::Refuse;
                if is_refused {
                    return Ok(Some(error));
                }
                self.report.warnings.push(Warning::Broken(error));
                Ok(None)
            }
        }
    }

    /// Compiles a text that is not packed, to find its mistakes.
    pub(super) fn compile_only(&mut self, name: &str, source: &str) -> Result<(), BundleError> {
        self.compiler.compile_only(name, source)
    }

    /// Whether nothing has that path, or a folder's or file's place in it, yet.
    fn claim_place(&mut self, path: &str) -> bool {
        let above = || path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        let is_taken = self.writer.contains_file(path) || self.folders.contains(path);
        if is_taken || above().any(|folder| self.writer.contains_file(folder)) {
            // The same relative path twice is a namespace package's business, or one file of two distributions.
            return false;
        }
        self.folders.extend(above().map(str::to_owned));
        true
    }

    fn add_source(
        &mut self,
        item: &Item,
        module: &ModuleName,
        source: Vec<u8>,
        compiled: Compiled,
    ) -> Result<(), BundleError> {
        let part = self.part(item.origin);
        part.modules += 1;
        part.source_bytes += source.len() as u64;
        part.code_bytes += compiled.code.len() as u64;
        let bytes = source.len() + compiled.code.len();
        self.bytes.insert(item.entry.path.clone(), bytes as u64);
        let mut code = [None, None, None];
        if let Some(place) = code.get_mut(usize::from(level_number(self.request.optimization))) {
            *place = Some(compiled.code);
        }
        Ok(self.writer.add_module(ModuleEntry {
            name: module.name.clone(),
            path: item.entry.path.clone(),
            is_package: module.is_package,
            code,
            source: Some(source),
            extension: None,
            has_main_guard: if compiled.main_guard {
                MainGuard::Present
            } else {
                MainGuard::Absent
            },
        })?)
    }

    /// Adds a module without code: an import of it compiles its source, and gives the error that Python gives.
    fn add_broken(
        &mut self,
        item: &Item,
        module: &ModuleName,
        source: Vec<u8>,
    ) -> Result<(), BundleError> {
        self.file_users.module(item.origin, &item.entry.path, &source);
        self.broken.insert(item.entry.path.clone());
        let part = self.part(item.origin);
        part.modules += 1;
        part.source_bytes += source.len() as u64;
        Ok(self.writer.add_module(ModuleEntry {
            name: module.name.clone(),
            path: item.entry.path.clone(),
            is_package: module.is_package,
            source: Some(source),
            ..ModuleEntry::default()
        })?)
    }

    fn add_extension(&mut self, item: &Item, mut library: Vec<u8>) -> Result<(), BundleError> {
        let EntryKind::Extension(module) = &item.entry.kind else { return Ok(()) };
        self.file_users.module(item.origin, &item.entry.path, &[]);
        self.libraries.extension(&item.entry.path, Some(&item.entry.location), &mut library);
        self.report.needs.add(&item.entry.path, &library);
        let digest = XxHash3_128::oneshot(&library);
        self.file_users.library(item.origin, &item.entry.path, digest);
        let part = self.part(item.origin);
        part.extensions += 1;
        part.extension_bytes += library.len() as u64;
        self.bytes.insert(item.entry.path.clone(), library.len() as u64);
        Ok(self.writer.add_module(ModuleEntry {
            name: module.name.clone(),
            path: item.entry.path.clone(),
            is_package: module.is_package,
            extension: Some(library),
            ..ModuleEntry::default()
        })?)
    }

    fn add_data(&mut self, item: &mut Item) -> Result<(), BundleError> {
        let (path, location) = (&item.entry.path, &item.entry.location);
        if item.contents.is_none() && !is_library_name(path) {
            let length = location.metadata().map_err(BundleError::io("read", location))?.len();
            // Whatever is large and no library is never in memory as a whole.
            if length >= LARGE {
                let digest = self.writer.add_file_from(path, location)?;
                self.note_data(item, length, digest);
                return Ok(());
            }
        }
        let contents = read(item)?.into_owned();
        self.add_data_bytes(item, contents)
    }

    fn add_data_bytes(&mut self, item: &Item, mut contents: Vec<u8>) -> Result<(), BundleError> {
        let location = Some(item.entry.location.as_path());
        let is_library = self.libraries.library(&item.entry.path, location, &mut contents);
        self.note_data(item, contents.len() as u64, XxHash3_128::oneshot(&contents));
        if is_library {
            self.report.needs.add(&item.entry.path, &contents);
            self.writer.add_library(&item.entry.path, contents)?;
        } else {
            self.writer.add_file(&item.entry.path, contents)?;
        }
        Ok(())
    }

    fn note_data(&mut self, item: &Item, length: u64, digest: u128) {
        self.file_users.file(item.origin, &item.entry.path, digest);
        let part = self.part(item.origin);
        part.files += 1;
        part.file_bytes += length;
        self.bytes.insert(item.entry.path.clone(), length);
    }

    /// The method is set when `multiprocessing` is imported, and a second call is an error.
    fn note_start_method(&mut self, item: &Item, compiled: &Compiled) {
        let setting = self.request.settings.interpreter.multiprocessing_start_method;
        if let Some(line) = compiled.sets_start_method
            && item.origin == Origin::Application
            && setting != StartMethodSetting::None
        {
            let file = item.entry.path.clone();
            self.report.warnings.push(Warning::SetsStartMethod { file, line });
        }
    }

    fn part(&mut self, origin: Origin) -> &mut Part {
        self.report.parts.entry(origin).or_default()
    }
}

/// Whether a module may be run as the program, so that its main guard matters.
fn is_main(request: &BundleRequest<'_>, name: &str) -> bool {
    let run = match &request.settings.interpreter.run {
        RunTarget::Module(run) => run == name,
        RunTarget::Script(_)
        | RunTarget::EntryPoint(_)
        | RunTarget::Code(_)
        | RunTarget::Repl
        | RunTarget::Auto => false,
    };
    run || name == "__main__" || name.ends_with(".__main__")
}

/// A module to be compiled.
pub(super) fn job<'j>(request: &BundleRequest<'_>, entry: &'j Entry, source: &'j [u8]) -> Job<'j> {
    let name = entry.module().map_or("", |module| module.name.as_str());
    let guard =
        if is_main(request, name) { MainGuardQuestion::Asked } else { MainGuardQuestion::NotAsked };
    Job { path: &entry.path, location: &entry.location, source, guard }
}

/// The group of the application's modules in the cache of compiled modules.
pub(super) fn application_group(request: &BundleRequest<'_>) -> Rc<str> {
    let root = request.application.map(|application| application.root().display().to_string());
    // Without an application no module is of this group.
    format!("the application {}", root.unwrap_or_default()).into()
}

/// An archive without anything in it.
pub(super) fn writer(request: &BundleRequest<'_>) -> Writer {
    let target = request.python.target(request.optimization);
    let writer = Writer::new(target).with_storage(request.storage);
    match &request.waiting_room {
        Some(folder) => writer.with_waiting_room(folder),
        None => writer,
    }
}

/// A file on its way, with its text if it is to be compiled.
struct PendingItem {
    item: Item,
    role: Role,
    source: Option<Cow<'static, [u8]>>,
}

fn read(item: &mut Item) -> Result<Cow<'static, [u8]>, BundleError> {
    match item.contents.take() {
        Some(contents) => Ok(contents),
        None => fs::read(&item.entry.location)
            .map(Cow::Owned)
            .map_err(BundleError::io("read", &item.entry.location)),
    }
}
