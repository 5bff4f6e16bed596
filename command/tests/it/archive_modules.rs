//! Properties of modules in an archive: their finder, their paths, and the files that are never opened.

use std::fs;
use std::path::Path;

use crate::support::{App, Child, METHODS, coldframe, minor, site_packages, skipped, stdlib};

#[test]
fn the_finder_stands_first_and_is_everybodys_loader() {
    let app = App::new(&[
        ("pkg/__init__.py", ""),
        ("pkg/mod.py", ""),
        (
            "__main__.py",
            "\
import sys, pkg.mod, encodings, os.path, importlib.machinery, json
finder = sys.meta_path[0]
print(type(finder).__module__, type(finder).__name__)
print([finder is module.__loader__ is module.__spec__.loader for module in (pkg, pkg.mod, encodings, json)])
root = sys.path[0]
print(sys.path == [root], pkg.__file__ == os.path.join(root, 'pkg', '__init__.py'), json.__file__ == os.path.join(root, 'json', '__init__.py'))
print(__spec__.name, __spec__.loader is finder, __package__ == '', __file__ == os.path.join(root, '__main__.py'), __name__)
print(sys.frozen, hasattr(sys, '_MEIPASS'), os.name == 'nt' or os.path.samefile(sys.executable, '/proc/self/exe'), sys.argv[0])
print(sys.prefix == sys.base_prefix == sys.exec_prefix == root)
print([name for name in sys.modules if getattr(getattr(sys.modules[name], '__spec__', None), 'loader', finder) is None])
try:
    import nothing_of_that_name
except ModuleNotFoundError as error:
    print(error, error.name, error.path)
",
        ),
    ]);
    let expected = format!(
        "\
_coldframe Finder
[True, True, True, True]
True True True
__main__ True True True __main__
True False True {}
True
[]
No module named 'nothing_of_that_name' nothing_of_that_name None
",
        app.path().display()
    );
    app.run([""; 0]).prints(&expected);
}

#[test]
#[cfg_attr(windows, ignore = "libraries are files in the cache on Windows")]
fn extension_modules_are_mapped_from_memory() {
    let app = App::script(
        "\
import _json, _struct, ctypes, ssl, sqlite3, sys
maps = {line.split(maxsplit=5)[5].strip() for line in open('/proc/self/maps') if len(line.split(maxsplit=5)) > 5}
builtin = set(sys.builtin_module_names)
for name in ('_json', '_struct', '_ctypes', '_ssl', '_sqlite3'):
    if name not in builtin and not any(f'/memfd:{name}' in (path.split()[0], path.rsplit(':', 1)[0]) for path in maps):
        print('not from memory:', name)
    if name not in builtin and not sys.modules[name].__file__.startswith(sys.path[0]):
        print('file:', sys.modules[name].__file__)
print([path for path in maps if 'lib-dynload' in path or '/tmp/' in path and not path.endswith(('.coldframe', 'coldframe'))])
import os
# A larger library stays open for worker processes.
print([link for link in (os.readlink(f'/proc/self/fd/{fd}') for fd in os.listdir('/proc/self/fd') if os.path.lexists(f'/proc/self/fd/{fd}') and os.stat(f'/proc/self/fd/{fd}').st_size < 256 * 1024) if 'memfd' in link])
",
    );
    let outcome = app.run([""; 0]).outcome();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    // The build folder of the tests may itself lie below `/tmp`.
    let libraries =
        lines.first().copied().unwrap_or_default().replace(env!("CARGO_TARGET_TMPDIR"), "");
    assert!(!libraries.contains("lib-dynload"), "{outcome:#?}");
    assert_eq!((lines.len(), lines.get(1).copied()), (2, Some("[]")), "{outcome:#?}");
}

#[test]
#[cfg_attr(windows, ignore = "strace is a program of Linux")]
fn no_file_of_the_standard_library_is_opened() {
    const TEST: &str = "no_file_of_the_standard_library_is_opened";
    if !Path::new("/usr/bin/strace").exists() {
        return skipped(TEST, "there is no strace here");
    }
    let app = App::new(&[("__main__.py", "import json, asyncio, ctypes, jobs\n"), ("jobs.py", "")]);
    let executable = app.build("quiet", &[]);
    let log = app.beside("log");
    let traced = Child::new("strace")
        .args(["-f", "-e", "trace=file", "-o"])
        .arg(&log)
        .arg(&executable)
        .outcome();
    let log = fs::read_to_string(&log).unwrap_or_default();
    if !log.contains("execve(") {
        return skipped(TEST, "strace is not allowed to trace here");
    }
    assert_eq!((traced.ending(), traced.stderr.as_str()), (Ok(0), ""));
    // Of the application, of Python's library and of the cache, nothing is looked at, opened or not.
    let looked_at = log.lines().filter(|line| {
        line.contains(stdlib()) && !line.contains("libpython")
            || line.contains(app.path().to_str().unwrap())
            || line.contains(".py\"")
            || line.contains(".pyc\"")
            || line.contains(env!("CARGO_TARGET_TMPDIR"))
    });
    let looked_at: Vec<_> = looked_at.collect();
    assert!(looked_at.is_empty(), "{looked_at:#?}");
}

