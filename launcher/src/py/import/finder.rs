//! The methods of the finder, as importlib asks for them.
//!
//! It is a meta path finder, a path entry finder (one per folder, made by its path hook, because `pkgutil` and
//! `PathFinder` ask only those) and the loader of what it finds. Namespace packages are left to `PathFinder`, which
//! asks our path entry finders for their portions: so portions in archives and on disk merge as they always do.

use std::ffi::OsStr;
use std::sync::Arc;

use importer_core::{Hook, Load, ModuleKind};
use pyo3_ffi as ffi;

use crate::py::ffi::arguments::{Arguments, required_text};
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{bytes, path_of, path_text, text};
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, loaded_module, tuple};
use crate::py::hooks::ready;
use crate::py::import::archived::is_in_archives;
use crate::py::import::finder_type::{self, Finder, ModuleHooks, Role, State};
use crate::py::import::hooked;
use crate::py::import::loader;
use crate::py::import::lookup::{MAIN, inside, key, look_up, require, virtual_path};
use crate::py::import::own_module;
use crate::py::import::search_path;
use crate::py::import::spec;
use crate::py::import::traced;
use crate::py::import::traced::Loader;
use crate::py::native::extension;
use crate::py::process::parent_death;
use crate::py::process::runtime;

const MAIN_IN_WORKERS: &str = "__mp_main__";

/// The registry of a new interpreter, with the hooks that were given before Python started.
pub(in crate::py) fn hooks_of_this_interpreter(py: Token<'_>) -> Result<ModuleHooks, Exception> {
    let hooks = ModuleHooks::new();
    for registered in &runtime::get(py)?.hooks {
        let run = Arc::clone(&registered.run);
        let hook = Hook::new(registered.label.as_str(), move |module: &Object| {
            // SAFETY: the finder runs hooks only from its own methods, which CPython calls attached.
            let py = unsafe { Token::assume_attached() };
            crate::py::ffi::boundary::guarded(py, |py| run(py, module))
        });
        // Hooks on a module that is loaded already run when Python is ready (`run_waiting_hooks`): now they could not import.
        let (_, outcome) = hooks.register(&registered.module, hook, || None);
        outcome?;
    }
    Ok(hooks)
}

pub(in crate::py) fn find_spec(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<3>,
) -> Result<Object, Exception> {
    let fullname = arguments.required(py, 0)?;
    let name = fullname.to_text(py)?;
    let is_path_entry = matches!(this.state.role, Role::PathEntry { .. });
    // A finder of a path entry has no second parameter `path`, and gets the target there.
    let (path, target) = match arguments.get(py, 1) {
        Some(target) if is_path_entry => (None, Some(target)),
        path => (path, arguments.get(py, 2)),
    };
    let load = if target.is_some() { Load::Reload } else { Load::First };
    let folder = path.filter(|_| !is_path_entry).map(|path| search_path::first_folder(py, path));
    let ours = match &folder {
        Some(folder) => folder.is_some(),
        None => is_path_entry || search_path::is_first(py, &name)?,
    };
    let is_first_at_top = ours && !is_path_entry && path.is_none() && load == Load::First;
    // It runs, and whoever imports it again does not get it from `sys.modules`.
    if is_first_at_top
        && this.state.hooks.is_loading(&name)
        && loaded_module(py, &name)?.is_none()
        && let Some(other) = search_path::find_other(py, fullname)?
    {
        return Ok(other);
    }
    let found = if ours { look_up(py, this.state, &name)? } else { None };
    // The package's folder need not be that of its name: it may be a vendored one.
    let found = found.filter(|module| {
        folder
            .as_ref()
            .and_then(Option::as_deref)
            .is_none_or(|folder| search_path::lies_in(module, folder))
    });
    if let Some(module) = found {
        match module.kind() {
            ModuleKind::Extension if spec::has_loader_of_importlib(py, &module)? => {
                let loader = spec::extension_loader(py, fullname, &module)?;
                let loader = match this.state.hooks.has_hooks(&name) || traced::is_on(py)? {
                    true => hooked::stand_in(py, loader, load, Arc::clone(&this.state.hooks))?,
                    false => loader,
                };
                return spec::make(py, &loader, fullname, &module, load);
            }
            ModuleKind::Source | ModuleKind::Extension => {
                let loader = spec::loader(py, this, &name)?;
                return spec::make(py, &loader, fullname, &module, load);
            }
            ModuleKind::Namespace if is_path_entry => {
                return spec::namespace_portion(py, this, fullname);
            }
            ModuleKind::Namespace => {}
        }
    } else if is_path_entry && is_folder(py, this.state, &name)? {
        // Any folder can be a portion of a namespace package, also one that holds no module.
        return spec::namespace_portion(py, this, fullname);
    }
    if !is_path_entry && (this.state.hooks.has_hooks(&name) || traced::is_on(py)?) {
        return hooked::find_spec(py, this, fullname, path, target);
    }
    Ok(Object::none(py))
}

