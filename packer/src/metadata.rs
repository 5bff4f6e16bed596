//! The metadata of an installed distribution, in each form that installers have given it.
//!
//! * `NAME-VERSION.dist-info`: a folder with `METADATA` and `RECORD`, as pip writes it.
//! * `NAME-VERSION-pyX.Y.egg-info`: a folder with `PKG-INFO` and files of setuptools, or that `PKG-INFO` alone, as distutils
//!   wrote it. Systems' packages have these, and so has the source folder of a `setup.py develop`.
//! * `NAME-VERSION-pyX.Y.egg`: a folder on the search path, with an `EGG-INFO` beside the modules.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::BundleError;
use super::requirement::Markers;
use super::tree::{Entry, EntryKind, Tree};

/// The groups of entry points of which an installer makes executables.
const SCRIPTS: &[&str] = &["console_scripts", "gui_scripts"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    DistInfo,
    EggInfo,
    /// One file, which is the `PKG-INFO`.
    EggInfoFile,
    /// The `EGG-INFO` of a folder that holds one distribution and nothing else.
    Egg,
}

/// The place and form of a distribution's metadata.
#[derive(Debug)]
pub(super) struct Metadata {
    /// The name of the folder, or of the file, in the archive.
    pub(super) name: String,
    pub(super) location: PathBuf,
    form: Form,
}

/// The headers that packing asks for.
#[derive(Debug, Default)]
pub(super) struct Headers {
    pub(super) name: String,
    pub(super) version: Option<String>,
    requires: Vec<String>,
}

impl Metadata {
    /// Takes the name of something that lies in `folder`; `None` for a name that is not of metadata.
    pub(super) fn of(folder: &Path, name: &str) -> Option<Self> {
        let location = folder.join(name);
        let form = if name.ends_with(".dist-info") {
            Form::DistInfo
        } else if name == "EGG-INFO" && egg_name(folder).is_some() {
            Form::Egg
        } else if !name.ends_with(".egg-info") {
            return None;
        } else if location.is_dir() {
            Form::EggInfo
        } else {
            Form::EggInfoFile
        };
        // An archive has all distributions in one folder, where not two can have the same name.
        let name = match (form, egg_name(folder)) {
            (Form::Egg, Some(stem)) => format!("{stem}.egg-info"),
            (_, _) => name.to_owned(),
        };
        Some(Self { name, location, form })
    }

    /// The name, the version and the requirements.
    pub(super) fn headers(&self) -> std::io::Result<Headers> {
        let text = fs::read(match self.form {
            Form::DistInfo => self.location.join("METADATA"),
            Form::EggInfo | Form::Egg => self.location.join("PKG-INFO"),
            Form::EggInfoFile => self.location.clone(),
        })?;
        let mut headers = Headers::default();
        // The headers end at the first empty line; the long description follows.
        for line in String::from_utf8_lossy(&text).lines().take_while(|line| !line.is_empty()) {
            match line.split_once(':') {
                Some(("Name", name)) => headers.name = name.trim().to_owned(),
                Some(("Version", version)) => headers.version = Some(version.trim().to_owned()),
                Some(("Requires-Dist", line)) => headers.requires.push(line.trim().to_owned()),
                Some(_) | None => {}
            }
        }
        if headers.requires.is_empty() && self.form != Form::DistInfo {
            headers.requires = requirements(&self.text("requires.txt"));
        }
        Ok(headers)
    }

    /// The groups of entry points by which others may find it, each with the modules that it names.
    pub(super) fn plug_in_groups(&self) -> BTreeMap<String, Vec<String>> {
        plug_in_groups(&self.text("entry_points.txt"))
    }

    /// The names that setuptools writes about a distribution's modules.
    pub(super) fn declared_top_level(&self) -> Vec<String> {
        let text = self.text("top_level.txt");
        let names = text.lines().map(str::trim);
        names.filter(|name| !name.is_empty() && !name.contains("..")).map(str::to_owned).collect()
    }

