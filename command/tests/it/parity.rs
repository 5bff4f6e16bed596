//! One application, run by `coldframe run` and by `python -I`: its facts about itself must be the same.

use crate::support::App;

/// Prints facts. Paths are shown below `ROOT` (the application) and `STDLIB`, which are one and the same in an archive.
const FACTS: &str = include_str!("python/facts.py");

/// The application around the facts.
const FILES: [(&str, &str); 31] = [
    ("facts.py", FACTS),
    ("__main__.py", "import facts\n"),
    ("pkg/__init__.py", "\"\"\"The package.\"\"\"\n"),
    ("pkg/__main__.py", "RAN = __name__, __package__\n"),
    (
        "pkg/mod.py",
        "\
\"\"\"A module.\"\"\"
import warnings
NAME = __name__
def function(x):
    \"\"\"Doubles.

    >>> function(2)
    4
    \"\"\"
    return x * 2  # here
class Class:
    def __init__(self, number): self.number = number
    def method(self): return self
def nested():
    def inner():
        return lambda: None
    return inner
def fail():
    return function(1) / 0  # ünïcode
def warn():
    warnings.warn('beware', stacklevel=1)
def log(logger):
    logger.error('x')
",
    ),
    ("pkg/raises.py", "import sys\nraise LookupError('while importing')\n"),
    ("pkg/top.txt", "top\n"),
    ("pkg/data/text.txt", "ünïcode\ntext\n"),
    ("pkg/data/empty", ""),
    ("pkg/data/binary.bin", "\0\u{1}\u{ff}\r\n"),
    ("pkg/sub/__init__.py", ""),
    ("pkg/sub/leaf.py", "def leaf(): pass\n"),
    (
        "pkg/sub/relative.py",
        "from . import leaf\nfrom .. import mod\nfrom ..mod import NAME\nfrom .leaf import leaf as f\nFOUND = [leaf.__name__, mod.__name__, NAME, f.__module__]\n",
    ),
    ("pkg/deep/__init__.py", ""),
    ("pkg/deep/deeper/__init__.py", ""),
    ("pkg/deep/deeper/deepest.py", ""),
    ("space/note.txt", "note\n"),
    ("space/inner/leaf.py", "VALUE = 1\n"),
    ("solo.py", "VALUE = 1\n"),
    ("lazy.py", "print('executed')\nVALUE = 2\n"),
    ("circle_a.py", "from circle_b import b\na = 1\n"),
    ("circle_b.py", "from circle_a import a\nb = 1\n"),
    ("circle_c.py", "import circle_d\n"),
    ("circle_d.py", "import circle_c\nvalue = circle_c.__name__\n"),
    ("needs_missing.py", "import missing_dependency\n"),
    ("replaced.py", "import sys\nsys.modules[__name__] = 'another object'\n"),
    ("dynamic.py", "def __getattr__(name): return name.upper()\ndef __dir__(): return ['a']\n"),
    ("plugins/plugin.py", "import plugged.part\n"),
    ("plugins/plugged/__init__.py", ""),
    ("plugins/plugged/part.py", "NAME = __name__\n"),
    ("star.py", "__all__ = ['public']\npublic, _private, hidden = 1, 2, 3\n"),
];

#[test]
fn an_application_finds_what_it_finds_under_python() {
    let app = App::new(&FILES);
    app.write("ünïcode_näme.py", "VALUE = 'ü'\n");
    std::fs::write(app.file("latin.py"), b"# -*- coding: latin-1 -*-\nVALUE = '\xe4'\n").unwrap();
    let arguments = ["first", "ünïcode", "--flag"];
    let ours = app.run(arguments).input("typed\n").outcome();
    // On Windows stock Python has UTF-8 mode only where it is asked for.
    let mode: &[&str] = if cfg!(windows) { &["-X", "utf8"] } else { &[] };
    let theirs = app.python_with(mode).args(arguments).input("typed\n").outcome();
    assert_eq!(ours.ending(), Ok(0), "{}", ours.stderr);
    assert!(
        ours.stdout.lines().count() > 200 && !theirs.stdout.contains("FAILED"),
        "{}",
        theirs.stdout
    );
    let mut differences = String::new();
    // A section that fails ends early in one of them: it must not shift the others.
    for (ours, theirs) in ours.stdout.split("\n# ").zip(theirs.stdout.split("\n# ")) {
        for (ours, theirs) in
            ours.lines().zip(theirs.lines()).filter(|(ours, theirs)| ours != theirs)
        {
            differences.push_str(&format!("ours:   {ours}\npython: {theirs}\n\n"));
        }
    }
    assert!(differences.is_empty(), "{differences}");
    assert_eq!(ours.stdout, theirs.stdout);
    assert_eq!(ours.stderr, theirs.stderr);
}
