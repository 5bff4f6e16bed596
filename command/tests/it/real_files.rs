//! A file below the executable that C code or another program opens is put on disk at that moment, and no other file.

use std::fs;
use std::path::{Path, PathBuf};

use launcher::command_parts::BUILD_PYTHON;

use crate::support::{App, Child};

/// The files in a folder of the cache, by their paths below the first folder in it.
fn files(cache: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![cache.join("files-v1")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let below = path.strip_prefix(cache).unwrap().components().skip(2);
                found.push(below.collect::<PathBuf>().to_str().unwrap().to_owned());
            }
        }
    }
    found.retain(|path| !path.ends_with(".lock"));
    found.sort();
    found
}

const MAIN: &str = "\
import os, sqlite3, subprocess, sys
root = os.path.dirname(__file__)
pkg = root + '/pkg'
def out(*arguments, **options): print(subprocess.run(*arguments, stdout=subprocess.PIPE, check=True, **options).stdout.decode(), end='', flush=True)
exec(sys.argv[1])
";

/// All that a folder of the application holds.
const ALL: &[&str] = &[
    "pkg/data.txt",
    "pkg/other.txt",
    "pkg/run",
    "pkg/script.py",
    "pkg/some.db",
    "pkg/sub/more.txt",
];

/// An application that runs the case which its argument names.
fn build() -> (App, PathBuf) {
    let app = App::new(&[
        ("__main__.py", MAIN),
        ("pkg/data.txt", "data\n"),
        ("pkg/other.txt", "other\n"),
        (
            "pkg/run",
            "#!/bin/sh\necho ran \"$1\"; cat \"$(dirname \"$0\")/data.txt\" 2>/dev/null || echo alone\n",
        ),
        ("pkg/sub/more.txt", "more\n"),
        (
            "pkg/script.py",
            "import sys\nprint('script', __file__.startswith(sys.executable), sys.argv[1:])\n",
        ),
    ]);
    let script = "\
import os, sqlite3, sys
os.chmod(sys.argv[1] + '/run', 0o755)
database = sqlite3.connect(sys.argv[1] + '/some.db')
database.execute('create table one (number)')
database.execute('insert into one values (42)')
database.commit()
";
    Child::new(BUILD_PYTHON).args(["-c", script]).arg(app.file("pkg")).ok();
    let built = app.build("built", &["--file-access", "*=memory", "--standard-library", "whole"]);
    (app, built)
}

