//! The rule on sentences in comments and pages: each has a noun as its subject (CONTRIBUTING.md, "Words").

use std::path::PathBuf;

use super::{File, Problem};
use crate::source::{comments_only, is_word};

/// Words that stand in place of a noun. With a small letter they go on with a sentence, and are not looked for.
const NO_NOUNS: &[&str] = &["What", "Who", "Those", "That of"];

/// The sentences that begin with one of these words.
pub(super) fn check(files: &[File]) -> Vec<Problem> {
    files.iter().flat_map(problems_of).collect()
}

fn problems_of(file: &File) -> Vec<Problem> {
    let prose = prose(file);
    let found = prose.lines().enumerate().flat_map(|(index, line)| {
        let words = NO_NOUNS.iter().filter(|word| begins_a_sentence(line, word));
        words.map(move |word| Problem {
            path: PathBuf::from(&file.path),
            line: index + 1,
            what: format!("a sentence begins with `{word}`: name the thing that it is about"),
        })
    });
    found.collect()
}

/// The comments of a file, or the text of a page, line by line as in the file.
fn prose(file: &File) -> String {
    let (_, ending) = file.path.rsplit_once('.').unwrap_or_default();
    match ending {
        "rs" => comments_only(&file.text),
        "md" => without_blocks(&file.text),
        "py" | "pyi" | "toml" | "yml" | "sh" => file.text.lines().map(hash_comment).collect(),
        _ if file.text.starts_with("#!") => file.text.lines().map(hash_comment).collect(),
        _ => String::new(),
    }
}

/// A page without the lines in its blocks of code.
fn without_blocks(page: &str) -> String {
    let mut is_code = false;
    let mut text = String::with_capacity(page.len());
    for line in page.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if !is_code && !is_fence {
            text.push_str(line);
        }
        text.push('\n');
    }
    text
}

/// The comment at the end of a line, or its beginning of a docstring.
fn hash_comment(line: &str) -> String {
    let trimmed = line.trim_start();
    let comment = if trimmed.starts_with(['#', '"']) {
        trimmed
    } else {
        line.split_once(" # ").map_or("", |(_, comment)| comment)
    };
    format!("{comment}\n")
}

/// Whether `word` stands in `line` where a sentence, a heading, a cell or a link begins.
fn begins_a_sentence(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at_checked(at).unwrap_or_default();
        let is_whole =
            !rest.get(word.len()..).and_then(|rest| rest.chars().next()).is_some_and(is_word);
        let before = before.trim_end();
        // Only marks of a comment, a heading or a list are there, or else the end of the sentence before.
        let is_first = before.chars().all(|c| "/!#*-> \"".contains(c));
        is_whole && (is_first || before.ends_with(['.', '!', '?', ':', '|', '[', '(', '*', '"']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_with_problems(path: &str, text: &str) -> Vec<usize> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        problems_of(&file).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn beginnings_without_a_noun_are_found() {
        for (path, text, lines) in [
            ("a.rs", "//! What it does.\n", &[1][..]),
            ("a.rs", "/// Text.\n/// Who asks.\nfn f() {}\n", &[2]),
            ("a.rs", "// Text. Those of others.\n", &[1]),
            ("a.rs", "f(); // That of others.\n", &[1]),
            ("a.rs", "/// * What it does.\n/// Note: What it is.\n", &[1, 2]),
            ("a.py", "\"\"\"What it does.\"\"\"\n# Who asks.\nx = 1  # Those.\n", &[1, 2, 3]),
            ("a.toml", "# What it does.\n[a]\nb = 1 # Who asks.\n", &[1, 3]),
            ("a.sh", "# What it does.\n", &[1]),
            (".ci/run", "#!/bin/sh\n# What it does.\n", &[2]),
            (
                "a.md",
                "# What it does\n\n* Who asks.\n| Those | x |\n[What it is](x.md)\n",
                &[1, 3, 4, 5],
            ),
        ] {
            assert_eq!(lines_with_problems(path, text), lines, "{path}: {text}");
        }
    }

    #[test]
    fn other_sentences_are_left_alone() {
        for (path, text) in [
            ("a.rs", "/// Says what it does, and that of others.\n"),
            ("a.rs", "/// The class `What`, and Whatever else.\n"),
            ("a.rs", "fn f() { g(\"What it does. Who asks.\") }\n"),
            ("a.rs", "const WHAT: &str = \"x\"; // The text.\n"),
            ("a.rs", "/// Whole files. Whose they are is not checked.\n"),
            ("a.py", "print('# x', 'What it does')\n"),
            ("a.md", "```text\nWhat it does.\n```\nThat is all.\n"),
            ("a.c", "/* What it does. */\n"),
        ] {
            assert_eq!(lines_with_problems(path, text), [0; 0], "{path}: {text}");
        }
    }
}
