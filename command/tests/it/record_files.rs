//! `coldframe run --record-files`: the packages whose C code opens files are found while the application runs.

use std::fs;

use crate::libraries::compile_with;
use crate::odd_places::in_namespace;
use crate::support::{App, COLDFRAME, Child, coldframe, site_packages};

/// A package that opens a file beside it by C code, and one that reads its own in Python.
const FILES: &[(&str, &str)] = &[
    (
        "reader/__init__.py",
        "\
import ctypes, os
# The kernel is asked, for functions of the C library find the file without a rule.
openat = {'x86_64': 257, 'aarch64': 56}[os.uname().machine]
FILE = os.path.join(os.path.dirname(__file__), 'data', 'file.txt')
def can_open():
    with open(FILE): pass  # Python opens it too.
    return ctypes.CDLL(None).syscall(openat, -100, FILE.encode(), 0) >= 0
",
    ),
    ("reader/data/file.txt", "text"),
    (
        "quiet/__init__.py",
        "\
import os, pathlib
FILE = os.path.join(os.path.dirname(__file__), 'file.txt')
def text():
    with open(FILE) as file: file.read()
    os.close(os.open(FILE, os.O_RDONLY))
    return pathlib.Path(FILE).read_text()
",
    ),
    ("quiet/file.txt", "quiet"),
];

const NOTHING: &str =
    "coldframe: C code opened no file that it would not find without a rule; none was written\n";

/// An application of these packages and a main module.
fn application(main: &str) -> App {
    let app = App::new(FILES);
    app.write("__main__.py", main);
    app
}

fn record(app: &App) -> Child {
    app.run_with(["--record-files"], [""; 0])
}

#[test]
fn the_rule_is_written_that_c_code_needs() {
    let app = application(
        "import sys, quiet, reader\nprint(reader.can_open(), quiet.text())\nsys.exit(3)",
    );
    let ending = |child: Child, printed: &str| {
        let outcome = child.outcome();
        assert_eq!((outcome.ending(), outcome.stdout.as_str()), (Ok(3), printed), "{outcome:#?}");
        outcome.stderr
    };
    ending(app.run([""; 0]), "False quiet\n");
    let said = ending(record(&app), "True quiet\n");
    let settings = app.file("coldframe.toml");
    assert_eq!(
        said,
        format!(
            "coldframe: C code opened `reader/data/file.txt`: `reader` must be on disk\n\
             coldframe: `{}` now has `reader = \"cache\"` under `file-access`\n",
            settings.canonicalize().unwrap().display()
        )
    );
    let rules = "[build.file-access]\nreader = \"cache\"\n";
    assert_eq!(fs::read_to_string(&settings).unwrap(), rules);
    ending(app.run([""; 0]), "True quiet\n");
    ending(Child::new(app.build("built", &[])).of(&app), "True quiet\n");
    // It is there already.
    assert_eq!(ending(record(&app), "True quiet\n"), NOTHING);
    assert_eq!(fs::read_to_string(&settings).unwrap(), rules);
}

#[test]
fn an_application_that_needs_no_rule_gets_none() {
    let app = application(
        "\
import os, sqlite3, subprocess, sys, threading, quiet
here = os.path.dirname(quiet.__file__)
print(quiet.text(), flush=True)
# These are on disk at that moment anyway.
subprocess.run(['cat', quiet.FILE])
subprocess.run(f'cat {quiet.FILE}', shell=True)
subprocess.run(['cat', 'file.txt'], cwd=here)
subprocess.run(['sh', here + '/run'])
subprocess.run([sys.executable, '-c', 'import quiet; print(quiet.text())'])
os.chdir(here)
",
    );
    app.write("quiet/run", "cat \"$(dirname \"$0\")/file.txt\"\n");
    let outcome = record(&app).outcome();
    let found = (outcome.ending(), outcome.stdout.as_str(), outcome.stderr.as_str());
    assert_eq!(found, (Ok(0), "quiet\nquietquietquietquietquiet\n", NOTHING), "{outcome:#?}");
    assert!(!app.file("coldframe.toml").exists());
}

#[test]
fn other_lines_of_pyproject_stay_and_so_do_rules() {
    let app = application("import quiet, reader\nprint(reader.can_open(), quiet.text())");
    let before = "\
# The project.
[project]
name = \"app\"   # its name

[tool.coldframe.build.file-access]
# By hand.
quiet = \"memory\"

[tool.other]
lines = [
    1,  # one
]
";
    app.write("pyproject.toml", before);
    let outcome = record(&app).outcome();
    assert_eq!(
        (outcome.ending(), outcome.stdout.as_str()),
        (Ok(0), "True quiet\n"),
        "{outcome:#?}"
    );
    let after = before.replace("\"memory\"\n", "\"memory\"\nreader = \"cache\"\n");
    assert_eq!(fs::read_to_string(app.file("pyproject.toml")).unwrap(), after);
    app.run([""; 0]).prints("True quiet\n");
}

