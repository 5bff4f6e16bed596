//! Finding and loading modules of the archives.

pub(super) mod archived;
pub(super) mod damage;
pub(super) mod finder;
pub(super) mod finder_methods;
pub(super) mod finder_type;
pub(super) mod hooked;
pub(super) mod loader;
pub(super) mod lookup;
pub(super) mod mapped;
pub(super) mod own_module;
pub(super) mod search_path;
pub(super) mod spec;
pub(super) mod traced;
