//! The rules that look at one file at a time.

use std::env;
use std::path::PathBuf;

use super::{File, Problem};
use crate::source::{code_only, has_word, is_word};

/// Longer files are not read in one sitting.
const MAX_LINES: usize = 500;
/// The lines above a block in which its argument may begin: the comment may be long, and the statement may begin before the block.
const SAFETY_REACH: usize = 12;
/// The only places that may contain `unsafe` (ARCHITECTURE.md, the unsafe zones).
const UNSAFE_ZONES: &[&str] = &[
    "launcher/src/py/",
    "launcher/src/py.rs",
    "importer-core/src/mapping.rs",
    "mapped-libraries/src/mapped_library.rs",
];
/// The only place that may name CPython's C interface.
const FFI_ZONES: &[&str] = &["launcher/src/py/", "launcher/src/py.rs"];

pub(super) fn check(file: &File) -> Vec<Problem> {
    let mut checker = Checker { file, problems: Vec::new() };
    if file.path.ends_with(".rs") {
        let code = code_only(&file.text);
        checker.module_header();
        checker.ignored_tests(&code);
        checker.unsafe_zones(&code);
        checker.safety_arguments(&code);
        checker.ffi_zones(&code);
        checker.platform_is_an_argument(&code);
    }
    if file.path.ends_with(".rs") || file.path.ends_with(".py") {
        checker.length();
    }
    checker.importer_is_neutral();
    checker.places_and_hosts();
    checker.problems
}

struct Checker<'a> {
    file: &'a File,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    /// `index` counts lines from 0.
    fn report(&mut self, index: usize, what: impl Into<String>) {
        self.problems.push(Problem {
            path: PathBuf::from(&self.file.path),
            line: index + 1,
            what: what.into(),
        });
    }

    fn is_in(&self, zones: &[&str]) -> bool {
        zones.iter().any(|zone| self.file.path.starts_with(zone))
    }

    fn module_header(&mut self) {
        let mut lines = self
            .file
            .text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("#!["));
        if !lines.next().is_some_and(|line| line.starts_with("//!")) {
            self.report(0, "it does not begin with a `//!` line that says what it is for");
        }
    }

    fn length(&mut self) {
        let n_lines = self.file.text.lines().count();
        if n_lines > MAX_LINES {
            self.report(
                MAX_LINES,
                format!(
                    "it has {n_lines} lines, more than {MAX_LINES}: split it by what its parts do"
                ),
            );
        }
    }

    fn ignored_tests(&mut self, code: &str) {
        for (index, line) in code.lines().enumerate() {
            if line.replace(' ', "").contains("#[ignore") {
                self.report(
                    index,
                    "an ignored test is never run: make it fast, or let it skip itself aloud",
                );
            }
        }
    }

    fn unsafe_zones(&mut self, code: &str) {
        if self.is_in(UNSAFE_ZONES) {
            return;
        }
        for (index, line) in code.lines().enumerate() {
            if has_word(line, "unsafe") {
                self.report(index, "`unsafe` outside the zones it is kept in (ARCHITECTURE.md)");
            }
        }
    }

    fn safety_arguments(&mut self, code: &str) {
        let lines: Vec<&str> = self.file.text.lines().collect();
        for (index, line) in code.lines().enumerate() {
            if !has_word(line, "unsafe") || !line.replace(' ', "").contains("unsafe{") {
                continue;
            }
            let above = lines.get(index.saturating_sub(SAFETY_REACH)..=index).unwrap_or_default();
            if !above.iter().any(|line| line.contains("SAFETY")) {
                self.report(index, "an `unsafe` block without its `SAFETY:` argument above");
            }
        }
    }

    fn ffi_zones(&mut self, code: &str) {
        if self.is_in(FFI_ZONES) {
            return;
        }
        for (index, line) in code.lines().enumerate() {
            if has_word(line, "pyo3_ffi") {
                self.report(index, "`pyo3_ffi` outside `launcher/src/py/`");
            }
        }
    }

    fn platform_is_an_argument(&mut self, code: &str) {
        if !self.is_in(&["platform-policy/", "interp-config/"]) {
            return;
        }
        for (index, line) in code.lines().enumerate() {
            let line = line.replace(' ', "");
            let asks = [
                "target_os",
                "target_family",
                "cfg(unix",
                "cfg(windows",
                "cfg!(unix",
                "cfg!(windows",
            ];
            if asks.iter().any(|ask| line.contains(ask)) {
                self.report(
                    index,
                    "it asks what it is compiled for: the platform is an argument here",
                );
            }
        }
    }

    fn importer_is_neutral(&mut self) {
        let word = "multiprocessing";
        if !self.is_in(&["importer-core/"]) {
            return;
        }
        for (index, line) in self.file.text.lines().enumerate() {
            if line.to_lowercase().contains(word) {
                self.report(
                    index,
                    format!("the importer has never heard of `{word}`: that is the launcher's"),
                );
            }
        }
    }

    /// Nothing may name the machine it was written on, or a place to download from.
    fn places_and_hosts(&mut self) {
        // Cargo writes its registry's address there itself, and so does its licence's author.
        let is_written_by_others = ["Cargo.lock", "fuzz/Cargo.lock"]
            .contains(&self.file.path.as_str())
            || self.file.path.starts_with("LICENSE");
        if is_written_by_others {
            return;
        }
        // In pieces, for this file is checked too.
        let mut places: Vec<String> =
            ["root", "work", "Users"].iter().map(|name| format!("/{name}/")).collect();
        if let Some(home) = env::home_dir().and_then(|home| home.to_str().map(str::to_owned))
            && home.len() > 1
        {
            places.push(format!("{home}/"));
        }
        let hosts = [
            ["crates", ".io"],
            ["pypi", ".org"],
            ["pythonhosted", ".org"],
            ["npmjs", ".org"],
            ["deb.debian", ".org"],
        ]
        .map(|parts| parts.concat());
        for (index, line) in self.file.text.lines().enumerate() {
            if let Some(place) = places.iter().find(|place| begins_a_path(line, place)) {
                self.report(index, format!("`{place}` is a place on somebody's machine"));
            }
            if let Some(host) = hosts.iter().find(|host| line.contains(host.as_str())) {
                self.report(
                    index,
                    format!(
                        "`{host}` is a registry's host: which one is used is its user's choice"
                    ),
                );
            }
        }
    }
}

