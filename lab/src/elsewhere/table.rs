//! The results of the runs: a table, the page for the documentation, and JSON.

use std::process::Command;

use anyhow::Context as _;
use comfy_table::{Table, presets};
use serde_json::json;
use xtask::pythons::Python;

use super::cell::Cell;
use super::made::Packager;
use super::roots::Root;
use super::run_in::User;

/// The text above the table on the page.
const INTRODUCTION: &str = include_str!("../../elsewhere/introduction.md");

/// An application in a root, made by each packager.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) root: Root,
    pub(super) application: &'static str,
    pub(super) user: User,
    pub(super) cells: Vec<(Packager, Cell)>,
}

impl Row {
    /// Whether ours has failed.
    pub(super) fn is_bad(&self) -> bool {
        self.cells
            .iter()
            .any(|(packager, cell)| *packager == Packager::Ours && matches!(cell, Cell::Fails(_)))
    }
}

pub(super) fn render(packagers: &[Packager], rows: &[Row]) -> Table {
    let mut table = Table::new();
    let header = ["root", "application", "user"].map(str::to_owned).into_iter();
    let names = packagers.iter().map(|packager| packager.name().to_owned());
    table.load_style(presets::ASCII_MARKDOWN).set_header(header.chain(names));
    for row in rows {
        let head = [row.root.name(), row.application, row.user.name()].map(str::to_owned);
        let cells = packagers.iter().map(|packager| {
            let cell = row.cells.iter().find(|(made_by, _)| made_by == packager);
            cell.map_or_else(|| "-".to_owned(), |(_, cell)| cell.short().replace('|', "/"))
        });
        table.add_row(head.into_iter().chain(cells));
    }
    table
}

/// The page for the documentation.
pub(super) fn page(
    python: &Python,
    packagers: &[Packager],
    rows: &[Row],
) -> anyhow::Result<String> {
    let date = Command::new("date").arg("+%Y-%m-%d").output().context("could not start `date`")?;
    let date = String::from_utf8_lossy(&date.stdout);
    let made = format!("Made on {} with CPython {}.", date.trim(), python.release());
    Ok(format!("{INTRODUCTION}\n{made}\n\n{}\n", render(packagers, rows)))
}

pub(super) fn as_json(python: &Python, rows: &[Row]) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row
                .cells
                .iter()
                .map(|(packager, cell)| {
                    let fault = if let Cell::Fails(why) = cell { Some(why) } else { None };
                    let needs = if let Cell::NeedsMore(glibc) = cell { Some(glibc.to_string()) } else { None };
                    json!({"packager": packager.name(), "fault": fault, "needs_glibc": needs})
                })
                .collect();
            json!({
                "root": row.root.name(), "application": row.application, "user": row.user.name(), "runs": cells,
            })
        })
        .collect();
    format!("{:#}", json!({"python": python.release(), "rows": rows}))
}
