//! The decision for each function of `posix` that takes a path, and the C functions that stand in their places.
//!
//! A test (`command/tests/it/virtual_files.rs`) lists the functions of the running Python whose signatures have a path, and
//! fails for one that is neither here nor known to look at no file.

use std::sync::OnceLock;

use pyo3_ffi as ffi;

use super::call::{Call, Original};
use super::decision::{Decision, Function};
use super::dispatch::dispatch;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;

macro_rules! functions {
    ($($name:ident($($parameter:ident),*; $required:literal; $($named:ident),*) at $paths:expr => $decision:ident;)*) => {
        /// The index of a function in the table.
        #[expect(non_camel_case_types, reason = "they are called as Python calls them")]
        enum Index { $($name),* }

        static FUNCTIONS: [Function; COUNT] = [$(Function {
            name: stringify!($name),
            decision: Decision::$decision,
            parameters: &[$(stringify!($parameter),)* $(stringify!($named)),*],
            unnamed: [$(stringify!($parameter)),*].len(),
            required: $required,
            paths: &$paths,
            by_name: by_name::<{ Index::$name as usize }>,
            by_position: by_position::<{ Index::$name as usize }>,
            single: single::<{ Index::$name as usize }>,
        }),*];

        const COUNT: usize = [$(stringify!($name)),*].len();

    };
}

functions! {
    _add_dll_directory (path; 1; ) at [0] => Enter;
    _isdir (path; 1; ) at [0] => IsFolder;
    _path_exists (path; 1; ) at [0] => Exists;
    _path_isdir (path; 1; ) at [0] => IsFolder;
    _path_isfile (path; 1; ) at [0] => IsFile;
    _path_isjunction (path; 1; ) at [0] => Never;
    _path_islink (path; 1; ) at [0] => Never;
    _path_lexists (path; 1; ) at [0] => Exists;
    access (path, mode; 2; dir_fd, effective_ids, follow_symlinks) at [0] => Access;
    chdir (path; 1; ) at [0] => Enter;
    chflags (path, flags; 2; follow_symlinks) at [0] => Change;
    chmod (path, mode; 2; dir_fd, follow_symlinks) at [0] => Change;
    chown (path, uid, gid; 3; dir_fd, follow_symlinks) at [0] => Change;
    chroot (path; 1; ) at [0] => Enter;
    execv (path, argv; 2; ) at [0] => Start;
    execve (path, argv, env; 3; ) at [0] => Start;
    fstat (fd; 1; ) at [0] => Stat;
    getxattr (path, attribute; 2; follow_symlinks) at [0] => Attribute;
    lchflags (path, flags; 2; ) at [0] => Change;
    lchmod (path, mode; 2; ) at [0] => Change;
    lchown (path, uid, gid; 3; ) at [0] => Change;
    link (src, dst; 2; src_dir_fd, dst_dir_fd, follow_symlinks) at [0, 1] => Change;
    listdir (path; 0; ) at [0] => List;
    listxattr (path; 0; follow_symlinks) at [0] => Attributes;
    lstat (path; 1; dir_fd) at [0] => Stat;
    mkdir (path, mode; 1; dir_fd) at [0] => Make;
    mkfifo (path, mode; 1; dir_fd) at [0] => Make;
    mknod (path, mode, device; 1; dir_fd) at [0] => Make;
    open (path, flags, mode; 2; dir_fd) at [0] => Open;
    pathconf (path, name; 2; ) at [0] => Around;
    posix_spawn (path, argv, env; 3; file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler) at [0] => Start;
    posix_spawnp (path, argv, env; 3; file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler) at [0] => Start;
    readlink (path; 1; dir_fd) at [0] => Link;
    remove (path; 1; dir_fd) at [0] => Change;
    removexattr (path, attribute; 2; follow_symlinks) at [0] => Change;
    rename (src, dst; 2; src_dir_fd, dst_dir_fd) at [0, 1] => Change;
    replace (src, dst; 2; src_dir_fd, dst_dir_fd) at [0, 1] => Change;
    rmdir (path; 1; dir_fd) at [0] => Change;
    scandir (path; 0; ) at [0] => Scan;
    setxattr (path, attribute, value, flags; 3; follow_symlinks) at [0] => Change;
    stat (path; 1; dir_fd, follow_symlinks) at [0] => Stat;
    statvfs (path; 1; ) at [0] => Around;
    statx (path, mask; 2; flags, dir_fd, follow_symlinks, sync) at [0] => Around;
    symlink (src, dst, target_is_directory; 2; dir_fd) at [1] => Make;
    truncate (path, length; 2; ) at [0] => Change;
    unlink (path; 1; dir_fd) at [0] => Change;
    utime (path, times; 1; ns, dir_fd, follow_symlinks) at [0] => Change;
}

