//! The result of one run, as a cell of the table.

use xtask::dist::Glibc;

/// The longest text of a reason in the table.
const MAX_REASON: usize = 160;

/// The result of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Passes,
    Fails(String),
    /// The executable says itself that it needs a newer glibc than that root has.
    NeedsMore(Glibc),
}

impl Cell {
    pub(super) fn short(&self) -> String {
        match self {
            Self::Passes => "passes".to_owned(),
            Self::NeedsMore(glibc) => format!("needs glibc {glibc}"),
            Self::Fails(why) if why.chars().count() > MAX_REASON => {
                format!("FAILS: {}…", why.chars().take(MAX_REASON).collect::<String>())
            }
            Self::Fails(why) => format!("FAILS: {why}"),
        }
    }
}
