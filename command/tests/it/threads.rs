//! Many threads at once: with a GIL they take turns, and in a free-threaded Python they do not.

use crate::python_hooks::check;

#[test]
fn nothing_of_ours_brings_the_gil_back() {
    check(
        "free threading",
        &[("ours/__init__.py", "")],
        "\
import sys, sysconfig
import _coldframe, coldframe, ours, json, _csv, math, ctypes, multiprocessing, importlib.resources
is_free_threaded = bool(sysconfig.get_config_var('Py_GIL_DISABLED'))
print(is_free_threaded == (not getattr(sys, '_is_gil_enabled', lambda: True)()))
",
        "True\n",
    );
}

/// A thread stops within its import at a place where the module is not in `sys.modules`, and another registers a hook.
#[test]
fn hooks_are_not_lost_while_another_thread_is_importing() {
    const BEGIN: &str = "\
import coldframe, sys, threading, time
stopped, calls = threading.Event(), []
def register():
    stopped.wait()
    coldframe.register_post_import_hook(lambda module: calls.append(module.VALUE), 'target')
other = threading.Thread(target=register, daemon=True)
other.start()
def stop():
    if not stopped.is_set():
        stopped.set()
        # It does not wait for the registration, which waits for it.
        time.sleep(0.1)
";
    const END: &str = "\
import target
other.join()
print(calls)
";
    let target = ("target.py", "import ran\nran.append(1)\nVALUE = 1\n");
    for (place, files, code) in [
        (
            // Nobody asks for hooks any more.
            "its spec is looked for by another finder",
            &[][..],
            "\
import importlib.abc, importlib.util
class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name == 'target':
            stop()
            return importlib.util.spec_from_loader(name, self)
    def exec_module(self, module): module.VALUE = 1
sys.meta_path.insert(1, Finder())
",
        ),
        (
            // importlib takes it out, and puts it in again as the last one.
            "its code has run",
            &[target][..],
            "\
import importlib._bootstrap as bootstrap
ran = []
sys.modules['ran'] = ran
def trace(frame, event, argument):
    if frame.f_code.co_name == '_load_unlocked':
        if ran and 'target' not in sys.modules:
            stop()
        return trace
sys.settrace(trace)
",
        ),
    ] {
        let main = format!("{BEGIN}{code}{END}");
        check(place, files, &main, "[1]\n");
    }
}

#[test]
fn the_search_path_may_be_replaced_meanwhile() {
    check(
        "sys.path",
        &[],
        "\
import sys, threading
finder = sys.meta_path[0]
ended = threading.Event()
def replace():
    while not ended.is_set():
        sys.path = list(sys.path)
def find():
    for _ in range(5000):
        finder.find_spec('json')
        finder.iter_modules()
replacing = [threading.Thread(target=replace) for _ in range(2)]
finding = [threading.Thread(target=find) for _ in range(3)]
for thread in replacing + finding: thread.start()
for thread in finding: thread.join()
ended.set()
for thread in replacing: thread.join()
print('done')
",
        "done\n",
    );
}

#[test]
fn many_threads_import_register_unregister_and_reload() {
    // Each module needs the next package's, so that threads meet in the middle of chains; none needs itself.
    let files: Vec<(String, String)> = (0..8)
        .flat_map(|package| (0..8).map(move |module| (package, module)))
        .map(|(package, module)| {
            let next = package + 1;
            let needed =
                if next < 8 { format!("import p{next}.m{module}\n") } else { String::new() };
            (format!("p{package}/m{module}.py"), format!("{needed}def name(): return __name__\n"))
        })
        .chain((0..8).map(|package| (format!("p{package}/__init__.py"), String::new())))
        .collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    check(
        "threads",
        &files,
        "\
import coldframe, importlib, inspect, pkgutil, random, sys, threading, traceback
sys.setswitchinterval(1e-6)
standard = 'json csv decimal fractions sqlite3 hashlib argparse configparser html.parser logging.config tarfile bz2 difflib queue string'
names = [f'p{package}.m{module}' for package in range(8) for module in range(8)] + standard.split()
failures, records, begin = [], [], threading.Barrier(8)
class Record:
    def __init__(self, name, **options):
        self.name, self.calls = name, 0
        self.token = coldframe.register_post_import_hook(self, name, **options)
    def __call__(self, module):
        self.calls += 1
        if module.__name__ != self.name: failures.append((self.name, module))
def work(seed):
    choice, mine = random.Random(seed), names[:]
    choice.shuffle(mine)
    begin.wait()
    try:
        for name in mine:
            kind = choice.choice(['kept', 'kept', 'gone', 'every', 'none'])
            if kind != 'none':
                record = Record(name, every_load=kind == 'every')
                records.append((kind, record))
                if kind == 'gone' and not coldframe.unregister(record.token): failures.append(('unregister', name))
            module = importlib.import_module(name)
            if name.startswith('p'):
                if module.name() != name: failures.append((name, module))
                if choice.random() < 0.1: importlib.reload(module)
            if choice.random() < 0.02:
                inspect.getsource(inspect)
                list(pkgutil.iter_modules())
    except BaseException:
        failures.append(traceback.format_exc())
threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
for kind, record in records:
    if kind == 'kept' and record.calls != 1 or kind == 'gone' and record.calls > 1 or kind == 'every' and not record.calls:
        failures.append((kind, record.name, record.calls))
print(len(records) > 300, *failures, sep='\\n')
",
        "True\n",
    );
}
