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

mod archived;
mod arguments;
mod boot;
mod boundary;
mod config;
mod damage;
mod definition;
mod environment;
mod exception;
mod exit;
mod extension;
#[cfg(unix)]
mod files;
mod finder;
mod finder_methods;
mod finder_type;
mod hooked;
mod initialising;
mod library;
mod loader;
mod lookup;
mod main_module;
mod mapped;
mod object;
mod own_module;
mod parent_death;
mod process_state;
mod program;
mod public;
mod python_hooks;
mod ready;
mod run;
mod run_hooks;
mod runtime;
mod search_path;
mod spec;
mod system_library;
mod task;
mod text;
mod thread_exit;
mod token;
mod traced;
mod values;
mod version;
mod watched;
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

pub(crate) use self::archived::{is_in_archives, is_served_by_archive};
pub use self::mapped::map_archive;
pub(crate) use self::process_state::is_privileged;
pub(crate) use self::run::{Launch, run};
pub(crate) use self::runtime::RegisteredHook;
pub(crate) use self::task::Task;
pub(crate) use self::values::{import, resolve};
#[cfg(feature = "runtime")]
pub use self::version::builtin_modules;
