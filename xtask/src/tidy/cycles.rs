//! Arrows between the files of a crate run one way: a reader who follows them comes to an end.
//!
//! An arrow is a path in a file's code that begins with `crate`, `super` or `self`, or with a module below the file, and leads to
//! another file. A file may name what lies in its own folder: that is how modules are declared, and their faces made.

use std::collections::{BTreeMap, BTreeSet};

use super::File;
use crate::source::{code_only, is_word};

/// A module's path from the root of its crate.
type Module = Vec<String>;

/// The cycles between files of one crate, a line for each.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut crates: BTreeMap<&str, BTreeMap<Module, &File>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        if let Some((folder, below)) = file.path.split_once("/src/") {
            crates.entry(folder).or_default().insert(module_of(below), file);
        }
    }
    let mut problems = Vec::new();
    for modules in crates.values() {
        let arrows: BTreeMap<&Module, BTreeSet<Module>> =
            modules.iter().map(|(module, file)| (module, arrows(module, file, modules))).collect();
        for cycle in cycles(&arrows) {
            let paths: Vec<&str> = cycle
                .iter()
                .filter_map(|module| modules.get(*module).map(|file| file.path.as_str()))
                .collect();
            problems.push(format!("these files use each other: {}", paths.join(", ")));
        }
    }
    problems
}

fn module_of(path: &str) -> Module {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| ["lib", "main", "mod"].contains(&last.as_str())) {
        parts.pop();
    }
    parts
}

/// The files that a file's code names, but those in its own folder.
fn arrows(module: &Module, file: &File, modules: &BTreeMap<Module, &File>) -> BTreeSet<Module> {
    let code = code_only(&file.text);
    // Tests may use what they like: nothing uses them.
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    paths(code)
        .iter()
        .filter_map(|path| target(module, path, modules))
        .filter(|target| target != module && !target.starts_with(module))
        .collect()
}

/// The file to which a path leads; nothing if it leads out of the crate.
fn target(from: &Module, path: &[String], modules: &BTreeMap<Module, &File>) -> Option<Module> {
    let mut rest = path.iter();
    let mut at = match path.first()?.as_str() {
        "crate" => {
            rest.next();
            Module::new()
        }
        "self" => {
            rest.next();
            from.clone()
        }
        "super" => {
            let mut at = from.clone();
            while rest.clone().next().is_some_and(|part| part == "super") {
                rest.next();
                at.pop();
            }
            at
        }
        first => {
            let child: Module = from.iter().cloned().chain([first.to_owned()]).collect();
            modules.contains_key(&child).then(|| from.clone())?
        }
    };
    for part in rest {
        let next: Module = at.iter().cloned().chain([part.clone()]).collect();
        if !modules.contains_key(&next) {
            break;
        }
        at = next;
    }
    Some(at)
}

/// All paths of two parts or more in the code, with those in braces spelled out.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    let mut previous = ' ';
    while let Some(next) = rest.chars().next() {
        let is_start = is_word(next) && !is_word(previous) && previous != ':' && previous != '$';
        if is_start && let Some(length) = tree(rest, &[], &mut found) {
            rest = rest.get(length..).unwrap_or_default();
            previous = ' ';
        } else {
            previous = next;
            rest = rest.strip_prefix(next).unwrap_or_default();
        }
    }
    found
}

/// Reads a path, or what stands in the braces at its end; gives its length, if it is a path of several parts.
fn tree(text: &str, before: &[String], found: &mut Vec<Vec<String>>) -> Option<usize> {
    let mut path = before.to_vec();
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let word: String = rest.chars().take_while(|letter| is_word(*letter)).collect();
        if word.is_empty() && rest.starts_with('{') {
            at += 1;
            loop {
                let inside = text.get(at..)?;
                let blank = inside.len() - inside.trim_start().len();
                let next = inside.trim_start().chars().next()?;
                at += blank;
                match next {
                    '}' => return Some(at + 1),
                    letter if is_word(letter) => at += tree(text.get(at..)?, &path, found)?,
                    other => at += other.len_utf8(),
                }
            }
        }
        at += word.len();
        if !word.is_empty() {
            path.push(word);
        }
        match text.get(at..)?.strip_prefix("::") {
            Some(_) => at += 2,
            None => break,
        }
    }
    let is_path = path.len() > 1;
    if is_path {
        found.push(path);
    }
    (is_path || !before.is_empty()).then_some(at)
}

