//! Records that follow from the entries: namespace packages, and the listings of folders.

use std::collections::BTreeMap;

use super::Writer;
use crate::name::{folder_of, home_of, last_of};
use crate::{Error, ModuleName};

/// The listings of one folder.
#[derive(Debug, Default)]
pub(super) struct FolderListing<'a> {
    /// Name, and whether it is a folder.
    pub(super) entries: BTreeMap<&'a str, bool>,
    /// Last part of a module's name, and whether it is a package.
    pub(super) modules: BTreeMap<&'a str, bool>,
}

impl Writer {
    /// Every package that no entry defines but that an entry's name needs, with its folder.
    pub(super) fn namespaces(&self) -> Result<BTreeMap<&str, &str>, Error> {
        let mut namespaces = BTreeMap::new();
        for (name, module) in &self.modules {
            let mut folder = home_of(&module.path, module.is_package());
            let mut parent = ModuleName::new(name)?.parent();
            while let Some(package) = parent {
                // A package that exists answers for the packages above itself.
                if self.modules.contains_key(package.as_str()) {
                    break;
                }
                let Some(found) = folder.filter(|folder| !folder.is_empty()) else {
                    let why = "its name has a package for which its path has no folder";
                    return Err(Error::invalid(
                        "module",
                        format!("{name}` at `{}", module.path),
                        why,
                    ));
                };
                let first = *namespaces.entry(package.as_str()).or_insert(found);
                if first != found {
                    return Err(Error::two_folders(package.as_str(), first, found));
                }
                folder = folder_of(found);
                parent = package.parent();
            }
        }
        Ok(namespaces)
    }

    /// Every folder of the tree with its listings; the root is always there.
    pub(super) fn listings(&self) -> BTreeMap<&str, FolderListing<'_>> {
        let mut listings = BTreeMap::from([("", FolderListing::default())]);
        let entries = self
            .files
            .keys()
            .map(|path| (path, false))
            .chain(self.folders.keys().map(|path| (path, true)));
        for (path, is_folder) in entries {
            if is_folder {
                listings.entry(path).or_default();
            }
            if let Some(folder) = folder_of(path) {
                listings.entry(folder).or_default().entries.insert(last_of(path), is_folder);
            }
        }
        for (name, module) in &self.modules {
            let home = home_of(&module.path, module.is_package());
            if let Some(listing) = home.and_then(|folder| listings.get_mut(folder)) {
                let last = name.rsplit_once('.').map_or(name.as_str(), |(_, last)| last);
                listing.modules.insert(last, module.is_package());
            }
        }
        listings
    }
}
