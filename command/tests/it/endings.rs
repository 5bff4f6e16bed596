//! The ends of processes: exit codes, signals and texts on standard error, as `python` has them.

use std::fs::File;
use std::path::MAIN_SEPARATOR;

use crate::support::{App, Child, minor, stdlib};

/// One way to end, by the name in the first argument.
const SCENARIOS: &str = r#"
import atexit, os, signal, sys, threading, time

class Code(SystemExit):
    code = 9

class Odd(Exception):
    def __str__(self): raise ValueError("no text")

class Unraisable:
    def __del__(self): raise ValueError("in __del__")

def nested():
    try:
        {}["missing"]
    except KeyError as error:
        raise ValueError("ünïcode") from error

def recursion():
    return recursion()

def in_thread(target):
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()

def raises(error):
    raise error

def hooked(*arguments):
    print("hook", arguments[0].__name__)
    sys.exit(6)

def several():
    for number in range(3):
        atexit.register(print, "atexit", number)
    keep = Unraisable()
    print("end of main")

def use_hook():
    sys.excepthook = hooked
    1 / 0

def handled_interrupt():
    signal.signal(signal.SIGINT, lambda *_: print("handled"))
    os.kill(os.getpid(), signal.SIGINT)

def interrupt():
    print("before")
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(20)

def no_stderr():
    sys.stderr = None
    sys.exit("nobody reads this")

def daemon():
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

def late_thread():
    threading.Thread(target=lambda: (time.sleep(0.1), print("late"))).start()
    print("main is done")

class Unprintable:
    def __str__(self): raise ValueError("unprintable")

SCENARIOS = {
    "nothing": lambda: None,
    "exit-3": lambda: sys.exit(3),
    "exit-text": lambda: sys.exit("a ünïcode text"),
    "exit-none": lambda: sys.exit(None),
    "exit-true": lambda: sys.exit(True),
    "exit-minus-1": lambda: sys.exit(-1),
    "exit-261": lambda: sys.exit(256 + 5),
    "exit-huge": lambda: sys.exit(1 << 80),
    "exit-list": lambda: sys.exit([1, 2]),
    "exit-empty-text": lambda: sys.exit(""),
    "exit-class": lambda: raises(SystemExit),
    "exit-subclass": lambda: raises(Code()),
    "exit-unprintable": lambda: sys.exit(Unprintable()),
    "exit-in-thread": lambda: in_thread(lambda: sys.exit(4)),
    "exit-without-stderr": no_stderr,
    "os-exit": lambda: os._exit(7),
    "error": lambda: raises(ValueError("bad value")),
    "error-chained": nested,
    "error-in-thread": lambda: in_thread(nested),
    "error-odd": lambda: raises(Odd()),
    "error-recursion": recursion,
    "error-syntax": lambda: compile("a b", "made up", "exec"),
    "error-base": lambda: raises(BaseException("base")),
    "error-generator-exit": lambda: raises(GeneratorExit()),
    "excepthook": use_hook,
    "atexit": several,
    "atexit-error": lambda: atexit.register(raises, ValueError("in atexit")),
    "atexit-exit": lambda: atexit.register(sys.exit, 5),
    "interrupt": interrupt,
    "interrupt-raised": lambda: raises(KeyboardInterrupt()),
    "interrupt-handled": handled_interrupt,
    "interrupt-default": lambda: (signal.signal(signal.SIGINT, signal.SIG_DFL), interrupt()),
    "terminated": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "aborted": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "daemon-thread": daemon,
    "late-thread": late_thread,
    "unflushed": lambda: sys.stdout.write("no line feed"),
    "closed-stdout": lambda: sys.stdout.close(),
}

if __name__ == "__main__":
    if sys.argv[1] == "list":
        print(*SCENARIOS, sep="\n")
    else:
        SCENARIOS[sys.argv[1]]()
"#;

/// The end and the output of a process, with paths and addresses replaced by names.
fn shown(child: Child, app: &App) -> String {
    let outcome = child.outcome();
    let script = app.file("script.py");
    let mut shown = outcome.shown(&[(script.to_str().unwrap(), "SCRIPT"), (stdlib(), "STDLIB")]);
    let archive = shown.split_inclusive(".coldframe").find_map(|part| {
        let (_, path) = part.rsplit_once('"')?;
        path.ends_with(".coldframe").then(|| path.to_owned())
    });
    if let Some(archive) = archive {
        shown = shown
            .replace(&format!("{archive}{MAIN_SEPARATOR}script.py"), "SCRIPT")
            .replace(&archive, "STDLIB");
    }
    let mut parts = shown.split("0x");
    let mut result = parts.next().unwrap().to_owned();
    for part in parts {
        result.push_str("0x…");
        result.push_str(part.trim_start_matches(|character: char| character.is_ascii_hexdigit()));
    }
    result
}

/// Without the source lines in tracebacks.
fn without_source(shown: &str) -> String {
    shown.split_inclusive('\n').filter(|line| !line.starts_with("    ")).collect()
}

