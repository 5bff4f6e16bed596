//! Many workers, one after the other: the descriptors, processes and files that they leave behind.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;
use xtask::workspace;

/// The application: 500 workers under `spawn`, and 50 pools under each method.
pub(super) const PROGRAM: &str = include_str!("leaks.py");

/// Its name in the table.
pub(super) const NAME: &str = "500 workers under spawn, 50 pools under each method";

/// Runs the built application; gives the remains, a line for each kind of thing that was not there before.
pub(super) fn left_behind(application: &Path) -> anyhow::Result<Vec<String>> {
    let temporary = workspace::temporary_folder()?;
    let output = Command::new(application)
        .env("TMPDIR", temporary.path())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("could not start `{}`", application.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("`{}` failed ({}):\n{said}", application.display(), output.status);
    }
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let states: Value = serde_json::from_str(&printed)
        .with_context(|| format!("`{}` printed no JSON: {printed}", application.display()))?;
    differences(&states)
}

fn differences(states: &Value) -> anyhow::Result<Vec<String>> {
    let state = |index: usize| states.get(index).and_then(Value::as_object);
    let (Some(before), Some(after)) = (state(0), state(1)) else {
        bail!("the application printed something else than two states: {states}");
    };
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let more = before.iter().filter_map(|(kind, before)| {
        let (before, after) = (number(before), number(after.get(kind)?));
        (after > before).then(|| format!("{kind}: {before} before, {after} after"))
    });
    Ok(more.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_before_is_told() {
        let states = |text: &str| differences(&serde_json::from_str(text).expect("JSON"));
        let same =
            states(r#"[{"descriptors": 9, "processes": 2}, {"descriptors": 9, "processes": 1}]"#);
        assert_eq!(same.expect("two states"), [""; 0]);
        let more =
            states(r#"[{"descriptors": 9, "processes": 2}, {"descriptors": 10, "processes": 2}]"#);
        assert_eq!(more.expect("two states"), ["descriptors: 9 before, 10 after"]);
        assert!(states("[]").is_err());
    }
}
