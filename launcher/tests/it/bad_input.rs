//! What goes wrong and how it is said: each message with its exit code, as a specification.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use importer_core::{Archive, ModuleEntry, Target, Writer};
use launcher::build_kind::PYTHON_VERSION;

use crate::support::{App, Child, cache, coldframe, listing, skipped};

/// The folder in which everything goes wrong.
struct Mess {
    app: App,
    cases: String,
}

impl Mess {
    fn new() -> Self {
        let app = App::new(&[
            ("good.py", "print('good')\n"),
            ("empty/data.txt", ""),
            ("tools/tool.py", "def run(): pass\n"),
            ("broken/__main__.py", "import worse\n"),
            ("broken/worse.py", "x = 1\ndef f(:\n    pass\n"),
            ("typo/__main__.py", ""),
            (
                "typo/coldframe.toml",
                "sys-frozen = true\nmultiprocessing-start-method = \"forks\"\n",
            ),
            ("key/__main__.py", ""),
            ("key/pyproject.toml", "[tool.coldframe]\nmultiprocessing-start-methd = \"fork\"\n"),
            ("text.txt", "this is no archive\n"),
        ]);
        Self { app, cases: String::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.app.file(name)
    }

    /// Runs `coldframe` in the folder, and notes what came of it.
    fn case(&mut self, line: &str) {
        self.case_with(line, |child| child);
    }

    fn case_with(&mut self, line: &str, change: impl FnOnce(Child) -> Child) {
        let before = tree(&self.app.path());
        let child = coldframe(line.split_whitespace()).current_dir(self.app.path());
        let outcome = change(child).outcome();
        for word in ["panicked", "RUST_BACKTRACE", "Traceback"] {
            assert!(!outcome.stderr.contains(word), "{line}: {outcome:#?}");
        }
        assert_eq!(tree(&self.app.path()), before, "{line}: left something behind");
        let folder = self.app.path();
        let names = [
            (folder.to_str().unwrap(), "HERE"),
            (cache().to_str().unwrap(), "CACHE"),
            (PYTHON_VERSION, "X.Y"),
        ]
        .map(|(path, name)| (path.to_owned(), name));
        let names: Vec<(&str, &str)> =
            names.iter().map(|(path, name)| (path.as_str(), *name)).collect();
        self.cases
            .push_str(&format!("$ coldframe {line}\n{}\n", without_chance(&outcome.shown(&names))));
    }
}

/// Sizes, bytecode numbers and the names of temporary files differ from run to run.
fn without_chance(shown: &str) -> String {
    let mut result = String::new();
    for part in
        shown.replace("--\n", "").split_inclusive(|character: char| !character.is_ascii_digit())
    {
        let digits = part.trim_end_matches(|character: char| !character.is_ascii_digit());
        result.push_str(&if digits.len() > 2 {
            part.replacen(digits, "N", 1)
        } else {
            part.to_owned()
        });
    }
    match result.split_once("/.coldframe-") {
        Some((before, after)) => {
            format!("{before}/.coldframe-RANDOM{}", after.get(6..).unwrap_or_default())
        }
        None => result,
    }
}

/// Every file and folder below, to see that nothing appears.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for name in listing(&folder) {
            let path = folder.join(name);
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    found
}

