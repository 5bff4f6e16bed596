//! One module, as it is given to the writer.

/// Whether a module guards its entry point with `if __name__ == "__main__"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MainGuard {
    /// The module has no such guard, or nobody looked.
    #[default]
    Absent,
    /// The module has such a guard.
    Present,
}

/// A module to be written: either an extension, or code and source (at least one of them).
#[derive(Clone, Debug, Default)]
pub struct ModuleEntry {
    /// Full dotted name.
    pub name: String,
    /// Path in the virtual tree, such as `json/__init__.py`.
    pub path: String,
    /// Whether it is a package.
    pub is_package: bool,
    /// Marshalled code at the levels 0, 1 and 2.
    pub code: [Option<Vec<u8>>; 3],
    /// Source as it is on disk.
    pub source: Option<Vec<u8>>,
    /// The shared library of an extension module.
    pub extension: Option<Vec<u8>>,
    /// Whether it has a main guard.
    pub has_main_guard: MainGuard,
}
