//! A launcher with CPython inside: what it builds runs in an empty folder, with no Python in reach.
//!
//! `cargo xtask wheel` tries that, and what pip and uv make of it, before it hands a wheel out; here it is run, without
//! optimisation.

use std::env;
use std::process::Command;

#[test]
fn what_a_launcher_with_python_inside_builds_needs_nothing() {
    let python = env::var("COLDFRAME_TEST_PYTHON").unwrap_or_else(|_| "3.12".to_owned());
    let out = env!("CARGO_TARGET_TMPDIR");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["wheel", "--debug", "--python", &python, "--out", out])
        .output()
        .expect("xtask runs");
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    for part in [
        "ran in an empty folder, with no environment",
        "auditwheel: manylinux_",
        "installed by pip and by uv",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
}
