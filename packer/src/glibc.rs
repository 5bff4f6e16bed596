//! Versions of glibc, and the distributions that have them.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The glibc of each release of Linux distributions.
const DISTRIBUTIONS: &str = include_str!("data/distributions.toml");

/// A version of glibc, such as 2.31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GlibcVersion {
    major: u8,
    minor: u8,
}

impl GlibcVersion {
    pub(super) const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// The Linux distributions from whose release on it is there: `Debian 12, Ubuntu 22.04`. A distribution whose latest known
    /// release is too old is not named.
    #[must_use]
    pub fn distributions(self) -> String {
        let known = distributions();
        let first = known.iter().filter_map(|distribution| {
            let has_it = |release: &&(String, String)| {
                release.1.parse::<Self>().is_ok_and(|glibc| glibc >= self)
            };
            let (release, _) = distribution.releases.iter().find(has_it)?;
            Some(format!("{} {release}", distribution.name))
        });
        first.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is no version of glibc.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version of glibc; write two numbers, such as `2.31`")]
pub struct ParseGlibcError(String);

impl FromStr for GlibcVersion {
    type Err = ParseGlibcError;

    fn from_str(text: &str) -> Result<Self, ParseGlibcError> {
        let number =
            |text: &str| text.parse::<u8>().ok().filter(|number| number.to_string() == text);
        let version = text.split_once('.').and_then(|(major, minor)| {
            // There is no glibc 1 with versions of symbols, and none after 2 yet.
            Some(Self { major: number(major).filter(|major| *major == 2)?, minor: number(minor)? })
        });
        version.ok_or_else(|| ParseGlibcError(text.to_owned()))
    }
}

#[derive(Deserialize)]
struct Table {
    distribution: Vec<LinuxDistribution>,
}

#[derive(Deserialize)]
struct LinuxDistribution {
    name: String,
    /// Release and glibc, oldest first.
    releases: Vec<(String, String)>,
}

fn distributions() -> Vec<LinuxDistribution> {
    let table: Table = toml::from_str(DISTRIBUTIONS)
        .expect("the list is part of the program, and a test reads it");
    table.distribution
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_two_numbers() {
        for (text, expected) in
            [("2.31", Some(GlibcVersion::new(2, 31))), ("2.0", Some(GlibcVersion::new(2, 0)))]
        {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
        for text in [
            "",
            "2",
            "2.",
            "2.31.1",
            "2.031",
            "3.1",
            "1.9",
            "2.300",
            "2.-1",
            "+2.1",
            "two",
            "glibc 2.31",
        ] {
            let error = text.parse::<GlibcVersion>().expect_err(text).to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn distributions_are_named_from_the_first_release_that_has_it() {
        let table = [
            ("2.17", "Debian 10, Ubuntu 18.04, Fedora 29, RHEL 8"),
            ("2.28", "Debian 10, Ubuntu 20.04, Fedora 29, RHEL 8"),
            ("2.31", "Debian 11, Ubuntu 20.04, Fedora 32, RHEL 9"),
            ("2.35", "Debian 12, Ubuntu 22.04, Fedora 36, RHEL 10"),
            ("2.41", "Debian 13, Fedora 42"),
            ("2.99", ""),
        ];
        for (version, expected) in table {
            let version: GlibcVersion = version.parse().expect("a version");
            assert_eq!(version.distributions(), expected);
        }
    }

    #[test]
    fn releases_are_in_order() {
        let known = toml::from_str::<Table>(DISTRIBUTIONS).expect("the table").distribution;
        assert!(!known.is_empty());
        for distribution in known {
            let versions: Vec<GlibcVersion> = distribution
                .releases
                .iter()
                .map(|(_, glibc)| glibc.parse().expect("a version"))
                .collect();
            assert!(versions.is_sorted(), "{}", distribution.name);
        }
    }
}
