//! Windows around a program: consoles and their events, long paths, parents that are killed, files that are in use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{App, Child, cache, coldframe, skipped};

/// Text that an application prints where the system cannot do what is tried.
const CANNOT: &str = "cannot:";

/// Runs a script under stock Python and as one executable, which must print and end alike.
#[track_caller]
fn as_stock_python(test: &str, text: &str, argument: &str) {
    let app = App::script(text);
    let stock = app.python([argument]).own_console().outcome();
    if stock.stdout.starts_with(CANNOT) {
        return skipped(test, &format!("stock Python here {}", stock.stdout.trim()));
    }
    let built = app.build("built", &[]);
    let outcome = Child::new(&built).of(&app).arg(argument).own_console().outcome();
    assert_eq!(
        (outcome.status.code(), &outcome.stdout),
        (stock.status.code(), &stock.stdout),
        "{stock:#?}\n{outcome:#?}"
    );
}

/// Under wine 10, Ctrl-Break ends a process without a call of its handler.
const CONSOLE: &str = "\
import ctypes, os, signal, sys, time
kernel = ctypes.WinDLL('kernel32', use_last_error=True)
def send(event, group):
    if not kernel.GenerateConsoleCtrlEvent(event, group):
        print('cannot: send events of consoles, with error', ctypes.get_last_error(), flush=True); os._exit(0)
def rest():
    for _ in range(200): time.sleep(0.05)
    print('cannot: be reached by events of consoles', flush=True); os._exit(0)
def caught(number, frame): print('caught', signal.Signals(number).name, flush=True); sys.exit(5)
match sys.argv[1]:
    case 'interrupt':
        try: send(signal.CTRL_C_EVENT, 0); rest()
        except KeyboardInterrupt: print('interrupted', flush=True); raise
    case 'handled': signal.signal(signal.SIGINT, caught); send(signal.CTRL_C_EVENT, 0); rest()
    case 'break': signal.signal(signal.SIGBREAK, caught); send(signal.CTRL_BREAK_EVENT, 0); rest()
    case 'break-ends': send(signal.CTRL_BREAK_EVENT, 0); rest()
    case 'raised': raise KeyboardInterrupt
";

#[test]
fn events_of_consoles_do_what_they_do_under_python() {
    for argument in ["raised", "interrupt", "handled", "break", "break-ends"] {
        as_stock_python(&format!("events of consoles: {argument}"), CONSOLE, argument);
    }
}

#[test]
fn a_killed_parent_leaves_no_worker() {
    let text = "\
import multiprocessing as mp, os, subprocess, sys, time, _winapi
def rest(_): time.sleep(60)
if __name__ == '__main__':
    if sys.argv[1:] == ['parent']:
        pool = mp.Pool(2)
        pool.apply(os.getpid)
        print(*[one.pid for one in pool._pool], flush=True)
        pool.map(rest, range(2))
    else:
        parent = subprocess.Popen([sys.executable, 'parent'], stdout=subprocess.PIPE, text=True)
        pids = [int(number) for number in parent.stdout.readline().split()]
        handles = [_winapi.OpenProcess(0x100000, False, pid) for pid in pids]
        parent.kill(); parent.wait()
        print([_winapi.WaitForSingleObject(handle, 20000) for handle in handles])
";
    let app = App::script(text);
    // A worker that was about to start says that it found no parent.
    assert_eq!(Child::new(app.build("built", &[])).of(&app).ok(), "[0, 0]\n");
}

/// A folder whose path has more than 260 characters.
fn deep(folder: &Path) -> PathBuf {
    let mut deep = folder.to_owned();
    deep.extend(["d".repeat(60).as_str(); 5]);
    fs::create_dir_all(&deep).unwrap();
    deep
}

