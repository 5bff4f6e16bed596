//! Holds the layers of ARCHITECTURE.md against the manifests.

use std::fs;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, Package};

use crate::members::{self, MEMBERS};
use crate::workspace::Workspace;

/// External crates that only some crates of this workspace may name, and for what. A crate without an entry is free; an entry with no users forbids.
const RESERVED: &[Reserved] = &[
    // CPython is known to one crate.
    Reserved { dependency: "pyo3-ffi", kinds: NORMAL, users: Users::Only(&["coldframe-launcher"]) },
    Reserved {
        dependency: "pyo3-build-config",
        kinds: BUILD,
        users: Users::Only(&["coldframe-launcher"]),
    },
    Reserved { dependency: "pyo3", kinds: &[], users: Users::Only(&[]) },
    // So are maps, beside which stands one of the two unsafe zones.
    Reserved {
        dependency: "memmap2",
        kinds: NORMAL,
        users: Users::Only(&["coldframe-importer-core"]),
    },
    Reserved { dependency: "libc", kinds: ANY, users: Users::Only(&["coldframe-launcher"]) },
    // The platform is an argument below the launcher, which alone knows where it runs.
    Reserved {
        dependency: "target-lexicon",
        kinds: ANY,
        users: Users::Only(&["coldframe-platform-policy", "coldframe-launcher", "coldframe"]),
    },
    // A library neither parses a command line, nor decides where logs go, nor draws on a terminal, nor flattens errors.
    Reserved {
        dependency: "clap",
        kinds: NORMAL,
        users: Users::Only(&["coldframe", "xtask", "lab"]),
    },
    Reserved {
        dependency: "tracing-subscriber",
        kinds: NORMAL,
        users: Users::Only(&["coldframe-launcher"]),
    },
    Reserved { dependency: "tracing-subscriber", kinds: DEV, users: Users::All },
    Reserved { dependency: "indicatif", kinds: NORMAL, users: Users::Only(&["coldframe"]) },
    Reserved { dependency: "anyhow", kinds: NORMAL, users: Users::Only(&["xtask", "lab"]) },
    // Only tests.
    Reserved { dependency: "insta", kinds: DEV, users: Users::All },
    Reserved { dependency: "proptest", kinds: DEV, users: Users::All },
];

const NORMAL: &[DependencyKind] = &[DependencyKind::Normal];
const DEV: &[DependencyKind] = &[DependencyKind::Development];
const BUILD: &[DependencyKind] = &[DependencyKind::Build];
const ANY: &[DependencyKind] =
    &[DependencyKind::Normal, DependencyKind::Development, DependencyKind::Build];
struct Reserved {
    dependency: &'static str,
    kinds: &'static [DependencyKind],
    users: Users,
}

/// The crates of this workspace that may name an external crate.
enum Users {
    All,
    Only(&'static [&'static str]),
}

/// The dependencies that cross the layers, one line each.
pub(crate) fn problems(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut problems = Vec::new();
    let packages = &workspace.metadata.packages;
    for member in MEMBERS {
        workspace
            .package(member.name)
            .context("the table of layers in xtask names a crate that is gone")?;
    }
    for package in packages {
        let Some(member) = MEMBERS.iter().find(|member| member.name == package.name.as_str())
        else {
            problems.push(format!("{}: it has no place in the table of layers", package.name));
            continue;
        };
        problems.extend(edges_of(package, packages, member.uses));
        problems.extend(own_versions(package)?);
    }
    Ok(problems)
}

fn edges_of(package: &Package, packages: &[Package], allowed: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    for dependency in &package.dependencies {
        // `name` is the package's name even where the manifest renames it, so that a rename hides nothing.
        let name = dependency.name.as_str();
        let is_ours = packages.iter().any(|member| member.name.as_str() == name);
        if is_ours && !allowed.contains(&name) {
            problems.push(format!(
                "{}: it may not use `{name}`, which lies above or beside it",
                package.name
            ));
        }
        let reserved = || RESERVED.iter().filter(|reserved| reserved.dependency == name);
        let users: Vec<&str> = reserved()
            .filter(|reserved| reserved.kinds.contains(&dependency.kind))
            .flat_map(|reserved| match reserved.users {
                Users::All => members::names(|_| true),
                Users::Only(users) => users.to_vec(),
            })
            .collect();
        if reserved().next().is_some() && !users.contains(&package.name.as_str()) {
            problems.push(format!(
                "{}: `{name}` as a {} dependency is reserved for: {}",
                package.name,
                dependency.kind,
                if users.is_empty() { "nobody".to_owned() } else { users.join(", ") },
            ));
        }
    }
    problems
}

