//! The facts that `os.stat` tells of a file or folder of the archive.

use super::POSIX;
use super::fault::{failed, os_error};
use super::location::Below;
use crate::files::{self, Found};
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, tuple};
use crate::py::process::runtime::Runtime;

/// The kinds of files, as all systems number them.
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
/// `os.stat_result` of a file or folder.
pub(super) fn stat(
    py: Token<'_>,
    runtime: &Runtime,
    found: &Found<'_>,
    below: &Below,
) -> Result<Object, Exception> {
    match found {
        Found::File(file) => {
            let mode = files::mode(file).map_err(|fault| failed(py, runtime, below, fault))?;
            stat_result(py, runtime, REGULAR | mode, file.len(), file.path())
        }
        Found::Folder(path) => stat_of_folder(py, runtime, path),
        Found::Outside(_) => Err(os_error(py, libc::ENOENT, &below.shown, None)),
    }
}

/// The same of a folder, by its path in the archive.
pub(super) fn stat_of_folder(
    py: Token<'_>,
    runtime: &Runtime,
    path: &str,
) -> Result<Object, Exception> {
    stat_result(py, runtime, FOLDER | 0o755, 4096, path)
}

fn stat_result(
    py: Token<'_>,
    runtime: &Runtime,
    mode: u32,
    length: u64,
    path: &str,
) -> Result<Object, Exception> {
    let facts = runtime.facts();
    let integer = |value: u64| Object::integer(py, value as i64);
    let seconds = facts.changed.div_euclid(1_000_000_000);
    let time = || Object::integer(py, seconds);
    let fields = [
        integer(u64::from(mode))?,
        integer(files::inode(path))?,
        integer(files::DEVICE)?,
        integer(1)?,
        integer(facts.user.into())?,
        integer(facts.group.into())?,
        integer(length)?,
        time()?,
        time()?,
        time()?,
    ];
    // As CPython makes the number.
    let exact = seconds as f64 + 1e-9 * facts.changed.rem_euclid(1_000_000_000) as f64;
    let more = import(py, "builtins")?.attribute(py, "dict")?.call(py, &[])?;
    for name in ["st_atime", "st_mtime", "st_ctime"] {
        more.set_item(py, &text(py, name)?, &Object::float(py, exact)?)?;
        let name = format!("{name}_ns");
        more.set_item(py, &text(py, &name)?, &Object::integer(py, facts.changed)?)?;
    }
    for (name, value) in more_facts(length, mode & FOLDER != 0) {
        more.set_item(py, &text(py, name)?, &integer(value)?)?;
    }
    let class = import(py, POSIX)?.attribute(py, "stat_result")?;
    class.call(py, &[&tuple(py, &fields)?, &more])
}

/// Further fields of a result, on this system.
#[cfg(not(windows))]
fn more_facts(length: u64, _is_folder: bool) -> [(&'static str, u64); 3] {
    [("st_blksize", 4096), ("st_blocks", length.div_ceil(512)), ("st_rdev", 0)]
}

/// Attributes: that a file cannot be written to, or that it is a folder.
#[cfg(windows)]
fn more_facts(_length: u64, is_folder: bool) -> [(&'static str, u64); 2] {
    [("st_file_attributes", if is_folder { 0x10 } else { 0x01 }), ("st_reparse_tag", 0)]
}
