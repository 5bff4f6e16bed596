//! The shared libraries of the build machine that travel with an application, and those that stay (`data/system_libraries.toml`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use interp_config::{SystemLibrary, SystemLibraryRule};
use manifest::{
    OpenedLibraries, SYSTEM_FOLDER, SystemLibrary as Taken, opened_libraries, system_library,
};
use mapped_libraries::LinkerSearch;
use serde::Deserialize;

use super::elf::dynamic::is_libpython;
use super::libraries::Libraries;
use super::linking::Linking;
use super::pattern::glob;
use super::{BundleError, StandardLibrary};

/// The rules that are part of the program.
const RULES: &str = include_str!("data/system_libraries.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rule: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    r#use: Use,
    names: Vec<String>,
    #[expect(dead_code, reason = "for the reader of the rules, who must give one")]
    reason: String,
    #[expect(dead_code, reason = "for the reader of the rules, who must give one")]
    source: String,
}

/// The source of a library of the system when the application runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Use {
    /// The library of the system that the application runs on, or nothing.
    Leave,
    /// The library of that system, if it offers as much, and else the archive's.
    SystemFirst,
    /// The archive.
    #[serde(skip)]
    Pack,
}

/// The rules that decide about a library.
#[derive(Debug)]
struct Policy<'a> {
    /// The user's rules, which come first.
    asked: &'a [SystemLibraryRule],
    rules: Vec<Rule>,
}

impl<'a> Policy<'a> {
    fn new(asked: &'a [SystemLibraryRule]) -> Self {
        let rules = toml::from_str::<Rules>(RULES).map(|rules| rules.rule);
        Self {
            asked,
            rules: rules.expect("the rules are part of the program, and a test reads them"),
        }
    }

    fn decide(&self, name: &str) -> Use {
        let fits = |pattern: &str| glob(pattern.as_bytes(), name.as_bytes());
        if let Some(rule) = self.asked.iter().find(|rule| fits(&rule.name)) {
            return match rule.place {
                SystemLibrary::Pack => Use::Pack,
                SystemLibrary::Leave => Use::Leave,
            };
        }
        let rule = self.rules.iter().find(|rule| rule.names.iter().any(|pattern| fits(pattern)));
        rule.map_or(Use::Pack, |rule| rule.r#use)
    }
}

/// A library of the system that an application needs.
#[derive(Debug)]
pub(super) struct SystemLibraryFile {
    /// Its path in the archive.
    pub(super) path: String,
    /// Its path on this machine, if it was found here.
    pub(super) location: Option<PathBuf>,
    /// Its contents, ready to be packed; nothing for one that the standard library's archive has already.
    pub(super) contents: Option<Vec<u8>>,
}

/// The libraries that were found, and those that were not.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<SystemLibraryFile>,
    /// The launcher's facts about the packed libraries.
    pub(super) attributes: BTreeMap<String, Vec<u8>>,
    /// Libraries that this machine does not have either, with the first packed file that needs each.
    pub(super) missing: BTreeMap<String, String>,
}

/// A file that needs libraries.
struct User {
    path: String,
    /// The directories where its needed libraries are looked for before the system's.
    directories: Vec<PathBuf>,
    needed: Vec<String>,
}

