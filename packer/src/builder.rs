//! The order of the work: first all that is needed is found, then it is compiled and packed, and then checked.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::rc::Rc;

use interp_config::RunTarget;
#[cfg(target_os = "linux")]
use manifest::system_name;
use manifest::{PYTHON, TRACE};

use super::distribution::Distribution;
use super::item::Item;
use super::metadata::record_of_the_archive;
use super::packer::{self, Packer};
use super::pattern::Pattern;
use super::reach::{self, Reached};
use super::source::{self, Import, Questions, RunsAs, TargetSystem};
use super::standard_needs::{self, StandardModules};
use super::stdlib::is_standard;
#[cfg(target_os = "linux")]
use super::system_data;
#[cfg(target_os = "linux")]
use super::system_libraries::{self, SystemLibraryFile};
use super::tree::{Entry, EntryKind, ModuleName, first_part};
use super::{
    Bundle, BundleError, BundleRequest, Layout, Origin, Package, Progress, Purpose,
    StandardLibrary, StandardLibraryPart, Warning, checks, file_users, not_packed, stdlib,
    stdlib_archive, windows_libraries,
};

pub(super) fn build(
    request: &BundleRequest<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Bundle, BundleError> {
    let include = Pattern::all(&request.include);
    let exclude = Pattern::all(&request.exclude);
    stdlib::check_essential(&exclude)?;
    let mut warnings = Vec::new();
    let own = own_items(request, &exclude, &mut warnings);
    let own_names = top_level_names(&own);
    let mut standard: Vec<Item> = match request.stdlib {
        StandardLibrary::Whole => stdlib::read(request.python, &include, &exclude, &mut warnings)?
            .into_iter()
            .map(|entry| Item {
                origin: Origin::StandardLibrary,
                entry,
                group: Some(Rc::from("the standard library")),
                contents: None,
            })
            .collect(),
        StandardLibrary::FromSources(archive) => stdlib_archive::items(archive, &exclude)?,
        StandardLibrary::FromArchive(_) | StandardLibrary::Beside(_) | StandardLibrary::None => {
            Vec::new()
        }
    };
    warnings.extend(shadowing(request, &own));

    let mut packer = Packer::new(request)?;
    packer.report.warnings = warnings;
    let beginnings = named_modules(request, &mut packer)?;
    let reason_for_all = standard_needs::reason_for_all(request);
    let modules = match &reason_for_all {
        Some(_) => StandardModules::default(),
        None => {
            let support = own.iter().filter(|item| item.origin == Origin::Support);
            StandardModules::new(request.stdlib, standard.iter().chain(support))?
        }
    };
    let reached = reach::reach(request, &modules, &beginnings, &include, &exclude)?;
    let kept = KeptModules::of(&reached);
    // The parts left out of a copied archive are the same as if it was packed from its files.
    let stdlib = match request.stdlib {
        StandardLibrary::FromArchive(archive) if kept.is_some() => {
            standard = stdlib_archive::files(archive, &exclude)?;
            StandardLibrary::FromSources(archive)
        }
        other => other,
    };
    packer.report.standard_library = match (reason_for_all, stdlib) {
        (Some(_), StandardLibrary::Beside(_) | StandardLibrary::None) => {
            StandardLibraryPart::Elsewhere
        }
        (Some(reason), _) => StandardLibraryPart::All(reason),
        (None, _) => reached.standard.clone(),
    };
    let standard = standard.into_iter().filter(|item| {
        let is_kept = kept.as_ref().is_none_or(|kept| kept.keeps(&item.entry));
        is_kept && !is_hidden(&item.entry, &own_names)
    });
    let installed = installed_items(request, &reached, &own_names, &mut packer)?;
    let items = own.into_iter().chain(standard).chain(installed);
    packer.pack(items.collect(), progress)?;
    report_reached(request, &reached, &mut packer)?;
    checks::included(request, &include, &packer)?;
    match (request.stdlib, &kept) {
        (StandardLibrary::FromArchive(archive), None) => {
            stdlib_archive::copy(archive, &mut packer, &exclude, &own_names)?;
            packer.report.needs.add_copied(archive, &packer.writer)?;
            for name in reached.real_modules.keys() {
                stdlib_archive::note_library(archive, name, &mut packer)?;
            }
        }
        (StandardLibrary::FromArchive(archive), Some(kept)) => {
            stdlib_archive::copy_modules(archive, &mut packer, |name| {
                kept.keeps_module(name) && !own_names.contains(first_part(name))
            })?;
        }
        _packed => {}
    }
    checks::entries(request, &packer, &reached.scanned)?;
    let not_packed = not_packed::warnings(request, &packer, &reached.scanned, &exclude);
    packer.report.warnings.extend(not_packed);
    let unused = exclude.iter().filter(|pattern| !pattern.was_hit());
    packer
        .report
        .warnings
        .extend(unused.map(|pattern| Warning::ExcludeUnused(pattern.text().to_owned())));
    let unused =
        packer.file_users.unused_rules().map(Warning::FileAccessUnused).collect::<Vec<_>>();
    packer.report.warnings.extend(unused);
    packer.file_users.opened_by_path(packer.libraries.opened_by_path());
    let file_users = packer.file_users.users();
    if request.python.is_for_windows() {
        windows_libraries::pack(request, stdlib, &mut packer)?;
    } else {
        pack_system_libraries(request, stdlib, &mut packer)?;
    }
    let more = &packer.served_packages;
    let has = |path: &str| packer.writer.contains_file(path);
    for (key, value) in file_users::attributes(&file_users, request.stdlib.copied(), &has, more)? {
        packer.writer.set_attribute(&key, value)?;
    }
    for (key, value) in packer.libraries.attributes(request.storage) {
        packer.writer.set_attribute(&key, value)?;
    }
    packer.report.file_users =
        file_users.into_iter().filter_map(|user| packer.file_users.news(user)).collect();
    // Two names at the top, such as `numpy` and `numpy.libs`, are one package.
    packer.report.file_users.dedup();
    let (attribute, value) = match request.purpose {
        Purpose::Application => manifest::configuration_entry(&request.settings),
        Purpose::StandardLibrary => (PYTHON.to_owned(), request.python.description().into_bytes()),
    };
    packer.writer.set_attribute(&attribute, value)?;
    if request.purpose == Purpose::Application {
        packer.writer.set_attribute(TRACE, reached.trace.pack())?;
    }
    let (attribute, value) = manifest::version().entry(&manifest::VERSION);
    packer.writer.set_attribute(&attribute, value)?;
    Ok(Bundle { writer: packer.writer, report: packer.report, outside: packer.outside })
}

/// Packs the libraries of this machine's system that the packed ones need.
#[cfg(target_os = "linux")]
fn pack_system_libraries(
    request: &BundleRequest<'_>,
    stdlib: StandardLibrary<'_>,
    packer: &mut Packer<'_>,
) -> Result<(), BundleError> {
    let (asked, opened) = (&request.system_libraries, &packer.opened_libraries);
    let found = system_libraries::collect(&mut packer.libraries, asked, opened, stdlib)?;
    let mut readers = Vec::new();
    for SystemLibraryFile { path, location, contents } in found.files {
        // Libraries of a copied archive have the files that they read beside them there.
        packer.outside.extend(location.clone().filter(|_| contents.is_some()));
        if contents.is_some()
            && let Some(name) = system_name(&path)
        {
            readers.push((name.to_owned(), location));
        }
        let Some(contents) = contents.filter(|_| !packer.writer.contains_file(&path)) else {
            continue;
        };
        packer.report.needs.add(&path, &contents);
        let part = packer.report.parts.entry(Origin::System).or_default();
        part.files += 1;
        part.file_bytes += contents.len() as u64;
        packer.writer.add_library(&path, contents)?;
    }
    for (key, value) in found.attributes {
        packer.writer.set_attribute(&key, value)?;
    }
    pack_system_data(stdlib, packer, &readers)?;
    let missing = found.missing.into_iter();
    let missing = missing.map(|(name, file)| Warning::LibraryMissing { name, file });
    packer.report.warnings.extend(missing);
    Ok(())
}

/// Packs the files of this machine's system that those libraries read.
#[cfg(target_os = "linux")]
fn pack_system_data(
    stdlib: StandardLibrary<'_>,
    packer: &mut Packer<'_>,
    readers: &[(String, Option<PathBuf>)],
) -> Result<(), BundleError> {
    let found = system_data::collect(readers, stdlib.sources())?;
    packer.outside.extend(found.locations);
    for (path, contents) in found.files {
        let part = packer.report.parts.entry(Origin::System).or_default();
        part.files += 1;
        part.file_bytes += contents.len() as u64;
        packer.writer.add_file(&path, contents)?;
    }
    for (key, value) in found.attributes {
        packer.writer.set_attribute(&key, value)?;
    }
    packer.served_packages.extend(found.packages);
    Ok(())
}

/// On other systems, libraries are not followed.
#[cfg(not(target_os = "linux"))]
fn pack_system_libraries(
    _request: &BundleRequest<'_>,
    _stdlib: StandardLibrary<'_>,
    _packer: &mut Packer<'_>,
) -> Result<(), BundleError> {
    Ok(())
}

/// The modules of the standard library that are packed, where not all are.
struct KeptModules<'r> {
    names: &'r HashSet<String>,
    /// The first names among them.
    tops: HashSet<&'r str>,
}

