//! Libraries whose code and constants are the archive's own pages: they behave as under `python`.
#![cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]

use std::fs;

use launcher::command_parts::BUILD_PYTHON;

use crate::libraries::compile_with;
use crate::support::{App, Child, coldframe};

/// A library that uses everything that the dynamic linker provides: all kinds of initialisers, in their order and with their
/// arguments, variables of threads, exceptions that cross libraries, and its own end. The constants make it large enough.
const BELOW: &str = r#"
#include <stdexcept>
#include <string>
#include <cstdio>
static const char large[300000] = {1, 2, 3};
extern const char *const names[] = {"relocated", large};
int order = 0;
int n_arguments = -1;
bool has_environment = false;
thread_local std::string of_thread = "of each thread";
struct Early {
    int order;
    Early() : order(++::order) {}
    ~Early() { std::puts("destroyed below"); std::fflush(stdout); }
};
Early early;
__attribute__((constructor(101))) static void first() { order = 10; }
__attribute__((constructor)) static void last(int argc, char **argv, char **envp) {
    n_arguments = argv[0] == nullptr || argv[argc] != nullptr ? -1 : argc;
    has_environment = envp[0] != nullptr;
}
__attribute__((destructor)) static void ended() { std::puts("ended below"); std::fflush(stdout); }
int below(int index) {
    if (index < 0) throw std::out_of_range("thrown " + std::to_string(index));
    return large[index];
}
"#;

const MODULE: &str = r#"
#include <Python.h>
#include <stdexcept>
#include <string>
#include <iostream>
extern int order, n_arguments;
extern bool has_environment;
extern const char *const names[];
extern thread_local std::string of_thread;
struct Early { int order; };
extern Early early;
int below(int);
static const char large[200000] = {7};
static int seen = order;
static const std::type_info &kind = typeid(std::out_of_range);
static PyObject *facts(PyObject *self, PyObject *number) {
    int index = (int)PyLong_AsLong(number);
    try {
        int found = below(index) + large[index];
        of_thread += "!";
        return Py_BuildValue("iiiiNss", found, seen, early.order, n_arguments > 0,
                             PyBool_FromLong(has_environment), of_thread.c_str(), names[0]);
    } catch (const std::exception &error) {
        return PyErr_Format(PyExc_IndexError, "%s, %d", error.what(), typeid(error) == kind);
    }
}
static PyMethodDef methods[] = {{"facts", facts, METH_O, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef_Slot slots[] = {
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "native", nullptr, 0, methods, slots};
PyMODINIT_FUNC PyInit_native(void) { return PyModuleDef_Init(&definition); }
"#;

/// Tries all of it.
const WORK: &str = "
from package import native
def facts():
    yield native.facts(0)
    try: native.facts(-5)
    except IndexError as error: yield str(error)
def work(number): return [found[:5] for found in facts()]
";

/// Does so in two threads, and in workers.
const MAIN: &str = "
import multiprocessing, threading, work
if __name__ == '__main__':
    print(*work.facts())
    thread = threading.Thread(target=lambda: print(*work.facts(), flush=True)); thread.start(); thread.join()
    for method in ('fork', 'forkserver', 'spawn'):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(*pool.map(work.work, range(2)), flush=True)
            # A worker that ends by itself runs destructors, one that is terminated does not.
            pool.close(); pool.join()
";

/// Two libraries that a package has, one of which needs the other.
fn application(main: &str) -> App {
    let app = App::new(&[("__main__.py", main), ("work.py", WORK), ("package/__init__.py", "")]);
    let search = "-Wl,-rpath,$ORIGIN/../native.libs";
    compile_with("c++", BELOW, &app.file("native.libs"), "libbelow-1a2b.so", &[], &[]);
    let needed = &["libbelow-1a2b.so"];
    compile_with("c++", MODULE, &app.file("package"), "native.so", needed, &[search]);
    app
}

#[test]
fn a_mapped_library_is_what_it_is_under_python() {
    let app = application(MAIN);
    let stock = Child::new(BUILD_PYTHON).of(&app).arg("-I").arg(app.path()).ok();
    assert!(
        stock.contains("thrown -5, 1") && stock.ends_with("destroyed below\nended below\n"),
        "{stock}"
    );
    let built = app.build("built", &["--extensions", "memory"]);
    Child::new(built).of(&app).prints(&stock);
}

/// Where the system refuses a call that mapping needs, libraries are copied whole, and the application notices nothing.
#[test]
fn a_system_that_refuses_gets_copies() {
    let app = application(
        "
import ctypes, errno, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def refuse(call, argument=None, mask=0):
    # A filter of system calls: load the number, compare; load the argument, compare; refuse or allow.
    def instruction(code, yes, no, value): return struct.pack('HBBI', code, yes, no, value)
    program = [instruction(0x20, 0, 0, 0), instruction(0x15, 0, 3 if mask else 1, call)]
    if mask: program += [instruction(0x20, 0, 0, 16 + 8 * argument), instruction(0x45, 0, 1, mask)]
    program += [instruction(0x06, 0, 0, 0x50000 | errno.EPERM), instruction(0x06, 0, 0, 0x7fff0000)]
    text = ctypes.create_string_buffer(b''.join(program))
    program = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(program), ctypes.addressof(text)))
    for arguments in ((38, 1, 0, 0, 0), (22, 2, ctypes.addressof(program), 0, 0)):
        if libc.prctl(*map(ctypes.c_ulong, arguments)): raise OSError(ctypes.get_errno(), 'prctl')
if sys.argv[1] == 'mremap': refuse(25)
if sys.argv[1] == 'mprotect': refuse(10, argument=2, mask=4)
def code(): return {line for line in open('/proc/self/maps') if 'x' in line.split()[1]}
before = code()
import work
new = [line.split()[1] for line in code() - before if 'r-xs' in line or '/memfd:' in line]
print(*work.facts(), *new, sep='\\n', flush=True)
",
    );
    let built = app.build("built", &["--extensions", "memory"]);
    for (refused, mapped) in [("nothing", "r-xs"), ("mremap", "r-xp"), ("mprotect", "r-xp")] {
        Child::new(&built).of(&app).arg(refused).prints(&format!(
            "(8, 11, 11, 1, True, 'of each thread!', 'relocated')\nthrown -5, 1\n{mapped}\n{mapped}\n\
             destroyed below\nended below\n"
        ));
    }
}

