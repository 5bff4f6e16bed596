//! Files that are taken from an application's folder, and files that are refused.

use std::fs;
use std::path::Path;

use importer_core::{Archive, Optimization};
use interp_config::{EntryPoint, RunTarget, Settings};
use packer::{
    Application, BrokenModules, BundleError, BundleErrorKind, BundleRequest, Layout, Origin,
    SupportModule, Warning,
};

use crate::support::{Fixture, archive, build, bytes, files, lay, modules, texts, tree};

fn read(fixture: &Fixture, path: &Path, entry: Option<&str>) -> Result<Application, BundleError> {
    let entry: Option<EntryPoint> = entry.map(|entry| entry.parse().unwrap());
    Application::read(path, entry.as_ref(), &fixture.python, &[])
}

fn packed(fixture: &Fixture, application: &Application) -> Archive {
    let request = BundleRequest { application: Some(application), ..fixture.request() };
    archive(build(&request).unwrap())
}

#[test]
fn a_folder_is_packed_as_python_would_run_it() {
    let fixture = Fixture::new();
    let suffix = &fixture.python.extension_suffixes[0];
    let library = format!("native/__init__{suffix}");
    let plain = format!("fast{suffix}");
    let folder = tree(&[
        ("__main__.py", "import helper\nif '__main__' == __name__:\n    helper.go()\n"),
        ("helper.py", "def go(): pass\n"),
        ("part/__init__.py", ""),
        ("part/0001_initial.py", "x = 1\n"),
        ("part/table.csv", "a,b\n"),
        ("part/templates/{{name}}.py", "not python {{\n"),
        ("space/inner.py", ""),
        ("native/__init__.py", "import json\n"),
        (&library, "not really a library"),
        (&plain, "nor this"),
        ("libs.d/helper.so", "a library, but no module"),
        ("__pycache__/helper.cpython-39.pyc", ""),
        ("stale.pyc", ""),
        (".git/config", ""),
        (".env", "SECRET=1"),
        ("env/pyvenv.cfg", "home = /usr\n"),
        ("env/lib/thing.py", ""),
        ("dist/app", "what was built the last time"),
    ]);
    let out = folder.path().join("dist/app");
    let application = Application::read(folder.path(), None, &fixture.python, &[&out]).unwrap();
    assert_eq!(application.layout(), &Layout::Folder);
    assert_eq!(application.run_target(), Some(RunTarget::Module("__main__".into())));

    let archive = packed(&fixture, &application);
    let expected = [
        "__main__ __main__.py g".to_owned(),
        format!("fast {plain}"),
        "helper helper.py".to_owned(),
        format!("native {library} p"),
        "part part/__init__.py p".to_owned(),
        "part.0001_initial part/0001_initial.py".to_owned(),
        "space space p".to_owned(),
        "space.inner space/inner.py".to_owned(),
    ];
    assert_eq!(modules(&archive), expected);
    let mut expected = vec![
        "__main__.py",
        &plain,
        "helper.py",
        "libs.d/helper.so",
        &library,
        "native/__init__.py",
        "part/0001_initial.py",
        "part/__init__.py",
        "part/table.csv",
        "part/templates/{{name}}.py",
        "space/inner.py",
    ];
    expected.sort_unstable();
    assert_eq!(files(&archive), expected);
    let table = archive.file("part/table.csv").unwrap().unwrap();
    assert_eq!(&*table.contents().unwrap(), b"a,b\n");
    assert!(archive.attribute("configuration").unwrap().is_some());
}

