//! Packs real trees with a real Python: the one named by `COLDFRAME_TEST_PYTHON`, else `python3`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod applications;
mod cache;
mod egg_info;
mod environments;
mod executables;
mod reached;
mod reached_by_rules;
mod standard_library;
mod support;