    /// The place of its source when it was installed in editable mode.
    pub(super) fn editable_location(&self) -> Option<String> {
        let direct: serde_json::Value = serde_json::from_str(&self.text("direct_url.json")).ok()?;
        let is_editable = direct.get("dir_info")?.get("editable")?.as_bool()?;
        is_editable.then(|| {
            direct.get("url").and_then(|url| url.as_str()).unwrap_or("an unknown place").to_owned()
        })
    }

    /// The distribution's files, itself among them: those that the installer listed, or those that can be found.
    pub(super) fn files(
        &self,
        folder: &Path,
        normalized: &str,
        suffixes: &[String],
    ) -> Result<Vec<Entry>, BundleError> {
        // A system's packager leaves the record out.
        let Some(listed) = self.listed() else {
            return self.find_files(folder, normalized, suffixes);
        };
        let mut entries = match self.form {
            Form::DistInfo => Vec::new(),
            Form::EggInfo | Form::EggInfoFile | Form::Egg => self.own_files(suffixes)?,
        };
        for path in listed {
            let location = folder.join(&path);
            if is_packable(&path) && location.is_file() {
                entries.push(Entry::classify(path, location, suffixes));
            } else if let Some(path) = path_in_prefix(&path)
                && location.is_file()
            {
                entries.push(Entry { path, location, kind: EntryKind::Data });
            }
        }
        Ok(entries)
    }

    /// The paths that the installer wrote down, below the folder in which the metadata lies.
    fn listed(&self) -> Option<Vec<String>> {
        let read = |name: &str| {
            let text = fs::read(self.location.join(name)).ok()?;
            Some(String::from_utf8_lossy(&text).into_owned())
        };
        match self.form {
            Form::DistInfo => Some(read("RECORD")?.lines().filter_map(record_path_of).collect()),
            // Its lines begin at the metadata's own folder. (`SOURCES.txt` is no such list: it tells of a source folder.)
            Form::EggInfo => {
                let text = read("installed-files.txt")?;
                Some(text.lines().filter_map(|line| joined(&self.name, line.trim())).collect())
            }
            Form::EggInfoFile | Form::Egg => None,
        }
    }

