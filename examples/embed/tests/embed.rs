//! Runs the example as its user would.

use std::process::Command;

#[test]
fn python_runs_and_the_hook_is_told() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_embed")).env_remove("EMBED_ARCHIVE").output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stdout.trim_end(), "{\"answer\": 42}");
    assert!(
        stderr.starts_with("json came from ") && stderr.trim_end().ends_with("__init__.py"),
        "{stderr}"
    );
}

#[test]
fn an_archive_that_is_not_there_is_an_error_that_names_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_embed"))
        .env("EMBED_ARCHIVE", "nowhere.coldframe")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains("`nowhere.coldframe`"), "{stderr}");
}
