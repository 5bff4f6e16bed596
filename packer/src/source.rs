//! Facts about a module that its source alone tells: its imports, each with its line and its kind, and signs of others.
//!
//! | in the source | becomes |
//! |---|---|
//! | `import a.b` | `a.b`, and the packages above it |
//! | `from a import b` | `a`, and `a.b` where that is a module |
//! | `from a import *` | `a`, and the modules that its `__all__` names |
//! | `from . import b`, `from ..c import d` | the same, from the package that the module is in |
//! | `import a; a.b.c` | `a`, and `a.b` where that is a module |
//! | in a function, under a condition that only the running program decides | the same, [`ImportPlace::Function`] |
//! | under `try` with a handler of `ImportError`, in its handlers, under `suppress(ImportError)` | the same, [`ImportPlace::Guarded`] |
//! | under `if "a" in sys.modules`, `if find_spec("a")` | the same, [`ImportPlace::Guarded`] |
//! | under `if TYPE_CHECKING` | nothing |
//! | under `if __name__ == "__main__"` | nothing in a module that is only imported |
//! | under `if sys.platform`, `sys.version_info`, `os.name` … | decided for the target; the other branch is nothing |
//! | `import_module("a")`, `__import__("a")`, any function with `import` in its name | `a`, [`ImportPlace::Function`] |
//! | `import_module(".a", __name__)` | `a` in the module's package |
//! | texts in a scope that imports a computed name | modules of these names, where there are some, [`ImportPlace::Text`] |
//! | texts that are import statements, in a module that calls `exec` | the same, [`ImportPlace::Function`] |
//! | `breakpoint()` | `pdb`, [`ImportPlace::Function`] |
//! | `find_spec("a")` in a module that names `LazyLoader` | `a`, [`ImportPlace::Function`] |
//! | `lazy_loader.attach_stub` | the imports of the `.pyi` beside it, [`ImportPlace::Function`] |

mod condition;
mod texts;
mod visit;

use std::collections::{BTreeSet, HashSet};

use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
pub(super) use texts::module_texts;
use visit::Reader;

use super::PythonInstallation;

/// The system and the Python that the archive is for, as conditions in sources ask for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TargetSystem {
    /// The version of Python.
    pub(super) version: (u8, u8),
    /// `sys.platform`.
    pub(super) platform: &'static str,
    /// `os.name`.
    pub(super) os_name: &'static str,
    /// `platform.system()`.
    pub(super) system: &'static str,
}

impl TargetSystem {
    /// The system of that Python: Windows, or the one for which this program was compiled.
    pub(super) fn of(python: &PythonInstallation) -> Self {
        let version = (python.version.0, python.version.1);
        let (platform, os_name, system) = if python.is_for_windows() {
            ("win32", "nt", "Windows")
        } else if cfg!(target_os = "macos") {
            ("darwin", "posix", "Darwin")
        } else if cfg!(target_os = "freebsd") {
            ("freebsd", "posix", "FreeBSD")
        } else {
            ("linux", "posix", "Linux")
        };
        Self { version, platform, os_name, system }
    }
}

/// The names that the reader looks out for besides imports.
#[derive(Clone, Debug)]
pub(super) struct Questions<'q> {
    pub(super) target: &'q TargetSystem,
    /// The groups of entry points that something installed plugs into.
    pub(super) groups: &'q BTreeSet<String>,
    /// Words of which rules make something depend.
    pub(super) words: &'q HashSet<String>,
}

/// The place of an import, which decides how much a missing module matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ImportPlace {
    /// The top level: the importing module needs it.
    Top,
    /// A function or a condition: the import may never be executed.
    Function,
    /// A place where the module's absence is expected.
    Guarded,
    /// A text that may become a module's name.
    Text,
}

impl ImportPlace {
    /// Whether a program may go on without it.
    pub(super) fn is_optional(self) -> bool {
        self != Self::Top
    }
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Import {
    /// The absolute dotted name.
    pub(super) module: String,
    /// Names taken from it, which may be modules.
    pub(super) members: Vec<String>,
    /// Whether all that it offers is taken.
    pub(super) has_star: bool,
    /// The line, counted from 1.
    pub(super) line: u32,
    pub(super) place: ImportPlace,
}

impl Import {
    /// The dotted names of the import and of its members.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let members = self.members.iter().map(|member| format!("{}.{member}", self.module));
        std::iter::once(self.module.clone()).chain(members)
    }
}