    /// The metadata, and the modules that it names or is named after.
    fn find_files(
        &self,
        folder: &Path,
        normalized: &str,
        suffixes: &[String],
    ) -> Result<Vec<Entry>, BundleError> {
        let mut entries = self.own_files(suffixes)?;
        if self.form == Form::Egg {
            let is_metadata = |found: &walkdir::DirEntry| found.path() == self.location;
            entries.extend(Tree::read(folder, "", suffixes, is_metadata)?.entries);
            return Ok(entries);
        }
        let mut names = self.declared_top_level();
        if names.is_empty() {
            names.push(normalized.replace('-', "_"));
        }
        for name in names {
            let package = folder.join(&name);
            if package.is_dir() {
                let prefix = format!("{name}/");
                entries.extend(Tree::read(&package, &prefix, suffixes, |_| false)?.entries);
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

    /// The files of the metadata itself.
    fn own_files(&self, suffixes: &[String]) -> Result<Vec<Entry>, BundleError> {
        if self.form == Form::EggInfoFile {
            let (path, location) = (self.name.clone(), self.location.clone());
            return Ok(vec![Entry::classify(path, location, suffixes)]);
        }
        let prefix = format!("{}/", self.name);
        Ok(Tree::read(&self.location, &prefix, suffixes, |_| false)?.entries)
    }

    fn text(&self, name: &str) -> String {
        // Distributions need not have the file. One that cannot be read is an error when it is packed, which names it.
        let text = fs::read(self.location.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Headers {
    /// Normalised names of the distributions that it asks for (not those of its extras).
    pub(super) fn required(&self, markers: &Markers) -> Vec<String> {
        self.requires.iter().filter_map(|line| markers.required(line)).collect()
    }

    /// Normalised names of the distributions that its extras for users ask for.
    pub(super) fn offered(&self, markers: &Markers) -> Vec<String> {
        self.requires.iter().filter_map(|line| markers.offered(line)).collect()
    }
}

/// `NAME-VERSION-pyX.Y`, for a folder that is an egg.
fn egg_name(folder: &Path) -> Option<&str> {
    folder.file_name()?.to_str()?.strip_suffix(".egg")
}

/// The lines of a `requires.txt` in the form of `Requires-Dist`. A section is `[extra]`, `[:marker]` or `[extra:marker]`.
fn requirements(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut section = "";
    for line in
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
            continue;
        }
        match section.split_once(':') {
            None if section.is_empty() => found.push(line.to_owned()),
            // Before a marker there is a space, or an address would take it in.
            Some(("", marker)) => found.push(format!("{line} ; {marker}")),
            None | Some(_) => {}
        }
    }
    found
}

/// A relative path below a folder, without its `..`; `None` for a path outside of the folder around that one.
fn joined(folder: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') {
        return None;
    }
    let mut parts = vec![folder];
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
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

/// The path below the environment's own folder of a data file or a program that lies outside of `site-packages`; packages
/// look for it below `sys.prefix`. Manuals are for people.
fn path_in_prefix(path: &str) -> Option<String> {
    let rest = path.trim_start_matches("../");
    let is_data = ["share/", "etc/", "bin/"].iter().any(|folder| rest.starts_with(folder));
    let is_manual = ["share/man/", "share/doc/"].iter().any(|folder| rest.starts_with(folder));
    (rest.len() < path.len() && is_data && !is_manual && is_packable(rest)).then(|| rest.to_owned())
}

/// The contents of a `RECORD` as the archive has them, where files beside `site-packages` lie in the same folder as it; `None`
/// for any other file, and for a record that names no such file.
pub(super) fn record_of_the_archive(entry: &Entry) -> Result<Option<Vec<u8>>, BundleError> {
    if !entry.path.ends_with(".dist-info/RECORD") {
        return Ok(None);
    }
    let text = fs::read(&entry.location).map_err(BundleError::io("read", &entry.location))?;
    let Ok(text) = String::from_utf8(text) else { return Ok(None) };
    let in_prefix = |line: &str| {
        let quoted = usize::from(line.starts_with('"'));
        let path = path_in_prefix(&record_path_of(line)?)?;
        let at = line.find(&path)?;
        Some(format!("{}{}", line.get(..quoted)?, line.get(at..)?))
    };
    let lines = text.lines().map(|line| in_prefix(line).map_or(Cow::Borrowed(line), Cow::Owned));
    let mut record: String = lines.flat_map(|line| [line, Cow::Borrowed("\n")]).collect();
    if !text.ends_with('\n') {
        record.pop();
    }
    Ok((record.len() != text.len()).then_some(record.into_bytes()))
}

/// Whether a file is packed: files outside `site-packages`, compiled by Python, or read by `site` alone are not.
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
            let module = value.split([':', '[']).next().unwrap_or(value).trim();
            groups.entry(group.to_owned()).or_default().push(module.to_owned());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn setuptools_writes_requirements_in_sections() {
        let table: &[(&str, &[&str])] = &[
            ("", &[]),
            ("one\ntwo>=2\n", &["one", "two>=2"]),
            ("one\n\n[extra]\ntwo\n\n[extra:python_version < '3']\nthree\n", &["one"]),
            ("[:os_name == 'nt']\none>1\n\n[dev]\ntwo\n", &["one>1 ; os_name == 'nt'"]),
            ("# a comment\n[]\none\n", &["one"]),
        ];
        for (text, expected) in table {
            assert_eq!(requirements(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn installed_files_begin_at_the_metadata() {
        let table = [
            ("PKG-INFO", Some("x.egg-info/PKG-INFO")),
            ("../x/__init__.py", Some("x/__init__.py")),
            ("./../x/../y.py", Some("y.py")),
            ("../../../bin/x", None),
            ("/usr/bin/x", None),
            ("", None),
        ];
        for (path, expected) in table {
            assert_eq!(joined("x.egg-info", path).as_deref(), expected, "{path:?}");
        }
    }
}
