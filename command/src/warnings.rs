//! Warnings, as they are shown.

use std::io::Write as _;

/// Shows a warning: something that did not stop the work and may matter. Modules that the standard library ships broken on
/// purpose give none.
pub(super) fn warn_of(what: impl std::fmt::Display) {
    let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Yellow.into()));
    let _ = writeln!(anstream::stderr(), "{style}warning{style:#}: {what}");
}
