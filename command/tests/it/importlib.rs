//! Modules, resources and metadata of an application: importlib finds the same in an archive as in files.

use crate::support::{App, Child};

const SETTINGS: (&str, &str) = ("coldframe.toml", "filesystem-importer = true\n");

/// Files of an application, among them `__main__.py`: its output under `python` is its output from an archive. `root` is
/// defined as the folder of the application.
fn check(files: &[(&str, &str)]) {
    let mut app = vec![SETTINGS];
    let main = "import os, sys; root = sys.path[0]\n".to_owned()
        + files.iter().find(|(path, _)| *path == "__main__.py").unwrap().1;
    app.extend(files.iter().filter(|(path, _)| *path != "__main__.py"));
    app.push(("__main__.py", &main));
    let app = App::new(&app);
    let stock = app.python([""; 0]).ok();
    assert!(!stock.is_empty(), "nothing is compared");
    app.run([""; 0]).prints(&stock);
}

#[test]
fn what_stands_first_on_the_search_path_is_found_first() {
    check(&[
        ("shadowed.py", "place = 'application'"),
        ("other.py", "place = 'application'"),
        (
            "__main__.py",
            "\
import importlib.util, tempfile
with tempfile.TemporaryDirectory() as folder:
    for name in ('shadowed', 'colorsys', 'posixpath'):
        with open(os.path.join(folder, name + '.py'), 'w') as file:
            file.write('place = \"folder\"')
    sys.path.insert(0, folder)
    import shadowed, other, colorsys
    print(shadowed.place, other.place, colorsys.place)
    for name in ('shadowed', 'colorsys'):
        del sys.modules[name]
    sys.path.append(sys.path.pop(0))
    importlib.invalidate_caches()
    import shadowed, colorsys
    print(shadowed.place, hasattr(colorsys, 'place'))
    print(importlib.util.find_spec('no_module_of_this_name'))
",
        ),
    ]);
}

#[test]
fn a_package_may_look_for_another_module_of_its_name() {
    check(&[
        (
            "__main__.py",
            "\
import tempfile
with tempfile.TemporaryDirectory() as folder:
    # The place of `site-packages`, behind which an archive has no entry.
    os.mkdir(os.path.join(folder, 'native'))
    with open(os.path.join(folder, 'native', 'double.py'), 'w') as file:
        file.write('place = \"native\"')
    with open(os.path.join(folder, 'single.py'), 'w') as file:
        file.write('place = \"folder\"')
    sys.native = os.path.join(folder, 'native')
    sys.path.append(folder)
    import double, single
    print(double.place, double.native.place, double is sys.modules['double'], sys.path[-1] == folder)
    import again
    print(again.count, again is sys.modules['again'])
    print(single.place)
",
        ),
        (
            "double/__init__.py",
            "\
# As OpenCV does it.
import sys
place = 'package'
sys.path.insert(0, sys.native)
this = sys.modules.pop('double')
import double as native
sys.modules['double'] = this
del sys.path[0]
",
        ),
        // Nothing else has its name: it is run again, as under `python`.
        (
            "again.py",
            "\
import sys
count = sys.count = getattr(sys, 'count', 0) + 1
if count == 1:
    del sys.modules['again']
    import again
",
        ),
    ]);
}

#[test]
fn the_code_of_a_package_is_a_module_in_it_too() {
    check(&[
        (
            "__main__.py",
            "\
import importlib, importlib.util, pkgutil
import pkg, pkg.user, pkg.sub.__init__ as inner
print(pkg.user.value, pkg.count, inner.__name__, inner.__package__, hasattr(inner, '__path__'))
spec = importlib.util.find_spec('pkg.__init__')
print(spec.name, spec.parent, spec.submodule_search_locations, spec.origin == pkg.__file__)
print(spec.loader.is_package('pkg.__init__'), spec.loader.get_source('pkg.__init__') == pkg.__loader__.get_source('pkg'))
print(importlib.reload(sys.modules['pkg.__init__']).__name__)
print([module.name for module in pkgutil.iter_modules(pkg.__path__)])
for name in ('pkg.user.__init__', 'pkg.__init__.__init__', 'space.__init__', '__init__'):
    try:
        print(importlib.import_module(name))
    except ImportError as error:
        print(error)
",
        ),
        ("pkg/__init__.py", "import sys\nvalue = 'value'\ncount = sys.count = getattr(sys, 'count', 0) + 1"),
        ("pkg/user.py", "from .__init__ import value"),
        ("pkg/sub/__init__.py", ""),
        ("space/module.py", ""),
    ]);
}

