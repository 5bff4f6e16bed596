//! Worker processes: their abilities, the modules in which their functions may be defined, and actions that they never do.

use std::fs;
use std::path::Path;

use crate::support::{App, Child, IMPORTING_METHODS, METHODS, coldframe, minor};

/// The parts of `multiprocessing` and its friends, with functions in `__main__` and in another module.
const FACILITIES: &str = r#"
import ctypes, multiprocessing as mp, os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory
from multiprocessing.managers import BaseManager
import helpers

class Point:
    def __init__(self, x): self.x = x
    def doubled(self): return Point(self.x * 2)

class Counter:
    def __init__(self): self.total = 0
    def add(self, number): self.total += number
    def get(self): return self.total

class Manager(BaseManager): pass
Manager.register("Counter", Counter)

def square(number): return number * number
def double(point): return point.doubled()
def add(counter, number): counter.add(number)
def scribble(name):
    memory = shared_memory.SharedMemory(name)
    memory.buf[0] = 42
    memory.close()
def answer(questions, answers, lock):
    with lock:
        answers.put((questions.get(), mp.current_process().name))
def fail(): raise ValueError("from the worker")
def set_value(value): value.value += 1
def talk(pipe): pipe.send(os.getppid()); pipe.close()
def initialise(text): square.text = text
def initialised(_): return square.text
def nested():
    sys.stdout.flush()
    process = mp.get_context("spawn").Process(target=print, args=("grandchild",))
    process.start(); process.join()

def main():
    with mp.Pool(2, initialise, ("ünïcode",)) as pool:
        print("pool", pool.map(square, range(4)), pool.map(helpers.cube, range(4)))
        print("initializer", set(pool.map(initialised, range(3))))
        print("class", pool.apply(double, (Point(4),)).x)
        try:
            pool.apply(fail)
        except ValueError as error:
            print("error", error)
    with ProcessPoolExecutor(2) as executor:
        print("executor", list(executor.map(square, range(4))), executor.submit(helpers.cube, 3).result())
    with mp.Manager() as manager:
        shared = manager.dict()
        process = mp.Process(target=helpers.put, args=(shared, "key"), name="Bob")
        process.start(); process.join()
        print("manager", dict(shared), process.exitcode)
    with Manager() as manager:
        counter = manager.Counter()
        processes = [mp.Process(target=add, args=(counter, n)) for n in (1, 2)]
        for process in processes: process.start()
        for process in processes: process.join()
        print("own manager", counter.get())
    memory = shared_memory.SharedMemory(create=True, size=8)
    process = mp.Process(target=scribble, args=(memory.name,))
    process.start(); process.join()
    print("shared memory", memory.buf[0])
    memory.close(); memory.unlink()
    questions, answers, lock = mp.Queue(), mp.SimpleQueue(), mp.Lock()
    process = mp.Process(target=answer, args=(questions, answers, lock), name="Alice")
    process.start(); questions.put("why"); print("queue", answers.get()); process.join()
    value = mp.Value(ctypes.c_int, 41)
    process = mp.Process(target=set_value, args=(value,))
    process.start(); process.join()
    print("value", value.value)
    here, there = mp.Pipe()
    process = mp.Process(target=talk, args=(there,))
    process.start(); parent = here.recv(); process.join()
    print("pipe", parent == os.getpid() or mp.get_start_method() == "forkserver")
    process = mp.Process(target=sys.exit, args=(3,))
    process.start(); process.join()
    print("exit code", process.exitcode)
    # On Windows a parent writes nothing before it starts a worker.
    sys.stdout.flush()
    process = mp.Process(target=nested)
    process.start(); process.join()
    print("nested", process.exitcode)

if __name__ == "__main__":
    main()
"#;

const HELPERS: &str = "\
def cube(number): return number ** 3
def put(shared, key): shared[key] = 'value'
";

const EXPECTED: &str = "\
pool [0, 1, 4, 9] [0, 1, 8, 27]
initializer {'ünïcode'}
class 8
error from the worker
executor [0, 1, 4, 9] 27
manager {'key': 'value'} 0
own manager 3
shared memory 42
queue ('why', 'Alice')
value 42
pipe True
exit code 3
grandchild
nested 0
";

#[test]
fn every_facility_works_under_every_method() {
    let app = App::new(&[("__main__.py", FACILITIES), ("helpers.py", HELPERS)]);
    for method in METHODS {
        app.run_with(["--start-method", method], [""; 0]).prints(EXPECTED);
    }
}

#[test]
fn every_facility_works_in_an_executable_and_with_python_flags() {
    let settings =
        "optimization-level = 0\nwarnings = ['ignore::ImportWarning']\nx-options = ['own=1']\n";
    let app = App::new(&[
        ("__main__.py", FACILITIES),
        ("helpers.py", HELPERS),
        ("coldframe.toml", settings),
    ]);
    let executable = app.build("facilities", &["--start-method", METHODS[METHODS.len() / 2]]);
    Child::new(&executable).prints(EXPECTED);
}

