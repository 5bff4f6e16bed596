//! The promises of this crate, as tables, snapshots and properties.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod corruption;
mod hook_threads;
mod hooks;
mod layout;
mod logging;
mod messages;
mod properties;
mod round_trip;
mod samples;
mod stack;
