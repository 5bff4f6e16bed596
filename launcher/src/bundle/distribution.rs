//! What is installed in a `site-packages` folder: distributions by their metadata, and folders that nobody owns.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::requirement::Markers;
use super::tree::{Entry, Tree};
use super::{BundleError, Warning};

/// The groups of entry points of which an installer makes executables.
const SCRIPTS: &[&str] = &["console_scripts", "gui_scripts"];

/// Something that is packed whole or not at all: an installed distribution, or a module that none owns.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    /// Its name as it calls itself.
    pub(super) name: String,
    pub(super) normalized: String,
    pub(super) version: Option<String>,
    /// Its metadata folder's name.
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

/// The name under which PEP 503 compares distributions.
pub(super) fn normalize(name: &str) -> String {
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_lowercase()
}

/// Everything installed in one folder.
pub(super) fn read_site_packages(
    folder: &Path,
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
    names.sort();
    for name in names.iter().filter(|name| name.ends_with(".dist-info")) {
        if let Some(unit) = read_distribution(folder, name, suffixes, markers, warnings)? {
            owned.extend(unit.entries.iter().map(|entry| entry.path.clone()));
            units.push(unit);
        }
    }
    units.extend(read_unowned(folder, &owned, suffixes, warnings)?);
    Ok(units)
}

fn read_distribution(
    folder: &Path,
    metadata_folder: &str,
    suffixes: &[String],
    markers: &Markers,
    warnings: &mut Vec<Warning>,
) -> Result<Option<Unit>, BundleError> {
    let metadata_path = folder.join(metadata_folder).join("METADATA");
    // An installation that was interrupted leaves such a folder; Python's own `importlib.metadata` ignores it too.
    let Ok(metadata) = fs::read(&metadata_path) else {
        warnings.push(Warning::NoMetadata(folder.join(metadata_folder)));
        return Ok(None);
    };
    let mut unit = Unit { metadata: Some(metadata_folder.to_owned()), ..Unit::default() };
    let metadata = String::from_utf8_lossy(&metadata);
    // The headers end at the first empty line; the long description follows.
    for line in metadata.lines().take_while(|line| !line.is_empty()) {
        match line.split_once(':') {
            Some(("Name", name)) => unit.name = name.trim().to_owned(),
            Some(("Version", version)) => unit.version = Some(version.trim().to_owned()),
            Some(("Requires-Dist", requirement)) => {
                unit.requires.extend(markers.required(requirement));
            }
            Some(_) | None => {}
        }
    }
    unit.normalized = normalize(&unit.name);
    let entry_points = fs::read_to_string(folder.join(metadata_folder).join("entry_points.txt"));
    unit.plugs_into = plug_in_groups(&entry_points.unwrap_or_default());
    unit.editable = editable_location(&folder.join(metadata_folder));
    let record_path = folder.join(metadata_folder).join("RECORD");
    match fs::read(&record_path) {
        Ok(record) => {
            for path in String::from_utf8_lossy(&record).lines().filter_map(record_path_of) {
                let location = folder.join(&path);
                if is_packable(&path) && location.is_file() {
                    unit.entries.push(Entry::classify(path, location, suffixes));
                }
            }
        }
        // A system's packager leaves the record out.
        Err(_) => unit.entries = find_files(folder, metadata_folder, &unit.normalized, suffixes)?,
    }
    unit.note_top_level();
    if unit.editable.is_some() || unit.top_level.is_empty() {
        // An import hook serves its modules: nothing but this file tells their names.
        unit.top_level.extend(declared_top_level(&folder.join(metadata_folder)));
    }
    unit.entries.sort_by(|a, b| a.path.cmp(&b.path));
    unit.entries.dedup_by(|a, b| a.path == b.path);
    Ok(Some(unit))
}

/// The files of a distribution without a record: its metadata, and the modules that it names or is named after.
fn find_files(
    folder: &Path,
    metadata_folder: &str,
    normalized: &str,
    suffixes: &[String],
) -> Result<Vec<Entry>, BundleError> {
    let metadata = folder.join(metadata_folder);
    let read = |path: &Path, prefix: &str| Tree::read(path, prefix, suffixes, |_| false);
    let mut entries = read(&metadata, &format!("{metadata_folder}/"))?.entries;
    let mut names = declared_top_level(&metadata);
    if names.is_empty() {
        names.push(normalized.replace('-', "_"));
    }
    for name in names {
        let package = folder.join(&name);
        if package.is_dir() {
            entries.extend(read(&package, &format!("{name}/"))?.entries);
        }
        for suffix in suffixes.iter().map(String::as_str).chain([".py"]) {
            let path = format!("{name}{suffix}");
            let location = folder.join(&path);
            if location.is_file() {
                entries.push(Entry::classify(path, location, suffixes));
            }
        }
    }
    Ok(entries)
}

/// What setuptools writes about a distribution's modules.
fn declared_top_level(metadata: &Path) -> Vec<String> {
    let text = fs::read_to_string(metadata.join("top_level.txt")).unwrap_or_default();
    let names = text.lines().map(str::trim);
    names.filter(|name| !name.is_empty() && !name.contains("..")).map(str::to_owned).collect()
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
            && (name.ends_with(".dist-info")
                || name.ends_with(".egg-info")
                || owned_folders.contains(&*name))
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

/// The path in a line of `RECORD` (CSV: it is quoted when it holds a comma).
fn record_path_of(line: &str) -> Option<String> {
    match line.strip_prefix('"') {
        None => line.split_once(',').map(|(path, _)| path.to_owned()),
        Some(quoted) => {
            let mut path = String::new();
            let mut characters = quoted.chars().peekable();
            while let Some(character) = characters.next() {
                match (character, characters.peek()) {
                    ('"', Some('"')) => {
                        path.push('"');
                        characters.next();
                    }
                    ('"', _) => return Some(path),
                    (other, _) => path.push(other),
                }
            }
            None
        }
    }
}

/// Not what lies outside `site-packages` (scripts, headers), what Python compiled, or what only `site` reads.
fn is_packable(path: &str) -> bool {
    !path.starts_with('/')
        && !path.contains(':')
        && !path.split('/').any(|part| part == ".." || part == "__pycache__")
        && !path.ends_with(".pyc")
        && (path.contains('/') || !path.ends_with(".pth"))
}

/// The groups in the text of `entry_points.txt`, but those that are for installers, each with the modules that it names.
fn plug_in_groups(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut group = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            group = Some(name.trim()).filter(|name| !SCRIPTS.contains(name));
            groups.extend(group.map(|name| (name.to_owned(), Vec::new())));
        } else if let Some(group) = group
            && let Some((_, value)) = line.split_once('=')
        {
            let module = value.split([':', '[']).next().unwrap_or_default().trim();
            groups.entry(group.to_owned()).or_default().push(module.to_owned());
        }
    }
    groups
}

fn editable_location(metadata: &Path) -> Option<String> {
    let text = fs::read(metadata.join("direct_url.json")).ok()?;
    let direct: serde_json::Value = serde_json::from_slice(&text).ok()?;
    let is_editable = direct.get("dir_info")?.get("editable")?.as_bool()?;
    is_editable.then(|| {
        direct.get("url").and_then(|url| url.as_str()).unwrap_or("an unknown place").to_owned()
    })
}
