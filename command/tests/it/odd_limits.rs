//! Executables on systems that refuse things: the parts that still work, and the errors.

use launcher::command_parts::BUILD_PYTHON;

use crate::odd_places::{APPLICATION, expected, in_namespace, with_libpython};
use crate::support::{App, COLDFRAME, Child, METHODS, listing};

/// Refuses a system call (its number, then the error's), and becomes the rest of the command line.
const REFUSE: &str = r#"
import ctypes, os, struct, sys
number, error, *command = sys.argv[1:]
def step(code, value, then=0, otherwise=0): return struct.pack("HBBI", code, then, otherwise, value)
# Load the number; if it is that one, the error, else go on (linux/filter.h, linux/seccomp.h).
steps = step(0x20, 0) + step(0x15, int(number), 0, 1) + step(0x06, 0x00050000 | int(error)) + step(0x06, 0x7fff0000)
steps = ctypes.create_string_buffer(steps)
class Program(ctypes.Structure): _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(Program(4, ctypes.addressof(steps))), 0, 0) == 0
os.execv(command[0], command)
"#;

/// The built program behind what changes the place for it.
fn limited(command: &str, program: &str) -> Child {
    let script = format!("{command}; exec \"$@\"");
    Child::new("bash").args(["-c", &script, "bash", program])
}

#[test]
#[cfg(target_arch = "x86_64")]
fn what_a_filter_refuses_is_done_without() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let (memfd_create, timer_create) = ("319", "222");
    let (permitted, again, no_call) = ("1", "11", "38");
    for (call, error) in [
        (memfd_create, permitted),
        (memfd_create, no_call),
        (timer_create, again),
        (timer_create, no_call),
    ] {
        let child = Child::new(BUILD_PYTHON).of(&app).args(["-I", "-S", "-c", REFUSE, call, error]);
        child.arg(&built).args(METHODS).prints(&expected("program", &METHODS));
    }
}

/// After a crash of the machine there is the whole file, or none: a disk that does not say that it has it all gives no file.
#[test]
#[cfg(target_arch = "x86_64")]
fn nothing_gets_its_name_before_it_is_on_the_disk() {
    let app = App::script("print('ran')");
    let (fsync, broken) = ("74", "5");
    let (out, cache) = (app.beside("out"), app.beside("cache"));
    for command in [["build", "-o"].as_slice(), ["build", "--archive", "-o"].as_slice(), &["run"]] {
        let child =
            Child::new(BUILD_PYTHON).of(&app).args(["-I", "-S", "-c", REFUSE, fsync, broken]);
        let child = child.env("COLDFRAME_CACHE_DIR", &cache).arg(COLDFRAME).args(command);
        let child = if command[0] == "run" { child } else { child.arg(&out) };
        let outcome = child.arg(app.target()).outcome();
        assert_eq!(outcome.ending(), Ok(4), "{command:?}: {outcome:#?}");
        assert_eq!(outcome.stdout, "", "{command:?}");
        assert!(!out.exists(), "{command:?}");
    }
    let archives = listing(&cache.join("archives-v1"));
    let named = archives.iter().filter(|name| name.to_string_lossy().ends_with(".coldframe"));
    assert_eq!(named.count(), 0, "{archives:?}");
}

#[test]
fn where_limits_are_low_it_works_as_python_does() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let program = built.to_str().unwrap();
    for name in ["libffi.so.8", "libffi.so.7", "libssl.so.3", "libcrypto.so.3", "libz.so.1"] {
        app.write(&format!("libraries/{name}"), "this is no library");
    }
    let all: &[&str] = &METHODS;
    for (limit, methods) in [
        ("ulimit -i 0", all),
        ("ulimit -n 8", &[]),
        ("ulimit -v 400000", all),
        ("export TMPDIR=/nowhere HOME=/etc/passwd; unset COLDFRAME_CACHE_DIR", all),
        // Other libraries of the names that packed ones have. (Not a libpython: a shared one would be taken.)
        ("export LD_LIBRARY_PATH=$PWD/libraries", all),
        ("export LARGE=$(printf '%0100000d' 0)", all),
    ] {
        let child = limited(limit, program).of(&app).current_dir(app.path());
        child.args(methods).prints(&expected("program", methods));
    }
}

