//! What is installed in a `site-packages` folder: distributions by their metadata, and folders that nobody owns.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::distribution_name::normalize;
use super::metadata::Metadata;
use super::requirement::Markers;
use super::tree::{Entry, Tree};
use super::{BundleError, Warning};

/// Something that is packed whole or not at all: an installed distribution, or a module that none owns.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    /// Its name as it calls itself.
    pub(super) name: String,
    pub(super) normalized: String,
    pub(super) version: Option<String>,
    /// The name of its metadata in the archive: a folder, or one file.
    pub(super) metadata: Option<String>,
    pub(super) entries: Vec<Entry>,
    /// Normalised names of the distributions it asks for (not those of its extras).
    pub(super) requires: Vec<String>,
    /// The groups of its entry points by which others may find it, and import it without naming it, with their modules.
    pub(super) plugs_into: BTreeMap<String, Vec<String>>,
    /// First parts of its modules' names.
    pub(super) top_level: BTreeSet<String>,
    /// Where its source is when it was installed in editable mode.
    pub(super) editable: Option<String>,
}

impl Unit {
    fn note_top_level(&mut self) {
        self.top_level.extend(self.entries.iter().filter_map(Entry::top_level).map(str::to_owned));
    }
}

/// Everything installed in one folder. Of distributions that are `editable` the metadata is known already: what their source
/// folder has of it is only what setuptools left there, and their modules are nobody's.
pub(super) fn read_site_packages(
    folder: &Path,
    editable: &BTreeSet<String>,
    suffixes: &[String],
    markers: &Markers,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Unit>, BundleError> {
    let mut units = Vec::new();
    let mut owned: BTreeSet<String> = BTreeSet::new();
    let mut names = Vec::new();
    for found in fs::read_dir(folder).map_err(BundleError::io("read", folder))? {
        let found = found.map_err(BundleError::io("read", folder))?;
        if let Some(name) = found.file_name().to_str() {
            names.push(name.to_owned());
        }
    }
    // Where a newer installation has left the metadata of an older one, the newer form counts.
    names.sort_by_key(|name| (!name.ends_with(".dist-info"), name.clone()));
    for metadata in names.iter().filter_map(|name| Metadata::of(folder, name)) {
        if let Some(unit) = read_distribution(folder, &metadata, suffixes, markers, warnings)?
            && !editable.contains(&unit.normalized)
        {
            owned.extend(unit.entries.iter().map(|entry| entry.path.clone()));
            units.push(unit);
        }
    }
    units.extend(read_unowned(folder, &owned, suffixes, warnings)?);
    Ok(units)
}

fn read_distribution(
    folder: &Path,
    metadata: &Metadata,
    suffixes: &[String],
    markers: &Markers,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Unit>, BundleError> {
    // An installation that was interrupted leaves such a folder; Python's own `importlib.metadata` ignores it too.
    let headers = metadata.headers().unwrap_or_default();
    let normalized = normalize(&headers.name);
    if normalized.is_empty() {
        warnings.push(Warning::NoMetadata(metadata.location.clone()));
        return Ok(None);
    }
    let mut unit = Unit {
        metadata: Some(metadata.name.clone()),
        requires: headers.required(markers),
        plugs_into: metadata.plug_in_groups(),
        editable: metadata.editable_location(),
        entries: metadata.files(folder, &normalized, suffixes)?,
        name: headers.name,
        normalized,
        version: headers.version,
        top_level: BTreeSet::new(),
    };
    unit.note_top_level();
    if unit.editable.is_some() || unit.top_level.is_empty() {
        // An import hook serves its modules: nothing but this file tells their names.
        unit.top_level.extend(metadata.declared_top_level());
    }
    unit.entries.sort_by(|a, b| a.path.cmp(&b.path));
    unit.entries.dedup_by(|a, b| a.path == b.path);
    Ok(Some(unit))
}

/// Modules of the folder that no distribution's record lists, by their first name.
fn read_unowned(
    folder: &Path,
    owned: &BTreeSet<String>,
    suffixes: &[String],
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Unit>, BundleError> {
    let owned_folders: BTreeSet<&str> =
        owned.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    let tree = Tree::read(folder, "", suffixes, |found| {
        let name = found.file_name().to_string_lossy();
        found.depth() == 1
            && (Metadata::of(folder, &name).is_some() || owned_folders.contains(&*name))
    })?;
    warnings.extend(tree.warnings);
    let mut units: BTreeMap<String, Unit> = BTreeMap::new();
    for entry in tree.entries.into_iter().filter(|entry| !owned.contains(&entry.path)) {
        let first = entry.path.split('/').next().unwrap_or_default();
        let name = entry.top_level().unwrap_or(first).to_owned();
        // A loose file at the top (`.pth`, `README.txt`) is no module's.
        if entry.module().is_some() || entry.path.contains('/') {
            units.entry(name).or_default().entries.push(entry);
        }
    }
    let units = units.into_iter().map(|(name, mut unit)| {
        unit.normalized = normalize(&name);
        unit.name = name;
        unit.note_top_level();
        unit
    });
    Ok(units.filter(|unit| !unit.top_level.is_empty()).collect())
}
