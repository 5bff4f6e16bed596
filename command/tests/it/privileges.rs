//! Rights to a Python: set users and foreign command lines open none.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use crate::odd_places::in_namespace;
use crate::support::{App, Child, listing, skipped};

const SHOWS: &str = "import os, sys\nprint('application', sys.argv[1:])";
/// Whether code of a library is mapped from the archive.
const SHOWS_MAPS: &str = "if sys.argv[1:] == ['maps']: import unicodedata; print('r-xs' in open('/proc/self/maps').read())";
const EXECNET: &str = "import sys;exec(eval(sys.stdin.readline()))";
/// `nobody` on Debian: a user who owns nothing.
const NOBODY: u32 = 65534;

#[test]
fn a_library_that_is_not_packed_has_no_workers() {
    let app = App::script(SHOWS);
    let built = app.build("built", &[]);
    for line in [
        vec!["-u", "-c", EXECNET],
        vec!["--billiard-fork", "pipe_handle=3"],
        vec!["-c", "from loky.backend.resource_tracker import main; main(3, False)"],
        vec!["-u", "-m", "anyio.to_process"],
    ] {
        let shown = format!("application {line:?}\n").replace('"', "'");
        Child::new(&built).of(&app).args(&line).prints(&shown);
    }
}

#[test]
fn a_set_user_believes_neither_variables_nor_names_nor_workers() {
    let test = "a_set_user_believes_neither_variables_nor_names_nor_workers";
    let shows = format!("{SHOWS}\n{SHOWS_MAPS}");
    let app = App::script(&shows);
    // Without `multiprocessing` in it, no command line is a worker's.
    let built = app.build("built", &["--standard-library", "whole"]);
    let open = app.folder();
    fs::set_permissions(open.path(), fs::Permissions::from_mode(0o755)).unwrap();
    if chown(&built, Some(0), Some(0)).is_err() {
        return skipped(test, "only root can make an executable that sets the user");
    }
    fs::set_permissions(&built, fs::Permissions::from_mode(0o4755)).unwrap();
    let of_root = app.beside("of-root");
    fs::write(&of_root, "").unwrap();
    fs::set_permissions(&of_root, fs::Permissions::from_mode(0o600)).unwrap();
    let named = app.beside("python3");
    symlink(&built, &named).unwrap();
    // A shared libpython beside it counts for nothing there, so it lies where the dynamic linker always looks.
    let libraries = app.beside("libraries");
    fs::create_dir(&libraries).unwrap();
    let mut setup = String::new();
    for name in listing(built.parent().unwrap()) {
        if name.to_string_lossy().starts_with("libpython") {
            fs::copy(built.parent().unwrap().join(&name), libraries.join(&name)).unwrap();
            let lower = format!("{}:/usr/lib", libraries.display());
            setup = format!("mount -t overlay overlay -o lowerdir={lower} /usr/lib");
        }
    }
    if in_namespace(test, &["-m"], &setup).is_none() {
        return;
    }
    let as_nobody = |program: &Path| {
        let user = NOBODY.to_string();
        let child = in_namespace(test, &["-m"], &setup).unwrap().of(&app);
        child.args(["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"]).arg(program)
    };
    // The file system may take no set users, and then this shows nothing.
    let line = ["-c", "print(1)"];
    let shown = "application ['-c', 'print(1)']\n";
    let seen = Child::new("stat").args(["-f", "-c", "%T"]).arg(&built).ok();
    as_nobody(&built).args(line).prints(shown);
    as_nobody(&named).args(line).prints(shown);
    as_nobody(&built).args(line).env("COLDFRAME_PYTHON", "1").prints(shown);
    let mark = format!("1\t2\tpython\t{}", built.display());
    as_nobody(&built).args(line).env("COLDFRAME_PROCESS", mark).prints(shown);
    let traced = as_nobody(&built).args(line).env("COLDFRAME_TRACE_IMPORTS", &of_root);
    traced.prints(shown);
    assert_eq!(fs::read(&of_root).unwrap(), b"", "{seen}");
    if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) {
        let copied = as_nobody(&built).arg("maps").env("COLDFRAME_MAP_LIBRARIES", "0");
        copied.prints("application ['maps']\nTrue\n");
    }
    let worker = as_nobody(&built).args(["--multiprocessing-fork", "pipe_handle=0"]).outcome();
    assert_eq!(worker.ending(), Ok(2), "the file system is {seen}: {worker:#?}");
    assert!(worker.stderr.contains("rights that its starter lacks"), "{worker:#?}");
}

