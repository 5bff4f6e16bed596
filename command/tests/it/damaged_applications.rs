//! Built applications that were cut, rewritten or appended to: they run as before, or say that they are damaged.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use importer_core::{Archive, Optimization};

use crate::support::{App, Child, skipped};

/// A place where the copies may be started.
fn built() -> (App, PathBuf) {
    let app = App::new(&[("__main__.py", "import sys\nprint('hello', *sys.argv[1:])\n")]);
    let built = app.build("built", &[]);
    (app, built)
}

fn copy(built: &Path, name: &str) -> PathBuf {
    let copy = built.with_file_name(name);
    fs::copy(built, &copy).unwrap();
    copy
}

#[test]
#[cfg_attr(windows, ignore = "a PE file has no section that says where its archive is")]
fn an_application_runs_when_something_is_appended() {
    let (_app, built) = built();
    let whole = fs::read(&built).unwrap();
    for (name, bytes) in
        [("one", b"x".as_slice()), ("page", &[0; 4096]), ("another", whole.as_slice())]
    {
        let copy = copy(&built, name);
        File::options().append(true).open(&copy).unwrap().write_all(bytes).unwrap();
        Child::new(&copy).args(["build", "x"]).prints("hello build x\n");
    }
}

#[test]
fn an_application_runs_when_it_was_stripped() {
    let (_app, built) = built();
    for (name, tool, options) in [
        ("stripped", "strip", [].as_slice()),
        ("debug", "strip", &["--strip-debug"]),
        ("copied", "objcopy", &["--strip-all"]),
    ] {
        let copy = copy(&built, name);
        let Ok(status) = Command::new(tool).args(options).arg(&copy).status() else {
            skipped(name, &format!("there is no `{tool}`"));
            continue;
        };
        assert!(status.success(), "{name}");
        assert!(fs::read(&copy).unwrap() != fs::read(&built).unwrap(), "{name} changed nothing");
        Child::new(&copy).args(["build", "x"]).prints("hello build x\n");
    }
}

#[test]
fn an_application_that_lost_its_archive_says_so() {
    let (_app, built) = built();
    for (name, options) in [("removed", ["--remove-section", ".coldframe"])] {
        let copy = copy(&built, name);
        let Ok(status) = Command::new("objcopy").args(options).arg(&copy).status() else {
            skipped(name, "there is no `objcopy`");
            continue;
        };
        assert!(status.success(), "{name}");
        let outcome = Child::new(&copy).args(["policy"]).outcome();
        assert_eq!(outcome.ending(), Ok(3), "{outcome:#?}");
        assert!(outcome.stderr.contains("has lost it"), "{outcome:#?}");
    }
}

#[test]
fn an_application_that_was_cut_is_never_the_command() {
    let (_app, built) = built();
    let whole = fs::metadata(&built).unwrap().len();
    let cut = copy(&built, "cut");
    // From the end on, for a file gets no longer.
    for part in (1..=40).rev() {
        let length = whole * part / 41;
        File::options().write(true).open(&cut).unwrap().set_len(length).unwrap();
        let outcome = match Command::new(&cut).arg("policy").output() {
            // The system itself does not start it.
            Err(_) => continue,
            Ok(outcome) => outcome,
        };
        let said = String::from_utf8_lossy(&outcome.stderr);
        // Where parts of the program itself are missing, it ends by a signal, or the dynamic linker refuses it.
        let is_told = outcome.status.code() == Some(3) && said.contains("cut short");
        let is_refused = outcome.status.code().is_none_or(|code| code == 127);
        assert!(is_told || is_refused, "{length} of {whole}: {outcome:?}");
        assert!(outcome.stdout.is_empty(), "{length} of {whole}: {outcome:?}");
    }
}

/// A copy in whose archive one bit of a module's bytecode is another.
fn with_a_flipped_bit(built: &Path, module: &str) -> PathBuf {
    let archive = Archive::open(built).unwrap();
    let code = archive.module(module).unwrap().unwrap().code(Optimization::Zero).unwrap().unwrap();
    let mut bytes = fs::read(built).unwrap();
    let at = bytes.windows(code.len()).position(|part| *part == *code).unwrap();
    bytes[at + code.len() / 2] ^= 4;
    let copy = built.with_file_name("flipped");
    fs::write(&copy, bytes).unwrap();
    fs::set_permissions(&copy, fs::metadata(built).unwrap().permissions()).unwrap();
    copy
}

#[test]
fn damage_is_no_missing_module() {
    let table = [
        ("except ImportError: pass", 1, "coldframe.DamagedArchive: cannot import `fastpart`"),
        ("except OSError: pass", 1, "coldframe.DamagedArchive: cannot import `fastpart`"),
        ("except (ImportError, AttributeError, OSError): pass", 1, "DamagedArchive"),
        // Code that catches everything goes on, but standard error has the message.
        ("except Exception: pass", 0, "coldframe: cannot import `fastpart`"),
        ("except __import__('coldframe').DamagedArchive: print('known')", 0, "is damaged"),
    ];
    for (handler, code, said) in table {
        let main = format!("try:\n    import fastpart\n{handler}\n");
        let app = App::new(&[("__main__.py", &main), ("fastpart.py", "value = 42\n")]);
        let flipped = with_a_flipped_bit(&app.build("built", &[]), "fastpart");
        let outcome = Child::new(&flipped).outcome();
        assert_eq!(outcome.ending(), Ok(code), "{handler}: {outcome:#?}");
        assert!(outcome.stderr.contains(said), "{handler}: {outcome:#?}");
    }
}
