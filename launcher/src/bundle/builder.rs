//! The order of the work: the application and the standard library first, then round by round what the code packed so
//! far turns out to need.

use std::collections::BTreeSet;
#[cfg(target_os = "linux")]
use std::path::PathBuf;

use interp_config::RunTarget;

use super::developers::is_test;
use super::installation::DESCRIPTION;
use super::packer::{Item, Packer, Scanned};
use super::pattern::Pattern;
use super::select::Selection;
#[cfg(target_os = "linux")]
use super::system_data;
#[cfg(target_os = "linux")]
use super::system_libraries::{self, SystemLibraryFile};
use super::tree::{Entry, EntryKind, ModuleName, first_part};
use super::{
    Bundle, BundleError, BundleRequest, Origin, Package, Progress, Purpose, Reason,
    StandardLibrary, Warning, checks, file_users, not_packed, stdlib, stdlib_archive,
};

#[cfg(target_os = "linux")]
use crate::libraries::system_name;

/// The attribute with the settings of an application.
const CONFIGURATION: &str = "configuration";

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
    let standard = match request.stdlib {
        StandardLibrary::Whole => stdlib::read(request.python, &include, &exclude, &mut warnings)?
            .into_iter()
            .map(|entry| Item { origin: Origin::StandardLibrary, entry, contents: None })
            .collect(),
        StandardLibrary::FromSources(archive) => stdlib_archive::items(archive, &exclude)?,
        StandardLibrary::FromArchive(_) | StandardLibrary::Beside(_) | StandardLibrary::None => {
            Vec::new()
        }
    };
    warnings.extend(shadowing(request, &own));

    let main_module = match &request.settings.interpreter.run {
        RunTarget::Module(name) => Some(name.as_str()),
        RunTarget::Script(_)
        | RunTarget::EntryPoint(_)
        | RunTarget::Code(_)
        | RunTarget::Repl
        | RunTarget::Auto => None,
    };
    let mut packer = Packer::new(request, main_module)?;
    packer.report.warnings = warnings;
    let standard = standard.into_iter().filter(|item| !is_hidden(&item.entry, &own_names));
    let mut scanned = packer.pack(own.into_iter().chain(standard).collect(), progress)?;

    let units = request.environment.map_or(&[][..], |environment| &environment.units);
    let mut selection = Selection::new(units, &exclude);
    for name in named_modules(request, &mut packer)? {
        selection.import(&name, &Reason::EntryPoint(name.clone()));
    }
    for pattern in &include {
        selection.include(pattern);
    }
    let mut all_scanned = Vec::new();
    loop {
        follow_imports(request, &own_names, &scanned, &mut selection);
        all_scanned.append(&mut scanned);
        let new = selection.take_new();
        if new.is_empty() {
            break;
        }
        for unit in &new {
            for entry in &unit.entries {
                packer.file_users.distribution(&entry.path, &unit.name);
            }
        }
        let items = new.into_iter().flat_map(|unit| &unit.entries).filter(|entry| {
            let name = entry.dotted();
            let unwanted = exclude.iter().filter(|pattern| pattern.matches(&name)).count() > 0;
            !unwanted
                && !is_hidden(entry, &own_names)
                && !is_hidden_by_standard_library(request, entry)
        });
        let items = items.map(|entry| Item {
            origin: Origin::Environment,
            entry: entry.clone(),
            contents: None,
        });
        scanned = packer.pack(items.collect(), progress)?;
    }
    selection.check_editable()?;

    for (unit, reason) in selection.chosen() {
        if let Some(folder) = &unit.metadata {
            packer.writer.add_distribution(&unit.normalized, folder)?;
        }
        let (name, version) = (unit.name.clone(), unit.version.clone());
        packer.report.packages.push(Package { name, version, reason: reason.clone() });
    }
    packer.report.packages.sort_by(|a, b| a.name.cmp(&b.name));
    if let Some(environment) = request.environment.filter(|_| !packer.report.packages.is_empty()) {
        packer.report.warnings.extend(environment.warnings.iter().cloned());
    }
    checks::included(request, &include, &packer)?;
    if let StandardLibrary::FromArchive(archive) = request.stdlib {
        stdlib_archive::copy(archive, &mut packer, &exclude, &own_names)?;
        packer.report.needs.add_copied(archive, &packer.writer)?;
    }
    checks::entries(request, &packer, &all_scanned)?;
    let not_packed = not_packed::warnings(request, &packer, &all_scanned, &exclude);
    packer.report.warnings.extend(not_packed);
    let unused = exclude.iter().filter(|pattern| !pattern.was_hit());
    packer
        .report
        .warnings
        .extend(unused.map(|pattern| Warning::ExcludeUnused(pattern.text().to_owned())));
    let unused =
        packer.file_users.unused_rules().map(Warning::FileAccessUnused).collect::<Vec<_>>();
    packer.report.warnings.extend(unused);
    packer.file_users.listed_by_others();
    packer.file_users.opened_by_path(packer.libraries.opened_by_path());
    let file_users = packer.file_users.users();
    pack_system_libraries(request, &mut packer)?;
    let lines = &packer.file_lines;
    for (key, value) in file_users::attributes(&file_users, request.stdlib.copied(), lines)? {
        packer.writer.set_attribute(&key, value)?;
    }
    for (key, value) in packer.libraries.attributes() {
        packer.writer.set_attribute(&key, value)?;
    }
    packer.report.file_users =
        file_users.into_iter().filter_map(|user| packer.file_users.news(user)).collect();
    // Two names at the top, such as `numpy` and `numpy.libs`, are one package.
    packer.report.file_users.dedup();
    let (attribute, value) = match request.purpose {
        Purpose::Application => (CONFIGURATION, request.settings.to_toml()),
        Purpose::StandardLibrary => (DESCRIPTION, request.python.description()),
    };
    packer.writer.set_attribute(attribute, value.into_bytes())?;
    Ok(Bundle { writer: packer.writer, report: packer.report })
}

