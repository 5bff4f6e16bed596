//! The needs of a shared library or extension module, whatever the form of its file.

/// The dynamic section of an ELF file, or the import table of a PE file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Linking {
    /// Its own name (`DT_SONAME`), if it has one.
    pub(crate) soname: Option<String>,
    /// The names of the libraries that it needs, in order.
    pub(crate) needed: Vec<String>,
    /// The directories where they are looked for (`DT_RPATH` or `DT_RUNPATH`), with `$ORIGIN` unresolved.
    pub(crate) search: Vec<String>,
    /// Whether it has the function that Python calls when it imports an extension module.
    pub(crate) is_importable: bool,
}
