//! Tells Rust code from comments and text, so that a check for a word does not trip over prose.

/// `text` with every comment, string and character literal blanked, line by line as before.
pub(crate) fn code_only(text: &str) -> String {
    Lexer::of(text).code
}

/// `text` with everything but its comments blanked, line by line as before.
pub(crate) fn comments_only(text: &str) -> String {
    Lexer::of(text).comments
}

struct Lexer<'a> {
    rest: &'a str,
    code: String,
    comments: String,
    /// The last character kept: the `r` of `var"` is not the start of a raw string.
    previous: char,
}

impl<'a> Lexer<'a> {
    fn of(text: &'a str) -> Self {
        let mut lexer =
            Self { rest: text, code: String::new(), comments: String::new(), previous: ' ' };
        lexer.run();
        lexer
    }

    fn run(&mut self) {
        while let Some(next) = self.rest.chars().next() {
            let blanked = match next {
                '/' if self.rest.starts_with("//") => {
                    self.rest.find('\n').unwrap_or(self.rest.len())
                }
                '/' if self.rest.starts_with("/*") => block_comment(self.rest),
                '"' => string(self.rest),
                'r' if !is_word(self.previous) || self.previous == 'b' || self.previous == 'c' => {
                    raw_string(self.rest)
                }
                '\'' => character(self.rest),
                _ => 0,
            };
            if blanked == 0 {
                self.keep(next);
            } else {
                self.blank(blanked);
            }
        }
    }

    fn keep(&mut self, next: char) {
        self.code.push(next);
        self.comments.push(blank(next));
        self.previous = next;
        self.rest = self.rest.strip_prefix(next).unwrap_or_default();
    }

    fn blank(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.code.extend(gone.chars().map(blank));
        let is_comment = gone.starts_with('/');
        self.comments.extend(gone.chars().map(|c| if is_comment { c } else { blank(c) }));
        self.previous = ' ';
        self.rest = rest;
    }
}

/// A line feed, or a space for anything else.
fn blank(c: char) -> char {
    if c == '\n' { '\n' } else { ' ' }
}

/// Whether `c` can be part of a name.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in `code` as a whole word.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code.get(..at).and_then(|before| before.chars().next_back());
        let after = code.get(at + word.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if rest.is_empty() {
            break;
        }
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"` or `r#"…"#`; 0 when `text` only begins with the letter.
fn raw_string(text: &str) -> usize {
    let hashes = text.chars().skip(1).take_while(|&c| c == '#').count();
    let Some(body) = text.get(1 + hashes..).and_then(|rest| rest.strip_prefix('"')) else {
        return 0;
    };
    let end = format!("\"{}", "#".repeat(hashes));
    body.find(&end).map_or(text.len(), |at| 1 + hashes + 1 + at + end.len())
}

/// The length of a character literal; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => chars.find(|&(_, c)| c == '\'').map_or(0, |(at, _)| at + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        let check = |text: &str, expected: &str| {
            let code = code_only(text);
            assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected, "{text}");
            assert_eq!(code.lines().count(), text.lines().count(), "{text}");
        };
        check("a // unsafe\nb", "a b");
        check("a /* x /* y */ z\n */ b", "a b");
        check(r#"a "unsafe \" still" b"#, "a b");
        check(r##"a r#"unsafe " still"# b"##, "a b");
        check(r##"a br#"unsafe"# b"##, "a b b");
        check("for 'a in 'x' '\\'' '\\n' 'b", "for 'a in 'b");
        check("let r = var; r#type", "let r = var; r#type");
        check("'\"' unsafe '\"'", "unsafe");
        check("\"never closed unsafe", "");
    }

    #[test]
    fn only_comments_are_left() {
        let check = |text: &str, expected: &str| {
            let comments = comments_only(text);
            assert_eq!(comments.trim(), expected, "{text}");
            assert_eq!(comments.lines().count(), text.lines().count(), "{text}");
        };
        check("/// What.\nfn f() {}", "/// What.");
        check("f(); // What.", "// What.");
        check("a /* What. */ b", "/* What. */");
        check("f(\"// What.\")", "");
        check("r#\"// What.\"#", "");
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("unsafe{", "unsafe"));
        assert!(has_word("pub unsafe fn", "unsafe"));
        assert!(!has_word("unsafe_code, not_unsafe", "unsafe"));
    }
}
