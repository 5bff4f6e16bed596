//! The answers for paths below the executable.

use std::ffi::c_int;

use importer_core::Stack;

use super::call::Call;
use super::decision::Decision;
use super::fault::{SUPPORT, failed, number, os_error};
#[cfg(unix)]
use super::folder;
use super::location::Below;
use super::open;
use super::real;
use super::stat_result::stat;
use crate::files::{self, Fault, Found};
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, tuple};
use crate::py::process::runtime::Runtime;

/// The error for an extended attribute that a file has not.
#[cfg(not(target_os = "freebsd"))]
const NO_ATTRIBUTE: i32 = libc::ENODATA;
#[cfg(target_os = "freebsd")]
const NO_ATTRIBUTE: i32 = libc::ENOATTR;

/// Answers; `passed_on` calls CPython's function with another path.
pub(super) fn answer(
    py: Token<'_>,
    runtime: &'static Runtime,
    call: &Call,
    below: &Below,
    is_target: bool,
    passed_on: impl Fn(Object) -> Result<Object, Exception>,
) -> Result<Object, Exception> {
    let decision = call.function().decision;
    let found = match files::find(&runtime.archives, &below.rest) {
        Ok(found @ Found::Outside(_)) => return passed_on(real::of(py, runtime, below, &found)?),
        Ok(found) => found,
        Err(fault) => return missing(py, runtime, call, below, is_target, fault),
    };
    let refused = |code| Err(error(py, code, below, call));
    match decision {
        Decision::Stat => stat(py, runtime, &found, below),
        Decision::Exists => Ok(Object::boolean(py, true)),
        Decision::IsFolder => Ok(Object::boolean(py, matches!(found, Found::Folder(_)))),
        Decision::IsFile => Ok(Object::boolean(py, matches!(found, Found::File(_)))),
        Decision::Never => Ok(Object::boolean(py, false)),
        Decision::Access => access(py, runtime, call, below, &found),
        Decision::Open => {
            let flags = flags(py, call)?;
            audit(
                py,
                "open",
                &[&below.shown, &Object::none(py), &Object::integer(py, flags.into())?],
            )?;
            #[cfg(unix)]
            if folder::can_be_opened(&found, flags) {
                return folder::open(py, runtime, below, &found, flags);
            }
            let opened = open::open(py, runtime, below, &found, flags)?;
            open::for_reading(py, opened)
        }
        Decision::List => {
            audit(py, "os.listdir", &[&below.shown])?;
            match &found {
                Found::Folder(folder) => list(py, &runtime.archives, folder, below),
                Found::File(_) | Found::Outside(_) => refused(libc::ENOTDIR),
            }
        }
        Decision::Scan => {
            audit(py, "os.scandir", &[&below.shown])?;
            match &found {
                Found::Folder(folder) => scan(py, &runtime.archives, folder, below),
                Found::File(_) | Found::Outside(_) => refused(libc::ENOTDIR),
            }
        }
        Decision::Link => refused(libc::EINVAL),
        Decision::Change => refused(libc::EROFS),
        Decision::Make => refused(libc::EEXIST),
        Decision::Attribute => refused(NO_ATTRIBUTE),
        Decision::Attributes => Object::list(py, Vec::new()),
        Decision::Around => passed_on(below.alike(py, runtime.root.as_encoded_bytes())?),
        Decision::Enter if matches!(found, Found::File(_)) => refused(libc::ENOTDIR),
        Decision::Enter => passed_on(real::of(py, runtime, below, &found)?),
        // They are answered before.
        Decision::Start => refused(libc::ENOENT),
    }
}

