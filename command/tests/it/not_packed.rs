//! Imports of the standard library's that nothing answers are told when an application is built.

use std::fs;

use crate::support::{App, coldframe};

#[test]
fn what_is_imported_and_not_packed_is_named() {
    let app = App::new(&[
        ("__main__.py", "import json, os\nimport helper\n"),
        (
            "helper.py",
            "'''import test.support'''\ntry:\n    from test import support\nexcept ImportError: pass\n\
             def on_windows():\n    import msvcrt, winreg\n\
             def of_later_versions():\n    from compression import zstd\n\
             def by_name(name):\n    import importlib\n    if name == 'test.libregrtest': return\n    return importlib.import_module(name)\nimport idlelib.idle_test.htest\nimport csv\n",
        ),
    ]);
    let build = |options: &[&str]| {
        let output = app.beside("built");
        let _ = fs::remove_file(&output);
        let command = coldframe(["build"]).of(&app).arg(app.path()).arg("-o").arg(&output);
        (command.args(options).outcome(), output)
    };
    let expected = "\
warning: not packed: `idlelib.idle_test.htest`, for `helper.py`, line 13, imports `idlelib.idle_test.htest`; tests are left out of the standard library: `--include idlelib.idle_test.htest` takes it along
warning: not packed: `test`, for `helper.py`, line 3, imports `test`; tests are left out of the standard library: `--include test` takes it along
warning: not packed: `test.support`, for `helper.py`, line 3, imports `test.support`; tests are left out of the standard library: `--include test.support` takes it along
";
    let (outcome, output) = build(&[]);
    assert_eq!(outcome.ending(), Ok(0), "{outcome:#?}");
    assert!(outcome.stderr.starts_with(expected) && output.is_file(), "{outcome:#?}");
    assert_eq!(outcome.stderr.matches("warning").count(), 3, "{outcome:#?}");

    let (outcome, output) = build(&["--strict"]);
    assert_eq!(outcome.ending(), Ok(3), "{outcome:#?}");
    assert!(outcome.stderr.contains("what warnings above name (3 of them)"), "{outcome:#?}");
    assert!(!output.exists());

    // Modules that the user excludes are not reported, and included ones are there.
    let (outcome, _) =
        build(&["--strict", "--exclude", "test*", "--exclude", "idlelib*", "--exclude", "csv"]);
    assert_eq!(outcome.ending(), Ok(0), "{outcome:#?}");
    assert_eq!(outcome.stderr.matches("not packed").count(), 0, "{outcome:#?}");
    let (outcome, _) = build(&["--strict", "--include", "test", "--include", "idlelib.idle_test"]);
    assert_eq!(outcome.ending(), Ok(0), "{outcome:#?}");
}
