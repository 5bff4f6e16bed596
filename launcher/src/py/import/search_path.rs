//! The archives' place on `sys.path`: what stands before them there comes first, as under `python`.

use importer_core::{Module, ModuleKind};
use pyo3_ffi as ffi;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::path_of;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, of_sys};
use crate::py::import::lookup::{MAIN, MAIN_ALIAS, inside};
use crate::py::import::own_module;

/// Whether the archives are asked first for a module at the top: nothing stands before them on `sys.path`, or they are not
/// there at all (a program may empty it).
///
/// Otherwise `PathFinder` goes through `sys.path` in its order, and meets the archives in their place through our path
/// hook. Frozen modules are no matter of that order: CPython asks for them before it, and ours stand for them. Nor are our
/// own modules, and what Python needs while it starts.
pub(in crate::py) fn is_first(py: Token<'_>, name: &str) -> Result<bool, Exception> {
    // The usual case, at the price of one comparison.
    if entries(py).next().is_none_or(|(_, inside)| is_top(&inside)) {
        return Ok(true);
    }
    // SAFETY: may be called at any time.
    let is_starting = unsafe { ffi::Py_IsInitialized() } == 0;
    let is_ours =
        name == MAIN || name.ends_with(MAIN_ALIAS) || name.starts_with(own_module::MODULE);
    if is_starting || is_ours || FROZEN.contains(&name) {
        return Ok(true);
    }
    Ok(!is_on_path(py))
}

/// Whether the top of the archives stands on `sys.path`. A folder in them (`os.path.join(os.path.dirname(__file__),
/// "_vendor")`) is an entry as any other, with other modules in it.
pub(in crate::py) fn is_on_path(py: Token<'_>) -> bool {
    entries(py).any(|(_, inside)| is_top(&inside))
}

fn is_top(inside: &Option<String>) -> bool {
    inside.as_deref() == Some("")
}

/// The spec that `sys.path` has, besides the archives' top, for a module that looks for another one of its own name; or
/// nothing.
///
/// A package that takes itself out of `sys.modules` while it runs, and imports its name again, has put a folder on
/// `sys.path` whose module it means (`cv2`, whose extension module lies in its folder). `python` finds that one because
/// `site-packages` stands late on the path; an archive is one entry for all, and would run the same package again.
pub(in crate::py) fn find_other(py: Token<'_>, name: &Object) -> Result<Option<Object>, Exception> {
    let others = Object::list(py, Vec::new())?;
    for (entry, _) in entries(py).filter(|(_, inside)| !is_top(inside)) {
        others.append(py, &entry)?;
    }
    let finder = import(py, "_frozen_importlib_external")?.attribute(py, "PathFinder")?;
    let spec = finder.call_method(py, "find_spec", &[name, &others])?;
    if spec.is_none(py) || spec.attribute(py, "loader")?.is_none(py) {
        return Ok(None);
    }
    Ok(Some(spec))
}

/// The entries of `sys.path`, as far as it has any, each with the path inside of the archives that it stands for.
fn entries(py: Token<'_>) -> impl Iterator<Item = (Object, Option<String>)> {
    let path = of_sys(py, c"path");
    // SAFETY: attached; live; -1 with an exception for what has no length, which then holds no archive.
    let count = path.as_ref().map_or(0, |path| unsafe { ffi::PySequence_Size(path.as_ptr()) });
    drop(Exception::take_if_raised(py));
    (0..count).filter_map(move |position| {
        let entry = path.as_ref().and_then(|path| {
            // SAFETY: attached; live; a new reference or null with an exception, which is cleared: a list may become
            // shorter.
            unsafe {
                Object::from_owned_or_none(py, ffi::PySequence_GetItem(path.as_ptr(), position))
            }
        });
        let found = entry.map(|entry| {
            let inside = path_of(py, &entry).ok().and_then(|entry| inside(py, &entry));
            (entry, inside)
        });
        drop(Exception::take_if_raised(py));
        found
    })
}

/// The modules at the top that are frozen into `python` (`Python/frozen.c`, the same from 3.11 to 3.15). The running one does
/// not tell: where the archive has the library, it uses none of them.
const FROZEN: &[&str] = if cfg!(Py_3_11) {
    &[
        "_collections_abc",
        "_sitebuiltins",
        "abc",
        "codecs",
        "genericpath",
        "io",
        "ntpath",
        "os",
        "posixpath",
        "runpy",
        "site",
        "stat",
        "zipimport",
    ]
} else {
    &["zipimport"]
};

/// The folder in the archives that the first entry of a package's `__path__` stands for; else the package is another finder's.
pub(in crate::py) fn first_folder(py: Token<'_>, path: &Object) -> Option<String> {
    // SAFETY: attached; a live object; a new reference or null with an exception, which is cleared.
    let first =
        unsafe { Object::from_owned_or_none(py, ffi::PySequence_GetItem(path.as_ptr(), 0)) };
    let inside =
        first.and_then(|first| path_of(py, &first).ok()).and_then(|first| inside(py, &first));
    drop(Exception::take_if_raised(py));
    inside
}

/// Whether a module lies in that folder of the archives, and not in one of the same name elsewhere.
pub(in crate::py) fn lies_in(module: &Module<'_>, folder: &str) -> bool {
    let parent = |path: &str| path.rsplit_once('/').map_or("", |(parent, _)| parent).to_owned();
    let place = match module.kind() {
        // Its path is a folder already.
        ModuleKind::Namespace => module.path().to_owned(),
        ModuleKind::Source | ModuleKind::Extension if module.is_package() => parent(module.path()),
        ModuleKind::Source | ModuleKind::Extension => return parent(module.path()) == folder,
    };
    parent(&place) == folder
}
