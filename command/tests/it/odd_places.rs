//! Executables in places where an application is not usually started: their behaviour beside `python`'s.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use launcher::command_parts::BUILD_PYTHON;

use crate::support::{App, Child, METHODS, skipped};

/// Says where it is, uses an extension module, and has a pool under each start method that it is asked for.
pub(crate) const APPLICATION: &str = "
import os, sys
def square(number): return number * number
def main():
    import json, ctypes
    print(ascii(os.path.basename(sys.executable)), sys.argv[1:], json.loads('[1]'), flush=True)
    import multiprocessing
    for method in sys.argv[1:]:
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(3)), flush=True)
if __name__ == '__main__': main()
";

/// The output of [`APPLICATION`].
pub(crate) fn expected(name: &str, methods: &[&str]) -> String {
    let pools: String = methods.iter().map(|method| format!("{method} [0, 1, 4]\n")).collect();
    format!("'{name}' {methods:?} [1]\n{pools}").replace('"', "'")
}

/// Puts the executable, and the libpython that may lie beside it, in another folder.
fn install(built: &Path, folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    for entry in fs::read_dir(built.parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name().to_string_lossy().starts_with("libpython") {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    let installed = folder.join("program");
    fs::copy(built, &installed).unwrap();
    installed
}

fn python(code: &str) -> Child {
    Child::new(BUILD_PYTHON).args(["-I", "-S", "-c", code])
}

/// A shell in a mount namespace of its own, which prepares the place by `setup` and becomes `"$@"`; without the rights for
/// that the test is skipped.
pub(crate) fn in_namespace(test: &str, options: &[&str], setup: &str) -> Option<Child> {
    let unshare =
        |script: &str| Child::new("unshare").args(options).args(["sh", "-ec", script, "sh"]);
    if unshare("mount -t tmpfs none /mnt").outcome().status.success() {
        return Some(unshare(&format!("{setup}\nexec \"$@\"")));
    }
    skipped(test, "only root can mount here (`unshare -m`)");
    None
}

/// Without `/proc`, or where a path is too long, the dynamic linker does not know where a program lies, so a shared
/// libpython beside it is found by this alone.
pub(crate) fn with_libpython(child: Child, program: &Path) -> Child {
    child.env("LD_LIBRARY_PATH", program.parent().unwrap())
}

#[test]
fn without_proc_it_starts_and_has_workers() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let folder = built.parent().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let cached = app.beside("cache");
    // By its whole path, by a relative one, by the search path, and by a link.
    std::os::unix::fs::symlink(&built, app.beside("link")).unwrap();
    for program in [built.as_os_str(), "./program".as_ref(), "program".as_ref(), "./link".as_ref()]
    {
        let Some(child) = in_namespace("no /proc", &["-m"], "mount -t tmpfs none /proc") else {
            return;
        };
        let child = with_libpython(child.of(&app), &built);
        let child = child.arg(program).args(METHODS).current_dir(folder);
        let child = child.env("PATH", &path).env("COLDFRAME_CACHE_DIR", &cached);
        child.prints(&expected("program", &METHODS));
    }
}

#[test]
fn a_script_may_name_it_as_its_interpreter() {
    use std::os::unix::fs::PermissionsExt;

    let app = App::script(
        "import os, sys\nprint(os.path.basename(sys.executable), sys.argv[1:] == [sys.argv[1]], sys.argv[1][-6:])",
    );
    let built = app.build("program", &[]);
    let script = app.beside("script");
    fs::write(&script, format!("#!{}\n", built.display())).unwrap();
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    Child::new(&script).of(&app).prints("program True script\n");
    let without_proc = "mount -t tmpfs none /proc";
    let Some(child) = in_namespace("a script without /proc", &["-m"], without_proc) else { return };
    with_libpython(child.of(&app), &built).arg(&script).prints("program True script\n");
}

#[test]
fn folders_may_have_any_name() {
    let app = App::new(&[
        ("__main__.py", &APPLICATION.replace("def main():", "def main():\n    import beside")),
        ("coldframe.toml", "filesystem-importer = true\nmodule-search-paths = ['$ORIGIN/library']"),
    ]);
    let built = app.build("program", &[]);
    for name in [
        OsString::from("a folder"),
        OsString::from("a\ttab"),
        OsString::from("a\nline"),
        OsString::from("gr\u{fc}n"),
        OsString::from("quotes'\"$HOME"),
        OsString::from("x (deleted)"),
        OsString::from_vec(b"latin-gr\xfcn".to_vec()),
    ] {
        let folder = app.beside("places").join(&name);
        let installed = install(&built, &folder);
        fs::create_dir(folder.join("library")).unwrap();
        fs::write(folder.join("library/beside.py"), "").unwrap();
        Child::new(&installed).of(&app).args(METHODS).prints(&expected("program", &METHODS));
    }
}

/// The kernel marks the name of a file that is no more by these words.
#[test]
fn a_program_may_be_called_deleted() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let name = built.with_file_name("program (deleted)");
    fs::rename(&built, &name).unwrap();
    Child::new(&name).of(&app).arg("spawn").prints(&expected("program (deleted)", &["spawn"]));
}

