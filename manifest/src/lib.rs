//! The words between the packer, which writes an archive, and the launcher, which reads it: names and values of attributes.
//!
//! ```
//! assert_eq!(manifest::system_attribute("libssl.so.3"), "system-library:libssl.so.3");
//! assert_eq!(manifest::system_name("coldframe.libs/libssl.so.3"), Some("libssl.so.3"));
//! ```

pub mod carried;

/// How the names of the attributes begin that hold the paths of needed libraries.
pub const NEEDED_PREFIX: &str = "libraries:";

/// The folder of the archive with libraries of the system on which it was built; no module can have that name.
pub const SYSTEM_FOLDER: &str = "coldframe.libs";

/// The first line of the attribute of a library that is taken from the running system where that one offers as much;
/// the other lines are what is asked of it.
pub const SYSTEM_FIRST: &str = "system-first";

/// The attribute with the names of packed libraries of the system that packed code opens by name, a line each.
pub const OPENED: &str = "opened-libraries";

/// The archive's attribute that lists the packages whose files are served from the cache.
pub const FILE_ACCESS: &str = "file-access";

/// How the names of the attributes begin that hold the paths of the files.
pub const FILES_PREFIX: &str = "files:";

/// What stands in the attribute for a package that looks into its folders.
pub const LISTS: &str = "lists";

/// What stands in the attribute for a package whose libraries lie with its files.
pub const HAS_LIBRARIES: &str = "libraries";

/// The name of the attribute that says of a packed library of the system, by its `SONAME`, how it is taken.
pub fn system_attribute(name: &str) -> String {
    format!("system-library:{name}")
}

/// The name of a library of the system, from its path in the archive; `None` for what belongs to a package.
pub fn system_name(path: &str) -> Option<&str> {
    path.strip_prefix(SYSTEM_FOLDER)?.strip_prefix('/')
}

/// The name of the attribute with a library's layout.
pub fn layout_attribute(id: u64) -> String {
    format!("layout:{id:016x}")
}