/// Packs the libraries of this machine's system that the packed ones need.
#[cfg(target_os = "linux")]
fn pack_system_libraries(
    request: &BundleRequest<'_>,
    packer: &mut Packer<'_>,
) -> Result<(), BundleError> {
    let (asked, opened) = (&request.system_libraries, &packer.opened_libraries);
    let found = system_libraries::collect(&mut packer.libraries, asked, opened, request.stdlib)?;
    let mut readers = Vec::new();
    for SystemLibraryFile { path, location, contents } in found.files {
        // Those of a copied archive have what they read beside them there.
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
        packer.writer.add_plain_file(&path, contents)?;
    }
    for (key, value) in found.attributes {
        packer.writer.set_attribute(&key, value)?;
    }
    pack_system_data(request, packer, &readers)?;
    let missing = found.missing.into_iter();
    let missing = missing.map(|(name, file)| Warning::LibraryMissing { name, file });
    packer.report.warnings.extend(missing);
    Ok(())
}

/// Packs the files of this machine's system that those libraries read.
#[cfg(target_os = "linux")]
fn pack_system_data(
    request: &BundleRequest<'_>,
    packer: &mut Packer<'_>,
    readers: &[(String, Option<PathBuf>)],
) -> Result<(), BundleError> {
    let found = system_data::collect(readers, request.stdlib.sources())?;
    for (path, contents) in found.files {
        let part = packer.report.parts.entry(Origin::System).or_default();
        part.files += 1;
        part.file_bytes += contents.len() as u64;
        packer.writer.add_file(&path, contents)?;
    }
    for (key, value) in found.attributes {
        packer.writer.set_attribute(&key, value)?;
    }
    packer.file_lines.push_str(&found.list);
    Ok(())
}

/// Elsewhere, libraries are not followed.
#[cfg(not(target_os = "linux"))]
fn pack_system_libraries(
    _request: &BundleRequest<'_>,
    _packer: &mut Packer<'_>,
) -> Result<(), BundleError> {
    Ok(())
}

/// The application's files and the builder's own modules.
fn own_items(
    request: &BundleRequest<'_>,
    exclude: &[Pattern],
    warnings: &mut Vec<Warning>,
) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(application) = request.application {
        warnings.extend(application.warnings.iter().cloned());
        let wanted = application.entries.iter().filter(|entry| {
            let name = entry.dotted();
            exclude.iter().filter(|pattern| pattern.matches(&name)).count() == 0
        });
        items.extend(wanted.map(|entry| Item {
            origin: Origin::Application,
            entry: entry.clone(),
            contents: None,
        }));
    }
    items.extend(request.support.iter().map(|support| {
        let module = ModuleName { name: support.name.to_owned(), is_package: support.is_package };
        let (path, location) = (support.path.to_owned(), support.path.into());
        let entry = Entry { path, location, kind: EntryKind::Source(module) };
        let contents = Some(support.source.as_bytes().into());
        Item { origin: Origin::Support, entry, contents }
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
    let first = entry.path.split('/').next().unwrap_or_default();
    entry.top_level().unwrap_or(first)
}

fn is_hidden(entry: &Entry, names: &BTreeSet<String>) -> bool {
    // A script's own name is `__main__`; a module of that name elsewhere is hidden, and rightly.
    names.contains(path_top_level(entry))
}

fn is_hidden_by_standard_library(request: &BundleRequest<'_>, entry: &Entry) -> bool {
    entry.module().is_some() && is_standard(request, path_top_level(entry))
}

/// Whether the standard library, wherever it comes from, has a module of that first name.
pub(super) fn is_standard(request: &BundleRequest<'_>, name: &str) -> bool {
    // Built into each program of ours; the package of that name on the index brings the command.
    if name == "coldframe" {
        return true;
    }
    match request.stdlib.archive() {
        Some(archive) => matches!(archive.module(name), Ok(Some(_))),
        None => stdlib::has_top_level(request.python, name),
    }
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
        RunTarget::Code(text) => names.extend(packer.scan_only("<string>", text)?),
        RunTarget::Script(_) | RunTarget::Repl | RunTarget::Auto => {}
    }
    Ok(names)
}

fn follow_imports(
    request: &BundleRequest<'_>,
    own_names: &BTreeSet<String>,
    scanned: &[Scanned],
    selection: &mut Selection<'_>,
) {
    for module in scanned {
        // A package's own tests import what only its developers have installed.
        if module.origin == Origin::Environment && is_test(&module.path) {
            continue;
        }
        for group in &module.groups {
            selection.plug_ins(group, &module.path);
        }
        for import in &module.imports {
            let first = first_part(import);
            if !selection.has_owner(first)
                || own_names.contains(first)
                || is_standard(request, first)
            {
                continue;
            }
            // `from space import one` names `space` too, but needs only the distribution with `space.one`.
            let below = format!("{import}.");
            let is_refined = module
                .imports
                .range(below.clone()..)
                .next()
                .is_some_and(|next| next.starts_with(&below));
            if is_refined && selection.is_namespace(import) {
                continue;
            }
            let (name, file) = (import.clone(), module.path.clone());
            let reason = match module.origin {
                Origin::Application | Origin::Support => Reason::Application { import: name, file },
                Origin::Environment | Origin::StandardLibrary | Origin::System => {
                    Reason::ImportedBy { import: name, file }
                }
            };
            selection.import(import, &reason);
        }
    }
}
