//! Embeds CPython in a Rust program, and serves its imports from a Coldframe archive.
//!
//! ```no_run
//! use interp_config::{PythonInterpreterConfig, RunTarget};
//! use launcher::Interpreter;
//!
//! fn main() -> Result<std::process::ExitCode, launcher::Error> {
//!     let config = PythonInterpreterConfig {
//!         run: RunTarget::Module("app".into()),
//!         ..PythonInterpreterConfig::default()
//!     };
//!     Interpreter::builder(config).archive("app.coldframe").run()
//! }
//! ```
//!
//! # Why use this crate
//!
//! Rust programs use it where Python is a part of them: their own code starts, and hands over to Python or calls it. A Python
//! application alone needs no Rust: `coldframe build` makes its executable.
//!
//! # The life of a process
//!
//! The command line says whether this is a worker of `multiprocessing`; the policy decides the start method; the
//! archives are mapped; Python boots from them, with our finder first on `sys.meta_path`; the run target or the worker
//! runs; Python is finalised, and the exit code is what `python` would give.
//!
//! # A program's own
//!
//! A library must not take over the process that it is linked into: it replaces no function of the C library, takes away
//! no handler of a signal, and runs nothing before `main`. A program whose whole purpose is its Python says [`program!`]
//! once, and its process is then what one of `python` would be.
//!
//! # Unsafe code
//!
//! The module `py`, which is not public, is the only one that touches the C API. Nothing that can be called from
//! outside of this crate is unsafe, and no panic of ours crosses into C.

mod ancestors;
mod ancestry;
mod bound;
mod build;
mod build_kind;
mod error;
mod exe;
mod exit_code;
mod file_access;
mod files;
mod import_trace;
mod importlib_hooks;
mod interpreter;
mod libraries;
mod literal;
mod open_log;
mod py;
mod python_mode;
mod start_method;
#[cfg(feature = "runtime")]
mod support_modules;
mod surroundings;
mod worker;
mod worker_hooks;

#[cfg(feature = "runtime")]
mod as_python;
#[cfg(feature = "runtime")]
mod runtime;

#[doc(hidden)]
pub mod command_parts;
#[doc(hidden)]
pub mod fuzzing;

pub use bound::{Exception, Object};
pub use build_kind::PYTHON_VERSION;
pub use error::{Error, ErrorKind};
pub use exe::{executable_with_archive, own_executable};
pub use interpreter::{Imported, Interpreter, Mode};
pub use py::Token;

#[doc(hidden)]
pub use py::program_parts as __program;
