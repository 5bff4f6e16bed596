//! ELF files, as far as the packer reads and changes them.

pub(super) mod dynamic;
pub(super) mod lower;
pub(super) mod strip;
pub(super) mod symbol_versions;
