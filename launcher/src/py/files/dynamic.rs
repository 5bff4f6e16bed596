//! `_imp.create_dynamic` for a spec whose origin is a path below the executable: the loaders of importlib call it
//! (`ExtensionFileLoader`, which our finder gives to extension modules; `imp.load_dynamic`), and the dynamic linker, which it
//! calls, opens files of the system only.

use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::fault::failed;
use super::location::{self, FirstLook};
use super::real;
use crate::files::{self, Fault, Found};
use crate::py::ffi::boundary::returning_object;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;
use crate::py::import::own_module::note_failure;
use crate::py::native::extension;
use crate::py::process::runtime;

/// CPython's function, as its table had it.
static ORIGINAL: OnceLock<ffi::PyCFunctionFast> = OnceLock::new();

/// Puts our function into the table of `_imp`. Each interpreter calls this; only the first call changes anything.
pub(super) fn redirect(py: Token<'_>) -> Result<(), Exception> {
    if ORIGINAL.get().is_some() {
        return Ok(());
    }
    let Some(function) = import(py, "_imp")?.attribute_or_none(py, "create_dynamic")? else {
        return Ok(());
    };
    // SAFETY: a live object, which is looked at as a C function only if it is exactly one; its definition is of `_imp`'s
    // static table (`static PyMethodDef imp_methods[]` in `Python/import.c`, 3.9 to 3.15), which can be written to and lives
    // as long as the process; the function is of the type that its flags say. There is no second thread yet.
    unsafe {
        if ffi::PyCFunction_CheckExact(function.as_ptr()) == 0 {
            return Ok(());
        }
        let definition = (*function.as_ptr().cast::<ffi::PyCFunctionObject>()).m_ml;
        if (*definition).ml_flags == ffi::METH_FASTCALL
            && ORIGINAL.set((*definition).ml_meth.PyCFunctionFast).is_ok()
        {
            (*definition).ml_meth = ffi::PyMethodDefPointer { PyCFunctionFast: create_dynamic };
        }
    }
    Ok(())
}

/// `_imp.create_dynamic(spec, file=None, /)`.
unsafe extern "C" fn create_dynamic(
    module: *mut ffi::PyObject,
    arguments: *mut *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls this attached, with `count` live arguments, which the caller keeps.
    unsafe {
        returning_object(|py| {
            let original = ORIGINAL.get().ok_or_else(|| Exception::take(py))?;
            let first = if count > 0 { *arguments } else { std::ptr::null_mut() };
            if let Some(spec) = Object::from_borrowed(py, first) {
                let created =
                    of_the_archive(py, &spec).inspect_err(|error| note_failure(py, error))?;
                if let Some(created) = created {
                    return Ok(created);
                }
            }
            Object::from_owned(py, original(module, arguments, count))
        })
    }
}

/// The extension module at the spec's origin, if that is a path below the executable; no module for any other.
fn of_the_archive(py: Token<'_>, spec: &Object) -> Result<Option<Object>, Exception> {
    let runtime = runtime::get(py)?;
    let (Some(name), Some(origin)) =
        (spec.attribute_or_none(py, "name")?, spec.attribute_or_none(py, "origin")?)
    else {
        return Ok(None);
    };
    // SAFETY: attached; a live object.
    let look = unsafe { location::first_look(runtime, origin.as_ptr()) };
    if look != FirstLook::Perhaps || extension::is_to_open(py, spec)? {
        return Ok(None);
    }
    let location::Location::Below(below) = location::of_object(py, runtime, &origin)? else {
        return Ok(None);
    };
    let file = match files::find(&runtime.archives, &below.rest) {
        Ok(Found::File(file)) => file,
        Err(fault @ Fault::Damaged(_)) => return Err(failed(py, runtime, &below, fault)),
        // The dynamic linker says in its own words that there is no such file.
        Ok(Found::Folder(_) | Found::Outside(_)) | Err(_) => return Ok(None),
    };
    let name = name.to_text(py)?;
    // Its own name; or that of its path, where it is imported by another, as from a folder of the archive on `sys.path`.
    for own in [name.as_str(), &name_by_path(file.path())] {
        if let Ok(Some((_, module))) = runtime.archives.module(own)
            && module.path() == file.path()
        {
            return extension::create(py, spec, &name, &module).map(Some);
        }
    }
    // A library that no import leads to.
    let real = real::path(py, runtime, &origin)?;
    let opening = extension::spec_to_open(py, spec, &real)?;
    let created = import(py, "_imp")?.call_method(py, "create_dynamic", &[&opening])?;
    created.set_attribute(py, "__file__", &origin)?;
    Ok(Some(created))
}

/// The name under which an extension module at that path is imported.
fn name_by_path(path: &str) -> String {
    let start = path.rfind('/').map_or(0, |slash| slash + 1);
    let end = path[start..].find('.').map_or(path.len(), |dot| start + dot);
    path[..end].replace('/', ".")
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_of_extension_modules_tell_their_names() {
        for (path, name) in [
            ("_json.cpython-312-x86_64-linux-gnu.so", "_json"),
            ("a/_vendor/b.abi3.so", "a._vendor.b"),
            ("a/b.pyd", "a.b"),
            ("a.b/c", "a.b.c"),
        ] {
            assert_eq!(super::name_by_path(path), name);
        }
    }
}
