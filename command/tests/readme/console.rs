//! Blocks of Markdown that show a session in a terminal.

/// A command, and the lines that it is said to print.
pub(crate) struct Step<'t> {
    pub(crate) command: &'t str,
    pub(crate) output: Vec<&'t str>,
}

/// The commands of all blocks marked `console`, in order.
pub(crate) fn steps(markdown: &str) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut inside = false;
    for line in markdown.lines() {
        match (inside, line.strip_prefix("$ ")) {
            (false, _) => inside = line == "```console",
            (true, _) if line == "```" => inside = false,
            (true, Some(command)) => steps.push(Step { command, output: Vec::new() }),
            (true, None) => {
                steps.last_mut().expect("a block begins with a command").output.push(line);
            }
        }
    }
    steps
}

/// Whether `printed` fits `shown`: `[..]` stands for any text in a line, a line `...` for any lines.
pub(crate) fn matches(shown: &[&str], printed: &str) -> bool {
    let printed: Vec<&str> = printed.lines().collect();
    lines_match(shown, &printed)
}

fn lines_match(shown: &[&str], printed: &[&str]) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"...", rest)), _) => {
            (0..=printed.len()).any(|from| lines_match(rest, &printed[from..]))
        }
        (Some(_), None) => false,
        (Some((line, shown)), Some((given, printed))) => {
            line_matches(line, given) && lines_match(shown, printed)
        }
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    match pattern.split_once("[..]") {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| line_matches(after, &rest[at..]))
        }),
    }
}

#[test]
fn wildcards_stand_for_what_they_say() {
    for (shown, printed, expected) in [
        ("a", "a", true),
        ("a", "b", false),
        ("a", "a\nb", false),
        ("a [..] c", "a bb c", true),
        ("[..]", "", true),
        ("a [..] c", "a bb d", false),
        ("a\n...", "a", true),
        ("a\n...\nd", "a\nb\nc\nd", true),
        ("a\n...\nd", "a\nb\nc", false),
    ] {
        let shown: Vec<&str> = shown.lines().collect();
        // No line at all, and an empty one, are different.
        let printed = if printed.is_empty() { "\n" } else { printed };
        assert_eq!(matches(&shown, printed), expected, "{shown:?} {printed:?}");
    }
}
