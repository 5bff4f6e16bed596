//! Names and sentences: each spelled once, each in one line, none twice.

use std::collections::BTreeSet;

use platform_policy::{Caution, Os, PythonBuild, Reason, StartMethod};

#[track_caller]
fn check(texts: Vec<String>) {
    let distinct: BTreeSet<&String> = texts.iter().collect();
    assert_eq!(distinct.len(), texts.len(), "two of these are the same: {texts:#?}");
    for text in &texts {
        assert!(
            !text.is_empty() && !text.contains('\n') && !text.ends_with('.'),
            "not one plain line: {text:?}"
        );
    }
}

#[test]
fn every_text_is_one_line_of_its_own() {
    check(Os::ALL.iter().map(ToString::to_string).collect());
    check(PythonBuild::ALL.iter().map(ToString::to_string).collect());
    check(StartMethod::ALL.iter().map(ToString::to_string).collect());
    check(Reason::ALL.iter().map(ToString::to_string).collect());
    check(Caution::ALL.iter().map(ToString::to_string).collect());
}

#[test]
fn the_methods_are_those_of_multiprocessing() {
    let names: Vec<&str> = StartMethod::ALL.iter().map(|method| method.as_str()).collect();
    assert_eq!(names, ["fork", "forkserver", "spawn"]);
}
