//! The memory of eight workers that have imported numpy, interpreted and built.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

/// The application: eight workers under `spawn`.
pub(super) const PROGRAM: &str = include_str!("memory.py");

/// Its name in the table.
pub(super) const NAME: &str = "numpy in 8 workers under spawn, with their parent";

/// Sums over all the processes, in KiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// Resident memory: pages that several processes share count for each of them.
    pub(super) rss: u64,
    /// Resident memory, each page divided by the number of processes that share it.
    pub(super) pss: u64,
}

/// Runs a command that is the program, and gives its measurement.
pub(super) fn measured(command: &mut Command) -> anyhow::Result<Memory> {
    let program = command.get_program().to_owned();
    let name = Path::new(&program).display();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{name}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("`{name}` failed ({}):\n{said}", output.status);
    }
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let value: Value = serde_json::from_str(&printed).unwrap_or_default();
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    match (number("rss"), number("pss")) {
        (Some(rss), Some(pss)) => Ok(Memory { rss, pss }),
        _ => bail!("`{name}` printed no sums: {printed}"),
    }
}

/// For programs.
pub(super) fn as_json(python: Memory, built: Memory) -> Value {
    let sums = |memory: Memory| json!({ "rss_kib": memory.rss, "pss_kib": memory.pss });
    json!({ "python": sums(python), "built": sums(built) })
}

/// A line for people.
pub(super) fn shown(python: Memory, built: Memory) -> String {
    let megabytes = |kibibytes: u64| kibibytes as f64 * 1024.0 / 1e6;
    let row = |label: &str, python: u64, built: u64| {
        format!(
            "{label} {:.0} MB by python, {:.0} MB built ({:.2})",
            megabytes(python),
            megabytes(built),
            built as f64 / python as f64
        )
    };
    format!("{NAME}: {}; {}", row("PSS", python.pss, built.pss), row("RSS", python.rss, built.rss))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_told() {
        let (python, built) = (Memory { rss: 2000, pss: 1000 }, Memory { rss: 1000, pss: 2000 });
        assert_eq!(
            shown(python, built),
            "numpy in 8 workers under spawn, with their parent: PSS 1 MB by python, 2 MB built (2.00); \
             RSS 2 MB by python, 1 MB built (0.50)"
        );
    }
}
