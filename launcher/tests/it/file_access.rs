//! Packages that look for files where they lie themselves.

use crate::support::{App, Child};

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