#[test]
fn every_message_names_the_thing_and_the_way_out() {
    let mut mess = Mess::new();
    mess.case("run nowhere");
    mess.case("run empty");
    mess.case("run text.txt");
    mess.case("run broken");
    mess.case("run typo");
    mess.case("run key");
    mess.case("run good.py --entry good");
    mess.case("run tools --entry nothing:main");
    mess.case("run tools --entry tool:main");
    mess.case("run good.py --start-method forks");
    mess.case("run good.py --start-metod fork");
    mess.case("run good.py --venv empty");
    mess.case("run good.py --python ./text.txt");
    mess.case("run good.py --include no_such_package");
    mess.case("run good.py --cache-dir /proc/nowhere");
    mess.case_with("run good.py", |child| child.env("COLDFRAME_CACHE_DIR", "/proc/nowhere"));
    mess.case("build");
    mess.case("build good.py");
    mess.case("build nowhere -o out");
    mess.case("build good.py -o empty");
    mess.case("build good.py -o text.txt/out");
    mess.case("build good.py -o /proc/out");
    mess.case("build good.py -o out --exclude encodings");
    mess.case("build good.py -o out --optimize 3");
    mess.case("build broken -o out");
    mess.case("inspect nowhere");
    mess.case("inspect text.txt");
    mess.case("policy --setting fork --target x86_64-pc-windows-msvc");
    mess.case("policy --setting forkserver --target wasm32-wasip1");
    mess.case("policy --setting forks");
    mess.case("policy --target no-such-thing");
    mess.case("polcy");
    insta::assert_snapshot!(mess.cases);
}

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
    let foreign = Target { version: (3, 99), bytecode_magic: 9999, ..target.clone() };
    fs::write(mess.path("foreign.coldframe"), archive(foreign, &[])).unwrap();
    let bytecode = Target { bytecode_magic: 9999, ..target.clone() };
    let modules = ["encodings", "__main__"];
    fs::write(mess.path("bytecode.coldframe"), archive(bytecode, &modules)).unwrap();
    let free_threaded = Target { free_threaded: !target.free_threaded, ..target };
    fs::write(mess.path("threads.coldframe"), archive(free_threaded, &modules)).unwrap();

    for name in ["half", "header", "nothing", "newer", "foreign", "threads"] {
        mess.case(&format!("run {name}.coldframe"));
    }
    insta::assert_snapshot!(mess.cases);

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
        // Either the byte did not matter, or it was noticed: an error of ours, or an `ImportError`.
        match outcome.ending() {
            Ok(0) => assert_eq!(outcome.stdout, "fine\n", "{position}: {outcome:#?}"),
            Ok(3 | 5) => assert!(outcome.stderr.starts_with("error: "), "{position}: {outcome:#?}"),
            Ok(1) => assert!(
                outcome.stderr.contains("ImportError: cannot import"),
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

#[test]
fn broken_modules_are_packed_when_allowed() {
    let app = App::new(&[
        (
            "__main__.py",
            "try:\n    import worse\nexcept (SyntaxError, ImportError) as error:\n    print('caught')\n",
        ),
        ("worse.py", "x = 1\ndef f(:\n    pass\n"),
    ]);
    // The warning comes with the packing: it must not be in the cache from another time.
    app.write("new.txt", app.path().to_str().unwrap());
    let outcome = app.run_with(["--allow-broken"], [""; 0]).outcome();
    assert_eq!((outcome.ending(), outcome.stdout.as_str()), (Ok(0), "caught\n"), "{outcome:#?}");
    assert!(
        outcome.stderr.starts_with("warning: ") && outcome.stderr.contains("worse.py"),
        "{outcome:#?}"
    );
}

#[test]
fn the_old_executable_survives() {
    let app = App::new(&[("__main__.py", "def f(:\n")]);
    let output = app.beside("tool");
    fs::write(&output, "old").unwrap();
    let build = || coldframe(["build"]).arg(app.path()).arg("-o").arg(&output);
    assert_eq!(build().outcome().ending(), Ok(3));
    assert_eq!(fs::read_to_string(&output).unwrap(), "old");
    app.write("__main__.py", "print('new')\n");
    build().ok();
    Child::new(&output).prints("new\n");
    let names: Vec<_> = listing(output.parent().unwrap())
        .into_iter()
        .map(|name| name.into_string().unwrap())
        .collect();
    let ours = names.iter().filter(|name| !name.starts_with("libpython")).collect::<Vec<_>>();
    assert_eq!(ours, ["app", "tool"]);
}

#[test]
fn unreadable_and_unwritable_places() {
    const TEST: &str = "unreadable_and_unwritable_places";
    let app = App::script("print('hi')\n");
    let locked = app.beside("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(locked.join("probe"), "").is_ok() {
        return skipped(TEST, "this user (root?) may write everywhere");
    }
    let outcome =
        coldframe(["build"]).arg(app.file("script.py")).arg("-o").arg(locked.join("out")).outcome();
    assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
    let outcome = app.run([""; 0]).env("COLDFRAME_CACHE_DIR", locked.join("cache")).outcome();
    assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
    fs::set_permissions(app.file("script.py"), fs::Permissions::from_mode(0o000)).unwrap();
    let outcome = app.run([""; 0]).outcome();
    assert_eq!(outcome.ending(), Ok(3), "{outcome:#?}");
}

#[test]
fn a_full_cache_is_said_to_be_full() {
    const TEST: &str = "a_full_cache_is_said_to_be_full";
    let app = App::script("print('hi')\n");
    let full = app.beside("full");
    fs::create_dir(&full).unwrap();
    // A file system of its own, in a namespace of its own: nothing outside of this test sees it.
    let script = format!("mount -t tmpfs -o size=64k tmpfs '{0}' && exec \"$@\"", full.display());
    let confined =
        |program: &str| Child::new("unshare").args(["-rm", "sh", "-c", &script, "sh", program]);
    if !Path::new("/usr/bin/unshare").exists() || confined("true").outcome().ending() != Ok(0) {
        return skipped(TEST, "no file system can be mounted in a namespace here");
    }
    let outcome = confined(crate::support::COLDFRAME)
        .arg("run")
        .arg(app.file("script.py"))
        .env("COLDFRAME_CACHE_DIR", &full)
        .outcome();
    assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
    assert!(outcome.stderr.contains("No space left on device"), "{outcome:#?}");
}
