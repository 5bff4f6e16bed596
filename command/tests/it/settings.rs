//! Every key of `coldframe.toml` and `[tool.coldframe]`, by an effect that the application sees.

use std::fs;

use crate::support::{App, COLDFRAME, Child, IMPORTING_METHODS, METHODS, coldframe};

/// Runs `main` with these settings, and compares its output.
#[track_caller]
fn check(settings: &str, main: &str, expected: &str) {
    run(settings, main).prints(expected);
}

fn run(settings: &str, main: &str) -> Child {
    let app = App::new(&[("__main__.py", main), ("coldframe.toml", settings)]);
    // Python reads its own variables with the profile `python` only.
    let child = app
        .run(["cli"])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONWARNINGS", "error::UserWarning");
    drop(app);
    child
}

#[test]
fn each_key_has_an_effect() {
    let flags = "import sys; print(sys.flags.isolated, sys.dont_write_bytecode, sys.warnoptions)";
    let own = "import sys; print(sorted(sys._xoptions.items()))";
    let traced =
        "import tracemalloc; print(tracemalloc.is_tracing(), tracemalloc.get_traceback_limit())";
    let utf8 = "import sys; print(sys.flags.utf8_mode)";
    let site = "import sys; print('site' in sys.modules, sys.flags.no_site)";
    let frozen = "import sys; print(getattr(sys, 'frozen', 'absent'), hasattr(sys, '_MEIPASS'))";
    let method = "import multiprocessing; print(multiprocessing.get_start_method(allow_none=True))";
    let optimize = "import sys; print(sys.flags.optimize)";
    for (settings, main, expected) in [
        ("", flags, "1 False []\n"),
        ("profile = 'isolated'", flags, "1 False []\n"),
        ("profile = 'python'", flags, "0 True ['error::UserWarning']\n"),
        (
            "argv = ['--first', 'ünï']",
            "import sys; print(sys.argv[1:])",
            "['--first', 'ünï', 'cli']\n",
        ),
        (
            "warnings = ['error', 'ignore::ImportWarning']",
            flags,
            "1 False ['error', 'ignore::ImportWarning']\n",
        ),
        ("x-options = ['own=1', 'flag']", own, "[('flag', True), ('own', '1')]\n"),
        ("x-options = ['tracemalloc=3']", traced, "True 3\n"),
        ("", utf8, "1\n"),
        ("", site, "False 1\n"),
        ("site-import = true", site, "True 0\n"),
        ("", frozen, "True False\n"),
        ("sys-frozen = false", frozen, "absent False\n"),
        ("multiprocessing-start-method = 'spawn'", method, "spawn\n"),
        ("multiprocessing-start-method = 'none'", method, "None\n"),
        ("optimization-level = 0", optimize, "0\n"),
    ] {
        check(settings, main, expected);
    }
}

#[test]
fn the_prompt_is_what_runs_when_it_is_asked_for() {
    for (settings, expected) in [
        ("", "main\n"),
        ("run = 'auto'", "main\n"),
        ("run = 'repl'", "prompt 42 ['', 'word'] True\n"),
        // With the settings of `python`, but its command line is the application's.
        ("run = 'repl'\nprofile = 'python'", "prompt 42 ['', 'word'] True\n"),
    ] {
        let app = App::new(&[
            ("__main__.py", "print('main')"),
            ("helper.py", "ANSWER = 42"),
            ("coldframe.toml", settings),
        ]);
        let built = Child::new(app.build("built", &[])).of(&app).arg("word");
        for child in [app.run(["word"]), built] {
            let typed =
                "import helper, sys\nprint('prompt', helper.ANSWER, sys.argv, sys.frozen)\n";
            child.input(typed).prints(expected);
        }
    }
}

#[test]
fn warnings_become_errors_when_asked() {
    let outcome =
        run("warnings = ['error::UserWarning']", "import warnings; warnings.warn('beware')")
            .outcome();
    assert_eq!(outcome.ending(), Ok(1), "{outcome:#?}");
    assert!(outcome.stderr.ends_with("UserWarning: beware\n"), "{outcome:#?}");
}

