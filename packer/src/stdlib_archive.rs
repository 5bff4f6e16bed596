//! The standard library from an archive that has it already.

use std::collections::BTreeSet;

use importer_core::{Archive, ModuleKind, PartOfArchive};
use manifest::user_of_needed;
use twox_hash::XxHash3_128;

use super::Origin;
use super::item::Item;
use super::packer::Packer;
use super::pattern::Pattern;
use super::standard_needs::OWN_PREFIX;
use super::tree::{Entry, EntryKind, ModuleName, first_part};
use super::{BundleError, Problem};

/// The standard library in an archive, as if it lay on disk: for another level, or to be packed in another way.
///
/// The launcher's own modules are left out, for each archive is given them anew; and so are libraries and files of the
/// system, which their users bring in.
pub(super) fn items(archive: &Archive, exclude: &[Pattern]) -> Result<Vec<Item>, BundleError> {
    let (mut items, mut known) = (Vec::new(), BTreeSet::new());
    for module in archive.modules() {
        let module = module?;
        if module.name().starts_with(OWN_PREFIX) {
            continue;
        }
        let kind = match module.kind() {
            ModuleKind::Source => EntryKind::Source(name_of(&module)),
            ModuleKind::Extension => EntryKind::Extension(name_of(&module)),
            ModuleKind::Namespace => continue,
        };
        let contents = match module.kind() {
            ModuleKind::Extension => module.extension()?,
            ModuleKind::Source | ModuleKind::Namespace => module.source()?,
        };
        known.insert(module.path());
        if let Some(contents) = contents {
            items.extend(item(module.path(), kind, exclude, || Ok(contents.into_owned()))?);
        }
    }
    add_data(archive, exclude, &known, &mut items)?;
    Ok(items)
}

/// The extension modules and data of an archive with a standard library, as if they lay on disk. Libraries and files of the
/// system are left out: their users bring them in.
pub(super) fn files(archive: &Archive, exclude: &[Pattern]) -> Result<Vec<Item>, BundleError> {
    let (mut items, mut known) = (Vec::new(), BTreeSet::new());
    for module in archive.modules() {
        let module = module?;
        known.insert(module.path());
        if module.kind() == ModuleKind::Extension && !module.name().starts_with(OWN_PREFIX) {
            let kind = EntryKind::Extension(name_of(&module));
            let contents = || match module.extension()? {
                Some(library) => Ok(library.into_owned()),
                None => Err(Problem::NotPython {
                    python: archive.path().to_owned(),
                    reason: format!("the extension module `{}` has no library", module.name()),
                }
                .into()),
            };
            items.extend(item(module.path(), kind, exclude, contents)?);
        }
    }
    add_data(archive, exclude, &known, &mut items)?;
    Ok(items)
}

/// Adds the files that are no module's: the list of files has those too.
fn add_data(
    archive: &Archive,
    exclude: &[Pattern],
    of_modules: &BTreeSet<&str>,
    items: &mut Vec<Item>,
) -> Result<(), BundleError> {
    for file in archive.files() {
        let file = file?;
        if !file.path().starts_with(SYSTEM_PREFIX) && !of_modules.contains(file.path()) {
            let contents = || Ok(file.contents()?.into_owned());
            items.extend(item(file.path(), EntryKind::Data, exclude, contents)?);
        }
    }
    Ok(())
}

fn name_of(module: &importer_core::Module<'_>) -> ModuleName {
    ModuleName { name: module.name().to_owned(), is_package: module.is_package() }
}

/// An item of the standard library, unless it is left out.
fn item(
    path: &str,
    kind: EntryKind,
    exclude: &[Pattern],
    contents: impl FnOnce() -> Result<Vec<u8>, BundleError>,
) -> Result<Option<Item>, BundleError> {
    let entry = Entry { path: path.to_owned(), location: path.into(), kind };
    let name = entry.dotted();
    // Each pattern is to be asked: it remembers whether it hit anything.
    if exclude.iter().filter(|pattern| pattern.matches(&name)).count() > 0 {
        return Ok(None);
    }
    let contents = Some(contents()?.into());
    Ok(Some(Item { origin: Origin::StandardLibrary, entry, group: None, contents }))
}

/// Copies the modules with code that `keeps` names.
pub(super) fn copy_modules(
    archive: &Archive,
    packer: &mut Packer<'_>,
    keeps: impl Fn(&str) -> bool,
) -> Result<(), BundleError> {
    for module in archive.modules() {
        let module = module?;
        let is_new = !packer.writer.contains_module(module.name());
        if module.kind() == ModuleKind::Source && is_new && keeps(module.name()) {
            let part = packer.report.parts.entry(Origin::StandardLibrary).or_default();
            part.modules += 1;
            part.source_bytes += module.source()?.map_or(0, |source| source.len() as u64);
            packer.writer.copy_module(archive, &module)?;
        }
    }
    Ok(())
}

/// Notes an extension module that was copied, for it may have to lie on disk.
pub(super) fn note_library(
    archive: &Archive,
    name: &str,
    packer: &mut Packer<'_>,
) -> Result<(), BundleError> {
    let Some(module) = archive.module(name)? else { return Ok(()) };
    let (path, origin) = (module.path(), Origin::StandardLibrary);
    if let Some(contents) = module.extension()?.filter(|_| packer.writer.contains_file(path)) {
        packer.file_users.module(origin, path, &[]);
        packer.file_users.library(origin, path, XxHash3_128::oneshot(&contents));
    }
    Ok(())
}

/// The beginning of the names of folders with libraries and files of the system that the archive was made on.
const SYSTEM_PREFIX: &str = "coldframe.";

/// Copies another archive's standard library, with the attributes that tell how its libraries are loaded.
pub(super) fn copy(
    archive: &Archive,
    packer: &mut Packer<'_>,
    exclude: &[Pattern],
    own_names: &BTreeSet<String>,
) -> Result<(), BundleError> {
    let unwanted = |name: &str| {
        let excluded = exclude.iter().filter(|pattern| pattern.matches(name)).count() > 0;
        excluded || own_names.contains(first_part(name))
    };
    // A module may be called otherwise than its file is.
    let mut left_out = BTreeSet::new();
    for module in archive.modules() {
        let module = module?;
        if unwanted(module.name()) {
            left_out.insert(module.path());
        }
    }
    let keeps_file = |path: &str| !left_out.contains(path) && !unwanted(&path.replace('/', "."));
    let keeps = |part: PartOfArchive<'_>| match part {
        PartOfArchive::Module { path, .. } => !left_out.contains(path),
        PartOfArchive::File { path } => keeps_file(path),
        PartOfArchive::Attribute { key } => user_of_needed(key).is_none_or(keeps_file),
    };
    Ok(packer.writer.add_archive_where(archive, keeps)?)
}
