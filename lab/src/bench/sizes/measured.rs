//! One command: its time and its memory.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use xtask::progress::{Progress, Show, Status};

/// Runs a command, and prints its cost.
const PROGRAM: &str = include_str!("measure.py");

/// The time and the memory that a command took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// In seconds.
    pub(super) time: f64,
    /// The time of all processors, in seconds.
    pub(super) cpu: f64,
    /// The peak of the process that had most memory, in bytes.
    pub(super) largest: f64,
    /// The peak of all the processes together.
    pub(super) all: f64,
}

impl Cost {
    /// Runs a command to its end; nothing when it has failed, which has been shown.
    pub(super) fn of(
        progress: &Progress,
        label: &str,
        python: &Path,
        command: &Command,
    ) -> anyhow::Result<Option<Self>> {
        let mut measured = Command::new(python);
        measured.args(["-I", "-c", PROGRAM]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => measured.env(name, value),
                None => measured.env_remove(name),
            };
        }
        let finished = progress.run(label, &mut measured, Show::AtFailure)?;
        if finished.status == Status::Failed {
            return Ok(None);
        }
        let last = finished.output.lines().last().unwrap_or_default();
        let value = serde_json::from_str(last).with_context(|| {
            format!("`{label}` was to end with its time and memory, and said `{last}`")
        })?;
        Self::from_json(&value).map(Some)
    }

    fn from_json(value: &Value) -> anyhow::Result<Self> {
        let number = |key: &str| value.get(key).and_then(Value::as_f64);
        match (number("time"), number("cpu"), number("largest"), number("all")) {
            (Some(time), Some(cpu), Some(largest), Some(all)) => {
                Ok(Self { time, cpu, largest, all })
            }
            _ => bail!("a cost lacks a number: {value}"),
        }
    }

    pub(super) fn as_json(self) -> Value {
        json!({"time": self.time, "cpu": self.cpu, "largest": self.largest, "all": self.all})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_read_as_it_is_written() {
        let cost = Cost { time: 1.5, cpu: 2.0, largest: 4096.0, all: 8192.0 };
        assert_eq!(Cost::from_json(&cost.as_json()).expect("a cost"), cost);
        assert!(Cost::from_json(&json!({"time": 1})).is_err());
    }
}
