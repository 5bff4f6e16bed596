//! The modules of installed distributions that an application reaches, and the reports on them.

use std::fs;

use interp_config::RunTarget;
use packer::{Application, Bundle, BundleError, BundleRequest, Environment, Trace, Warning};

use crate::support::{
    Fixture, archive, build, empty_venv, files, install, lay, modules, site_packages, texts, tree,
};

/// An installed distribution: its name, its requirements, and its files.
pub(crate) type Installed<'t> = (&'t str, &'t [&'t str], &'t [(&'t str, &'t str)]);

/// Packs an application of one file in an environment with these distributions.
pub(crate) fn packed(
    installed: &[Installed<'_>],
    main: &str,
    change: impl FnOnce(&mut BundleRequest<'_>),
) -> Result<Bundle, BundleError> {
    let fixture = Fixture::new();
    let venv = empty_venv(&fixture.python);
    let site = site_packages(venv.path(), &fixture.python);
    for (name, requires, files) in installed {
        install(&site, name, requires, files);
    }
    let environment = Environment::read(venv.path(), &fixture.python).unwrap();
    let folder = tree(&[("__main__.py", main)]);
    let application = Application::read(folder.path(), None, &fixture.python, &[]).unwrap();
    let mut request = BundleRequest {
        application: Some(&application),
        environment: Some(&environment),
        ..fixture.request()
    };
    request.settings.interpreter.run = RunTarget::Module("__main__".into());
    change(&mut request);
    build(&request)
}

/// The names of the packed modules but `__main__`.
pub(crate) fn names(bundle: Bundle) -> Vec<String> {
    let lines = modules(&archive(bundle));
    let names = lines.iter().filter_map(|line| line.split(' ').next());
    names.filter(|name| *name != "__main__").map(str::to_owned).collect()
}

#[test]
fn modules_come_along_by_these_rules() {
    let check = |what: &str, installed: &[Installed<'_>], main: &str, expected: &str| {
        let found = names(packed(installed, main, |_| {}).unwrap()).join(" ");
        assert_eq!(found, expected, "{what}");
    };
    fn one<'t>(files: &'t [(&'t str, &'t str)]) -> [Installed<'t>; 1] {
        [("one", &[], files)]
    }
    check(
        "what nothing imports is left",
        &one(&[("one/__init__.py", "import one.a"), ("one/a.py", ""), ("one/b.py", "")]),
        "import one",
        "one one.a",
    );
    check(
        "a module brings the packages around it, and their imports",
        &one(&[
            ("one/__init__.py", "from . import a"),
            ("one/a.py", ""),
            ("one/b/__init__.py", ""),
            ("one/b/c.py", ""),
        ]),
        "import one.b.c",
        "one one.a one.b one.b.c",
    );
    check(
        "a name of a module that is used is one",
        &one(&[("one/__init__.py", ""), ("one/a.py", ""), ("one/b.py", "")]),
        "import one as o\no.a.f()",
        "one one.a",
    );
    check(
        "all that `__all__` names",
        &one(&[("one/__init__.py", "__all__ = ['a', 'x']"), ("one/a.py", ""), ("one/b.py", "")]),
        "from one import *",
        "one one.a",
    );
    check(
        "computed names may be any module of the distribution, but no test",
        &one(&[
            ("one/__init__.py", "import importlib\ndef f(n): return importlib.import_module(n)"),
            ("one/a.py", ""),
            ("one/tests/test_a.py", ""),
        ]),
        "import one",
        "one one.a",
    );
    check(
        "a package that looks which modules it has",
        &one(&[
            ("one/__init__.py", "import pkgutil\nlist(pkgutil.iter_modules(__path__))"),
            ("one/a.py", ""),
        ]),
        "import one",
        "one one.a",
    );
    check(
        "a lazy package's modules may all be asked for",
        &one(&[
            (
                "one/__init__.py",
                "import importlib\ndef __getattr__(n): return importlib.import_module(f'one.{n}')",
            ),
            ("one/a.py", ""),
            ("one/b.py", ""),
        ]),
        "from one import a",
        "one one.a one.b",
    );
    check(
        "a lazy package's table names modules",
        &one(&[
            (
                "one/__init__.py",
                "import importlib\nT = {'x': '.a'}\ndef __getattr__(n): return importlib.import_module(T[n], __name__)",
            ),
            ("one/a.py", ""),
        ]),
        "from one import x",
        "one one.a",
    );
    check(
        "a stub of lazy_loader",
        &one(&[
            (
                "one/__init__.py",
                "import lazy_loader\n__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)",
            ),
            ("one/__init__.pyi", "from .a import f"),
            ("one/a.py", ""),
            ("one/b.py", ""),
        ]),
        "import one",
        "one one.a",
    );
    check(
        "branches for type checkers and other systems are none",
        &one(&[
            (
                "one/__init__.py",
                "import sys\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING: import one.a\nif sys.platform == 'win32': import one.b\nelse: import one.c",
            ),
            ("one/a.py", ""),
            ("one/b.py", ""),
            ("one/c.py", ""),
        ]),
        "import one",
        "one one.c",
    );
}

#[test]
fn distributions_come_along_by_these_rules() {
    let other: Installed<'_> = ("other", &[], &[("other/__init__.py", "")]);
    let third: Installed<'_> = ("third", &["other"], &[("third.py", "import other")]);
    let check = |what: &str, installed: &[Installed<'_>], main: &str, expected: &str| {
        let bundle = packed(installed, main, |_| {}).unwrap();
        let found: Vec<&str> =
            bundle.report.packages.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(found.join(" "), expected, "{what}");
    };
    let run =
        |what: &str, requires: &[&str], code: &str, others: &[Installed<'_>], expected: &str| {
            let files = [("one/__init__.py", code), ("one/lazy.py", "import other")];
            let mut installed: Vec<Installed<'_>> = vec![("one", requires, &files)];
            installed.extend(others);
            check(what, &installed, "import one", expected);
        };
    run("an import at the top level", &[], "import other", &[other], "one other");
    run(
        "an optional import of what is there for its own sake",
        &[],
        "def f(): import other",
        &[other],
        "one other",
    );
    run(
        "an optional import of what is there for something else",
        &[],
        "def f(): import other",
        &[other, third],
        "one",
    );
    let offered = ["other; extra == 'fast'"];
    run(
        "one that an extra asks for, imported in a function",
        &offered,
        "def f(): import other",
        &[other, third],
        "one other",
    );
    run(
        "one that an extra asks for, where its absence is expected",
        &offered,
        "import sys\ndef f():\n  if 'other' in sys.modules: import other",
        &[other, third],
        "one",
    );
    run(
        "one that an extra for developers asks for",
        &["other; extra == 'tests'"],
        "def f(): import other",
        &[other, third],
        "one",
    );
    run(
        "a required one, imported in a function",
        &["other"],
        "def f(): import other",
        &[other, third],
        "one other",
    );
    run(
        "a required one, imported by a module that nothing reaches",
        &["other"],
        "",
        &[other],
        "one",
    );
    run(
        "a required one that nothing imports",
        &["other", "third"],
        "",
        &[("other", &[], &[("x/data.txt", "x")]), third],
        "one other third",
    );
    run("a branch for type checkers", &[], "if TYPE_CHECKING: import other", &[other], "one");
    run(
        "a tool of developers",
        &[],
        "def f(): import pytest",
        &[("pytest", &[], &[("pytest.py", "")])],
        "one",
    );
    run(
        "what is optional brings nothing optional",
        &[],
        "def f(): import third",
        &[("third", &[], &[("third.py", "def f(): import other")]), other],
        "one third",
    );
    check(
        "the application's own optional imports are followed",
        &[other, third],
        "def f():\n  try: import other\n  except ImportError: pass",
        "other",
    );
    check(
        "parts of a namespace package come one by one",
        &[("a", &[], &[("space/one.py", "")]), ("b", &[], &[("space/two.py", "")])],
        "from space import two",
        "b",
    );
}

#[test]
fn files_come_along_with_their_modules() {
    let bundle = packed(
        &[
            (
                "one",
                &["needless"],
                &[
                    ("one/__init__.py", ""),
                    ("one/data.txt", ""),
                    ("one/tests/data.txt", ""),
                    ("one/a.py", ""),
                    ("one/a.pyi", ""),
                    ("one/typeshed/abc.pyi", ""),
                    ("one/py.typed", ""),
                    ("one/c.pyx", ""),
                    ("one/d.c", ""),
                    ("one/d.so", "PyInit_d"),
                    ("one/e.c", ""),
                    ("one/e.py", ""),
                    ("one/templates/app.py", ""),
                    ("one/more/data.json", ""),
                    ("one/unused.py", "import needless"),
                ],
            ),
            ("needless", &[], &[("needless.py", "")]),
        ],
        "import one",
        |_| {},
    );
    let archive = archive(bundle.unwrap());
    let found = files(&archive);
    let found: Vec<&str> =
        found.iter().map(String::as_str).filter(|path| !path.contains("one-1.0")).collect();
    assert_eq!(
        found,
        [
            "__main__.py",
            "needless-1.0.dist-info/METADATA",
            "one/__init__.py",
            "one/data.txt",
            "one/e.c",
            "one/more/data.json",
            "one/templates/app.py",
            "one/typeshed/abc.pyi",
        ]
    );
    // It is required, and code may ask for its version, though its modules are not there.
    assert!(archive.distribution("needless").unwrap().is_some());
}

#[test]
fn the_way_to_each_module_is_told() {
    let bundle = packed(
        &[
            (
                "One.Dist",
                &["two"],
                &[("one/__init__.py", "from .a import f"), ("one/a.py", "import two")],
            ),
            (
                "two",
                &[],
                &[("two.py", "import missing\ntry: import perhaps\nexcept ImportError: pass")],
            ),
        ],
        "import os\nimport one",
        |_| {},
    )
    .unwrap();
    let trace: Trace = bundle.report.trace.clone();
    let told = |name: &str| {
        let steps = trace.explain(name).unwrap_or_default().into_iter();
        steps.map(|step| format!("{}: {}", step.name, step.how)).collect::<Vec<_>>()
    };
    let end = [
        "one.a: `one/__init__.py`, line 1, imports `one.a`",
        "one: `__main__.py`, line 2, imports `one`",
        "__main__: is a module of the application",
    ];
    let two = ["two: holds `two`", "two: `one/a.py`, line 1, imports `two`"];
    assert_eq!(told("one.a"), end);
    assert_eq!(told("one-dist")[..1], ["one-dist: holds `one`"]);
    assert_eq!(told("two")[..1], two[1..]);
    assert_eq!(told("three"), Vec::<String>::new());
    let missing: Vec<_> = bundle
        .report
        .missing
        .iter()
        .map(|missing| {
            (missing.name.as_str(), missing.file.as_str(), missing.line, missing.is_optional)
        })
        .collect();
    assert_eq!(missing, [("missing", "two.py", 1, false), ("perhaps", "two.py", 2, true)]);
    let kept = Trace::unpack(&archive(bundle).attribute(packer::TRACE).unwrap().unwrap());
    assert_eq!(kept, trace);
}

#[test]
fn the_way_to_a_module_in_a_circle_begins_at_the_application() {
    // All modules of `one` come in doubt; `two`, which one of them brings, then makes that one sure.
    let finds = "import os, pkgutil\nlist(pkgutil.iter_modules(__path__))";
    let bundle = packed(
        &[
            ("one", &["two"], &[("one/__init__.py", finds), ("one/a.py", "import two")]),
            ("two", &[], &[("two.py", "import one.a")]),
        ],
        "import one",
        |_| {},
    )
    .unwrap();
    for name in ["one", "one.a", "two"] {
        let steps = bundle.report.trace.explain(name).unwrap();
        let last = steps.last().unwrap();
        assert_eq!(last.name, "__main__", "{steps:#?}");
        assert!(steps.len() < 6, "{steps:#?}");
    }
}

#[test]
fn an_exclusion_that_hurts_is_told() {
    let installed: &[Installed<'_>] = &[
        ("one", &[], &[("one.py", "import two\ndef f(): import three")]),
        ("two", &[], &[("two.py", "")]),
        ("three", &[], &[("three.py", "")]),
    ];
    let exclude = |request: &mut BundleRequest<'_>| request.exclude = texts(&["two", "three"]);
    let bundle = packed(installed, "import one", exclude).unwrap();
    let told: Vec<String> = bundle
        .report
        .warnings
        .iter()
        .filter(|warning| matches!(warning, Warning::ExcludedNeeded { .. }))
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        told,
        ["`--exclude two` leaves out what `one.py`, line 1, cannot do without: `two`"]
    );
}

#[test]
fn what_only_a_folder_shows_is_still_found() {
    // As a package that was copied there by hand.
    let fixture = Fixture::new();
    let venv = empty_venv(&fixture.python);
    let site = site_packages(venv.path(), &fixture.python);
    lay(
        &site,
        &[
            ("loose/__init__.py", "from . import part"),
            ("loose/part.py", ""),
            ("loose/rest.py", ""),
        ],
    );
    let environment = Environment::read(venv.path(), &fixture.python).unwrap();
    let mut request = BundleRequest { environment: Some(&environment), ..fixture.request() };
    request.settings.interpreter.run = RunTarget::Module("loose".into());
    assert_eq!(names(build(&request).unwrap()), ["loose", "loose.part"]);
    fs::remove_file(site.join("loose/rest.py")).unwrap();
}