/// Whether a path entry finder has a folder of that name.
fn is_folder(py: Token<'_>, state: &State, fullname: &str) -> Result<bool, Exception> {
    let path = key(state, fullname).replace('.', "/");
    // `pyclbr` asks for names that end in a dot; the folder that is looked into is no portion of those.
    if path.is_empty() {
        return Ok(false);
    }
    let found = runtime::get(py)?.archives.directory(&path);
    found
        .map(|found| found.is_some())
        .map_err(|error| Exception::damaged(py, &format!("cannot import `{fullname}`: {error}")))
}

pub(in crate::py) fn create_module(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let spec = arguments.required(py, 0)?;
    if let Role::StandIn { loader, .. } = &this.state.role {
        return traced::create(py, spec, Loader::Other(loader), || {
            hooked::create(py, loader, spec)
        });
    }
    let name = spec.attribute(py, "name")?.to_text(py)?;
    let module = require(py, this.state, &name)?;
    match module.kind() {
        ModuleKind::Extension => traced::create(py, spec, Loader::Archive, || {
            extension::create(py, spec, &name, &module)
        }),
        ModuleKind::Source | ModuleKind::Namespace => Ok(Object::none(py)),
    }
}

pub(in crate::py) fn exec_module(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let module = arguments.required(py, 0)?;
    let spec = module.attribute(py, "__spec__")?;
    let name = spec.attribute(py, "name")?.to_text(py)?;
    if let Role::StandIn { loader, load } = &this.state.role {
        traced::execute(py, &spec, Loader::Other(loader), || {
            hooked::execute(py, this, module, &name, (loader, *load))
        })?;
        return Ok(Object::none(py));
    }
    if name == MAIN && runtime::get(py)?.worker_main.is_some() {
        module.set_attribute(py, "__name__", &text(py, MAIN_IN_WORKERS)?)?;
    }
    let load = match spec.attribute_or_none(py, "loader_state")? {
        Some(_) => Load::Reload,
        None => Load::First,
    };
    traced::execute(py, &spec, Loader::Archive, || loader::execute(py, this, module, &name, load))?;
    Ok(Object::none(py))
}

/// The same as `importlib.abc.Loader` does for a loader that has `exec_module`.
#[cfg(not(Py_3_15))]
pub(in crate::py) fn load_module(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let base = import(py, "importlib.abc")?.attribute(py, "Loader")?;
    base.call_method(py, "load_module", &[this.object, arguments.required(py, 0)?])
}

pub(in crate::py) fn get_code(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let name = required_text(py, arguments, 0)?;
    let module = require(py, this.state, &name)?;
    Ok(loader::code(py, &name, &module)?.unwrap_or_else(|| Object::none(py)))
}

pub(in crate::py) fn get_source(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let name = required_text(py, arguments, 0)?;
    let module = require(py, this.state, &name)?;
    if module.kind() == ModuleKind::Extension {
        return Ok(Object::none(py));
    }
    let source = module.source().map_err(|error| Exception::damaged(py, &error.to_string()))?;
    match source {
        Some(source) => {
            let source = bytes(py, &source)?;
            import(py, "importlib.util")?.call_method(py, "decode_source", &[&source])
        }
        None => Ok(Object::none(py)),
    }
}

pub(in crate::py) fn get_filename(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let name = required_text(py, arguments, 0)?;
    let module = require(py, this.state, &name)?;
    spec::origin(py, &module)
}

pub(in crate::py) fn is_package(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let name = required_text(py, arguments, 0)?;
    Ok(Object::boolean(py, require(py, this.state, &name)?.is_package()))
}

pub(in crate::py) fn get_data(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let os = import(py, "os")?;
    let path = os.call_method(py, "fspath", &[arguments.required(py, 0)?])?;
    let path = path_of(py, &path)?;
    let found = match inside(py, &path) {
        Some(inside) => runtime::get(py)?.archives.file(&inside),
        None => Ok(None),
    };
    match found.and_then(|file| file.map(|file| file.contents()).transpose()) {
        Ok(Some(contents)) => bytes(py, &contents),
        Ok(None) => opened(py, &path),
        Err(error) => {
            Err(Exception::damaged(py, &format!("cannot read `{}`: {error}", path.display())))
        }
    }
}

/// The contents of the file at that path, as importlib's own loaders give them for any path: it may lie on disk, or be spelled
/// in another way (`package/../data.txt`).
fn opened(py: Token<'_>, path: &OsStr) -> Result<Object, Exception> {
    let file = import(py, "_io")?.call_method(py, "FileIO", &[&path_text(py, path)?])?;
    let contents = file.call_method(py, "read", &[]);
    file.call_method(py, "close", &[])?;
    contents
}

/// The Python module of ours that holds what only importlib's own base classes can say.
const RESOURCES: &str = "_coldframe_resources";

pub(in crate::py) fn get_resource_reader(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let name = required_text(py, arguments, 0)?;
    let module = require(py, this.state, &name)?;
    // Also for a module that is no package: `files()` takes one as the anchor, from 3.12 on and in the backport.
    if !is_in_archives(py, RESOURCES)? {
        return Ok(Object::none(py));
    }
    let folder = spec::folder(py, &module)?;
    import(py, RESOURCES)?.call_method(py, "ResourceReader", &[this.object, &folder])
}

