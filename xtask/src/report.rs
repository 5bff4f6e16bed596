//! The table a test run ends with, and the one line below it that a script can read.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use crate::matrix::Need;
use crate::progress::Status;
use crate::suite::{Skip, Tally};
use crate::version::Version;

pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    /// Whether a test that skipped itself is a failure.
    pub(crate) skipped_tests: Need,
}

/// One Python, or the crates that need none.
pub(crate) enum Row {
    Ran { title: String, tally: Tally },
    Skipped { title: String, reason: String, need: Need },
}

impl Report {
    /// Everything that makes the run a failed one, in words; tests that failed have been shown and are only counted.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for row in &self.rows {
            match row {
                Row::Ran { title, tally } => {
                    if tally.counts.failed > 0 {
                        failures.push(format!(
                            "Python {title}: {} failed",
                            plural(tally.counts.failed, "test")
                        ));
                    }
                    failures.extend(
                        tally.problems.iter().map(|problem| format!("Python {title}: {problem}")),
                    );
                    if self.skipped_tests == Need::Required && tally.n_skipped() > 0 {
                        let n_skipped = plural(tally.n_skipped(), "test");
                        failures.push(format!(
                            "Python {title}: {n_skipped} skipped, and all are required"
                        ));
                    }
                }
                Row::Skipped { title, reason, need: Need::Required } => {
                    let way_out = match title.parse::<Version>() {
                        Ok(_) => format!(" (`pyenv install {title}`, or --python PATH)"),
                        // A platform that cannot be had says the way out itself.
                        Err(_) => String::new(),
                    };
                    failures.push(format!("Python {title} is required: {reason}{way_out}"));
                }
                Row::Skipped { need: Need::Optional, .. } => {}
            }
        }
        failures
    }

    pub(crate) fn render(&self) -> String {
        let mut text = format!("{}\n", self.table());
        for failure in self.failures() {
            let _ = writeln!(text, "error: {failure}");
        }
        let sum = |number: fn(&Tally) -> usize| -> usize {
            let tallies = self.rows.iter().map(|row| match row {
                Row::Ran { tally, .. } => number(tally),
                Row::Skipped { .. } => 0,
            });
            tallies.sum()
        };
        let (passed, failed, skipped) =
            (sum(Tally::n_passed), sum(Tally::n_failed), sum(Tally::n_skipped));
        let _ = writeln!(text, "{passed} passed, {failed} failed, {skipped} skipped");
        text
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN).set_header([
            "Python",
            "built",
            "run",
            "passed",
            "failed",
            "skipped",
            "tests took",
            "why",
        ]);
        for row in &self.rows {
            match row {
                Row::Ran { title, tally } => table.add_row([
                    title.clone(),
                    built(tally),
                    tally.counts.run().to_string(),
                    tally.n_passed().to_string(),
                    tally.n_failed().to_string(),
                    tally.n_skipped().to_string(),
                    seconds(tally.test_time),
                    remarks(tally),
                ]),
                Row::Skipped { title, reason, .. } => {
                    let nothing = || "-".to_owned();
                    let why = format!("skipped: {reason}");
                    table.add_row([
                        title.clone(),
                        nothing(),
                        nothing(),
                        nothing(),
                        nothing(),
                        nothing(),
                        nothing(),
                        why,
                    ])
                }
            };
        }
        for index in 2..=6 {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

fn built(tally: &Tally) -> String {
    match tally.build {
        Some(Status::Good) => format!("yes, {}", seconds(tally.build_time)),
        Some(Status::Failed) => "FAILED".to_owned(),
        None => "nothing to build".to_owned(),
    }
}

fn remarks(tally: &Tally) -> String {
    let mut remarks = tally.problems.clone();
    remarks.extend(tally.skips.iter().map(|Skip { test, why }| format!("{test}: {why}")));
    if tally.n_ignored > 0 {
        remarks.push(format!("{} marked as ignored", plural(tally.n_ignored, "test")));
    }
    remarks.join("\n")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn plural(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Counts;

    fn report(skipped_tests: Need) -> Report {
        let skip = Skip {
            test: "runs_under_strace".to_owned(),
            why: "strace is not installed".to_owned(),
        };
        let ran = Tally {
            build: Some(Status::Good),
            build_time: Duration::from_millis(12_340),
            counts: Counts { passed: 41, failed: 1, left_out: 2 },
            skips: [skip].into(),
            n_ignored: 2,
            problems: Vec::new(),
            test_time: Duration::from_secs(7),
        };
        let broken = Tally {
            build: Some(Status::Failed),
            problems: vec!["it does not build".to_owned()],
            ..Tally::default()
        };
        let missing = |title: &str, need| Row::Skipped {
            title: title.to_owned(),
            reason: "no interpreter found".to_owned(),
            need,
        };
        Report {
            rows: vec![
                Row::Ran { title: "3.9.18".to_owned(), tally: ran },
                Row::Ran { title: "3.10.13".to_owned(), tally: broken },
                missing("3.11", Need::Required),
                missing("3.12", Need::Optional),
            ],
            skipped_tests,
        }
    }

    #[test]
    fn the_table_tells_everything_and_the_last_line_counts() {
        insta::assert_snapshot!(report(Need::Required).render(), @r"
        | Python  | built       | run | passed | failed | skipped | tests took | why                                        |
        |---------|-------------|-----|--------|--------|---------|------------|--------------------------------------------|
        | 3.9.18  | yes, 12.3 s |  42 |     40 |      1 |       3 |      7.0 s | runs_under_strace: strace is not installed |
        |         |             |     |        |        |         |            | 2 tests marked as ignored                  |
        | 3.10.13 | FAILED      |   0 |      0 |      1 |       0 |      0.0 s | it does not build                          |
        | 3.11    | -           |   - |      - |      - |       - |          - | skipped: no interpreter found              |
        | 3.12    | -           |   - |      - |      - |       - |          - | skipped: no interpreter found              |
        error: Python 3.9.18: 1 test failed
        error: Python 3.9.18: 3 tests skipped, and all are required
        error: Python 3.10.13: it does not build
        error: Python 3.11 is required: no interpreter found (`pyenv install 3.11`, or --python PATH)
        40 passed, 2 failed, 3 skipped
        ");
    }

    #[test]
    fn tests_that_skip_themselves_fail_only_where_pythons_are_required() {
        assert_eq!(report(Need::Required).failures().len(), 4);
        assert_eq!(report(Need::Optional).failures().len(), 3);
    }
}
