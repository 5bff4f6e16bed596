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

/// What a built application with these files prints, that has a cache of its own.
fn finds_its_files(files: &[(&str, &str)], printed: &str) {
    let app = App::new(files);
    let cache = app.beside("cache");
    let built = Child::new(app.build("built", &[])).of(&app);
    built.env("COLDFRAME_CACHE_DIR", &cache).prints(printed);
}

#[test]
fn a_package_finds_its_plug_ins_by_what_a_package_of_its_own_says() {
    finds_its_files(
        &[
            ("__main__.py", "import user.finds\nprint(user.finds.plug_ins())"),
            ("user/__init__.py", ""),
            (
                "user/finds.py",
                "\
import os, sys
def folders(package):
    for folder in package.__path__:
        # As twisted.python.modules does it.
        if os.path.dirname(os.path.dirname(folder)) in sys.path_importer_cache: yield folder
def children(folder):
    return os.listdir(folder)
def plug_ins():
    import user.plug_ins as package
    return sorted(child for folder in folders(package) for child in children(folder) if child != '__pycache__')
",
            ),
            ("user/plug_ins/__init__.py", ""),
            ("user/plug_ins/first.py", ""),
        ],
        "['__init__.py', 'first.py']\n",
    );
}

#[test]
fn a_package_finds_its_modules_by_a_function_of_another_module() {
    finds_its_files(
        &[
            ("__main__.py", "import user\nprint(user.structure)"),
            (
                "user/__init__.py",
                "\
from pathlib import Path
from .tools import structure_of
# As transformers does it.
structure = structure_of(Path(__file__).parent / 'models')
",
            ),
            (
                "user/tools.py",
                "\
import os
def structure_of(path):
    return sorted(_names(path))
def _names(path):
    with os.scandir(path) as entries: return [entry.name for entry in entries if entry.name != '__pycache__']
",
            ),
            ("user/models/__init__.py", ""),
            ("user/models/first.py", ""),
        ],
        "['__init__.py', 'first.py']\n",
    );
}

#[test]
fn who_asks_for_the_file_of_a_package_gets_its_folder() {
    finds_its_files(
        &[
            ("__main__.py", "import user\nprint(user.folder())"),
            (
                "user/__init__.py",
                "\
import importlib.resources, os
# As imageio-ffmpeg does it.
def folder():
    with importlib.resources.as_file(importlib.resources.files('user.binaries') / '__init__.py') as path: pass
    return sorted(name for name in os.listdir(path.parent) if name != '__pycache__')
",
            ),
            ("user/binaries/__init__.py", ""),
            ("user/binaries/program", ""),
        ],
        "['__init__.py', 'program']\n",
    );
}

#[test]
fn paths_by_way_of_folders_of_modules_lead_to_files() {
    finds_its_files(
        &[
            (
                "__main__.py",
                "import user.parts.reads as reads\nprint(reads.text(), reads.template())",
            ),
            ("user/__init__.py", ""),
            ("user/parts/__init__.py", ""),
            (
                "user/parts/reads.py",
                "\
import os
folder = os.path.join(os.path.dirname(__file__), '..', 'templates')
def text():
    with open(os.path.join(folder, 'README')) as file: return file.read()
def template():
    with open(os.path.join(folder, 'env.py')) as file: return file.read()
",
            ),
            ("user/templates/README", "data"),
            // In no package, so it is no module.
            ("user/templates/env.py", "source"),
        ],
        "data source\n",
    );
}

