//! Files of a package that only its developers use, or the compilers of code against it.

/// Folders of tests, of helpers for tests, and of tools that want a compiler.
const TEST_FOLDERS: &[&str] = &["test", "tests"];
const TOOL_FOLDERS: &[&str] = &[
    "testing",
    "_testing",
    "f2py",
    "distutils",
    "benchmarks",
    "_pyinstaller",
    "__pyinstaller",
    "_examples",
    "examples",
    "sphinxext",
    "_sphinxext",
];

/// Suffixes of files that only type checkers and compilers read.
const ENDINGS: &[&str] =
    &[".a", ".cmake", ".f", ".f90", ".f95", ".lib", ".map", ".pc", ".pxd", ".pxi", ".pyf", ".pyx"];

/// Suffixes of C files. Some packages compile them while they run (thinc), but not those that lie in a folder for headers.
const ENDINGS_OF_C: &[&str] = &[".c", ".cc", ".cpp", ".h", ".hh", ".hpp", ".inc"];
const HEADER_FOLDERS: &[&str] = &["include", "includes"];

/// Words in the names of extras that only developers of a distribution install.
const EXTRA_WORDS: &[&str] = &[
    "benchmark",
    "benchmarks",
    "build",
    "ci",
    "coverage",
    "dev",
    "devel",
    "develop",
    "developer",
    "development",
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "lint",
    "linting",
    "mypy",
    "qa",
    "release",
    "test",
    "testing",
    "tests",
    "tutorials",
    "types",
    "typing",
];

/// Prefixes of files that only people read.
const BEGINNINGS: &[&str] = &["AUTHORS", "CHANGELOG", "CHANGES", "COPYING", "LICENSE", "NOTICE"];

/// Whether an extra of a distribution is for its developers.
pub(super) fn is_extra_for_developers(extra: &str) -> bool {
    extra
        .split(['-', '_', '.'])
        .any(|word| EXTRA_WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// Whether a path is that of a test, or of a file that only tests use.
pub(super) fn is_test(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    folders.split('/').any(|folder| TEST_FOLDERS.contains(&folder))
        || name == "conftest.py"
        || (name.starts_with("test_") && name.ends_with(".py"))
}

/// Whether a module is a test, or a tool that does its work where packages are developed.
pub(super) fn is_tool(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    is_test(path)
        || name == "setup.py"
        || folders.split('/').any(|folder| TOOL_FOLDERS.contains(&folder))
}

/// Whether a file of a distribution is not packed: tests, and files that only type checkers and compilers read.
///
/// Headers stay, for some packages compile while they run; and texts for people, for licences ask for them.
pub(super) fn is_left_out(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name == "py.typed" || is_tool(path) || ENDINGS.iter().any(|end| name.ends_with(end))
}

/// Whether a data file is of no use to an application that runs.
pub(super) fn is_for_developers(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_header = ENDINGS_OF_C.iter().any(|end| name.ends_with(end))
        && folders.split('/').any(|folder| HEADER_FOLDERS.contains(&folder));
    name == "py.typed"
        || is_tool(path)
        || is_header
        || ENDINGS.iter().any(|end| name.ends_with(end))
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_tools_are_known_by_their_places() {
        let check = |path, expected: (bool, bool, bool)| {
            assert_eq!((is_test(path), is_tool(path), is_for_developers(path)), expected, "{path}");
        };
        for path in ["a/tests/data.csv", "a/b/test/x.py", "a/conftest.py", "test_a.py"] {
            check(path, (true, true, true));
        }
        check("a/testing/x.py", (false, true, true));
        check("setup.py", (false, true, true));
        for path in ["a/include/a.h", "a/lib/liba.a", "a/py.typed", "a/LICENSE.txt"] {
            check(path, (false, false, true));
        }
        // A module of that name may be anything: jinja2's is a part of its language.
        for path in [
            "jinja2/tests.py",
            "a/test.py",
            "a/contest.py",
            "a/data.json",
            "tests",
            "a/kernels.cu",
            "a/parser.h",
            "a/templates/README",
        ] {
            check(path, (false, false, false));
        }
    }
}