/// Whether `place` stands in `line` at the start of a path, not in the middle of one (`a/work/b`) or of an address.
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| is_word(c) || ['.', '/', '-', '}', '>', ')', '*', '~'].contains(&c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_file(path: &str, text: &str) -> String {
        let problems = check(&File { path: path.to_owned(), text: text.to_owned() });
        problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_rule_finds_what_it_is_for() {
        let finds = |path: &str, text: &str, part: &str| {
            let problems = check_file(path, text);
            assert!(problems.contains(part), "{path}: {text:?} gave {problems:?}, not {part:?}");
        };
        let block = "//! X.\nfn f() {\n    unsafe { g() }\n}\n";
        finds("launcher/src/a.rs", "fn f() {}\n", "a.rs:1: it does not begin");
        finds("launcher/src/a.rs", "// X.\n//! Y.\n", "does not begin");
        finds(
            "launcher/src/a.rs",
            &format!("//! X.\n{}", "\n".repeat(500)),
            "a.rs:501: it has 501 lines",
        );
        finds("launcher/src/a.py", &"x\n".repeat(501), "501 lines");
        finds(
            "launcher/tests/a.rs",
            "//! X.\n#[test]\n#[ignore = \"slow\"]\nfn f() {}\n",
            "a.rs:3: an ignored test",
        );
        finds("launcher/src/a.rs", block, "a.rs:3: `unsafe` outside");
        finds("importer-core/src/mapping_more.rs", block, "`unsafe` outside");
        finds("launcher/src/py/a.rs", block, "a.rs:3: an `unsafe` block without");
        finds(
            "launcher/src/a.rs",
            "//! X.\nuse pyo3_ffi::PyObject;\n",
            "a.rs:2: `pyo3_ffi` outside",
        );
        finds(
            "platform-policy/src/a.rs",
            "//! X.\n#[cfg(target_os = \"linux\")]\nfn f() {}\n",
            "the platform is an argument",
        );
        finds(
            "interp-config/src/a.rs",
            "//! X.\nfn f() -> bool { cfg!(windows) }\n",
            "the platform is an argument",
        );
        finds("importer-core/FORMAT.md", "Multiprocessing\n", "has never heard");
        finds("README.md", &["see /", "work/main"].concat(), "somebody's machine");
        finds("README.md", &["(at https://pypi", ".org/x)"].concat(), "a registry's host");
    }

    #[test]
    fn each_rule_lets_the_rest_be() {
        let passes =
            |path: &str, text: &str| assert_eq!(check_file(path, text), "", "{path}: {text:?}");
        passes("launcher/src/a.rs", "#![forbid(unsafe_code)]\n\n//! X.\nfn f() {}\n");
        passes("launcher/src/a.rs", &format!("//! X.\n{}", "\n".repeat(499)));
        passes(
            "launcher/src/a.rs",
            "//! X: unsafe code lies elsewhere, pyo3_ffi too.\nfn f() { g(\"unsafe pyo3_ffi\") }\n",
        );
        passes(
            "launcher/src/py/a.rs",
            "//! X.\nuse pyo3_ffi as ffi;\n// SAFETY: it is.\nlet x = unsafe { g() };\n",
        );
        passes("launcher/build.rs", "//! X.\nfn main() { pyo3_build_config::use_pyo3_cfgs() }\n");
        passes("platform-policy/src/a.rs", "//! Never `cfg!(target_os)`.\n");
        passes("launcher/src/a.rs", "//! The start method of multiprocessing.\n");
        passes("README.md", "target/work/x and $HOME/root/x");
    }
}