/// Dependencies whose version stands in the member's own manifest; `cargo metadata` does not tell, so the lines are read.
fn own_versions(package: &Package) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(&package.manifest_path)
        .with_context(|| format!("could not read `{}`", package.manifest_path))?;
    Ok(not_inherited(&text)
        .into_iter()
        .map(|line| format!("{}: not `workspace = true`: {line}", package.name))
        .collect())
}

fn not_inherited(manifest: &str) -> Vec<&str> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in
        manifest.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            // `[dependencies.name]` spreads one dependency over lines; the one-line form says the same where it can be seen.
            if section.contains("dependencies.") {
                lines.push(line);
            }
        } else if section.ends_with("dependencies") {
            let joined: String = line.chars().filter(|c| !c.is_whitespace()).collect();
            if !joined.contains("workspace=true") {
                lines.push(line);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_to_its_layers() -> anyhow::Result<()> {
        let problems = problems(&Workspace::load()?)?;
        assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
        Ok(())
    }

    #[test]
    fn a_crossed_layer_is_seen() {
        let package = |name: &str, dependencies: serde_json::Value| -> Package {
            serde_json::from_value(serde_json::json!({
                "name": name, "version": "0.1.0", "id": name, "dependencies": dependencies, "targets": [], "features": {},
                "manifest_path": "Cargo.toml",
            }))
            .expect("a package")
        };
        let dependency = |name: &str, kind: Option<&str>, rename: Option<&str>| {
            serde_json::json!({
                "name": name, "req": "*", "kind": kind, "optional": false, "uses_default_features": true, "features": [],
                "rename": rename,
            })
        };
        let check = |name: &str, used: serde_json::Value, expected: &[&str]| {
            let members = [
                package(name, serde_json::json!([used])),
                package("coldframe-launcher", serde_json::json!([])),
            ];
            let allowed = MEMBERS
                .iter()
                .find(|member| member.name == name)
                .expect("a crate of the table")
                .uses;
            assert_eq!(edges_of(&members[0], &members, allowed), expected);
        };
        check("coldframe-interp-config", dependency("toml", None, None), &[]);
        check("coldframe-importer-core", dependency("memmap2", None, None), &[]);
        check("coldframe-interp-config", dependency("insta", Some("dev"), None), &[]);
        check(
            "coldframe-importer-core",
            dependency("coldframe-launcher", Some("dev"), Some("innocent")),
            &[
                "coldframe-importer-core: it may not use `coldframe-launcher`, which lies above or beside it",
            ],
        );
        check(
            "coldframe-importer-core",
            dependency("pyo3-ffi", None, None),
            &[
                "coldframe-importer-core: `pyo3-ffi` as a normal dependency is reserved for: coldframe-launcher",
            ],
        );
        check(
            "coldframe-launcher",
            dependency("pyo3-build-config", None, None),
            &[
                "coldframe-launcher: `pyo3-build-config` as a normal dependency is reserved for: nobody",
            ],
        );
        check(
            "coldframe-launcher",
            dependency("pyo3", None, None),
            &["coldframe-launcher: `pyo3` as a normal dependency is reserved for: nobody"],
        );
    }

    #[test]
    fn versions_in_a_member_are_seen() {
        let manifest = "\
            [package]\nversion = \"1\"\n[dependencies]\n# Local.\na.workspace = true\nb = { workspace = true, optional = true }\n\
            c = \"1\"\nd = { version = \"2\" }\n[target.'cfg(unix)'.dependencies]\ne = \"1\"\n[dev-dependencies.f]\n[lints]\nworkspace = true\n";
        assert_eq!(
            not_inherited(manifest),
            ["c = \"1\"", "d = { version = \"2\" }", "e = \"1\"", "[dev-dependencies.f]"]
        );
    }
}