#[test]
fn x_options_that_python_reads_itself_work() {
    let outcome = run("x-options = ['importtime']", "import json").outcome();
    assert!(outcome.stderr.contains("| json"), "{outcome:#?}");
    check("x-options = ['dev']", "import sys; print(sys.flags.dev_mode)", "True\n");
    check(
        "x-options = ['int_max_str_digits=700']",
        "import sys; print(getattr(sys.flags, 'int_max_str_digits', 700))",
        "700\n",
    );
}

#[test]
fn utf8_mode_can_be_left_to_the_locale() {
    let main = "import sys; print(sys.flags.utf8_mode)";
    for (settings, locale, expected) in [
        ("", "C.UTF-8", "1\n"),
        ("utf8-mode = true", "C.UTF-8", "1\n"),
        ("utf8-mode = false", "C.UTF-8", if crate::support::minor() >= 15 { "1\n" } else { "0\n" }),
    ] {
        run(settings, main).env("LC_ALL", locale).prints(expected);
    }
}

#[test]
fn allocators_differ_in_what_memory_looks_like() {
    // The debug allocator surrounds each block with bytes of its own; `malloc` has no statistics of small blocks.
    let main = "\
import ctypes, sys
text = ''.join(['a', 'b', 'cd'])
print(ctypes.string_at(id(text) - 7, 7) == b'\\xfd' * 7)
sys._debugmallocstats()
";
    if launcher::command_parts::FREE_THREADED {
        let collects = "import ctypes, gc, sys; text = sys.argv[0] + 'x'; print(len(gc.get_objects()) > 1000, ctypes.string_at(id(text) - 7, 7) == b'\\xfd' * 7)";
        for (allocator, expected) in [("default", "True False\n"), ("debug", "True True\n")] {
            run(&format!("allocator = '{allocator}'"), collects).prints(expected);
        }
        for allocator in ["malloc", "pymalloc"] {
            let outcome = run(&format!("allocator = '{allocator}'"), collects).outcome();
            let expected = format!(
                "error: could not start Python 3.{}: the setting `allocator` is `{allocator}`, and a free-threaded Python has no \
                 allocator but its own; set `default` or `debug`\n",
                crate::support::minor()
            );
            assert_eq!((outcome.ending(), outcome.stderr), (Ok(5), expected));
        }
        return;
    }
    for (allocator, is_debug, has_statistics) in [
        ("default", "False\n", true),
        ("pymalloc", "False\n", true),
        ("malloc", "False\n", false),
        ("debug", "True\n", true),
    ] {
        let outcome = run(&format!("allocator = '{allocator}'"), main).outcome();
        let found = (outcome.stdout.as_str(), outcome.stderr.contains("arenas"));
        assert_eq!(found, (is_debug, has_statistics), "{allocator}");
    }
}

#[test]
fn paths_for_the_libraries_below_python() {
    let settings = "\
tcl-library = '$ORIGIN/tcl'
terminfo-dirs = ['$ORIGIN/terminfo', '/lib/terminfo']
ssl-cert-file = '$ORIGIN/cert.pem'
ssl-cert-dir = '/certs'
sys-meipass = true
";
    let main = "\
import os, sys
for name in ('TCL_LIBRARY', 'TERMINFO_DIRS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'):
    print(os.environ[name].replace(os.path.dirname(sys.executable), 'HERE'))
print(sys._MEIPASS == os.path.dirname(sys.executable))
";
    check(settings, main, "HERE/tcl\nHERE/terminfo:/lib/terminfo\nHERE/cert.pem\n/certs\nTrue\n");
    // The user's variables come first.
    run(settings, main)
        .env("SSL_CERT_FILE", "mine")
        .prints("HERE/tcl\nHERE/terminfo:/lib/terminfo\nmine\n/certs\nTrue\n");
}