impl<'r> KeptModules<'r> {
    fn of(reached: &'r Reached) -> Option<Self> {
        let StandardLibraryPart::Reached { .. } = reached.standard else { return None };
        let names = &reached.standard_names;
        Some(Self { names, tops: names.iter().map(|name| first_part(name)).collect() })
    }

    fn keeps_module(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether a file is kept: a module by its name, data with the package that it lies in.
    fn keeps(&self, entry: &Entry) -> bool {
        match (entry.module(), entry.path.split_once('/')) {
            (Some(module), _) => self.keeps_module(&module.name),
            (None, Some((top, _))) => self.tops.contains(top),
            (None, None) => true,
        }
    }
}

/// The module of a script.
const MAIN: &str = "__main__";

/// The application's files and the builder's own modules.
fn own_items(
    request: &BundleRequest<'_>,
    exclude: &[Pattern],
    warnings: &mut Vec<Warning>,
) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(application) = request.application {
        warnings.extend(application.warnings.iter().cloned());
        let group = packer::application_group(request);
        // A script may be called as a module of the standard library is, which then is what its imports mean.
        let is_called_so = |entry: &Entry| {
            let first = entry.path.split(['/', '.']).next().unwrap_or_default();
            *application.layout() == Layout::Script && is_standard(request, first)
        };
        let wanted = application.entries.iter().filter(|entry| {
            let name = entry.dotted();
            let is_main = entry.module().is_some_and(|module| module.name == MAIN);
            (is_main || !is_called_so(entry))
                && exclude.iter().filter(|pattern| pattern.matches(&name)).count() == 0
        });
        items.extend(wanted.map(|entry| Item {
            origin: Origin::Application,
            entry: match entry.path.rsplit_once('.') {
                // The script's path is that module's.
                Some((_, ending)) if is_called_so(entry) => {
                    Entry { path: format!("{MAIN}.{ending}"), ..entry.clone() }
                }
                _other => entry.clone(),
            },
            group: Some(group.clone()),
            contents: None,
        }));
    }
    items.extend(request.support.iter().map(|support| {
        let module = ModuleName { name: support.name.to_owned(), is_package: support.is_package };
        let (path, location) = (support.path.to_owned(), support.path.into());
        let entry = Entry { path, location, kind: EntryKind::Source(module) };
        let contents = Some(support.source.as_bytes().into());
        Item { origin: Origin::Support, entry, group: None, contents }
    }));
    items
}

