//! The results of the measurements: tables, the page for the documentation, and JSON.

use std::process::Command;

use anyhow::Context as _;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};
use xtask::pythons::Python;

use super::limits::{Causes, Figure, Limit};
use super::made::{Form, Made, Role};
use super::measured::Cost;
use super::others::Others;

/// The text above the tables on the page.
const INTRODUCTION: &str = include_str!("../../../sizes/introduction.md");

/// The longest text of a fault in the table.
const MAX_FAULT: usize = 160;

/// An application in an environment.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) application: &'static str,
    pub(super) role: Role,
    pub(super) made: Vec<Made>,
}

impl Row {
    fn form(&self, form: Form) -> Option<&Made> {
        self.made.iter().find(|made| made.form == form)
    }

    fn size(&self, form: Form) -> Option<f64> {
        self.form(form)?.size
    }

    fn first(&self, form: Form) -> Option<f64> {
        Some(self.form(form)?.first?.time)
    }

    fn again(&self, form: Form) -> Option<f64> {
        Some(self.form(form)?.again?.time)
    }

    /// Whether an executable of Coldframe's is wrong.
    pub(super) fn is_bad(&self) -> bool {
        self.made.iter().any(|made| made.form.is_ours() && made.fault.is_some())
    }
}

/// All that was measured.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) rows: Vec<Row>,
    pub(super) others: Others,
    /// Rows that could not be measured.
    pub(super) missing: Vec<String>,
}

impl Results {
    /// One figure with its limit, if both sides of it are there.
    fn figure(&self, row: &Row, limit: Limit) -> Option<Figure> {
        let ratio = |part: Option<f64>, whole: Option<f64>| Some(part? / whole?);
        let is_hello = row.application == "hello";
        let megabytes = |form| row.size(form).filter(|_| is_hello).map(|size| size / 1e6);
        let value = match limit {
            Limit::Folder => ratio(row.size(Form::Plain), row.size(Form::OneFolder)),
            Limit::File => ratio(row.size(Form::Compressed), row.size(Form::OneFile)),
            Limit::HelloPlain => megabytes(Form::Plain),
            Limit::HelloCompressed => megabytes(Form::Compressed),
            Limit::Shared => {
                let own = self.rows.iter().find(|other| {
                    other.application == row.application && other.role == Role::Own
                })?;
                let of = |form| ratio(row.size(form), own.size(form));
                let both = of(Form::Plain).into_iter().chain(of(Form::Compressed));
                both.reduce(f64::max).filter(|_| row.role == Role::Shared)
            }
            Limit::First => ratio(row.first(Form::Plain), row.first(Form::OneFolder)),
            Limit::Again => row.again(Form::Plain),
            Limit::AgainRatio => ratio(row.again(Form::Plain), row.again(Form::OneFolder))
                .filter(|_| row.application == "pandas"),
            Limit::Memory | Limit::StartCompressed => None,
        };
        let (application, environment) = (row.application.to_owned(), row.role.name());
        value.map(|value| Figure { limit, application, environment, value })
    }

    /// All figures that have limits.
    fn all_figures(&self) -> Vec<Figure> {
        let of_rows = self.rows.iter().flat_map(|row| {
            let limits = [
                Limit::Folder,
                Limit::File,
                Limit::HelloPlain,
                Limit::HelloCompressed,
                Limit::Shared,
                Limit::First,
                Limit::Again,
                Limit::AgainRatio,
            ];
            limits.into_iter().filter_map(|limit| self.figure(row, limit))
        });
        of_rows.chain(self.others.figures()).collect()
    }

    fn shown(&self, row: &Row, limit: Limit) -> String {
        self.figure(row, limit).map_or_else(dash, |figure| figure.shown())
    }

    fn sizes(&self) -> Table {
        let mut table = new_table(&[
            "application",
            "environment",
            "coldframe",
            "one folder",
            "ratio (0.9)",
            "--compress",
            "one file",
            "ratio (1.0)",
            "shared / own (1.05)",
        ]);
        for row in &self.rows {
            let size = |form| row.size(form).map_or_else(dash, |size| format!("{:.1}", size / 1e6));
            table.add_row([
                row.application.to_owned(),
                row.role.name().to_owned(),
                size(Form::Plain),
                size(Form::OneFolder),
                self.shown(row, Limit::Folder),
                size(Form::Compressed),
                size(Form::OneFile),
                self.shown(row, Limit::File),
                self.shown(row, Limit::Shared),
            ]);
        }
        right(table, 2)
    }

