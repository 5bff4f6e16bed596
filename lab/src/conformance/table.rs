//! The comparisons, as a table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;

const HEADER: [&str; 11] = [
    "suite",
    "Python",
    "tests",
    "passed in both",
    "failed in both",
    "skipped in both",
    "ours only",
    "stock only",
    "explained",
    "unsteady",
    "seconds stock / ours",
];

fn number(result: &Value, name: &str) -> u64 {
    result.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn text<'a>(result: &'a Value, name: &str) -> &'a str {
    result.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(result: &'a Value, name: &str) -> &'a [Value] {
    result.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The table, in Markdown.
pub(super) fn render(results: &[Value], is_all: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(HEADER);
    let totals = if is_all { totals(results) } else { Vec::new() };
    let is_shown = |result: &&Value| {
        !is_all || ["stock_only", "unsteady"].iter().any(|name| !list(result, name).is_empty())
    };
    for result in totals.iter().chain(results.iter().filter(is_shown)) {
        let differences = list(result, "stock_only");
        let explained =
            differences.iter().filter(|one| !text(one, "explained").is_empty()).count() as u64;
        let [passed, failed, skipped, ours] =
            ["passed", "failed", "skipped", "ours_only"].map(|name| number(result, name));
        let different = differences.len() as u64;
        let suite = match text(result, "borrowed_from") {
            "" => {
                let name = [text(result, "suite"), text(result, "version")];
                name.join(" ").trim_end().to_owned()
            }
            from => format!("{} (of {from})", text(result, "suite")),
        };
        let mut row = vec![suite, text(result, "python").to_owned()];
        let total = passed + failed + skipped + ours + different;
        let unsteady = list(result, "unsteady").len() as u64;
        let numbers =
            [total, passed, failed, skipped, ours, different - explained, explained, unsteady];
        row.extend(numbers.iter().map(u64::to_string));
        row.push(format!(
            "{} / {}",
            number(result, "stock_seconds"),
            number(result, "our_seconds")
        ));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// The sums over all suites, for each Python.
fn totals(results: &[Value]) -> Vec<Value> {
    let mut by_python = BTreeMap::<&str, Vec<&Value>>::new();
    for result in results {
        by_python.entry(text(result, "python")).or_default().push(result);
    }
    let total = |(python, results): (&str, Vec<&Value>)| {
        let mut total = serde_json::Map::new();
        for name in ["passed", "failed", "skipped", "ours_only", "stock_seconds", "our_seconds"] {
            let sum: u64 = results.iter().map(|result| number(result, name)).sum();
            total.insert(name.to_owned(), sum.into());
        }
        for name in ["stock_only", "unsteady"] {
            let all = results.iter().flat_map(|result| list(result, name)).cloned().collect();
            total.insert(name.to_owned(), Value::Array(all));
        }
        total.insert("suite".to_owned(), format!("all {}", results.len()).into());
        total.insert("python".to_owned(), python.into());
        Value::Object(total)
    };
    by_python.into_iter().map(total).collect()
}

/// The differences that nothing explains, a line for each.
pub(super) fn unexplained(results: &[Value]) -> Vec<String> {
    let mut lines = Vec::new();
    for result in results {
        for one in list(result, "stock_only") {
            if text(one, "explained").is_empty() {
                let (python, id) = (text(result, "python"), text(one, "id"));
                let last =
                    text(one, "detail").trim_end().lines().last().unwrap_or_default().to_owned();
                lines.push(format!("{python} {id}: {} {last}", text(one, "ours")));
            }
        }
    }
    lines
}

/// The differences that are explained, or those that are not: by the reason, or by what they were in ours, the tests and
/// the Pythons.
fn by_reason<'a>(
    results: &'a [Value],
    kind: &str,
) -> BTreeMap<&'a str, BTreeMap<&'a str, Vec<&'a str>>> {
    let mut reasons = BTreeMap::<_, BTreeMap<_, Vec<_>>>::new();
    for result in results {
        for one in list(result, "stock_only") {
            let is_explained = !text(one, "explained").is_empty();
            if is_explained == kind.is_empty() {
                continue;
            }
            let reason = text(one, if is_explained { "explained" } else { "ours" });
            let tests = reasons.entry(reason).or_default();
            tests.entry(text(one, "id")).or_default().push(text(result, "python"));
        }
    }
    reasons
}

/// The page for the documentation.
pub(super) fn page(table: &str, results: &[Value], is_all: bool) -> String {
    let (title, command, more) = if is_all {
        let command = "cargo xtask conformance --all --resume --table docs/conformance-all.md";
        let more = " The tests that want the network, sound, windows or large files are left out, as CPython's own \
                    runner does. The table has the suites with a difference; the first rows sum up all.";
        ("All of CPython's suites", command, more)
    } else {
        ("CPython's own suites", "cargo xtask conformance --table docs/conformance.md", "")
    };
    let archived = if is_all {
        ""
    } else {
        "The last three are none of CPython's: they were packed into an executable with the packages that they test, and the\n\
         stock interpreter ran them from files. `finder_mixins` is CPython's mixins for finders and loaders, on ours; the \
         other two are\nthe suites of the source distributions of these names.\n\n"
    };
    let mut page = format!(
        "# {title}\n\nMade by `{command}`: each suite in the \
         self-contained interpreter, with the\nstandard library and the package `test` in its archive, and in the stock \
         one, compared test id by test id.{more}\n\n\
         * *stock only*: passed in the stock interpreter and not in ours, and nothing explains it.\n\
         * *explained*: the same, for a reason that stands below.\n\
         * *unsteady*: once different, and not when the test was run again.\n\
         * *(of 3.X)*: the installation lacks the suite, and that of another Python ran on both sides. Where only \
         the files are\n  missing that instantiate `test._test_multiprocessing`, they were written.\n\n\
         {archived}{table}\n"
    );
    for (title, kind) in [("Not explained", ""), ("Explained", "explained")] {
        let reasons = by_reason(results, kind);
        if !reasons.is_empty() {
            let _ = writeln!(page, "\n## {title}\n");
        }
        for (reason, tests) in reasons {
            let _ = writeln!(page, "* {reason}:");
            for (id, pythons) in tests {
                let _ = writeln!(page, "  * `{id}` ({})", pythons.join(", "));
            }
        }
    }
    let unsteady: Vec<_> = results
        .iter()
        .flat_map(|result| list(result, "unsteady").iter().map(|id| (text(result, "python"), id)))
        .collect();
    if !unsteady.is_empty() {
        let _ = writeln!(page, "\n## Unsteady: passed when run again\n");
        for (python, id) in unsteady {
            let _ = writeln!(page, "* {python} `{}`", id.as_str().unwrap_or_default());
        }
    }
    page
}
