//! Sub-interpreters: each has a finder and hooks of its own, and imports the same modules as the main one.

use std::fs;

use launcher::command_parts::BUILD_PYTHON;

use crate::support::{App, Child, METHODS, minor, site_packages};

/// The beginning of each script here: `create()` and `run(interpreter, text)`, under the names that this Python has for them.
const PRELUDE: &str = "\
import sys
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters
def create(isolated=True):
    if sys.version_info >= (3, 13):
        return interpreters.create('isolated' if isolated else 'legacy')
    return interpreters.create(isolated=isolated)
def run(interpreter, text):
    failed = interpreters.run_string(interpreter, text)
    if failed is not None:
        raise RuntimeError(failed.formatted)
";

/// Code that every sub-interpreter can run; the names of the modules are filled in.
const WORK: &str = "\
import sys, json, math, _struct, _csv, _json, collections.abc, logging, traceback, inspect, importlib.metadata, importlib.resources
import pkg.mod, coldframe
finder = sys.meta_path[0]
assert type(finder).__name__ == 'Finder' and sys.frozen
assert pkg.mod.__loader__ is json.__loader__ is finder
assert json.loads('[1]') == [1] and inspect.getsource(json.dumps).startswith('def dumps')
if sys.version_info >= (3, 10):
    assert importlib.resources.files('pkg').joinpath('data.txt').read_text() == 'data'
else:
    assert importlib.resources.read_text('pkg', 'data.txt') == 'data'
assert importlib.metadata.version('demo') == '1.5'
calls = []
coldframe.register_post_import_hook(lambda module: calls.append('twice'), 'csv')
token = coldframe.register_post_import_hook(lambda module: calls.append(module.__name__), 'csv')
import csv
coldframe.register_post_import_hook(lambda module: calls.append(module.__name__), 'pkg.mod')
assert calls == ['twice', 'csv', 'pkg.mod'], calls
assert coldframe.unregister(token) and not coldframe.unregister(token)
";