/// A main module with a pool of functions that it defines, and its output.
const OWN_FUNCTIONS: &str = "\
import multiprocessing, sys
class Box:
    def __init__(self, content): self.content = content
def unpack(box): return box.content, __name__, type(box).__module__
if __name__ == '__main__':
    with multiprocessing.Pool(2) as pool:
        print(pool.map(unpack, [Box(1), Box(2)]), __name__, sys.argv[1:])
";

#[test]
fn functions_of_the_main_module_reach_the_workers() {
    let folder = App::new(&[("__main__.py", OWN_FUNCTIONS)]);
    let script = App::script(OWN_FUNCTIONS);
    let package =
        App::new(&[("__init__.py", ""), ("__main__.py", OWN_FUNCTIONS), ("other.py", "")]);
    package.write("__main__.py", &format!("from . import other\n{OWN_FUNCTIONS}"));
    for (shape, app) in [("folder", &folder), ("script", &script), ("package", &package)] {
        for (method, name) in
            [("fork", "__main__"), ("forkserver", "__mp_main__"), ("spawn", "__mp_main__")]
        {
            if !METHODS.contains(&method) {
                continue;
            }
            let outcome = app.run_with(["--start-method", method], ["x"]).outcome();
            // Where the main module is imported again, the class is found under both of its names.
            let expected =
                format!("[(1, '{name}', '{name}'), (2, '{name}', '{name}')] __main__ ['x']\n");
            let found = (outcome.stdout.as_str(), outcome.stderr.as_str());
            assert_eq!(found, (expected.as_str(), ""), "{shape} {method}");
        }
    }
}

#[test]
fn functions_of_an_entry_point_reach_the_workers() {
    let app = App::new(&[
        ("tool/__init__.py", ""),
        (
            "tool/cli.py",
            "\
import multiprocessing
def triple(number): return number * 3, __name__
def main():
    with multiprocessing.Pool(2) as pool:
        print(pool.map(triple, [1, 2]))
",
        ),
    ]);
    for method in METHODS {
        app.run_with(["--entry", "tool.cli:main", "--start-method", method], [""; 0])
            .prints("[(3, 'tool.cli'), (6, 'tool.cli')]\n");
    }
}

/// Notes each time that it runs.
const NOTE: &str = "\
import os
with open(os.environ['NOTES'], 'a') as notes: notes.write(__name__ + '\\n')
";

fn lines_of(notes: &Path) -> Vec<String> {
    fs::read_to_string(notes).unwrap().lines().map(str::to_owned).collect()
}

/// A logger has its name without asking anything.
#[test]
fn an_unguarded_main_module_does_not_run_again() {
    let jobs = "\
import multiprocessing
def work(number): return -number
def main():
    with multiprocessing.Pool(2) as pool: print(pool.map(work, [1, 2]))
";
    let main = format!("{NOTE}import jobs\njobs.main()\n");
    let folder = App::new(&[("__main__.py", &main), ("jobs.py", jobs)]);
    let package = App::new(&[
        ("__init__.py", ""),
        ("__main__.py", &format!("{NOTE}from .jobs import main\nmain()\n")),
        ("jobs.py", jobs),
    ]);
    for (shape, app) in [("folder", folder), ("package", package)] {
        for method in METHODS {
            let notes = app.beside("notes");
            drop(fs::remove_file(&notes));
            app.run_with(["--start-method", method], [""; 0])
                .env("NOTES", &notes)
                .prints("[-1, -2]\n");
            assert_eq!(lines_of(&notes), ["__main__"], "{shape} {method}");
        }
    }
}

/// Each asks in its own words whether it is the main module; functions of it reach the workers all the same.
#[test]
fn the_question_for_the_main_module_has_many_spellings() {
    const BEFORE: &str = "import multiprocessing
def square(number): return number * number
def main():
    for method in METHODS:
        with multiprocessing.get_context(method).Pool(1) as pool: print(pool.map(square, [2, 3]), flush=True)
";
    let before = BEFORE.replace("METHODS", &format!("{IMPORTING_METHODS:?}"));
    let expected = "[4, 9]\n".repeat(IMPORTING_METHODS.len());
    let by_match = "match __name__:\n    case '__main__': main()";
    let question = (minor() > 9).then_some(by_match);
    for question in question.into_iter().chain([
        "if __name__ == '__main__': main()",
        "if '__main__' == __name__: main()",
        "main() if __name__ == '__main__' else None",
        "__name__ == '__main__' and main()",
        "run = __name__ == '__main__'\nif run: main()",
        "if __name__ in {'__main__'}: main()",
        "while __name__ == '__main__':\n    main()\n    break",
    ]) {
        App::script(&format!("{before}{question}\n")).run([""; 0]).prints(&expected);
    }
}

