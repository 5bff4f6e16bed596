//! Extension modules, and shared libraries.

#[cfg(windows)]
pub(super) mod deferred_python;
pub(super) mod extension;
pub(super) mod library;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod linker_name;
pub(super) mod system_library;
#[cfg(windows)]
pub(super) mod windows_library;
