//! Looking up: from a name that importlib asks for to what the archives hold.

use std::ffi::{OsStr, OsString};

use importer_core::Module;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::path_text;
use crate::py::ffi::token::Token;
use crate::py::import::finder_type::{Role, State};
use crate::py::process::runtime::{self, WorkerMain};

/// The last part of the name that `__main__` has in its spec where worker processes are to import it again.
///
/// CPython's workers leave a main module alone whose spec is named `__main__` or `….__main__`
/// (`multiprocessing/spawn.py`, `_fixup_main_from_name`); under this name the finder serves the same module.
pub(in crate::py) const MAIN_ALIAS: &str = "__coldframe_main__";

/// The name of the main module, and the one that it has in worker processes.
pub(in crate::py) const MAIN: &str = "__main__";

/// The archive's name of the module that this finder serves under `fullname`.
pub(in crate::py) fn key(state: &State, fullname: &str) -> String {
    let last = fullname.rsplit('.').next().unwrap_or(fullname);
    match &state.role {
        Role::PathEntry { folder, .. } if folder.is_empty() => last.to_owned(),
        Role::PathEntry { folder, .. } => format!("{}.{last}", folder.replace('/', ".")),
        Role::MetaPath | Role::StandIn { .. } if last == MAIN_ALIAS => {
            fullname.replace(MAIN_ALIAS, "__main__")
        }
        Role::MetaPath | Role::StandIn { .. } => fullname.to_owned(),
    }
}

/// The module that this finder serves under `fullname`; damage in the archive is a `coldframe.DamagedArchive` that names it.
pub(in crate::py) fn look_up(
    py: Token<'_>,
    state: &State,
    fullname: &str,
) -> Result<Option<Module<'static>>, Exception> {
    let runtime = runtime::get(py)?;
    let name = match &runtime.worker_main {
        Some(WorkerMain::Guarded(main)) if fullname == MAIN => main.clone(),
        Some(WorkerMain::Unguarded) if fullname == MAIN => return Ok(None),
        Some(_) | None => key(state, fullname),
    };
    let found = runtime.archives.module(&name);
    found
        .map(|found| found.map(|(_, module)| module))
        .map_err(|error| Exception::damaged(py, &format!("cannot import `{fullname}`: {error}")))
}

/// As [`look_up`], for the loader's methods: a module that is not there is an `ImportError`.
pub(in crate::py) fn require(
    py: Token<'_>,
    state: &State,
    fullname: &str,
) -> Result<Module<'static>, Exception> {
    look_up(py, state, fullname)?.ok_or_else(|| {
        // In the words of importlib's own loaders, which programs compare.
        let message =
            format!("the archive's loader cannot handle `{fullname}`: it is not in there");
        Exception::import_error(py, &message, fullname)
    })
}

/// The path inside of the archives that a virtual path stands for; `None` for a path that lies elsewhere.
pub(in crate::py) fn inside(py: Token<'_>, path: &OsStr) -> Option<String> {
    runtime::get(py).ok()?.inside(path)
}

/// The virtual path of a path inside of the archives.
pub(in crate::py) fn virtual_path(py: Token<'_>, path: &str) -> Result<Object, Exception> {
    let mut full: OsString = runtime::get(py)?.root.clone();
    if !path.is_empty() {
        full.push(std::path::MAIN_SEPARATOR_STR);
        if cfg!(windows) {
            full.push(path.replace('/', std::path::MAIN_SEPARATOR_STR));
        } else {
            full.push(path);
        }
    }
    path_text(py, &full)
}