#[test]
fn a_frozen_application_lists_modules_where_others_keep_them() {
    let app = App::new(&[
        (
            "__main__.py",
            "\
import os, pkgutil, sys
# As faker does it.
library = os.path.join(os.path.dirname(sys.executable), 'lib')
print([module.name for module in pkgutil.iter_modules([os.path.join(library, 'pkg')])])
print(list(pkgutil.iter_modules([library])), list(pkgutil.iter_modules([os.path.join(library, 'nothing')])))
os.makedirs(os.path.join(library, 'pkg'))
sys.path_importer_cache.clear()
print(list(pkgutil.iter_modules([os.path.join(library, 'pkg')])))
import pkg
",
        ),
        ("pkg/__init__.py", ""),
        ("pkg/first.py", ""),
        ("pkg/second/__init__.py", ""),
    ]);
    Child::new(app.build("built", &[])).of(&app).prints("['first', 'second']\n[] []\n[]\n");
}

#[test]
fn a_namespace_package_has_portions_everywhere() {
    check(&[
        ("space/one.py", "value = 1"),
        ("space/inner/deep.py", "value = 3"),
        ("texts/hello.txt", "hello"),
        (
            "__main__.py",
            "\
import importlib, tempfile
# On Windows a path has no way from one drive to another.
def below(path): return os.path.relpath(path, root if os.path.splitdrive(path)[0] == os.path.splitdrive(root)[0] else os.path.dirname(path))
with tempfile.TemporaryDirectory() as folder:
    os.makedirs(os.path.join(folder, 'space', 'inner'))
    for path in ('space/two.py', 'space/inner/other.py', 'space/note.txt'):
        with open(os.path.join(folder, path), 'w') as file:
            file.write('value = 2')
    sys.path.append(folder)
    import space.one, space.two, space.inner.deep, space.inner.other, texts
    print(space.one.value, space.two.value, space.inner.deep.value, space.inner.other.value)
    print([below(path) for path in space.__path__][:1], len(space.__path__), space.__spec__.origin)
    print([below(path) for path in texts.__path__], texts.__spec__.loader is None)
    if sys.version_info >= (3, 10):
        from importlib import resources
        names = {path.name for path in resources.files('space').iterdir()} - {'__pycache__'}
        print(sorted(names), (resources.files('texts') / 'hello.txt').read_text())
        print((resources.files('space') / 'note.txt').read_text(), (resources.files(space) / 'one.py').read_bytes())
        with resources.as_file(resources.files('texts') / 'hello.txt') as path:
            print(path.name, path.read_text())
",
        ),
    ]);
}

#[test]
fn metadata_beside_the_application_is_found() {
    check(&[
        ("own-1.5.dist-info/METADATA", "Metadata-Version: 2.1\nName: own\nVersion: 1.5\n"),
        ("own-1.5.dist-info/RECORD", "own.py,,\nown-1.5.dist-info/METADATA,,\n"),
        ("own-1.5.dist-info/top_level.txt", "own\n"),
        ("own-1.5.dist-info/entry_points.txt", "[plug.ins]\nfirst = own:function\n"),
        ("own.py", "def function(): return 'called'"),
        (
            "vendored/Inner_Name-0.1.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: Inner.Name\nVersion: 0.1\n",
        ),
        ("vendored/old.egg-info/PKG-INFO", "Metadata-Version: 1.0\nName: old\nVersion: 0.2\n"),
        (
            "__main__.py",
            "\
from importlib import metadata
print(metadata.version('own'), metadata.metadata('OWN')['Name'])
groups = metadata.entry_points()
points = groups.select(group='plug.ins') if hasattr(groups, 'select') else groups['plug.ins']
print([(point.name, point.value, point.load()()) for point in points])
print([(str(path), path.read_text()) for path in metadata.files('own')][0])
print(os.path.relpath(str(metadata.distribution('own').locate_file('own.py')), root))
if sys.version_info >= (3, 10):
    print(metadata.packages_distributions()['own'])
try:
    print(metadata.version('inner-name'))
except metadata.PackageNotFoundError as error:
    print('not found:', error.name)
sys.path.append(os.path.join(root, 'vendored'))
print(metadata.version('inner-name'), metadata.version('old'))
found = metadata.distributions(path=[os.path.join(root, 'vendored')])
print(sorted(found.metadata['Name'] for found in found))
",
        ),
    ]);
}

