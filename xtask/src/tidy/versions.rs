//! Facts with one home that other files repeat: the version of the workspace, and the range of supported Pythons.

use std::path::PathBuf;

use anyhow::Context as _;

use super::{File, Problem};
use crate::version::{Range, Version};
use crate::workspace::Workspace;

pub(super) fn check(workspace: &Workspace, files: &[File]) -> anyhow::Result<Vec<Problem>> {
    let version = workspace.package("xtask")?.version.to_string();
    let mut problems = Vec::new();
    match find(files, "CHANGELOG.md") {
        Ok(changelog) => problems.extend(changelog_has(changelog, &version)),
        Err(problem) => problems.push(problem),
    }
    match find(files, "README.md") {
        Ok(readme) => problems.extend(names_the_range(readme, workspace.range)),
        Err(problem) => problems.push(problem),
    }
    let is_ci = |path: &str| path == ".ci/run" || path.starts_with(".github/workflows/");
    for file in files.iter().filter(|file| is_ci(&file.path)) {
        problems.extend(stays_in_range(file, workspace.range)?);
    }
    Ok(problems)
}

fn find<'a>(files: &'a [File], path: &str) -> Result<&'a File, Problem> {
    let missing = || Problem {
        path: PathBuf::from(path),
        line: 1,
        what: "it is missing, or git does not track it".to_owned(),
    };
    files.iter().find(|file| file.path == path).ok_or_else(missing)
}

fn problem(file: &File, index: usize, what: String) -> Problem {
    Problem { path: PathBuf::from(&file.path), line: index + 1, what }
}

fn changelog_has(file: &File, version: &str) -> Option<Problem> {
    let is_heading = |line: &str| {
        let words =
            line.split(|c: char| c.is_whitespace() || ['[', ']', '(', ')', ','].contains(&c));
        line.starts_with('#')
            && words.map(|word| word.trim_start_matches('v')).any(|word| word == version)
    };
    if file.text.lines().any(is_heading) {
        return None;
    }
    Some(problem(file, 0, format!("version {version} has no heading")))
}

/// The README says `3.9 to 3.15` somewhere, and no other range anywhere.
fn names_the_range(file: &File, range: Range) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut is_named = false;
    for (index, line) in file.text.lines().enumerate() {
        for (min, max) in ranges(line) {
            if min == range.min && max == range.max {
                is_named = true;
            } else if max.minor >= range.max.minor || min.minor < range.min.minor {
                // A range inside the supported one is a statement about something else, such as a measurement.
                problems.push(problem(
                    file,
                    index,
                    format!("it says `{min} to {max}`; the root manifest says `{range}`"),
                ));
            }
        }
    }
    if !is_named {
        problems.push(problem(
            file,
            0,
            format!("it does not say which Pythons are supported: `{range}`"),
        ));
    }
    problems
}

/// Every version of Python named in CI's files is a supported one.
fn stays_in_range(file: &File, range: Range) -> anyhow::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        for (at, _) in line.match_indices("3.") {
            let rest = line.get(at..).context("a match lies in its line")?;
            let is_whole = !line
                .get(..at)
                .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_digit() || c == '.'));
            if let Some(version) =
                leading_version(rest).filter(|version| is_whole && !range.contains(*version))
            {
                problems.push(problem(
                    file,
                    index,
                    format!("`{version}` is outside the supported range {range}"),
                ));
            }
        }
    }
    Ok(problems)
}

/// The pairs of versions in `line` joined by `to` or a dash.
fn ranges(line: &str) -> Vec<(Version, Version)> {
    let mut ranges = Vec::new();
    for joint in [" to ", "–", " – ", "-", " through "] {
        for (at, _) in line.match_indices(joint) {
            let (Some(before), Some(after)) = (line.get(..at), line.get(at + joint.len()..)) else {
                continue;
            };
            if let (Some(min), Some(max)) = (trailing_version(before), leading_version(after)) {
                ranges.push((min, max));
            }
        }
    }
    ranges
}

fn leading_version(text: &str) -> Option<Version> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text.get(..end)?.trim_end_matches('.').parse().ok()
}

fn trailing_version(text: &str) -> Option<Version> {
    let start = text.rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |at| {
        at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    text.get(start..)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { path: "FILE".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_changelog_needs_a_heading_of_the_version() {
        for (text, is_good) in [
            ("# Changelog\n\n## 0.1.0\n", true),
            ("## [0.1.0] - unreleased\n", true),
            ("## v0.1.0 (2026)\n", true),
            ("## 0.1.01\n", false),
            ("0.1.0 is the first\n", false),
        ] {
            assert_eq!(changelog_has(&file(text), "0.1.0").is_none(), is_good, "{text}");
        }
    }

    #[test]
    fn the_range_is_said_once_and_the_same_everywhere() {
        let range = Range { min: Version::new(9), max: Version::new(15) };
        for (text, n_problems) in [
            ("CPython 3.9 to 3.15.", 0),
            ("CPython 3.9–3.15", 0),
            ("CPython 3.9 to 3.15, tested on 3.9 to 3.13", 0),
            ("CPython 3.9 to 3.14", 1),
            ("CPython 3.9 to 3.15, or 3.8 to 3.15", 1),
            ("Python", 1),
        ] {
            assert_eq!(names_the_range(&file(text), range).len(), n_problems, "{text}");
        }
        for (text, n_problems) in [
            ("--require 3.9,3.13", 0),
            ("--require 3.8,3.16", 2),
            ("version 1.3.8", 0),
            ("set -e", 0),
        ] {
            assert_eq!(
                stays_in_range(&file(text), range).expect("it is read").len(),
                n_problems,
                "{text}"
            );
        }
    }
}
