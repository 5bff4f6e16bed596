//! A minor version of CPython 3, and the range of those that are supported.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, bail};

/// `3.12`, or `3.14t` for the free-threaded build, which is another binary interface and so counts as another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The number behind `3.`.
    pub minor: u8,
    /// The build: with a GIL, or free-threaded.
    pub threads: Threads,
}

/// The build of a Python, by its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Threads {
    /// The usual build, with a GIL.
    Gil,
    /// The free-threaded build.
    Free,
}

impl Version {
    /// `3.minor` with a GIL.
    pub fn new(minor: u8) -> Self {
        Self { minor, threads: Threads::Gil }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.threads {
            Threads::Gil => "",
            Threads::Free => "t",
        };
        write!(f, "3.{}{suffix}", self.minor)
    }
}

impl FromStr for Version {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (number, threads) = match text.strip_suffix('t') {
            Some(number) => (number, Threads::Free),
            None => (text, Threads::Gil),
        };
        let minor = number.strip_prefix("3.").and_then(|minor| minor.parse().ok());
        let Some(minor) = minor else {
            bail!(
                "`{text}` is not a version of Python: write it as `3.12`, or `3.14t` for a free-threaded build"
            );
        };
        Ok(Self { minor, threads })
    }
}

/// The supported range, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The lowest.
    pub min: Version,
    /// The highest.
    pub max: Version,
}

impl Range {
    /// Whether a version, with a GIL or without, is supported.
    pub fn contains(self, version: Version) -> bool {
        (self.min.minor..=self.max.minor).contains(&version.minor)
    }

    pub(crate) fn versions(self) -> impl Iterator<Item = Version> {
        (self.min.minor..=self.max.minor).map(Version::new)
    }

    /// Reads the value of `[workspace.metadata.python]`.
    pub(crate) fn from_metadata(metadata: &serde_json::Value) -> anyhow::Result<Self> {
        let end = |name: &str| -> anyhow::Result<Version> {
            let text = metadata
                .get("python")
                .and_then(|python| python.get(name))
                .and_then(serde_json::Value::as_str)
                .with_context(|| {
                    format!("the root manifest has no `{name}` in [workspace.metadata.python]")
                })?;
            text.parse()
        };
        Ok(Self { min: end("min")?, max: end("max")? })
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_it_is_written() {
        for text in ["3.9", "3.15", "3.14t"] {
            assert_eq!(text.parse::<Version>().expect(text).to_string(), text);
        }
        for text in ["", "3", "2.7", "3.", "3.9.1", "3.x", "python3.9", "3.999", "t"] {
            let message = text.parse::<Version>().expect_err(text).to_string();
            assert!(message.contains(&format!("`{text}`")), "{message}");
        }
    }

    #[test]
    fn versions_are_ordered_as_numbers() {
        let version = |text: &str| text.parse::<Version>().expect(text);
        assert!(version("3.9") < version("3.10"));
        assert!(version("3.14") < version("3.14t"));
    }
}