/// First names of regular modules and packages. (A folder without `__init__` hides nothing: it is a namespace package.)
fn top_level_names(items: &[Item]) -> BTreeSet<String> {
    items.iter().filter_map(|item| top_level_regular(&item.entry)).map(str::to_owned).collect()
}

/// The module's name if it is a top-level one.
fn top_level_regular(entry: &Entry) -> Option<&str> {
    entry.module().map(|module| module.name.as_str()).filter(|name| !name.contains('.'))
}

/// The first name in a path: the module or package to which the file belongs.
fn path_top_level(entry: &Entry) -> &str {
    let first = entry.path.split('/').next().unwrap_or(&entry.path);
    entry.top_level().unwrap_or(first)
}

fn is_hidden(entry: &Entry, names: &BTreeSet<String>) -> bool {
    // A script's own name is `__main__`; a module of that name elsewhere is hidden, and rightly.
    names.contains(path_top_level(entry))
}

fn is_hidden_by_standard_library(request: &BundleRequest<'_>, entry: &Entry) -> bool {
    entry.module().is_some() && is_standard(request, path_top_level(entry))
}

fn shadowing(request: &BundleRequest<'_>, own: &[Item]) -> Vec<Warning> {
    // Modules of ours are in each standard library's archive.
    let own = own.iter().filter(|item| item.origin == Origin::Application);
    let names = own.filter_map(|item| top_level_regular(&item.entry));
    // Each folder application has a `__main__`, and the standard library none.
    names
        .filter(|name| is_standard(request, name))
        .map(|name| Warning::Shadows(name.to_owned()))
        .collect()
}