/// Nothing there can be executed, and nothing has to be.
#[test]
fn where_no_file_may_be_executed_it_works() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let no_exec = "mount -t tmpfs -o noexec none /mnt; export TMPDIR=/mnt HOME=/mnt COLDFRAME_CACHE_DIR=/mnt/cache";
    let Some(child) = in_namespace("noexec", &["-m"], no_exec) else { return };
    child.of(&app).arg(&built).args(METHODS).prints(&expected("program", &METHODS));
}

#[test]
fn where_nothing_can_be_written_the_error_says_so() {
    let app = App::script(
        "import sys\ntry: import _ctypes\nexcept Exception as error: sys.exit(f'{type(error).__name__}: {error}')",
    );
    let built = app.build("program", &[]);
    let no_exec = "mount -t tmpfs none /proc; mount -t tmpfs -o noexec none /mnt; export COLDFRAME_CACHE_DIR=/mnt/cache";
    let Some(child) = in_namespace("noexec", &["-m"], no_exec) else { return };
    let outcome = with_libpython(child.of(&app), &built).arg(&built).outcome();
    for part in [
        "ImportError: cannot import `_ctypes`",
        "`/mnt/cache/libraries",
        "`noexec`",
        "`COLDFRAME_CACHE_DIR`",
    ] {
        assert!(outcome.stderr.contains(part), "{part}\n{outcome:#?}");
    }
    // Through a pipe, for the test's own files could not be written either.
    let script = "set -o pipefail; (ulimit -f 0; exec \"$@\") 2>&1 | cat";
    let child = Child::new("bash").of(&app).args(["-c", script, "bash"]).arg(&built);
    let outcome = child.env("COLDFRAME_CACHE_DIR", app.beside("cache")).outcome();
    assert_eq!(outcome.ending(), Ok(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("raise the limit (`ulimit -f`)"), "{outcome:#?}");
}

#[test]
fn a_root_that_cannot_be_written_needs_no_folders() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let setup = format!(
        "mount -t tmpfs none /mnt; cp {}/program {0}/libpython* /mnt/ 2>/dev/null || test -e /mnt/program
         mount -t tmpfs -o ro none /tmp; mount -o remount,bind,ro /; unset HOME COLDFRAME_CACHE_DIR",
        built.parent().unwrap().display()
    );
    let Some(child) = in_namespace("a read-only root", &["-m"], &setup) else { return };
    child.of(&app).args(["/mnt/program", "fork"]).prints(&expected("program", &["fork"]));
}

/// Semaphores lie there: under `python` the same is raised.
#[test]
fn without_shared_memory_a_pool_raises_what_python_raises() {
    let app = App::script(
        "import multiprocessing\ntry: multiprocessing.get_context('spawn').Pool(1)\nexcept OSError as error: print(repr(error))",
    );
    let built = app.build("program", &[]);
    for setup in ["mount -t tmpfs -o ro none /dev/shm", "mount -t tmpfs none /dev"] {
        let run = |command: &[&std::ffi::OsStr]| {
            let child = in_namespace("no /dev/shm", &["-m"], setup)?;
            Some(child.of(&app).args(command).ok())
        };
        let Some(ours) = run(&[built.as_os_str()]) else { return };
        let script = app.file("script.py");
        let theirs = run(&[BUILD_PYTHON.as_ref(), "-I".as_ref(), script.as_os_str()]);
        assert_eq!(Some(&ours), theirs.as_ref());
        assert!(ours.contains("Error"), "{ours}");
    }
}
