//! Windows alone: each test has one executable in a folder of its own.

use std::fs;

use crate::support::{App, Child, listing};

/// Builds a script, takes the executable to an empty folder, and compares what it prints and how it ends.
#[track_caller]
fn check(text: &str, options: &[&str], arguments: &[&str], code: i32, expected: &str) {
    let app = App::script(text);
    let built = app.build("built", options);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("one file.exe");
    fs::rename(built, &program).unwrap();
    let outcome = Child::new(&program).args(arguments).current_dir(folder.path()).outcome();
    assert_eq!(
        (outcome.status.code(), outcome.stdout.as_str()),
        (Some(code), expected),
        "{outcome:#?}"
    );
    assert_eq!(listing(folder.path()), ["one file.exe"], "nothing lies beside it");
}

#[test]
fn extension_modules_find_their_libraries() {
    let text = "\
import _socket, ssl, ctypes, sqlite3, zlib, lzma, bz2, hashlib, _decimal, unicodedata, multiprocessing.connection
print(ssl.OPENSSL_VERSION.split()[0], hashlib.sha256(b'x').hexdigest()[:8], sqlite3.connect(':memory:').execute('select 1').fetchone())
print(ctypes.CDLL('libcrypto-3.dll') is not None, _socket.__file__.endswith('.exe\\\\_socket.pyd'))
";
    check(text, &[], &[], 0, "OpenSSL 2d711642 (1,)\nTrue True\n");
}

#[test]
fn workers_of_all_kinds_start_and_end() {
    let text = "\
import multiprocessing as mp, os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory
def square(x): return x * x
def put(queue): queue.put('from a worker')
def add(shared, key): shared[key] = key * 2
def parent(): return mp.parent_process().pid
if __name__ == '__main__':
    print(mp.get_start_method(), sys.frozen)
    with mp.Pool(2) as pool: print(sum(pool.map(square, range(10))), pool.apply(parent) == os.getpid())
    with ProcessPoolExecutor(2) as pool: print(sum(pool.map(square, range(10))))
    queue = mp.Queue(); one = mp.Process(target=put, args=(queue,)); one.start()
    print(queue.get(timeout=60)); one.join(); print(one.exitcode)
    with mp.Manager() as manager:
        shared = manager.dict(); one = mp.Process(target=add, args=(shared, 3)); one.start(); one.join(); print(dict(shared))
    memory = shared_memory.SharedMemory(create=True, size=8); memory.buf[0] = 7
    other = shared_memory.SharedMemory(name=memory.name); print(other.buf[0]); other.close(); memory.close(); memory.unlink()
    try: mp.set_start_method('fork', force=True)
    except ValueError as error: print(error)
";
    let expected =
        "spawn True\n285 True\n285\nfrom a worker\n0\n{3: 6}\n7\ncannot find context for 'fork'\n";
    check(text, &[], &[], 0, expected);
}

#[test]
fn start_methods_that_windows_lacks_are_refused_before_anything_starts() {
    for method in ["fork", "forkserver"] {
        let app = App::script("print('started')");
        let outcome = app.run_with(["--start-method", method], [""; 0]).outcome();
        assert_eq!((outcome.status.code(), outcome.stdout.as_str()), (Some(2), ""), "{outcome:#?}");
        assert!(outcome.stderr.contains("Windows"), "{}", outcome.stderr);
    }
}

#[test]
fn exit_codes_have_32_bits_and_arguments_are_unicode() {
    let code = -1_073_741_510;
    let text = "import sys; print(ascii(sys.argv[1:])); sys.exit(-1073741510)";
    check(text, &[], &["\u{e9}\u{1f40d}", "a b"], code, "['\\xe9\\U0001f40d', 'a b']\n");
}

#[test]
fn packed_files_are_found_in_all_spellings_of_the_path() {
    let text = "\
import json, os, io, inspect, pkgutil, importlib.resources as resources
folder = os.path.dirname(json.__file__)
print(os.path.isdir(folder), os.path.isfile(json.__file__), 'decoder.py' in os.listdir(folder))
for path in (json.__file__, json.__file__.upper().replace('JSON\\\\__INIT__.PY', 'json\\\\__init__.py'), json.__file__.replace('\\\\', '/')):
    print(len(open(path).read()) == os.stat(path).st_size)
print(len(pkgutil.get_data('json', 'decoder.py')) > 0, resources.files('json').joinpath('scanner.py').is_file(), inspect.getsource(json.dumps)[:9])
for action in (lambda: open(folder + '\\\\none'), lambda: open(folder + '\\\\new', 'w'), lambda: os.mkdir(folder + '\\\\x')):
    try: action()
    except OSError as error: print(type(error).__name__, error.errno)
";
    let expected = "True True True\nTrue\nTrue\nTrue\nTrue True def dumps\n\
        FileNotFoundError 2\nOSError 30\nOSError 30\n";
    check(text, &["--standard-library", "whole"], &[], 0, expected);
}

#[test]
fn a_program_says_what_it_is() {
    let app = App::script("print('dressed')");
    let picture = [40_u32.to_le_bytes(), 1_u32.to_le_bytes(), 2_u32.to_le_bytes()].concat();
    let mut icon = vec![0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 32, 0];
    icon.extend((picture.len() as u32).to_le_bytes());
    icon.extend(22_u32.to_le_bytes());
    icon.extend(picture);
    fs::write(app.beside("icon.ico"), icon).unwrap();
    fs::write(app.beside("version.toml"), "file-version = \"1.2.3\"\nCompanyName = \"C\"\n")
        .unwrap();
    let (icon, version) = (app.beside("icon.ico"), app.beside("version.toml"));
    let options = ["--icon", icon.to_str().unwrap(), "--version-file", version.to_str().unwrap()];
    let built = app.build("dressed", &options);
    Child::new(&built).prints("dressed\n");
    let contents = fs::read(&built).unwrap();
    let wide: Vec<u8> = "CompanyName".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(contents.windows(wide.len()).any(|part| part == wide), "the version is in it");
}
