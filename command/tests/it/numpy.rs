//! numpy from the package index: it loads from memory, and no file is written.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{App, Child, environment, skipped};

/// One line, between an audit hook and its notes: each file that Python code opens, and each library with its path.
const MAIN: &str = "
import os, sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(arguments) if event == 'open' else None)
import numpy; print(numpy.linalg.inv(numpy.eye(2) * 4)[0, 0], os.path.basename(numpy.__file__))
writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
print([path for path, mode, flags in opened if flags & writing or set(mode or 'r') & set('wax+')])
places = [os.environ[name] for name in ('TMPDIR', 'COLDFRAME_CACHE_DIR')]
print([path for path, *_ in opened if str(path).startswith(tuple(places))])
maps = open('/proc/self/maps').read()
print('memfd:numpy' in maps, 'openblas' in maps or 'libscipy' in maps, '.libs/' in maps.replace('memfd:', ''))
";

#[test]
#[cfg(target_os = "linux")]
fn numpy_needs_no_file_on_disk() {
    let app = App::new(&[("__main__.py", MAIN)]);
    let Some(venv) = environment(app.folder().path(), "numpy") else { return };
    let built = app.build("built", &["--extensions", "memory", "--venv", venv.to_str().unwrap()]);
    let (cache, temporary) = (app.beside("cache"), app.beside("temporary"));
    fs::create_dir(&temporary).unwrap();
    let child = |program: &Path| {
        Child::new(program)
            .of(&app)
            .env("COLDFRAME_CACHE_DIR", &cache)
            .env("TMPDIR", &temporary)
            .env("OPENBLAS_NUM_THREADS", "1")
    };
    let outcome = child(&built).outcome();
    assert_eq!(outcome.ending(), Ok(0), "{outcome:#?}");
    let lines: Vec<_> = outcome.stdout.lines().collect();
    assert_eq!(lines.get(..3), Some(&["0.25 __init__.py", "[]", "[]"][..]), "{outcome:#?}");
    assert!(lines.get(3).is_some_and(|line| line.starts_with("True")), "{outcome:#?}");
    assert!(!cache.exists(), "{cache:?}");
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);

    // The audit hook sees the files that Python code opens; a system call trace sees all.
    if Command::new("strace").arg("--version").output().is_err() {
        let why = "there is no strace here: numpy's own system calls were not looked at";
        return skipped("numpy_needs_no_file_on_disk", why);
    }
    let log = app.beside("trace");
    let traced = child(Path::new("strace"))
        .args(["-f", "-qq", "-e", "trace=open,openat,openat2,creat", "-o"])
        .arg(&log)
        .arg(&built)
        .outcome();
    assert_eq!(traced.ending(), Ok(0), "{traced:#?}");
    let log = fs::read_to_string(log).unwrap();
    let folders = [temporary.to_str().unwrap(), cache.to_str().unwrap()];
    let bad: Vec<_> = log
        .lines()
        .filter(|line| {
            let has = |parts: &[&str]| parts.iter().any(|part| line.contains(part));
            let writes = has(&["O_WRONLY", "O_RDWR", "O_CREAT", "creat("]);
            (writes && !line.contains("\"/dev/")) || has(&folders)
        })
        .collect();
    assert!(log.lines().count() > 5, "{log}");
    assert_eq!(bad, [""; 0]);
}
