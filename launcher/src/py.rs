//! The unsafe zone: everything that touches CPython's C API, behind a small safe vocabulary.
//!
//! * [`Token`] proves that the current thread is attached to an interpreter; every call into Python asks for one.
//! * [`Object`] owns one reference; its constructors say in their names who owned it before.
//! * [`Exception`] owns a raised Python exception, taken out of the interpreter's error indicator.
//!
//! No Rust panic crosses into C: every function that C calls goes through [`boundary`].
//! Outside of this folder, `pyo3_ffi` is not mentioned.

#![expect(
    unsafe_code,
    reason = "the C API is unsafe; this folder is its place (ARCHITECTURE.md, invariant 6)"
)]
#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a C call and the taking over of the reference that it returns have one argument together"
)]

mod boot;
mod boundary;
mod config;
#[cfg(windows)]
mod deferred_python;
mod environment;
mod exception;
mod exit;
mod extension;
mod files;
mod finder;
mod finder_type;
mod hooked;
mod initialising;
mod library;
mod loader;
mod main_module;
mod mapped;
#[cfg(maps_libraries)]
mod mapped_library;
mod object;
mod parent_death;
mod process_state;
mod program;
mod public;
mod python_hooks;
mod ready;
mod run;
mod runtime;
mod search_path;
mod spec;
mod system_library;
mod text;
mod thread_exit;
mod token;
mod traced;
mod version;
mod watched;
#[cfg(windows)]
mod windows_library;
mod worker;

pub use self::token::Token;

/// What the macro [`program!`](crate::program) stands for.
pub mod program_parts {
    #[cfg(unix)]
    pub use super::program::begin;
    #[cfg(all(target_os = "linux", target_env = "gnu", not(Py_3_14)))]
    pub use super::thread_exit::end_thread;
}

pub(crate) use self::exception::Exception;
pub(crate) use self::object::Object;

pub(crate) use self::main_module::resolve;
pub(crate) use self::mapped::map_archive;
pub(crate) use self::object::import;
pub(crate) use self::process_state::is_privileged;
pub(crate) use self::run::{Launch, Task, is_in_archives, is_served_by_archive, run};
pub(crate) use self::runtime::RegisteredHook;
#[cfg(feature = "command")]
pub(crate) use self::version::builtin_modules;