#[test]
fn layouts() {
    let fixture = Fixture::new();
    let package = |name: &str| Layout::Package(name.into());
    let (init, main) = (("app/__init__.py", ""), "app/__main__.py");
    let relative = "from .cli import main\n";
    // Files, the entry point, the layout, the run target.
    type Row<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>, Layout, Option<&'a str>);
    let table: &[Row<'_>] = &[
        (&[(main, "")], None, Layout::Folder, Some("__main__")),
        (&[(main, "")], Some("lib:go"), Layout::Folder, Some("__main__")),
        (&[("app/lib.py", "")], Some("lib:go"), Layout::Folder, None),
        (&[init], None, package("app"), None),
        (&[init], Some("app.lib:go"), package("app"), None),
        (&[init], Some("lib:go"), Layout::Folder, None),
        (&[init, (main, "import lib\n")], None, Layout::Folder, Some("__main__")),
        (&[init, (main, relative)], None, package("app"), Some("app")),
        (&[init, (main, "from app.cli import main\n")], None, package("app"), Some("app")),
        (&[init, (main, "")], Some("app.cli:main"), package("app"), Some("app")),
    ];
    for (files, entry, layout, runs) in table {
        let folder = tree(files);
        let application = read(&fixture, &folder.path().join("app"), *entry).unwrap();
        assert_eq!(application.layout(), layout, "{files:?} {entry:?}");
        let runs = runs.map(|module| RunTarget::Module(module.into()));
        assert_eq!(application.run_target(), runs, "{files:?} {entry:?}");
    }
}

#[test]
fn a_script_keeps_its_name_in_tracebacks() {
    let fixture = Fixture::new();
    let folder = tree(&[("hello.py", "print('hello')\n"), ("other.py", "")]);
    let application = read(&fixture, &folder.path().join("hello.py"), None).unwrap();
    assert_eq!(application.layout(), &Layout::Script);
    let archive = packed(&fixture, &application);
    assert_eq!(modules(&archive), ["__main__ hello.py", "hello hello.py"]);
    let code =
        archive.module("__main__").unwrap().unwrap().code(Optimization::Zero).unwrap().unwrap();
    assert!(code.windows(8).any(|window| window == b"hello.py"));
}

#[test]
fn modules_beside_a_script_come_along_where_it_imports_them() {
    let fixture = Fixture::new();
    let others = [
        ("helper.py", "import second\ndef f(): from data.deep import value"),
        ("second.py", ""),
        ("unused.py", "import unused_too"),
        ("unused_too.py", ""),
        ("package/__init__.py", "from . import part"),
        ("package/part.py", "import third"),
        ("package/text.txt", ""),
        ("third.py", ""),
        ("data/deep/value.py", ""),
        ("data/deep/other.py", ""),
        ("data/text.txt", ""),
        ("shadow.py", ""),
        ("shadow/__init__.py", ""),
    ];
    for (main, expected) in [
        ("", ""),
        ("import helper", "data data.deep data.deep.value helper second"),
        ("def f():\n import second", "second"),
        ("import package.none", "package package.part third"),
        ("from data import deep, none", ""),
        ("from data.deep import other", "data data.deep data.deep.other"),
        ("import importlib\nimportlib.import_module('third')", "third"),
        ("import shadow", "shadow"),
        ("import main", ""),
        ("if __name__ == '__main__':\n import third", "third"),
        ("from . import third\nimport none.third, json", ""),
        ("import second\nimport none.part", "second"),
        ("run('package.part:f', 'third')", "package package.part third"),
        ("APPS = ['second', 'data']", "second"),
    ] {
        let folder = tree(&others);
        lay(folder.path(), &[("main.py", main)]);
        let application = read(&fixture, &folder.path().join("main.py"), None).unwrap();
        let lines = modules(&packed(&fixture, &application));
        let names = lines.iter().filter_map(|line| line.split(' ').next());
        let names: Vec<&str> =
            names.filter(|name| !name.ends_with("main__") && *name != "main").collect();
        assert_eq!(names.join(" "), expected, "{main}");
    }
}

