//! The libraries that may be mapped: the attribute of each says how its parts lie.

use std::collections::BTreeMap;

use importer_core::{Library, Storage};
use manifest::layout;
use mapped_libraries::{LibraryLayout, layout_of};

/// The layouts of libraries, by their ids.
#[derive(Debug, Default)]
pub(super) struct MappedLayouts(BTreeMap<u64, LibraryLayout>);

impl MappedLayouts {
    /// Notes a library, if it has a form that can be mapped.
    pub(super) fn note(&mut self, contents: &[u8]) {
        if let Some(layout) = layout_of(contents) {
            self.0.insert(Library::id_of(contents), layout);
        }
    }

    /// The archive's attributes that say of each library how it is mapped; none where the archive is compressed, for its
    /// pages are none of a library then.
    pub(super) fn attributes(&self, storage: Storage) -> BTreeMap<String, Vec<u8>> {
        let layouts = self.0.iter().filter(|_| storage == Storage::InPlace);
        layouts.map(|(id, found)| layout(*id).entry(found)).collect()
    }
}
