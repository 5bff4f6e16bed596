//! An error in a settings file, with its line and column.

use super::{ParseChoiceError, ParseEntryPointError};
use crate::suggest::{list, suffix};
use crate::text::{position, quote};

/// An error in a settings file, with its line and column, the given text, the allowed ones and the nearest right spelling.
///
/// ```
/// use interp_config::{Document, parse};
///
/// let error = parse("\nsys_frozen = true\n", "coldframe.toml", Document::Coldframe).unwrap_err();
/// assert!(error.to_string().starts_with(
///     "coldframe.toml:2:1: unknown key `sys_frozen`; did you mean `sys-frozen`? allowed: "
/// ));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}")]
pub struct ConfigError {
    file: String,
    line: usize,
    column: usize,
    // Boxed, so that the result of every reading function stays small.
    problem: Box<Problem>,
}

impl ConfigError {
    pub(crate) fn new(text: &str, file: &str, offset: usize, problem: Problem) -> Self {
        let (line, column) = position(text, offset);
        Self { file: file.to_owned(), line, column, problem: Box::new(problem) }
    }

    /// The file, as it was named to [`parse`](crate::parse).
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, counted from one.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, counted from one in characters.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// The message without the place.
    #[must_use]
    pub fn message(&self) -> String {
        self.problem.to_string()
    }
}

/// The kinds of mistake. Every message names the key by its path inside our table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("not valid TOML: {message}{}", at(.given.as_deref()))]
    Syntax { message: String, given: Option<String> },

    #[error("not valid TOML: {} is no value; did you mean {}?", quote(.word), quote(.suggestion))]
    BareWord { word: String, suggestion: String },

    #[error("unknown key {}{} allowed: {}", quote(.key), suffix(.suggestion.as_deref()), list(.allowed))]
    UnknownKey { key: String, suggestion: Option<String>, allowed: Vec<&'static str> },

    #[error("unknown key {}; in this file the settings stand at the top level, without `[tool.coldframe]`", quote(.key))]
    Nested { key: String },

    #[error("{} must be {expected}, not {given}{} allowed: {allowed}", quote(.key), suffix(.suggestion.as_deref()))]
    WrongType {
        key: String,
        expected: &'static str,
        given: String,
        suggestion: Option<String>,
        allowed: String,
    },

    #[error("{}: {error}", quote(.key))]
    Choice { key: String, error: ParseChoiceError },

    #[error("{}: {error}", quote(.key))]
    EntryPoint { key: String, error: ParseEntryPointError },

    #[error("{}: unknown run target {}{} allowed: {allowed}", quote(.key), quote(.given), suffix(Some(.suggestion)))]
    RunTarget { key: String, given: String, suggestion: String, allowed: &'static str },

    #[error("{} must have exactly one key, but it has {given}; allowed: {}", quote(.key), list(.allowed))]
    NotOneKey { key: String, given: String, allowed: Vec<&'static str> },

    #[error("{}: bad {what} {}: it has {fault}; allowed: {allowed}", quote(.key), quote(.given))]
    BadText {
        key: String,
        what: &'static str,
        given: String,
        fault: &'static str,
        allowed: &'static str,
    },
}

fn at(given: Option<&str>) -> String {
    given.map(|given| format!(", at {}", quote(given))).unwrap_or_default()
}