/// Follows the needs of packed libraries into the libraries of this machine, notes those that are to be packed among
/// `libraries`, and gives them. `opened` are names that packed code opens (ctypes), with the file that does. The archive of the
/// standard library may have some of them already: where it is copied they are not given again.
pub(super) fn collect(
    libraries: &mut Libraries,
    asked: &[SystemLibraryRule],
    opened: &BTreeMap<String, String>,
    stdlib: StandardLibrary<'_>,
) -> Result<Found, BundleError> {
    let is_copied = stdlib.copied().is_some();
    let standard = stdlib.copied().or(stdlib.sources());
    let policy = Policy::new(asked);
    let search = LinkerSearch::new(std::env::var_os("LD_LIBRARY_PATH").as_deref());
    let mut found = Found::default();
    let mut places: BTreeMap<String, (Use, Vec<u8>)> = BTreeMap::new();
    let mut waiting: Vec<User> = Vec::new();
    for (path, location, linking) in libraries.objects() {
        waiting.push(User {
            path: path.to_owned(),
            directories: directories(linking, location.and_then(Path::parent)),
            needed: linking.needed.clone(),
        });
    }
    let named = |name: &String, file: &String| User {
        path: file.clone(),
        directories: Vec::new(),
        needed: vec![name.clone()],
    };
    waiting.extend(opened.iter().map(|(name, file)| named(name, file)));
    // A user's rule packs a library also where nothing is seen to need it.
    let wanted = asked
        .iter()
        .filter(|rule| rule.place == SystemLibrary::Pack && !rule.name.contains(['*', '?']));
    waiting
        .extend(wanted.map(|rule| named(&rule.name, &format!("--system-library {}", rule.name))));
    while let Some(user) = waiting.pop() {
        let is_opened = opened.contains_key(user.needed.first().map_or("", String::as_str));
        for name in &user.needed {
            if is_libpython(name) || places.contains_key(name) || libraries.finds(&user.path, name)
            {
                continue;
            }
            let decided = policy.decide(name);
            if decided == Use::Leave {
                continue;
            }
            let beside = user.directories.iter().map(|directory| directory.join(name));
            let location =
                beside.into_iter().find(|path| path.is_file()).or_else(|| search.find(name));
            let path = format!("{SYSTEM_FOLDER}/{name}");
            let packed = match standard.map(|archive| archive.file(&path)).transpose()?.flatten() {
                Some(file) => Some(file.contents()?.into_owned()),
                None => None,
            };
            let (contents, is_packed) = match (packed, &location) {
                (Some(contents), _) => (contents, is_copied),
                (None, Some(location)) => {
                    (fs::read(location).map_err(BundleError::io("read", location))?, false)
                }
                (None, None) => {
                    if !is_opened {
                        found.missing.entry(name.clone()).or_insert_with(|| user.path.clone());
                    }
                    continue;
                }
            };
            let Some(linking) = Linking::read(&contents) else { continue };
            let directory =
                location.as_deref().and_then(|location| fs::canonicalize(location).ok());
            waiting.push(User {
                path: path.clone(),
                directories: directories(&linking, directory.as_deref().and_then(Path::parent)),
                needed: linking.needed.clone(),
            });
            let mut ready = contents;
            if !is_packed {
                libraries.make_portable(&mut ready, |_| false);
            }
            libraries.system(&path, &ready);
            places.insert(name.clone(), (decided, ready.clone()));
            let contents = (!is_packed).then_some(ready);
            found.files.push(SystemLibraryFile { path, location, contents });
        }
    }
    let names: Vec<String> =
        opened.keys().filter(|name| places.contains_key(*name)).cloned().collect();
    if !names.is_empty() {
        found.attributes.extend([opened_libraries().entry(&OpenedLibraries { names })]);
    }
    for (name, (decided, contents)) in &places {
        let key = system_library(name);
        let taken = if *decided == Use::SystemFirst {
            let mut asked = libraries.asked_of(name, contents);
            let theirs = standard.map(|archive| key.read(archive)).transpose()?.flatten();
            if let Some(Taken::SystemFirst { asked: theirs }) = theirs {
                asked.extend(theirs);
            }
            asked.sort();
            asked.dedup();
            Taken::SystemFirst { asked }
        } else {
            Taken::Packed
        };
        found.attributes.extend([key.entry(&taken)]);
    }
    Ok(found)
}

/// The directories where the dynamic linker of this machine looks first for the needed libraries of a file.
fn directories(linking: &Linking, origin: Option<&Path>) -> Vec<PathBuf> {
    let resolved = linking.search.iter().filter_map(|directory| {
        let below = directory.strip_prefix("$ORIGIN").or(directory.strip_prefix("${ORIGIN}"));
        match below {
            Some(below) => Some(origin?.join(below.trim_start_matches('/'))),
            None => Some(PathBuf::from(directory)).filter(|directory| directory.is_absolute()),
        }
    });
    resolved.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_decides() {
        let asked = [
            SystemLibraryRule { name: "libX11.so.6".into(), place: SystemLibrary::Pack },
            SystemLibraryRule { name: "libffi*".into(), place: SystemLibrary::Leave },
        ];
        let policy = Policy::new(&asked);
        for (name, expected) in [
            ("libc.so.6", Use::Leave),
            ("ld-linux-x86-64.so.2", Use::Leave),
            ("ld-linux-aarch64.so.1", Use::Leave),
            ("libcuda.so.1", Use::Leave),
            ("libnss_files.so.2", Use::Leave),
            ("libstdc++.so.6", Use::SystemFirst),
            ("libxcb-cursor.so.0", Use::SystemFirst),
            ("libX11.so.6", Use::Pack),
            ("libffi.so.8", Use::Leave),
            ("libssl.so.3", Use::Pack),
            ("libcurl.so.4", Use::Pack),
        ] {
            assert_eq!(policy.decide(name), expected, "{name}");
        }
    }
}