pub(in crate::py) fn iter_modules(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let prefix = arguments.get(py, 0).map_or(Ok(String::new()), |prefix| prefix.to_text(py))?;
    let folder = match &this.state.role {
        Role::PathEntry { folder, .. } => folder.as_str(),
        // `pkgutil` asks the finders of `sys.meta_path` too, and so would list a program's other search path and ours.
        Role::MetaPath | Role::StandIn { .. } if search_path::is_on_path(py) => {
            return Object::list(py, Vec::new());
        }
        Role::MetaPath | Role::StandIn { .. } => "",
    };
    let modules = runtime::get(py)?
        .archives
        .directory_modules(folder)
        .map_err(|error| Exception::damaged(py, &error.to_string()))?;
    let mut found = Vec::new();
    for module in modules.unwrap_or_default() {
        found.push(tuple(
            py,
            &[prefixed(py, &prefix, module.name)?, Object::boolean(py, module.is_package)],
        )?);
    }
    Object::list(py, found)
}

pub(in crate::py) fn invalidate_caches(
    py: Token<'_>,
    _this: &Finder<'_>,
    _arguments: &Arguments<0>,
) -> Result<Object, Exception> {
    Ok(Object::none(py))
}

pub(in crate::py) fn run_waiting_hooks(
    py: Token<'_>,
    this: &Finder<'_>,
    _arguments: &Arguments<0>,
) -> Result<Object, Exception> {
    ready::run_waiting(py, &this.state.hooks)?;
    Ok(Object::none(py))
}

pub(in crate::py) fn path_hook(
    py: Token<'_>,
    this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let path = arguments.required(py, 0)?;
    // Only text can lie in the archive, as for CPython's own hooks; anything else is another hook's.
    let runtime = runtime::get(py)?;
    let folder = path_of(py, path)
        .ok()
        .and_then(|path| runtime.inside(&path).or_else(|| runtime.frozen_folder(path.to_str()?)));
    // The top is always there.
    let folder = folder.filter(|folder| {
        folder.is_empty() || matches!(runtime.archives.directory(folder), Ok(Some(_)))
    });
    match folder {
        Some(folder) => {
            let finder_type = import(py, own_module::MODULE)?.attribute(py, "Finder")?;
            let entry = path_of(py, path)?;
            let state = State {
                role: Role::PathEntry { folder, entry },
                hooks: Arc::clone(&this.state.hooks),
            };
            finder_type::instance(py, &finder_type, state)
        }
        None => {
            Err(Exception::import_error(py, "only paths inside of the archive are supported", ""))
        }
    }
}

pub(in crate::py) fn list_folder(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let path = path_of(py, arguments.required(py, 0)?)?;
    let Some(inside) = inside(py, &path) else { return Ok(Object::none(py)) };
    let entries = runtime::get(py)?.archives.directory(&inside).map_err(|error| {
        Exception::damaged(py, &format!("cannot list `{}`: {error}", path.display()))
    })?;
    let Some(entries) = entries else { return Ok(Object::none(py)) };
    let mut found = Vec::new();
    for entry in entries {
        found.push(tuple(py, &[text(py, entry.name)?, Object::boolean(py, entry.is_directory)])?);
    }
    Object::list(py, found)
}

pub(in crate::py) fn list_distributions(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let archives = &runtime::get(py)?.archives;
    let found = match arguments.get(py, 0) {
        Some(name) => {
            let name = name.to_text(py)?;
            archives
                .distribution(&name)
                .map(|folder| folder.map(|folder| (name, folder)).into_iter().collect())
        }
        None => archives.distributions(),
    };
    let found = found.map_err(|error| Exception::damaged(py, &error.to_string()))?;
    let mut pairs = Vec::new();
    for (name, folder) in found {
        pairs.push(tuple(py, &[text(py, &name)?, virtual_path(py, &folder)?])?);
    }
    Object::list(py, pairs)
}

/// Ends this process when its parent has ended, unless the settings say otherwise, if the system can be asked for that.
pub(in crate::py) fn end_with_parent(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    // SAFETY: attached; a live object; -1 with an exception for one that is no descriptor and has none.
    let sentinel = unsafe { ffi::PyObject_AsFileDescriptor(arguments.required(py, 0)?.as_ptr()) };
    if sentinel < 0 {
        return Err(Exception::take(py));
    }
    // It is a favour, which `python` does not do: where the system refuses it (`ulimit -i 0`), the worker works without.
    if runtime::get(py)?.config.workers_end_with_parent
        && let Err(error) = parent_death::end_after(sentinel)
    {
        tracing::warn!(%error, "cannot watch the parent process: this worker does not end with it");
    }
    Ok(Object::none(py))
}

/// `str(prefix) + name`, for the names that `iter_modules` yields.
fn prefixed(py: Token<'_>, prefix: &str, name: &str) -> Result<Object, Exception> {
    text(py, &format!("{prefix}{name}"))
}
