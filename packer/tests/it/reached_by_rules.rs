//! The modules that rules for single distributions bring and leave.

use crate::reached::{Installed, names, packed};
use crate::support::tree;

#[test]
fn rules_of_users_are_followed() {
    let installed: &[Installed<'_>] = &[
        (
            "one",
            &[],
            &[
                ("one/__init__.py", "def f(): import two"),
                ("one/hidden.py", ""),
                ("one/other.py", ""),
            ],
        ),
        ("two", &[], &[("two.py", "")]),
        ("three", &[], &[("three.py", "")]),
    ];
    let check = |rule: &str, main: &str, expected: &str| {
        let folder = tree(&[("rules.toml", rule)]);
        let path = folder.path().join("rules.toml");
        let found =
            packed(installed, main, |request| request.distribution_rules = vec![path.clone()]);
        let found = match found {
            Ok(bundle) => names(bundle).join(" "),
            Err(error) => error.to_string().replace(&folder.path().display().to_string(), ""),
        };
        assert_eq!(found, expected, "{rule}");
    };
    let rule =
        |more: &str| format!("[[distribution]]\nname = \"one\"\nreason = \"a test\"\n{more}");
    check(&rule(""), "import one", "one two");
    check(&rule("leave = [\"two\"]"), "import one", "one");
    check(
        &rule("leave = [\"two\"]\nunless-used = [\"word\"]"),
        "import one\none.word()",
        "one two",
    );
    check(&rule("follow = [\"one.hidden\"]"), "import one", "one one.hidden two");
    check(&rule("all-modules = true"), "import one", "one one.hidden one.other two");
    check(&rule("beside = [\"three\"]\nleave = [\"two\"]"), "import one", "one three");
    check(&rule("leave = [\"two\"]\nversions = \">=2\""), "import one", "one two");
    check(
        &rule("versions = \"2 or so\""),
        "import one",
        "/rules.toml:4:12: `2 or so` is no range of versions; one is written like `>=1.2, <3`",
    );
    check("developers-use = [\"two\"]", "import one", "one");
    // It was installed for something else.
    let installed: Vec<Installed<'_>> = installed
        .iter()
        .copied()
        .chain([("other", &["two"][..], &[("other.py", "")][..])])
        .collect();
    let path = folder_with(&rule("leave = [\"two\"]\nunless-used = [\"word\"]"));
    for (main, expected) in [("import one", "one"), ("import one\none.word()", "one two")] {
        let rules = vec![path.path().join("rules.toml")];
        let found = packed(&installed, main, |request| request.distribution_rules = rules);
        assert_eq!(names(found.unwrap()).join(" "), expected, "{main}");
    }
}

/// A folder with a file of rules.
fn folder_with(rules: &str) -> tempfile::TempDir {
    tree(&[("rules.toml", rules)])
}

#[test]
fn parts_of_a_whole_distribution_come_where_something_asks_for_them() {
    let lazy = "import importlib\ndef __getattr__(n): return importlib.import_module(f'one.{n}')";
    let installed: &[Installed<'_>] = &[
        (
            "one",
            &[],
            &[
                ("one/__init__.py", lazy),
                ("one/a.py", "def f(): import one.late"),
                ("one/late/__init__.py", ""),
                ("one/late/x.py", ""),
                ("one/part/__init__.py", ""),
                ("one/part/x.py", ""),
                ("one/part/y.py", ""),
            ],
        ),
        ("two", &[], &[("two.py", "import one.part.x")]),
        ("three", &[], &[("three.py", "import one\none.part.x")]),
    ];
    let rule = "[[distribution]]\nname = \"one\"\nreason = \"a test\"\nparts = [\"one.part\", \"one.late\"]";
    let folder = tree(&[("rules.toml", rule)]);
    let rules = vec![folder.path().join("rules.toml")];
    let with_part = "one one.a one.late one.late.x one.part one.part.x one.part.y";
    for (main, expected) in [
        ("import one", "one one.a one.late one.late.x"),
        ("import one\none.part", with_part),
        ("import one.part.x", with_part),
        ("import one as o\ndef f(name='part'): return getattr(o, name)", with_part),
        ("from one import *", with_part),
    ] {
        let found = packed(installed, main, |request| request.distribution_rules = rules.clone());
        assert_eq!(names(found.unwrap()).join(" "), expected, "{main}");
    }
    for other in ["two", "three"] {
        let main = format!("import {other}");
        let found = packed(installed, &main, |request| request.distribution_rules = rules.clone());
        let expected = format!("{with_part} {other}");
        let mut found = names(found.unwrap());
        found.retain(|name| name.starts_with("one") || name == other);
        assert_eq!(found.join(" "), expected, "{main}");
    }
}
