//! A real application from the package index: black, with its process pool, its compiled modules and its entry point.
//!
//! A built black formats a copy of some of the standard library's sources. Its results must equal, file by file, the
//! results of the virtual environment's own black.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::{Child, Outcome, coldframe, environment, stdlib};

/// Parts of the standard library: enough files for a pool of four.
const SOURCES: &[&str] = &["concurrent", "json", "urllib"];

#[test]
fn black_does_what_it_does_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let Some(venv) = environment(folder.path(), "black") else { return };
    let stock = venv.join("bin/black");

    let original = copy_of_sources(&folder, "original");
    let expected_check = run_black(&stock, &original, &["--check"]);
    assert_eq!(expected_check.status.code(), Some(1), "{expected_check:#?}");
    let expected = copy_of_sources(&folder, "expected");
    let expected_report = run_black(&stock, &expected, &[]);

    // Black itself uses no pool when `sys.frozen` is true, so its pool is tested without.
    for (name, settings, method) in
        [("frozen", "", "auto"), ("pool", "sys-frozen = false\n", "spawn")]
    {
        let built = build(&folder, &venv, name, settings, method);
        if name == "frozen" {
            let check = run_black(&built, &original, &["--check"]);
            assert_eq!(summary(&check), summary(&expected_check), "{name}: --check");
        }
        let found = copy_of_sources(&folder, name);
        let report = run_black(&built, &found, &[]);
        assert_eq!(summary(&report), summary(&expected_report), "{name}");
        assert_same(&found, &expected, name);
    }
}

/// Builds black with these settings.
fn build(folder: &TempDir, venv: &Path, name: &str, settings: &str, method: &str) -> PathBuf {
    let project = folder.path().join(format!("project-{name}"));
    fs::create_dir(&project).unwrap();
    fs::write(project.join("coldframe.toml"), settings).unwrap();
    let output = project.join("black");
    coldframe(["build", "--entry", "black:patched_main", "--start-method", method, "--venv"])
        .arg(venv)
        .arg("-o")
        .arg(&output)
        .current_dir(&project)
        .ok();
    output
}

fn run_black(black: &Path, sources: &Path, options: &[&str]) -> Outcome {
    Child::new(black).args(["--workers", "4"]).args(options).arg(".").current_dir(sources).outcome()
}

/// The exit code, and the sorted messages; the files come in the order in which workers finish.
fn summary(outcome: &Outcome) -> (Option<i32>, Vec<String>, Vec<String>) {
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(without_folder).collect();
        lines.sort();
        lines
    };
    (outcome.status.code(), lines(&outcome.stdout), lines(&outcome.stderr))
}

/// `reformatted /somewhere/json/tool.py` names the same file in every copy.
fn without_folder(line: &str) -> String {
    SOURCES
        .iter()
        .find_map(|name| {
            let at = line.find(&format!("/{name}/"))?;
            let (verb, _) = line.split_once('/')?;
            Some(format!("{verb}{}", line.get(at..)?))
        })
        .unwrap_or_else(|| line.to_owned())
}

/// A fresh copy of the sources.
fn copy_of_sources(folder: &TempDir, name: &str) -> PathBuf {
    let copy = folder.path().join(name);
    for source in SOURCES {
        for (path, text) in files(&Path::new(stdlib()).join(source)) {
            let path = copy.join(source).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    copy
}

/// The sources in a folder, by their relative path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "py") {
                found.insert(
                    path.strip_prefix(folder).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    found
}

fn assert_same(found: &Path, expected: &Path, name: &str) {
    let (found, expected) = (files(found), files(expected));
    assert!(expected.len() > 12, "{}", expected.len());
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{name}");
    for (path, text) in expected {
        assert_eq!(found.get(&path), Some(&text), "{name}: {}", path.display());
    }
}
