//! The checked-in list of differences that are right, each with its reason.

use anyhow::Context as _;
use serde_json::Value;

const LIST: &str = include_str!("../../conformance/explained.json");

/// The list.
pub(super) struct Explained(Vec<Entry>);

struct Entry {
    /// The versions for which it holds; all, when there are none.
    pythons: Vec<String>,
    /// The end of test ids, from the class on; or a class or module, and `.*` for all its tests.
    test: String,
    reason: String,
}

impl Explained {
    pub(super) fn checked_in() -> anyhow::Result<Self> {
        Self::parse(LIST).context("`lab/conformance/explained.json` is wrong")
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

    /// Says anew of each difference in a result why it is right, if it is.
    pub(super) fn apply(&self, python: &str, result: &mut Value) {
        let differences = result.get_mut("stock_only").and_then(Value::as_array_mut);
        for difference in differences.into_iter().flatten() {
            let id = difference.get("id").and_then(Value::as_str).unwrap_or_default();
            let reason = self.reason(python, id).map(Value::from);
            if let Some(place) = difference.get_mut("explained") {
                *place = reason.unwrap_or_default();
            }
        }
    }

    /// The reason why a test may fail in our interpreter, if it may.
    pub(super) fn reason(&self, python: &str, id: &str) -> Option<&str> {
        let found = self.0.iter().find(|entry| {
            let is_for_python =
                entry.pythons.is_empty() || entry.pythons.iter().any(|version| version == python);
            let is_for_test = match entry.test.strip_suffix('*') {
                Some(all_of) => format!(".{id}").contains(&format!(".{all_of}")),
                None => {
                    let rest = id.strip_suffix(entry.test.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
                }
            };
            is_for_python && is_for_test
        });
        found.map(|entry| entry.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_for_its_tests_and_pythons_only() {
        let list = r#"[{"pythons": ["3.9"], "test": "Case.test_a", "reason": "so"}, {"test": "B.b", "reason": "all"}, {"test": "loader.Case.*", "reason": "each"}]"#;
        let list = Explained::parse(list).expect("a good list");
        for (python, id, reason) in [
            ("3.9", "test.test_x.Case.test_a", Some("so")),
            ("3.10", "test.test_x.Case.test_a", None),
            ("3.9", "test.test_x.OtherCase.test_a", None),
            ("3.9", "test.test_x.Case.test_ab", None),
            ("3.13", "B.b", Some("all")),
            ("3.9", "test.loader.Case.test_b", Some("each")),
            ("3.9", "test.loader.Case2.test_b", None),
            ("3.9", "test.other_loader.Case.test_b", None),
        ] {
            assert_eq!(list.reason(python, id), reason, "{python} {id}");
        }
        for wrong in ["{}", "[{}]", "[{\"test\": \"x\"}]", "["] {
            assert!(Explained::parse(wrong).is_err(), "{wrong}");
        }
        Explained::checked_in().expect("the checked-in list");

        let difference = |id: &str| serde_json::json!({"id": id, "explained": "as it was"});
        let mut result =
            serde_json::json!({"stock_only": [difference("x.B.b"), difference("x.C.c")]});
        list.apply("3.9", &mut result);
        let expected =
            r#"{"stock_only":[{"explained":"all","id":"x.B.b"},{"explained":null,"id":"x.C.c"}]}"#;
        assert_eq!(result.to_string(), expected);
    }
}
