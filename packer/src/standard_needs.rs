//! The part of the standard library that an application gets (`data/standard_library.toml`): all of it, or the modules that
//! imports lead to.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;

use importer_core::{Archive, ModuleKind};
use interp_config::{Profile, PythonMode, RunTarget, StandardLibraryExtent};
use serde::Deserialize;

use super::item::Item;
use super::owner::Owner;
use super::pattern::glob;
use super::tree::{Entry, EntryKind, ModuleName};
use super::{BundleError, BundleRequest, StandardLibrary};

const NEEDS: &str = include_str!("data/standard_library.toml");

/// The rules that are part of the program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StandardNeeds {
    packages: Vec<String>,
    core: Vec<String>,
    values: Vec<String>,
    apart: Vec<String>,
    instead: BTreeMap<String, String>,
    leave: BTreeMap<String, Vec<String>>,
    extensions: BTreeMap<String, Vec<String>>,
    computed: BTreeMap<String, Vec<String>>,
    named: BTreeMap<String, Vec<String>>,
}

impl StandardNeeds {
    pub(super) fn read() -> Self {
        toml::from_str(NEEDS).expect("the rules are part of the program, and a test reads them")
    }

    /// Whether every application gets a module with all that it imports.
    pub(super) fn is_core(&self, name: &str) -> bool {
        let is_below = |package: &String| {
            name.strip_prefix(package.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_one = |names: &[String]| names.iter().any(|one| one == name);
        name.starts_with(OWN_PREFIX) || self.packages.iter().any(is_below) || is_one(&self.core)
    }

    /// Whether every application gets a module, with its imports at the top level.
    pub(super) fn is_value(&self, name: &str) -> bool {
        self.values.iter().any(|value| value == name)
    }

    /// Whether a module is large or rare, and comes only where code that can be read leads to it.
    pub(super) fn is_apart(&self, name: &str) -> bool {
        self.apart.iter().any(|pattern| glob(pattern.as_bytes(), name.as_bytes()))
    }

    /// The extension module that makes a module of Python code needless.
    pub(super) fn replaced_by(&self, name: &str) -> Option<&str> {
        self.instead.get(name).map(String::as_str)
    }

    /// The modules that an extension module imports.
    pub(super) fn imported_in_c(&self, name: &str) -> &[String] {
        self.extensions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a module imports another one for a feature that no application uses.
    pub(super) fn leaves(&self, module: &str, other: &str) -> bool {
        self.leave.get(module).is_some_and(|names| names.iter().any(|name| name == other))
    }

    /// The words that lead to modules, with the names of these.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.named.iter().map(|(word, modules)| (word.as_str(), modules.as_slice()))
    }

    /// Whether a module finds another one by a computed name. None finds a `__main__`, which `python -m` runs: an application
    /// that does so has all of the standard library.
    pub(super) fn finds(&self, module: &str, other: &str) -> bool {
        !other.ends_with(".__main__")
            && self.computed.get(module).is_some_and(|patterns| {
                patterns.iter().any(|pattern| glob(pattern.as_bytes(), other.as_bytes()))
            })
    }
}

/// The beginning of the names of the launcher's own modules.
pub(super) const OWN_PREFIX: &str = "_coldframe_";

/// The modules of the standard library that is packed from, and their sources.
#[derive(Debug, Default)]
pub(super) struct StandardModules<'s> {
    pub(super) entries: Vec<Entry>,
    archive: Option<&'s Archive>,
    /// The contents of modules that are not on disk, by path.
    contents: BTreeMap<String, Cow<'s, [u8]>>,
}

impl<'s> StandardModules<'s> {
    /// The modules in files, or in the copied archive, or none where an archive beside has them.
    pub(super) fn new<'i>(
        stdlib: StandardLibrary<'s>,
        items: impl Iterator<Item = &'i Item>,
    ) -> Result<Self, BundleError>
    where
        's: 'i,
    {
        let mut modules = Self::default();
        for item in items.filter(|item| item.entry.module().is_some()) {
            modules.entries.push(item.entry.clone());
            if let Some(contents) = &item.contents {
                modules.contents.insert(item.entry.path.clone(), contents.clone());
            }
        }
        if let StandardLibrary::FromArchive(archive) = stdlib {
            modules.archive = Some(archive);
            for module in archive.modules() {
                let module = module?;
                let name = module.name().to_owned();
                let name = ModuleName { name, is_package: module.is_package() };
                let kind = match module.kind() {
                    ModuleKind::Source => EntryKind::Source(name),
                    ModuleKind::Extension => EntryKind::Extension(name),
                    ModuleKind::Namespace => continue,
                };
                let path = module.path().to_owned();
                modules.entries.push(Entry { location: path.clone().into(), path, kind });
            }
        }
        Ok(modules)
    }

