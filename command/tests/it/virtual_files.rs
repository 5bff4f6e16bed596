//! The read-only file system below the executable: as the disk, but that nothing can be changed.

use std::fs;
use std::os::unix::fs::symlink;

use launcher::command_parts::BUILD_PYTHON;

use crate::support::{App, Child};

const OPERATIONS: &str = include_str!("python/file_operations.py");

/// An application with a folder of files.
fn app(main: &str) -> App {
    let app = App::new(&[
        ("__main__.py", main),
        ("pkg/data.txt", "data\n"),
        ("pkg/empty.txt", ""),
        ("pkg/module.py", "# A source.\nVALUE = 1\n"),
        ("pkg/settings.ini", "[section]\nkey = value\n"),
        ("pkg/lines.txt", "one\r\ntwo\n"),
        ("pkg/sub/more.txt", "more\n"),
        ("pkg/sub/deep/deepest.txt", "deepest\n"),
        ("pkg/\u{fc}ml\u{e4}ut.txt", "\u{fc}\n"),
        ("pkg/run", "#!/bin/sh\necho ran\n"),
    ]);
    let pkg = app.file("pkg");
    fs::write(pkg.join("latin.txt"), b"\xfc\n").unwrap();
    let script = "\
import gzip, os, sys, zipfile
with zipfile.ZipFile(sys.argv[1] + '/some.zip', 'w') as archive: archive.writestr('a.txt', 'in a zip')
with gzip.open(sys.argv[1] + '/some.gz', 'w') as file: file.write(b'compressed')
os.chmod(sys.argv[1] + '/run', 0o755)
";
    Child::new(BUILD_PYTHON).args(["-c", script]).arg(&pkg).ok();
    app
}

const IN_MEMORY: [&str; 2] = ["--file-access", "*=memory"];