/// CPython's own functions, those that it has.
static ORIGINALS: OnceLock<[Option<Original>; COUNT]> = OnceLock::new();

/// The function in whose place one of ours was put.
#[inline(always)]
fn original<const INDEX: usize>() -> Option<Original> {
    ORIGINALS.get()?[INDEX]
}

/// Puts our functions into the table of `posix`. To be called by each interpreter; only the first one changes anything.
pub(super) fn redirect(py: Token<'_>, posix: &Object) -> Result<(), Exception> {
    if ORIGINALS.get().is_some() {
        return Ok(());
    }
    let mut definitions = [None; COUNT];
    for (function, definition) in FUNCTIONS.iter().zip(&mut definitions) {
        if let Some(object) = posix.attribute_or_none(py, function.name)? {
            // SAFETY: a live object, which is looked at as a C function only if it is exactly one.
            *definition = unsafe {
                (ffi::PyCFunction_CheckExact(object.as_ptr()) != 0)
                    .then(|| (*object.as_ptr().cast::<ffi::PyCFunctionObject>()).m_ml)
            };
        }
    }
    // SAFETY: the definitions are `posix`'s own, which live as long as the process; a function is of the type that its flags say.
    let original = |definition: Option<*mut ffi::PyMethodDef>| unsafe {
        let definition = definition?;
        match (*definition).ml_flags {
            BY_NAME => Some(Original::ByName((*definition).ml_meth.PyCFunctionFastWithKeywords)),
            BY_POSITION => Some(Original::ByPosition((*definition).ml_meth.PyCFunctionFast)),
            ffi::METH_O => Some(Original::Single((*definition).ml_meth.PyCFunction)),
            _ => None,
        }
    };
    let originals = definitions.map(original);
    if ORIGINALS.set(originals).is_err() {
        return Ok(());
    }
    for ((definition, original), function) in definitions.into_iter().zip(originals).zip(&FUNCTIONS)
    {
        // SAFETY: as above; the tables can be written to (`static PyMethodDef posix_methods[]`), and this is done once,
        // before there is a second thread or interpreter. Whoever calls meanwhile gets the old function or the new one.
        unsafe {
            match (definition, original) {
                (Some(definition), Some(Original::ByName(_))) => {
                    (*definition).ml_meth =
                        ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: function.by_name };
                }
                (Some(definition), Some(Original::ByPosition(_))) => {
                    (*definition).ml_meth =
                        ffi::PyMethodDefPointer { PyCFunctionFast: function.by_position };
                }
                (Some(definition), Some(Original::Single(_))) => {
                    (*definition).ml_meth =
                        ffi::PyMethodDefPointer { PyCFunction: function.single };
                }
                (Some(_) | None, _) => {}
            }
        }
    }
    Ok(())
}

const BY_NAME: std::ffi::c_int = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
const BY_POSITION: std::ffi::c_int = ffi::METH_FASTCALL;

/// The result where there is no original. It does not come to that: each of ours is called only from the place in the table that
/// its original was taken from.
const NEVER: *mut ffi::PyObject = std::ptr::null_mut();

/// The function in the place of one that takes names.
unsafe extern "C" fn by_name<const INDEX: usize>(
    module: *mut ffi::PyObject,
    stack: *const *mut ffi::PyObject,
    positional: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let Some(original @ Original::ByName(_)) = original::<INDEX>() else { return NEVER };
    let function = &FUNCTIONS[INDEX];
    // SAFETY: CPython calls this attached, with the arguments of a vectorcall.
    unsafe { dispatch(Call { function, module, stack, positional, names, original }) }
}

/// The function in the place of one that takes none.
unsafe extern "C" fn by_position<const INDEX: usize>(
    module: *mut ffi::PyObject,
    stack: *mut *mut ffi::PyObject,
    positional: ffi::Py_ssize_t,
) -> *mut ffi::PyObject {
    let Some(original @ Original::ByPosition(_)) = original::<INDEX>() else { return NEVER };
    let (function, names) = (&FUNCTIONS[INDEX], std::ptr::null_mut());
    let stack = stack.cast_const();
    // SAFETY: CPython calls this attached, with the arguments of a vectorcall.
    unsafe { dispatch(Call { function, module, stack, positional, names, original }) }
}

/// The C function for one that takes exactly one argument.
unsafe extern "C" fn single<const INDEX: usize>(
    module: *mut ffi::PyObject,
    argument: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let Some(original @ Original::Single(_)) = original::<INDEX>() else { return NEVER };
    let (function, names) = (&FUNCTIONS[INDEX], std::ptr::null_mut());
    let stack = &raw const argument;
    // SAFETY: CPython calls this attached, with a live object, which is a stack of one.
    unsafe { dispatch(Call { function, module, stack, positional: 1, names, original }) }
}
