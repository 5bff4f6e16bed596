//! The next build of an application of which only modules and data have changed: all else comes from the executable of the last
//! one.
//!
//! A module may be replaced alone if everything that other parts of the archive depend on is as it was: what its text says of
//! imports and names (`source.rs`), and where it sets the start method. All other files must be as they were, by their length
//! and times; and whatever else decides what is packed, by one key. In doubt nothing is taken over.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cache::REBUILDS;
use importer_core::{Archive, MainGuard, ModuleEntry, ModuleKind, Storage, Writer};
use manifest::ServedFiles;
use mapped_libraries::{is_library_name, is_windows_library};
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

use super::compile::Compiled;
use super::compiler::Compiler;
use super::kept_code::KeptCode;
use super::packer;
use super::protocol::level_number;
use super::rules::Rules;
use super::source::{self, Facts, Questions, RunsAs, TargetSystem};
use super::tree::{Entry, EntryKind};
use super::windows_libraries;
use super::{BundleError, BundleRequest, KeyBuilder, Report, StandardLibrary};

/// The memory of the last build that wrote an executable.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    key: String,
    /// The archive's id, and the executable as it was left.
    archive: u64,
    executable: Stamp,
    /// The application's modules that may change, by their paths in the archive.
    modules: BTreeMap<String, KnownModule>,
    /// The application's data that may change, by their paths in the archive.
    #[serde(default)]
    data: BTreeMap<String, Stamp>,
    /// The application's other files, by their paths in the archive.
    files: BTreeMap<String, Stamp>,
    /// Files of distributions and of the system.
    others: Vec<(PathBuf, Stamp)>,
    /// Data of the caller, which gets it back.
    caller_data: serde_json::Value,
}

/// A module as it was packed.
#[derive(Debug, Serialize, Deserialize)]
struct KnownModule {
    source: u128,
    /// The digest of the facts in its text, but for names.
    facts: u128,
    /// The names at its top level: what is to be called must be among them, so more of them change nothing.
    names: BTreeSet<String>,
    /// The line that sets the start method of `multiprocessing`, of which the report tells.
    sets_start_method: Option<u32>,
    /// The length of source and code.
    bytes: u64,
}

