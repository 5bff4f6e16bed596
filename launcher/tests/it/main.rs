//! Runs the built `coldframe` as a child: what a user sees, on the Python that this build is linked with.

mod endings;
mod start_methods;
mod support;
mod workers;
