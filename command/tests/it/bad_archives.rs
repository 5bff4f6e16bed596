//! Archives that are damaged, or made for something else: noticed, said, and never a crash.

use std::fs;

use importer_core::{Archive, ModuleEntry, Target, Writer};

use crate::bad_input::Mess;
use crate::support::{App, Child, coldframe};

#[test]
fn damaged_and_foreign_archives() {
    let mut mess = Mess::new();
    let good = mess.path("good.coldframe");
    coldframe(["build"]).arg(mess.path("good.py")).args(["--archive", "-o"]).arg(&good).ok();
    coldframe(["run"]).arg(&good).prints("good\n");
    let bytes = fs::read(&good).unwrap();

    let half = bytes.get(..bytes.len() / 2).unwrap();
    fs::write(mess.path("half.coldframe"), half).unwrap();
    fs::write(mess.path("header.coldframe"), bytes.get(..16).unwrap()).unwrap();
    fs::write(mess.path("nothing.coldframe"), "").unwrap();
    let mut newer = bytes.clone();
    // The version stands behind the magic number (`FORMAT.md`).
    *newer.get_mut(8).unwrap() = 99;
    fs::write(mess.path("newer.coldframe"), newer).unwrap();

    let target = Archive::open(&good).unwrap().target().clone();
    let foreign = Target { version: (2, 7), bytecode_magic: 9999, ..target.clone() };
    fs::write(mess.path("foreign.coldframe"), archive(foreign, &[])).unwrap();
    let bytecode = Target { bytecode_magic: 9999, ..target.clone() };
    let modules = ["encodings", "__main__"];
    fs::write(mess.path("bytecode.coldframe"), archive(bytecode, &modules)).unwrap();
    let free_threaded = Target { free_threaded: !target.free_threaded, ..target };
    fs::write(mess.path("threads.coldframe"), archive(free_threaded, &modules)).unwrap();

    for name in ["half", "header", "nothing", "newer", "foreign", "threads"] {
        mess.case(&format!("run {name}.coldframe"));
    }
    // It names the kind of Python, and the archive for another kind is of the other kind.
    let name = if launcher::command_parts::FREE_THREADED {
        "free_threaded"
    } else {
        "damaged_and_foreign_archives"
    };
    insta::assert_snapshot!(name, mess.cases);

    // Only a running Python tells its bytecode; it prints its paths, too, when it then has to give up.
    let outcome = coldframe(["run"]).arg(mess.path("bytecode.coldframe")).outcome();
    let last = outcome.stderr.lines().last().unwrap_or_default();
    assert!(
        outcome.ending() == Ok(5)
            && last.contains("bytecode 9999")
            && last.contains("build it again"),
        "{outcome:#?}"
    );
}

/// An archive with a configuration, and modules that only look like code.
fn archive(target: Target, modules: &[&str]) -> Vec<u8> {
    let mut writer = Writer::new(target);
    writer.set_attribute("configuration", b"run = { module = '__main__' }".to_vec()).unwrap();
    for name in modules {
        writer
            .add_module(ModuleEntry {
                name: (*name).to_owned(),
                path: format!("{name}.py"),
                code: [Some(b"no code".to_vec()), None, None],
                ..ModuleEntry::default()
            })
            .unwrap();
    }
    let mut bytes = Vec::new();
    writer.finish(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_flipped_byte_never_crashes() {
    let app = App::new(&[
        ("__main__.py", "import helper, json\nprint(helper.VALUE)\n"),
        ("helper.py", "VALUE = 'fine'\n"),
    ]);
    let good = app.build("good.coldframe", &["--archive", "--include", "helper"]);
    let bytes = fs::read(&good).unwrap();
    let bad = app.beside("bad.coldframe");
    let step = bytes.len() / 40;
    for position in (0..bytes.len()).step_by(step) {
        let mut flipped = bytes.clone();
        *flipped.get_mut(position).unwrap() ^= 0x40;
        fs::write(&bad, &flipped).unwrap();
        let outcome = coldframe(["run"]).arg(&bad).outcome();
        // Either the byte did not matter, or it was noticed: an error of ours, or a `DamagedArchive`.
        match outcome.ending() {
            Ok(0) => assert_eq!(outcome.stdout, "fine\n", "{position}: {outcome:#?}"),
            Ok(3) => assert!(outcome.stderr.starts_with("error: "), "{position}: {outcome:#?}"),
            // CPython may show its path configuration first.
            Ok(5) => assert!(
                outcome.stderr.lines().last().is_some_and(|last| {
                    last.starts_with("error: ") && last.contains("bad.coldframe")
                }),
                "{position}: {outcome:#?}"
            ),
            Ok(1) => assert!(
                outcome.stderr.contains("DamagedArchive: cannot import"),
                "{position}: {outcome:#?}"
            ),
            ending => panic!("{position}: {ending:?} {outcome:#?}"),
        }
        assert!(!outcome.stderr.contains("panicked"), "{position}: {outcome:#?}");
    }
}

#[test]
fn a_damaged_executable_says_so() {
    let app = App::script("print('hi')");
    let executable = app.build("tool", &[]);
    let bytes = fs::read(&executable).unwrap();
    let mut flipped = bytes.clone();
    // The configuration is read first; somewhere in front of the end of the index, all is checked.
    let position = bytes.len() - 200;
    *flipped.get_mut(position).unwrap() ^= 1;
    fs::write(&executable, &flipped).unwrap();
    let outcome = Child::new(&executable).outcome();
    assert!(outcome.ending() == Ok(3) || outcome.stdout == "hi\n", "{outcome:#?}");
    assert!(!outcome.stderr.contains("panicked"), "{outcome:#?}");
}
