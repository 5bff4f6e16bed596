//! The checked-in list of differences that are right, each with its reason.

use anyhow::Context as _;
use serde_json::Value;

const LIST: &str = include_str!("../../conformance/explained.json");

/// The list.
pub(super) struct Explained(Vec<Entry>);

struct Entry {
    /// The versions for which it holds; all, when there are none.
    pythons: Vec<String>,
    /// The end of test ids, from the class on.
    test: String,
    reason: String,
}

impl Explained {
    pub(super) fn checked_in() -> anyhow::Result<Self> {
        Self::parse(LIST).context("`xtask/conformance/explained.json` is wrong")
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let list: Value = serde_json::from_str(text)?;
        let list = list.as_array().context("it is no list")?;
        let entries = list.iter().map(|entry| {
            let field = |name: &str| {
                let text = entry.get(name).and_then(Value::as_str).map(str::to_owned);
                text.with_context(|| format!("an entry has no `{name}`: {entry}"))
            };
            let pythons = entry.get("pythons").and_then(Value::as_array);
            let pythons = pythons.into_iter().flatten().filter_map(Value::as_str);
            Ok(Entry {
                pythons: pythons.map(str::to_owned).collect(),
                test: field("test")?,
                reason: field("reason")?,
            })
        });
        Ok(Self(entries.collect::<anyhow::Result<_>>()?))
    }

    /// Why a test may fail in ours, if it may.
    pub(super) fn reason(&self, python: &str, id: &str) -> Option<&str> {
        let found = self.0.iter().find(|entry| {
            let rest = id.strip_suffix(entry.test.as_str());
            let is_for_python =
                entry.pythons.is_empty() || entry.pythons.iter().any(|version| version == python);
            is_for_python && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        found.map(|entry| entry.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_for_its_tests_and_pythons_only() {
        let list = r#"[{"pythons": ["3.9"], "test": "Case.test_a", "reason": "so"}, {"test": "B.b", "reason": "all"}]"#;
        let list = Explained::parse(list).expect("a good list");
        for (python, id, reason) in [
            ("3.9", "test.test_x.Case.test_a", Some("so")),
            ("3.10", "test.test_x.Case.test_a", None),
            ("3.9", "test.test_x.OtherCase.test_a", None),
            ("3.9", "test.test_x.Case.test_ab", None),
            ("3.13", "B.b", Some("all")),
        ] {
            assert_eq!(list.reason(python, id), reason, "{python} {id}");
        }
        for wrong in ["{}", "[{}]", "[{\"test\": \"x\"}]", "["] {
            assert!(Explained::parse(wrong).is_err(), "{wrong}");
        }
        Explained::checked_in().expect("the checked-in list");
    }
}
