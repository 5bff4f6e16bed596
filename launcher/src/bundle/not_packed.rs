//! Imports of the standard library's that nothing in the archive answers (`data/standard_names.toml`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use importer_core::ModuleKind;
use serde::Deserialize;

use super::builder::is_standard;
use super::developers::is_tool;
use super::packer::{Packer, Scanned};
use super::pattern::Pattern;
use super::tree::first_part;
use super::{BundleRequest, DEFAULT_EXCLUDES, Origin, Warning};

const NAMES: &str = include_str!("data/standard_names.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Names {
    windows_only: Vec<String>,
    macos_only: Vec<String>,
    unix_only: Vec<String>,
    optional: Vec<String>,
    needs: BTreeMap<String, String>,
}

impl Names {
    fn is_elsewhere(&self, name: &str) -> bool {
        let is_in = |names: &[String]| names.iter().any(|other| other == name);
        is_in(&self.windows_only) && !cfg!(windows)
            || is_in(&self.macos_only) && !cfg!(target_os = "macos")
            || is_in(&self.unix_only) && cfg!(windows)
    }
}

/// The missing modules, each with the first file that imports it. Names that `--exclude` leaves out are not missed, nor is what only
/// developers of a package run.
pub(super) fn warnings(
    request: &BundleRequest<'_>,
    packer: &Packer<'_>,
    scanned: &[Scanned],
    exclude: &[Pattern],
) -> Vec<Warning> {
    let names: Names =
        toml::from_str(NAMES).expect("the names are part of the program, and a test reads them");
    let standard: BTreeSet<&str> = match request.python.standard_names.as_slice() {
        [] => names.optional.iter().map(String::as_str).collect(),
        // `sys.stdlib_module_names` leaves Python's own tests out.
        known => known.iter().map(String::as_str).chain(["test"]).collect(),
    };
    let left_out: Vec<Pattern> = DEFAULT_EXCLUDES.iter().map(|text| Pattern::new(text)).collect();
    let builtin = &request.python.builtin_modules;
    // A folder with nothing but data in it answers an import, and with nothing.
    let is_folder = |name: &str| {
        let archive = request.stdlib.archive();
        let module = archive.and_then(|archive| archive.module(name).ok().flatten());
        module.is_some_and(|module| module.kind() == ModuleKind::Namespace)
    };
    let is_answered = |name: &str| {
        let is_held = packer.writer.contains_module(name) || is_standard(request, name);
        builtin.iter().any(|builtin| builtin == name) || is_held && !is_folder(name)
    };
    let is_excluded = |name: &str| {
        // Asked by copies, which do not count as uses of the user's patterns.
        exclude.iter().any(|pattern| Pattern::new(pattern.text()).matches(name))
    };
    let mut missing: BTreeMap<String, Vec<(&Scanned, &str)>> = BTreeMap::new();
    for module in scanned {
        if module.origin == Origin::Environment && is_tool(&module.path) {
            continue;
        }
        for import in &module.imports {
            let first = first_part(import);
            let is_of_tests = (first == "test" || is_standard(request, first))
                && left_out.iter().any(|pattern| pattern.matches(import));
            let name = match names.needs.get(import) {
                // The module itself may be one of a later version only.
                Some(needed) if is_answered(import) => needed.as_str(),
                Some(_) => continue,
                None if is_of_tests => import.as_str(),
                None if standard.contains(first) => first,
                None => continue,
            };
            if !is_answered(name) && !names.is_elsewhere(name) && !is_excluded(name) {
                missing.entry(name.to_owned()).or_default().push((module, import));
            }
        }
    }
    let warning = |(name, users): (String, Vec<(&Scanned, &str)>)| {
        // A name that only a text suggests (`import_module(name)` with a table of names) may be no import at all.
        let shown = users.iter().find_map(|(module, import)| {
            Some((module, import, line_of_import(&module.location, import)?))
        });
        let (module, import, line) = shown?;
        let is_left_out = left_out.iter().any(|pattern| pattern.matches(&name));
        Some(Warning::NotPacked {
            is_left_out,
            name,
            import: (*import).to_owned(),
            file: module.path.clone(),
            line,
        })
    };
    missing.into_iter().filter_map(warning).collect()
}

/// The first line of a source file that imports a module, as far as the text tells.
fn line_of_import(file: &Path, name: &str) -> Option<usize> {
    let source = fs::read(file).ok()?;
    let source = String::from_utf8_lossy(&source);
    line_in(&source, name, "").or_else(|| {
        // `from test import support`
        let (package, module) = name.rsplit_once('.')?;
        line_in(&source, package, module)
    })
}

/// The first line with an import of `name` that has the word `from_it` too.
fn line_in(source: &str, name: &str, from_it: &str) -> Option<usize> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let has = |text: &str, name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(|before| is_part(before) || before == '.')
                && !after.is_some_and(is_part)
        })
    };
    let names_it = |text: &str| has(text, name);
    let imports = |line: &&str| {
        if !from_it.is_empty() && !has(line, from_it) {
            return false;
        }
        let line = line.trim_start();
        let by_call = ["import_module(", "__import__("].iter().any(|call| line.contains(call));
        let statement = line.strip_prefix("import ").or_else(|| {
            let (module, _) = line.strip_prefix("from ")?.split_once(" import")?;
            Some(module)
        });
        statement.is_some_and(names_it) || by_call && names_it(line)
    };
    let found = source.lines().position(|line| imports(&line))?;
    Some(found + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_the_one_that_imports() {
        let source = "'''import x'''\nimport xy, a.x\nfrom x.y import z\nif 1:\n    import a, x\nimport_module('q.r')\n";
        for (name, line) in [
            ("x", Some(3)),
            ("a.x", Some(2)),
            ("x.y", Some(3)),
            ("xy", Some(2)),
            ("q.r", Some(6)),
            ("z", None),
        ] {
            assert_eq!(line_in(source, name, ""), line, "{name}");
        }
        assert_eq!(line_in(source, "x.y", "z"), Some(3));
        assert_eq!(line_in(source, "x.y", "q"), None);
    }

    #[test]
    fn modules_of_other_systems_are_not_missed() {
        let names: Names = toml::from_str(NAMES).expect("names");
        assert_eq!(names.is_elsewhere("msvcrt"), !cfg!(windows));
        assert!(!names.is_elsewhere("_tkinter"));
    }
}
