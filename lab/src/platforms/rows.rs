//! The rows that can be asked for, and their names.

use anyhow::bail;

use xtask::version::Version;

/// One row of the table, or those of all Pythons of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Native,
    Fetched(Version),
    /// Run by wine.
    Windows(Version),
    /// Run by qemu.
    LinuxAarch64,
    /// Built whole, and looked at.
    Linked(Target),
    /// Gone through by the compiler.
    Checked(Target),
}

/// A system on which nothing can be run here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    MacAarch64,
    MacX86_64,
    FreeBsd,
    Musl,
}

const ALL: &[&str] = &[
    "native",
    "3.14",
    "3.15",
    "3.14t",
    "3.15t",
    "windows-3.13",
    "linux-aarch64",
    "macos-aarch64",
    "macos-x86_64",
    "freebsd",
    "musl",
];

impl Row {
    /// The rows with these names; `all` stands for all.
    pub(super) fn chosen(names: &[String]) -> anyhow::Result<Vec<Self>> {
        let mut rows = Vec::new();
        for name in names {
            let found = match name.as_str() {
                "all" => ALL.iter().map(|name| Self::parse(name)).collect::<Result<_, _>>()?,
                name => vec![Self::parse(name)?],
            };
            for row in found {
                if !rows.contains(&row) {
                    rows.push(row);
                }
            }
        }
        Ok(rows)
    }

    fn parse(name: &str) -> anyhow::Result<Self> {
        Ok(match name {
            "native" => Self::Native,
            "linux-aarch64" => Self::LinuxAarch64,
            "macos-aarch64" => Self::Linked(Target::MacAarch64),
            "macos-x86_64" => Self::Linked(Target::MacX86_64),
            "freebsd" => Self::Linked(Target::FreeBsd),
            "musl" => Self::Checked(Target::Musl),
            _ => match (name.strip_prefix("windows-").map(str::parse), name.parse()) {
                (Some(Ok(version)), _) => Self::Windows(version),
                (None, Ok(version)) => Self::Fetched(version),
                _ => bail!("there is no platform `{name}`; there are: {}, all", ALL.join(", ")),
            },
        })
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Native => "native".to_owned(),
            Self::Fetched(version) => version.to_string(),
            Self::Windows(version) => format!("windows-{version}"),
            Self::LinuxAarch64 => "linux-aarch64".to_owned(),
            Self::Linked(target) | Self::Checked(target) => match target {
                Target::MacAarch64 => "macos-aarch64".to_owned(),
                Target::MacX86_64 => "macos-x86_64".to_owned(),
                Target::FreeBsd => "freebsd".to_owned(),
                Target::Musl => "musl".to_owned(),
            },
        }
    }

    /// How it is tried, for the table.
    pub(super) fn how(&self) -> &'static str {
        match self {
            Self::Native => "run",
            Self::Fetched(_) => "run, fetched",
            Self::Windows(_) => "run under wine",
            Self::LinuxAarch64 => "run under qemu",
            Self::Linked(_) => "linked",
            Self::Checked(_) => "checked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in ALL {
            assert_eq!(Row::parse(name).expect(name).name(), *name);
        }
        for name in ["windows", "windows-3", "macos", "3", ""] {
            let error = Row::parse(name).expect_err(name).to_string();
            assert!(error.contains("windows-3.13"), "{error}");
        }
    }
}
