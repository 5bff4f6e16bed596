//! The file that a name means: a script's own name, vendored folders, namespace packages in pieces; as under `python`.

use crate::support::{App, Child};

/// Packs `start` (a file or, for an empty name, the folder) of an application, runs that with `run` and built, and compares
/// with `python`.
fn check(files: &[(&str, &str)], start: &str) {
    let app = App::new(files);
    let path = if start.is_empty() { app.path() } else { app.file(start) };
    let stock =
        Child::new(launcher::command_parts::BUILD_PYTHON).of(&app).arg("-S").arg(&path).ok();
    assert!(!stock.is_empty(), "nothing is compared");
    let run = crate::support::coldframe(["run"]).of(&app).arg(&path);
    run.prints(&stock);
    let built = app.beside("built");
    crate::support::coldframe(["build"]).arg(&path).arg("-o").arg(&built).ok();
    Child::new(&built).of(&app).prints(&stock);
}

#[test]
fn a_scripts_own_name_is_a_module() {
    let app = "\
import importlib, pickle, sys
class Class: pass
value = 'module' if __name__ == 'app' else 'main'
if __name__ == '__main__':
    import app
    print(app.value, value, app is not sys.modules['__main__'], app.__name__, app.__spec__.name)
    print(type(pickle.loads(pickle.dumps(app.Class()))) is app.Class, pickle.loads(b'capp\\nvalue\\n.'))
    print(importlib.import_module('app').Class is app.Class, Class is app.Class)
    import multiprocessing
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        print(pool.map(type, [app.Class()])[0] is app.Class, pool.map(str.upper, ['x']))
";
    check(&[("app.py", app)], "app.py");
    check(
        &[(
            "with-dash.py",
            "import importlib\nif __name__ == '__main__': print(importlib.import_module('with-dash').__name__)",
        )],
        "with-dash.py",
    );
}

#[test]
fn a_package_beside_a_script_of_its_name_is_what_is_imported() {
    let package = [
        (
            "tool.py",
            "import tool, tool.part\nprint(tool.place, tool.part.place, tool.__name__)\nprint(__import__('pkgutil').get_data('tool', 'data.txt'))",
        ),
        ("tool/__init__.py", "place = 'package'"),
        ("tool/part.py", "place = 'part'"),
        ("tool/data.txt", "data"),
    ];
    check(&package, "tool.py");
    // A folder without code of its own comes behind the file.
    let folder = [
        (
            "tool.py",
            "place = 'script'\nif __name__ == '__main__':\n    import tool\n    print(tool.place)",
        ),
        ("tool/part.py", ""),
    ];
    check(&folder, "tool.py");
}

#[test]
fn modules_beside_a_script_are_its_own() {
    let main = "\
import multiprocessing, os
import helper, package.part, plain.deep
if __name__ == '__main__':
    print(helper.double(2), package.part.text(), plain.deep.value, os.path.basename(helper.__file__))
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        print(pool.map(helper.double, [1, 2]))
";
    let files = [
        ("main.py", main),
        ("helper.py", "def double(x):\n    import late\n    return late.two * x"),
        ("late.py", "two = 2"),
        ("package/__init__.py", ""),
        (
            "package/part.py",
            "import os\ndef text(): return open(os.path.join(os.path.dirname(__file__), 'data.txt')).read()",
        ),
        ("package/data.txt", "data"),
        ("plain/deep.py", "value = 'deep'"),
        ("broken.py", "this is no Python"),
    ];
    check(&files, "main.py");
}

/// The standard library's modules get the standard library's own module; under `python` they would get the script.
#[test]
fn a_script_that_is_called_as_a_standard_module_hides_none() {
    let app = App::new(&[("queue.py", "import queue; print(queue.Queue.__name__)")]);
    crate::support::coldframe(["run"]).of(&app).arg(app.file("queue.py")).prints("Queue\n");
    // Python itself imports `io` at its start, and `signal` is nothing that each application gets.
    for (name, main) in [
        ("queue", "import queue; print(queue.Queue.__name__)"),
        ("io", "import io; print(io.StringIO.__name__)"),
        ("signal", "import signal; print(signal.Signals.__name__)"),
        ("inspect", "import dataclasses, inspect; print(inspect.Signature.__name__)"),
    ] {
        let app = App::new(&[(&format!("{name}.py"), main)]);
        let (script, built) = (app.file(&format!("{name}.py")), app.beside("built"));
        crate::support::coldframe(["build"]).of(&app).arg(script).arg("-o").arg(&built).ok();
        let expected = main.rsplit('.').nth(1).unwrap();
        Child::new(&built).of(&app).prints(&format!("{expected}\n"));
    }
}