#[test]
fn operations_on_the_archive_are_those_on_the_disk() {
    let app = app(OPERATIONS);
    let expected = app.python_with(["-X", "utf8"]).ok();
    let printed = app.run_with(IN_MEMORY, [""; 0]).ok();
    for (ours, theirs) in printed.lines().zip(expected.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(printed.lines().count(), expected.lines().count());
}

/// The error of each attempt to change a path below the executable, and a check that nothing has changed.
const CHANGES: &str = r#"
import errno, io, os, shutil, sys, tempfile
here = os.path.dirname(__file__)
data, new, scratch = here + "/pkg/data.txt", here + "/pkg/new", tempfile.mkdtemp()
outside = scratch + "/outside"
open(outside, "w").close()
changes = {
    "open w": lambda: open(data, "w"), "open a": lambda: open(data, "a"), "open r+": lambda: open(data, "r+"),
    "open rb+": lambda: open(data, "rb+"), "open new": lambda: open(new, "w"), "open new x": lambda: open(new, "x"),
    "FileIO": lambda: io.FileIO(data, "w"), "os.open": lambda: os.open(data, os.O_WRONLY),
    "os.open rw": lambda: os.open(data, os.O_RDWR), "os.open trunc": lambda: os.open(data, os.O_TRUNC),
    "os.open new": lambda: os.open(new, os.O_CREAT | os.O_RDONLY), "bytes": lambda: open(os.fsencode(data), "w"),
    "remove": lambda: os.remove(data), "unlink": lambda: os.unlink(data), "rmdir": lambda: os.rmdir(here + "/pkg/sub"),
    "mkdir": lambda: os.mkdir(new), "makedirs": lambda: os.makedirs(new + "/a/b"), "mkfifo": lambda: os.mkfifo(new),
    "mknod": lambda: os.mknod(new), "symlink": lambda: os.symlink("x", new), "link from": lambda: os.link(data, outside + "2"),
    "link to": lambda: os.link(outside, new), "rename": lambda: os.rename(data, new), "rename from": lambda: os.rename(data, outside),
    "rename to": lambda: os.rename(outside, new), "replace": lambda: os.replace(outside, data),
    "chmod": lambda: os.chmod(data, 0o600), "chown": lambda: os.chown(data, -1, -1), "lchown": lambda: os.lchown(data, -1, -1),
    "utime": lambda: os.utime(data), "truncate": lambda: os.truncate(data, 0),
    "setxattr": lambda: os.setxattr(data, "user.x", b"x"), "removexattr": lambda: os.removexattr(data, "user.x"),
    "move": lambda: shutil.move(data, scratch),
    "copy to": lambda: shutil.copy(outside, new), "touch": lambda: __import__("pathlib").Path(new).touch(),
}
for name, change in changes.items():
    try:
        result = change()
        print(name, "did not fail:", result)
    except OSError as error:
        paths = [path for path in (error.filename, error.filename2) if path is not None]
        if error.errno != errno.EROFS or not any(os.fsdecode(path).startswith(here) for path in paths):
            print(name, repr(error), paths)
    except BaseException as error:
        print(name, repr(error))
print([os.access(data, mode) for mode in (os.R_OK, os.W_OK, os.X_OK)], os.access(here + "/pkg/run", os.X_OK))
print(open(data).read(), os.path.exists(new), os.path.exists(outside))
descriptor = os.open(data, os.O_RDONLY)
with open(data) as file:
    for number in (descriptor, file.fileno()):
        for change in (lambda: os.write(number, b"x"), lambda: os.ftruncate(number, 0)):
            try:
                print("did not fail", change())
            except OSError:
                pass
shutil.rmtree(scratch)
"#;

#[test]
fn nothing_below_the_executable_can_be_changed() {
    app(CHANGES)
        .run_with(IN_MEMORY, [""; 0])
        .prints("[True, False, False] True\ndata\n False True\n");
}

#[test]
fn every_function_that_takes_a_path_has_a_decision() {
    // A function that a new Python adds fails here, until `py/files/table.rs` or this list says what it does.
    let script = r#"
import builtins, io, inspect, os, posix
# Functions whose argument is no path of a file, or that only look at its text.
OTHERS = {
    "confstr", "copy_file_range", "fpathconf", "fspath", "initgroups", "memfd_create", "putenv", "splice", "sysconf", "unsetenv",
    "_path_normpath", "_path_splitroot", "_path_splitroot_ex", "_path_splitroot_ex", "system", "ctermid", "getgrouplist",
    "sched_setparam", "sched_setscheduler", "waitid", "unshare", "setns", "posix_openpt", "login_tty",
}
below, found = __file__ + "/none", []
for name, function in sorted(vars(posix).items()):
    signature = getattr(function, "__text_signature__", None) or ""
    names = signature.replace("\n", " ").replace("$module", "").strip("()").split(",")
    names = {name.split("=")[0].split(":")[0].strip() for name in names}
    if names & {"path", "src", "dst", "file", "filename", "name", "pathname", "target", "source", "directory", "link"} and name not in OTHERS:
        found.append(name)
print(*found)
# `_io` opens files by `FileIO`, whose initialiser is ours; `pathlib` and `os.path` call functions of `os`.
opening = set()
for name, value in sorted(vars(io).items()):
    signature = getattr(value, "__text_signature__", None) or ""
    names = {part.split("=")[0].strip() for part in signature.strip("()").split(",")}
    if names & {"file", "path", "filename"}: opening.add(name)
assert opening <= {"FileIO", "open", "open_code", "OpenWrapper"}, opening
import pathlib, posixpath, genericpath
own = {name for module in (pathlib, posixpath, genericpath) for name, value in vars(module).items() if isinstance(value, type(len))}
own = {name for name in own if not name.startswith("S_IS")}
assert own <= {"_path_normpath", "_path_splitroot_ex", "normpath", "splitroot"}, own
"#;
    let app = App::script(script);
    let names = app.run([""; 0]).ok();
    let table = include_str!("../../../launcher/src/py/files/table.rs");
    let undecided: Vec<_> =
        names.split_whitespace().filter(|name| !table.contains(&format!("    {name} ("))).collect();
    assert_eq!(undecided, [""; 0], "of {names}");
    assert!(names.split_whitespace().count() > 30, "{names}");
}

#[test]
fn other_ways_lead_below_a_built_executable_too() {
    let main = r#"
import os, sys
root = os.path.dirname(__file__)
folder, name = os.path.split(sys.argv[1])
os.chdir(folder)
print(open("link/pkg/data.txt").read(), os.path.isdir("link/pkg"), sorted(os.listdir("./link/pkg/sub")), os.access("link/pkg/none", 0))
print(os.listdir(root) == os.listdir("link") == os.listdir("link/"), os.path.isfile("link"), os.path.isdir("link/"))
print(open(os.path.join(root, "..", "beside.txt")).read(), os.stat(root + "/../beside.txt").st_size, os.path.isdir(root + "/.."))
with open(root + "/../written.txt", "w") as file: print(file.write("x"))
os.remove(root + "/../written.txt")
print(sorted(os.listdir(root + "/pkg/../..")) == sorted(os.listdir(folder)))
print([os.path.exists(path) for path in (sys.executable, root, "link/pkg/data.txt", "other/pkg/data.txt", "beside.txt/pkg")])
# An open archive stays readable when the executable is gone.
os.remove(root)
print(open(root + "/pkg/data.txt").read(), os.stat(root + "/pkg/data.txt").st_size, os.path.exists(root))
"#;
    let app = app(main);
    let built = app.build("built", &IN_MEMORY);
    symlink("built", app.beside("link")).unwrap();
    symlink("beside.txt", app.beside("other")).unwrap();
    fs::write(app.beside("beside.txt"), "beside").unwrap();
    Child::new(&built).of(&app).arg(&built).prints(
        "data\n True ['deep', 'more.txt'] False\nTrue True True\nbeside 6 True\n1\nTrue\n[True, True, True, False, False]\ndata\n 5 False\n",
    );
}

#[test]
fn sub_interpreters_and_audit_hooks_see_the_same_files() {
    let main = r#"
import os, sys
if sys.version_info >= (3, 13):
    import _interpreters as interpreters
else:
    import _xxsubinterpreters as interpreters
text = f"""
import io, os, pathlib, shutil
pkg = {os.path.dirname(__file__) + '/pkg'!r}
assert open(pkg + '/data.txt').read() == io.FileIO(pkg + '/data.txt').readall().decode() == 'data\\n'
assert sorted(entry.name for entry in os.scandir(pkg + '/sub')) == sorted(os.listdir(pkg + '/sub')) == ['deep', 'more.txt']
assert pathlib.Path(pkg, 'sub').is_dir() and not os.path.exists(pkg + '/none')
class Own(io.FileIO): pass
assert Own(pkg + '/data.txt').read() == b'data\\n'
"""
for _ in range(3):
    interpreter = interpreters.create()
    failed = interpreters.run_string(interpreter, text)
    assert failed is None, failed
    interpreters.destroy(interpreter)
exec(text)
events = []
sys.addaudithook(lambda event, arguments: events.append((event, arguments)) if event in ("open", "os.listdir", "os.scandir") else None)
descriptor = os.open(pkg + "/data.txt", os.O_RDONLY); open(pkg + "/data.txt"); os.listdir(pkg); os.scandir(pkg)
print([(event, arguments[0].replace(pkg, "PKG")) for event, arguments in events if arguments and str(arguments[0]).startswith(pkg)])
"#;
    app(main).run_with(IN_MEMORY, [""; 0]).prints(
        "[('open', 'PKG/data.txt'), ('open', 'PKG/data.txt'), ('os.listdir', 'PKG'), ('os.scandir', 'PKG')]\n",
    );
}

#[test]
fn what_a_program_replaces_is_its_own() {
    let main = r#"
import builtins, io, os, posix
calls = []
def replace(module, name):
    original = getattr(module, name)
    def function(*arguments, **names):
        calls.append(name)
        return original(*arguments, **names)
    setattr(module, name, function)
for module, name in ((os, "stat"), (os, "open"), (builtins, "open"), (posix, "listdir")):
    replace(module, name)
pkg = os.path.dirname(__file__) + "/pkg"
print(os.path.exists(pkg), open(pkg + "/data.txt").read(), len(posix.listdir(pkg)) > 5, os.close(os.open(pkg + "/data.txt", 0)), calls)
"#;
    app(main)
        .run_with(IN_MEMORY, [""; 0])
        .prints("True data\n True None ['stat', 'open', 'listdir', 'open']\n");
}

#[test]
fn the_loaders_of_importlib_open_extension_modules_of_the_archive() {
    let main = r#"
import importlib.machinery, importlib.util, os, sys
import _json, _heapq
for module, name in ((_json, "_json"), (_heapq, "_heapq"), (_json, "other._json")):
    path = module.__spec__.origin
    loader = importlib.machinery.ExtensionFileLoader(name, path)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    print(made.__name__, made.__file__ == path, made.__loader__ is loader, sorted(vars(made)) == sorted(vars(module)), os.path.isfile(path))
none = os.path.dirname(__file__) + "/none.so"
for loader in (importlib.machinery.ExtensionFileLoader("none", none),):
    try:
        loader.create_module(importlib.util.spec_from_file_location("none", none, loader=loader))
    except ImportError as error:
        print(type(error).__name__, "none.so" in str(error))
"#;
    let app = App::new(&[("__main__.py", main)]);
    let built = app.build("built", &["--include", "_json", "--include", "_heapq"]);
    let told = Child::new(&built).of(&app).ok();
    // A module that is linked into Python has no file.
    if told.contains("built-in") {
        return;
    }
    assert_eq!(
        told,
        "_json True True True True\n_heapq True True True True\nother._json True True True True\nImportError True\n"
    );
}

#[test]
fn extension_modules_have_the_loader_that_importlib_has_for_them() {
    let main = r#"
import coldframe, ctypes, importlib, os, sys
from importlib.machinery import ExtensionFileLoader
dlopen = ctypes.CDLL(None).dlopen
dlopen.restype = ctypes.c_void_p
coldframe.register_post_import_hook(lambda module: print("hook", module.__name__, type(module.__loader__).__name__), "_bisect")
sys.path.insert(0, os.path.dirname(__file__) + "/vendored")
import _bisect, inside._json
for module, function in ((_bisect, "bisect_right"), (inside._json, "scanstring")):
    print(importlib.reload(module) is module)
    name, path, loader = module.__name__, module.__file__, module.__spec__.loader
    print(name, hasattr(module, function), path[len(os.path.dirname(__file__)):].split(".")[0])
    print(type(loader) is ExtensionFileLoader, loader is module.__loader__, loader == ExtensionFileLoader(name, path), module.__spec__.origin == path)
    print(loader.get_filename(name) == path, loader.get_data(path)[1:4], loader.get_code(name), loader.is_package(name))
    # C code opens it by its path, and gets the library that is there.
    print(bool(dlopen(os.fsencode(path), os.RTLD_LAZY | os.RTLD_NOLOAD)))
"#;
    let app = App::new(&[("__main__.py", main), ("inside/__init__.py", "")]);
    let copy = "\
import importlib, os, shutil, sys
for folder, name in (('vendored', '_bisect'), ('inside', '_json')):
    os.makedirs(os.path.join(sys.argv[1], folder), exist_ok=True)
    file = getattr(importlib.import_module(name), '__file__', None)
    print(file and shutil.copy(file, os.path.join(sys.argv[1], folder)))
";
    let copied = Child::new(BUILD_PYTHON).args(["-c", copy]).arg(app.path()).ok();
    // A module that is linked into Python has no file.
    if copied.contains("None") {
        return;
    }
    let built = app.build("built", &IN_MEMORY);
    let facts = "True True True True\nTrue b'ELF' None False\nTrue\n";
    Child::new(&built).of(&app).prints(&format!(
        "hook _bisect ExtensionFileLoader\nTrue\n_bisect True /vendored/_bisect\n{facts}True\ninside._json True /inside/_json\n{facts}"
    ));
}

#[test]
fn a_folder_that_cannot_be_opened_whole_leaves_no_descriptor() {
    let main = r#"
import os, posix
pkg, fstat = os.path.dirname(__file__) + "/pkg", posix.fstat
def refuse(*_):
    raise OSError("refused")
# The first time the folder in the cache is locked, for as long as the process lives.
os.close(os.open(pkg, os.O_RDONLY))
for function in (fstat, refuse):
    before = set(os.listdir("/proc/self/fd"))
    posix.fstat = function
    try:
        os.close(os.open(pkg, os.O_RDONLY))
    except OSError as error:
        print(error)
    posix.fstat = fstat
    print(len(set(os.listdir("/proc/self/fd")) - before))
"#;
    app(main).run_with(IN_MEMORY, [""; 0]).prints("0\nrefused\n0\n");
}
