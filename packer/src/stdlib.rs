//! The standard library, and the modules of it that no application needs.

use super::pattern::Pattern;
use super::tree::{Entry, Tree};
use super::{BundleError, BundleRequest, Problem, PythonInstallation, Warning};

/// Modules left out of the standard library unless `--include` names them: its own tests, modules that only they need, and
/// the wheels of pip. (`config-*` and `site-packages` are folders for building and for installed packages, and no modules at
/// all.)
pub const DEFAULT_EXCLUDES: &[&str] = &[
    "test",
    "*.test",
    "*.tests",
    "*.idle_test",
    "_test*",
    "_ctypes_test",
    "_xxtest*",
    "_xxsubinterpreters_test",
    "xxlimited*",
    "turtledemo",
    "ensurepip._bundled",
];

/// Modules without which the interpreter does not come up.
const ESSENTIAL: &[&str] =
    &["encodings", "codecs", "io", "abc", "importlib", "importlib._bootstrap"];

/// The files of the standard library that are to be packed.
pub(super) fn read(
    python: &PythonInstallation,
    include: &[Pattern],
    exclude: &[Pattern],
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Entry>, BundleError> {
    let suffixes = &python.extension_suffixes;
    let mut tree = Tree::read(&python.stdlib, "", suffixes, |found| {
        let name = found.file_name().to_string_lossy();
        let is_aside =
            name == "site-packages" || name == "dist-packages" || name.starts_with("config-");
        found.depth() == 1
            && (is_aside || found.path() == python.lib_dynload || name == "lib-dynload")
    })?;
    // A Python with everything built in has no such folder.
    if python.lib_dynload.is_dir() {
        let mut extensions = Tree::read(&python.lib_dynload, "", suffixes, |_| false)?;
        if python.is_for_windows() {
            // Its libraries and icons lie there too: the former come with what needs them.
            extensions.entries.retain(|entry| entry.module().is_some());
        }
        tree.entries.extend(extensions.entries);
        tree.warnings.extend(extensions.warnings);
    }
    warnings.extend(tree.warnings);
    let defaults: Vec<Pattern> = DEFAULT_EXCLUDES.iter().map(|text| Pattern::new(text)).collect();
    tree.entries.retain(|entry| {
        let name = entry.dotted();
        // `*` means everything that is installed in the environment.
        let named = include
            .iter()
            .filter(|pattern| !pattern.is_everything() && pattern.matches(&name))
            .count()
            > 0;
        let unwanted = exclude.iter().filter(|pattern| pattern.matches(&name)).count() > 0;
        !unwanted && (named || !defaults.iter().any(|pattern| pattern.matches(&name)))
    });
    Ok(tree.entries)
}

/// An error when an exclusion hits a module that the interpreter needs to start.
pub(super) fn check_essential(exclude: &[Pattern]) -> Result<(), BundleError> {
    for pattern in exclude {
        // A throw-away copy: this question must not make a misspelt pattern look used.
        let question = Pattern::new(pattern.text());
        if let Some(module) = ESSENTIAL.iter().find(|module| question.matches(module)) {
            return Err(
                Problem::ExcludedEssential { pattern: pattern.text().to_owned(), module }.into()
            );
        }
    }
    Ok(())
}

/// Whether the standard library on disk has a module of that first name.
pub(super) fn has_top_level(python: &PythonInstallation, name: &str) -> bool {
    let is_source = |folder: &std::path::Path| {
        folder.join(format!("{name}.py")).is_file()
            || folder.join(name).join("__init__.py").is_file()
    };
    let is_extension = || {
        python
            .extension_suffixes
            .iter()
            .any(|suffix| python.lib_dynload.join(format!("{name}{suffix}")).is_file())
    };
    python.is_installed() && (is_source(&python.stdlib) || is_extension())
}

/// Whether the standard library, wherever it comes from, has a module of that first name.
pub(super) fn is_standard(request: &BundleRequest<'_>, name: &str) -> bool {
    // Built into each program of ours; the package of that name on the index brings the command.
    if name == "coldframe" {
        return true;
    }
    match request.stdlib.archive() {
        Some(archive) => matches!(archive.module(name), Ok(Some(_))),
        None => has_top_level(request.python, name),
    }
}