/// The facts found in a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) imports: Vec<Import>,
    /// The groups of entry points that it names.
    pub(super) groups: BTreeSet<String>,
    /// Whether it opens shared libraries.
    pub(super) opens_libraries: bool,
    /// Names of those (ctypes, cffi).
    pub(super) libraries: BTreeSet<String>,
    /// Distributions whose metadata it asks for by a literal name.
    pub(super) metadata: BTreeSet<String>,
    /// The words asked for that occur in it.
    pub(super) words: HashSet<String>,
    /// Names at its top level.
    pub(super) names: BTreeSet<String>,
    /// Names that its `__all__` lists.
    pub(super) exported: Vec<String>,
    /// Whether it imports modules by names that it computes.
    pub(super) imports_computed: bool,
    /// Whether it looks which modules or files lie in a folder.
    pub(super) lists_modules: bool,
    /// Whether it takes the names of its members from the stub beside it (`lazy_loader.attach_stub`).
    pub(super) attaches_stub: bool,
    /// A sign that it may run code which nobody has seen: it starts Python programs, or runs files and texts.
    pub(super) runs_unseen: Option<(&'static str, u32)>,
    /// Whether the text could be read as Python.
    pub(super) is_understood: bool,
}

/// Whether a module is ever run as a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunsAs {
    /// It may be: code under `if __name__ == "__main__"` counts.
    Main,
    /// It is only imported.
    Module,
    /// It is only imported, and the functions by which it tests itself are not called.
    StandardModule,
}

