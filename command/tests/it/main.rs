//! Tests of the built `coldframe` as a child: its behaviour for users, on the Python that this build is linked with.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

// Tests for unix alone make links, send signals, look at modes of files and at `/proc`, or compile libraries for ELF.
mod archive_modules;
#[cfg(unix)]
mod bad_archives;
#[cfg(unix)]
mod bad_input;
#[cfg(unix)]
mod black;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod c_code;
#[cfg(unix)]
mod cache;
#[cfg(unix)]
mod cache_places;
mod child;
#[cfg(unix)]
mod children;
#[cfg(unix)]
mod compressed;
mod damaged_applications;
#[cfg(unix)]
mod egg_info;
mod endings;
mod file_access;
mod frozen_modules;
mod hooked_modules;
#[cfg(unix)]
mod hygiene;
mod import_trace;
mod importlib;
#[cfg(unix)]
mod libraries;
mod like_python;
#[cfg(unix)]
mod mapped_libraries;
mod needed;
#[cfg(unix)]
mod needs;
mod not_packed;
#[cfg(unix)]
mod numpy;
#[cfg(unix)]
mod odd_limits;
#[cfg(unix)]
mod odd_places;
#[cfg(unix)]
mod other_systems;
mod own_names;
mod own_process;
mod parity;
#[cfg(unix)]
mod privileges;
mod python_hooks;
#[cfg(unix)]
mod real_files;
mod rebuilds;
#[cfg(target_os = "linux")]
mod record_files;
mod settings;
#[cfg(unix)]
mod settings_file;
mod start_methods;
mod subinterpreters;
mod support;
#[cfg(unix)]
mod system_data;
#[cfg(unix)]
mod system_libraries;
mod threads;
#[cfg(unix)]
mod virtual_files;
#[cfg(unix)]
mod whole;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
mod windows_system;
mod workers;