/// The search path starts without the disk; folders that a setting, or the program itself, puts on it are found as under
/// `python`.
#[test]
fn modules_are_found_in_folders_on_the_search_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("on_disk.py"), "VALUE = 42").unwrap();
    fs::create_dir(folder.path().join("plug_in")).unwrap();
    fs::write(folder.path().join("plug_in/__init__.py"), "NAME = __name__").unwrap();
    let main = "\
import json
try:
    import on_disk, plug_in
    print(on_disk.VALUE, plug_in.NAME, on_disk.__file__.replace('\\\\', '/').endswith('/on_disk.py'), json.__loader__.__class__.__name__)
except ImportError as error:
    print(error)
";
    let found = "42 plug_in True Finder\n";
    let paths = format!("module-search-paths = ['{}']\n", folder.path().display());
    check("", main, "No module named 'on_disk'\n");
    check(&paths, main, found);
    check(&format!("{paths}filesystem-importer = true"), main, found);
    let added = format!("import sys\nsys.path.append(r'{}')\n{main}", folder.path().display());
    check("", &added, found);
}

#[test]
fn hooks_of_the_configuration_run_with_the_module() {
    let app = App::new(&[
        (
            "__main__.py",
            "print('start')\nimport json\nprint('after')\nimport json, pkg.mod, atexit\n",
        ),
        ("pkg/__init__.py", ""),
        ("pkg/mod.py", "print('mod runs')\n"),
        (
            "hooks.py",
            "def first(module): print('first', module.__name__)\ndef second(module): print('second', module.__name__, module.dumps([1]))\n",
        ),
        (
            "pyproject.toml",
            "[tool.coldframe.post-import-hooks]\njson = ['hooks:first', 'hooks:second']\n\"pkg.mod\" = 'hooks:first'\nsys = 'hooks:first'\natexit = 'hooks:first'\n",
        ),
    ]);
    app.run([""; 0]).prints(
        "first sys\nstart\nfirst json\nsecond json [1]\nafter\nmod runs\nfirst pkg.mod\nfirst atexit\n",
    );
}

#[test]
fn functions_run_before_main_in_workers_too_but_not_in_helpers() {
    let settings = "before-main = ['early:start', 'early:Class.then']\n";
    let early = "\
import sys
def start(): print('start', __name__, flush=True)
class Class:
    @staticmethod
    def then(): sys.then = True; print('then', flush=True)
";
    let main = "\
import multiprocessing, sys
def work(number): return number, sys.then
if __name__ == '__main__':
    print('main', sys.then, flush=True)
    for method in METHODS:
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(method, pool.map(work, [1]), flush=True)
";
    let main = main.replace("METHODS", &format!("{METHODS:?}"));
    let files = [("coldframe.toml", settings), ("early.py", early), ("__main__.py", main.as_str())];
    let ran = "start early\nthen\n";
    // A forked worker has what ran in its parent.
    let of_workers = METHODS
        .map(|method| format!("{}{method} [(1, True)]\n", if method == "fork" { "" } else { ran }));
    let expected = format!("{ran}main True\n{}", of_workers.concat());
    App::new(&files).run([""; 0]).prints(&expected);
    let app = App::new(&files);
    Child::new(app.build("early", &["--python-mode", "always"]))
        .env("COLDFRAME_PYTHON", "1")
        .args(["-c", "print('python')"])
        .prints("python\n");
    // One that fails ends the program.
    let failing = [files[0], ("early.py", "def start(): 1 / 0\n"), files[2]];
    let outcome = App::new(&failing).run([""; 0]).outcome();
    assert_eq!((outcome.ending(), outcome.stdout.as_str()), (Ok(1), ""), "{outcome:#?}");
    assert!(outcome.stderr.contains("    def start(): 1 / 0\n"), "{outcome:#?}");
}

#[test]
fn workers_start_without_sys_frozen() {
    let main = "\
import multiprocessing, sys
def work(number): return number + 1, hasattr(sys, 'frozen')
if __name__ == '__main__':
    for method in METHODS:
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.map(work, [1]))
"
    .replace("METHODS", &format!("{IMPORTING_METHODS:?}"));
    let settings = "sys-frozen = false\nwarnings = ['ignore::ImportWarning']\nx-options = ['own']";
    let app = App::new(&[("__main__.py", main.as_str()), ("coldframe.toml", settings)]);
    app.run([""; 0]).prints(&"[(2, False)]\n".repeat(IMPORTING_METHODS.len()));
}

