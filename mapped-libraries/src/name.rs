//! Names of shared libraries.

/// Whether a file is called as a shared library: `libx.so`, `libx.so.1.2`; on Windows `x.dll`, `x.pyd`.
pub fn is_library_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".so") || name.contains(".so.") || (cfg!(windows) && is_windows_library(name))
}

/// Whether a file is called as a library for Windows, where case does not matter.
pub fn is_windows_library(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending.eq_ignore_ascii_case("dll") || ending.eq_ignore_ascii_case("pyd")
}
