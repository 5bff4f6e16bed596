//! The modules that hooks run on, and the moments: of every kind, half imported, lazy, in threads, and those that Python starts with.

use std::fs;

use crate::python_hooks::{check, compare};
use crate::support::{App, coldframe, minor};

#[test]
fn modules_of_every_kind_have_hooks() {
    let folder = tempfile::tempdir().unwrap();
    let disk = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    disk("on_disk/__init__.py", "");
    disk("on_disk/part.py", "");
    disk("spread/disk_part.py", "");
    let settings = format!(
        "filesystem-importer = true\nmodule-search-paths = ['{}']",
        folder.path().display()
    );
    let files = [
        ("coldframe.toml", settings.as_str()),
        ("ours/__init__.py", ""),
        ("ours/part.py", ""),
        ("bare/inner/part.py", ""),
        ("spread/archive_part.py", ""),
    ];
    let main = "\
import coldframe, importlib, importlib.machinery, importlib.util, sys
extension = next(name for name in ('_csv', '_bisect', '_queue') if name not in sys.builtin_module_names)
builtin = next(name for name in ('_symtable', 'atexit', '_sysconfig') if name in sys.builtin_module_names)
for kind, name in [
    ('archive', 'ours.part'), ('disk', 'on_disk.part'), ('namespace', 'bare'), ('namespace', 'bare.inner'),
    ('namespace', 'bare.inner.part'), ('both', 'spread'), ('both', 'spread.archive_part'), ('both', 'spread.disk_part'),
    ('builtin', builtin), ('frozen', '__phello__.spam'), ('extension', extension),
]:
    sys.modules.pop(name, None)
    parent, _, child = name.rpartition('.')
    if parent:
        importlib.import_module(parent)
    plain = importlib.util.find_spec(name).loader
    seen = []
    def hook(module):
        seen.append(name == module.__name__ == module.__spec__.name)
        seen.append(not parent or getattr(sys.modules[parent], child) is module)
        # Its loader is the other finder's own; a namespace package's is made when it is imported.
        seen.append(type(module.__loader__) is type(plain) or kind in ('namespace', 'both'))
        seen.append(module.__loader__ is module.__spec__.loader)
    coldframe.register_post_import_hook(hook, name)
    # A program that only looks sees no difference.
    looked = importlib.util.find_spec(name).loader
    if plain:
        seen.append(isinstance(looked, plain.__class__))
        for method in ('get_source', 'get_filename', 'get_data', 'get_resource_reader', 'is_package'):
            seen.append(hasattr(looked, method) == hasattr(plain, method))
        if hasattr(plain, 'get_source') and kind != 'extension':
            seen.append(looked.get_source(name) == plain.get_source(name))
    else:
        seen.append(looked is None)
    module = importlib.import_module(name)
    seen.append(sys.modules[name] is module)
    coldframe.register_post_import_hook(lambda module: seen.append('at once'), name)
    print(end='\\n'); print(kind, name in (builtin, extension) or name, set(seen[:-1]), len(seen) > 4, seen[-1])
";
    let app = App::new(&files);
    app.write("__main__.py", main);
    let outcome = app.run([""; 0]).outcome();
    assert_eq!((outcome.ending(), outcome.stderr.as_str()), (Ok(0), ""), "{outcome:#?}");
    // The frozen module says hello in some versions, and more than once.
    let lines: String = outcome
        .stdout
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("Hello"))
        .map(|line| line.replace(" {True} True at once", "") + "\n")
        .collect();
    let expected = "\
archive ours.part
disk on_disk.part
namespace bare
namespace bare.inner
namespace bare.inner.part
both spread
both spread.archive_part
both spread.disk_part
builtin True
frozen __phello__.spam
extension True
";
    assert_eq!(lines, expected, "{outcome:#?}");
}

