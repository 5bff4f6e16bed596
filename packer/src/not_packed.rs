//! Imports of the standard library's that nothing in the archive answers (`data/standard_names.toml`).

use std::collections::{BTreeMap, BTreeSet};
use std::iter::repeat;

use importer_core::ModuleKind;
use serde::Deserialize;

use super::developers::is_tool;
use super::packer::{Packer, ScannedModule};
use super::pattern::Pattern;
use super::source::ImportPlace;
use super::stdlib::is_standard;
use super::tree::first_part;
use super::{BundleRequest, DEFAULT_EXCLUDES, Origin, Warning};

const NAMES: &str = include_str!("data/standard_names.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Names {
    windows_only: Vec<String>,
    macos_only: Vec<String>,
    unix_only: Vec<String>,
    always_there: Vec<String>,
    optional: Vec<String>,
    needs: BTreeMap<String, String>,
}

impl Names {
    /// Whether only other systems than that of the packed Python have the module.
    fn is_elsewhere(&self, name: &str, is_for_windows: bool) -> bool {
        let is_in = |names: &[String]| names.iter().any(|other| other == name);
        is_in(&self.windows_only) && !is_for_windows
            || is_in(&self.macos_only) && (is_for_windows || !cfg!(target_os = "macos"))
            || is_in(&self.unix_only) && is_for_windows
    }
}

/// The missing modules, each with the first file that imports it. Names that `--exclude` leaves out are not missed, nor are
/// those that only developers of a package run.
pub(super) fn warnings(
    request: &BundleRequest<'_>,
    packer: &Packer<'_>,
    scanned: &[ScannedModule],
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
        let mut there = builtin.iter().chain(&names.always_there);
        there.any(|other| other == name) || is_held && !is_folder(name)
    };
    let is_excluded = |name: &str| {
        // Copies of the patterns are asked, and do not count as uses of the user's.
        exclude.iter().any(|pattern| Pattern::new(pattern.text()).matches(name))
    };
    let mut missing: BTreeMap<String, Warning> = BTreeMap::new();
    for module in scanned {
        if module.origin == Origin::Environment && is_tool(&module.path) {
            continue;
        }
        // A name that only a text suggests may be no import at all.
        let statements = module.imports.iter().filter(|import| import.place != ImportPlace::Text);
        for (import, line) in statements.flat_map(|import| import.names().zip(repeat(import.line)))
        {
            let first = first_part(&import);
            let is_of_tests = (first == "test" || is_standard(request, first))
                && left_out.iter().any(|pattern| pattern.matches(&import));
            let name = match names.needs.get(&import) {
                // The module itself may be one of a later version only.
                Some(needed) if is_answered(&import) => needed.as_str(),
                Some(_) => continue,
                None if is_of_tests => import.as_str(),
                None if standard.contains(first) => first,
                None => continue,
            };
            if missing.contains_key(name)
                || is_answered(name)
                || names.is_elsewhere(name, request.python.is_for_windows())
                || is_excluded(name)
            {
                continue;
            }
            let warning = Warning::NotPacked {
                is_left_out: left_out.iter().any(|pattern| pattern.matches(name)),
                name: name.to_owned(),
                import: import.clone(),
                file: module.path.clone(),
                line: line as usize,
            };
            missing.insert(name.to_owned(), warning);
        }
    }
    missing.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_other_systems_are_not_missed() {
        let names: Names = toml::from_str(NAMES).expect("names");
        for (name, on_windows, on_linux) in
            [("msvcrt", false, true), ("fcntl", true, false), ("_tkinter", false, false)]
        {
            assert_eq!(names.is_elsewhere(name, true), on_windows, "{name}");
            assert_eq!(names.is_elsewhere(name, false), on_linux, "{name}");
        }
    }
}
