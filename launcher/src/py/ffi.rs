//! The safe vocabulary on CPython's C interface.

pub(super) mod arguments;
pub(super) mod boundary;
pub(super) mod definition;
pub(super) mod exception;
pub(super) mod object;
pub(super) mod text;
pub(super) mod thread_exit;
pub(super) mod token;
pub(super) mod values;
