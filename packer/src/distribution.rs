//! The contents of a `site-packages` folder: distributions by their metadata, and modules that none of them owns.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::distribution_name::normalize;
use super::metadata::Metadata;
use super::requirement::Markers;
use super::tree::{Entry, Tree};
use super::{BundleError, Warning};

/// An installed distribution, or in place of one a module at the top of `site-packages` that none owns.
#[derive(Clone, Debug, Default)]
pub(super) struct Distribution {
    /// Its name as it calls itself.
    pub(super) name: String,
    pub(super) normalized: String,
    pub(super) version: Option<String>,
    /// The name of its metadata in the archive: a folder, or one file.
    pub(super) metadata: Option<String>,
    pub(super) entries: Vec<Entry>,
    /// Normalised names of the distributions it asks for (not those of its extras).
    pub(super) requires: Vec<String>,
    /// Normalised names of the distributions that its extras for users ask for.
    pub(super) offers: Vec<String>,
    /// The groups of its entry points by which others may find it, and import it without naming it, with their modules.
    pub(super) plugs_into: BTreeMap<String, Vec<String>>,
    /// First parts of its modules' names.
    pub(super) top_level: BTreeSet<String>,
    /// The place of its source when it was installed in editable mode.
    pub(super) editable: Option<String>,
}

impl Distribution {
    fn note_top_level(&mut self) {
        self.top_level.extend(self.entries.iter().filter_map(Entry::top_level).map(str::to_owned));
    }
}

/// The distributions in one folder, and modules that none owns. The metadata of `editable` distributions is known already:
/// their source folder has only a copy that setuptools left there, and its modules count as owned by none.
pub(super) fn read_site_packages(
    folder: &Path,
    editable: &BTreeSet<String>,
    suffixes: &[String],
    markers: &Markers,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Distribution>, BundleError> {
    let mut distributions = Vec::new();
    let mut owned: BTreeSet<String> = BTreeSet::new();
    let mut names = Vec::new();
    for found in fs::read_dir(folder).map_err(BundleError::io("read", folder))? {
        let found = found.map_err(BundleError::io("read", folder))?;
        if let Some(name) = found.file_name().to_str() {
            names.push(name.to_owned());
        }
    }
    // A newer installation may have left the metadata of an older one: the newer form counts.
    names.sort_by_key(|name| (!name.ends_with(".dist-info"), name.clone()));
    for metadata in names.iter().filter_map(|name| Metadata::of(folder, name)) {
        if let Some(distribution) =
            read_distribution(folder, &metadata, suffixes, markers, warnings)?
            && !editable.contains(&distribution.normalized)
        {
            owned.extend(distribution.entries.iter().map(|entry| entry.path.clone()));
            distributions.push(distribution);
        }
    }
    distributions.extend(read_unowned(folder, &owned, suffixes, warnings)?);
    Ok(distributions)
}

fn read_distribution(
    folder: &Path,
    metadata: &Metadata,
    suffixes: &[String],
    markers: &Markers,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Distribution>, BundleError> {
    // An installation that was interrupted leaves such a folder; Python's own `importlib.metadata` ignores it too.
    let headers = metadata.headers().unwrap_or_default();
    let normalized = normalize(&headers.name);
    if normalized.is_empty() {
        warnings.push(Warning::NoMetadata(metadata.location.clone()));
        return Ok(None);
    }
    let mut distribution = Distribution {
        metadata: Some(metadata.name.clone()),
        requires: headers.required(markers),
        offers: headers.offered(markers),
        plugs_into: metadata.plug_in_groups(),
        editable: metadata.editable_location(),
        entries: metadata.files(folder, &normalized, suffixes)?,
        name: headers.name,
        normalized,
        version: headers.version,
        top_level: BTreeSet::new(),
    };
    distribution.note_top_level();
    if distribution.editable.is_some() || distribution.top_level.is_empty() {
        // An import hook serves its modules: nothing but this file tells their names.
        distribution.top_level.extend(metadata.declared_top_level());
    }
    distribution.entries.sort_by(|a, b| a.path.cmp(&b.path));
    distribution.entries.dedup_by(|a, b| a.path == b.path);
    Ok(Some(distribution))
}

/// Modules of the folder that no distribution's record lists, by their first name.
fn read_unowned(
    folder: &Path,
    owned: &BTreeSet<String>,
    suffixes: &[String],
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Distribution>, BundleError> {
    let owned_folders: BTreeSet<&str> =
        owned.iter().filter_map(|path| Some(path.split_once('/')?.0)).collect();
    let tree = Tree::read(folder, "", suffixes, |found| {
        let name = found.file_name().to_string_lossy();
        found.depth() == 1
            && (Metadata::of(folder, &name).is_some() || owned_folders.contains(&*name))
    })?;
    warnings.extend(tree.warnings);
    let mut distributions: BTreeMap<String, Distribution> = BTreeMap::new();
    for entry in tree.entries.into_iter().filter(|entry| !owned.contains(&entry.path)) {
        let first = entry.path.split('/').next().unwrap_or(&entry.path);
        let name = entry.top_level().unwrap_or(first).to_owned();
        // A loose file at the top (`.pth`, `README.txt`) is no module's.
        if entry.module().is_some() || entry.path.contains('/') {
            distributions.entry(name).or_default().entries.push(entry);
        }
    }
    let distributions = distributions.into_iter().map(|(name, mut distribution)| {
        distribution.normalized = normalize(&name);
        distribution.name = name;
        distribution.note_top_level();
        distribution
    });
    Ok(distributions.filter(|distribution| !distribution.top_level.is_empty()).collect())
}
