//! The pages that people read: the README and the book.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::Sandbox;

/// A page, with its path below the project's root.
pub(crate) struct Page {
    pub(crate) name: String,
    pub(crate) text: String,
}

pub(crate) fn readme() -> String {
    page("README.md")
}

/// The text of the page with that path below the project's root.
pub(crate) fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The README, the pages for contributors, and those of the book in its order.
pub(crate) fn pages() -> Vec<Page> {
    let names = ["README.md", "SECURITY.md", "CONTRIBUTING.md"].map(str::to_owned);
    let names = names.into_iter().chain(chapters());
    names.map(|name| Page { text: page(&name), name }).collect()
}

/// The pages that the book's summary names.
fn chapters() -> Vec<String> {
    let summary = page("docs/SUMMARY.md");
    let targets = links(&summary).into_iter();
    targets.map(|target| format!("docs/{target}")).collect()
}

/// The texts between backticks, one or two of them, outside of blocks.
pub(crate) fn spans(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside;
        }
        let mut rest = if inside || line.starts_with("```") { "" } else { line };
        while let Some((_, after)) = rest.split_once('`') {
            let (mark, after) = match after.strip_prefix('`') {
                Some(after) => ("``", after),
                None => ("`", after),
            };
            let Some((span, after)) = after.split_once(mark) else { break };
            spans.push(span);
            rest = after;
        }
    }
    spans
}

/// The targets of links to files of the project.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
    targets.filter(|target| !target.starts_with("http")).collect()
}

/// The name of a heading behind `#` in a link.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    let chapters = chapters();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") && name != "SUMMARY.md" {
            assert!(chapters.contains(&format!("docs/{name}")), "docs/{name}");
        }
    }
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut n_checked = 0;
    for Page { name, text } in pages() {
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let folder = root().join(&name);
            let target = match file {
                "" => folder,
                file => folder.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{name} links to {link}");
            if !heading.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let mut headings = text.lines().filter(|line| line.starts_with('#'));
                let is_there =
                    headings.any(|line| anchor(line.trim_start_matches(['#', ' '])) == heading);
                assert!(is_there, "{name} links to {link}");
            }
            n_checked += 1;
        }
    }
    assert!(n_checked > 30, "the links were not found");
}

/// The first column has a message of ours with `…` for its changing parts between two backticks, and others' with one.
#[test]
fn messages_in_troubleshooting_are_in_the_code() {
    let sources = sources();
    let page = page("docs/troubleshooting.md");
    let mut n_checked = 0;
    for line in page.lines().filter(|line| line.starts_with("| ``")) {
        let message = spans(line).first().copied().unwrap_or_default();
        for part in message.split('…').map(|part| part.trim_matches([' ', '`', ';'])) {
            assert!(sources.contains(part), "no message has `{part}`:\n{line}");
        }
        n_checked += 1;
    }
    assert!(n_checked > 10, "the messages were not found");
}

/// All code of the workspace's crates, with each string in one line.
fn sources() -> String {
    let mut text = String::new();
    let mut waiting: Vec<PathBuf> =
        fs::read_dir(root()).unwrap().map(|e| e.unwrap().path()).collect();
    waiting.retain(|path| path.join("src").is_dir());
    let mut waiting: Vec<PathBuf> = waiting.iter().map(|path| path.join("src")).collect();
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    // A string goes on behind a backslash at a line's end.
    let lines = text.lines().map(str::trim_start);
    lines.map(|line| line.strip_suffix('\\').map_or(format!("{line}\n"), str::to_owned)).collect()
}

#[test]
fn our_options_in_the_migration_page_exist() {
    let (help, success) = Sandbox::new().type_in("coldframe build --help");
    assert!(success, "{help}");
    let settings = page("docs/settings.md");
    let text = page("docs/migration.md");
    let mut n_checked = 0;
    for line in text.lines().filter(|line| line.starts_with("| ") && !line.contains("---")) {
        let ours =
            line.trim_end_matches([' ', '|']).rsplit_once(" | ").map_or("", |(_, ours)| ours);
        for span in spans(ours) {
            let word = span.split([' ', '=']).next().unwrap_or_default();
            if word.starts_with("--") {
                assert!(
                    help.contains(&format!("{word} ")) || help.contains(&format!("{word}\n")),
                    "{line}"
                );
                n_checked += 1;
            } else if settings.contains(&format!("| `{word}` |")) {
                n_checked += 1;
            }
        }
    }
    assert!(n_checked > 20, "the options were not found");
}