/// Under `python` a pool waits for such a task for ever.
#[test]
fn a_task_that_a_worker_cannot_read_is_an_error_in_the_parent() {
    let app = App::new(&[(
        "__main__.py",
        "import multiprocessing
class Thing: pass
def work(thing): return thing
def attempt(pool, method, *arguments):
    try: print(getattr(pool, method)(work, *arguments))
    except AttributeError as error: print(type(error).__name__, str(error)[:26], flush=True)
if True:
    with multiprocessing.get_context('spawn').Pool(2) as pool:
        attempt(pool, 'map', [1, 2])
        attempt(pool, 'apply', [1])
        attempt(pool, 'map', [Thing()])
        print(pool.map(abs, [-1, -2]))
",
    )]);
    let failed = "AttributeError Can't get attribute 'work'\n";
    app.run([""; 0]).prints(&format!("{failed}{failed}{failed}[1, 2]\n"));
}

#[test]
fn a_worker_never_calls_the_entry_point() {
    let app = App::new(&[(
        "tool.py",
        &format!(
            "\
import multiprocessing
def work(number): return number
def main():
    {}
    multiprocessing.Lock()
    with multiprocessing.Manager() as manager, multiprocessing.Pool(2) as pool:
        print(sum(pool.map(work, manager.list([1, 2]))))
",
            NOTE.trim_end().replace('\n', "\n    ")
        ),
    )]);
    for method in METHODS {
        let notes = app.beside("notes");
        drop(fs::remove_file(&notes));
        app.run_with(["--entry", "tool:main", "--start-method", method], [""; 0])
            .env("NOTES", &notes)
            .prints("3\n");
        assert_eq!(lines_of(&notes), ["tool"], "{method}");
    }
}

#[test]
fn what_only_looks_like_a_worker_is_the_application() {
    let app = App::script("import sys\nprint(sys.argv[1:])\n");
    let executable = app.build("echo", &[]);
    for arguments in [
        &["--multiprocessing-fork"] as &[&str],
        &["--multiprocessing-fork", "12"],
        &["-c", "print(1)"],
        &["-c"],
        &["-m", "json.tool"],
        &["x", "-c", "from multiprocessing.resource_tracker import main;main(3)"],
    ] {
        let expected = format!("{arguments:?}\n").replace('"', "'");
        Child::new(&executable).args(arguments).prints(&expected);
    }
    let outcome = Child::new(&executable)
        .args(["-c", "from multiprocessing.resource_tracker import main;main(__import__('os').system('echo hacked'))"])
        .outcome();
    assert_eq!((outcome.ending(), outcome.stdout.as_str()), (Ok(2), ""), "{outcome:#?}");
    assert!(outcome.stderr.starts_with("error: refused to start a worker process"), "{outcome:#?}");
}

#[test]
fn a_command_that_is_no_application_is_no_worker_either() {
    let outcome =
        coldframe(["-c", "from multiprocessing.resource_tracker import main;main(3)"]).outcome();
    assert_eq!(outcome.ending(), Ok(2), "{outcome:#?}");
    assert!(outcome.stderr.contains("unexpected argument '-c'"), "{outcome:#?}");
}

/// Libraries that know no archive take `__main__` out of `sys.modules` in their workers, and leave it to be imported.
#[test]
fn the_main_module_imported_in_a_worker_is_not_the_application() {
    const LOOK: &str = "
import sys
def look():
    import multiprocessing
    del sys.modules['__main__']
    try:
        import __main__
        return __main__.__name__, sys.modules['__main__'] is __main__, __main__.square(3)
    except ImportError as error:
        return str(error)
";
    const BODY: &str = "
    import multiprocessing as mp
    for method in METHODS:
        with mp.get_context(method).Pool(1) as pool: print(method, pool.apply(look.look), flush=True)
";
    let body = BODY.replace("METHODS", &format!("{IMPORTING_METHODS:?}"));
    let guarded = format!(
        "import look\ndef square(x): return x * x\nif __name__ == '__main__':\n    print('application'){body}"
    );
    let unguarded = format!("import look\nprint('application')\nif True:{body}");
    let seen = "('__mp_main__', True, 9)";
    let missing = "No module named '__main__'";
    for (main, expected) in [(guarded, seen), (unguarded, missing)] {
        let app = App::new(&[("__main__.py", &main), ("look.py", LOOK)]);
        let lines = IMPORTING_METHODS.map(|method| format!("{method} {expected}\n"));
        app.run([""; 0]).prints(&format!("application\n{}", lines.concat()));
    }
}