#[test]
#[cfg(unix)]
fn programs_of_a_package_can_be_started() {
    finds_its_files(
        &[
            ("__main__.py", "import user\nprint(user.answer())"),
            (
                "user/__init__.py",
                "\
import os, subprocess
def answer():
    program = os.path.join(os.path.dirname(__file__), 'bin', 'answer')
    return subprocess.check_output([program], text=True).strip()
",
            ),
            ("user/bin/answer", "#!/bin/sh\necho 42\n"),
        ],
        "42\n",
    );
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
            "\
import os, plain, sys, user
for module in (os, plain, user): print(not module.__file__.startswith(sys.executable) and os.path.exists(module.__file__))",
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

/// Whether a package whose one module has this code, and a data file beside it, is served from the cache.
fn check(code: &str, expected: bool) {
    let app = App::new(&[
        ("__main__.py", "import user\nprint(user.__file__[-17:])"),
        ("user/__init__.py", code),
        ("user/data.txt", ""),
    ]);
    let cache = app.beside("cache");
    let built = app.build("built", &[]);
    Child::new(built).of(&app).env("COLDFRAME_CACHE_DIR", &cache).prints("/user/__init__.py\n");
    assert_eq!(cache.join("files-v1").exists(), expected, "{code}");
}

#[test]
fn what_becomes_of_the_own_path_decides() {
    // Names and texts of paths, messages, tests, and what asks finders.
    check(
        "import os, sys, warnings\nNAME = os.path.basename(__file__)\nsys.path.insert(0, os.path.dirname(__file__))",
        false,
    );
    check("import os, warnings\nwarnings.warn('x', **{}) if __file__ == 'x' else None", false);
    check(
        "import os, warnings\ndef f(): warnings.warn('a', skip_file_prefixes=(os.path.dirname(__file__),))",
        false,
    );
    check(
        "import os\nif 0:\n    raise ImportError(f'broken: {os.listdir(__path__[0])} {__file__}')",
        false,
    );
    check(
        "import os\ndef get_include(): return os.path.join(os.path.dirname(__file__), 'include')",
        false,
    );
    check(
        "import os\nif __name__ == '__main__': open(os.path.join(os.path.dirname(__file__), 'data.txt'))",
        false,
    );
    check("import os\nfrom os.path import dirname as _d\n_here = _d(__file__)\ndel _d", false);
    check(
        "import importlib.resources as r\ndef f(): return (r.files(__name__) / 'data.txt').read_text()",
        false,
    );
    check("'In a comment or a text: open(__file__)' # os.path.dirname(__file__)", false);
    // What opens files, or may, in whatever way.
    check(
        "import os\ndef f(): return open(os.path.join(os.path.dirname(__file__), 'data.txt'))",
        true,
    );
    check(
        "import pathlib\ndef f(): return (pathlib.Path(__file__).parent / 'data.txt').read_text()",
        true,
    );
    check(
        "import os\n_here = os.path.dirname(__file__)\ndef f(name): return open(_here + '/' + name)",
        true,
    );
    check("import os\nDATA = os.path.dirname(__file__)", true);
    check(
        "import os\ndef _here(): return os.path.dirname(__file__)\ndef f(): return os.stat(_here())",
        true,
    );
    check(
        "import user as me, os\ndef f(): return os.path.exists(os.path.join(me.__path__[0], 'data.txt'))",
        true,
    );
    check("def f(library): return library.load(__file__)", true);
    check("def Flask(name): pass\nFlask(__name__)", true);
    check("import ctypes\ndef f(): return ctypes.CDLL(__file__[:-3] + '.so')", true);
    // Another's place that is set is none that is read.
    check(
        "import os\ndef f(module, path): module.__path__ = [path]\ndef g(path): return os.walk(path)",
        false,
    );
}

#[test]
fn type_stubs_are_data() {
    finds_its_files(
        &[
            ("__main__.py", "import user\nprint(user.names)"),
            (
                "user/__init__.py",
                "import os\nwith open(os.path.splitext(__file__)[0] + '.pyi') as file: names = file.read()",
            ),
            ("user/__init__.pyi", "a stub"),
        ],
        "a stub\n",
    );
}

#[test]
fn packages_that_a_setting_names_are_found() {
    let framework = "
import importlib, os
def templates(name):
    folder = getattr(importlib.import_module(name), '__path__')[0]
    return open(os.path.join(folder, 'templates', 'page.html')).read()
";
    for settings in [
        "INSTALLED_APPS = ['framework', 'shop']",
        "INSTALLED_APPS: list = ('shop.apps.Shop',)",
        "INSTALLED_APPS = []\nINSTALLED_APPS += ['shop'] if INSTALLED_APPS is not None else []",
        "OWN = ['shop']\nINSTALLED_APPS = [] + OWN",
        "INSTALLED_APPS = []\nINSTALLED_APPS.append('shop')",
        "INSTALLED_APPS = []\nINSTALLED_APPS.insert(0, 'shop')",
        "dict(INSTALLED_APPS=['shop'])",
    ] {
        let app = App::new(&[
            (
                "__main__.py",
                "import settings, framework\nprint(framework.templates('shop' or settings))",
            ),
            ("settings.py", settings),
            ("framework.py", framework),
            ("shop/__init__.py", ""),
            ("shop/templates/page.html", "a page"),
        ]);
        let cache = app.beside("cache");
        let built = Child::new(app.build("built", &[])).of(&app);
        built.env("COLDFRAME_CACHE_DIR", &cache).prints("a page\n");
    }
    // What is not named there, stays where it is.
    check("INSTALLED_APPS = ['other', 'not a name', '', 1, *OTHERS] if 0 else []", false);
    check("def f(INSTALLED_APPS=['user']): return INSTALLED_APPS == ['user']", false);
}

#[test]
fn files_are_put_on_disk_when_their_user_is_imported() {
    let app = App::new(&[
        (
            "__main__.py",
            "import sys, user\nprint(user.__file__[-17:])\nif sys.argv[1:]: import user.rare",
        ),
        ("user/__init__.py", ""),
        (
            "user/rare.py",
            "import os\nprint(open(os.path.join(os.path.dirname(__file__), 'data.txt')).read())",
        ),
        ("user/data.txt", "data"),
    ]);
    let cache = app.beside("cache");
    let built = app.build("built", &[]);
    let child = || Child::new(&built).of(&app).env("COLDFRAME_CACHE_DIR", &cache);
    child().prints("/user/__init__.py\n");
    assert!(!cache.exists(), "{cache:?}");
    child().arg("rare").prints("/user/__init__.py\ndata\n");
}

#[test]
#[cfg(target_os = "linux")]
fn extension_modules_are_loaded_from_where_the_setting_says() {
    let app = App::script(
        "
import os, resource, signal, sys
# No file can grow: not even one in memory.
if sys.argv[1:]: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try: import _json
except ImportError as error: print(error)
lines = [line for line in open('/proc/self/maps') if '_json' in line]
print({'memory' if 'memfd:' in line else 'cache' if os.environ['COLDFRAME_CACHE_DIR'] in line else line for line in lines})
",
    );
    let cache = app.beside("cache");
    let run = |setting: &str, arguments: &[&str]| {
        let built = app.build("built", &["--extensions", setting]);
        Child::new(built).of(&app).env("COLDFRAME_CACHE_DIR", &cache).args(arguments).outcome()
    };
    // A Python that has the module inside itself has nothing to load.
    let found = run("memory", &[]);
    if found.stdout == "set()\n" {
        return;
    }
    assert_eq!(found.stdout, "{'memory'}\n", "{found:#?}");
    assert_eq!(run("auto", &[]).stdout, "{'memory'}\n");
    assert!(!cache.exists(), "{cache:?}");
    let refused = run("memory", &["limited"]);
    for part in ["cannot load `_json", "from memory: ", "`extensions` is `memory`", "with `auto`"] {
        assert!(refused.stdout.contains(part), "{part}: {refused:#?}");
    }
    assert!(!cache.exists(), "{cache:?}");
    assert_eq!(run("cache", &[]).stdout, "{'cache'}\n");
    assert_eq!(run("cache", &[]).stdout, "{'cache'}\n");
}