/// An application that does `main`, with a package that has data and a distribution that has metadata.
fn run(main: &str) -> Child {
    let app = App::new(&[
        ("pkg/__init__.py", ""),
        ("pkg/mod.py", "VALUE = 1\n"),
        ("pkg/data.txt", "data"),
    ]);
    app.write("__main__.py", &format!("{PRELUDE}WORK = r'''\n{WORK}'''\n{main}"));
    let environment = app.beside("venv");
    Child::new(BUILD_PYTHON).args(["-I", "-m", "venv", "--without-pip"]).arg(&environment).ok();
    let site = environment.join(site_packages());
    for (path, text) in [
        ("demo.py", "VALUE = 1\n"),
        ("demo-1.5.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.5\n"),
        ("demo-1.5.dist-info/RECORD", "demo.py,,\ndemo-1.5.dist-info/METADATA,,\n"),
    ] {
        let path = site.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    app.run_with(["--venv", environment.to_str().unwrap(), "--include", "demo"], [""; 0])
}

#[test]
fn they_import_what_the_main_interpreter_does() {
    let main = "\
# CPython 3.12.1 itself crashes at its end when an isolated interpreter has imported `asyncio`.
def more(isolated):
    # On Windows no loop of it can be made there: `signal.set_wakeup_fd` works in the main interpreter alone.
    if sys.platform == 'win32': return ''
    return 'import asyncio; asyncio.run(asyncio.sleep(0))' if not isolated or sys.version_info[:2] != (3, 12) else ''
for isolated in (True, False):
    interpreter = create(isolated)
    run(interpreter, WORK + more(isolated))
    interpreters.destroy(interpreter)
exec(WORK)
print('done')
";
    run(main).prints("done\n");
}

#[test]
fn several_run_at_once_in_threads() {
    let main = "\
import threading
failures = []
def work():
    try:
        for _ in range(5):
            interpreter = create()
            run(interpreter, WORK)
            interpreters.destroy(interpreter)
    except BaseException as failure:
        failures.append(failure)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
exec(WORK)
for thread in threads: thread.join()
print(failures)
";
    run(main).prints("[]\n");
}

#[test]
#[cfg_attr(windows, ignore = "memory and descriptors are asked of `/proc`")]
fn fifty_of_them_leave_no_more_behind_than_under_python() {
    // Some versions of CPython lose megabytes with each interpreter; Coldframe must add nothing to that.
    let script = format!(
        "{PRELUDE}\
import os
def left():
    with open('/proc/self/statm') as statm:
        return len(os.listdir('/proc/self/fd')), int(statm.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
for number in range(55):
    interpreter = create()
    run(interpreter, 'import sys, json, logging, _struct, math, csv, importlib.resources')
    interpreters.destroy(interpreter)
    if number == 4:
        files, memory = left()
print(left()[0] - files, (left()[1] - memory) // 50)
"
    );
    let app = App::script(&script);
    let left = |child: Child| {
        let printed = child.ok();
        let (files, memory) = printed.trim().split_once(' ').unwrap();
        (files.parse::<i64>().unwrap(), memory.parse::<i64>().unwrap())
    };
    let (ours, theirs) = (left(app.run([""; 0])), left(app.python([""; 0])));
    assert_eq!(ours.0, 0, "descriptors");
    // In bytes for each interpreter; the allocator's noise is less than that.
    assert!(ours.1 < theirs.1 + theirs.1 / 4 + 200_000, "{ours:?} against {theirs:?}");
}

#[test]
fn errors_in_them_show_source_lines() {
    let main = r#"
import pkg
text = '''
import sys, threading, traceback
sys.stderr = sys.stdout
import pkg.failing
thread = threading.Thread(target=pkg.failing.fail)
thread.start()
thread.join()
try:
    pkg.failing.fail()
except ZeroDivisionError:
    sys.excepthook(*sys.exc_info())
sys.stdout.flush()
'''
interpreter = create(False)
run(interpreter, text)
interpreters.destroy(interpreter)
"#;
    let app = App::new(&[
        ("pkg/__init__.py", ""),
        ("pkg/failing.py", "def fail():\n    1 / 0  # here\n"),
        ("__main__.py", &format!("{PRELUDE}{main}")),
    ]);
    let outcome = app.run([""; 0]).outcome();
    assert_eq!((outcome.ending(), outcome.stderr.as_str()), (Ok(0), ""), "{outcome:#?}");
    assert_eq!(outcome.stdout.matches("    1 / 0  # here\n").count(), 2, "{outcome:#?}");
}

#[test]
fn the_start_method_is_set_in_them_too() {
    let main = "\
interpreter = create(False)
run(interpreter, 'import multiprocessing; print(multiprocessing.get_start_method(), flush=True)')
run(interpreter, 'import multiprocessing.process; print(multiprocessing.process.BaseProcess._bootstrap.__module__, flush=True)')
interpreters.destroy(interpreter)
";
    run(main).prints(&format!("{}\n_coldframe_workers\n", METHODS[0]));
}

#[test]
fn a_pool_of_them_runs_functions_of_the_application() {
    // `InterpreterPoolExecutor` came with 3.14.
    if minor() < 14 {
        return;
    }
    let app = App::new(&[
        ("work.py", "import json\ndef double(number): return json.loads(str(number * 2))\n"),
        (
            "__main__.py",
            "\
from concurrent import interpreters
from concurrent.futures import InterpreterPoolExecutor
import work
def triple(number): return number * 3
if __name__ == '__main__':
    with InterpreterPoolExecutor(3) as pool:
        print(list(pool.map(work.double, range(20))) == [number * 2 for number in range(20)])
        print(list(pool.map(triple, range(4))))
    interpreter = interpreters.create()
    print(interpreter.call(work.double, 21))
    interpreter.exec('import sys, json; assert json.__loader__ is sys.meta_path[0]')
    interpreter.close()
",
        ),
    ]);
    app.run([""; 0]).prints("True\n[0, 3, 6, 9]\n42\n");
}
