//! The contents of an executable, and the reports on them: the standard library by need, the way to a module, kept code.

use std::fs;
use std::path::Path;

use launcher::command_parts::BUILD_PYTHON;

use crate::child::Child;
use crate::support::{App, coldframe, listing, minor, site_packages, skipped};

/// Builds an application, and gives the output.
fn said(app: &App, output: &Path, options: &[&str]) -> String {
    let command =
        coldframe(["build"]).of(app).arg(app.target()).arg("-o").arg(output).args(options);
    let outcome = command.outcome();
    assert_eq!(outcome.ending(), Ok(0), "{outcome:#?}");
    outcome.stderr
}

#[test]
fn of_the_standard_library_what_is_needed_is_there() {
    for (main, whole_because) in [
        ("import json\nprint(json.dumps(1))", None),
        ("import sys\nprint(1, sys.path and '')", None),
        (
            "def f(): exec('import ' + 'sched')\nprint(1)",
            Some("`script.py`, line 1, may run code that cannot be seen (`exec`)"),
        ),
        (
            "import sys\nsys.path.append('x')\nprint(1)",
            Some("`script.py`, line 2, may run code that cannot be seen (`sys.path`)"),
        ),
        ("import sys\nprint(1 if sys.executable else 0)", Some("(`sys.executable`)")),
        ("import runpy\ndef f(): runpy.run_path('x')\nprint(1)", Some("(`run_path`)")),
    ] {
        let app = App::script(main);
        let output = app.beside("built");
        let told = said(&app, &output, &[]);
        let shown = Child::new(&output).of(&app).ok();
        assert_eq!(shown.trim(), "1", "{main}");
        match whole_because {
            Some(reason) => assert!(
                told.contains("all of the standard library: ") && told.contains(reason),
                "{main}: {told}"
            ),
            None => assert!(
                told.contains(" modules of the standard library (`--standard-library whole`"),
                "{main}: {told}"
            ),
        }
        let why = |name: &str| coldframe(["inspect"]).arg(&output).args(["--why", name]).outcome();
        let has_sched = why("sched").ending() == Ok(0);
        let listed = coldframe(["inspect"]).arg(&output).ok().contains(" sched\n");
        assert_eq!((has_sched, listed), (false, whole_because.is_some()), "{main}");
        let told = said(&app, &output, &["--standard-library", "whole"]);
        assert!(
            told.contains("all of the standard library: `standard-library = \"whole\"`"),
            "{told}"
        );
        said(&app, &output, &["--standard-library", "reached"]);
        assert!(!coldframe(["inspect"]).arg(&output).ok().contains(" sched\n"), "{main}");
        said(&app, &output, &["--standard-library", "reached", "--include", "sched"]);
        assert!(coldframe(["inspect"]).arg(&output).ok().contains(" sched\n"), "{main}");
    }
}

#[test]
fn names_that_packages_import_when_they_are_asked_lead_to_modules() {
    for (main, expected) in [
        (
            "import unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n async def test(self): print('ran')\nunittest.main()",
            Some("ran"),
        ),
        ("from unittest import IsolatedAsyncioTestCase as C\nprint(C.__name__)", Some("Isolated")),
        (
            "import unittest\nfrom unittest import mock\nprint(mock.Mock()() is not None)",
            Some("True"),
        ),
        ("import unittest\nprint(unittest.TestCase.__name__)", None),
    ] {
        let app = App::script(main);
        let output = app.build("built", &["--standard-library", "reached"]);
        let outcome = Child::new(&output).of(&app).outcome();
        assert_eq!(outcome.ending(), Ok(0), "{main}: {outcome:#?}");
        assert!(outcome.stdout.contains(expected.unwrap_or("TestCase")), "{main}: {outcome:#?}");
        let has_asyncio = coldframe(["inspect"]).arg(&output).ok().contains(" asyncio.events\n");
        assert_eq!(has_asyncio, expected.is_some(), "{main}");
    }
}

#[test]
fn a_module_that_was_left_out_is_named_where_it_is_wanted() {
    let app = App::new(&[("__main__.py", "import sys\n__import__(sys.argv[1])\n")]);
    let built = app.build("built", &["--standard-library", "reached"]);
    let standard = if minor() >= 10 {
        "coldframe: `sched` is a module of the standard library that is not in this executable"
    } else {
        "coldframe: `sched` is not in this executable"
    };
    for (name, said) in [
        ("sched", standard),
        (
            "unknown",
            "coldframe: `unknown` is not in this executable; where it is installed, `coldframe build --include unknown` packs it",
        ),
    ] {
        let outcome = Child::new(&built).arg(name).outcome();
        assert_eq!(outcome.ending(), Ok(1), "{outcome:#?}");
        assert!(outcome.stderr.contains("ModuleNotFoundError"), "{outcome:#?}");
        assert!(outcome.stderr.contains(said), "{outcome:#?}");
    }
}

