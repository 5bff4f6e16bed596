//! Facts that the linked Python tells about itself.

use importer_core::Target;
use pyo3_ffi as ffi;

use crate::py::ffi::token::Token;

/// The linked Python as archives name it, but for the number of its bytecode, which [`bytecode_magic`] tells later.
pub(in crate::py) fn running_target(bytecode_magic: u32, optimization: u8) -> Target {
    // SAFETY: documented to be callable before initialisation; a static string.
    let version = unsafe { std::ffi::CStr::from_ptr(ffi::Py_GetVersion()) };
    let mut numbers = version
        .to_str()
        .unwrap_or_default()
        .split(['.', ' ', '+'])
        .map(|part| part.parse().unwrap_or_default());
    Target {
        implementation: "cpython".into(),
        version: (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()),
        bytecode_magic,
        free_threaded: cfg!(Py_GIL_DISABLED),
        optimization,
    }
}

/// The number in the first two bytes of a `.pyc` file.
///
/// It needs an interpreter whose import system is up (`Python/import.c` asks `importlib._bootstrap_external`), so an
/// archive's number is checked when the first module is asked for, and no sooner.
pub(in crate::py) fn bytecode_magic(_py: Token<'_>) -> u32 {
    // SAFETY: attached.
    let magic = unsafe { ffi::PyImport_GetMagicNumber() };
    (magic as u32) & 0xffff
}

/// The names of the modules inside of the linked interpreter; to be asked before Python is started.
///
/// On Windows, where variables of libpython are reached in another way, nothing is known.
#[cfg(feature = "runtime")]
pub fn builtin_modules() -> Option<Vec<String>> {
    #[cfg(windows)]
    return None;
    #[cfg(not(windows))]
    {
        /// `struct _inittab`, as Python documents it.
        #[repr(C)]
        struct Entry {
            name: *const std::ffi::c_char,
            initialise: Option<unsafe extern "C" fn() -> *mut ffi::PyObject>,
        }
        unsafe extern "C" {
            static PyImport_Inittab: *const Entry;
        }
        let mut names = Vec::new();
        // SAFETY: a variable that is set when libpython is loaded, and changed by `PyImport_AppendInittab` only, which no
        // other thread calls.
        let mut entry = unsafe { PyImport_Inittab };
        // SAFETY: the table ends with an entry without a name, and nothing behind that is read.
        while let Some(name) = unsafe { entry.as_ref() }.filter(|entry| !entry.name.is_null()) {
            // SAFETY: a name in the table is a static C string.
            let text = unsafe { std::ffi::CStr::from_ptr(name.name) };
            names.push(text.to_string_lossy().into_owned());
            // SAFETY: this entry is not the last.
            entry = unsafe { entry.add(1) };
        }
        Some(names)
    }
}