#[test]
fn a_timeline_takes_no_other_files_place() {
    let app = App::script(SHOWS);
    let built = app.build("built", &[]);
    let (kept, link) = (app.beside("kept"), app.beside("link"));
    fs::write(&kept, "precious").unwrap();
    symlink(&kept, &link).unwrap();
    for name in [&kept, &link] {
        let outcome = Child::new(&built).of(&app).env("COLDFRAME_TRACE_IMPORTS", name).outcome();
        assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
        assert_eq!(fs::read_to_string(&kept).unwrap(), "precious");
    }
    let new = app.beside("new.json");
    for _ in 0..2 {
        Child::new(&built).of(&app).env("COLDFRAME_TRACE_IMPORTS", &new).ok();
    }
}

#[test]
fn children_are_told_no_arguments() {
    let app = App::script("import os\nprint('secret' in os.environ['COLDFRAME_PROCESS'])");
    Child::new(app.build("built", &[])).of(&app).arg("--token=secret").prints("False\n");
}

#[test]
fn the_variable_that_makes_a_python_is_for_one_process() {
    let other = App::script(SHOWS);
    let other = other.build("other", &[]);
    let app = App::script(SHOWS);
    let built = app.build("built", &["--python-mode", "always"]);
    // Its own children are `python`; another application below it is not.
    let code = "
import os, subprocess, sys
print('COLDFRAME_PYTHON' in os.environ, flush=True)
subprocess.check_call([sys.executable, '-c', 'print(1 + 1)'])
subprocess.check_call([sys.argv[1], '-c', 'print(1 + 1)'])
";
    let expected = "False\n2\napplication ['-c', 'print(1 + 1)']\n";
    let child = Child::new(&built).of(&app).env("COLDFRAME_PYTHON", "1").args(["-c", code]);
    child.arg(&other).prints(expected);
}

/// A stranger that can start the program cannot be its worker's parent; `sudo` is one, and a shell.
#[test]
fn a_worker_of_another_program_is_refused() {
    let app = App::script("import multiprocessing, asyncio");
    let built = app.build("built", &[]);
    for line in [
        &["--multiprocessing-fork", "pipe_handle=0"][..],
        &["-c", "from multiprocessing.spawn import spawn_main; spawn_main(pipe_handle=0)"],
        &["-c", "from multiprocessing.resource_tracker import main;main(0)"],
    ] {
        let outcome = Child::new(&built).of(&app).args(line).outcome();
        assert_eq!(outcome.ending(), Ok(2), "{outcome:#?}");
        assert!(outcome.stderr.contains("another program than this one wrote"), "{outcome:#?}");
    }
}

/// A user who can write the folder would else say where Python's modules are, and a pipe there would keep the start for ever.
#[test]
fn nothing_beside_the_executable_is_read() {
    let app = App::script(
        "import sys\nprint('application', sys.argv[1:], sys.prefix == sys.base_prefix)",
    );
    let built = app.build("built", &[]);
    let folder = built.parent().unwrap();
    for name in ["built._pth", "pyvenv.cfg", "pybuilddir.txt"] {
        let pipe = folder.join(name);
        Child::new("mkfifo").arg(&pipe).ok();
        Child::new("timeout").of(&app).arg("20").arg(&built).prints("application [] True\n");
        fs::remove_file(&pipe).unwrap();
        fs::write(&pipe, "home = /nowhere\n/nowhere\nimport site\n").unwrap();
        Child::new(&built).of(&app).prints("application [] True\n");
        fs::remove_file(&pipe).unwrap();
    }
}
