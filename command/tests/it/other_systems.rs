//! `coldframe build` for another system: what is refused, and the way out. `cargo xtask platforms windows-3.13` builds and runs.

use std::fs;

use crate::support::{App, coldframe};

#[test]
fn wrong_targets_name_the_way_out() {
    let app = App::script("print(1)");
    let python = |name: &str, files: &[(&str, &[u8])]| {
        let folder = app.beside(name);
        for (path, contents) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, contents).unwrap();
        }
        folder.display().to_string()
    };
    let library = format!("python3{}.dll", crate::support::minor());
    let empty = python("empty", &[("LICENSE", b"")]);
    let damaged = python("damaged", &[(library.as_str(), b"MZ"), ("Lib/os.py", b"")]);
    let here = target_lexicon::HOST.to_string();
    let windows = ["--target", "x86_64-pc-windows-gnu"];
    for (options, code, part) in [
        (&windows[..], 2, "name its folder with `--python`"),
        (
            &[&windows[..], &["--python", &empty]].concat(),
            5,
            "there is no library of Python's in it",
        ),
        (&[&windows[..], &["--python", "/none"]].concat(), 5, "`/none` is no Python for Windows"),
        (
            &[&windows[..], &["--python", &damaged]].concat(),
            5,
            "is no library of Python's for x86-64",
        ),
        (&["--target", "x86_64-unknown-plan9"], 2, "unknown system in the target triple"),
        (&["--target", "riscv64gc-unknown-linux-gnu"], 2, "are built there"),
        (&["--launcher", "runtime.exe"], 2, "--target"),
        (&["--target", &here, "--launcher", "runtime.exe"], 2, "leave it out"),
        (&[&windows[..], &["--start-method", "fork"]].concat(), 2, "impossible on Windows"),
    ] {
        let output = app.beside("output");
        let build = coldframe(["build"]).of(&app).arg(app.target()).arg("-o").arg(&output);
        let outcome = build.args(options).outcome();
        assert_eq!(outcome.ending(), Ok(code), "{options:?}: {outcome:#?}");
        assert!(outcome.stderr.contains(part), "{options:?}: {outcome:#?}");
        assert!(!output.exists(), "{options:?}");
    }
}
