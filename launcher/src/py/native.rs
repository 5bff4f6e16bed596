//! Extension modules, and shared libraries.

pub(super) mod extension;
pub(super) mod library;
pub(super) mod system_library;
#[cfg(windows)]
pub(super) mod windows_library;
