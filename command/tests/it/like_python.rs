//! `coldframe python` and the Python that it was built with, given the same command line: they must end and print alike.

use launcher::command_parts::BUILD_PYTHON;

use crate::support::{App, COLDFRAME, Child, coldframe, minor};

/// The first minor version in which a case has a meaning, its name, and its arguments.
const COMMANDS: &[(u8, &str, &[&str])] = &[
    (
        9,
        "an interrupt that nothing handles",
        &[
            "-c",
            "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\nfor _ in range(999): time.sleep(0.01)",
        ],
    ),
    (
        9,
        "an interrupt that is caught",
        &[
            "-c",
            "import os, signal, time\ntry:\n os.kill(os.getpid(), signal.SIGINT); time.sleep(9)\nexcept KeyboardInterrupt: raise SystemExit(4)",
        ],
    ),
    (
        9,
        "a fault that is sent",
        &[
            "-c",
            "import os, signal, time; os.kill(os.getpid(), signal.SIGSEGV); time.sleep(1); print('survived')",
        ],
    ),
    (
        9,
        "a fault that faulthandler raises",
        &["-c", "import faulthandler; faulthandler._sigsegv(); print('survived')"],
    ),
    (
        9,
        "an error of the bus",
        &["-c", "import signal; signal.raise_signal(signal.SIGBUS); print('survived')"],
    ),
    (
        9,
        "signals at the start",
        &[
            "-c",
            "import signal; print([(one.name, signal.getsignal(one)) for one in (signal.SIGPIPE, signal.SIGSEGV, signal.SIGTERM, signal.SIGXFSZ)])",
        ],
    ),
    (
        10,
        "a warning about encodings",
        &[
            "-X",
            "warn_default_encoding",
            "-c",
            "import sys; print(sys.flags.warn_default_encoding); open('/dev/null').close()",
        ],
    ),
    (
        9,
        "the hook of threads",
        &[
            "-c",
            "import threading; print(threading.excepthook.__module__, threading.excepthook.__doc__)",
        ],
    ),
    (
        9,
        "options",
        &[
            "-X",
            "dev",
            "-W",
            "error",
            "-B",
            "-u",
            "-c",
            "import sys; print(sys.flags[:8], sys.warnoptions, sys._xoptions)",
        ],
    ),
    (
        9,
        "tracebacks with a limit",
        &[
            "-c",
            "import sys, threading
def last(): 1 / 0
def inner():
    try: last()
    except Exception as error: raise ValueError() from error
def outer(): inner()
for limit in (None, 10, 2, 1, True, 0, -1, 1 << 99, -1 << 99, 1.5):
    sys.tracebacklimit = limit
    try: outer()
    except ValueError: info = sys.exc_info()
    sys.excepthook(*info)
    threading.excepthook(threading.ExceptHookArgs((*info, threading.Thread(name=str(limit)))))
sys.tracebacklimit = 1
outer()",
        ],
    ),
    #[cfg(unix)]
    (
        9,
        "programs that nobody can start",
        &[
            "-c",
            "import _posixsubprocess
class List:
    def __len__(self): return 1
for count in range(17, 26):
    for args, programs in ((List(), [b'program']), ((), List()), ((), None)):
        try: _posixsubprocess.fork_exec(args, programs, True, (), *[9] * (count - 4))
        except (TypeError, ValueError) as error: print(error)",
        ],
    ),
    (9, "a missing script", &["/nothing/of/that/name.py"]),
];

#[test]
fn processes_end_as_those_of_python() {
    let app = App::script("");
    for (since, title, arguments) in COMMANDS {
        if *since > minor() {
            continue;
        }
        let theirs = Child::new(BUILD_PYTHON).of(&app).args(*arguments).outcome();
        let ours = coldframe(["python"]).of(&app).args(*arguments).outcome();
        // Python names the program as the system does: under wine with the letter of a drive, which its starter left out.
        let shown = |text: &str, program: &str| {
            let program = std::path::absolute(program).unwrap_or_else(|_| program.into());
            text.replace(&program.display().to_string(), "PYTHON")
        };
        assert_eq!(ours.ending(), theirs.ending(), "{title}: {ours:#?} {theirs:#?}");
        assert_eq!(ours.stdout, theirs.stdout, "{title}");
        assert_eq!(shown(&ours.stderr, COLDFRAME), shown(&theirs.stderr, BUILD_PYTHON), "{title}");
    }
}

#[test]
fn an_interpreter_that_does_not_start_says_the_reason() {
    let child = coldframe(["python", "-X", "tracemalloc=1000000", "-c", ""]);
    let outcome = child.outcome();
    let reason = "ValueError: the number of frames must be in range [1; 65535]";
    assert!(outcome.stderr.contains(reason), "{outcome:#?}");
}

#[test]
#[cfg(target_os = "linux")]
fn streams_that_are_closed_stay_closed() {
    let code = "import os, sys; os.write(int(sys.argv[1]), repr([sys.stdin, sys.stdout, sys.stderr].index(None)).encode())";
    let app = App::script(code);
    let built = app.build("built", &[]);
    for (closed, stream) in [("<&-", 0), (">&-", 1), ("2>&-", 2)] {
        let tell = if stream == 1 { "2" } else { "1" };
        let shell = Child::new("sh").args(["-c", &format!("exec \"$0\" {tell} {closed}")]);
        let outcome = shell.arg(&built).of(&app).outcome();
        let told = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_eq!(told, stream.to_string(), "{closed}: {outcome:#?}");
    }
}

#[test]
fn the_search_path_of_the_environment_comes_first() {
    let app = App::new(&[("elsewhere/mine.py", "")]);
    let code = "import mine, sys; print(sys.path.index(sys.argv[1]), getattr(sys.flags, 'warn_default_encoding', 1))";
    let child = coldframe(["python", "-X", "warn_default_encoding", "-c", code]).of(&app);
    let elsewhere = app.file("elsewhere");
    // Behind the folder of the script, which is the current one here.
    child.arg(&elsewhere).env("PYTHONPATH", &elsewhere).prints("1 1\n");
}
