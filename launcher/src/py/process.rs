//! One interpreter in one process, from its start to its exit code.

#[cfg(not(windows))]
pub(super) mod audit;
pub(super) mod boot;
pub(super) mod config;
pub(super) mod environment;
pub(super) mod exit;
pub(super) mod main_module;
pub(super) mod parent_death;
#[cfg(all(unix, feature = "runtime"))]
pub(super) mod passed_signals;
pub(super) mod process_state;
pub(super) mod program;
pub(super) mod run;
pub(super) mod runtime;
pub(super) mod task;
pub(super) mod version;
pub(super) mod worker;
