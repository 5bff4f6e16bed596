//! The settings that a user of Coldframe writes, and how they are read from TOML.
//!
//! ```
//! use interp_config::{Document, StartMethodSetting, parse};
//!
//! let text = r#"
//! [tool.coldframe]
//! run = { entry-point = "primes.main:main" }
//! multiprocessing-start-method = "spawn"
//! "#;
//! let settings = parse(text, "pyproject.toml", Document::Pyproject)?.expect("the table is there");
//! assert_eq!(settings.interpreter.multiprocessing_start_method, StartMethodSetting::Spawn);
//! assert!(settings.interpreter.sys_frozen, "a key that is not written has its default");
//!
//! let error = parse("profile = \"izolated\"", "coldframe.toml", Document::Coldframe).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "coldframe.toml:1:11: `profile`: unknown profile `izolated`; did you mean `isolated`? \
//!      allowed: `isolated`, `python`"
//! );
//! # Ok::<(), interp_config::ConfigError>(())
//! ```
//!
//! # Why use this crate
//!
//! Programs use it alone to read these tables: editors, linters, packagers of their own. It does no I/O, and its errors name
//! line, column and the nearest spelling.
//!
//! # Concepts
//!
//! * A **choice** such as [`StartMethodSetting`] is a closed enum; its spellings are written once, and every conversion
//!   between text and value comes from them.
//! * [`PythonInterpreterConfig`] and [`BuildSettings`] are the user's settings, as plain fields with defaults.
//! * [`parse`] reads a [`Document`], and [`Settings::to_toml`] writes one that reads back as the same settings.
//! * [`PythonInterpreterConfig::resolve`] puts the executable's folder in place of `$ORIGIN`.
//!
//! # Limits
//!
//! The crate reads no file, no environment and nothing of the machine it runs on: it parses text that its caller read, so the
//! same text means the same everywhere. It knows no C type. The `platform-policy` crate decides the effect of a setting on a
//! given system, and the `launcher` crate applies it.

#![forbid(unsafe_code)]

mod build_settings;
mod choices;
mod config;
mod entry_point;
mod error;
mod fields;
mod parse;
mod resolve;
mod string_enum;
mod suggest;
mod text;
mod toml_text;
mod value;
mod write;

pub use build_settings::{AddedData, BuildSettings, FileAccessRule, Settings, SystemLibraryRule};
pub use choices::{
    Allocator, ExtensionLoading, FileAccess, OptimizationLevel, Profile, PythonMode,
    StandardLibraryExtent, StartMethodSetting, SystemLibrary,
};
pub use config::{PostImportHook, PythonInterpreterConfig, RunTarget};
pub use entry_point::EntryPoint;
pub use error::{ConfigError, ParseChoiceError, ParseEntryPointError};
pub use parse::{Document, parse};
pub use resolve::with_origin;
pub use suggest::nearest;