/// A file that is as it was has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    length: u64,
    /// The time of change, in nanoseconds since 1970.
    modified: u128,
    /// The number of the file in its file system, and the time at which anything about it changed; 0 where there is neither.
    #[serde(default)]
    number: u64,
    #[serde(default)]
    changed: i128,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        Self::of_metadata(&fs::metadata(path).ok()?)
    }

    fn of_metadata(metadata: &fs::Metadata) -> Option<Self> {
        let modified = metadata.modified().ok()?;
        let modified = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
        #[cfg(unix)]
        let (number, changed) = {
            use std::os::unix::fs::MetadataExt as _;
            let changed = i128::from(metadata.ctime()) * 1_000_000_000;
            (metadata.ino(), changed + i128::from(metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let (number, changed) = (0, 0);
        Some(Self { length: metadata.len(), modified, number, changed })
    }
}

/// The builds of one executable.
#[derive(Debug)]
pub struct Rebuild<'r> {
    request: &'r BundleRequest<'r>,
    output: PathBuf,
    key: String,
    file: PathBuf,
    open: fn(&Path) -> Option<Archive>,
}

/// The changed files of an application.
struct Changed<'r> {
    /// The modules, with their sources.
    modules: Vec<(&'r Entry, Vec<u8>)>,
    /// The data, as they are now.
    data: Vec<(&'r Entry, Stamp)>,
}

/// An archive of which only modules and data have changed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rebuilt {
    /// The archive, ready to be written.
    pub writer: Writer,
    /// The caller's own part of the memory.
    pub caller_data: serde_json::Value,
    /// The growth of the application's sources and code, in bytes.
    pub growth: i64,
    /// The memory of this one.
    pub memory: RebuildMemory,
}

/// The memory of an archive of which modules were replaced.
#[derive(Debug)]
pub struct RebuildMemory(Memory);

impl<'r> Rebuild<'r> {
    /// Nothing, where it cannot be told what else decides about an archive. `more` are facts beside the request,
    /// and `open` opens an archive, if it is one and whole.
    pub fn new(
        request: &'r BundleRequest<'r>,
        output: &Path,
        more: &str,
        open: fn(&Path) -> Option<Archive>,
    ) -> Result<Option<Self>, BundleError> {
        let library = match request.stdlib {
            StandardLibrary::FromArchive(archive) => format!("whole {:x}", archive.id()),
            StandardLibrary::FromSources(archive) => format!("sources {:x}", archive.id()),
            StandardLibrary::Whole | StandardLibrary::Beside(_) | StandardLibrary::None => {
                return Ok(None);
            }
        };
        let (Some(cache), Some(application)) = (request.cache, request.application) else {
            return Ok(None);
        };
        // The dictionary is made from all code, so that all would have to be compressed again.
        if request.storage == Storage::Compressed {
            return Ok(None);
        }
        let Ok(output) = std::path::absolute(output) else { return Ok(None) };
        let mut key = KeyBuilder::new()
            .text("more", more)
            .text("standard library", &library)
            .text("settings", &request.settings.to_toml())
            .text("request", &described(request))
            .text("layout", &format!("{:?} {:?}", application.root(), application.layout()))
            .text("warnings", &format!("{:?}", application.warnings));
        for entry in &application.entries {
            key = key.text("entry", &format!("{:?} {:?}", entry.path, entry.kind));
        }
        for library in windows_libraries::offered(request.python)? {
            key = key.text("library", &library.display().to_string());
        }
        for file in &request.distribution_rules {
            let Ok(text) = fs::read_to_string(file) else { return Ok(None) };
            key = key.text("rules", &text);
        }
        for distribution in
            request.environment.map_or(&[][..], |environment| &environment.distributions)
        {
            let about = (
                &distribution.name,
                &distribution.version,
                &distribution.metadata,
                &distribution.requires,
                &distribution.plugs_into,
            );
            key = key.text("distribution", &format!("{about:?} {:?}", distribution.editable));
            for entry in &distribution.entries {
                key = key.text("", &entry.path);
            }
        }
        let name = KeyBuilder::new().text("output", &output.display().to_string()).finish();
        let file = cache.path().join(REBUILDS).join(name);
        Ok(Some(Self { request, output, key: key.finish(), file, open }))
    }

    /// The archive, if all of the last one but some modules can be taken over.
    pub fn rebuild(&self) -> Result<Option<Rebuilt>, BundleError> {
        let Some(memory) = self.read() else { return Ok(None) };
        let are_same = memory.key == self.key
            && Stamp::of(&self.output) == Some(memory.executable)
            && memory.others.iter().all(|(path, stamp)| Stamp::of(path) == Some(*stamp));
        if !are_same {
            return Ok(None);
        }
        let Some(changed) = self.changed(&memory) else { return Ok(None) };
        let Some(archive) = (self.open)(&self.output) else { return Ok(None) };
        // Another build may put its executable there at any time.
        let Ok(file) = fs::File::open(&self.output) else { return Ok(None) };
        let stamp = file.metadata().ok().and_then(|metadata| Stamp::of_metadata(&metadata));
        if archive.id() != memory.archive || stamp != Some(memory.executable) {
            return Ok(None);
        }
        let mut memory = memory;
        let target = self.request.python.target(self.request.optimization);
        let mut writer = packer::writer(self.request);
        let compiled = self.compile(&changed.modules)?;
        let (modules, data, rules) = (changed.modules.len(), changed.data.len(), self.rules()?);
        let mut growth = 0;
        for (entry, stamp) in changed.data {
            if writer.add_file_from(&entry.path, &entry.location).is_err() {
                return Ok(None);
            }
            let known = memory.data.insert(entry.path.clone(), stamp);
            let length = known.map_or(0, |known| known.length);
            growth += stamp.length.cast_signed() - length.cast_signed();
        }
        for ((entry, source), compiled) in changed.modules.into_iter().zip(compiled) {
            let (Some(compiled), EntryKind::Source(module)) = (compiled, &entry.kind) else {
                return Ok(None);
            };
            let Some(known) = memory.modules.get_mut(&entry.path) else { return Ok(None) };
            let found = self.facts(&rules, entry, &source);
            let has_names = found.names.is_superset(&known.names);
            if !has_names
                || facts(&found) != known.facts
                || compiled.sets_start_method != known.sets_start_method
            {
                return Ok(None);
            }
            known.names = found.names;
            let bytes = (source.len() + compiled.code.len()) as u64;
            growth += bytes.cast_signed() - known.bytes.cast_signed();
            (known.source, known.bytes) = (digest(&source), bytes);
            let mut code = [None, None, None];
            if let Some(place) = code.get_mut(usize::from(level_number(self.request.optimization)))
            {
                *place = Some(compiled.code);
            }
            let guard = if compiled.main_guard { MainGuard::Present } else { MainGuard::Absent };
            writer.add_module(ModuleEntry {
                name: module.name.clone(),
                path: entry.path.clone(),
                is_package: module.is_package,
                code,
                source: Some(source),
                extension: None,
                has_main_guard: guard,
            })?;
        }
        if archive.target() != &target || writer.add_archive_of_file(&archive, file).is_err() {
            // It is damaged, and is built anew.
            return Ok(None);
        }
        tracing::debug!(
            modules,
            data,
            "taken over from the last executable, all but so many files"
        );
        let caller_data = memory.caller_data.take();
        Ok(Some(Rebuilt { writer, caller_data, growth, memory: RebuildMemory(memory) }))
    }

    /// The modules and data that have changed; nothing if anything else has.
    fn changed(&self, memory: &Memory) -> Option<Changed<'r>> {
        let mut changed = Changed { modules: Vec::new(), data: Vec::new() };
        for entry in &self.request.application?.entries {
            if let Some(known) = memory.modules.get(&entry.path) {
                let source = fs::read(&entry.location).ok()?;
                if known.source != digest(&source) {
                    changed.modules.push((entry, source));
                }
            } else {
                let stamp = Stamp::of(&entry.location)?;
                match (memory.data.get(&entry.path), memory.files.get(&entry.path)) {
                    (Some(known), _) if *known != stamp => changed.data.push((entry, stamp)),
                    (Some(_), _) => {}
                    (None, known) if known == Some(&stamp) => {}
                    (None, _) => return None,
                }
            }
        }
        Some(changed)
    }

    fn compile(
        &self,
        changed: &[(&'r Entry, Vec<u8>)],
    ) -> Result<Vec<Option<Compiled>>, BundleError> {
        let request = self.request;
        let group = packer::application_group(request);
        let jobs: Vec<_> = changed
            .iter()
            .map(|(entry, source)| (packer::job(request, entry, source), Some(group.clone())))
            .collect();
        let mut compiler = Compiler::new(request);
        let compiled = compiler.compile(&jobs, &mut |_, _, _| {})?;
        compiler.write_kept();
        Ok(compiled.into_iter().map(Result::ok).collect())
    }

    fn rules(&self) -> Result<Rules, BundleError> {
        let distributions =
            self.request.environment.map_or(&[][..], |environment| &environment.distributions);
        Rules::read(distributions, &self.request.distribution_rules)
    }

    fn facts(&self, rules: &Rules, entry: &Entry, source: &[u8]) -> Facts {
        let request = self.request;
        let environment = request.environment;
        let none = BTreeSet::new();
        let groups = environment.map_or(&none, |environment| &environment.plug_in_groups);
        let target = TargetSystem::of(request.python);
        let questions = Questions { target: &target, groups, words: rules.words() };
        let (name, is_package) =
            entry.module().map_or(("", false), |module| (module.name.as_str(), module.is_package));
        source::read(source, name, is_package, RunsAs::Main, &questions)
    }

    /// Remembers an executable that was built just now. An application that cannot be remembered is built anew the next time.
    pub fn remember(&self, report: &Report, outside: &[PathBuf], caller_data: serde_json::Value) {
        let made = self.memory(report, outside, caller_data).ok().flatten();
        match made {
            Some(memory) => self.write(&memory),
            None => {
                let _not_there = fs::remove_file(&self.file);
            }
        }
    }

    /// Remembers one of which modules were replaced.
    pub fn remember_again(&self, mut memory: RebuildMemory, caller_data: serde_json::Value) {
        let stamp = Stamp::of(&self.output);
        let archive = (self.open)(&self.output);
        if let (Some(stamp), Some(archive)) = (stamp, archive) {
            (memory.0.executable, memory.0.archive, memory.0.caller_data) =
                (stamp, archive.id(), caller_data);
            self.write(&memory.0);
        }
    }

    fn memory(
        &self,
        report: &Report,
        outside: &[PathBuf],
        caller_data: serde_json::Value,
    ) -> Result<Option<Memory>, BundleError> {
        let Some(application) = self.request.application else { return Ok(None) };
        let Some(archive) = (self.open)(&self.output) else { return Ok(None) };
        let Some(executable) = Stamp::of(&self.output) else { return Ok(None) };
        let on_disk = on_disk(&archive)?;
        let mut kept = KeptCode::new(self.request);
        let group = packer::application_group(self.request);
        let rules = self.rules()?;
        let (mut modules, mut data, mut files) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for entry in &application.entries {
            let Some(stamp) = Stamp::of(&entry.location) else { return Ok(None) };
            let module = entry.module().map(|module| archive.module(&module.name)).transpose()?;
            let packed = module.flatten().filter(|module| {
                module.kind() == ModuleKind::Source
                    && module.path() == entry.path
                    && !on_disk.contains(&entry.path)
            });
            let Some(module) = packed else {
                // The contents of a library decide about others, and those of files in the cache about its name.
                let may_change = matches!(entry.kind, EntryKind::Data)
                    && !(is_library_name(&entry.path) || is_windows_library(&entry.path))
                    && !on_disk.contains(&entry.path)
                    && archive.file(&entry.path)?.is_some();
                let known = if may_change { &mut data } else { &mut files };
                known.insert(entry.path.clone(), stamp);
                continue;
            };
            let Ok(source) = fs::read(&entry.location) else { return Ok(None) };
            // A file that has changed since it was packed is not the one in the archive.
            if module.source()?.as_deref() != Some(source.as_slice()) {
                return Ok(None);
            }
            // One that does not compile has no answer.
            let Some(compiled) = kept.get(&group, &packer::job(self.request, entry, &source))
            else {
                files.insert(entry.path.clone(), stamp);
                continue;
            };
            let found = self.facts(&rules, entry, &source);
            let known = KnownModule {
                source: digest(&source),
                facts: facts(&found),
                names: found.names,
                sets_start_method: compiled.sets_start_method,
                bytes: (source.len() + compiled.code.len()) as u64,
            };
            modules.insert(entry.path.clone(), known);
        }
        let packages: HashSet<&str> =
            report.packages.iter().map(|package| package.name.as_str()).collect();
        let distributions =
            self.request.environment.map_or(&[][..], |environment| &environment.distributions);
        let packed = distributions
            .iter()
            .filter(|distribution| packages.contains(distribution.name.as_str()));
        let locations =
            packed.flat_map(|distribution| &distribution.entries).map(|entry| &entry.location);
        let mut others = Vec::new();
        for location in locations.chain(outside) {
            let Some(stamp) = Stamp::of(location) else { return Ok(None) };
            others.push((location.clone(), stamp));
        }
        let key = self.key.clone();
        let archive = archive.id();
        Ok(Some(Memory { key, archive, executable, modules, data, files, others, caller_data }))
    }

    fn read(&self) -> Option<Memory> {
        cache::check_private(self.file.parent()?.parent()?).ok()?;
        cache::check_private(self.file.parent()?).ok()?;
        let file = cache::open_entry(&self.file).ok()?;
        // Only so that it is not taken for unused.
        let _read_only = file.set_modified(SystemTime::now());
        serde_json::from_reader(std::io::BufReader::new(file)).ok()
    }

    fn write(&self, memory: &Memory) {
        if let Err(error) = self.try_write(memory) {
            tracing::debug!(%error, "the build is not remembered");
        }
    }

    fn try_write(&self, memory: &Memory) -> Result<(), Box<dyn std::error::Error>> {
        let cache = self.request.cache.ok_or("there is no cache")?;
        let folder = cache::private_folder(cache.path(), REBUILDS)?;
        let file =
            tempfile::Builder::new().prefix(cache::UNFINISHED_ARCHIVE).tempfile_in(folder)?;
        serde_json::to_writer(std::io::BufWriter::new(file.as_file()), memory)?;
        file.persist(&self.file)?;
        Ok(())
    }
}

/// The choices of a request that are no files.
fn described(request: &BundleRequest<'_>) -> String {
    let BundleRequest {
        entry,
        include,
        exclude,
        file_access,
        system_libraries,
        glibc_floor,
        standard_library,
        debug_symbols,
        optimization,
        purpose,
        broken,
        python,
        compile,
        ..
    } = request;
    format!(
        "{entry:?} {include:?} {exclude:?} {file_access:?} {system_libraries:?} {glibc_floor:?} {standard_library:?} \
         {debug_symbols:?} {optimization:?} {purpose:?} {broken:?} {python:?} {compile:?} {:?}",
        std::env::var_os("LD_LIBRARY_PATH")
    )
}

/// The sources that the cache holds when the application runs: their folder's name is made of their contents.
fn on_disk(archive: &Archive) -> Result<BTreeSet<String>, BundleError> {
    let mut paths = BTreeSet::new();
    for attribute in archive.attributes() {
        let (key, value) = attribute?;
        if let Some(key) = ServedFiles::key_of(&key) {
            let files = key.parse(&value)?;
            paths.extend(files.paths.iter().map(|path| path.as_str().to_owned()));
        }
    }
    Ok(paths)
}

fn digest(bytes: &[u8]) -> u128 {
    XxHash3_128::oneshot(bytes)
}

/// A digest of the facts that a module's text has, in one order.
fn facts(facts: &Facts) -> u128 {
    let mut words: Vec<&String> = facts.words.iter().collect();
    words.sort();
    let (names, none) = (BTreeSet::new(), HashSet::new());
    let ordered = Facts { words: none, names, ..facts.clone() };
    digest(format!("{words:?} {ordered:?}").as_bytes())
}
