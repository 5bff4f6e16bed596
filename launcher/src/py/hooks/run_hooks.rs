//! The moment at which hooks run: a module is loaded, and bound in its parent package.

use importer_core::{Load, Loading};

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::loaded_module;

/// Binds a module that was loaded in its parent package, and runs the hooks that wait for it.
pub(in crate::py) fn run_hooks(
    py: Token<'_>,
    loading: Loading<'_, Object, Exception>,
    name: &str,
    module: &Object,
    load: Load,
) -> Result<(), Exception> {
    let parent = match name.rsplit_once('.') {
        Some((parent, child)) => loaded_module(py, parent)?.map(|parent| (parent, child)),
        None => None,
    };
    if let Some((parent, child)) = &parent {
        parent.set_attribute(py, child, module)?;
    }
    loading.finish(module, load).inspect_err(|_| {
        if let (Some((parent, child)), Load::First | Load::Earlier) = (&parent, load) {
            // The import has failed: the parent is to look as if it had never been tried.
            drop(parent.delete_attribute(py, child));
        }
    })
}
