//! The modules that CPython has frozen into itself: the archive's stand for them, and nobody tells the difference.

use crate::support::App;

/// The output of a program under `python` is its output from an archive.
fn check(program: &str) {
    let app = App::script(program);
    let stock = app.python([""; 0]).ok();
    assert!(!stock.is_empty(), "nothing is compared");
    app.run([""; 0]).prints(&stock);
}

/// As CPython's own tests of importlib make one. The copy gives all frozen modules new specs, and compares those that have
/// one already with `sys._stdlib_dir`.
#[test]
fn a_program_may_set_up_a_second_copy_of_importlib() {
    check(
        "\
import importlib, os, sys
names = [name for name in sys.modules if name.split('.')[0] == 'importlib']
saved = {name: sys.modules.pop(name) for name in names}
sys.modules['_frozen_importlib'] = sys.modules['_frozen_importlib_external'] = None
copy = importlib.import_module('importlib')
print(copy is importlib, copy._bootstrap is saved['importlib._bootstrap'], os.path.basename(copy.__file__))
print(copy.import_module('colorsys').__name__, copy._bootstrap.BuiltinImporter.find_spec('sys').name)
",
    );
}

#[test]
fn frozen_modules_lie_in_the_folder_of_the_library() {
    check(
        "\
import sys, zipimport, _frozen_importlib, _frozen_importlib_external
library = getattr(sys, '_stdlib_dir', None)
for module in (zipimport, _frozen_importlib, _frozen_importlib_external):
    state = getattr(module.__spec__, 'loader_state', None)
    for path in (getattr(module, '__file__', None), getattr(state, 'filename', None)):
        print(module.__name__, path and path.replace(library, 'library'))
",
    );
}

/// CPython looks for a frozen module before it looks at `sys.path`.
#[test]
fn folders_shadow_the_modules_that_they_shadow_under_python() {
    check(
        "\
import os, sys, tempfile
names = getattr(sys, 'stdlib_module_names', ('abc', 'codecs', 'colorsys', 'os', 'sys', 'zipimport'))
def finds(name):
    specs = (finder.find_spec(name, None) for finder in sys.meta_path)
    return next((spec.origin for spec in specs if spec), None)
there = [name for name in sorted(names) if finds(name)]
with tempfile.TemporaryDirectory() as folder:
    for name in there:
        open(os.path.join(folder, name + '.py'), 'w').close()
    # No finder has seen the folder yet, and so none has to forget anything.
    sys.path.insert(0, folder)
    for name in there:
        origin = finds(name) or ''
        if name in ('os', 'colorsys') or not origin.startswith(folder) and name not in sys.builtin_module_names:
            print(name, origin.startswith(folder))
",
    );
}
