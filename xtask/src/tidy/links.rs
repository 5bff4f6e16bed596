//! The rule on links in pages: a relative one leads to a file or folder of the repository.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{File, Problem};

pub(super) fn check(files: &[File]) -> Vec<Problem> {
    let mut known: BTreeSet<&str> = BTreeSet::from([""]);
    for file in files {
        known.insert(&file.path);
        known.extend(file.path.match_indices('/').filter_map(|(at, _)| file.path.get(..at)));
    }
    let pages = files.iter().filter(|file| file.path.ends_with(".md"));
    pages.flat_map(|page| check_page(page, &known)).collect()
}

fn check_page(page: &File, known: &BTreeSet<&str>) -> Vec<Problem> {
    let folder = page.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut problems = Vec::new();
    let mut is_code = false;
    for (index, line) in page.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        }
        if is_code {
            continue;
        }
        for target in targets(line) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty()
                || path.contains(':')
                || known.contains(joined(folder, path).as_str())
            {
                continue;
            }
            problems.push(Problem {
                path: PathBuf::from(&page.path),
                line: index + 1,
                what: format!("the link to `{target}` leads nowhere"),
            });
        }
    }
    problems
}

/// The targets of a line's links: `[text](target)`, outside of code.
fn targets(line: &str) -> Vec<&str> {
    let plain: Vec<&str> = line.split("](").collect();
    let mut before = 0;
    let mut found = Vec::new();
    for (left, right) in plain.iter().zip(plain.iter().skip(1)) {
        before += left.matches('`').count();
        // An odd number of backticks before it: the link stands in code.
        if before % 2 == 0
            && let Some((target, _)) = right.split_once(')')
        {
            found.push(target);
        }
    }
    found
}

/// A path from the root, for a link in that folder.
fn joined(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_files() {
        for (page, text, expected) in [
            ("a.md", "[x](docs/b.md) [y](docs) [z](docs/) [w](https://example.org)", 0),
            ("a.md", "[x](docs/none.md) [y](none)", 2),
            ("a.md", "`[x](none)` and `[` [y](#here)", 0),
            ("a.md", "```\n[x](none)\n```\n[y](none)", 1),
            ("docs/b.md", "[x](../a.md) [y](b.md#part) [z](a.md)", 1),
        ] {
            let files = [("a.md", ""), ("docs/b.md", "")].map(|(path, _)| File {
                path: path.to_owned(),
                text: if path == page { text.to_owned() } else { String::new() },
            });
            assert_eq!(check(&files).len(), expected, "{page}: {text}");
        }
    }
}
