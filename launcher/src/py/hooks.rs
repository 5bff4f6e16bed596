//! Post-import hooks.

pub(super) mod initialising;
pub(super) mod public;
pub(super) mod python_hooks;
pub(super) mod ready;
pub(super) mod run_hooks;
pub(super) mod watched;
