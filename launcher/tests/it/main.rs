//! Runs the built `coldframe` as a child: what a user sees, on the Python that this build is linked with.

#![cfg(feature = "command")]
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
mod child;
mod children;
mod endings;
mod file_access;
mod hygiene;
mod libraries;
mod like_python;
mod numpy;
mod parity;
mod settings;
mod start_methods;
mod support;
mod workers;
