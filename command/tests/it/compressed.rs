//! `--compress`: bytecode and libraries are decompressed when they are first used, and all is as without it.

use std::fs;
use std::path::PathBuf;

use importer_core::Archive;
use launcher::command_parts::BUILD_PYTHON;

use crate::libraries::compile_with;
use crate::support::{App, Child};

/// Gives the values at the beginning, in the middle and at the end of four megabytes of constants.
const MODULE: &str = r#"
#define PY_SSIZE_T_CLEAN
#include <Python.h>
__asm__(".section .rodata\nconstants: .incbin \"DATA\"\nconstants_end:\n.text\n");
extern const char constants[] __attribute__((visibility("hidden")));
extern const char constants_end[] __attribute__((visibility("hidden")));
static PyObject *parts(PyObject *self, PyObject *none) {
    Py_ssize_t length = constants_end - constants;
    return Py_BuildValue("ns#s#s#", length, constants, (Py_ssize_t)7,
                         constants + length / 2, (Py_ssize_t)7, constants_end - 7, (Py_ssize_t)7);
}
static PyMethodDef methods[] = {{"parts", parts, METH_NOARGS, 0}, {0, 0, 0, 0}};
static PyModuleDef_Slot slots[] = {
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, 0}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "native", 0, 0, methods, slots};
PyMODINIT_FUNC PyInit_native(void) { return PyModuleDef_Init(&definition); }
"#;

const MAIN: &str = "
import inspect, multiprocessing, pkgutil, work
from package import native
if __name__ == '__main__':
    print(native.parts(), pkgutil.get_data('package', 'data.txt')[-6:], inspect.getsource(work.twice).strip())
    for method in ('fork', 'forkserver', 'spawn'):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(pool.map(work.constants, range(3)), pool.map(work.twice, range(3)))
    try:
        work.fails()
    except ZeroDivisionError as error:
        print(error.__traceback__.tb_next.tb_lineno, __import__('linecache').getline(work.__file__, 4), end='')
";

const WORK: &str = "# Work.
def fails():
    # Nothing can be divided so.
    return 1 / 0
def twice(number): return number * 2
def constants(_):
    from package import native
    return native.parts()
";

fn application() -> App {
    let data = "some data\n".repeat(1000);
    let app = App::new(&[
        ("__main__.py", MAIN),
        ("work.py", WORK),
        ("package/__init__.py", ""),
        ("package/data.txt", &data),
    ]);
    let constants = app.beside("constants");
    let text: String = (0..1_000_000u32)
        .map(|number| format!("{:06}\n", number.wrapping_mul(7919) % 999_983))
        .collect();
    fs::write(&constants, &text[..(4 << 20) + 500_000]).unwrap();
    let source = MODULE.replace("DATA", &constants.display().to_string());
    compile_with("cc", &source, &app.file("package"), "native.so", &[], &[]);
    app
}

#[test]
fn a_compressed_application_is_what_it_is_under_python() {
    let app = application();
    let stock = Child::new(BUILD_PYTHON).of(&app).arg("-I").arg(app.path()).ok();
    assert!(stock.contains("4694304") && stock.contains("return 1 / 0"), "{stock}");
    let length = |built: &PathBuf| fs::metadata(built).unwrap().len();
    let plain = app.build("plain", &[]);
    for extensions in ["auto", "cache"] {
        let built = app.build(extensions, &["--compress", "--extensions", extensions]);
        Child::new(&built).of(&app).prints(&stock);
        assert!(
            length(&built) + (7 << 20) < length(&plain),
            "{} {}",
            length(&built),
            length(&plain)
        );
    }
    // The setting is the option.
    app.write("coldframe.toml", "[build]\ncompress = true\n");
    let set = app.build("set", &[]);
    let archive = Archive::open(&set).unwrap();
    let library = archive.file("package/native.so").unwrap().unwrap();
    assert!(library.stored_len() * 2 < library.len());
}

#[test]
fn damage_of_what_is_compressed_is_named() {
    let app = application();
    let built = app.build("built", &["--compress"]);
    let whole = fs::read(&built).unwrap();
    let archive = Archive::open(&built).unwrap();
    // The dictionary is the longest text of those that bytecode has in common; the library is most of the file.
    for (part, said) in [
        (archive.attribute("zstd-dictionary").unwrap().unwrap(), "damaged"),
        (b"\x5c\x2a\x4d\x18".to_vec(), "is not compressed as libraries are"),
    ] {
        let at = memchr::memmem::find(&whole, &part).unwrap();
        let mut bytes = whole.clone();
        bytes[at + part.len() / 2] ^= 1;
        fs::write(&built, bytes).unwrap();
        let outcome = Child::new(&built).of(&app).outcome();
        assert!(matches!(outcome.ending(), Ok(1 | 3)), "{outcome:#?}");
        for part in ["damaged", said] {
            assert!(outcome.stderr.contains(part), "{part}: {outcome:#?}");
        }
    }
}