#[test]
fn what_is_no_application_is_named() {
    let fixture = Fixture::new();
    let folder = tree(&[
        ("notes.txt", ""),
        ("empty/readme", ""),
        ("one/x.py", ""),
        ("two/x.py", ""),
        ("two/main.py", ""),
        ("many/x.py", ""),
        ("many/y.py", ""),
    ]);
    let table = [
        ("nothing", "there is no application at `{}`: give a folder, or a `.py` file"),
        ("notes.txt", "`{}` is not an application: give a folder, or a `.py` file"),
        (
            "empty",
            "`{}` holds no `__main__.py`: add one, or name an entry point with `--entry package.module:function`",
        ),
        (
            "one",
            "`{}` holds no `__main__.py`: give its script, `{}/x.py`, or name an entry point with `--entry package.module:function`",
        ),
        (
            "two",
            "`{}` holds no `__main__.py`: give its script, `{}/main.py`, or name an entry point with `--entry package.module:function`",
        ),
        (
            "many",
            "`{}` holds no `__main__.py`: add one, or name an entry point with `--entry package.module:function`",
        ),
    ];
    for (name, message) in table {
        let path = folder.path().join(name);
        let error = read(&fixture, &path, None).unwrap_err();
        let real = fs::canonicalize(&path).unwrap_or(path);
        assert_eq!(error.to_string(), message.replace("{}", &real.display().to_string()));
    }
}

#[test]
fn a_broken_module_is_named_with_its_line_or_packed_without_code() {
    let fixture = Fixture::new();
    let folder = tree(&[
        ("__main__.py", "import good\n"),
        ("good.py", "x = 1\n"),
        ("bad.py", "def f():\n    x = = 1\n"),
        ("bytes.py", "# coding: utf-8\nx = '\u{1}'\n"),
    ]);
    fs::write(folder.path().join("bytes.py"), b"# coding: utf-8\nx = '\xff'\n").unwrap();
    fs::write(
        folder.path().join("deep.py"),
        format!("x = {}1{}\n", "-(".repeat(3000), ")".repeat(3000)),
    )
    .unwrap();
    let application = read(&fixture, folder.path(), None).unwrap();
    let request = BundleRequest { application: Some(&application), ..fixture.request() };
    let error = build(&request).unwrap_err();
    assert_eq!(error.kind(), BundleErrorKind::Broken);
    let broken = error.broken();
    let names: Vec<_> =
        broken.iter().map(|broken| broken.file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["bad.py", "bytes.py", "deep.py"]);
    assert_eq!(broken[0].line, Some(2));
    assert!(broken[0].message.starts_with("SyntaxError: "), "{error}");
    assert_eq!(broken[0].text.trim(), "x = = 1");
    let message = error.to_string();
    assert!(message.contains("bad.py`, line 2, does not compile: SyntaxError: "), "{message}");
    assert!(message.contains("`--allow-broken`"), "{message}");

    let bundle = build(&BundleRequest { broken: BrokenModules::Pack, ..request }).unwrap();
    let warned =
        bundle.report.warnings.iter().filter(|warning| matches!(warning, Warning::Broken(_)));
    assert_eq!(warned.count(), 3);
    let archive = archive(bundle);
    assert_eq!(
        modules(&archive),
        ["__main__ __main__.py", "bad bad.py", "bytes bytes.py", "deep deep.py", "good good.py"]
    );
    let bad = archive.module("bad").unwrap().unwrap();
    assert!(bad.code(Optimization::Zero).unwrap().is_none());
    assert_eq!(bad.source().unwrap().unwrap(), fs::read(folder.path().join("bad.py")).unwrap());
}

#[test]
fn entry_points_must_exist() {
    let fixture = Fixture::new();
    let folder = tree(&[
        ("pkg/__init__.py", "from .star import *\n"),
        ("pkg/cli.py", "class Tool:\n    run = None\ndef main(): pass\n"),
        ("pkg/star.py", "def hidden(): pass\n"),
        ("pkg/lazy.py", "def __getattr__(name): return print\n"),
    ]);
    let table = [
        ("pkg.cli:main", None),
        ("pkg.cli:Tool.run", None),
        ("pkg:hidden", None),
        ("pkg:cli", None),
        ("pkg.lazy:anything", None),
        ("json.tool:main", None),
        (
            "pkg.cli:mian",
            Some(
                "the entry point `pkg.cli:mian` does not exist: the module `pkg.cli` defines no `mian`",
            ),
        ),
        (
            "pkg.clu:main",
            Some(
                "the entry point `pkg.clu:main` needs the module `pkg.clu`, and it is neither in the application nor in the standard library (no virtual environment was given: name one with `--venv`)",
            ),
        ),
    ];
    for (entry, message) in table {
        let entry: EntryPoint = entry.parse().unwrap();
        let application =
            Application::read(&folder.path().join("pkg"), Some(&entry), &fixture.python, &[])
                .unwrap();
        for as_setting in [None, Some(())] {
            let mut request =
                BundleRequest { application: Some(&application), ..fixture.request() };
            match as_setting {
                None => request.entry = Some(&entry),
                Some(()) => request.settings.interpreter.run = RunTarget::EntryPoint(entry.clone()),
            }
            let found = build(&request).err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), message, "{entry}");
        }
    }
}

