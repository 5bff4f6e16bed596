//! Two runs of one suite, test id by test id.

use serde_json::{Value, json};

use super::explained::Explained;
use super::runner::{Outcome, Outcomes};

/// The agreement of the two sides about one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    PassedInBoth,
    FailedInBoth,
    SkippedInBoth,
    OursOnly,
    /// Good in the stock interpreter and not good in ours, or skipped there and failed here.
    StockOnly,
}

/// Compares one test; a side that never ran it has `None`.
pub(super) fn agreement(stock: Option<&Outcome>, ours: Option<&Outcome>) -> Agreement {
    let good = |outcome: Option<&Outcome>| outcome.is_some_and(Outcome::is_good);
    let skipped = |outcome: Option<&Outcome>| outcome.is_some_and(Outcome::is_skipped);
    match (good(stock), good(ours)) {
        (true, true) => Agreement::PassedInBoth,
        (true, false) => Agreement::StockOnly,
        (false, true) => Agreement::OursOnly,
        (false, false) if skipped(stock) && skipped(ours) => Agreement::SkippedInBoth,
        (false, false) if skipped(stock) => Agreement::StockOnly,
        (false, false) => Agreement::FailedInBoth,
    }
}

/// A test that the stock interpreter passes and ours does not.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) id: String,
    /// Its outcome in our interpreter, and the end of its traceback.
    pub(super) ours: Outcome,
    /// The reason why it is right, when the checked-in list has one.
    pub(super) explained: Option<String>,
}

/// The comparison of one suite on one Python.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    pub(super) ours_only: usize,
    pub(super) differences: Vec<Difference>,
}

/// Compares two runs.
pub(super) fn compare(
    stock: &Outcomes,
    ours: &Outcomes,
    explained: &Explained,
    python: &str,
) -> Comparison {
    let mut comparison = Comparison::default();
    let mut ids: Vec<&String> = stock.keys().chain(ours.keys()).collect();
    ids.sort();
    ids.dedup();
    for id in ids {
        match agreement(stock.get(id), ours.get(id)) {
            Agreement::PassedInBoth => comparison.passed += 1,
            Agreement::FailedInBoth => comparison.failed += 1,
            Agreement::SkippedInBoth => comparison.skipped += 1,
            Agreement::OursOnly => comparison.ours_only += 1,
            Agreement::StockOnly => comparison.differences.push(Difference {
                id: id.clone(),
                ours: ours.get(id).cloned().unwrap_or_else(|| Outcome {
                    word: "not run".to_owned(),
                    detail: String::new(),
                }),
                explained: explained.reason(python, id).map(str::to_owned),
            }),
        }
    }
    comparison
}

/// The whole result, for programs.
pub(super) fn as_json(
    comparison: &Comparison,
    unsteady: &[String],
    stock: &Outcomes,
    ours: &Outcomes,
) -> Value {
    let differences: Vec<Value> = comparison
        .differences
        .iter()
        .map(|difference| {
            json!({
                "id": difference.id, "ours": difference.ours.word, "detail": difference.ours.detail,
                "explained": difference.explained,
            })
        })
        .collect();
    let failed_in_both: Vec<_> = stock
        .iter()
        .filter(|(id, outcome)| agreement(Some(outcome), ours.get(*id)) == Agreement::FailedInBoth)
        .map(|(id, _)| id)
        .collect();
    json!({
        "passed": comparison.passed, "failed": comparison.failed, "skipped": comparison.skipped,
        "ours_only": comparison.ours_only, "stock_only": differences, "unsteady": unsteady,
        "failed_in_both": failed_in_both,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_outcomes_has_its_column() {
        use Agreement::*;
        let outcome = |word: &str| Outcome { word: word.to_owned(), detail: String::new() };
        for (stock, ours, expected) in [
            ("passed", "passed", PassedInBoth),
            ("expected failure", "passed", PassedInBoth),
            ("passed", "failed", StockOnly),
            ("passed", "skipped", StockOnly),
            ("passed", "crashed", StockOnly),
            ("skipped", "error", StockOnly),
            ("skipped", "skipped", SkippedInBoth),
            ("failed", "skipped", FailedInBoth),
            ("failed", "error", FailedInBoth),
            ("error", "passed", OursOnly),
            ("skipped", "passed", OursOnly),
        ] {
            let found = agreement(Some(&outcome(stock)), Some(&outcome(ours)));
            assert_eq!(found, expected, "{stock}, {ours}");
        }
        assert_eq!(agreement(Some(&outcome("passed")), None), StockOnly);
        assert_eq!(agreement(None, Some(&outcome("passed"))), OursOnly);
    }
}
