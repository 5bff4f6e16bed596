//! The crates of this workspace, once: their layers, and the checks that each is part of.

/// A crate of this workspace.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The name of its package.
    pub name: &'static str,
    /// The crates of this workspace that it may use. Tests obey the same edges: a lower layer is tested without an upper one.
    pub uses: &'static [&'static str],
    /// Its need of a Python.
    pub python: NeedsPython,
    /// Its part in the project.
    pub part: Part,
}

/// A crate's need of a Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedsPython {
    /// None: it is the same for every Python, and tested once.
    No,
    /// Its tests run an interpreter: it is compiled once, and tested with each Python.
    Tests,
    /// It links libpython: it is compiled and tested for each Python.
    Linked,
}

/// A crate's part in the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A library that others may use: its public API is in `docs/api`.
    Library,
    /// The program `coldframe`.
    Program,
    /// A task runner, or an example.
    Own,
}

const INTERP_CONFIG: &str = "coldframe-interp-config";
const PLATFORM_POLICY: &str = "coldframe-platform-policy";
const IMPORTER_CORE: &str = "coldframe-importer-core";
const CACHE: &str = "coldframe-cache";
const MAPPED_LIBRARIES: &str = "coldframe-mapped-libraries";
const MANIFEST: &str = "coldframe-manifest";
const LAUNCHER: &str = "coldframe-launcher";
const PACKER: &str = "coldframe-packer";
const COMMAND: &str = "coldframe";
const XTASK: &str = "xtask";
const LAB: &str = "lab";
const EMBED: &str = "embed";

/// All of them, lowest layer first.
pub const MEMBERS: &[Member] = &[
    library(INTERP_CONFIG, &[], NeedsPython::No),
    library(PLATFORM_POLICY, &[INTERP_CONFIG], NeedsPython::No),
    library(IMPORTER_CORE, &[], NeedsPython::No),
    library(CACHE, &[], NeedsPython::No),
    library(MAPPED_LIBRARIES, &[IMPORTER_CORE], NeedsPython::No),
    library(MANIFEST, &[INTERP_CONFIG, IMPORTER_CORE, MAPPED_LIBRARIES], NeedsPython::No),
    library(
        LAUNCHER,
        &[INTERP_CONFIG, PLATFORM_POLICY, IMPORTER_CORE, CACHE, MAPPED_LIBRARIES, MANIFEST],
        NeedsPython::Linked,
    ),
    // It packs for any Python that it can start, so it knows none: neither the launcher nor its interpreter.
    library(
        PACKER,
        &[INTERP_CONFIG, IMPORTER_CORE, CACHE, MAPPED_LIBRARIES, MANIFEST],
        NeedsPython::Tests,
    ),
    Member {
        name: COMMAND,
        uses: &[
            INTERP_CONFIG,
            PLATFORM_POLICY,
            IMPORTER_CORE,
            CACHE,
            MAPPED_LIBRARIES,
            MANIFEST,
            LAUNCHER,
            PACKER,
        ],
        python: NeedsPython::Linked,
        part: Part::Program,
    },
    Member { name: XTASK, uses: &[], python: NeedsPython::No, part: Part::Own },
    Member { name: LAB, uses: &[XTASK], python: NeedsPython::No, part: Part::Own },
    Member {
        name: EMBED,
        uses: &[LAUNCHER, INTERP_CONFIG],
        python: NeedsPython::Linked,
        part: Part::Own,
    },
];

const fn library(name: &'static str, uses: &'static [&'static str], python: NeedsPython) -> Member {
    Member { name, uses, python, part: Part::Library }
}

impl Member {
    /// The folder of the package, by which people call its layer: the registry has longer names.
    pub fn folder(&self) -> &'static str {
        folder_of(self.name)
    }
}

/// The folder of a package.
pub(crate) fn folder_of(package: &str) -> &str {
    match package {
        COMMAND => "command",
        name => name.strip_prefix("coldframe-").unwrap_or(name),
    }
}

/// The names of the crates of which something holds.
pub(crate) fn names(holds: impl Fn(&Member) -> bool) -> Vec<&'static str> {
    MEMBERS.iter().filter(|member| holds(member)).map(|member| member.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_edge_goes_down() {
        for (index, member) in MEMBERS.iter().enumerate() {
            for used in member.uses {
                let position = MEMBERS
                    .iter()
                    .position(|other| other.name == *used)
                    .expect("a crate of the table");
                assert!(position < index, "`{}` uses `{used}`, which is not below it", member.name);
            }
        }
    }
}
