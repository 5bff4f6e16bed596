//! Errors of a value or of a settings file.

mod config_error;

pub use config_error::ConfigError;
pub(crate) use config_error::Problem;

use crate::suggest::{list, nearest, suffix};
use crate::text::quote;

/// A word that is not among the allowed ones.
///
/// ```
/// let error = "forks".parse::<interp_config::StartMethodSetting>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "unknown start method `forks`; did you mean `fork`? \
///      allowed: `none`, `auto`, `fork`, `forkserver`, `spawn`"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {}{} allowed: {}", quote(.given), suffix(self.suggestion()), list(.allowed))]
pub struct ParseChoiceError {
    what: &'static str,
    given: String,
    allowed: &'static [&'static str],
}

impl ParseChoiceError {
    pub(crate) fn new(what: &'static str, given: &str, allowed: &'static [&'static str]) -> Self {
        Self { what, given: given.to_owned(), allowed }
    }

    /// The given text.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// The allowed spellings.
    #[must_use]
    pub fn allowed(&self) -> &'static [&'static str] {
        self.allowed
    }

    /// The allowed word that is spelled most like the given one, if any is near.
    #[must_use]
    pub fn suggestion(&self) -> Option<&'static str> {
        nearest(&self.given, self.allowed.iter().copied())
    }
}

/// How an entry point is written, for messages.
pub(crate) const ENTRY_POINT_SHAPE: &str = "package.module:function";

/// A text that is not an entry point such as `package.module:function`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad entry point {}: {problem}{} allowed: `{}`", quote(.given), suffix(self.suggestion()), ENTRY_POINT_SHAPE)]
pub struct ParseEntryPointError {
    given: String,
    problem: String,
    suggestion: Option<String>,
}

impl ParseEntryPointError {
    pub(crate) fn new(given: &str, problem: String, suggestion: Option<String>) -> Self {
        Self { given: given.to_owned(), problem, suggestion }
    }

    /// The given text.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// The spelling that was probably meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}