#[test]
fn optimisation_levels_are_those_of_python() {
    let source = "\
import sys, helper
def documented():
    '''Text.'''
try:
    assert False
    print('no assertion', end=' ')
except AssertionError:
    print('assertion', end=' ')
import json
print(sys.flags.optimize, documented.__doc__, helper.documented.__doc__, bool(json.__doc__), helper.__spec__.cached.split('.', 1)[1].split('-', 1)[-1])
";
    let helper = "def documented():\n    '''Text.'''\n";
    let app = App::new(&[("__main__.py", source), ("helper.py", helper)]);
    let tag = format!("3{}", minor());
    let levels = [
        ("0", format!("assertion 0 Text. Text. True {tag}.pyc\n")),
        ("1", format!("no assertion 1 Text. Text. True {tag}.opt-1.pyc\n")),
        ("2", format!("no assertion 2 None None False {tag}.opt-2.pyc\n")),
    ];
    for (level, expected) in levels {
        // As a part of the standard library, or the test would take long.
        let output = app.build("optimized", &["--archive", "--optimize", level]);
        coldframe(["run"]).arg(output).prints(&expected);
    }
}

#[test]
fn sub_interpreters_import_from_the_archive() {
    let app = App::script(
        "\
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
code = '''
import json, sys, email.message, collections.abc
import helper_free
'''
run = '''
import json, sys, email.message
print(json.dumps([type(sys.meta_path[0]).__name__, sys.frozen, json.__file__.startswith(sys.path[0])]), flush=True)
import multiprocessing
print(multiprocessing.get_start_method(allow_none=True), flush=True)
'''
for _ in range(3):
    one = interpreters.create()
    failed = interpreters.run_string(one, run)
    if failed is not None:
        print(failed)
    interpreters.destroy(one)
import json
print('main', json.loads('[1]'))
",
    );
    let one = format!("[\"Finder\", true, true]\n{}\n", METHODS[0]);
    app.run([""; 0]).prints(&format!("{}main [1]\n", one.repeat(3)));
}

#[test]
fn distributions_of_the_environment_are_found() {
    let main = "\
import sys
from importlib import metadata
# Before 3.10, importlib knows no dots in names.
print(metadata.version('Demo.Package' if sys.version_info >= (3, 10) else 'demo_package'), metadata.version('demo-package'), metadata.metadata('demo_package')['Summary'])
distribution = metadata.distribution('demo-package')
print([(entry.name, entry.value) for entry in distribution.entry_points], [str(file) for file in distribution.files][:2])
print(distribution.locate_file('demo.py').read_text().strip(), distribution.requires)
print([found.metadata['Name'] for found in metadata.distributions()])
entries = metadata.entry_points()
scripts = entries.select(group='console_scripts') if hasattr(entries, 'select') else entries['console_scripts']
print([entry.load()() for entry in scripts])
try:
    metadata.version('nothing')
except metadata.PackageNotFoundError as error:
    print('not found:', error.args[0])
";
    let packages = format!("venv/{}", site_packages());
    let metadata = "Metadata-Version: 2.1\nName: Demo-Package\nVersion: 1.2\nSummary: short\nRequires-Dist: other>1\n";
    let app = App::new(&[
        ("__main__.py", main),
        ("pyproject.toml", "[tool.coldframe.build]\nvenv = '../venv'\n"),
    ]);
    const RECORD: &str = "\
demo.py,,
demo_package-1.2.dist-info/METADATA,,
demo_package-1.2.dist-info/RECORD,,
demo_package-1.2.dist-info/entry_points.txt,,
";
    for (path, text) in [
        ("demo.py", "def main(): return 'loaded'"),
        ("demo_package-1.2.dist-info/METADATA", metadata),
        ("demo_package-1.2.dist-info/RECORD", RECORD),
        ("demo_package-1.2.dist-info/entry_points.txt", "[console_scripts]\ndemo = demo:main\n"),
    ] {
        app.write(&format!("../{packages}/{path}"), text);
    }
    app.write(
        "../venv/pyvenv.cfg",
        &format!("version = {}.0\n", launcher::command_parts::PYTHON_VERSION),
    );
    // Nothing imports it by name.
    app.run_with(["--include", "demo-package"], [""; 0]).prints(
        "\
1.2 1.2 short
[('demo', 'demo:main')] ['demo.py', 'demo_package-1.2.dist-info/METADATA']
def main(): return 'loaded' ['other>1']
['Demo-Package']
['loaded']
not found: nothing
",
    );
}
