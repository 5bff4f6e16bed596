//! A `coldframe` that carries its standard library: it builds and runs where there is no Python.

use std::fs;
use std::path::{Path, PathBuf};

use launcher::command_parts::PYTHON_VERSION;

use crate::odd_places::{APPLICATION, expected, in_namespace};
use crate::support::{App, Child, METHODS, coldframe, minor, site_packages};

/// The tool, in `bin` of a prefix beside the application.
fn installed(app: &App) -> PathBuf {
    let bin = app.beside("prefix/bin");
    fs::create_dir_all(&bin).unwrap();
    let tool = bin.join("coldframe");
    coldframe(["whole", "-o"]).arg(&tool).ok();
    tool
}

/// The command where no folder of any Python is to be seen, and no cache is warm.
fn without_python(app: &App, tool: &Path) -> Option<Child> {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".pyenv");
    let hidden = ["/usr/lib/python3*", "/usr/local/lib/python3*", &home.display().to_string()];
    let setup = format!(
        "for folder in {}; do test ! -d $folder || mount -t tmpfs none $folder; done",
        hidden.join(" ")
    );
    let child = in_namespace("a machine without Python", &["-m"], &setup)?.of(app);
    let child = child.env("COLDFRAME_CACHE_DIR", app.beside("cache"));
    Some(child.args(["/usr/bin/env", "PATH=/nowhere"]).arg(tool))
}

#[test]
fn where_there_is_no_python_it_builds_and_runs() {
    let app = App::script(APPLICATION);
    let tool = installed(&app);
    let script = app.file("script.py");
    for (name, options) in [
        ("plain", &[][..]),
        ("optimized", &["--optimize", "2"]),
        ("other-libraries", &["--system-library", "libssl.so.3=leave"]),
    ] {
        let built = tool.parent().unwrap().join(name);
        let Some(build) = without_python(&app, &tool) else { return };
        let said = build.arg("build").arg(&script).arg("-o").arg(&built).args(options).outcome();
        assert!(said.status.success() && !said.stderr.contains("warning"), "{said:#?}");
        Child::new(&built).of(&app).args(METHODS).prints(&expected(name, &METHODS));
    }
    let run = without_python(&app, &tool).unwrap().arg("run").arg(&script).arg("--").args(METHODS);
    run.prints(&expected("coldframe", &METHODS));
    let code = "import sys, json, this_is_no_module";
    let python = without_python(&app, &tool).unwrap().args(["python", "-c", code]).outcome();
    assert!(python.stderr.contains("No module named 'this_is_no_module'"), "{python:#?}");
}

#[test]
fn the_environment_that_it_is_installed_in_is_the_applications() {
    // The built-in module, and not the package that brings the command.
    let app = App::script(
        "import package, package.part, coldframe; print(package.part.NAME, coldframe.__spec__.origin)",
    );
    let tool = installed(&app);
    let packages = app.beside("prefix").join(site_packages());
    let lay = |path: &str, text: &str| {
        let path = packages.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    lay("package/__init__.py", "");
    lay("package/part.py", "NAME = 'of the environment'");
    let run = || Child::new(&tool).of(&app).arg("run").arg(app.file("script.py"));
    let outcome = run().outcome();
    assert!(outcome.stderr.contains("No module named 'package'"), "{outcome:#?}");
    lay(
        "coldframe-0.1.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: coldframe\nVersion: 0.1.0\n",
    );
    lay("coldframe-0.1.0.dist-info/RECORD", "coldframe/__init__.py,,\n");
    lay("coldframe/__init__.py", "raise SystemExit('the package of the command was packed')");
    run().prints("of the environment built-in\n");
    // The active environment comes first.
    let active = run().env("VIRTUAL_ENV", app.beside("nowhere")).outcome();
    assert!(active.stderr.contains("`pyvenv.cfg`"), "{active:#?}");
}

#[test]
fn environments_for_another_interpreter_are_refused() {
    let app = App::script("");
    let next = minor() + 1;
    for (folder, configuration, found) in [
        (
            format!("python3.{next}"),
            Some(format!("version = 3.{next}.0")),
            format!("Python 3.{next}"),
        ),
        (format!("python{PYTHON_VERSION}td"), None, String::new()),
        (format!("python3.{next}t"), None, format!("free-threaded Python 3.{next}")),
        (
            "pypy3.11".to_owned(),
            Some("version_info = 3.11.13\nimplementation = PyPy".to_owned()),
            "PyPy 3.11".to_owned(),
        ),
    ] {
        let environment = app.beside(&folder);
        fs::create_dir_all(environment.join("lib").join(&folder).join("site-packages")).unwrap();
        if let Some(configuration) = configuration {
            fs::write(environment.join("pyvenv.cfg"), configuration).unwrap();
        }
        let outcome = app.run_with(["--venv".as_ref(), environment.as_os_str()], [""; 0]).outcome();
        assert_eq!(outcome.ending(), Ok(3), "{outcome:#?}");
        if found.is_empty() {
            assert!(outcome.stderr.contains("`pyvenv.cfg`"), "{outcome:#?}");
            continue;
        }
        for part in [format!("is for {found}, and this"), "`pip install coldframe`".to_owned()] {
            assert!(outcome.stderr.contains(&part), "{part}\n{outcome:#?}");
        }
    }
}

#[test]
fn the_way_to_what_it_does_not_carry_is_told() {
    let app = App::script("");
    let tool = installed(&app);
    let requirements = app.beside("requirements.txt");
    fs::write(&requirements, "").unwrap();
    for (arguments, parts) in [
        (
            &["--include", "test.support"][..],
            &["`--include test.support`", "`--python` names another"][..],
        ),
        (
            &["--requirements", requirements.to_str().unwrap()],
            &["no Python 3.", "`--python`", "`--venv`"],
        ),
    ] {
        let child = Child::new(&tool).of(&app).env("PATH", "/nowhere").arg("run");
        let outcome = child.arg(app.file("script.py")).args(arguments).outcome();
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part}\n{outcome:#?}");
        }
    }
}
