//! The installed packages that come along, and their reasons.

use std::fs;

use importer_core::Optimization;
use interp_config::{EntryPoint, RunTarget};
use packer::{Application, BundleErrorKind, BundleRequest, Environment, Origin, Reason, Warning};

use crate::support::{
    Fixture, archive, build, empty_venv, files, install, lay, pip_install, site_packages, texts,
    tree,
};

/// An environment in which each package is there for one rule.
fn populated(fixture: &Fixture) -> tempfile::TempDir {
    let venv = empty_venv(&fixture.python);
    let site = site_packages(venv.path(), &fixture.python);
    install(
        &site,
        "Web.Tool",
        &["needed-by>=1", "extra-only; extra == 'x'", "Not-Installed"],
        &[
            (
                "webtool/__init__.py",
                "try:\n    import speedup\nexcept ImportError: pass\nimport json, webtool.broken_example\ndef f(): import pip\n",
            ),
            ("webtool/data.txt", "x"),
            ("webtool/tests/test_it.py", "import testonly\n"),
            ("webtool/broken_example.py", "print 'two'\n"),
        ],
    );
    install(&site, "needed-by", &[], &[("needed.py", "")]);
    install(&site, "extra-only", &[], &[("extraonly.py", "")]);
    install(
        &site,
        "speedup",
        &[],
        &[(
            "speedup.py",
            "def f():\n    import importlib\n    importlib.import_module('plugin')\n",
        )],
    );
    install(&site, "plugin", &[], &[("plugin.py", "")]);
    install(&site, "testonly", &[], &[("testonly.py", "")]);
    install(&site, "unused", &[], &[("unused.py", "")]);
    install(&site, "pip", &[], &[("pip/__init__.py", "")]);
    install(&site, "json-backport", &[], &[("json/__init__.py", "")]);
    install(&site, "space-one", &[], &[("space/one.py", "")]);
    install(&site, "space-two", &[], &[("space/two.py", "")]);
    lay(&site, &[("loose.py", ""), ("distutils-x.pth", "import os\n")]);
    // As Debian's packages are laid out.
    install(&site, "no-record", &[], &[("recordless/__init__.py", ""), ("recordless/x.dat", "")]);
    fs::remove_file(site.join("no_record-1.0.dist-info/RECORD")).unwrap();
    lay(&site, &[("no_record-1.0.dist-info/top_level.txt", "recordless\n")]);
    venv
}

fn reasons(bundle: &packer::Bundle) -> Vec<String> {
    bundle
        .report
        .packages
        .iter()
        .map(|package| format!("{}: {}", package.name, package.reason))
        .collect()
}

#[test]
fn packages_come_in_when_something_needs_them() {
    let fixture = Fixture::new();
    let venv = populated(&fixture);
    let environment = Environment::read(venv.path(), &fixture.python).unwrap();
    let folder = tree(&[(
        "__main__.py",
        "import webtool.x, loose, recordless\nfrom space import two\nfrom .unused import y\n",
    )]);
    let application = Application::read(folder.path(), None, &fixture.python, &[]).unwrap();
    let request = BundleRequest {
        application: Some(&application),
        environment: Some(&environment),
        ..fixture.request()
    };
    let bundle = build(&request).unwrap();
    assert_eq!(
        reasons(&bundle),
        [
            "Web.Tool: the application imports `webtool.x` in `__main__.py`",
            "loose: the application imports `loose` in `__main__.py`",
            "needed-by: `Web.Tool` requires it",
            "no-record: the application imports `recordless` in `__main__.py`",
            "space-two: the application imports `space.two` in `__main__.py`",
            "speedup: `webtool/__init__.py` imports `speedup`",
        ]
    );
    let broken = |warning: &&Warning| matches!(warning, Warning::Broken(_));
    assert_eq!(bundle.report.warnings.iter().filter(broken).count(), 1);
    assert!(
        bundle.report.warnings.iter().any(|warning| matches!(warning, Warning::PathFileCode(_)))
    );
    let archive = archive(bundle);
    assert_eq!(
        archive.distribution("web-tool").unwrap().as_deref(),
        Some("Web.Tool-1.0.dist-info")
    );
    let files = files(&archive);
    for path in [
        "webtool/data.txt",
        "recordless/x.dat",
        "Web.Tool-1.0.dist-info/METADATA",
        "Web.Tool-1.0.dist-info/odd, name",
        "webtool/broken_example.py",
    ] {
        assert!(files.contains(&path.to_owned()), "{path} in {files:?}");
    }
    let broken = archive.module("webtool.broken_example").unwrap().unwrap();
    assert!(broken.code(Optimization::Zero).unwrap().is_none());
    assert!(!files.iter().any(|path| path.contains("bin/") || path.ends_with(".pth")), "{files:?}");

    // By hand.
    let request = BundleRequest {
        include: texts(&["unused", "space.one"]),
        exclude: texts(&["needed-by", "plugin", "webtool.tests"]),
        ..request
    };
    let bundle = build(&request).unwrap();
    let names: Vec<_> =
        bundle.report.packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(
        names,
        ["Web.Tool", "loose", "no-record", "space-one", "space-two", "speedup", "unused"]
    );
    assert!(crate::support::archive(bundle).module("webtool.tests.test_it").unwrap().is_none());
    let everything =
        build(&BundleRequest { include: texts(&["*"]), exclude: Vec::new(), ..request.clone() })
            .unwrap();
    assert_eq!(everything.report.packages.len(), 13);
    assert_eq!(everything.report.packages[0].reason, Reason::Included("*".into()));
    let error =
        build(&BundleRequest { include: texts(&["no-such"]), ..request }).unwrap_err().to_string();
    assert!(error.starts_with("`--include no-such`: no module, package or distribution of that name in the virtual environment `"), "{error}");
}

