//! An archive of Python modules, package data and metadata, read in place, and a registry of post-import hooks.

mod archive;
mod error;
mod format;
mod hooks;
mod index;
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
pub use module::{Module, ModuleKind, Optimization};
pub use name::ModuleName;
pub use stack::Stack;
pub use target::Target;
pub use tree::{Directory, DirectoryEntry, DirectoryModule, File};
pub use writer::{MainGuard, ModuleEntry, Writer};