/// Goes down into folders until the path is longer than the system takes, and starts it by a relative path from there.
const DEEP: &str = "
import os, sys
os.chdir(sys.argv[1])
for _ in range(int(sys.argv[2])):
    os.mkdir('d' * 199)
    os.chdir('d' * 199)
for name in os.listdir(sys.argv[1]):
    if name.startswith(('program', 'libpython')): os.link(os.path.join(sys.argv[1], name), name)
os.execv('./program', ['./program', *sys.argv[3:]])
";

#[test]
fn folders_may_be_deep() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let n_folders = (4000 - built.as_os_str().len()) / 200;
    let child = python(DEEP).of(&app).arg(built.parent().unwrap()).arg(n_folders.to_string());
    child.args(METHODS).prints(&expected("program", &METHODS));
}

#[test]
fn paths_may_be_longer_than_the_system_takes() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    // Spawned workers change to the current folder by its path, which fails under `python` too.
    let child = python(DEEP).of(&app).arg(built.parent().unwrap()).arg("30");
    with_libpython(child, &built).arg("fork").prints(&expected("program", &["fork"]));
}

#[test]
fn however_it_is_started_it_is_the_application() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let program = built.to_str().unwrap();
    for (code, name) in [
        (
            "os.symlink(program, program + '-link'); os.execv(program + '-link', ['x', *rest])",
            "program",
        ),
        (
            "os.link(program, program + '-hard'); os.execv(program + '-hard', ['x', *rest])",
            "program-hard",
        ),
        (
            "os.environ['PATH'] = os.path.dirname(program); os.execvp('program', ['program', *rest])",
            "program",
        ),
        ("os.execve(os.open(program, os.O_RDONLY), ['program', *rest], os.environ)", "program"),
        (
            "d = os.open(program, 0); os.set_inheritable(d, True); os.execv(f'/dev/fd/{d}', ['y', *rest])",
            "program",
        ),
    ] {
        let child = python(&format!("import os, sys\nprogram, *rest = sys.argv[1:]\n{code}"));
        child.of(&app).arg(program).args(METHODS).prints(&expected(name, &METHODS));
    }
    // In a folder that is gone, where spawned workers could not go, under `python` neither.
    let code = "import os, sys\nos.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); os.execv(sys.argv[1], sys.argv[1:])";
    python(code).of(&app).args([program, "fork"]).prints(&expected("program", &["fork"]));
    // An empty name, by which no shell can find it, and no arguments at all.
    let empty = ["-c", "exec -a '' \"$@\"", "bash", program];
    Child::new("bash").of(&app).args(empty).args(METHODS).prints(&expected("program", &METHODS));
    let code = "
import ctypes, os, sys
ctypes.CDLL(None).execve(os.fsencode(sys.argv[1]), (ctypes.c_char_p * 1)(), (ctypes.c_char_p * 1)())
";
    python(code).of(&app).arg(program).prints(&expected("program", &[]));
}

