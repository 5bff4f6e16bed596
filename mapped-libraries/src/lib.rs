//! Loads shared libraries out of an archive: their code and constants are the archive's own pages.
//!
//! ```
//! use mapped_libraries::LibraryLayout;
//!
//! // The text of an archive's attribute.
//! let text = "length 3000\ndata 2000 3000\ncode 1000 1000 1000\nword 2010 1000\nentry 1000\n";
//! let layout: LibraryLayout = text.parse()?;
//! assert_eq!(layout.entry_offset(0x3000), Some(0x1000));
//! // A layout that does not fit a file says nothing of it.
//! assert_eq!(layout.entry_offset(0x2000), None);
//! # Ok::<(), mapped_libraries::NotALayout>(())
//! ```
//!
//! # Why use this crate
//!
//! Programs use it alone to load shared libraries that lie inside of a larger file, without a copy on the disk, so that
//! processes share their pages.
//!
//! The dynamic linker opens files only. [`open_mapped`] gives it a file in memory with holes for all that nobody changes,
//! and [`open_copied`] one with the whole library; the linker opens either by the path of an [`OpenedLibrary`].
//! Nothing here knows of Python, and nothing here reads the environment: the caller decides between the two.
//!
//! # Where it works
//!
//! Libraries are mapped on Linux with glibc on x86-64, and copied on Linux and Android. Elsewhere both functions say that
//! the system opens libraries on disk only.
//!
//! # Features
//!
//! * `read`: `layout_of` finds the layout of a library, when an archive is built.

mod layout;
#[cfg(target_os = "linux")]
mod linker_search;
#[cfg(maps_libraries)]
mod mapped_library;
#[cfg(copies_libraries)]
mod memory_file;
mod name;
mod needed_names;
mod opened;
#[cfg(feature = "read")]
mod read_layout;

pub use layout::{ENTRY_LENGTH, LibraryLayout, MappedPages, NotALayout, PAGE, Word};
#[cfg(target_os = "linux")]
pub use linker_search::{LinkerSearch, offers};
#[cfg(copies_libraries)]
pub use memory_file::Unwritten;
pub use name::{is_library_name, is_windows_library};
pub use needed_names::need_by_path;
pub use opened::{OpenedLibrary, open_copied, open_mapped};
#[cfg(feature = "read")]
pub use read_layout::layout_of;
