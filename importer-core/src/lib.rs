//! An archive of Python modules, package data and metadata that is read in place, and a registry of post-import hooks.
//!
//! # Example: pack two modules, look one up, and let a hook fire
//!
//! ```
//! use std::path::Path;
//! use importer_core::{Archive, Hook, Hooks, Load, ModuleEntry, Optimization, Stack, Target, Writer};
//!
//! // Pack two modules. The archive names the Python that the bytecode is for.
//! let target = Target {
//!     implementation: "cpython".to_owned(),
//!     version: (3, 12),
//!     bytecode_magic: 3531,
//!     free_threaded: false,
//!     optimization: 0,
//! };
//! let mut writer = Writer::new(target.clone());
//! for (name, path, is_package) in [("spam", "spam/__init__.py", true), ("spam.eggs", "spam/eggs.py", false)] {
//!     writer.add_module(ModuleEntry {
//!         name: name.to_owned(),
//!         path: path.to_owned(),
//!         is_package,
//!         code: [Some(format!("marshalled {name}").into_bytes()), None, None],
//!         source: Some(b"x = 1\n".to_vec()),
//!         ..ModuleEntry::default()
//!     })?;
//! }
//! let mut bytes = Vec::new();
//! writer.finish(&mut bytes)?;
//!
//! // Open it. `Archive::open` and `Archive::map` take a file instead, also an executable with an archive behind it.
//! let archive = Archive::from_bytes(bytes, Path::new("spam.cfa"))?;
//! archive.check_target(&target)?;
//!
//! // Look one up: one hash, nothing allocated, every byte on the way checked.
//! let stack = Stack::new(vec![archive]);
//! let (_, module) = stack.module("spam.eggs")?.expect("it was packed");
//! assert_eq!(module.path(), "spam/eggs.py");
//! assert_eq!(module.code(Optimization::Zero)?.as_deref(), Some(b"marshalled spam.eggs".as_slice()));
//! assert_eq!(module.source()?.as_deref(), Some(b"x = 1\n".as_slice()));
//! assert!(stack.module("spam.ham")?.is_none());
//!
//! // A hook fires when that module has been imported, and its failure fails the import.
//! let hooks: Hooks<&str, String> = Hooks::new();
//! let hook = Hook::new("refuse", |module: &&str| Err(format!("{module} is not welcome")));
//! let (_, at_once) = hooks.register("spam.eggs", hook, || None);
//! assert_eq!(at_once, Ok(()));
//! let loading = hooks.begin("spam.eggs");
//! assert_eq!(loading.finish(&"<module>", Load::First), Err("<module> is not welcome".to_owned()));
//! # Ok::<(), importer_core::Error>(())
//! ```
//!
//! # Why use this crate
//!
//! Programs use it alone to write, check or read such archives without CPython, or to make an importer of their own on them. It
//! has no C code, starts no thread, and does no I/O but to map the archive.
//!
//! # Three concepts
//!
//! * An [`Archive`] holds modules by name, files and folders by path (the *virtual tree*, in which a module's source is a file
//!   like any other), distributions, and attributes. [`Writer`] makes one; the format is specified in `FORMAT.md`.
//!   Opening costs the same for ten modules and for a million. Every part carries a checksum that is compared before the
//!   part is used, so a flipped bit becomes an [`Error`] that names the module or file.
//! * A [`Stack`] asks several archives in order: the first wins, folders and namespace packages are merged.
//! * [`Hooks`] run when a module has been imported: in order, once per module object, with no lock held.
//!
//! # Limits
//!
//! The crate knows no interpreter: it neither executes code nor calls into Python, and its user chooses the type of a module
//! handle (the `M` of [`Hooks`]). Checksums are against damage, not against forgery: a user who can write the file can
//! compute them.

mod archive;
mod elf;
mod error;
mod format;
mod frames;
mod hooks;
mod index;
mod library;
mod listing;
mod locate;
mod mapping;
mod module;
mod name;
mod record;
mod stack;
mod target;
mod tree;
mod writer;

pub use archive::Archive;
pub use error::{Error, ErrorKind};
pub use hooks::{Frequency, Hook, HookId, Hooks, Load, Loading, OnFailure};
pub use library::{CopyError, Library, LibraryPart};
pub use module::{Module, ModuleKind, Optimization};
pub use name::{ModuleName, folder_of, folders_above};
pub use stack::Stack;
pub use target::Target;
pub use tree::{Directory, DirectoryEntry, DirectoryModule, File};
pub use writer::{MainGuard, ModuleEntry, PartOfArchive, Storage, Writer};
