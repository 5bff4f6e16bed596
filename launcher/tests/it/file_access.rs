//! Packages that look for files where they lie themselves.

use crate::support::{App, Child, coldframe};

#[test]
fn a_package_that_lists_its_folder_finds_its_modules() {
    let app = App::new(&[
        ("__main__.py", "import plugins, quiet\nprint(plugins.found, quiet.__file__ == __file__.replace('__main__', 'quiet'))"),
        // It hands its folder on, as pylint does with its checkers.
        ("plugins/__init__.py", "from .registry import register\nfound = register(__path__[0], __name__)"),
        (
            "plugins/registry.py",
            "
import importlib, os, sys
def register(folder, package):
    names = sorted(name[:-3] for name in os.listdir(folder) if name.endswith('.py') and name[0] != '_')
    # From the path to the name, by the entry of `sys.path` that the path begins with.
    roots = [root for root in sys.path if folder == os.path.join(root, package)]
    modules = [importlib.import_module(f'{package}.{name}') for name in names if name != 'registry']
    return names, len(roots), [module.NAME for module in modules], {type(module.__loader__).__name__ for module in modules}
",
        ),
        ("plugins/one.py", "NAME = 'one'"),
        ("plugins/two.py", "NAME = 'two'"),
        ("quiet.py", "print(__file__[-8:])"),
    ]);
    let built = app.build("built", &[]);
    let expected = "quiet.py\n(['one', 'registry', 'two'], 1, ['one', 'two'], {'Finder'}) True\n";
    Child::new(built).of(&app).prints(expected);
}

#[test]
fn nothing_is_written_for_a_package_that_asks_finders() {
    let app = App::new(&[
        ("__main__.py", "import plugins\nprint(plugins.found)"),
        (
            "plugins/__init__.py",
            "import pkgutil\nfound = sorted(module.name for module in pkgutil.iter_modules(__path__))",
        ),
        ("plugins/one.py", ""),
    ]);
    let cache = app.beside("cache");
    let built = Child::new(app.build("built", &[])).of(&app).env("COLDFRAME_CACHE_DIR", &cache);
    built.prints("['one']\n");
    assert!(!cache.exists(), "{cache:?}");
}

#[test]
fn the_settings_say_where_files_are() {
    let app = App::new(&[
        (
            "__main__.py",
            "import os, plain, user\nfor module in (os, plain, user): print(os.path.exists(module.__file__))",
        ),
        ("plain/__init__.py", ""),
        (
            "user/__init__.py",
            "import os\nfound = os.path.exists(os.path.join(os.path.dirname(__file__), 'data.txt'))",
        ),
        ("user/data.txt", ""),
    ]);
    // As the code looks: only the data of a package that uses `__file__`.
    Child::new(app.build("built", &[])).of(&app).prints("False\nFalse\nFalse\n");
    app.write("coldframe.toml", "[build.file-access]\nuser = \"memory\"\nplain = \"cache\"\n");
    let built = app.build("settings", &["--file-access", "os=cache"]);
    Child::new(built).of(&app).prints("True\nTrue\nFalse\n");
}

#[test]
fn rules_for_nothing_and_rules_that_are_none_are_told() {
    let app = App::script("");
    let built = |rule| {
        let build = coldframe(["build", "--archive", "--file-access", rule]).of(&app);
        build.arg(app.path().join("script.py")).arg("-o").arg(app.beside("a.coldframe")).outcome()
    };
    let outcome = built("nunpy=cache");
    assert!(
        outcome.stderr.contains("`file-access` names `nunpy`, of which nothing is packed"),
        "{outcome:#?}"
    );
    for (rule, message) in [
        ("numpy", "expected a package's name, `=`, and `memory` or `cache`"),
        ("numpy=disk", "unknown file access `disk`"),
    ] {
        let outcome = built(rule);
        assert_eq!(outcome.ending(), Ok(2), "{outcome:#?}");
        assert!(outcome.stderr.contains(message), "{outcome:#?}");
    }
}
