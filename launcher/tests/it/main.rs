//! Runs the built `coldframe` as a child: what a user sees, on the Python that this build is linked with.

mod archive_modules;
mod bad_input;
mod endings;
mod parity;
mod settings;
mod start_methods;
mod support;
mod workers;