#[test]
fn distributions_and_extension_modules_are_known() {
    let app =
        App::new(&[("__main__.py", "import native, quiet\nprint(native.first(), quiet.text())")]);
    let venv = app.beside("venv");
    let packages = venv.join(site_packages());
    let write = |path: &str, text: &str| {
        let path = packages.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    fs::create_dir_all(&packages).unwrap();
    fs::write(venv.join("pyvenv.cfg"), "home = /nowhere\n").unwrap();
    for (name, modules) in [("native", "native/__init__.py"), ("quiet", "quiet/__init__.py")] {
        let info = format!("{name}-1.0.dist-info");
        write(
            &format!("{info}/METADATA"),
            &format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
        );
        write(&format!("{info}/RECORD"), &format!("{modules},,\n"));
    }
    write("quiet-1.0.dist-info/RECORD", "quiet/__init__.py,,\nquiet/file.txt,,\n");
    let record_of_native = "native/__init__.py,,\nnative/_read.so,,\nnative/data.txt,,\n";
    write("native-1.0.dist-info/RECORD", record_of_native);
    FILES
        .iter()
        .filter(|(path, _)| path.starts_with("quiet"))
        .for_each(|(path, text)| write(path, text));
    write("native/data.txt", "first line\n");
    let code = "from os.path import dirname\nfrom native import _read\ndef first(): return _read.first(dirname(__file__) + '/data.txt')";
    write("native/__init__.py", code);
    let source = r#"
#include <Python.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
/* The kernel is asked, for functions of the C library find the file without a rule. */
static PyObject *first(PyObject *self, PyObject *path) {
    char line[16] = "";
    int descriptor = syscall(SYS_openat, AT_FDCWD, PyUnicode_AsUTF8(path), O_RDONLY);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "r");
    if (file == NULL) return PyErr_SetFromErrno(PyExc_OSError);
    fgets(line, 6, file);
    fclose(file);
    return PyUnicode_FromString(line);
}
static PyMethodDef methods[] = {{"first", first, METH_O, ""}, {NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_read", "", -1, methods};
PyMODINIT_FUNC PyInit__read(void) { return PyModule_Create(&module); }
"#;
    compile_with("cc", source, &packages.join("native"), "_read.so", &[], &[]);
    let venv = venv.to_str().unwrap();
    let options = ["--venv", venv];
    let plain = app.run_with(options, [""; 0]).outcome();
    assert!(plain.stderr.contains("Not a directory"), "{plain:#?}");
    let outcome = app.run_with([&options[..], &["--record-files"]].concat(), [""; 0]).outcome();
    assert_eq!(
        (outcome.ending(), outcome.stdout.as_str()),
        (Ok(0), "first quiet\n"),
        "{outcome:#?}"
    );
    let rules = "[build.file-access]\nnative = \"cache\"\n";
    assert_eq!(fs::read_to_string(app.file("coldframe.toml")).unwrap(), rules);
    app.run_with(options, [""; 0]).prints("first quiet\n");
    Child::new(app.build("built", &options)).of(&app).prints("first quiet\n");
}

#[test]
fn workers_count_and_every_end_is_the_applications_own() {
    for (end, ending) in [
        ("os._exit(7)", Ok(7)),
        ("os.kill(os.getpid(), 9)", Err(9)),
        ("os.execv('/bin/sh', ['sh', '-c', 'exit 5'])", Ok(5)),
        // Somebody ends the process that was started, and means the application.
        ("os.kill(os.getppid(), 15); import time; time.sleep(60)", Err(15)),
    ] {
        let app = application(&format!(
            "\
import multiprocessing, os, quiet, reader
def work(): print(reader.can_open(), quiet.text(), flush=True)
if __name__ == '__main__':
    worker = multiprocessing.get_context('spawn').Process(target=work)
    worker.start()
    worker.join()
    {end}
"
        ));
        let outcome = record(&app).outcome();
        assert_eq!(
            (outcome.ending(), outcome.stdout.as_str()),
            (ending, "True quiet\n"),
            "{outcome:#?}"
        );
        let written = fs::read_to_string(app.file("coldframe.toml")).unwrap();
        assert_eq!(written, "[build.file-access]\nreader = \"cache\"\n", "{end}");
    }
}

#[test]
fn the_application_is_no_python_of_its_watcher() {
    let app =
        App::new(&[("__main__.py", "import sys\nprint(sys.argv[1:], sys.argv[0] == __file__)")]);
    let plain = app.run(["-c", "print(1)"]).outcome();
    let recorded = app.run_with(["--record-files"], ["-c", "print(1)"]).outcome();
    assert_eq!((recorded.ending(), recorded.stdout), (plain.ending(), plain.stdout));
}

#[test]
fn wrong_uses_are_told() {
    let app = application("print('not started')");
    let archive = app.beside("app.coldframe");
    coldframe(["build", "--archive"]).arg(app.path()).arg("-o").arg(&archive).ok();
    let outcome = coldframe(["run", "--record-files"]).of(&app).arg(&archive).outcome();
    assert_eq!((outcome.ending(), outcome.stdout.as_str()), (Ok(2), ""), "{outcome:#?}");
    assert!(outcome.stderr.contains("is an archive"), "{outcome:#?}");

    app.write("coldframe.toml", "");
    let folder = app.path();
    // Nobody can write there, the superuser neither.
    let folder = folder.display();
    let read_only =
        format!("mount --bind '{folder}' '{folder}'; mount -o remount,ro,bind '{folder}'");
    let Some(child) = in_namespace("a read-only application", &["-m"], &read_only) else { return };
    let child = child.of(&app).arg(COLDFRAME).args(["run", "--record-files"]);
    let outcome = child.arg(app.path()).outcome();
    assert_eq!((outcome.ending(), outcome.stdout.as_str()), (Ok(4), ""), "{outcome:#?}");
    assert!(outcome.stderr.contains("--file-access PACKAGE=cache"), "{outcome:#?}");
}