#[test]
fn resources_are_files_and_folders() {
    check(&[
        ("pkg/__init__.py", ""),
        ("pkg/code.py", "x = 1"),
        ("pkg/data/a.txt", "\u{e9}\n"),
        ("pkg/data/deep/b.bin", "b"),
        (
            "__main__.py",
            "\
import pkgutil
from importlib import resources
files = resources.files('pkg')
print(sorted(path.name for path in files.iterdir() if path.name != '__pycache__'))
print(sorted((path.name, path.is_dir(), path.is_file()) for path in (files / 'data').iterdir()))
text = files.joinpath('data').joinpath('a.txt')
print(ascii(text.read_text(encoding='utf-8')), text.read_bytes(), text.open('rb').read(1), text.name, text.suffix)
print((files / 'code.py').read_text(), (files / 'nothing').is_file(), (files / 'nothing').is_dir())
print(sorted(path.name for path in (files / 'data').glob('**/*.bin')), pkgutil.get_data('pkg', 'data/deep/b.bin'))
for same in (text.as_posix(), text.resolve(), text.absolute(), text.expanduser(), text.parents[1] / 'data' / 'a.txt'):
    print(str(same)[-14:], text.is_absolute(), text.parts[-2:], text.as_uri().endswith('/pkg/data/a.txt'))
print(text.with_suffix('.b').name, text.with_name('b').parent.name, text.with_suffix('').exists())
try:
    (files / 'nothing').resolve(strict=True)
except OSError as error:
    print(type(error).__name__)
for wrong in (files / 'nothing', files / 'data'):
    try:
        wrong.read_bytes()
    except OSError as error:
        print(type(error).__name__)
with resources.as_file(text) as path:
    print(path.suffix, path.read_bytes(), os.path.exists(path))
if sys.version_info >= (3, 12):
    with resources.as_file(files / 'data') as path:
        print((path / 'deep' / 'b.bin').read_bytes())
    import pkg.code
    print(resources.files(pkg.code) / 'data' == files / 'data')
if sys.version_info >= (3, 13):
    print(ascii(resources.read_text('pkg', 'data', 'a.txt', encoding='utf-8')), resources.is_resource('pkg', 'data'))
    print(sorted(set(resources.contents('pkg')) - {'__pycache__'}))
",
        ),
    ]);
}

#[test]
fn lines_are_found_by_path_alone() {
    check(&[
        ("pkg/__init__.py", "\n\ndef function():\n    return 1 / 0\n\n\nclass Type:\n    value: 'int' = 1\n"),
        (
            "__main__.py",
            "\
import inspect, linecache, pickle, pkg, pydoc, traceback, typing
print(repr(linecache.getline(pkg.__file__, 4)), linecache.getlines(os.path.join(root, 'nothing.py')))
print(linecache.getlines('<frozen pkg>', vars(pkg)), linecache.getlines('<frozen pkg>'))
print(inspect.getsource(pkg.function), inspect.getsource(pkg.Type), inspect.getsourcelines(pkg)[1])
try:
    pkg.function()
except ZeroDivisionError as error:
    print(traceback.extract_tb(error.__traceback__)[-1].line)
print(pickle.loads(pickle.dumps(pkg.Type)) is pkg.Type, typing.get_type_hints(pkg.Type))
print(os.path.basename(inspect.getsourcefile(pkg)), pydoc.splitdoc(pydoc.render_doc(pkg.function))[0][:6])
",
        ),
    ]);
}

