//! What an archive is built for.

/// The Python an archive is built for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The implementation, such as `cpython`; at most 16 bytes.
    pub implementation: String,
    /// Major and minor version.
    pub version: (u8, u8),
    /// The magic number of its bytecode, such as 3531.
    pub bytecode_magic: u32,
    /// Whether it is a free-threaded build.
    pub free_threaded: bool,
    /// The optimisation level the archive is meant for: 0, 1 or 2.
    pub optimization: u8,
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { implementation, version: (major, minor), bytecode_magic, optimization, .. } =
            self;
        let threads = if self.free_threaded { " free-threaded" } else { "" };
        write!(
            f,
            "{implementation} {major}.{minor}{threads} (bytecode {bytecode_magic}, -O{optimization})"
        )
    }
}
