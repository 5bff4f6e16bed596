//! The exception for damage in an archive.

use std::io::Write as _;
use std::sync::Once;

use pyo3_ffi as ffi;

use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::text::text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::loaded_module;
use crate::py::import::own_module::{DAMAGED_ARCHIVE, MODULE};

impl Exception {
    /// The exception for damage in an archive: `coldframe.DamagedArchive`, a `SystemError`, for programs catch an `ImportError` or an
    /// `OSError` where something is only missing.
    ///
    /// The first one is shown on standard error as well: code that catches everything would hide it.
    pub(in crate::py) fn damaged(py: Token<'_>, message: &str) -> Self {
        static SAID: Once = Once::new();
        SAID.call_once(|| {
            // Without standard error there is nobody to tell.
            let _nobody = writeln!(std::io::stderr(), "coldframe: {message}");
        });
        let class = loaded_module(py, MODULE).ok().flatten();
        let class = class.and_then(|module| module.attribute(py, DAMAGED_ARCHIVE).ok());
        let made = class.and_then(|class| Some((text(py, message).ok()?, class)));
        drop(Self::take_if_raised(py));
        match made {
            Some((message, class)) => {
                // SAFETY: attached; both live; the interpreter takes references of its own.
                unsafe { ffi::PyErr_SetObject(class.as_ptr(), message.as_ptr()) };
                Self::take(py)
            }
            // While Python starts.
            None => Self::new(py, Kind::System, message),
        }
    }
}