/// The way out for a user: libraries are copied whole, in workers too, and the application notices nothing.
/// The spawned worker ends as a program does and prints its farewell; the forked one leaves by `os._exit`.
#[test]
fn a_variable_has_libraries_copied() {
    let app = application(
        "
import multiprocessing, work
def code(): return sorted({line.split()[1] for line in open('/proc/self/maps') if '.so' in line or '/memfd:' in line or 's ' in line if 'x' in line.split()[1]})
def mapped(number): return list(work.facts())[0][:2], 'r-xs' in code()
if __name__ == '__main__':
    print(*work.facts(), 'r-xs' in code(), flush=True)
    for method in ('fork', 'spawn'):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(pool.map(mapped, [0]), flush=True)
            pool.close(); pool.join()
",
    );
    let built = app.build("built", &["--extensions", "memory"]);
    for (value, is_mapped) in [("0", "False"), ("1", "True"), ("", "True")] {
        Child::new(&built).of(&app).env("COLDFRAME_MAP_LIBRARIES", value).prints(&format!(
            "(8, 11, 11, 1, True, 'of each thread!', 'relocated') thrown -5, 1 {is_mapped}\n\
             [((8, 11), {is_mapped})]\n[((8, 11), {is_mapped})]\n\
             destroyed below\nended below\ndestroyed below\nended below\n"
        ));
    }
}

#[test]
fn a_damaged_library_is_named_and_not_run() {
    let app = application("import work\nprint(*work.facts())\n");
    let bare = app.beside("bare.coldframe");
    coldframe(["build"]).arg(app.path()).args(["--archive", "-o"]).arg(&bare).ok();
    let mut bytes = fs::read(&bare).unwrap();
    // The large array is in the constants of the library: no table, and no data.
    let large = memchr::memmem::find(&bytes, &[&[1, 2, 3][..], &[0; 1000]].concat()).unwrap();
    bytes[large + 1000] = 1;
    fs::write(&bare, bytes).unwrap();
    let outcome = coldframe(["run"]).of(&app).arg(&bare).outcome();
    assert_eq!(outcome.ending(), Ok(1), "{outcome:#?}");
    for part in ["DamagedArchive", "libbelow-1a2b.so", "checksum"] {
        assert!(outcome.stderr.contains(part), "{part}: {outcome:#?}");
    }
}