#[test]
fn a_namespace_package_that_hooks_wait_for_has_no_loader_before_it_is_imported() {
    let app = App::new(&[
        (
            "__main__.py",
            "\
import coldframe, importlib, importlib.util, sys
def hook(module):
    spec = module.__spec__
    print('hook', module.__name__, type(spec.loader).__name__.strip('_'), spec.loader is module.__loader__, type(spec).__module__)
coldframe.register_post_import_hook(hook, 'bare', every_load=True)
spec = importlib.util.find_spec('bare')
print(isinstance(spec, type(sys.__spec__)), type(spec).__name__, spec.loader, spec.origin)
# A module that is made of it by hand.
apart = importlib.util.module_from_spec(spec)
print(apart.__file__, type(apart.__loader__).__name__.strip('_'), 'bare' in sys.modules)
spec.loader.exec_module(apart)
print(apart.__loader__ is spec.loader)
import bare
print(bare.__file__, len(bare.__path__), bare.__spec__.loader is bare.__loader__)
importlib.reload(bare)
print(type(bare.__spec__) is type(sys.__spec__), bare.__spec__.loader is bare.__loader__)
",
        ),
        ("bare/part.py", ""),
    ]);
    let expected = "\
True ModuleSpec None None
None NamespaceLoader False
hook bare NamespaceLoader True _frozen_importlib
True
hook bare NamespaceLoader True _frozen_importlib
None 1 True
hook bare NamespaceLoader True _frozen_importlib
True True
";
    app.run([""; 0]).prints(expected);
}

#[test]
fn a_module_that_is_still_being_imported_has_its_hooks_run_at_the_end() {
    // The same package, from the archive and from the disk: in the second case nobody knew of it before.
    let package = [
        ("ring/__init__.py", "print('ring begins')\nimport ring.other\nprint('ring ends')\n"),
        (
            "ring/other.py",
            "\
import coldframe, sys
def hook(module): print('hook', module.__name__, hasattr(sys.modules['ring'], 'other'))
coldframe.register_post_import_hook(hook, 'ring')
coldframe.register_post_import_hook(hook, 'ring.other')
print('registered')
",
        ),
        (
            "failing.py",
            "\
import coldframe, builtins
def hook(module):
    print('hook', module.__name__)
    if not hasattr(builtins, 'is_second'): raise ValueError('from the hook')
if not hasattr(builtins, 'is_first'):
    builtins.is_first = True
    coldframe.register_post_import_hook(hook, 'failing')
    coldframe.register_post_import_hook(lambda module: print('behind'), 'failing')
",
        ),
        (
            "broken.py",
            "\
import coldframe
coldframe.register_post_import_hook(lambda module: print('never'), 'broken')
1 / 0
",
        ),
    ];
    let main = "\
import builtins, importlib, sys
import ring
print('continues', type(ring.__spec__).__name__, ring.__spec__._initializing)
importlib.reload(ring)
try:
    import failing
except ValueError as error:
    print(error, 'failing' in sys.modules)
builtins.is_second = True
import failing
try:
    import broken
except ZeroDivisionError as error:
    print(error, 'broken' in sys.modules)
";
    let expected = "\
ring begins
registered
hook ring.other True
ring ends
hook ring True
continues ModuleSpec False
ring begins
ring ends
hook failing
from the hook False
hook failing
behind
division by zero False
";
    check("in the archive", &package, main, expected);
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in package {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let run = |main: &str| coldframe(["python", "-c", main]).env("PYTHONPATH", folder.path());
    compare("on disk", run(main), expected);
    // A thread that registers while another imports.
    let threads = "\
import coldframe, sys, threading
started, go_on = threading.Event(), threading.Event()
sys.modules['events'] = type(sys)('events')
import events
events.started, events.go_on = started, go_on
importing = threading.Thread(target=lambda: __import__('slow'))
importing.start()
started.wait()
calls = []
coldframe.register_post_import_hook(lambda module: calls.append(module.VALUE), 'slow')
print(calls)
go_on.set()
importing.join()
print(calls)
";
    fs::write(
        folder.path().join("slow.py"),
        "import events\nevents.started.set()\nevents.go_on.wait()\nVALUE = 1\n",
    )
    .unwrap();
    compare("threads", run(threads), "[]\n[1]\n");
}

#[test]
fn threads_run_each_hook_once() {
    let files: Vec<(String, String)> =
        (0..60).map(|number| (format!("m{number}.py"), "VALUE = 1".to_owned())).collect();
    let mut files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("pkg/__init__.py", ""));
    check(
        "threads",
        &files,
        "\
import collections, coldframe, importlib, sys, threading
sys.setswitchinterval(1e-6)
calls = collections.Counter()
lock = threading.Lock()
def count(key):
    with lock:
        calls[key] += 1
begin = threading.Barrier(8)
expected = 0
def importer():
    begin.wait()
    for number in range(60):
        importlib.import_module(f'm{number}')
def registrar(label):
    begin.wait()
    for number in range(60):
        for turn in range(3):
            coldframe.register_post_import_hook(
                lambda module, key=(label, number, turn): count(key + (module.VALUE,)), f'm{number}')
threads = [threading.Thread(target=importer) for _ in range(4)]
threads += [threading.Thread(target=registrar, args=(label,)) for label in 'abcd']
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(calls), set(calls.values()))
",
        "720 {1}\n",
    );
}

