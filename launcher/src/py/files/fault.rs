//! The exceptions for paths below the executable.

use std::ffi::c_int;

use super::location::Below;
use crate::files::{self, Fault};
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;
use crate::py::process::runtime::Runtime;

/// The module of ours with what is rarely asked for.
pub(super) const SUPPORT: &str = "_coldframe_files";

/// The number of a fault; none is for damage.
pub(super) fn number(fault: &Fault) -> Option<c_int> {
    match fault {
        Fault::Missing { .. } => Some(libc::ENOENT),
        Fault::NotAFolder => Some(libc::ENOTDIR),
        Fault::NameTooLong => Some(libc::ENAMETOOLONG),
        Fault::Damaged(_) => None,
    }
}

/// The exception for a fault.
pub(super) fn failed(py: Token<'_>, runtime: &Runtime, below: &Below, fault: Fault) -> Exception {
    match fault {
        Fault::Damaged(error) => {
            let path = files::display(&runtime.root, &below.rest);
            Exception::damaged(py, &format!("cannot read `{path}`: {error}"))
        }
        fault => os_error(py, number(&fault).unwrap_or(libc::EIO), &below.shown, None),
    }
}

/// An `OSError`, of the class that is for its number.
pub(super) fn os_error(
    py: Token<'_>,
    code: c_int,
    path: &Object,
    second: Option<&Object>,
) -> Exception {
    let made = || {
        let number = Object::integer(py, code.into())?;
        let message = import(py, super::POSIX)?.call_method(py, "strerror", &[&number])?;
        let class = import(py, "builtins")?.attribute(py, "OSError")?;
        match second {
            Some(second) => class.call(py, &[&number, &message, path, &Object::none(py), second]),
            None => class.call(py, &[&number, &message, path]),
        }
    };
    made().map_or_else(|failed| failed, |error| Exception::of_value(py, &error))
}
