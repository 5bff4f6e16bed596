//! Checks when everything is packed: whether all that the user named is there.

use interp_config::RunTarget;

use super::packer::{NamesKnown, Packer, ScannedModule};
use super::pattern::Pattern;
use super::stdlib::is_standard;
use super::tree::first_part;
use super::{BundleError, BundleRequest, Problem};

/// An error for an inclusion that named nothing.
pub(super) fn included(
    request: &BundleRequest<'_>,
    include: &[Pattern],
    packer: &Packer<'_>,
) -> Result<(), BundleError> {
    for pattern in include.iter().filter(|pattern| !pattern.is_everything() && !pattern.was_hit()) {
        // It may name a module that is there anyway.
        let name = pattern.text();
        if !packer.writer.contains_module(name) && !is_standard(request, first_part(name)) {
            let searched = searched(request);
            return Err(Problem::IncludeNotFound { name: name.to_owned(), searched }.into());
        }
    }
    Ok(())
}

fn searched(request: &BundleRequest<'_>) -> String {
    let library = if request.python.is_installed() {
        "the standard library"
    } else {
        "the standard library that this `coldframe` carries (it has no tests; `--python` names another one)"
    };
    match request.environment {
        Some(environment) => {
            format!("the virtual environment `{}` or {library}", environment.folder().display())
        }
        None => {
            format!("{library} (no virtual environment was given: name one with `--venv`)")
        }
    }
}

/// Checks the run targets: their modules must be there, and of an entry point the function as far as the code tells.
pub(super) fn entries(
    request: &BundleRequest<'_>,
    packer: &Packer<'_>,
    scanned: &[ScannedModule],
) -> Result<(), BundleError> {
    let run = &request.settings.interpreter.run;
    let run_entry = match run {
        RunTarget::EntryPoint(entry) => Some(entry),
        RunTarget::Module(_)
        | RunTarget::Script(_)
        | RunTarget::Code(_)
        | RunTarget::Repl
        | RunTarget::Auto => None,
    };
    let is_there = |module: &str| {
        packer.writer.contains_module(module) || is_standard(request, first_part(module))
    };
    let missing = |entry: String, module: &str| {
        BundleError::from(Problem::EntryModule {
            entry,
            module: module.to_owned(),
            searched: searched(request),
        })
    };
    for entry in request.entry.into_iter().chain(run_entry) {
        if !is_there(&entry.module) {
            return Err(missing(entry.to_string(), &entry.module));
        }
        let first = first_part(&entry.attribute);
        let code = scanned.iter().find(|module| module.module == entry.module);
        let is_submodule = packer.writer.contains_module(&format!("{}.{first}", entry.module));
        let may_have = |module: &ScannedModule| {
            module.names.contains(first) || module.names_known == NamesKnown::Some
        };
        if code.is_some_and(|module| !may_have(module)) && !is_submodule {
            return Err(Problem::EntryAttribute {
                entry: entry.to_string(),
                module: entry.module.clone(),
                attribute: first.to_owned(),
            }
            .into());
        }
    }
    if let RunTarget::Module(name) = run
        && !is_there(name)
    {
        // A folder that holds modules but no `__init__` runs by its `__main__`.
        if !packer.writer.contains_module(&format!("{name}.__main__")) {
            return Err(missing(name.clone(), name));
        }
    }
    Ok(())
}