    /// The contents of anybody's module.
    pub(super) fn contents_of(&self, owner: Owner, entry: &Entry) -> Option<Cow<'_, [u8]>> {
        match owner {
            Owner::Standard => self.contents(entry),
            Owner::Application | Owner::Distribution(_) => {
                fs::read(&entry.location).ok().map(Cow::Owned)
            }
        }
    }

    /// The contents of a module's file. A file that cannot be read is an error when it is packed, which names it.
    fn contents(&self, entry: &Entry) -> Option<Cow<'_, [u8]>> {
        if let Some(contents) = self.contents.get(&entry.path) {
            return Some(Cow::Borrowed(contents));
        }
        let Some(archive) = self.archive else {
            return fs::read(&entry.location).ok().map(Cow::Owned);
        };
        let module = archive.module(&entry.module()?.name).ok()??;
        match entry.kind {
            EntryKind::Source(_) => module.source().ok()?,
            EntryKind::Extension(_) => module.extension().ok()?,
            EntryKind::Data => None,
        }
    }
}

/// The reason why all of the standard library is packed, if there is one before any code was read.
pub(super) fn reason_for_all(request: &BundleRequest<'_>) -> Option<String> {
    let settings = &request.settings.interpreter;
    let because = |reason: &str| Some(reason.to_owned());
    match request.standard_library {
        StandardLibraryExtent::Whole => return because("`standard-library = \"whole\"`"),
        StandardLibraryExtent::Reached => return None,
        StandardLibraryExtent::Auto => {}
    }
    if request.purpose == super::Purpose::StandardLibrary {
        return because("it is for others");
    }
    if settings.profile == Profile::Python || settings.run == RunTarget::Repl {
        return because("it is a `python`");
    }
    if settings.python_mode == PythonMode::Always {
        return because("`python-mode = \"always\"`");
    }
    if settings.filesystem_importer {
        return because("`filesystem-importer = true`");
    }
    if !settings.module_search_paths.is_empty() {
        return because("`module-search-paths`");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_say_who_gets_what() {
        let needs = StandardNeeds::read();
        for (name, is_always) in [
            ("encodings", true),
            ("encodings.utf_8", true),
            ("encodingsx", false),
            ("os", true),
            ("datetime", true),
            ("_coldframe_workers", true),
            ("tkinter", false),
        ] {
            assert_eq!(needs.is_core(name) || needs.is_value(name), is_always, "{name}");
        }
        assert!(needs.finds("sysconfig", "_sysconfigdata__linux_x86_64-linux-gnu"));
        assert!(!needs.finds("sysconfig", "tkinter"));
        assert!(
            needs.finds("sqlite3", "sqlite3.dump") && !needs.finds("sqlite3", "sqlite3.__main__")
        );
        let words: Vec<&str> = needs.named().map(|(word, _)| word).collect();
        assert_eq!(words, ["IsolatedAsyncioTestCase"]);
        assert_eq!(needs.replaced_by("_pydecimal"), Some("_decimal"));
    }
}
