//! An executable's needs of a system: told, listed, and limited.

use crate::support::{App, Outcome, coldframe};

fn build(app: &App, options: &[&str]) -> Outcome {
    let script = app.file("script.py");
    coldframe(["build"]).arg(script).arg("-o").arg(app.beside("built")).args(options).outcome()
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn build_and_inspect_and_doctor_say_it_alike() {
    let app = App::script("print('hello')");
    let built = build(&app, &["--needs"]);
    assert_eq!(built.status.code(), Some(0), "{}", built.stderr);
    let line = |text: &str| text.lines().find(|line| line.contains("needs")).map(str::to_owned);
    let needs = line(&built.stderr).expect("a line");
    assert!(needs.starts_with("needs glibc 2."), "{needs}");

    let inspect = |option| coldframe(["inspect", option]).arg(app.beside("built")).ok();
    let listed = inspect("--needs");
    assert_eq!(line(&listed), Some(needs.clone()));
    for wanted in ["\n  the launcher: glibc 2.", "\n  math.cpython-", "log2"] {
        assert!(listed.contains(wanted), "{listed}");
        assert!(built.stderr.contains(wanted), "{}", built.stderr);
    }
    let json = inspect("--json");
    let version = needs.split([' ', ':']).nth(2).expect("a version");
    assert!(json.contains(&format!("\"glibc\": \"{version}\"")), "{json}");

    // The launcher alone needs the same or less.
    let doctor = coldframe(["doctor"]).outcome();
    assert!(doctor.stdout.contains("needs            glibc 2."), "{}", doctor.stdout);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn more_than_is_allowed_is_an_error_that_names_it() {
    let app = App::script("print('hello')");
    let refused = build(&app, &["--glibc", "2.3"]);
    assert_eq!(refused.status.code(), Some(3), "{}", refused.stderr);
    for wanted in ["`--glibc 2.3`", "the launcher: glibc 2.", "math.cpython-", "log2"] {
        assert!(refused.stderr.contains(wanted), "{}", refused.stderr);
    }
    assert!(!app.beside("built").exists());

    app.write("coldframe.toml", "[build]\nglibc = \"2.3\"\n");
    assert_eq!(build(&app, &[]).status.code(), Some(3));
    // The command line wins.
    assert_eq!(build(&app, &["--glibc", "2.99"]).status.code(), Some(0));
}

#[test]
fn bad_versions_are_named() {
    let app = App::script("print('hello')");
    for value in ["", "2", "two", "2.31.1", "3.0"] {
        let outcome = build(&app, &[&format!("--glibc={value}")]);
        assert_eq!(outcome.status.code(), Some(2), "{value}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(value), "{}", outcome.stderr);
    }
    app.write("coldframe.toml", "[build]\nglibc = \"old\"\n");
    let outcome = build(&app, &[]);
    assert_eq!(outcome.status.code(), Some(2), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("`build.glibc`: `old`"), "{}", outcome.stderr);
}
