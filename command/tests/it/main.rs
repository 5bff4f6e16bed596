//! Tests of the built `coldframe` as a child: its behaviour for users, on the Python that this build is linked with.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod archive_modules;
mod bad_archives;
mod bad_input;
mod black;
mod cache;
mod cache_places;
mod child;
mod children;
mod compressed;
mod damaged_applications;
mod egg_info;
mod endings;
mod file_access;
mod hooked_modules;
mod hygiene;
mod import_trace;
mod importlib;
mod libraries;
mod like_python;
mod mapped_libraries;
mod needed;
mod needs;
mod not_packed;
mod numpy;
mod odd_limits;
mod odd_places;
mod own_names;
mod own_process;
mod parity;
#[cfg(unix)]
mod privileges;
mod python_hooks;
#[cfg(unix)]
mod real_files;
mod rebuilds;
mod settings;
mod settings_file;
mod start_methods;
mod subinterpreters;
mod support;
mod system_data;
mod system_libraries;
mod threads;
#[cfg(unix)]
mod virtual_files;
mod whole;
mod workers;