#[test]
fn what_the_settings_name_comes_along() {
    let fixture = Fixture::new();
    let venv = populated(&fixture);
    let environment = Environment::read(venv.path(), &fixture.python).unwrap();
    let table = [
        (RunTarget::Module("unused".into()), "unused: `unused` is run"),
        (RunTarget::EntryPoint("pip.x:main".parse().unwrap()), ""),
        (RunTarget::Code("import unused, os".into()), "unused: `unused` is run"),
    ];
    for (run, expected) in table {
        let mut request = BundleRequest { environment: Some(&environment), ..fixture.request() };
        request.settings.interpreter.run = run;
        match build(&request) {
            Ok(bundle) => assert_eq!(reasons(&bundle), [expected]),
            Err(error) => assert!(
                error
                    .to_string()
                    .starts_with("the entry point `pip.x:main` needs the module `pip.x`"),
                "{error}"
            ),
        }
    }
}

#[test]
fn editable_installations_are_followed_or_refused() {
    let fixture = Fixture::new();
    let venv = empty_venv(&fixture.python);
    let site = site_packages(venv.path(), &fixture.python);
    let source = tree(&[("src/mine/__init__.py", "x = 1\n"), ("src/mine/data.txt", "")]);
    let source_path = fs::canonicalize(source.path()).unwrap();
    for (name, top) in [("mine", "mine"), ("hooked", "hooked")] {
        install(&site, name, &[], &[]);
        let info = site.join(format!("{name}-1.0.dist-info"));
        let url = if name == "mine" { source_path.clone() } else { source_path.join("elsewhere") };
        fs::write(info.join("top_level.txt"), format!("{top}\n")).unwrap();
        fs::write(
            info.join("direct_url.json"),
            format!(
                "{{\"url\": \"file://{}\", \"dir_info\": {{\"editable\": true}}}}",
                url.display()
            ),
        )
        .unwrap();
    }
    fs::write(site.join("mine.pth"), format!("{}\n", source_path.join("src").display())).unwrap();
    let environment = Environment::read(venv.path(), &fixture.python).unwrap();
    let request = |module: &str| {
        let mut request = BundleRequest { environment: Some(&environment), ..fixture.request() };
        request.settings.interpreter.run = RunTarget::Module(module.into());
        request
    };
    let bundle = build(&request("mine")).unwrap();
    let followed = |warning: &Warning| matches!(warning, Warning::PathFileFolder { .. });
    assert!(bundle.report.warnings.iter().any(followed), "{:?}", bundle.report.warnings);
    let archive = archive(bundle);
    assert!(archive.module("mine").unwrap().is_some());
    assert!(archive.file("mine/data.txt").unwrap().is_some());
    assert!(archive.distribution("mine").unwrap().is_some());
    let error = build(&request("hooked")).unwrap_err();
    assert_eq!(error.kind(), BundleErrorKind::Environment);
    let start = "`hooked` is needed and installed in editable mode through an import hook (from `";
    assert!(error.to_string().starts_with(start), "{error}");
}

#[test]
fn an_environment_for_another_python_or_none_at_all_is_refused() {
    let fixture = Fixture::new();
    let (major, minor, _) = fixture.python.version;
    let folder = tree(&[
        ("old/pyvenv.cfg", "home = /usr/bin\nversion = 2.7.18\n"),
        ("bare/pyvenv.cfg", "home = /usr/bin\n"),
    ]);
    let table = [
        (
            "old",
            format!(
                "the environment `{{}}` is for Python 2.7, and this `coldframe` runs Python {major}.{minor}: use a `coldframe` for Python 2.7 (`pip install coldframe` there gives one), or make the environment with Python {major}.{minor}"
            ),
        ),
        (
            "bare",
            format!(
                "the virtual environment `{{}}` has no `site-packages` folder for Python {major}.{minor}"
            ),
        ),
        ("none", "`{}` is not a virtual environment: it has no `pyvenv.cfg`".to_owned()),
    ];
    for (name, message) in table {
        let path = folder.path().join(name);
        let error = Environment::read(&path, &fixture.python).unwrap_err().to_string();
        assert_eq!(error, message.replace("{}", &path.display().to_string()));
    }
}