#[test]
fn as_the_first_process_of_a_namespace_it_is_the_application() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let options = ["-m", "-p", "-f", "--mount-proc"];
    let Some(child) = in_namespace("as PID 1", &options, "") else { return };
    child.of(&app).arg(&built).args(METHODS).prints(&expected("program", &METHODS));
    // Without a default action for the signal, as `python` ends there.
    let app = App::script("import os\nprint(os.getpid(), flush=True)\nraise KeyboardInterrupt");
    let built = app.build("program", &[]);
    let endings: Vec<_> = [
        vec![built.into_os_string()],
        vec![BUILD_PYTHON.into(), "-I".into(), app.file("script.py").into()],
    ]
    .iter()
    .map(|command| {
        let child = in_namespace("as PID 1", &options, "").unwrap().of(&app).args(command);
        let outcome = child.outcome();
        (outcome.ending(), outcome.stdout)
    })
    .collect();
    assert_eq!(endings, [(Ok(130), "1\n".to_owned()), (Ok(130), "1\n".to_owned())]);
}

/// Replaces, renames or removes its own executable, and only then starts workers.
const RESTARTED: &str = "
import os, sys
def build(number): return 'old'
if __name__ == '__main__':
    import multiprocessing
    how, method = sys.argv[1:]
    path = sys.executable
    if how == 'removed': os.unlink(path)
    if how == 'renamed': os.rename(path, path + '.old')
    if how == 'replaced': os.rename(path + '.next', path)
    try:
        with multiprocessing.get_context(method).Pool(2, maxtasksperchild=1) as pool:
            print(os.path.basename(path), pool.map(build, range(6), chunksize=1), flush=True)
    except RuntimeError as error:
        print(error)
";

#[test]
fn workers_are_of_the_program_that_runs_whatever_its_name_is_by_now() {
    let app = App::script(RESTARTED);
    let old = app.build("old", &[]);
    app.write("script.py", &RESTARTED.replace("'old'", "'new'"));
    let new = app.build("new", &[]);
    let without_proc = "mount -t tmpfs none /proc";
    for how in ["removed", "renamed", "replaced"] {
        for method in METHODS {
            let program = install(&old, &app.beside(&format!("{how}-{method}")));
            let start = || {
                fs::copy(&old, &program).unwrap();
                fs::copy(&new, program.with_extension("next")).unwrap();
            };
            start();
            let all = format!("program {:?}\n", ["old"; 6]).replace('"', "'");
            Child::new(&program).of(&app).args([how, method]).prints(&all);
            start();
            let Some(child) = in_namespace("replaced without /proc", &["-m"], without_proc) else {
                continue;
            };
            let child = with_libpython(child.of(&app), &program);
            let printed = child.arg(&program).args([how, method]).ok();
            // A forked process executes nothing.
            let stopped = "was replaced or removed while it runs, and without `/proc`";
            assert!(printed == all && method == "fork" || printed.contains(stopped), "{printed}");
        }
    }
}

#[test]
fn a_worker_of_another_build_says_so() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let worker = [
        "-c",
        "from multiprocessing.spawn import spawn_main; spawn_main(parent_pid=1, pipe_handle=0)",
        "--multiprocessing-fork",
    ];
    let told = format!("0123456789abcdef\t{}", built.display());
    let outcome = Child::new(&built).of(&app).args(worker).env("COLDFRAME_BUILD", told).outcome();
    assert_eq!(outcome.ending(), Ok(3), "{outcome:#?}");
    assert!(outcome.stderr.contains("started by another build of `"), "{outcome:#?}");
}

/// Starts it from a file in memory: it has no name at all.
#[test]
fn a_program_in_memory_has_workers() {
    let app = App::script(APPLICATION);
    let built = app.build("program", &[]);
    let code = "
import os, shutil, sys
program, *rest = sys.argv[1:]
memory = os.memfd_create('program')
with open(program, 'rb') as read, os.fdopen(os.dup(memory), 'wb') as write: shutil.copyfileobj(read, write)
os.environ['LD_LIBRARY_PATH'] = os.path.dirname(program)
os.execve(memory, ['program', *rest], os.environ)
";
    python(code).of(&app).arg(&built).args(METHODS).prints(&expected("exe", &METHODS));
}