#[test]
fn every_ending_is_that_of_python() {
    let app = App::script(SCENARIOS);
    let names = app.run(["list"]).ok();
    assert!(names.lines().count() > 30);
    let mut differences = String::new();
    for name in names.lines() {
        let mut ours = shown(app.run([name]), &app);
        // Ours has UTF-8 mode, and under Windows stock Python writes files in another encoding.
        let mut theirs = shown(app.python_with(["-X", "utf8"]).arg(name), &app);
        // From 3.14 on the interpreter asks `traceback` to report what nobody could catch, for as long as that can be
        // imported.
        let is_ignored =
            theirs.contains("Exception ignored ") || theirs.contains("Error in atexit");
        if minor() >= 14 && is_ignored {
            theirs = without_source(&theirs);
            ours = without_source(&ours);
        }
        // 3.13.0 forgets to clear an exception of its own on the way out, and stumbles over it.
        if let Some((before, after)) =
            theirs.split_once("Exception ignored on threading shutdown:\n")
            && after.contains("returned a result with an exception set")
        {
            theirs = before.to_owned();
        }
        // Up to 3.11 the interpreter and its own `traceback` do not agree on how to name classes of `__main__`,
        // and up to 3.10 on how to show what cannot be shown.
        if minor() < 12 {
            theirs = theirs.replace("__main__.", "");
        }
        if minor() < 11 {
            theirs = theirs.replace("<exception str() failed>", "<unprintable Odd object>");
        }
        if ours != theirs {
            differences.push_str(&format!(
                "{name}\n<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> python -I\n\n"
            ));
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn a_full_standard_output_is_exit_code_120() {
    let app = App::script("print('x' * 100)");
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let ours = shown(app.run([""; 0]).stdout_to(full()), &app);
    assert!(ours.starts_with("exit code 120\n"), "{ours}");
    assert_eq!(ours, shown(app.python([""; 0]).stdout_to(full()), &app));
}

/// On Windows `os.kill` ends a process with the number as its exit code.
const INTERRUPT: (&str, Result<i32, i32>, &str) = match cfg!(windows) {
    true => ("interrupt", Ok(2), ""),
    false => ("interrupt", Err(2), "KeyboardInterrupt"),
};

#[test]
fn entry_points_end_as_installed_scripts_do() {
    let app = App::new(&[(
        "tool.py",
        "\
import os, signal, time
def nothing(): pass
def number(): return 3
def text(): return 'something is wrong'
def error(): raise LookupError('lost')
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(20)
class Group:
    def run(self): return 8
group = Group()
",
    )]);
    for (function, ending, last_line) in [
        ("nothing", Ok(0), ""),
        ("number", Ok(3), ""),
        ("group.run", Ok(8), ""),
        ("text", Ok(1), "something is wrong"),
        ("error", Ok(1), "LookupError: lost"),
        INTERRUPT,
    ] {
        let outcome = app.run_with(["--entry", &format!("tool:{function}")], [""; 0]).outcome();
        let said = outcome.stderr.lines().last().unwrap_or_default();
        assert_eq!((outcome.ending(), said), (ending, last_line), "{outcome:#?}");
        // Nothing of ours and nothing of importlib stands in a traceback.
        assert!(
            !outcome.stderr.contains("importlib") && !outcome.stderr.contains("_coldframe"),
            "{outcome:#?}"
        );
    }
}

#[test]
fn tracebacks_show_source_from_the_archive_and_no_frame_of_ours() {
    let app = App::new(&[
        ("__main__.py", "import outer\n"),
        ("outer.py", "from inner import deep\n\ndeep(lambda: json.loads('{'))\nimport json\n"),
        ("inner/__init__.py", "from .deepest import deep\n"),
        ("inner/deepest.py", "import json\ndef deep(f):\n    json.loads('{')  # here\n"),
    ]);
    let outcome = app.run([""; 0]).outcome();
    assert_eq!(outcome.ending(), Ok(1));
    let frames = outcome.stderr.lines().filter_map(|line| line.trim().strip_prefix("File \""));
    let frames: Vec<_> = frames
        .map(|frame| {
            let (path, place) = frame.split_once("\", ").unwrap();
            let path = path.replace(MAIN_SEPARATOR, "/");
            let (_, path) = path.split_once(".coldframe/").unwrap_or(("", &path));
            (path.to_owned(), place.split(", in ").nth(1).unwrap().to_owned())
        })
        .collect();
    let expected = [
        ("__main__.py", "<module>"),
        ("outer.py", "<module>"),
        ("inner/deepest.py", "deep"),
        ("json/__init__.py", "loads"),
        ("json/decoder.py", "decode"),
        ("json/decoder.py", "raw_decode"),
    ];
    assert_eq!(
        frames,
        expected.map(|(path, name)| (path.to_owned(), name.to_owned())),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("json.loads('{')  # here"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("obj, end = self.scan_once(s, idx)"), "{}", outcome.stderr);
}

#[test]
fn a_daemon_thread_inside_of_an_import_ends_with_the_process() {
    let app = App::new(&[
        (
            "__main__.py",
            "\
import threading, time
for _ in range(2):
    threading.Thread(target=__import__, args=('slow',), daemon=True).start()
time.sleep(0.1)
print('end')
",
        ),
        ("slow.py", "import time\nwhile True: time.sleep(0.001)\n"),
    ]);
    app.run([""; 0]).prints("end\n");
}