#[test]
fn support_modules_and_settings_are_packed_and_hidden_names_are_told() {
    const SUPPORT: &[SupportModule] = &[
        SupportModule {
            name: "coldframe",
            path: "coldframe/__init__.py",
            is_package: true,
            source: "from ._x import y\n",
        },
        SupportModule {
            name: "coldframe._x",
            path: "coldframe/_x.py",
            is_package: false,
            source: "y = 1\n",
        },
    ];
    let fixture = Fixture::new();
    let folder = tree(&[("__main__.py", ""), ("email.py", "")]);
    let application = read(&fixture, folder.path(), None).unwrap();
    let mut settings = Settings::default();
    settings.interpreter.sys_meipass = true;
    let request = BundleRequest {
        application: Some(&application),
        support: SUPPORT,
        settings: settings.clone(),
        ..fixture.request()
    };
    let bundle = build(&request).unwrap();
    assert_eq!(bundle.report.warnings, [Warning::Shadows("email".into())]);
    assert_eq!(bundle.report.parts[&Origin::Support].modules, 2);
    let first = archive(bundle);
    assert_eq!(first.attribute("configuration").unwrap().unwrap(), settings.to_toml().into_bytes());
    assert!(modules(&first).contains(&"coldframe coldframe/__init__.py p".to_owned()));
    // Excluded modules are gone, and the same request gives the same bytes again.
    let request = BundleRequest { exclude: texts(&["coldf*", "email"]), ..request };
    let left = archive(build(&request).unwrap());
    assert_eq!(modules(&left)[0], "__main__ __main__.py");
    assert!(left.module("email").unwrap().is_none());
    assert_eq!(bytes(build(&request).unwrap()), bytes(build(&request).unwrap()));
}

#[test]
fn a_compile_process_that_dies_is_told_with_the_file() {
    let mut fixture = Fixture::new();
    let folder = tree(&[("__main__.py", "")]);
    let application = read(&fixture, folder.path(), None).unwrap();
    let real = fixture.compile.arguments.clone();
    let dying = "import os\nreal = compile\ndef compile(source, name, *rest, **more):\n    if name == '__main__.py': os.write(2, b'last words'); os._exit(7)\n    return real(source, name, *rest, **more)\n";
    let script = real.last().unwrap().to_str().unwrap().to_owned();
    let table: [(&str, &str); 3] = [
        (
            dying,
            "the compile process ended (exit status: 7) while compiling `{}`; it said: last words",
        ),
        ("print('hello')", "did not start (exit status: 0)"),
        (
            "raise SystemExit('no')",
            "did not start (exit status: 1) while compiling `{python}`; it said: no",
        ),
    ];
    for (number, (prefix, message)) in table.into_iter().enumerate() {
        let program = if number == 0 { format!("{prefix}{script}") } else { prefix.to_owned() };
        *fixture.compile.arguments.last_mut().unwrap() = program.into();
        let request = BundleRequest { application: Some(&application), ..fixture.request() };
        let error = build(&request).unwrap_err().to_string();
        let main = fs::canonicalize(folder.path()).unwrap().join("__main__.py");
        let message = message
            .replace("{python}", &fixture.python.executable.display().to_string())
            .replace("{}", &main.display().to_string());
        assert!(error.contains(&message), "{error}\n{message}");
    }
    fixture.compile.program = "no-such-program".into();
    let error =
        build(&BundleRequest { application: Some(&application), ..fixture.request() }).unwrap_err();
    assert!(
        error.to_string().starts_with("could not start the compile process `no-such-program`: "),
        "{error}"
    );
}
