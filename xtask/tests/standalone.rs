//! A launcher with CPython inside: what it builds runs in an empty folder, with no Python in reach.
//!
//! `cargo xtask dist` itself tries that before it hands a launcher out; here it is run, without optimisation.

use std::env;
use std::process::Command;

#[test]
fn what_a_launcher_with_python_inside_builds_needs_nothing() {
    let python = env::var("COLDFRAME_TEST_PYTHON").unwrap_or_else(|_| "3.12".to_owned());
    let out = env!("CARGO_TARGET_TMPDIR");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["dist", "--debug", "--python", &python, "--out", out])
        .output()
        .expect("xtask runs");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    assert!(said.contains("ran in an empty folder, with no environment"), "{said}");
}