#[test]
fn without_dispatch_the_application_sees_the_command_line_of_workers() {
    let main = "import sys; print(sys.argv[1:])";
    let app = App::new(&[
        ("__main__.py", main),
        ("coldframe.toml", "multiprocessing-auto-dispatch = false"),
    ]);
    let executable = app.build("plain", &[]);
    Child::new(executable)
        .args(["--multiprocessing-fork", "pipe_handle=99"])
        .prints("['--multiprocessing-fork', 'pipe_handle=99']\n");
}

#[test]
fn every_run_target_runs() {
    let files = |target: &str| {
        App::new(&[
            ("coldframe.toml", target),
            ("__main__.py", "print('main')"),
            (
                "other.py",
                "import sys; print('other', __name__, sys.argv[1:])\ndef go(): print('go'); return 4\n",
            ),
            ("pkg/__init__.py", "print('init')"),
            ("pkg/__main__.py", "print('pkg', __name__, __package__)"),
        ])
    };
    for (target, expected, code) in [
        ("", "main\n", 0),
        ("run = { module = 'other' }", "other __main__ ['x']\n", 0),
        ("run = { module = 'pkg' }", "init\npkg __main__ pkg\n", 0),
        ("run = { entry-point = 'other:go' }", "other other ['x']\ngo\n", 4),
        ("run = { code = 'import sys; print(__name__, sys.argv)' }", "__main__ ['-c', 'x']\n", 0),
        ("[build]\nentry = 'other:go'", "other other ['x']\ngo\n", 4),
    ] {
        let outcome = files(target).run(["x"]).outcome();
        assert_eq!(
            (outcome.stdout.as_str(), outcome.ending()),
            (expected, Ok(code)),
            "{target}: {outcome:#?}"
        );
    }
    let app = files("run = { script = '$ORIGIN/side.py' }");
    let executable = app.build("scripted", &[]);
    fs::write(app.beside("side.py"), "import other; print('side', __name__)").unwrap();
    Child::new(executable).arg("x").prints("other other ['x']\nside __main__\n");
}

#[test]
fn python_behaves_as_python() {
    for (arguments, input, expected) in [
        (
            &["-c", "import sys; print(sys.argv, hasattr(sys, 'frozen'))", "a"] as &[&str],
            "",
            "['-c', 'a'] False\n",
        ),
        (&["-m", "json.tool", "--compact"], "[1,  2]", "[1,2]\n"),
        (&["-"], "print(1 + 1)", "2\n"),
        (&[], "print(2 + 2)", "4\n"),
        (&["-I", "-c", "import sys; print(sys.flags.isolated)"], "", "1\n"),
        (&["-O", "-c", "assert False; print('optimised')"], "", "optimised\n"),
        (
            &["-X", "utf8=0", "-W", "error", "-c", "import sys; print(sys.warnoptions)"],
            "",
            "['error']\n",
        ),
    ] {
        coldframe(["python"]).args(arguments).input(input).prints(expected);
        Child::new(COLDFRAME)
            .env("COLDFRAME_PYTHON", "1")
            .args(arguments)
            .input(input)
            .prints(expected);
    }
    let folders =
        "import os, sys; print(*(os.path.abspath(name) in sys.path for name in ('/one', '/two')))";
    for (flag, expected) in
        [("-s", "True True\n"), ("-E", "False False\n"), ("-I", "False False\n")]
    {
        coldframe(["python", flag, "-c", folders])
            .env("PYTHONPATH", std::env::join_paths(["/one", "/two"]).unwrap())
            .prints(expected);
    }
    let outcome = coldframe(["python", "-c", "import sys; sys.exit(9)"]).outcome();
    assert_eq!(outcome.ending(), Ok(9));
    let version = coldframe(["python", "--version"]).ok();
    assert!(
        version.starts_with(&format!("Python {}.", launcher::command_parts::PYTHON_VERSION)),
        "{version}"
    );
}
