//! Extension modules: their libraries are opened from the archive, and what those need before.

use std::ffi::OsString;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::ffi::c_int;
use std::sync::OnceLock;

use importer_core::Module;
use parking_lot::Mutex;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use crate::py::ffi::text::path_of;
use crate::py::ffi::text::path_text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;
use crate::py::import::archived::is_in_archives;
use crate::py::import::loader;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use crate::py::import::lookup::virtual_path;
use crate::py::import::own_module;
use crate::py::native::library::{self, OpenPath};
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use crate::py::native::linker_name;

/// The path under which each library was opened, by the checksum of its contents.
///
/// Process-wide, as the dynamic linker's own table is: a library that two interpreters import, or that is imported
/// again, must be opened by the same path, or CPython would not know a single-phase module of it again.
static OPENED: OnceLock<Mutex<Vec<(u64, OsString)>>> = OnceLock::new();

/// Creates an extension module: `_imp.create_dynamic` on a library that lies in memory.
///
/// The module's `__file__` is then the virtual path that its spec says.
pub(in crate::py) fn create(
    py: Token<'_>,
    spec: &Object,
    name: &str,
    module: &Module<'_>,
) -> Result<Object, Exception> {
    prepare(py, name)?;
    let (library, fresh) = open_path(py, name, module)?;
    let path = known_path(py, module, &library)?;
    let opening = spec_to_open(py, spec, &path_text(py, &path)?)?;
    let create = import(py, "_imp")?.attribute(py, "create_dynamic")?;
    let created = loader::call_with_frames_removed(py, &[&create, &opening]);
    let created = created.map_err(|exception| match library::refusal(&library.path) {
        Some(why) => {
            let reason = format!("cannot import `{name}`: {}{why}", exception.describe(py));
            Exception::import_error(py, &reason, name)
        }
        None => exception,
    })?;
    if let Some(id) = fresh {
        // The dynamic linker holds the library now: its path is remembered, and the descriptor let go.
        OPENED.get_or_init(Mutex::default).lock().push((id, path));
    }
    created.set_attribute(py, "__file__", &spec.attribute(py, "origin")?)?;
    Ok(created)
}

/// The path by which CPython is to open a library, and which the dynamic linker knows from then on: the module's own, if a
/// library in memory can have it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn known_path(
    py: Token<'_>,
    module: &Module<'_>,
    library: &OpenPath,
) -> Result<OsString, Exception> {
    if library.is_in_memory() {
        let flags = import(py, "sys")?.call_method(py, "getdlopenflags", &[])?.to_integer(py)?;
        let path = path_of(py, &virtual_path(py, module.path())?)?;
        // CPython 3.12 and later remember modules by the UTF-8 of their paths, and refuse one that is no text.
        if path.to_str().is_some() && linker_name::open_as(&library.path, flags as c_int, &path) {
            return Ok(path);
        }
    }
    Ok(library.path.clone())
}

/// No other system's dynamic linker is told.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn known_path(
    _py: Token<'_>,
    _module: &Module<'_>,
    library: &OpenPath,
) -> Result<OsString, Exception> {
    Ok(library.path.clone())
}

/// A spec like that one, with the path that is opened. `create_dynamic` takes the path from the spec (`Python/import.c`, 3.9 to
/// 3.15), and ours must keep saying the virtual one, which other threads may read.
pub(in crate::py) fn spec_to_open(
    py: Token<'_>,
    spec: &Object,
    path: &Object,
) -> Result<Object, Exception> {
    let class = own_module::bootstrap(py)?.attribute(py, "ModuleSpec")?;
    let loader = spec.attribute_or_none(py, "loader")?.unwrap_or_else(|| Object::none(py));
    let mark = own_module::finder(py)?;
    let facts = [("origin", path), ("loader_state", &mark)];
    class.call_with_keywords(py, &[&spec.attribute(py, "name")?, &loader], &facts)
}

/// Whether a spec is one that was made to be opened: its path is not to be looked for in the archives, though the dynamic linker
/// may know a library of theirs by it.
pub(in crate::py) fn is_to_open(py: Token<'_>, spec: &Object) -> Result<bool, Exception> {
    let Some(state) = spec.attribute_or_none(py, "loader_state")? else { return Ok(false) };
    Ok(state.is(&own_module::finder(py)?))
}

/// Lets a module that looks for files of the system when it is loaded find them: `readline` asks for the terminal's
/// description at once.
fn prepare(py: Token<'_>, name: &str) -> Result<(), Exception> {
    const READERS: &[&str] = &["_curses", "readline"];
    const SUPPORT: &str = "_coldframe_libraries";
    if READERS.contains(&name) && is_in_archives(py, SUPPORT)? {
        import(py, SUPPORT)?.call_method(py, "find_terminal_descriptions", &[])?;
    }
    Ok(())
}

/// The path to open a module's library by, and the identity to remember it under when it was made just now.
fn open_path(
    py: Token<'_>,
    name: &str,
    module: &Module<'_>,
) -> Result<(OpenPath, Option<u64>), Exception> {
    let id = module.extension_id();
    let known = OPENED
        .get_or_init(Mutex::default)
        .lock()
        .iter()
        .find(|(known, _)| *known == id)
        .map(|(_, path)| path.clone());
    if let Some(path) = known {
        return Ok((OpenPath::known(path), None));
    }
    let library = module
        .library()
        .map_err(|error| Exception::damaged(py, &format!("cannot import `{name}`: {error}")))?;
    let library = library.ok_or_else(|| {
        Exception::import_error(py, &format!("the archive holds no library for `{name}`"), name)
    })?;
    let on_disk = library::on_disk(py, module.path())?;
    library::load_needed(py, name, module, on_disk.is_some())?;
    let path = match on_disk {
        Some(path) => OpenPath::known(path),
        None => OpenPath::new(py, name, module.path(), &library)?,
    };
    Ok((path, Some(id)))
}
