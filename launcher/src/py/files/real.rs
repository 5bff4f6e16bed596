//! Paths that C code and other programs are given: the file is put into the cache, and its path there is handed over.

use super::super::exception::{Exception, Kind};
use super::super::object::{Object, import};
use super::super::runtime::Runtime;
use super::super::token::Token;
use super::answer::{SUPPORT, failed};
use super::place::{self, Below, Place};
use crate::error::Error;
use crate::files::{self, Fault, Found};

/// The path on disk of what a path below the executable leads to; any other path is given back.
pub(in super::super) fn path(
    py: Token<'_>,
    runtime: &Runtime,
    object: &Object,
) -> Result<Object, Exception> {
    let below = match place::of_object(py, runtime, object)? {
        Place::Below(below) => below,
        Place::Elsewhere(path) => return Ok(path),
    };
    match files::find(&runtime.archives, &below.rest) {
        Ok(found) => of(py, runtime, &below, &found),
        Err(Fault::Damaged(error)) => Err(failed(py, runtime, &below, Fault::Damaged(error))),
        // Who opens it gets the error.
        Err(_) => Ok(below.shown),
    }
}

/// The path on disk of what was found.
pub(super) fn of(
    py: Token<'_>,
    runtime: &Runtime,
    below: &Below,
    found: &Found<'_>,
) -> Result<Object, Exception> {
    let real = match found {
        Found::Outside(rest) => Ok(place::beside(runtime, rest)),
        Found::File(file) => runtime.files.real_file(&runtime.archives, file),
        // All that there is would be too much, and nobody means it.
        Found::Folder(path) if path.is_empty() => return Ok(below.shown.clone_ref(py)),
        Found::Folder(path) => runtime.files.real_folder(&runtime.archives, path),
    };
    let real = real.map_err(|error| match error {
        Error::Archive(error) => failed(py, runtime, below, Fault::Damaged(error)),
        error => {
            let path = files::display(&runtime.root, &below.rest);
            let message = format!("`{path}` is to be opened outside of Python: {error}");
            Exception::new(py, Kind::Os, &message)
        }
    })?;
    tracing::debug!(path = %real.display(), "put on disk for what is not Python");
    below.alike(py, real.as_os_str().as_encoded_bytes())
}

/// The program and the arguments with which another program is to be started.
pub(super) fn command(
    py: Token<'_>,
    program: &Object,
    arguments: &Object,
) -> Result<(Object, Object), Exception> {
    let pair = import(py, SUPPORT)?.call_method(py, "real_command", &[program, arguments])?;
    Ok((pair.item(py, 0)?, pair.item(py, 1)?))
}
