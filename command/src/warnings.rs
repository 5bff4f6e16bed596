//! Warnings, as they are shown.

use std::io::Write as _;

/// Shows what did not stop the work and may matter; what the standard library ships broken on purpose does not.
pub(super) fn warn_of(what: impl std::fmt::Display) {
    let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Yellow.into()));
    let _ = writeln!(anstream::stderr(), "{style}warning{style:#}: {what}");
}
