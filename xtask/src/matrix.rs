//! The Pythons that are tested, and the reasons against the others: a pure function of those that are supported, found and asked for.

use crate::version::{Range, Version};

/// One Python of the machine, as far as the decision needs it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) version: Version,
    pub(crate) obstacle: Option<String>,
}

/// One row of the table that a test run ends with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) version: Version,
    pub(crate) plan: Plan,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Run,
    Skip { reason: String, need: Need },
}

/// Whether a skipped row is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Optional,
    Required,
}

/// The versions that the caller wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    All,
    /// Only these. Asked for by name, they are required: `--python 3.14` must not succeed by testing nothing.
    Only(Vec<Version>),
}

/// A row for every supported version, every one found and every one asked for, lowest first.
pub(crate) fn rows(
    range: Range,
    found: &[Found],
    required: &[Version],
    selection: &Selection,
) -> Vec<Row> {
    let mut versions: Vec<Version> = match selection {
        Selection::All => {
            range.versions().chain(found.iter().map(|python| python.version)).collect()
        }
        Selection::Only(versions) => versions.clone(),
    };
    versions.extend(required);
    versions.sort();
    versions.dedup();
    versions
        .into_iter()
        .map(|version| Row { version, plan: plan(version, range, found, required, selection) })
        .collect()
}

fn plan(
    version: Version,
    range: Range,
    found: &[Found],
    required: &[Version],
    selection: &Selection,
) -> Plan {
    let (is_chosen, is_named) = match selection {
        Selection::All => (true, false),
        Selection::Only(versions) => (versions.contains(&version), true),
    };
    let need =
        if is_named || required.contains(&version) { Need::Required } else { Need::Optional };
    let skip = |reason: String| Plan::Skip { reason, need };
    if !range.contains(version) {
        return skip(format!("outside the supported range {range}"));
    }
    if !is_chosen {
        return skip("required, but not among the Pythons chosen with --python".to_owned());
    }
    match found.iter().find(|python| python.version == version) {
        None => skip("no interpreter found".to_owned()),
        Some(Found { obstacle: Some(obstacle), .. }) => skip(obstacle.clone()),
        Some(Found { obstacle: None, .. }) => Plan::Run,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &[&str], required: &[&str], selection: Option<&[&str]>) -> String {
        let version = |text: &&str| text.parse::<Version>().expect(text);
        let range = Range { min: Version::new(9), max: Version::new(11) };
        let found: Vec<_> = found
            .iter()
            .map(|text| match text.split_once(' ') {
                Some((text, obstacle)) => {
                    Found { version: version(&text), obstacle: Some(obstacle.to_owned()) }
                }
                None => Found { version: version(text), obstacle: None },
            })
            .collect();
        let selection = match selection {
            Some(texts) => Selection::Only(texts.iter().map(version).collect()),
            None => Selection::All,
        };
        let required: Vec<_> = required.iter().map(version).collect();
        let lines = rows(range, &found, &required, &selection).into_iter().map(|row| {
            let plan = match row.plan {
                Plan::Run => "run".to_owned(),
                Plan::Skip { reason, need: Need::Optional } => format!("skipped: {reason}"),
                Plan::Skip { reason, need: Need::Required } => format!("FAILS: {reason}"),
            };
            format!("{:<6} {plan}", row.version.to_string())
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn all_that_is_supported_or_found_has_a_row() {
        insta::assert_snapshot!(check(&["3.8", "3.9", "3.11 no libpython", "3.11t", "3.12"], &[], None), @r"
        3.8    skipped: outside the supported range 3.9 to 3.11
        3.9    run
        3.10   skipped: no interpreter found
        3.11   skipped: no libpython
        3.11t  run
        3.12   skipped: outside the supported range 3.9 to 3.11
        ");
    }

    #[test]
    fn what_is_required_fails_when_it_cannot_run() {
        insta::assert_snapshot!(check(&["3.9", "3.11 no libpython"], &["3.8", "3.9", "3.10", "3.11"], None), @r"
        3.8    FAILS: outside the supported range 3.9 to 3.11
        3.9    run
        3.10   FAILS: no interpreter found
        3.11   FAILS: no libpython
        ");
    }

    #[test]
    fn a_selection_is_required_and_nothing_else_runs() {
        insta::assert_snapshot!(check(&["3.9", "3.10"], &["3.10"], Some(&["3.9", "3.11"])), @r"
        3.9    run
        3.10   FAILS: required, but not among the Pythons chosen with --python
        3.11   FAILS: no interpreter found
        ");
    }
}