/// Groups of files that lead to each other.
fn cycles<'m>(arrows: &BTreeMap<&'m Module, BTreeSet<Module>>) -> Vec<Vec<&'m Module>> {
    let reached = |from: &'m Module| {
        let mut reached: BTreeSet<&Module> = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(module) = waiting.pop() {
            for next in arrows.get(module).into_iter().flatten() {
                // As the table has it.
                if let Some((next, _)) = arrows.get_key_value(next)
                    && reached.insert(next)
                {
                    waiting.push(next);
                }
            }
        }
        reached
    };
    let all: BTreeMap<&Module, BTreeSet<&Module>> =
        arrows.keys().map(|module| (*module, reached(module))).collect();
    let mut groups: Vec<Vec<&Module>> = Vec::new();
    for (module, reached) in &all {
        let is_told = groups.iter().any(|group| group.contains(module));
        if reached.contains(module) && !is_told {
            let back = |other: &&Module| all.get(*other).is_some_and(|back| back.contains(module));
            groups.push(reached.iter().copied().filter(back).collect());
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_crate(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File {
                path: format!("house/src/{path}"),
                text: (*text).to_owned(),
            })
            .collect();
        check(&files)
    }

    #[test]
    fn cycles_are_seen() {
        let named = |files: &[&str]| {
            let files: Vec<_> = files.iter().map(|file| format!("house/src/{file}")).collect();
            vec![format!("these files use each other: {}", files.join(", "))]
        };
        let both = named(&["a.rs", "b.rs"]);
        for (a, b) in [
            ("use crate::b::B;", "use crate::a::A;"),
            ("use super::b;", "fn f() { super::a::g() }"),
            ("use super::{c, b::{self, B}};", "use crate::{c::C, a::{A}};"),
            ("fn f() { crate::b::g(); }", "pub(crate) use super::a;"),
        ] {
            assert_eq!(check_crate(&[("a.rs", a), ("b.rs", b), ("c.rs", "")]), both, "{a} {b}");
        }
        assert_eq!(
            check_crate(&[
                ("a.rs", "use super::b::x::X;"),
                ("b.rs", "mod x;"),
                ("b/x.rs", "use crate::c;"),
                ("c.rs", "use super::a;")
            ]),
            named(&["a.rs", "b/x.rs", "c.rs"])
        );
        assert_eq!(
            check_crate(&[
                ("f.rs", "mod a; mod b; pub use a::A;"),
                ("f/a.rs", "use super::b::B;"),
                ("f/b.rs", "use super::a::A;")
            ]),
            named(&["f/a.rs", "f/b.rs"])
        );
    }

    #[test]
    fn arrows_that_run_one_way_pass() {
        for files in [
            &[
                ("a.rs", "use crate::b::B; use std::b;"),
                ("b.rs", "// crate::a\nfn f() { \"crate::a\" }"),
            ][..],
            &[("a.rs", "use super::b;"), ("b.rs", "#[cfg(test)]\nmod tests { use crate::a; }")],
            // A folder's own module declares what lies in it, and is used by that.
            &[
                ("f.rs", "mod a; use self::a::A; use a::b;"),
                ("f/a.rs", "use super::Thing; use super::super::g;"),
                ("g.rs", ""),
            ],
            &[("lib.rs", "mod a; pub use a::A;"), ("a.rs", "use crate::Thing; use super::Other;")],
        ] {
            assert_eq!(check_crate(files), Vec::<String>::new());
        }
    }
}
