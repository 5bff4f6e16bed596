//! Prints the start method that each system gets, with the reason.
//!
//! `cargo run -p coldframe-platform-policy --example decide`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use interp_config::StartMethodSetting;
use platform_policy::{Impossible, Os, PythonBuild, decide};

fn main() -> Result<(), Impossible> {
    for line in lines()? {
        println!("{line}");
    }
    Ok(())
}

fn lines() -> Result<Vec<String>, Impossible> {
    let line = |os: &Os| {
        let decision = decide(*os, PythonBuild::NonFramework, StartMethodSetting::Auto)?;
        let method = decision.method.map_or("none", |method| method.as_str());
        Ok(format!("{os}: {method} ({})", decision.reason))
    };
    Os::ALL.iter().map(line).collect()
}

#[test]
fn there_is_a_line_for_each_system() {
    let lines = lines().expect("`auto` is possible everywhere");
    assert_eq!(lines.len(), Os::ALL.len());
    assert!(lines.iter().any(|line| line.starts_with("windows: spawn (")), "{lines:?}");
}