    fn times(&self) -> Table {
        let mut table = new_table(&[
            "application",
            "environment",
            "first",
            "PyInstaller",
            "ratio (0.3)",
            "again (0.5)",
            "PyInstaller",
            "ratio",
            "memory, largest",
            "memory, all",
        ]);
        for row in &self.rows {
            let seconds = |time: Option<f64>| time.map_or_else(dash, |time| format!("{time:.2}"));
            let first = row.form(Form::Plain).and_then(|made| made.first);
            let memory = |bytes: fn(Cost) -> f64| {
                first.map_or_else(dash, |cost| format!("{:.0}", bytes(cost) / 1e6))
            };
            let ratio = match (row.again(Form::Plain), row.again(Form::OneFolder)) {
                (Some(ours), Some(theirs)) => {
                    let figure = self.figure(row, Limit::AgainRatio);
                    figure.map_or_else(|| format!("{:.2}", ours / theirs), |figure| figure.shown())
                }
                _ => dash(),
            };
            table.add_row([
                row.application.to_owned(),
                row.role.name().to_owned(),
                seconds(row.first(Form::Plain)),
                seconds(row.first(Form::OneFolder)),
                self.shown(row, Limit::First),
                self.shown(row, Limit::Again),
                seconds(row.again(Form::OneFolder)),
                ratio,
                memory(|cost| cost.largest),
                memory(|cost| cost.all),
            ]);
        }
        right(table, 2)
    }

    fn faults(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.rows {
            for made in &row.made {
                if let Some(fault) = &made.fault {
                    let short: String = fault.chars().take(MAX_FAULT).collect();
                    let cut = if short.len() < fault.len() { "…" } else { "" };
                    lines.push(format!(
                        "* {} ({}), {}: {short}{cut}",
                        row.application,
                        row.role.name(),
                        made.form.name()
                    ));
                }
            }
        }
        lines
    }

    /// All of it as Markdown, which is read on a terminal as well.
    pub(super) fn text(&self, causes: &Causes) -> String {
        let mut parts = vec![
            "## Sizes, in MB".to_owned(),
            self.sizes().to_string(),
            "## Times, in seconds, and memory of the first build, in MB".to_owned(),
            self.times().to_string(),
        ];
        let list = |lines: Vec<String>, none: &str| {
            if lines.is_empty() { none.to_owned() } else { lines.join("\n") }
        };
        parts.push("## Large files, and start-up".to_owned());
        parts.push(list(self.others.lines(), "These rows were left out of this run."));
        parts.push("## Executables that do not run right".to_owned());
        parts.push(list(self.faults(), "There are none."));
        parts.push("## Figures above their limits".to_owned());
        let figures = self.all_figures();
        let short =
            figures.iter().filter(|figure| figure.is_short()).map(|figure| figure.line(causes));
        parts.push(list(short.collect(), "There are none."));
        if !self.missing.is_empty() {
            parts.push("## Not measured".to_owned());
            parts.push(
                self.missing
                    .iter()
                    .map(|missing| format!("* {missing}"))
                    .collect::<Vec<_>>()
                    .join("\n"),
            );
        }
        format!("{}\n", parts.join("\n\n"))
    }

    /// The page for the documentation.
    pub(super) fn page(&self, python: &Python, causes: &Causes) -> anyhow::Result<String> {
        let date =
            Command::new("date").arg("+%Y-%m-%d").output().context("could not start `date`")?;
        let date = String::from_utf8_lossy(&date.stdout);
        let made = format!("Made on {} with CPython {}.", date.trim(), python.release());
        Ok(format!("{INTRODUCTION}\n{made}\n\n{}", self.text(causes)))
    }

    pub(super) fn as_json(&self, python: &Python) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "application": row.application, "environment": row.role.name(),
                "made": row.made.iter().map(Made::as_json).collect::<Vec<_>>(),
            })
        });
        json!({
            "python": python.release(), "rows": rows.collect::<Vec<_>>(), "others": self.others.as_json(),
            "limits": self.all_figures().iter().map(Figure::as_json).collect::<Vec<_>>(), "missing": self.missing,
        })
    }
}

fn dash() -> String {
    "-".to_owned()
}

fn new_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header.iter().copied());
    table
}

/// Numbers stand at the right, from this column on.
fn right(mut table: Table, from: usize) -> Table {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(role: Role, sizes: [f64; 2], times: [f64; 2]) -> Row {
        let cost = |time| Some(Cost { time, cpu: time, largest: 1e6, all: 2e6 });
        let made = [Form::Plain, Form::OneFolder].into_iter().zip(sizes).zip(times);
        Row {
            application: "pandas",
            role,
            made: made
                .map(|((form, size), time)| Made {
                    form,
                    size: Some(size),
                    first: cost(time),
                    again: cost(time / 10.0),
                    fault: None,
                })
                .collect(),
        }
    }

    #[test]
    fn figures_stand_beside_their_limits() {
        let results = Results {
            rows: vec![
                row(Role::Own, [80e6, 100e6], [2.0, 10.0]),
                row(Role::Shared, [100e6, 100e6], [6.0, 10.0]),
            ],
            missing: vec!["something".to_owned()],
            ..Results::default()
        };
        let text = results.text(&Causes::checked_in().expect("a list"));
        for part in [
            " 80.0 |",
            " 0.80 |",
            " **1.00** |",
            " **1.25** |",
            " **0.60** |",
            " **0.20** |",
            "* something",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(text.contains("* pandas (shared): size in the shared environment, against that in its own: 1.25, at most 1.05; "));
    }
}
