//! `cargo xtask test`: every layer on every Python, then one table.

use std::path::Path;

use anyhow::bail;

use crate::Verdict;
use crate::flags;
use crate::matrix::{self, Found, Need, Plan, Selection};
use crate::members::{self, MEMBERS, Member, NeedsPython};
use crate::progress::Progress;
use crate::pythons::{self, Python};
use crate::report::{Report, Row};
use crate::suite::{Linked, Runner, Scope, Suite, Tally};
use crate::version::Version;
use crate::workspace::Workspace;

/// The crate that links nothing, but has a test that compares its table with a real Python.
const ASKS_PYTHON: &str = "coldframe-platform-policy";
/// A part of the names of such tests.
const PYTHON_TESTS: &str = "python";

pub(crate) fn run(workspace: &Workspace, flags: &flags::Test) -> anyhow::Result<Verdict> {
    let strict = if flags.require.is_empty() { Need::Optional } else { Need::Required };
    let report = Report { rows: rows(workspace, flags)?, skipped_tests: strict };
    print!("\n{}", report.render());
    Ok(Verdict::from_failures(report.failures().len()))
}

/// A row for each Python of this machine, and one for the crates that need none.
pub(crate) fn rows(workspace: &Workspace, flags: &flags::Test) -> anyhow::Result<Vec<Row>> {
    let layers = Layers::chosen(&flags.layer)?;
    let mut found = pythons::discover();
    let selection = select(&mut found, &flags.python)?;
    let states: Vec<_> = found
        .iter()
        .map(|python| Found { version: python.version, obstacle: python.obstacle() })
        .collect();
    let rows = matrix::rows(workspace.range, &states, &flags.require, &selection);

    let session = Session {
        workspace,
        runner: Runner::available(workspace),
        progress: Progress::new(flags.verbose),
        layers,
        filter: flags.filter.iter().map(String::as_str).collect(),
    };
    let to_run = |version: Version| found.iter().find(|python| python.version == version);
    let highest =
        rows.iter().rev().find(|row| row.plan == Plan::Run).and_then(|row| to_run(row.version));

    let mut lines = Vec::new();
    if !session.layers.pure.is_empty() {
        lines.push(Row::Ran { title: "any".to_owned(), tally: session.pure(highest)? });
    }
    if session.layers.needs_python() {
        for row in rows {
            lines.push(match (row.plan, to_run(row.version)) {
                (Plan::Run, Some(python)) => {
                    Row::Ran { title: python.release(), tally: session.with_python(python)? }
                }
                (Plan::Run, None) => bail!("Python {} was planned but is not there", row.version),
                (Plan::Skip { reason, need }, _) => {
                    Row::Skipped { title: row.version.to_string(), reason, need }
                }
            });
        }
    }
    Ok(lines)
}

/// Adds the interpreters given by path to those found, in place of the found one of the same version.
fn select(found: &mut Vec<Python>, chosen: &[String]) -> anyhow::Result<Selection> {
    if chosen.is_empty() {
        return Ok(Selection::All);
    }
    let mut versions = Vec::new();
    for choice in chosen {
        let version = match choice.parse::<Version>() {
            Ok(version) => version,
            Err(_) => {
                let python = Python::probe(Path::new(choice))?;
                let version = python.version;
                found.retain(|other| other.version != version);
                found.push(python);
                version
            }
        };
        versions.push(version);
    }
    Ok(Selection::Only(versions))
}

/// The crates to test, as `--layer` chose them.
struct Layers {
    pure: Vec<&'static str>,
    linked: Vec<&'static str>,
}

impl Layers {
    fn chosen(names: &[String]) -> anyhow::Result<Self> {
        let all: Vec<_> = MEMBERS.iter().map(Member::folder).collect();
        if let Some(unknown) = names.iter().find(|name| !all.contains(&name.as_str())) {
            bail!("there is no layer `{unknown}`; there are: {}", all.join(", "));
        }
        let is_chosen =
            |member: &Member| names.is_empty() || names.iter().any(|name| name == member.folder());
        let is_pure = |member: &Member| member.python == NeedsPython::No;
        Ok(Self {
            pure: members::names(|member| is_chosen(member) && is_pure(member)),
            linked: members::names(|member| is_chosen(member) && !is_pure(member)),
        })
    }

    fn needs_python(&self) -> bool {
        !self.linked.is_empty() || self.pure.contains(&ASKS_PYTHON)
    }
}

struct Session<'a> {
    workspace: &'a Workspace,
    runner: Runner,
    progress: Progress,
    layers: Layers,
    filter: Vec<&'a str>,
}

impl Session<'_> {
    /// The crates that link nothing. A test among them that asks a Python gets the highest one; it meets the others in their own rows.
    fn pure(&self, highest: Option<&Python>) -> anyhow::Result<Tally> {
        let suite = Suite {
            workspace: self.workspace,
            runner: self.runner,
            label: "any Python".to_owned(),
            packages: self.layers.pure.clone(),
            linked_with: Linked::Nothing,
            test_python: highest,
            scope: Scope::TestsAndExamples,
            filter: self.filter.clone(),
        };
        suite.run(&self.progress)
    }

    fn with_python(&self, python: &Python) -> anyhow::Result<Tally> {
        let suite = Suite {
            workspace: self.workspace,
            runner: self.runner,
            label: format!("Python {}", python.version),
            packages: self.layers.linked.clone(),
            linked_with: Linked::Python(python),
            test_python: Some(python),
            scope: Scope::TestsAndExamples,
            filter: self.filter.clone(),
        };
        let mut tally = suite.run(&self.progress)?;
        if self.layers.pure.contains(&ASKS_PYTHON) {
            let suite = Suite {
                label: format!("Python {}, {ASKS_PYTHON}", python.version),
                packages: vec![ASKS_PYTHON],
                linked_with: Linked::Nothing,
                scope: Scope::TestsOnly,
                filter: if self.filter.is_empty() {
                    vec![PYTHON_TESTS]
                } else {
                    self.filter.clone()
                },
                ..suite
            };
            tally.add(suite.run(&self.progress)?);
        }
        Ok(tally)
    }
}
