//! Errors of users: each message with its exit code, as a specification.

use std::fs;
use std::path::{Path, PathBuf};

use launcher::command_parts::PYTHON_VERSION;

use crate::support::{App, COLDFRAME, Child, Outcome, cache, coldframe, listing, skipped};

/// The folder in which everything goes wrong.
pub(crate) struct Mess {
    app: App,
    pub(crate) cases: String,
}

impl Mess {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.app.file(name)
    }

    /// Runs `coldframe` in the folder, and notes its end and its output.
    pub(crate) fn case(&mut self, line: &str) {
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
        // Its length is not certain any more: three digits in a row in it are an `N` by now.
        Some((before, after)) => {
            let after =
                after.trim_start_matches(|character: char| character.is_ascii_alphanumeric());
            format!("{before}/.coldframe-RANDOM{after}")
        }
        None => result,
    }
}

#[test]
fn what_differs_by_chance_has_one_name() {
    for random in ["fXk2Pq", "a12b34", "x1234y", "123456", "999ZZZ"] {
        assert_eq!(
            without_chance(&format!("at \"/proc/.coldframe-{random}\")\nexit code 4 of 1234\n")),
            "at \"/proc/.coldframe-RANDOM\")\nexit code 4 of N\n",
            "{random}"
        );
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

/// Modules that do not compile, and two good ones beside them.
const BROKEN: &[(&str, &[u8])] = &[
    ("syntax.py", b"x = 1\ndef f(:\n    pass\n"),
    ("indented.py", b"if True:\nx = 1\n"),
    ("tabs.py", b"if True:\n        x = 1\n\ty = 2\n"),
    ("late.py", b"x = 1\r\nreturn x\r\n"),
    ("last.py", b"def f():\n    x = '\xc3\xa4'\n    global x"),
    ("nulls.py", b"x = '\0'\n"),
    ("undecodable.py", b"# coding: utf-8\nx = '\xff'\n"),
    ("unknown.py", b"# coding: nothing\nx = 1\n"),
    ("latin.py", b"# coding: latin-1\nx = '\xe4' y\n"),
    ("package/__init__.py", b"x = = 1\n"),
    ("package/inner.py", b""),
    ("whole/__init__.py", b""),
    ("whole/part.py", b"'''\n"),
];

/// Prints what importing each of them is, and looks at one as a library would.
const IMPORTS_BROKEN: &str = r#"
import importlib, importlib.util, os, pkgutil, sys, traceback
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        print(name, type(error).__name__, error.args[0], [frame.name for frame in frames if "importlib" not in frame.filename])
        if isinstance(error, SyntaxError):
            file = error.filename and os.path.relpath(error.filename, os.path.dirname(__file__))
            print([file, error.lineno, error.offset, error.text])
    print(name in sys.modules)
spec = importlib.util.find_spec("syntax")
print(spec.name, os.path.basename(spec.origin), spec.loader.get_source("syntax"))
try:
    import syntax
except SyntaxError:
    traceback.print_exc(limit=-1, file=sys.stdout)
print(sorted(module.name for module in pkgutil.iter_modules() if module.name in sys.argv))
import syntax
"#;

#[test]
fn importing_a_broken_module_is_the_error_of_python() {
    let app = App::new(&[("__main__.py", IMPORTS_BROKEN)]);
    let mut names = Vec::new();
    for (path, text) in BROKEN {
        fs::create_dir_all(app.file(path).parent().unwrap()).unwrap();
        fs::write(app.file(path), text).unwrap();
        names.push(path.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', "."));
    }
    // The warnings come with the packing: it must not be in the cache from another time.
    app.write("new.txt", app.path().to_str().unwrap());
    let ours = app.run_with(["--allow-broken"], &names).outcome();
    let theirs = app.python(&names).outcome();
    let shown = |outcome: &Outcome| {
        let line = outcome.stdout.lines().find(|line| line.ends_with("/syntax.py\", line 2"));
        let path = line.and_then(|line| line.split('"').nth(1)).unwrap_or_default();
        outcome.stdout.replace(path.trim_end_matches("/syntax.py"), "FOLDER")
    };
    assert_eq!(ours.ending(), theirs.ending());
    assert_eq!(shown(&ours), shown(&theirs), "{}", ours.stderr);
    let warnings = ours.stderr.lines().filter(|line| line.starts_with("warning: "));
    assert_eq!(warnings.count(), BROKEN.len() - 2, "{}", ours.stderr);
    assert!(ours.stderr.trim_end().lines().last().unwrap().starts_with("SyntaxError: "));
}

#[test]
fn a_broken_main_module_is_the_error_of_python() {
    let app = App::script("def f(:\n");
    let ours = app.run_with(["--allow-broken"], [""; 0]).outcome();
    let theirs = app.python([""; 0]).outcome();
    assert_eq!((ours.ending(), ours.stdout.as_str()), (Ok(1), ""), "{ours:#?}");
    let from_line = theirs.stderr.split_once('\n').unwrap().1;
    assert!(ours.stderr.ends_with(from_line), "{ours:#?} {theirs:#?}");
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
fn what_cannot_be_read_is_named() {
    let app = App::new(&[]);
    // A loop, for no permission keeps root from reading.
    std::os::unix::fs::symlink("loop.py", app.file("loop.py")).unwrap();
    let outcome = coldframe(["run"]).arg(app.file("loop.py")).outcome();
    assert_eq!(outcome.ending(), Ok(3), "{outcome:#?}");
    let message = "error: could not read the application `";
    assert!(
        outcome.stderr.starts_with(message) && outcome.stderr.contains("loop.py"),
        "{outcome:#?}"
    );
}

/// Runs `coldframe` with a file system of its own at `place`, mounted with these options, in a namespace of its own:
/// nothing outside of the child sees it, and even root is bound by it. `None` when the system does not allow that.
fn confined(test: &str, place: &Path, options: &str) -> Option<Child> {
    fs::create_dir_all(place).unwrap();
    let script = format!("mount -t tmpfs -o {options} tmpfs '{}' && exec \"$@\"", place.display());
    let child =
        |program: &str| Child::new("unshare").args(["-rm", "sh", "-c", &script, "sh", program]);
    let unshare = Path::new("/usr/bin/unshare");
    if !unshare.exists() || child("true").outcome().ending() != Ok(0) {
        skipped(test, "no file system can be mounted in a namespace here");
        return None;
    }
    // The standard library has to be in the shared cache, for the tests that do not replace it.
    coldframe(["policy"]).ok();
    Some(child(COLDFRAME))
}

#[test]
fn a_full_cache_is_said_to_be_full() {
    let app = App::script("print('hi')\n");
    let full = app.beside("full");
    let Some(child) = confined("a_full_cache_is_said_to_be_full", &full, "size=64k,mode=700")
    else {
        return;
    };
    let outcome =
        child.arg("run").arg(app.file("script.py")).env("COLDFRAME_CACHE_DIR", &full).outcome();
    assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
    assert!(outcome.stderr.contains("No space left on device"), "{outcome:#?}");
    assert!(outcome.stderr.contains(full.to_str().unwrap()), "{outcome:#?}");
}

#[test]
fn read_only_places_are_named() {
    const TEST: &str = "read_only_places_are_named";
    let app = App::script("print('hi')\n");
    let locked = app.beside("locked");
    let Some(child) = confined(TEST, &locked, "ro") else { return };
    let outcome =
        child.arg("build").arg(app.file("script.py")).arg("-o").arg(locked.join("out")).outcome();
    assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
    assert!(outcome.stderr.contains("locked/out`"), "{outcome:#?}");
    let Some(child) = confined(TEST, &locked, "ro") else { return };
    let outcome =
        child.arg("run").arg(app.file("script.py")).env("COLDFRAME_CACHE_DIR", &locked).outcome();
    assert_eq!(outcome.ending(), Ok(4), "{outcome:#?}");
    assert!(outcome.stderr.contains("COLDFRAME_CACHE_DIR"), "{outcome:#?}");
}
