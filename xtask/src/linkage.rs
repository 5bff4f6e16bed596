//! The libraries of a Python, and the way in which it can be linked.

use std::path::PathBuf;

use crate::version::Version;

/// A Python's description of its own libraries.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub(crate) version: Version,
    pub(crate) pointer_width: u64,
    /// Windows and macOS frameworks have no other kind.
    pub(crate) always_shared: bool,
    pub(crate) enable_shared: bool,
    pub(crate) debug: bool,
    pub(crate) lib_dir: PathBuf,
    /// `lib/pythonX.Y/config-…`, where the static library lies.
    pub(crate) config_dir: PathBuf,
    pub(crate) shared_name: String,
    pub(crate) static_name: String,
    /// The linker arguments for the extension modules inside a static library: `-lz -lexpat`.
    pub(crate) module_libraries: String,
}

pub(crate) enum Linkage {
    Shared,
    /// The folder of the static library.
    Static(PathBuf),
    /// Neither is there; the text names the files that were looked for, and the way out.
    Missing(String),
}

impl Sources {
    pub(crate) fn linkage(&self) -> Linkage {
        // A name in the configuration is not a file: Debian's Python is built shared, and its library lies in another package.
        if self.always_shared
            || (self.enable_shared && self.lib_dir.join(&self.shared_name).is_file())
        {
            return Linkage::Shared;
        }
        match self.static_folder() {
            Some(folder) => Linkage::Static(folder),
            None => Linkage::Missing(format!(
                "no libpython to link: neither `{}` nor a static library in `{}`; install its development package, or build it with --enable-shared",
                self.shared_name,
                self.lib_dir.display()
            )),
        }
    }

    /// The folder of the static library, if there is one.
    pub(crate) fn static_folder(&self) -> Option<PathBuf> {
        if self.always_shared || self.static_name.is_empty() {
            return None;
        }
        let folders = [&self.config_dir, &self.lib_dir];
        folders.into_iter().find(|folder| folder.join(&self.static_name).is_file()).cloned()
    }
}