#[test]
fn what_is_not_python_gets_files_on_disk() {
    let table: &[(&str, &str, &[&str])] = &[
        ("open(pkg + '/data.txt').read(); os.listdir(pkg); print('nothing')", "nothing\n", &[]),
        ("out(['cat', pkg + '/data.txt'])", "data\n", &["pkg/data.txt"]),
        ("out([b'cat', os.fsencode(pkg) + b'/data.txt'])", "data\n", &["pkg/data.txt"]),
        ("import pathlib; out(['cat', pathlib.Path(pkg, 'data.txt')])", "data\n", &["pkg/data.txt"]),
        ("out(['cat', 'data.txt'], cwd=pkg + '/sub/..')", "data\n", ALL),
        ("out(f'cat {pkg}/data.txt \"{pkg}/sub/more.txt\" | cat', shell=True)", "data\nmore\n", &["pkg/data.txt", "pkg/sub/more.txt"]),
        ("out(['echo', '--x=' + pkg[-4:] + '/none'])", "--x=/pkg/none\n", &[]),
        ("out([pkg + '/run', 'x'])", "ran x\ndata\n", ALL),
        ("out(['sh', '-c', 'cat \"$0\"', pkg + '/data.txt'])", "data\n", &["pkg/data.txt"]),
        ("print(os.spawnv(os.P_WAIT, '/bin/cat', ['cat', pkg + '/data.txt']))", "data\n0\n", &["pkg/data.txt"]),
        ("os.waitpid(os.posix_spawn('/bin/cat', ['cat', pkg + '/data.txt'], os.environ), 0)", "data\n", &["pkg/data.txt"]),
        (
            "os.waitpid(os.posix_spawn('/bin/cat', ['cat'], os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 0, pkg + '/data.txt', os.O_RDONLY, 0)]), 0)",
            "data\n",
            &["pkg/data.txt"],
        ),
        ("os.execvp('cat', ['cat', pkg + '/data.txt'])", "data\n", &["pkg/data.txt"]),
        ("os.execv(pkg + '/run', ['run', 'y'])", "ran y\ndata\n", ALL),
        ("out([sys.executable, pkg + '/script.py', pkg[-4:]])", "script True ['/pkg']\n", &[]),
        ("os.chdir(pkg + '/sub'); print(os.listdir(), open('more.txt').read())", "['more.txt'] more\n\n", &["pkg/sub/more.txt"]),
        ("print(sqlite3.connect(pkg + '/some.db').execute('select * from one').fetchall())", "[(42,)]\n", &["pkg/some.db"]),
        ("print(sqlite3.connect(f'file:{pkg}/some.db?mode=ro', uri=True).execute('select * from one').fetchall())", "[(42,)]\n", &["pkg/some.db"]),
        ("
try: sqlite3.connect(pkg + '/new.db')
except sqlite3.OperationalError as error: print(str(error).replace(pkg, 'pkg'))", "unable to open database file: `pkg/new.db` lies in the executable, whose files cannot be written; give a path outside of it\n", &[]),
        ("
import ssl
for call in (lambda: ssl.create_default_context(cafile=pkg + '/data.txt'), lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(pkg + '/data.txt')):
    try: call()
    except ssl.SSLError as error: print('read', type(error).__name__)", "read SSLError\nread SSLError\n", &["pkg/data.txt"]),
        ("
import ctypes
try: ctypes.CDLL(pkg + '/data.txt')
except OSError as error: print('file too short' in str(error) or 'invalid ELF' in str(error))", "True\n", &["pkg/data.txt"]),
        ("
for call in (lambda: os.chdir(pkg + '/none'), lambda: os.chdir(pkg + '/data.txt'), lambda: subprocess.run([pkg + '/none']), lambda: os.execv(pkg + '/none', ['x'])):
    try: call()
    except OSError as error: print(type(error).__name__, error.filename == pkg + '/none')", "FileNotFoundError True\nNotADirectoryError False\nFileNotFoundError True\nFileNotFoundError True\n", &[]),
    ];
    let (app, built) = build();
    for (number, (main, printed, written)) in table.iter().enumerate() {
        let cache = app.beside(&format!("cache-{number}"));
        let child = Child::new(&built).of(&app).arg(main).env("COLDFRAME_CACHE_DIR", &cache);
        assert_eq!(child.ok(), *printed, "{main}");
        assert_eq!(files(&cache), *written, "{main}");
    }
}

/// As Matplotlib's and Pillow's parts for Tk do with `_tkinter`.
#[test]
fn an_extension_module_that_c_code_opens_is_a_file() {
    let app = App::new(&[("__main__.py", "import user\nprint(user.opened())")]);
    let code = "
import ctypes, importlib.util, os
# The kernel is asked, for functions of the C library find the file without a rule.
openat = {'x86_64': 257, 'aarch64': 56}[os.uname().machine]
def opened():
    path = importlib.util.find_spec('_json').origin
    return ctypes.CDLL(None).syscall(openat, -100, path.encode(), 0) >= 0
def never_called():
    import _json
";
    let environment = app.environment_with_user(&[("user.py", code)]);
    let rules = app.beside("rules.toml");
    let rule = "[[distribution]]\nname = \"user\"\nreason = \"its C code opens _json\"\nreal-modules = [\"_json\"]\n";
    fs::write(&rules, rule).unwrap();
    let venv = ["--venv", environment.to_str().unwrap()];
    let rules = ["--distribution-rules", rules.to_str().unwrap()];
    for (options, expected) in [
        (venv.to_vec(), "False\n"),
        ([venv, rules].concat(), "True\n"),
        ([&venv[..], &rules, &["--standard-library", "whole"]].concat(), "True\n"),
        ([&venv[..], &rules, &["--extensions", "cache"]].concat(), "True\n"),
    ] {
        let built = app.build("built", &options);
        let cache = app.beside("cache");
        Child::new(built).of(&app).env("COLDFRAME_CACHE_DIR", &cache).prints(expected);
    }
}