#[test]
fn real_packages_from_the_index() {
    let fixture = Fixture::new();
    let venv = empty_venv(&fixture.python);
    if !pip_install(
        venv.path(),
        &fixture.python,
        &["black", "colorama"],
        "real_packages_from_the_index",
    ) {
        return;
    }
    let environment = Environment::read(venv.path(), &fixture.python).unwrap();
    let entry: EntryPoint = "black:patched_main".parse().unwrap();
    let request =
        BundleRequest { entry: Some(&entry), environment: Some(&environment), ..fixture.request() };
    let bundle = build(&request).unwrap();
    let names: Vec<_> =
        bundle.report.packages.iter().map(|package| package.name.as_str()).collect();
    // `colorama` is only imported, by `click`.
    for name in
        ["black", "click", "colorama", "mypy_extensions", "packaging", "pathspec", "platformdirs"]
    {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let broken = |warning: &&Warning| matches!(warning, Warning::Broken(_));
    assert_eq!(
        bundle.report.warnings.iter().filter(broken).collect::<Vec<_>>(),
        Vec::<&Warning>::new()
    );
    let part = bundle.report.parts[&Origin::Environment];
    assert!(part.modules > 50, "{part:?}");
    let archive = archive(bundle);
    // Where the wheel is compiled by mypyc, the library wins over the source beside it. There is no such wheel for every
    // Python. The source is there as a file, too.
    let installed = site_packages(venv.path(), &fixture.python).join("black");
    let mut names = fs::read_dir(installed).unwrap().map(|entry| entry.unwrap().file_name());
    let is_compiled = names.any(|name| {
        let name = name.to_string_lossy();
        name.starts_with("__init__.") && !name.ends_with(".py")
    });
    let module = archive.module("black").unwrap().unwrap();
    assert!(module.is_package(), "{}", module.path());
    assert_eq!(module.extension().unwrap().is_some(), is_compiled, "{}", module.path());
    assert!(archive.file("black/__init__.py").unwrap().is_some());
    assert!(archive.distribution("black").unwrap().is_some());
    let missing: EntryPoint = "black:unpatched_main".parse().unwrap();
    let error = build(&BundleRequest { entry: Some(&missing), ..request }).unwrap_err().to_string();
    assert_eq!(
        error,
        "the entry point `black:unpatched_main` does not exist: the module `black` defines no `unpatched_main`"
    );
}

#[test]
fn plug_ins_come_in_where_their_group_is_asked_for() {
    let fixture = Fixture::new();
    let venv = empty_venv(&fixture.python);
    let site = site_packages(venv.path(), &fixture.python);
    let host = "GROUPS = ('other', 'host.plugins')\ndef load(entry_points): return entry_points(group='host.more')\n";
    install(&site, "host", &[], &[("host.py", host)]);
    for (name, entry_points) in [
        ("plugged", "[host.plugins]\nname = plugged:function\n"),
        ("plugged-more", "[ host.more ]\nname = more\n"),
        // A script is no plug-in, and nobody asks for the other group.
        ("scripts", "[console_scripts]\nhost = scripts:main\n[gui_scripts]\nx = scripts:main\n"),
        ("elsewhere", "[elsewhere.plugins]\nname = elsewhere\n"),
    ] {
        install(
            &site,
            name,
            &[],
            &[(&format!("{}.py", name.replace('-', "_")), "x = 'console_scripts'")],
        );
        let info = format!("{}-1.0.dist-info/entry_points.txt", name.replace('-', "_"));
        lay(&site, &[(&info, entry_points)]);
    }
    let environment = Environment::read(venv.path(), &fixture.python).unwrap();
    let folder = tree(&[("__main__.py", "import host")]);
    let application = Application::read(folder.path(), None, &fixture.python, &[]).unwrap();
    let request = BundleRequest {
        application: Some(&application),
        environment: Some(&environment),
        ..fixture.request()
    };
    assert_eq!(
        reasons(&build(&request).unwrap()),
        [
            "host: the application imports `host` in `__main__.py`",
            "plugged: it plugs into `host.plugins`, which `host.py` asks for",
            "plugged-more: it plugs into `host.more`, which `host.py` asks for",
        ]
    );
    let excluded = BundleRequest { exclude: texts(&["plugged"]), ..request };
    assert_eq!(build(&excluded).unwrap().report.packages.len(), 2);
}