/// The answer where nothing is at a path.
fn missing(
    py: Token<'_>,
    runtime: &Runtime,
    call: &Call,
    below: &Below,
    is_target: bool,
    fault: Fault,
) -> Result<Object, Exception> {
    let can_be_made = matches!(fault, Fault::Missing { has_folder: true });
    let code = match call.function().decision {
        Decision::Access
        | Decision::Exists
        | Decision::IsFolder
        | Decision::IsFile
        | Decision::Never => {
            // Damage is told even where the answer would be no.
            return match fault {
                Fault::Damaged(_) => Err(failed(py, runtime, below, fault)),
                Fault::Missing { .. } | Fault::NotAFolder | Fault::NameTooLong => {
                    Ok(Object::boolean(py, false))
                }
            };
        }
        Decision::Make if can_be_made => libc::EROFS,
        Decision::Change if can_be_made && is_target => libc::EROFS,
        Decision::Open if can_be_made && flags(py, call)? & libc::O_CREAT != 0 => libc::EROFS,
        _ => match number(&fault) {
            Some(code) => code,
            None => return Err(failed(py, runtime, below, fault)),
        },
    };
    Err(error(py, code, below, call))
}

/// The exception for a path of a call, which names its second path too.
fn error(py: Token<'_>, code: c_int, below: &Below, call: &Call) -> Exception {
    let pair = ("src", "dst");
    match (call.given(py, pair.0), call.given(py, pair.1)) {
        (Some(source), Some(target)) => os_error(py, code, &source, Some(&target)),
        _ => os_error(py, code, &below.shown, None),
    }
}

/// Tells the audit hooks, as CPython's function does.
fn audit(py: Token<'_>, event: &str, arguments: &[&Object]) -> Result<(), Exception> {
    let event = text(py, event)?;
    let mut all = vec![&event];
    all.extend(arguments);
    import(py, "sys")?.call_method(py, "audit", &all).map(drop)
}

fn flags(py: Token<'_>, call: &Call) -> Result<c_int, Exception> {
    let flags = call.given(py, "flags").map_or(Ok(0), |flags| flags.to_integer(py))?;
    Ok(flags as c_int)
}

/// The questions to `access` (POSIX; the functions of Windows take the same numbers).
const WRITE: c_int = 2;
const EXECUTE: c_int = 1;

/// Whether it can be read, or started; nobody can write to it.
fn access(
    py: Token<'_>,
    runtime: &Runtime,
    call: &Call,
    below: &Below,
    found: &Found<'_>,
) -> Result<Object, Exception> {
    let wanted = call.given(py, "mode").map_or(Ok(0), |mode| mode.to_integer(py))? as c_int;
    let can_start = match found {
        Found::File(file) if wanted & EXECUTE != 0 => {
            files::mode(file).map_err(|fault| failed(py, runtime, below, fault))? & 0o111 != 0
        }
        Found::File(_) | Found::Folder(_) | Found::Outside(_) => true,
    };
    Ok(Object::boolean(py, wanted & WRITE == 0 && can_start))
}

fn entries(
    py: Token<'_>,
    archives: &Stack,
    folder: &str,
    below: &Below,
) -> Result<Vec<(Object, bool)>, Exception> {
    let entries = archives
        .directory(folder)
        .map_err(|error| Exception::damaged(py, &format!("cannot list `{folder}`: {error}")))?;
    let mut found = Vec::new();
    for entry in entries.unwrap_or_default() {
        found.push((below.alike(py, entry.name.as_bytes())?, entry.is_directory));
    }
    Ok(found)
}

fn list(py: Token<'_>, archives: &Stack, folder: &str, below: &Below) -> Result<Object, Exception> {
    let entries = entries(py, archives, folder, below)?;
    Object::list(py, entries.into_iter().map(|(name, _)| name).collect())
}

/// `os.scandir`: an iterator over entries, in Python.
fn scan(py: Token<'_>, archives: &Stack, folder: &str, below: &Below) -> Result<Object, Exception> {
    let mut pairs = Vec::new();
    for (name, is_folder) in entries(py, archives, folder, below)? {
        pairs.push(tuple(py, &[name, Object::boolean(py, is_folder)])?);
    }
    let pairs = Object::list(py, pairs)?;
    import(py, SUPPORT)?.call_method(py, "ScandirIterator", &[&below.shown, &pairs])
}
