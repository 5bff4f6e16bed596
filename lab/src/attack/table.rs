//! The results of the attacks: a table, and the page for the documentation.

use std::process::Command;

use anyhow::Context as _;
use comfy_table::{Table, presets};
use xtask::pythons::Python;

use super::programs::Maker;
use super::{Cell, Row};

/// The longest text of a reason in the table.
const MAX_REASON: usize = 160;

/// The text above the table on the page.
const INTRODUCTION: &str = include_str!("../../attack/introduction.md");

fn short(cell: &Cell) -> String {
    let (begin, text) = match cell {
        Cell::NoAnswer => return "-".to_owned(),
        Cell::Holds(text) => ("", text),
        Cell::Fails(text) => ("FAILS: ", text),
        Cell::NotTried(text) => ("not tried: ", text),
    };
    let mut shown: String = text.chars().take(MAX_REASON).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("{begin}{shown}").replace(['|', '\n'], "/")
}

pub(super) fn render(makers: &[Maker], rows: &[Row]) -> Table {
    let mut table = Table::new();
    let names = makers.iter().map(|maker| maker.name());
    table.load_style(presets::ASCII_MARKDOWN).set_header(std::iter::once("attack").chain(names));
    for row in rows {
        let cells = row.cells.iter().map(short);
        table.add_row(std::iter::once(row.name.to_owned()).chain(cells));
    }
    table
}

/// The page for the documentation.
pub(super) fn page(python: &Python, makers: &[Maker], rows: &[Row]) -> anyhow::Result<String> {
    let date = Command::new("date").arg("+%Y-%m-%d").output().context("could not start `date`")?;
    let date = String::from_utf8_lossy(&date.stdout);
    let made = format!("Made on {} with CPython {}.", date.trim(), python.release());
    Ok(format!("{INTRODUCTION}\n{made}\n\n{}\n", render(makers, rows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_line() {
        for (cell, expected) in [
            (Cell::NoAnswer, "-"),
            (Cell::Holds("a|b".to_owned()), "a/b"),
            (Cell::Fails("a\nb".to_owned()), "FAILS: a/b"),
            (Cell::NotTried("no".to_owned()), "not tried: no"),
        ] {
            assert_eq!(short(&cell), expected);
        }
        assert!(short(&Cell::Holds("x".repeat(500))).ends_with("x…"));
    }
}
