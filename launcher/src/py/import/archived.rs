//! The modules that the archives have, and those that come from them.

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::import::own_module;
use crate::py::process::runtime;

/// Whether the archives hold a module. Coldframe's own lie in archives with a standard library: a program that embeds the
/// Python of the file system goes without them.
pub(crate) fn is_in_archives(py: Token<'_>, name: &str) -> Result<bool, Exception> {
    Ok(matches!(runtime::get(py)?.archives.module(name), Ok(Some(_))))
}

/// Whether a module is served by the archive, and not by another finder.
pub(crate) fn is_served_by_archive(py: Token<'_>, module: &Object) -> Result<bool, Exception> {
    let Some(spec) = module.attribute_or_none(py, "__spec__")? else { return Ok(false) };
    let Some(loader) = spec.attribute_or_none(py, "loader")? else { return Ok(false) };
    Ok(loader.is(&own_module::finder(py)?))
}
