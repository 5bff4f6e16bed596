//! Extension modules that need libraries of their own, which lie in the archive beside them.

use std::fs;
use std::path::Path;
use std::process::Command;

use launcher::command_parts::BUILD_PYTHON;

use crate::support::{App, Child, coldframe};

/// An extension module whose one function asks a library, which asks another one.
const MODULE: &str = "
#include <Python.h>
int middle(void);
static PyObject *answer(PyObject *self, PyObject *ignored) { return PyLong_FromLong(middle()); }
static PyMethodDef methods[] = {{\"answer\", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, \"native\", NULL, 0, methods};
PyMODINIT_FUNC PyInit_native(void) {
    PyObject *made = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED
    if (made) PyUnstable_Module_SetGIL(made, Py_MOD_GIL_NOT_USED);
#endif
    return made;
}
";

/// Compiles a shared library as build tools for wheels do: it names the libraries that it needs, and their folder beside it.
fn compile(source: &str, folder: &Path, name: &str, needed: &[&str], search: &str) {
    compile_with("cc", source, folder, name, needed, &[&format!("-Wl,-rpath,{search}")]);
}

/// The same with another compiler, and more options for it.
pub(crate) fn compile_with(
    compiler: &str,
    source: &str,
    folder: &Path,
    name: &str,
    needed: &[&str],
    options: &[&str],
) {
    fs::create_dir_all(folder).unwrap();
    let text = folder.join(format!("{name}.{}", if compiler == "cc" { "c" } else { "cc" }));
    fs::write(&text, source).unwrap();
    let include = "import sysconfig; print(sysconfig.get_path('include'), end='')";
    let include = Child::new(BUILD_PYTHON).args(["-I", "-c", include]).ok();
    let libraries = folder.join("../native.libs");
    let status = Command::new(compiler)
        .args(["-shared", "-fPIC", &format!("-I{include}"), &format!("-L{}", libraries.display())])
        .arg(format!("-Wl,-soname,{name},--disable-new-dtags"))
        .arg("-o")
        .arg(folder.join(name))
        .arg(&text)
        .args(needed.iter().map(|needed| format!("-l:{needed}")))
        .args(options)
        .status()
        .unwrap();
    assert!(status.success(), "{name}: {status}");
    fs::remove_file(text).unwrap();
}

fn application(main: &str) -> App {
    let app = App::new(&[("__main__.py", main), ("package/__init__.py", "")]);
    let (libraries, package) = (app.file("native.libs"), app.file("package"));
    compile("int deepest(void) { return 42; }", &libraries, "libdeepest.so.1", &[], "$ORIGIN");
    let middle = "int deepest(void); int middle(void) { return deepest(); }";
    compile(middle, &libraries, "libmiddle-1a2b.so", &["libdeepest.so.1"], "$ORIGIN");
    let search = "$ORIGIN/../native.libs";
    compile(MODULE, &package, "native.so", &["libmiddle-1a2b.so"], search);
    app
}

#[test]
#[cfg(target_os = "linux")]
fn needed_libraries_are_loaded_from_the_archive() {
    let app = application(
        "
import multiprocessing, sys
from package import native
def work(number): return native.answer() + number
if __name__ == '__main__':
    print(native.answer())
    maps = open('/proc/self/maps').read()
    print([name for name in ('libdeepest.so.1', 'libmiddle-1a2b.so') if f'memfd:native.libs/{name}' not in maps])
    for method in ('fork', 'forkserver', 'spawn'):
        with multiprocessing.get_context(method).Pool(2) as pool: print(pool.map(work, range(2)))
",
    );
    let built = app.build("built", &[]);
    // The application runs from its packed files alone.
    fs::remove_dir_all(app.path()).unwrap();
    fs::create_dir(app.path()).unwrap();
    Child::new(built).of(&app).prints("42\n[]\n[42, 43]\n[42, 43]\n[42, 43]\n");
}

#[test]
#[cfg(target_os = "linux")]
fn libraries_that_are_opened_by_path_are_files() {
    let app = application(
        "
import package.loads
print(package.loads.answer())
",
    );
    let loads = "
import ctypes, os.path
path = os.path.join(os.path.dirname(__file__), 'libouter.so')
if not os.path.isfile(path):
    raise ImportError(f'there is no {path!r}')
answer = ctypes.CDLL(path).outer
";
    app.write("package/loads.py", loads);
    let outer = "int middle(void); int outer(void) { return middle() + 1; }";
    let search = "$ORIGIN/../native.libs";
    compile(outer, &app.file("package"), "libouter.so", &["libmiddle-1a2b.so"], search);
    let cache = app.beside("cache");
    let built = Child::new(app.build("built", &[])).of(&app);
    built.env("COLDFRAME_CACHE_DIR", &cache).prints("43\n");
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_finds_its_plug_ins_from_where_it_lies() {
    let app = application("import package.native as native\nprint(native.answer())\n");
    // As Qt does it: the place of the library is asked of the dynamic linker, and nothing in Python names the plug-in.
    let middle = "
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
int middle(void) {
    Dl_info info;
    char path[4096];
    if (!dladdr((void *)middle, &info)) return -1;
    snprintf(path, sizeof path, \"%s\", info.dli_fname);
    strcpy(strrchr(path, '/'), \"/plugins/libplug.so\");
    void *plug = dlopen(path, RTLD_NOW);
    if (!plug) return -2;
    return ((int (*)(void))dlsym(plug, \"plug\"))();
}
";
    let search = "$ORIGIN/lib";
    compile(middle, &app.file("package/lib"), "libmiddle-1a2b.so", &[], "$ORIGIN");
    compile(
        "int plug(void) { return 7; }",
        &app.file("package/lib/plugins"),
        "libplug.so",
        &[],
        "",
    );
    let options =
        [format!("-Wl,-rpath,{search}"), format!("-L{}", app.file("package/lib").display())];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let package = app.file("package");
    compile_with("cc", MODULE, &package, "native.so", &["libmiddle-1a2b.so"], &options);
    fs::remove_dir_all(app.file("native.libs")).unwrap();
    let cache = app.beside("cache");
    let run = |options: &[&str]| {
        let built = Child::new(app.build("built", options)).of(&app);
        built.env("COLDFRAME_CACHE_DIR", &cache).outcome().stdout
    };
    assert_eq!(run(&[]), "7\n");
    // An application with all libraries in memory gets no plug-ins.
    assert_eq!(run(&["--extensions", "memory"]), "-2\n");
}

#[test]
#[cfg(target_os = "linux")]
fn a_needed_library_that_is_missing_is_named() {
    let app = application("import package.native\n");
    fs::remove_file(app.file("native.libs/libdeepest.so.1")).unwrap();
    let outcome = coldframe(["run"]).of(&app).arg(app.path()).outcome();
    assert_eq!(outcome.ending(), Ok(1), "{outcome:#?}");
    for part in [
        "ImportError: cannot import `package.native`",
        "it needs `native.libs/libmiddle-1a2b.so`",
        "libdeepest.so.1",
    ] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:#?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn libraries_that_need_each_other_are_loaded_from_the_archive() {
    let app = App::new(&[
        (
            "__main__.py",
            "from package import native, other\nprint(native.answer(), other.answer())\n",
        ),
        ("package/__init__.py", ""),
    ]);
    let (libraries, package) = (app.file("native.libs"), app.file("package"));
    let (middle, third) = ("libmiddle-1a2b3c4d.so.1", "libthird-1a2b3c4d.so");
    compile("int deepest(void) { return 42; }", &libraries, "libdeepest.so.1", &[], "$ORIGIN");
    // Three in a ring, of which the last one needs another one besides; the first version of it knows no ring yet.
    let of_third = "int deepest(void); int part(void) { return 1; } int third(void) { return deepest() + part(); }";
    compile(of_third, &libraries, third, &["libdeepest.so.1"], "$ORIGIN");
    let of_second = "int third(void); int second(void) { return third(); }";
    compile(of_second, &libraries, "libsecond-1a2b3c4d.so", &[third], "$ORIGIN");
    let of_middle =
        "int second(void); int part(void) { return 1; } int middle(void) { return second(); }";
    compile(of_middle, &libraries, middle, &["libsecond-1a2b3c4d.so"], "$ORIGIN");
    let of_third = "int deepest(void); int part(void); int (*pointer)(void) = part;\
                    int third(void) { return deepest() + pointer(); }";
    compile(of_third, &libraries, third, &["libdeepest.so.1", middle], "$ORIGIN");
    let search = "$ORIGIN/../native.libs";
    compile(MODULE, &package, "native.so", &[middle], search);
    // One that begins with another one of the ring.
    let other = MODULE.replace("native", "other").replace("middle", "third");
    compile(&other, &package, "other.so", &[third], search);
    let built = app.build("built", &[]);
    fs::remove_dir_all(app.path()).unwrap();
    fs::create_dir(app.path()).unwrap();
    Child::new(built).of(&app).prints("43 43\n");
}

/// As [`application`], with a library that is large enough to be kept open for workers, and has code that the linker calls
/// while it links, so that it must be copied whole; and how large it is.
fn large_application(main: &str) -> (App, u64) {
    let app = application(main);
    let libraries = app.file("native.libs");
    let large = "static const char large[300000] = {1};\
                 static int number(void) { return 41 + large[0]; }\
                 static int (*choose(void))(void) { return number; }\
                 int deepest(void) __attribute__((ifunc(\"choose\")));";
    compile(large, &libraries, "libdeepest.so.1", &[], "$ORIGIN");
    let size = fs::metadata(libraries.join("libdeepest.so.1")).unwrap().len();
    (app, size)
}

#[test]
#[cfg(target_os = "linux")]
fn workers_share_what_is_large_with_their_parents() {
    let (app, _) = large_application(
        "
import multiprocessing
from package import native
def place(name): return {tuple(line.split()[3:5]) for line in open('/proc/self/maps') if name in line}
def places(): return native.answer(), place('libdeepest'), place('package.native')
def work(depth):
    if not depth: return [places()]
    # The workers of a pool have none of their own.
    with multiprocessing.get_context('spawn').Pool(1) as pool: return [places()] + pool.map(work, [0])[0]
if __name__ == '__main__':
    answers, large, small = zip(*work(1))
    print(answers, [len(places) for places in large], large[0] == large[1], small[0] == small[1])
",
    );
    let built = app.build("built", &[]);
    Child::new(built).of(&app).prints("(42, 42) [1, 1] True False\n");
}

#[test]
#[cfg(target_os = "linux")]
fn what_only_has_the_name_of_a_library_is_not_believed() {
    let (app, size) = large_application(
        "
import ctypes, fcntl, multiprocessing, os, sys
def answer():
    from package import native
    return native.answer()
def name():
    links = [os.path.realpath(f'/proc/self/fd/{number}') for number in os.listdir('/proc/self/fd')]
    return next(link.split('/memfd:')[1][:-len(' (deleted)')] for link in links if 'libdeepest' in link)
if __name__ == '__main__':
    if not sys.argv[1:]:
        print(answer(), name())
    else:
        # By the C library: a Python that was built with an old one has no function for it. The flags are those that allow seals.
        forged = ctypes.CDLL(None).memfd_create(sys.argv[1].encode(), 3)
        os.write(forged, b'x' * int(sys.argv[2]))
        # F_ADD_SEALS: the linux seals of all kinds.
        if sys.argv[3] == 'sealed': fcntl.fcntl(forged, 1033, 15)
        with multiprocessing.get_context('spawn').Pool(1) as pool: print(pool.apply(answer))
",
    );
    let built = app.build("built", &[]);
    let told = Child::new(&built).of(&app).ok();
    let (answer, name) = told.trim().split_once(' ').unwrap();
    assert_eq!(answer, "42");
    for (size, state) in [(size, "sealed"), (size, "open"), (size + 1, "sealed")] {
        Child::new(&built).of(&app).args([name, &size.to_string(), state]).prints("42\n");
    }
}