#[test]
fn the_way_to_a_module_is_printed() {
    let app = App::script("import json\n");
    let output = app.beside("built");
    let explain = |name: &str, more: &[&str]| {
        let command = coldframe(["build"]).of(&app).arg(app.target()).args(["--explain", name]);
        command.args(more).outcome()
    };
    let way = "json.decoder: `json/__init__.py`, line 106, imports `json.decoder`\njson: `script.py`, line 1, imports `json`\n__main__: is a module of the application\n";
    let outcome = explain("json.decoder", &[]);
    assert_eq!(outcome.ending(), Ok(0), "{outcome:#?}");
    let plain = |text: &str| {
        let lines = text.lines().map(|line| line.split(", line").next().unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(plain(&outcome.stdout), plain(way));
    assert!(!output.exists());
    let outcome = explain("json.decodr", &[]);
    assert_eq!(outcome.ending(), Ok(2), "{outcome:#?}");
    assert!(outcome.stderr.contains("no module or distribution `json.decodr` in this application; did you mean `json.decoder`?"), "{outcome:#?}");
    let outcome = explain("json", &["--json"]);
    assert!(outcome.stdout.contains("\"name\": \"json\""), "{outcome:#?}");
    said(&app, &output, &[]);
    let told = coldframe(["inspect"]).arg(&output).args(["--why", "json.decoder"]).ok();
    assert_eq!(plain(&told), plain(way));
}

#[test]
fn mistakes_in_rules_have_their_places() {
    let app =
        App::new(&[("app.py", ""), ("rules.toml", "[[distribution]]\nnam = 'x'\nreason = 'y'\n")]);
    let rules = app.file("rules.toml");
    let outcome = coldframe(["build"])
        .of(&app)
        .arg(app.file("app.py"))
        .arg("-o")
        .arg(app.beside("built"))
        .arg("--distribution-rules")
        .arg(&rules)
        .outcome();
    assert_eq!(outcome.ending(), Ok(3), "{outcome:#?}");
    assert!(
        outcome.stderr.contains("rules.toml:2:1: unknown key `nam`; did you mean `name`?"),
        "{outcome:#?}"
    );
}

#[test]
fn compiled_modules_are_kept_and_repaired() {
    let app =
        App::new(&[("__main__.py", "import helper\nprint(helper.x)"), ("helper.py", "x = 1")]);
    let cache = app.beside("cache");
    let output = app.beside("built");
    let build = || {
        let command = coldframe(["build"]).of(&app).arg(app.target()).arg("-o").arg(&output);
        let outcome = command.arg("--cache-dir").arg(&cache).outcome();
        assert_eq!(outcome.ending(), Ok(0), "{outcome:#?}");
        fs::read(&output).unwrap()
    };
    let first = build();
    let folder = cache.join("compiled-v1");
    let kept = || listing(&folder).into_iter().map(|name| folder.join(name)).collect::<Vec<_>>();
    assert!(!kept().is_empty());
    assert!(first == build(), "what is kept gives other bytes");
    for file in kept() {
        let mut contents = fs::read(&file).unwrap();
        let last = contents.last_mut().unwrap();
        *last ^= 1;
        fs::write(&file, contents).unwrap();
    }
    assert!(first == build(), "damaged code was believed");
    app.write("helper.py", "x = 2");
    assert!(first != build());
    assert_eq!(Child::new(&output).of(&app).ok(), "2\n");
}

#[test]
fn the_interpreter_of_an_environment_brings_its_packages() {
    let app = App::new(&[("__main__.py", "import demo\nprint(demo.where)")]);
    let environments = ["one", "other"].map(|name| {
        let folder = app.beside(name);
        Child::new(BUILD_PYTHON).args(["-I", "-m", "venv", "--without-pip"]).arg(&folder).ok();
        fs::write(folder.join(site_packages()).join("demo.py"), format!("where = {name:?}"))
            .unwrap();
        folder
    });
    let [one, other] = environments.each_ref().map(|folder| folder.to_str().unwrap());
    let interpreter =
        format!("{one}/{}", if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !Path::new(&interpreter).is_file() {
        return skipped(
            "the_interpreter_of_an_environment_brings_its_packages",
            "this Python makes environments without an interpreter",
        );
    }
    for (options, expected) in [
        (&["--python", interpreter.as_str()][..], "one\n"),
        (&["--python", interpreter.as_str(), "--venv", other], "other\n"),
        (&["--venv", one], "one\n"),
    ] {
        app.run_with(options.iter().copied(), [""; 0]).prints(expected);
        let active = app.run_with(options.iter().copied(), [""; 0]).env("VIRTUAL_ENV", other);
        active.prints(expected);
    }
}
