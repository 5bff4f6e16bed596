//! Module specs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use importer_core::{Load, Module, ModuleKind, Optimization};
use pyo3_ffi as ffi;

use crate::error::Error;
use crate::file_access::{ServedFolder, native};
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{path_of, path_text, read_text, text};
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, of_sys};
use crate::py::import::finder_type::{Finder, Role};
use crate::py::import::lookup::{key, virtual_path};
use crate::py::import::own_module;
use crate::py::process::runtime;

/// `importlib.machinery.ModuleSpec`, from where it is before `importlib` itself can be imported.
fn spec_type(py: Token<'_>) -> Result<Object, Exception> {
    own_module::bootstrap(py)?.attribute(py, "ModuleSpec")
}

/// The loader of what a finder finds under a name.
///
/// A path entry finder is the loader only of what it alone serves under this name (`sys.path` into the archive).
pub(in crate::py) fn loader(
    py: Token<'_>,
    finder: &Finder<'_>,
    fullname: &str,
) -> Result<Object, Exception> {
    match finder.state.role {
        Role::PathEntry { .. } if key(finder.state, fullname) == fullname => own_module::finder(py),
        Role::PathEntry { .. } | Role::MetaPath | Role::StandIn { .. } => {
            Ok(finder.object.clone_ref(py))
        }
    }
}

/// Whether a module is loaded by the loader that importlib has for extension modules. A package is not, for it has resources, and
/// neither is a module whose package lies in the cache: importlib's loader does not know the libraries that it needs.
pub(in crate::py) fn has_loader_of_importlib(
    py: Token<'_>,
    module: &Module<'_>,
) -> Result<bool, Exception> {
    Ok(module.kind() == ModuleKind::Extension
        && !module.is_package()
        && cached_file(py, module)?.is_none())
}

/// importlib's own loader of extension modules, by whose type programs know them. It creates the module by `_imp.create_dynamic`,
/// which opens libraries of the archives (`py/files/dynamic.rs`).
pub(in crate::py) fn extension_loader(
    py: Token<'_>,
    fullname: &Object,
    module: &Module<'_>,
) -> Result<Object, Exception> {
    let class = import(py, "_frozen_importlib_external")?.attribute(py, "ExtensionFileLoader")?;
    class.call(py, &[fullname, &origin(py, module)?])
}

/// The spec of a module of the archives.
pub(in crate::py) fn make(
    py: Token<'_>,
    loader: &Object,
    fullname: &Object,
    module: &Module<'_>,
    load: Load,
) -> Result<Object, Exception> {
    let origin = origin(py, module)?;
    let is_package = Object::boolean(py, module.is_package());
    let spec = spec_type(py)?.call_with_keywords(
        py,
        &[fullname, loader],
        &[("origin", &origin), ("is_package", &is_package)],
    )?;
    spec.set_attribute(py, "has_location", &Object::boolean(py, true))?;
    if module.kind() == ModuleKind::Source {
        spec.set_attribute(py, "cached", &cached(py, &origin)?)?;
    }
    if module.is_package() {
        let folder = folder(py, module)?;
        spec.attribute(py, "submodule_search_locations")?.append(py, &folder)?;
    }
    match load {
        Load::First | Load::Earlier => {}
        // `importlib.reload` gives the loader no other sign that the module object is an old one.
        Load::Reload => spec.set_attribute(py, "loader_state", &text(py, "reload")?)?,
    }
    Ok(spec)
}

/// The portion of a namespace package that a path entry finder has, for `PathFinder` to merge with the others.
pub(in crate::py) fn namespace_portion(
    py: Token<'_>,
    finder: &Finder<'_>,
    fullname: &Object,
) -> Result<Object, Exception> {
    let none = Object::none(py);
    let is_package = Object::boolean(py, true);
    let spec = spec_type(py)?.call_with_keywords(
        py,
        &[fullname, &none],
        &[("is_package", &is_package)],
    )?;
    let name = read_text(py, fullname)?;
    let last = name.rsplit('.').next().unwrap_or(&name);
    let portion = match &finder.state.role {
        // As the path entry finders of the file system make it of the entry.
        Role::PathEntry { entry, .. } => path_text(py, Path::new(entry).join(last).as_os_str())?,
        Role::MetaPath | Role::StandIn { .. } => {
            virtual_path(py, &key(finder.state, &name).replace('.', "/"))?
        }
    };
    spec.attribute(py, "submodule_search_locations")?.append(py, &portion)?;
    Ok(spec)
}

/// The folder that a module says to lie in.
pub(in crate::py) fn folder(py: Token<'_>, module: &Module<'_>) -> Result<Object, Exception> {
    let origin = path_of(py, &origin(py, module)?)?;
    path_text(py, Path::new(&origin).parent().map_or(OsStr::new(""), Path::as_os_str))
}

