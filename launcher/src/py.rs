//! The unsafe zone: everything that touches CPython's C API, behind a small safe vocabulary.
//!
//! * [`Token`] proves that the current thread is attached to an interpreter; every call into Python asks for one.
//! * [`Object`] owns one reference; its constructors say in their names who owned it before.
//! * [`Exception`] owns a raised Python exception, taken out of the interpreter's error indicator.
//!
//! No Rust panic crosses into C: every function that C calls goes through [`boundary`](ffi::boundary).
//! Outside of this folder, `pyo3_ffi` is not mentioned.

#![expect(
    unsafe_code,
    reason = "the C API is unsafe; this folder is its place (ARCHITECTURE.md, invariant 6)"
)]
#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a C call and the taking over of the reference that it returns have one argument together"
)]

mod ffi;
mod files;
mod hooks;
mod import;
mod native;
mod process;

pub use self::ffi::token::Token;

/// The parts of the macro [`program!`](crate::program).
pub mod program_parts {
    #[cfg(all(target_os = "linux", target_env = "gnu", not(Py_3_14)))]
    pub use super::ffi::thread_exit::end_thread;
    #[cfg(interposes)]
    pub use super::files::interposed::calls;
    #[cfg(unix)]
    pub use super::process::program::begin;
}

pub(crate) use self::ffi::exception::Exception;
pub(crate) use self::ffi::object::Object;

pub(crate) use self::ffi::values::{import, resolve};
pub(crate) use self::import::archived::{is_in_archives, is_served_by_archive};
pub(crate) use self::import::mapped::map_archive;
#[cfg(all(unix, feature = "runtime"))]
pub use self::process::passed_signals::{end_by_signal, pass_signals_to};
pub(crate) use self::process::process_state::is_privileged;
pub(crate) use self::process::run::{Launch, run};
pub(crate) use self::process::runtime::RegisteredHook;
pub(crate) use self::process::task::Task;
#[cfg(feature = "runtime")]
pub use self::process::version::builtin_modules;