#[test]
fn a_lazy_module_has_its_hooks_run_when_it_is_loaded() {
    check(
        "a lazy loader",
        &[("mod.py", "print('run mod')\nVALUE = 1\n")],
        "\
import coldframe, importlib.util, sys
spec = importlib.util.find_spec('mod')
spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec)
sys.modules['mod'] = module
spec.loader.exec_module(module)
coldframe.register_post_import_hook(lambda module: print('hook', module.VALUE), 'mod')
print('registered')
print(module.VALUE)
",
        "registered\nrun mod\nhook 1\n1\n",
    );
}

#[test]
fn a_module_that_is_run_may_have_hooks() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("tool.py"),
        "print('run', __name__, __loader__.__class__.__name__)",
    )
    .unwrap();
    let main = "import coldframe, runpy; coldframe.register_post_import_hook(print, 'tool'); runpy.run_module('tool')";
    compare(
        "run_module",
        coldframe(["python", "-c", main]).env("PYTHONPATH", folder.path()),
        "run tool SourceFileLoader\n",
    );
}

#[test]
fn hooks_that_are_given_before_python_starts_run_when_it_has_started() {
    // Loaded before there is a finder, and by it while Python starts; in the order of the settings.
    let mut names = vec!["sys", "time", "codecs", "encodings", "builtins"];
    if minor() < 14 {
        // Python starts without it from 3.14 on.
        names.insert(3, "io");
    }
    let settings: String = names.iter().map(|name| format!("{name} = 'hooks:show'\n")).collect();
    let settings = format!("[post-import-hooks]\n{settings}");
    let hooks = "\
import sys
def show(module): print('hook', module.__name__, sys.stdout is not None, flush=True)
";
    let module = if minor() >= 13 { "_interpreters" } else { "_xxsubinterpreters" };
    let main = format!(
        "\
import {module} as interpreters
print('main', __import__.__self__.__name__, flush=True)
interpreter = interpreters.create()
interpreters.run_string(interpreter, '''
print(getattr(__import__.__self__, \"__name__\", \"waits\"), flush=True)
import sys
print(sys.__name__, __import__.__self__.__name__, flush=True)
import time, codecs, json
''')
interpreters.destroy(interpreter)
"
    );
    let ran: String = names.iter().map(|name| format!("hook {name} True\n")).collect();
    let app =
        App::new(&[("coldframe.toml", &settings), ("hooks.py", hooks), ("__main__.py", &main)]);
    let outcome = app.run([""; 0]).outcome();
    assert_eq!((outcome.ending(), outcome.stderr.as_str()), (Ok(0), ""));
    // In a sub-interpreter it is the first `import`, which may be one of Python's own, before the text runs.
    let early = format!("{ran}main builtins\n{ran}builtins\nsys builtins\n");
    let late = format!("{ran}main builtins\nbuiltins\n{ran}sys builtins\n");
    assert!([early, late].contains(&outcome.stdout), "{outcome:#?}");
}