/// Several interpreters that import the same at once, each with a GIL of its own where this Python has that.
#[test]
fn interpreters_open_libraries_at_once() {
    let app = application(
        "
import sys, threading
if sys.version_info >= (3, 13): import _interpreters as interpreters
else: import _xxsubinterpreters as interpreters
def run(text):
    interpreter = interpreters.create()
    try:
        failed = interpreters.run_string(interpreter, text)
        if failed is not None: raise RuntimeError(failed.formatted)
    finally: interpreters.destroy(interpreter)
threads = [threading.Thread(target=run, args=('import work; assert list(work.facts())[1] == \"thrown -5, 1\"',))
           for number in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print('done', flush=True)
",
    );
    let built = app.build("built", &["--extensions", "memory"]);
    for _ in 0..5 {
        let outcome = Child::new(&built).of(&app).outcome();
        assert_eq!(outcome.ending(), Ok(0), "{outcome:#?}");
        assert_eq!((outcome.stdout.lines().next(), &*outcome.stderr), (Some("done"), ""));
    }
}

/// A module with a large constant, and an initialiser that must have run.
const PLAIN: &str = r#"
#include <Python.h>
static const char large[300000] = {1};
static int ready = 0;
__attribute__((constructor)) static void initialise(void) { ready += 41; }
static PyObject *answer(PyObject *self, PyObject *index) {
    return PyLong_FromLong(ready + large[PyLong_AsLong(index)]);
}
static PyMethodDef methods[] = {{"answer", answer, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "NAME", NULL, 0, methods};
PyMODINIT_FUNC PyInit_NAME(void) {
    PyObject *module = PyModule_Create(&definition);
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
    return module;
}
"#;

/// Libraries of the same code by several linkers; each is loaded, by pages of the archive if it can be.
#[test]
fn libraries_of_every_making_are_loaded() {
    let variants: &[(&str, bool, &str, &[&str])] = &[
        ("usual", true, "", &[]),
        ("without_init", true, "", &["-nostartfiles"]),
        (
            "own_init",
            true,
            "void begin(void); void begin(void) { ready++; }",
            &["-nostartfiles", "-Wl,-init,begin"],
        ),
        ("tables_among_code", true, "", &["-Wl,-z,noseparate-code"]),
        ("old_hash", true, "", &["-Wl,--hash-style=sysv"]),
        ("bound_now", true, "", &["-Wl,-z,now"]),
        ("never_read_only", true, "", &["-Wl,-z,norelro", "-Wl,-z,lazy"]),
        ("packed_relocations", true, "", &["-Wl,-z,pack-relative-relocs"]),
        ("large_pages", true, "", &["-Wl,-z,max-page-size=0x200000"]),
        ("optimised", true, "", &["-O2", "-flto", "-Wl,--gc-sections", "-s"]),
        (
            "chooses",
            false,
            "static int number(void) { return 0; }\
             static int (*choose(void))(void) { return number; }\
             int chosen(void) __attribute__((ifunc(\"choose\")));",
            &[],
        ),
        (
            "code_is_changed",
            false,
            "int changed = 0; __asm__(\".text\\n movabs $changed, %rax\\n .previous\");",
            &["-Wl,-z,notext"],
        ),
        ("no_initialiser", false, "", &["-nostartfiles", "-DNONE"]),
    ];
    let names: Vec<_> = variants.iter().map(|(name, ..)| *name).collect();
    let main = format!(
        "
import importlib
def shared(): return open('/proc/self/maps').read().count(' r-xs ')
for name in {names:?}:
    before = shared()
    module = importlib.import_module('package.' + name)
    print(name, module.answer(0), shared() > before)
"
    );
    let app = App::new(&[("__main__.py", &main), ("package/__init__.py", "")]);
    for (name, _, more, options) in variants {
        let mut source = PLAIN.replace("NAME", name) + more;
        if options.contains(&"-DNONE") {
            source = source.replace("__attribute__((constructor)) ", "__attribute__((unused)) ");
        }
        let file = format!("{name}.so");
        compile_with("cc", &source, &app.file("package"), &file, &[], options);
    }
    let built = app.build("built", &[]);
    let expected: Vec<_> = variants
        .iter()
        .map(|(name, is_mapped, ..)| {
            let answer = match *name {
                "own_init" => 43,
                "no_initialiser" => 1,
                _ => 42,
            };
            let is_mapped = if *is_mapped { "True" } else { "False" };
            format!("{name} {answer} {is_mapped}\n")
        })
        .collect();
    Child::new(built).of(&app).prints(&expected.concat());
}
