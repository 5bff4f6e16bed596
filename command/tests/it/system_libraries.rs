//! Shared libraries of the build machine that travel with an application.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::libraries::compile_with;
use crate::support::{App, Child, environment};

/// Compiles a shared library that is called as one of the system's is.
fn system_library(folder: &Path, name: &str, source: &str, options: &[&str]) {
    compile_with("cc", source, folder, name, &[], options);
}

/// An application that opens `libtravels.so.2`, which needs `libunder.so.1`; both lie in a folder outside of it, of which
/// only `LD_LIBRARY_PATH` tells.
fn application(main: &str) -> App {
    let app = App::new(&[("__main__.py", main)]);
    let folder = app.beside("usr-lib");
    system_library(&folder, "libunder.so.1", "int under(void) { return 41; }", &[]);
    let source = "int under(void); int travels(void) { return under() + 1; }";
    let under = folder.join("libunder.so.1").display().to_string();
    let foreign = format!("-Wl,-rpath,{}", folder.display());
    system_library(&folder, "libtravels.so.2", source, &[&under, &foreign]);
    app
}

fn build(app: &App, options: &[&str]) -> Child {
    let build =
        crate::support::coldframe(["build"]).arg(app.path()).arg("-o").arg(app.beside("built"));
    build.args(options).env("LD_LIBRARY_PATH", app.beside("usr-lib"))
}

/// Builds, takes the folder with the libraries away, and runs.
fn check(main: &str, options: &[&str], expected: &str) {
    let app = application(main);
    build(&app, options).ok();
    fs::remove_dir_all(app.beside("usr-lib")).unwrap();
    Child::new(app.beside("built")).of(&app).prints(expected);
}

#[test]
fn what_code_opens_by_name_travels_with_what_it_needs() {
    check("import ctypes\nprint(ctypes.CDLL('libtravels.so.2').travels())\n", &[], "42\n");
    check(
        "import ctypes, ctypes.util\nname = ctypes.util.find_library('travels')\nprint(name, ctypes.CDLL(name).travels())\n",
        &["--system-library", "libtravels.so.2=pack"],
        "libtravels.so.2 42\n",
    );
    let left = "
import ctypes
try: ctypes.CDLL('libtravels.so.2')
except OSError as error: print(error)
";
    check(
        left,
        &["--system-library", "libtravels*=leave"],
        "libtravels.so.2: cannot open shared object file: No such file or directory\n",
    );
}

/// In-line, and out-of-line as a module that cffi has written.
#[test]
fn cffi_finds_what_travels() {
    let app = application(
        "import cffi
ffi = cffi.FFI()
ffi.cdef('int travels(void);')
print(ffi.dlopen('libtravels.so.2').travels())
",
    );
    let Some(environment) = environment(&app.folder().path().join("venv"), "cffi") else { return };
    let write = "import cffi, sys; ffi = cffi.FFI(); ffi.set_source('_written', None); ffi.cdef('int travels(void);'); \
                 ffi.emit_python_code(sys.argv[1])";
    let python = environment.join("bin/python");
    Child::new(python).args(["-c", write]).arg(app.file("_written.py")).ok();
    let out_of_line = "from _written import ffi\nprint(ffi.dlopen('libtravels.so.2').travels())\n";
    for main in [None, Some(out_of_line)] {
        if let Some(main) = main {
            app.write("__main__.py", main);
        }
        let venv = environment.to_str().unwrap();
        build(&app, &["--venv", venv]).ok();
        Child::new(app.beside("built")).of(&app).prints("42\n");
    }
}

#[test]
fn what_the_process_has_already_stays() {
    let main = "
import ctypes, sys
own = ctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL)
print(ctypes.CDLL('libtravels.so.2').travels())
";
    let app = application(main);
    build(&app, &["--system-library", "libtravels.so.2=pack"]).ok();
    let other = app.beside("other");
    system_library(&other, "libtravels.so.2", "int travels(void) { return 7; }", &[]);
    let run = Child::new(app.beside("built")).of(&app).arg(other.join("libtravels.so.2"));
    run.prints("7\n");
}

#[test]
fn no_packed_file_searches_a_folder_of_the_build_machine() {
    let app = application(
        "
import ctypes, os, _coldframe
libraries = _coldframe.finder.list_libraries()
print('libtravels.so.2' in libraries, 'libunder.so.1' in libraries, 'libc.so.6' in libraries)
for name in libraries:
    _coldframe.finder.load_library(name)
folder = os.path.dirname(__file__)
for name in libraries:
    with open(os.path.join(os.environ['OUT'], name), 'wb') as out:
        out.write(_coldframe.finder.get_data(os.path.join(folder, 'coldframe.libs', name)))
ctypes.CDLL('libtravels.so.2')
",
    );
    build(&app, &[]).ok();
    let out = app.beside("out");
    fs::create_dir(&out).unwrap();
    let run = Child::new(app.beside("built")).of(&app).env("OUT", &out);
    run.prints("True True False\n");
    let mut files: Vec<_> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.push(app.beside("built"));
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        let read = Command::new("readelf").arg("-d").arg(&file).output().unwrap();
        let text = String::from_utf8_lossy(&read.stdout).into_owned();
        let paths = text.lines().filter(|line| line.contains("PATH)"));
        let foreign: Vec<_> = paths.filter(|line| !line.ends_with("[$ORIGIN]")).collect();
        assert!(foreign.is_empty(), "{}: {foreign:?}", file.display());
    }
}

#[test]
fn wrong_input_is_named() {
    for (option, message) in [
        ("libx.so.1", "expected a library's name, `=`, and `pack` or `leave`"),
        ("=pack", "expected a library's name, `=`, and `pack` or `leave`"),
        ("libx.so.1=keep", "keep"),
    ] {
        let app = App::script("");
        let outcome = build(&app, &["--system-library", option]).outcome();
        assert_eq!(outcome.ending(), Ok(2), "{option}");
        assert!(outcome.stderr.contains(message), "{option}: {}", outcome.stderr);
    }
}
