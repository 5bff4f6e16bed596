//! Extension modules, and shared libraries.

#[cfg(windows)]
pub(super) mod deferred_python;
pub(super) mod extension;
pub(super) mod library;
pub(super) mod system_library;
#[cfg(windows)]
pub(super) mod windows_library;
