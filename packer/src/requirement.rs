//! Requirements of distributions (PEP 508), as far as they hold on the target.

use std::str::FromStr as _;

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, Requirement, VerbatimUrl};

use super::PythonInstallation;
use super::developers::is_extra_for_developers;
use super::distribution_name::normalize;
use super::source::TargetSystem;

/// The target, as markers ask for it.
#[derive(Clone, Debug)]
pub(super) struct Markers(Option<MarkerEnvironment>);

impl Markers {
    /// The markers of the Python that will run, on its system.
    pub(super) fn of(python: &PythonInstallation) -> Self {
        let (major, minor, micro) = python.version;
        let target = TargetSystem::of(python);
        let full = format!("{major}.{minor}.{micro}");
        let environment = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &full,
            os_name: target.os_name,
            platform_machine: if python.is_for_windows() {
                "AMD64"
            } else {
                std::env::consts::ARCH
            },
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: target.system,
            platform_version: "",
            python_full_version: &full,
            python_version: &format!("{major}.{minor}"),
            sys_platform: target.platform,
        };
        Self(environment.try_into().ok())
    }

    /// The normalised name in a `Requires-Dist` line, if it holds here. One for an extra does not: extras come in when they
    /// are imported.
    pub(super) fn required(&self, line: &str) -> Option<String> {
        let parsed = Requirement::<VerbatimUrl>::from_str(line.trim());
        match (parsed, &self.0) {
            (Ok(requirement), Some(environment)) => requirement
                .evaluate_markers(environment, &[])
                .then(|| normalize(requirement.name.as_ref())),
            // Older metadata has spellings that the standard does not know.
            (Err(_), _) | (_, None) => name_alone(line),
        }
    }

    /// The normalised name in a `Requires-Dist` line, if an extra that users install asks for it here.
    pub(super) fn offered(&self, line: &str) -> Option<String> {
        let requirement = Requirement::<VerbatimUrl>::from_str(line.trim()).ok()?;
        let environment = self.0.as_ref()?;
        let is_required = requirement.evaluate_markers(environment, &[]);
        let for_users = requirement
            .marker
            .simplify_extras_with(|extra| !is_extra_for_developers(extra.as_ref()));
        (!is_required && for_users.evaluate(environment, &[]))
            .then(|| normalize(requirement.name.as_ref()))
    }
}

/// The name at the beginning, unless a marker asks for an extra.
fn name_alone(line: &str) -> Option<String> {
    let (requirement, marker) = line.split_once(';').unwrap_or((line, ""));
    if marker.contains("extra") {
        return None;
    }
    let requirement = requirement.trim();
    let end = requirement
        .find(|character: char| !(character.is_alphanumeric() || "-_.".contains(character)))
        .unwrap_or(requirement.len());
    requirement.get(..end).filter(|name| !name.is_empty()).map(normalize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn markers() -> Markers {
        let environment = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: "3.12.1",
            os_name: "posix",
            platform_machine: "x86_64",
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: "3.12.1",
            python_version: "3.12",
            sys_platform: "linux",
        };
        Markers(environment.try_into().ok())
    }

    #[test]
    fn an_extra_for_users_offers_a_distribution() {
        let markers = markers();
        for (line, expected) in [
            ("One.Two; extra == 'default'", Some("one-two")),
            ("one; extra == 'x' or extra == 'test'", Some("one")),
            ("one; extra == 'x' and python_version >= '3.10'", Some("one")),
            ("one; extra == 'x' and python_version < '3.10'", None),
            ("one; extra == 'x' and sys_platform == 'win32'", None),
            ("one; extra == 'test'", None),
            ("one; extra == 'Dev'", None),
            ("one; extra == 'docs' or extra == 'benchmarks'", None),
            ("one; extra == 'test-no-images'", None),
            ("one; extra == 'developer'", None),
            ("one; extra == 'fast'", Some("one")),
            ("one", None),
            ("one; python_version >= '3.10'", None),
            ("one ~> 3; extra == 'x'", None),
            ("", None),
        ] {
            assert_eq!(markers.offered(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn markers_are_asked_about_the_target() {
        let markers = markers();
        for (line, expected) in [
            ("One.Two", Some("one-two")),
            (" one >=1, <2", Some("one")),
            ("one[extra]", Some("one")),
            ("one (>=1)", Some("one")),
            ("one; python_version < '3.10'", None),
            ("one; python_version >= '3.10'", Some("one")),
            ("one; sys_platform == 'win32'", None),
            ("one; extra == 'x'", None),
            ("one @ https://example.org/one.whl", Some("one")),
            ("one ~> 3; python_version < '3.10'", Some("one")),
            ("one ~> 3; extra == 'x'", None),
            ("", None),
        ] {
            assert_eq!(markers.required(line).as_deref(), expected, "{line}");
        }
    }
}