/// The `__file__` of a module: virtual, below the executable; or in the cache, for a package that opens its files.
pub(in crate::py) fn origin(py: Token<'_>, module: &Module<'_>) -> Result<Object, Exception> {
    match cached_file(py, module)? {
        Some(path) => Ok(path),
        None => virtual_path(py, module.path()),
    }
}

/// The path of a module whose package is served from the cache; what it opens is put there when it is first asked for.
fn cached_file(py: Token<'_>, module: &Module<'_>) -> Result<Option<Object>, Exception> {
    let runtime = runtime::get(py)?;
    let place = runtime.files.place_of(&runtime.archives, module.path());
    let failed = |error: Error| match error.into_archive() {
        Ok(damage) => Exception::damaged(py, &damage.to_string()),
        Err(error) => Exception::import_error(py, &error.to_string(), module.name()),
    };
    match place.map_err(failed)? {
        Some(ServedFolder { folder, is_searched }) => {
            if is_searched {
                add_search_path(py, &path_text(py, folder.as_os_str())?)?;
            }
            path_text(py, folder.join(native(module.path())).as_os_str()).map(Some)
        }
        None => Ok(None),
    }
}

/// Adds a folder of the cache to `sys.path`, behind all that is there: a package that looks into its folders makes names of
/// modules of the paths that it finds, by what they begin with. Below it our own finder serves the same modules.
fn add_search_path(py: Token<'_>, folder: &Object) -> Result<(), Exception> {
    let path = import(py, "sys")?.attribute(py, "path")?;
    if path.call_method(py, "count", &[folder])?.is_true(py)? {
        return Ok(());
    }
    path.call_method(py, "append", &[folder])?;
    // Nobody may ask `PathFinder` for what lies there, and some read which folders it knows (`twisted.python.modules`).
    let finder = own_module::finder(py)?.call_method(py, "path_hook", &[folder])?;
    import(py, "sys")?.attribute(py, "path_importer_cache")?.set_item(py, folder, &finder)
}

/// The optimisation level that the interpreter runs at: `sys.flags.optimize`.
pub(in crate::py) fn optimization(py: Token<'_>) -> Result<Optimization, Exception> {
    let Some(flags) = of_sys(py, c"flags") else { return Ok(Optimization::Zero) };
    let level = flags.attribute(py, "optimize")?;
    // SAFETY: attached; live; -1 with an exception for what is no number, which level 0 then stands for.
    Ok(match unsafe { ffi::PyLong_AsLong(level.as_ptr()) } {
        1 => Optimization::One,
        2.. => Optimization::Two,
        _ => Optimization::Zero,
    })
}

/// Where the bytecode would lie next to a source: what `importlib.util.cache_from_source` says (PEP 3147), which
/// importlib would else compute in Python for each module.
fn cached(py: Token<'_>, origin: &Object) -> Result<Object, Exception> {
    let origin = PathBuf::from(path_of(py, origin)?);
    let name = origin.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".py").unwrap_or(&name);
    // SAFETY: attached; a static string, or null when `sys.implementation` has no tag.
    let tag = unsafe { ffi::PyImport_GetMagicTag() };
    let tag = if tag.is_null() {
        drop(Exception::take_if_raised(py));
        ""
    } else {
        // SAFETY: not null; kept by `sys.implementation`, and copied at once.
        unsafe { std::ffi::CStr::from_ptr(tag) }.to_str().unwrap_or_default()
    };
    let level = match optimization(py)? {
        Optimization::Zero => "",
        Optimization::One => ".opt-1",
        Optimization::Two => ".opt-2",
    };
    let cached = origin.with_file_name("__pycache__").join(format!("{stem}.{tag}{level}.pyc"));
    path_text(py, cached.as_os_str())
}

/// Applies a spec of ours to a module that another loader made: the module's attributes are those of the spec.
///
/// `importlib._bootstrap._init_module_attrs(spec, module, override=True)` does the same, and is private.
pub(in crate::py) fn apply_to_module(
    py: Token<'_>,
    module: &Object,
    spec: &Object,
) -> Result<(), Exception> {
    module.set_attribute(py, "__spec__", spec)?;
    for (attribute, from) in [
        ("__loader__", "loader"),
        ("__package__", "parent"),
        ("__file__", "origin"),
        ("__path__", "submodule_search_locations"),
    ] {
        if let Some(value) = spec.attribute_or_none(py, from)? {
            module.set_attribute(py, attribute, &value)?;
        }
    }
    // From 3.15 modules have no `__cached__`.
    #[cfg(not(Py_3_15))]
    if let Some(value) = spec.attribute_or_none(py, "cached")? {
        module.set_attribute(py, "__cached__", &value)?;
    }
    Ok(())
}