/// The files of installed distributions that are packed.
fn installed_items(
    request: &BundleRequest<'_>,
    reached: &Reached,
    own_names: &BTreeSet<String>,
    packer: &mut Packer<'_>,
) -> Result<Vec<Item>, BundleError> {
    let distributions =
        request.environment.map_or(&[][..], |environment| &environment.distributions);
    for (module, by) in &reached.real_modules {
        if let Some(by) = distributions.get(*by) {
            packer.file_users.real_module(module, &by.name);
        }
    }
    let mut items = Vec::new();
    for (number, distribution) in distributions.iter().enumerate() {
        let is_packed = reached.distributions.contains_key(&number);
        if reached.real_files.contains(&number) {
            packer.file_users.real_files(&distribution.name);
        }
        if !is_packed && !reached.metadata.contains(&number) {
            continue;
        }
        // Modules that no distribution owns have no version.
        let version = distribution.version.as_deref().unwrap_or_default();
        let group: Rc<str> = format!("{} {version}", distribution.normalized).into();
        for entry in &distribution.entries {
            let is_wanted = if is_packed {
                reached.paths.contains(&entry.path)
                    && !is_hidden(entry, own_names)
                    && !is_hidden_by_standard_library(request, entry)
            } else {
                is_short_metadata(distribution, entry)
            };
            if is_wanted {
                packer.file_users.distribution(&entry.path, &distribution.name);
                let origin = Origin::Environment;
                let (entry, group) = (entry.clone(), Some(group.clone()));
                let contents = record_of_the_archive(&entry)?.map(Cow::Owned);
                items.push(Item { origin, entry, group, contents });
            }
        }
    }
    Ok(items)
}

/// Whether a file has a distribution's name, version and requirements: such files alone are packed of one whose modules are
/// not.
fn is_short_metadata(distribution: &Distribution, entry: &Entry) -> bool {
    let below = distribution.metadata.as_deref().and_then(|folder| entry.path.strip_prefix(folder));
    const SHORT: [&str; 6] =
        ["", "/METADATA", "/PKG-INFO", "/entry_points.txt", "/requires.txt", "/top_level.txt"];
    below.is_some_and(|below| SHORT.contains(&below))
}

/// Puts the reached distributions into the report, and the metadata into the archive's list.
fn report_reached(
    request: &BundleRequest<'_>,
    reached: &Reached,
    packer: &mut Packer<'_>,
) -> Result<(), BundleError> {
    let distributions =
        request.environment.map_or(&[][..], |environment| &environment.distributions);
    for (number, distribution) in distributions.iter().enumerate() {
        let reason = reached.distributions.get(&number);
        if let Some(folder) = &distribution.metadata
            && (reason.is_some() || reached.metadata.contains(&number))
        {
            packer.writer.add_distribution(&distribution.normalized, folder)?;
        }
        if let Some(reason) = reason {
            let paths = distribution.entries.iter().map(|entry| &entry.path);
            packer.report.packages.push(Package {
                name: distribution.name.clone(),
                version: distribution.version.clone(),
                reason: reason.clone(),
                bytes: paths.filter_map(|path| packer.bytes.get(path)).sum(),
            });
        }
    }
    let report = &mut packer.report;
    report.packages.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(environment) = request.environment.filter(|_| !report.packages.is_empty()) {
        report.warnings.extend(environment.warnings.iter().cloned());
    }
    report.warnings.extend(reached.warnings.iter().cloned());
    let unread = reached.scanned.iter().filter(|module| !module.is_understood);
    let unread = unread.filter(|module| !packer.broken.contains(&module.path));
    report.warnings.extend(unread.map(|module| Warning::NotScanned(module.path.clone())));
    report.missing.clone_from(&reached.missing);
    report.left_out.clone_from(&reached.left_out);
    report.trace = reached.trace.clone();
    for (name, file) in &reached.libraries {
        packer.opened_libraries.insert(name.clone(), file.clone());
    }
    Ok(())
}

/// Modules that the request and its settings name.
fn named_modules(
    request: &BundleRequest<'_>,
    packer: &mut Packer<'_>,
) -> Result<BTreeSet<String>, BundleError> {
    let mut names = BTreeSet::new();
    names.extend(request.entry.map(|entry| entry.module.clone()));
    names.extend(
        request.settings.interpreter.post_import_hooks.iter().map(|hook| hook.hook.module.clone()),
    );
    names.extend(
        request.settings.interpreter.before_main.iter().map(|function| function.module.clone()),
    );
    match &request.settings.interpreter.run {
        RunTarget::Module(name) => names.extend([name.clone()]),
        RunTarget::EntryPoint(entry) => names.extend([entry.module.clone()]),
        RunTarget::Code(text) => {
            packer.compile_only("<string>", text)?;
            let target = TargetSystem::of(request.python);
            let (groups, words) = (BTreeSet::new(), HashSet::new());
            let questions = Questions { target: &target, groups: &groups, words: &words };
            let facts = source::read(text.as_bytes(), "__main__", false, RunsAs::Main, &questions);
            names.extend(facts.imports.iter().flat_map(Import::names));
        }
        RunTarget::Script(_) | RunTarget::Repl | RunTarget::Auto => {}
    }
    Ok(names)
}
