//! The attributes by which an archive tells its launcher how it is run: one writer and one reader for each.
//!
//! ```
//! use std::path::Path;
//!
//! use importer_core::{Archive, Target, Writer};
//! use manifest::{NeededLibraries, VERSION};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let target = Target { implementation: "cpython".into(), version: (3, 12), bytecode_magic: 3531, free_threaded: false, optimization: 0 };
//! // The packer writes what it has found ...
//! let needed = NeededLibraries { groups: vec![vec!["a.libs/libx.so".into()]] };
//! let mut writer = Writer::new(target);
//! for (name, value) in [manifest::version().entry(&VERSION), manifest::needed_libraries("a/m.so").entry(&needed)] {
//!     writer.set_attribute(&name, value)?;
//! }
//! let mut bytes = Vec::new();
//! writer.finish(&mut bytes)?;
//!
//! // ... and the launcher reads it.
//! let archive = Archive::from_bytes(bytes, Path::new("app"))?;
//! manifest::check_version(&archive)?;
//! assert_eq!(manifest::needed_libraries("a/m.so").read(&archive)?, Some(needed));
//! # Ok(())
//! # }
//! ```
//!
//! # Why use this crate
//!
//! Tools use it alone to ask an archive what its launcher will do: which libraries it loads, which packages have files in the
//! cache, which settings hold.
//!
//! An attribute is named by a [`Key`], which knows the type of the value. `importer-core/FORMAT.md` specifies all of them;
//! [`VERSION`] changes with that page.

mod carried;
mod error;
mod file_access;
mod key;
mod libraries;
mod mapped_library;
mod settings;
mod text;
mod version;

pub use carried::{carries_archive, defers_python, mark_carrier};
pub use error::{Error, ErrorKind, Malformed};
pub use file_access::{
    ServedFiles, ServedPackage, ServedPackages, ServedPath, file_access, served_files,
};
pub use key::{Key, Source, Value};
pub use libraries::{
    NeededLibraries, OpenedLibraries, SYSTEM_FOLDER, SystemLibrary, needed_libraries,
    opened_libraries, system_library, system_name, user_of_needed,
};
pub use mapped_library::layout;
pub use settings::{CONFIGURATION, configuration, configuration_entry};
pub use version::{VERSION, check_version, version};

/// The name of the attribute with the description of a Python, in an archive that is its standard library; the packer
/// writes it, and reads it when it packs that library again.
pub const PYTHON: &str = "python";

/// The name of the attribute with the way by which each module came into the archive; the packer writes it, for people.
pub const TRACE: &str = "reached";

/// The name of the attribute with the runtime, compressed, in an archive that makes a `coldframe` whole.
pub const RUNTIME: &str = "runtime";