/// Reads a module's source; `name` and `is_package` tell the package that relative imports start from.
pub(super) fn read(
    source: &[u8],
    name: &str,
    is_package: bool,
    runs_as: RunsAs,
    questions: &Questions<'_>,
) -> Facts {
    // Other encodings than UTF-8 are rare, and names of modules are ASCII in all of them.
    let text = String::from_utf8_lossy(source);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let Some(module) = parsed.syntax().as_module() else { return Facts::default() };
    let package =
        if is_package { name } else { name.rsplit_once('.').map_or("", |(package, _)| package) };
    let mut reader = Reader::new(text, name, package, runs_as, questions);
    reader.module(&module.body);
    let mut facts = reader.finish();
    facts.is_understood = !parsed.has_invalid_syntax();
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: TargetSystem =
        TargetSystem { version: (3, 12), platform: "linux", os_name: "posix", system: "Linux" };

    fn facts(source: &str) -> Facts {
        let groups = BTreeSet::from(["app.plugins".to_owned()]);
        let words = HashSet::from(["read_parquet".to_owned()]);
        let questions = Questions { target: &LINUX, groups: &groups, words: &words };
        read(source.as_bytes(), "pack.part.module", false, RunsAs::Main, &questions)
    }

    #[test]
    fn what_runs_in_a_program_alone_is_left_out_of_modules() {
        let source = "def _test(): import a\nif __name__ == '__main__':\n  import b\nelse:\n  import c\ndef f(): import d";
        let (groups, words) = (BTreeSet::new(), HashSet::new());
        let questions = Questions { target: &LINUX, groups: &groups, words: &words };
        for (runs_as, expected) in
            [(RunsAs::Main, "a b c d"), (RunsAs::Module, "a c d"), (RunsAs::StandardModule, "c d")]
        {
            let found = read(source.as_bytes(), "module", false, runs_as, &questions);
            let names: Vec<&str> =
                found.imports.iter().map(|import| import.module.as_str()).collect();
            assert_eq!(names.join(" "), expected);
        }
    }

    /// Each import as `place:line:names`.
    fn check(source: &str, expected: &[&str]) {
        let place = |place| match place {
            ImportPlace::Top => "top",
            ImportPlace::Function => "function",
            ImportPlace::Guarded => "guarded",
            ImportPlace::Text => "text",
        };
        let facts = facts(source);
        let found: Vec<String> = facts
            .imports
            .iter()
            .map(|import| {
                let star = if import.has_star { " *" } else { "" };
                let names = import.names().collect::<Vec<_>>().join(" ");
                format!("{}:{}:{names}{star}", place(import.place), import.line)
            })
            .collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn each_statement_has_its_rule() {
        for (source, expected) in [
            ("import a.b", &["top:1:a.b"][..]),
            ("import a, b as c", &["top:1:a", "top:1:b"]),
            ("from a.b import c as d", &["top:1:a.b a.b.c"]),
            ("from a import *", &["top:1:a *"]),
            ("from . import b", &["top:1:pack.part pack.part.b"]),
            ("from ..c import d", &["top:1:pack.c pack.c.d"]),
            ("from .... import d", &[]),
            ("def f():\n    import a", &["function:2:a"]),
            ("class C:\n    import a", &["top:2:a"]),
            ("async def f():\n  async with x:\n    import a", &["function:3:a"]),
            ("try:\n  import a\nexcept ImportError:\n  import b", &["guarded:2:a", "guarded:4:b"]),
            ("try:\n  import a\nexcept (KeyError, ModuleNotFoundError): pass", &["guarded:2:a"]),
            ("try:\n  import a\nexcept: pass", &["guarded:2:a"]),
            ("try:\n  import a\nexcept KeyError: pass", &["top:2:a"]),
            ("try:\n  import a\nfinally:\n  import b", &["top:2:a", "top:4:b"]),
            ("with suppress(ImportError):\n  import a", &["guarded:2:a"]),
            ("with contextlib.suppress(Exception):\n  import a", &["guarded:2:a"]),
            (
                "if 'a' in sys.modules:\n  import a\nelse:\n  import b",
                &["guarded:2:a", "function:4:b"],
            ),
            ("if x and sys.modules.get('a'):\n  import a", &["guarded:2:a"]),
            ("if 'a' not in sys.modules:\n  import a", &["function:2:a"]),
            ("if util.find_spec('a') is not None:\n  import a", &["guarded:2:a"]),
            ("match x:\n  case 1:\n    import a", &["top:3:a"]),
            ("import a\na.b.c()", &["top:1:a a.b a.b.c"]),
            ("import a as z\ndef f(): return z.b", &["top:1:a a.b"]),
            ("import a.b as z\nz.c", &["top:1:a.b a.b.c"]),
            (
                "exec(x)\nT = ('import a; from b.c import *', 'from d import e', 'import f\\ng()', 'from here')",
                &["function:2:a", "function:2:b.c *", "function:2:d d.e"],
            ),
            ("x.exec(y)\nT = 'import a'", &[]),
        ] {
            check(source, expected);
        }
    }

    #[test]
    fn conditions_are_decided_for_the_target() {
        for (condition, first, second) in [
            ("TYPE_CHECKING", false, true),
            ("typing.TYPE_CHECKING", false, true),
            ("not t.TYPE_CHECKING", true, false),
            ("False", false, true),
            ("0", false, true),
            ("True", true, false),
            ("sys.platform == 'win32'", false, true),
            ("sys.platform != 'win32'", true, false),
            ("'linux' == sys.platform", true, false),
            ("sys.platform.startswith('linux')", true, false),
            ("sys.platform in ('win32', 'cygwin')", false, true),
            ("sys.platform not in {'win32'}", true, false),
            ("os.name == 'nt'", false, true),
            ("platform.system() == 'Windows'", false, true),
            ("sys.version_info >= (3, 11)", true, false),
            ("sys.version_info < (3,)", false, true),
            ("sys.version_info[:2] >= (3, 13)", false, true),
            ("sys.version_info[0] == 2", false, true),
            ("sys.version_info.major >= 3", true, false),
            ("(3, 8) <= sys.version_info", true, false),
            ("sys.version_info[1] < 12", false, true),
            ("six.PY2", false, true),
            ("PY3", true, false),
            ("sys.implementation.name == 'pypy'", false, true),
            ("platform.python_implementation() == 'PyPy'", false, true),
            ("TYPE_CHECKING and x", false, true),
            ("TYPE_CHECKING or x", true, true),
            ("x or sys.platform == 'linux'", true, false),
            ("sys.version_info >= (3, 12, 1)", true, true),
            ("x", true, true),
        ] {
            let found = facts(&format!("if {condition}:\n  import first\nelse:\n  import second"));
            let names: Vec<&str> =
                found.imports.iter().map(|import| import.module.as_str()).collect();
            let expected = [(first, "first"), (second, "second")];
            let expected: Vec<&str> =
                expected.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
            assert_eq!(names, expected, "{condition}");
        }
        check(
            "if sys.platform == 'win32': import a\nelif x: import b\nelse: import c",
            &["function:2:b", "function:3:c"],
        );
        check("if 1:\n  import a\nelif x:\n  import b", &["top:2:a"]);
        check("x = a if TYPE_CHECKING else __import__('b')", &["function:1:b"]);
    }

    #[test]
    fn calls_import_too() {
        for (source, expected) in [
            ("import_module('a.b')", &["function:1:a.b"][..]),
            ("importlib.import_module(name='a')", &["function:1:a"]),
            ("__import__('a')", &["function:1:a"]),
            ("import_module('.x', __name__)", &["function:1:pack.part.module.x"]),
            ("import_module('.x', __package__)", &["function:1:pack.part.x"]),
            ("import_module('..x', 'q.r')", &["function:1:q.x"]),
            ("import_optional_dependency('a')", &["function:1:a"]),
            ("pytest.importorskip('a')", &["function:1:a"]),
            (
                "def f(n):\n  t = {'k': 'a.b'}\n  return import_module(t[n])",
                &["text:2:k", "text:2:a.b"],
            ),
            ("T = {'k': 'a.b', 'l': 'm'}\ndef f(n): return import_module(T[n])", &["text:1:a.b"]),
            ("T = ['.q']\ndef f(n): return import_module(T[n])", &["text:1:pack.part.q"]),
            ("T = ['a.b']", &[]),
            ("def f():\n  '''a doc'''\n  return import_module(x)", &[]),
            ("x = LazyLoader\nfind_spec('a')", &["function:2:a"]),
            ("find_spec('a')", &[]),
            ("breakpoint()", &["function:1:pdb"]),
            ("x.breakpoint()", &[]),
        ] {
            check(source, expected);
        }
    }

    #[test]
    fn other_signs_are_seen() {
        let has = |source: &str, sign: fn(&Facts) -> bool| {
            assert!(sign(&facts(source)), "{source}");
        };
        has("import_module(x)", |facts| facts.imports_computed);
        has("import_module('a' + x)", |facts| facts.imports_computed);
        has("import_module('a')", |facts| !facts.imports_computed);
        has("pkgutil.walk_packages(__path__)", |facts| facts.lists_modules);
        has("os.listdir(os.path.dirname(__file__))", |facts| facts.lists_modules);
        has("os.listdir(x)", |facts| !facts.lists_modules);
        has("lazy_loader.attach_stub(__name__, __file__)", |facts| facts.attaches_stub);
        has("subprocess.run([sys.executable])", |facts| {
            facts.runs_unseen == Some(("sys.executable", 1))
        });
        has("x\nsys.path.insert(0, x)", |facts| facts.runs_unseen == Some(("sys.path", 2)));
        has("sys.path += [x]", |facts| facts.runs_unseen.is_some());
        has("exec(code)", |facts| facts.runs_unseen == Some(("exec", 1)));
        has("__import__(x)", |facts| facts.runs_unseen == Some(("__import__", 1)));
        has("runpy.run_path(x)", |facts| facts.runs_unseen.is_some());
        has("importlib.util.spec_from_file_location(n, x)", |facts| facts.runs_unseen.is_some());
        has("print(sys.path, sys.version)", |facts| facts.runs_unseen.is_none());
        has("re.compile(x).match(y)", |facts| facts.runs_unseen.is_none());
        has("__all__ = ['a']\n__all__ += ['b']", |facts| facts.exported == ["a", "b"]);
        has("f('app.plugins')", |facts| facts.groups.len() == 1);
        has("x.read_parquet()", |facts| facts.words.len() == 1);
        has("f(engine='read_parquet')", |facts| facts.words.len() == 1);
        has("importlib.metadata.version('a-b')", |facts| facts.metadata.contains("a-b"));
        has("ctypes.CDLL('libfoo.so.2')", |facts| facts.libraries.contains("libfoo.so.2"));
        has("find_library('foo')", |facts| facts.libraries.is_empty());
        has("print 'a'", |facts| !facts.is_understood);
        has("def f(): pass\nx = y.z", |facts| {
            facts.names.iter().map(String::as_str).eq(["f", "x", "y", "z"])
        });
    }
}
