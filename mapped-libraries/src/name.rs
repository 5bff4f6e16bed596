//! Names of shared libraries.

/// Whether a file is called as a shared library: `libx.so`, `libx.so.1.2`.
pub fn is_library_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".so") || name.contains(".so.")
}
