//! The limits of the figures, and the list of reasons where a figure is above its limit.

use anyhow::Context as _;
use serde_json::{Value, json};

/// The checked-in reasons.
const CAUSES: &str = include_str!("../../../sizes/causes.json");

/// A limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Limit {
    /// Size without `--compress`, against PyInstaller's one folder.
    Folder,
    /// Size with `--compress`, against PyInstaller's one file.
    File,
    HelloPlain,
    HelloCompressed,
    /// Size in the shared environment, against that in the application's own.
    Shared,
    First,
    Again,
    AgainRatio,
    Memory,
    StartCompressed,
}

impl Limit {
    /// The name in the list of reasons.
    fn key(self) -> &'static str {
        match self {
            Self::Folder => "one-folder",
            Self::File => "one-file",
            Self::HelloPlain => "hello",
            Self::HelloCompressed => "hello-compressed",
            Self::Shared => "shared",
            Self::First => "first",
            Self::Again => "again",
            Self::AgainRatio => "again-ratio",
            Self::Memory => "memory",
            Self::StartCompressed => "start-compressed",
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Folder => "size without `--compress`, against PyInstaller's one folder",
            Self::File => "size with `--compress`, against PyInstaller's one file",
            Self::HelloPlain => "size of hello, in MB",
            Self::HelloCompressed => "size of hello with `--compress`, in MB",
            Self::Shared => "size in the shared environment, against that in its own",
            Self::First => "time of the first build, against PyInstaller's",
            Self::Again => "time of the build after one changed line, in seconds",
            Self::AgainRatio => "time of the build after one changed line, against PyInstaller's",
            Self::Memory => "memory of the build with 7 GB, in MB",
            Self::StartCompressed => "start-up with `--compress`, against `python -I`",
        }
    }

    fn most(self) -> f64 {
        match self {
            Self::Folder => 0.9,
            Self::File | Self::StartCompressed => 1.0,
            Self::HelloPlain => 20.0,
            Self::HelloCompressed => 10.0,
            Self::Shared => 1.05,
            Self::First => 0.3,
            Self::Again => 0.5,
            Self::AgainRatio => 0.05,
            Self::Memory => 400.0,
        }
    }
}

/// A figure that has a limit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figure {
    pub(super) limit: Limit,
    pub(super) application: String,
    pub(super) environment: &'static str,
    pub(super) value: f64,
}

impl Figure {
    pub(super) fn is_short(&self) -> bool {
        self.value > self.limit.most()
    }

    /// The figure for a cell; bold where it is above its limit.
    pub(super) fn shown(&self) -> String {
        if self.is_short() {
            format!("**{:.2}**", self.value)
        } else {
            format!("{:.2}", self.value)
        }
    }

    /// A line of the list of figures that are above their limits.
    pub(super) fn line(&self, causes: &Causes) -> String {
        let cause = causes.of(self).unwrap_or("no cause is known yet");
        let Self { limit, application, environment, value } = self;
        format!(
            "* {application} ({environment}): {}: {value:.2}, at most {}; {cause}",
            limit.text(),
            limit.most()
        )
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "limit": self.limit.key(), "application": self.application, "environment": self.environment,
            "value": self.value, "most": self.limit.most(),
        })
    }
}

/// The reasons why figures are above their limits.
pub(super) struct Causes(Vec<Cause>);

struct Cause {
    limit: String,
    /// The applications it is about; all, when there are none.
    applications: Vec<String>,
    cause: String,
}

impl Causes {
    pub(super) fn checked_in() -> anyhow::Result<Self> {
        Self::parse(CAUSES).context("`lab/sizes/causes.json` is wrong")
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let list: Value = serde_json::from_str(text)?;
        let list = list.as_array().context("it is no list")?;
        let causes = list.iter().map(|entry| {
            let field = |name: &str| {
                let text = entry.get(name).and_then(Value::as_str).map(str::to_owned);
                text.with_context(|| format!("an entry has no `{name}`: {entry}"))
            };
            let applications = entry.get("applications").and_then(Value::as_array);
            let applications = applications.into_iter().flatten().filter_map(Value::as_str);
            Ok(Cause {
                limit: field("limit")?,
                applications: applications.map(str::to_owned).collect(),
                cause: field("cause")?,
            })
        });
        Ok(Self(causes.collect::<anyhow::Result<_>>()?))
    }

    fn of(&self, figure: &Figure) -> Option<&str> {
        let found = self.0.iter().find(|cause| {
            cause.limit == figure.limit.key()
                && (cause.applications.is_empty()
                    || cause.applications.contains(&figure.application))
        });
        found.map(|cause| cause.cause.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(limit: Limit, application: &str, value: f64) -> Figure {
        Figure { limit, application: application.to_owned(), environment: "own", value }
    }

    #[test]
    fn figures_above_their_limits_are_marked() {
        assert_eq!(figure(Limit::Folder, "click", 0.9).shown(), "0.90");
        assert_eq!(figure(Limit::Folder, "click", 0.91).shown(), "**0.91**");
    }

    #[test]
    fn a_cause_is_for_a_limit_and_some_applications() {
        let text = r#"[{"limit": "first", "applications": ["hello"], "cause": "it is short"},
                       {"limit": "one-folder", "cause": "it is large"}]"#;
        let causes = Causes::parse(text).expect("a list");
        assert_eq!(causes.of(&figure(Limit::First, "hello", 1.0)), Some("it is short"));
        assert_eq!(causes.of(&figure(Limit::First, "click", 1.0)), None);
        let line = figure(Limit::Folder, "click", 1.0).line(&causes);
        assert!(
            line.starts_with("* click (own): size without") && line.ends_with("it is large"),
            "{line}"
        );
        assert!(Causes::parse(r#"[{"limit": "first"}]"#).is_err());
        Causes::checked_in().expect("the list in the repository");
    }
}