#[test]
fn a_vendored_folder_comes_where_it_stands_on_the_path() {
    let main = "\
import importlib, os, sys
import package
vendored = os.path.join(os.path.dirname(package.__file__), '_vendor')
def found():
    for name in [name for name in sys.modules if name.split('.')[0] in ('twice', 'once', 'plain')]:
        del sys.modules[name]
    importlib.invalidate_caches()
    import twice, twice.part, twice.inner.deep, once, plain
    return twice.place, twice.part.place, twice.inner.deep.place, once.place, plain.place, os.path.basename(os.path.dirname(once.__file__))
sys.path.insert(0, vendored)
print(found())
sys.path.remove(vendored)
sys.path.append(vendored)
print(found())
try:
    import twice.only_vendored
except ImportError as error:
    print(error)
import json.tool, colorsys
print(importlib.import_module('package._vendor.twice').place)
import pkgutil
print(sorted(found.name for found in pkgutil.iter_modules([vendored])))
";
    let files = [
        ("__main__.py", main),
        ("package/__init__.py", ""),
        ("package/_vendor/twice/__init__.py", "place = 'vendored'"),
        ("package/_vendor/twice/part.py", "place = 'vendored part'"),
        ("package/_vendor/twice/only_vendored.py", ""),
        ("package/_vendor/twice/inner/__init__.py", ""),
        ("package/_vendor/twice/inner/deep.py", "place = 'vendored deep'"),
        ("package/_vendor/once.py", "place = 'once'"),
        ("package/_vendor/plain.py", "place = 'vendored plain'"),
        ("twice/__init__.py", "place = 'application'"),
        ("twice/part.py", "place = 'application part'"),
        ("twice/inner/__init__.py", ""),
        ("twice/inner/deep.py", "place = 'application deep'"),
        ("plain.py", "place = 'application plain'"),
    ];
    check(&files, "");
}

#[test]
fn a_namespace_package_may_be_in_pieces_that_are_added_in_any_order() {
    let main = "\
import importlib, itertools, os, sys, tempfile
import package
vendored = os.path.join(os.path.dirname(package.__file__), '_vendor')
top = sys.path[0]
with tempfile.TemporaryDirectory() as disk:
    os.makedirs(os.path.join(disk, 'space', 'inner'))
    for path in ('on_disk', 'everywhere', 'inner/of_disk'):
        with open(os.path.join(disk, 'space', path + '.py'), 'w') as file:
            file.write('place = \"disk\"')
    others = [path for path in sys.path if path != top]
    pieces = {top: 'top', vendored: 'vendored', disk: 'disk'}
    # How many of the folders are there when the package is imported first.
    for order in itertools.permutations(pieces):
        for before in range(1, 4):
            sys.path[:] = [*order[:before], *others]
            for name in [name for name in sys.modules if name.split('.')[0] == 'space']:
                del sys.modules[name]
            importlib.invalidate_caches()
            import space
            sys.path[before:before] = order[before:]
            import space.everywhere, space.on_top, space.in_vendored, space.on_disk
            import space.inner.of_top, space.inner.of_vendored, space.inner.of_disk
            print([pieces[path] for path in order], before, space.everywhere.place, len(space.__path__), len(space.inner.__path__))
";
    let files = [
        ("__main__.py", main),
        ("package/__init__.py", ""),
        ("package/_vendor/space/everywhere.py", "place = 'vendored'"),
        ("package/_vendor/space/in_vendored.py", ""),
        ("package/_vendor/space/inner/of_vendored.py", ""),
        ("space/everywhere.py", "place = 'top'"),
        ("space/on_top.py", ""),
        ("space/inner/of_top.py", ""),
    ];
    check(&files, "");
}

#[test]
fn the_interpreter_says_where_its_library_is() {
    let app = App::script(
        "import os, sys, json\nfolder = os.path.dirname(os.path.dirname(json.__file__))\n\
         print(getattr(sys, '_stdlib_dir', folder) == folder, sys.prefix == folder)",
    );
    app.run([""; 0]).prints("True True\n");
}