#[test]
fn a_program_may_change_how_it_imports() {
    check(&[
        ("pkg/__init__.py", ""),
        ("pkg/inner.py", "value = 1"),
        (
            "__main__.py",
            "\
import builtins, importlib.abc, pkgutil, warnings
seen = []
original = builtins.__import__
def noting(name, *args, **kwds):
    seen.append(name)
    return original(name, *args, **kwds)
builtins.__import__ = noting
import pkg.inner, wave
builtins.__import__ = original
print(seen[:1], [name for name in seen if name.startswith('_coldframe') or name.startswith('_imp')])
finder = pkgutil.get_importer(root)
print(isinstance(finder, importlib.abc.PathEntryFinder), isinstance(pkg.__loader__, importlib.abc.ExecutionLoader))
if sys.version_info < (3, 15):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        print(pkg.__loader__.__class__ and finder.find_spec('pkg').loader.load_module('pkg') is sys.modules['pkg'])
sys.meta_path.reverse()
for name in ('pkg', 'pkg.inner'):
    del sys.modules[name]
import pkg.inner
print(pkg.inner.value)
",
        ),
    ]);
}

#[test]
fn a_loader_says_what_it_cannot_load() {
    check(&[
        ("pkg/__init__.py", ""),
        ("data.txt", "data"),
        (
            "__main__.py",
            "\
import pkg, tempfile
loader = pkg.__loader__
for method in ('get_code', 'get_source', 'get_filename', 'is_package'):
    try:
        getattr(loader, method)('another')
    except ImportError as error:
        print(method, error.name)
for path in ('nothing.txt', 'pkg'):
    try:
        loader.get_data(os.path.join(root, path))
    except OSError as error:
        print(type(error).__name__, error.errno, error.filename == os.path.join(root, path))
with tempfile.NamedTemporaryFile() as file:
    for path in (os.path.join(root, 'pkg', '..', 'data.txt'), os.path.join(root, '.', 'data.txt'), file.name):
        print(loader.get_data(path))
",
        ),
    ]);
}

/// `pyclbr` looks for such a name where a package imports of itself (`from . import x`).
#[test]
fn no_module_has_an_empty_name() {
    check(&[
        ("pkg/inner/module.py", ""),
        (
            "__main__.py",
            "\
import pkgutil, pyclbr
for folder in (root, os.path.join(root, 'pkg')):
    finder = pkgutil.get_importer(folder)
    print([finder.find_spec(name) for name in ('', 'pkg.', 'pkg..')], finder.find_spec('other.inner') is None)
try: pyclbr.readmodule_ex('asyncio.nothing')
except ImportError as error: print(error)
",
        ),
    ]);
}

#[test]
fn a_parameter_is_given_once() {
    let app = App::script(
        "import sys
finder = sys.meta_path[0]
for arguments, keywords in [(['json'], {'fullname': 'json'}), (['json'], {'name': 1}), ([], {'fullname': 'json'})]:
    try: print(type(finder.find_spec(*arguments, **keywords)).__name__)
    except TypeError as error: print(error)
",
    );
    app.run([""; 0]).prints(
        "find_spec() got multiple values for argument 'fullname'\n\
         find_spec() got an unexpected keyword argument 'name'\nModuleSpec\n",
    );
}

/// From Python 3.13 on, such names have no lines; before, asking for them is an error.
#[test]
fn names_that_are_no_paths_have_no_lines() {
    let app = App::script(
        "import linecache
for name in ('\\ud834\\udd1e.py', 'a\\0.py', 'nothing.py'):
    try: print(linecache.updatecache(name))
    except ValueError as error: print(type(error).__name__)
",
    );
    let stock = app.python([""; 0]).ok();
    app.run([""; 0]).prints(&stock);
}
