//! `cargo xtask tidy`: rules that no compiler checks, over every tracked file; it is a test of this crate too.

mod cycles;
mod links;
mod rules;
mod versions;
mod words;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::Verdict;
use crate::layers;
use crate::workspace::Workspace;

/// One thing that is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    path: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// A tracked file: its path from the root, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let problems = all_problems(workspace)?;
    for problem in &problems {
        println!("{problem}");
    }
    if problems.is_empty() {
        println!("tidy");
    }
    Ok(Verdict::from_failures(problems.len()))
}

/// The broken rules, one line each.
pub(crate) fn all_problems(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let files = tracked_files(&workspace.root)?;
    let mut problems: Vec<Problem> = files.iter().flat_map(rules::check).collect();
    problems.extend(words::check(&files));
    problems.extend(links::check(&files));
    problems.extend(versions::check(workspace, &files)?);
    let mut lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.extend(cycles::check(&files));
    lines.extend(layers::problems(workspace)?);
    Ok(lines)
}

/// The text files that git tracks. A file that it does not track is its owner's business.
fn tracked_files(root: &Path) -> anyhow::Result<Vec<File>> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .context("could not start `git`, which knows the files to check")?;
    if !output.status.success() {
        bail!("`git ls-files` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let names =
        String::from_utf8(output.stdout).context("a tracked file has a name that is not UTF-8")?;
    let mut files = Vec::new();
    for name in names.split_terminator('\0') {
        let path = root.join(name);
        // A file that was deleted but not yet committed so, and a link to a folder, have no text.
        if !path.is_file() {
            continue;
        }
        let bytes =
            fs::read(&path).with_context(|| format!("could not read `{}`", path.display()))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: name.to_owned(), text });
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() -> anyhow::Result<()> {
        let problems = all_problems(&Workspace::load()?)?;
        assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
        Ok(())
    }
}