#[test]
fn paths_may_be_long() {
    let text = "\
import multiprocessing as mp, os, sys
def name(_): return len(sys.executable)
if __name__ == '__main__':
    path = os.path.join(sys.argv[1], 'file.txt')
    with open(path, 'w') as file: file.write('x')
    print(len(path) > 260, os.stat(path).st_size, os.listdir(sys.argv[1]), open(path).read())
    import sqlite3; print(sqlite3.connect(':memory:').execute('select 1').fetchone())
    with mp.Pool(1) as pool: print(pool.map(name, [0]) == [len(sys.executable)])
";
    let app = App::script(text);
    let built = app.build("built", &[]);
    let expected = "True 1 ['file.txt'] x\n(1,)\nTrue\n";
    let folder = tempfile::tempdir().unwrap();
    let folder = deep(folder.path());
    Child::new(&built).of(&app).arg(&folder).prints(expected);
    // The cache, from which its libraries are loaded, may lie deep too.
    let cache = folder.join("cache");
    let child = Child::new(&built).of(&app).env("COLDFRAME_CACHE_DIR", cache);
    fs::remove_file(folder.join("file.txt")).unwrap();
    let data = folder.join("data");
    fs::create_dir(&data).unwrap();
    child.arg(&data).prints(expected);
}

#[test]
fn programs_and_applications_may_have_unicode_names() {
    let app = App::new(&[
        (
            "__main__.py",
            "import sys, os, part; print(ascii(os.path.basename(sys.executable)), part.NAME, ascii(sys.argv[1:]))",
        ),
        ("part.py", "import _socket; NAME = 'gr\u{fc}n' == 'gr\\xfcn'"),
    ]);
    let folder = app.beside("Gr\u{fc}\u{df}e \u{1f40d}");
    fs::create_dir(&folder).unwrap();
    let program = folder.join("\u{e9}\u{65e5}.exe");
    coldframe(["build"]).arg(app.path()).arg("-o").arg(&program).ok();
    let expected = "'\\xe9\\u65e5.exe' True ['\\U0001f40d', '', 'a\"b\\\\']\n";
    Child::new(&program).of(&app).args(["\u{1f40d}", "", "a\"b\\"]).prints(expected);
}

#[test]
fn a_windowed_program_has_no_console_and_works() {
    let text = "\
import multiprocessing as mp, subprocess, sys
def twice(number): return number * 2
if __name__ == '__main__':
    with mp.Pool(2) as pool: found = pool.map(twice, range(3))
    with open(sys.argv[1], 'w') as file: print(found, file=file)
";
    /// The number of the subsystem in the header of a program.
    fn subsystem(program: &Path) -> u8 {
        let contents = fs::read(program).unwrap();
        let header = u32::from_le_bytes(contents[0x3c..0x40].try_into().unwrap()) as usize;
        contents[header + 24 + 68]
    }
    let app = App::script(text);
    for (options, expected) in [(&["--windowed"][..], 2), (&[], 3)] {
        let built = app.build("built", options);
        assert_eq!(subsystem(&built), expected, "{options:?}");
        let written = app.beside("written");
        let outcome = Child::new(&built).of(&app).arg(&written).outcome();
        assert_eq!(outcome.status.code(), Some(0), "{outcome:#?}");
        assert_eq!(fs::read_to_string(&written).unwrap().trim(), "[0, 2, 4]");
    }
}

#[test]
fn a_program_that_runs_is_replaced() {
    let app = App::script(
        "import sys; print('first', flush=True); sys.stdin.read(); import csv; print(csv.QUOTE_ALL)",
    );
    let built = app.build("built", &[]);
    let mut running = Command::new(&built)
        .env("COLDFRAME_CACHE_DIR", cache())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    app.write("script.py", "print('second')");
    // Twice, for the one before is in use still.
    for _ in 0..2 {
        app.build("built", &[]);
        Child::new(&built).of(&app).prints("second\n");
    }
    drop(running.stdin.take());
    let output = running.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
    assert_eq!((output.status.code(), text.as_str()), (Some(0), "first\n1\n"));
    app.build("built", &[]);
    let names = crate::support::listing(built.parent().unwrap());
    let left: Vec<_> =
        names.iter().filter(|name| name.to_string_lossy().starts_with(".coldframe")).collect();
    assert!(left.is_empty(), "{left:?}");
}
