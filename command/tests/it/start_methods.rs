//! The start method that an application gets, the time when it is set, and the application's own choice.

use std::path::Path;

use crate::support::{App, Child, METHODS, coldframe, minor};

/// The example of the README.
fn primes() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/primes")
}

#[test]
fn primes_run_under_every_method() {
    for method in METHODS {
        let expected = format!("303 primes below 2000, counted by {method}ed workers\n");
        coldframe(["run"])
            .arg(primes())
            .args(["--start-method", method, "--", "2000"])
            .prints(&expected);
    }
    let expected = format!("1229 primes below 10000, counted by {}ed workers\n", METHODS[0]);
    coldframe(["run"]).arg(primes()).prints(&expected);
}

#[test]
fn built_primes_run_under_every_method() {
    let folder = tempfile::tempdir().unwrap();
    for method in METHODS {
        let output = folder.path().join(method);
        coldframe(["build"])
            .arg(primes())
            .arg("-o")
            .arg(&output)
            .args(["--start-method", method])
            .ok();
        // No cache, no home: the executable holds all that it needs, but for Windows, which loads libraries from files alone.
        let expected = format!("303 primes below 2000, counted by {method}ed workers\n");
        let child = Child::new(&output).arg("2000");
        let child =
            if cfg!(windows) { child } else { child.env("COLDFRAME_CACHE_DIR", "/proc/none") };
        child.prints(&expected);
    }
}

/// Runs the statements of its first argument, then shows the start method.
const PREAMBLE: &str = "\
import sys
exec(sys.argv[1])
import multiprocessing
print(multiprocessing.get_start_method(allow_none=True))
";

#[test]
fn the_method_is_set_wherever_the_import_stands() {
    let app = App::script(PREAMBLE);
    for method in METHODS {
        for preamble in [
            "",
            "import multiprocessing, json, ctypes, asyncio",
            "import json, ctypes, asyncio, multiprocessing",
            "import multiprocessing.pool",
            "from multiprocessing import context",
            "import multiprocessing.resource_tracker",
            "from concurrent.futures import ProcessPoolExecutor",
            "import importlib; importlib.import_module('multiprocessing')",
            "import threading; t = threading.Thread(target=__import__, args=('multiprocessing',)); t.start(); t.join()",
        ] {
            app.run_with(["--start-method", method], [preamble]).prints(&format!("{method}\n"));
        }
    }
}

#[test]
fn none_leaves_the_default_of_python() {
    let app = App::script(PREAMBLE);
    app.run_with(["--start-method", "none"], [""]).prints("None\n");
    let default = app.python(["import multiprocessing; multiprocessing.get_start_method()"]).ok();
    app.run_with(
        ["--start-method", "none"],
        ["import multiprocessing; multiprocessing.get_start_method()"],
    )
    .prints(&default);
    let documented = match minor() {
        _ if cfg!(windows) => "spawn\n",
        14.. => "forkserver\n",
        _ => "fork\n",
    };
    assert_eq!(default, documented);
}

#[test]
fn a_multiprocessing_of_another_finder_is_left_alone() {
    let app = App::script(
        "\
import sys
sys.meta_path.append(sys.meta_path.pop(0))
import types
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == 'multiprocessing':
            from importlib.machinery import ModuleSpec
            return ModuleSpec(name, self)
    def create_module(self, spec): return None
    def exec_module(self, module): module.set_start_method = lambda method: print('called', method)
sys.meta_path.insert(0, Finder())
import multiprocessing
print(sorted(name for name in vars(multiprocessing) if name[0] != '_'))
",
    );
    app.run([""; 0]).prints("['set_start_method']\n");
    // The same behind our finder, which passes the name on.
    let hidden = App::new(&[
        (
            "__main__.py",
            "\
import sys, hiding
import multiprocessing
print(multiprocessing.set_start_method)
",
        ),
        (
            "hiding.py",
            "\
import sys
from importlib.machinery import ModuleSpec
class Finder:
    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name == 'multiprocessing' else None
    def create_module(self, spec): return None
    def exec_module(self, module): module.set_start_method = 'untouched'
sys.meta_path.insert(0, Finder())
",
        ),
    ]);
    hidden.run([""; 0]).prints("untouched\n");
}

#[test]
#[cfg_attr(windows, ignore = "there is no second method to set on Windows")]
fn setting_it_again_is_an_error_as_documented() {
    let app = App::script(
        "\
import importlib, multiprocessing as mp
try:
    mp.set_start_method('fork')
except RuntimeError as error:
    print(error)
print(mp.get_start_method())
mp.set_start_method('fork', force=True)
print(mp.get_start_method())
importlib.reload(mp)
print(mp.get_start_method())
print(mp.get_context('forkserver').get_start_method())
",
    );
    app.run_with(["--start-method", "spawn"], [""; 0])
        .prints("context has already been set\nspawn\nfork\nfork\nforkserver\n");
}

#[test]
fn a_new_import_after_removal_sets_it_again() {
    let app = App::script(
        "\
import sys, multiprocessing
for name in [name for name in sys.modules if name.startswith('multiprocessing')]:
    del sys.modules[name]
import multiprocessing as again
print(again is multiprocessing, again.get_start_method(allow_none=True))
",
    );
    app.run_with(["--start-method", "spawn"], [""; 0]).prints("False spawn\n");
}

#[test]
#[cfg_attr(windows, ignore = "threads are asked of `/proc`")]
fn python_starts_with_one_thread() {
    let app = App::new(&[(
        "__main__.py",
        "\
import re
print(re.search(r'Threads:\\s+(\\d+)', open('/proc/self/status').read())[1])
",
    )]);
    app.write("new.py", &format!("# {}", app.path().display()));
    // Once with packing and its progress, once from the cache, once from an executable.
    app.run([""; 0]).prints("1\n");
    app.run([""; 0]).prints("1\n");
    Child::new(app.build("threads", &[])).prints("1\n");
}

#[test]
fn a_second_call_is_told_when_it_is_packed_and_explains_itself_when_it_runs() {
    let app = App::new(&[
        ("__main__.py", "import helper\nhelper.start()\n"),
        (
            "helper.py",
            "import multiprocessing as mp\ndef start():\n    mp.set_start_method('spawn')\n    mp.set_start_method('fork')\n",
        ),
    ]);
    let outcome = app.run([""; 0]).env("COLDFRAME_LOG", "warn").outcome();
    assert_eq!(outcome.ending(), Ok(1), "{outcome:#?}");
    for part in [
        "RuntimeError: context has already been set",
        // As a note of the exception, or in the log.
        "Coldframe sets the start method when `multiprocessing` is imported.",
    ] {
        assert!(outcome.stderr.contains(part), "{part}\n{outcome:#?}");
    }
    let build = |app: &App, options: &[&str]| {
        let child = coldframe(["build"]).of(app).arg(app.path()).arg("-o").arg(app.beside("built"));
        child.args(options).outcome().stderr
    };
    let told = "calls `set_start_method()`, which will raise RuntimeError";
    assert!(build(&app, &[]).contains(&format!("warning: `helper.py`, line 3, {told}")));
    // There is no warning where the user leaves the method to the code, or where the code forces it.
    for (options, call) in [
        (&["--start-method", "none"][..], "mp.set_start_method('spawn')"),
        (&[], "mp.set_start_method('spawn', force=True)"),
    ] {
        let text = format!("import multiprocessing as mp\nif __name__ == '__main__': {call}\n");
        let app = App::new(&[("__main__.py", &text)]);
        app.run_with(options, [""; 0]).prints("");
        assert!(!build(&app, options).contains(told), "{call}");
    }
}
