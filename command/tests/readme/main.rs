//! The README, the book and `--help` agree with the code: their commands are run, and their tables are compared with it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod book;
mod console;
mod help;
mod sandbox;

use interp_config::{Document, Settings, StandardLibraryExtent, StartMethodSetting, parse};
use platform_policy::{Os, PythonBuild, decide};

use self::book::{Page, page, pages, readme};
use self::sandbox::Sandbox;

/// Blocks marked `console` are sessions: behind `$ ` stands a command, and below it the lines that it prints.
///
/// `cargo xtask …` is not run, for it would run this test again; that there is such a task is checked below.
#[test]
fn the_sessions_in_the_pages_are_so() {
    let mut n_steps = 0;
    for Page { name, text } in pages() {
        let sandbox = Sandbox::new();
        let steps = console::steps(&text);
        for step in steps.iter().filter(|step| !step.command.starts_with("cargo xtask ")) {
            let (output, success) = sandbox.type_in(step.command);
            assert!(
                console::matches(&step.output, &output),
                "{name}: {}\nprinted:\n{output}\nnot:\n{:#?}",
                step.command,
                step.output
            );
            let shows_error = step.output.iter().any(|line| line.starts_with("error: "));
            assert_eq!(success, !shows_error, "{name}: {}\nprinted:\n{output}", step.command);
            n_steps += 1;
        }
    }
    assert!(n_steps > 10, "the blocks were not found");
}

#[test]
fn commands_named_in_the_text_are_accepted() {
    let sandbox = Sandbox::new();
    let mut n_checked = 0;
    for Page { text, .. } in pages() {
        for span in book::spans(&text) {
            // A span with a `…`, or with something in brackets, is a shape and no command.
            if span.starts_with("coldframe ") && !span.contains(['…', '[']) {
                sandbox.check_accepted(span);
                n_checked += 1;
            }
        }
    }
    assert!(n_checked > 15, "the spans were not found");
}

#[test]
fn tasks_named_in_the_pages_exist() {
    let help = concat!(
        include_str!("../../../xtask/src/flags.rs"),
        include_str!("../../../lab/src/flags.rs"),
        include_str!("../../../lab/src/conformance/flags.rs"),
        include_str!("../../../lab/src/fetched/flags.rs"),
        include_str!("../../../lab/src/packages/flags.rs"),
        include_str!("../../../lab/src/elsewhere/flags.rs"),
        include_str!("../../../xtask/src/wheel/flags.rs"),
        include_str!("../../../lab/src/attack/flags.rs"),
        include_str!("../../../lab/src/fuzz/flags.rs"),
        include_str!("../../../lab/src/platforms/flags.rs"),
        include_str!("../../../lab/src/bench/flags.rs"),
        include_str!("../../../lab/src/bench/sizes/flags.rs"),
    );
    for Page { name, text } in pages() {
        for (at, _) in text.match_indices("cargo xtask ") {
            let rest = text.get(at..).unwrap_or_default();
            let command = rest.split(['`', '\n']).next().unwrap_or_default();
            assert!(
                help.contains(command) || is_task(command, help),
                "{name}: there is no task `{command}`"
            );
        }
    }
}

/// Whether there is such a task, with all of these options.
fn is_task(command: &str, flags: &str) -> bool {
    let name = command.trim_start_matches("cargo xtask ").split(' ').next().unwrap_or_default();
    let (Some(first), rest) = (name.chars().next(), name.get(1..).unwrap_or_default()) else {
        return false;
    };
    let variant = format!("    {}{rest}", first.to_ascii_uppercase());
    let is_variant = |end: &str| end.starts_with(['(', ',']);
    let mut lines = flags.lines();
    let mut options = command.split(' ').filter_map(|word| word.strip_prefix("--"));
    lines.any(|line| line.strip_prefix(&variant).is_some_and(is_variant))
        && options.all(|option| flags.contains(&format!("{}: ", option.replace('-', "_"))))
}

#[test]
fn the_rust_code_is_the_example() {
    let example = include_str!("../../../examples/embed/src/main.rs");
    let embedding = page("docs/embedding.md");
    let (_, block) = embedding.split_once("```rust\n").expect("a block of Rust");
    let (block, _) = block.split_once("```").expect("its end");
    let without_comments: String = example
        .lines()
        .filter(|line| !line.trim().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(without_comments.contains(block), "not in examples/embed/src/main.rs:\n{block}");
}

#[test]
fn the_policy_table_is_the_policy() {
    let table = page("docs/multiprocessing.md");
    let any: &[PythonBuild] = PythonBuild::ALL;
    for (system, os, build, builds) in [
        ("Windows", Os::Windows, "any build", any),
        ("macOS", Os::MacOs, "framework build", &[PythonBuild::Framework]),
        ("macOS", Os::MacOs, "any other build", &[PythonBuild::NonFramework]),
        ("others with `fork()`", Os::Forking, "any build", any),
        ("without processes", Os::NoProcesses, "any build", any),
    ] {
        for &python in builds {
            let cell = |setting| match decide(os, python, setting) {
                Err(_) => "error".to_owned(),
                Ok(decision) => {
                    let method =
                        decision.method.map_or("nothing is called", |method| method.as_str());
                    let caution = decision.caution.map_or("", |_| ", with a caution");
                    format!("{method}{caution}")
                }
            };
            let [auto, fork, forkserver, spawn] = [
                StartMethodSetting::Auto,
                StartMethodSetting::Fork,
                StartMethodSetting::Forkserver,
                StartMethodSetting::Spawn,
            ]
            .map(cell);
            let row = format!("| {system} | {build} | {auto} | {fork} | {forkserver} | {spawn} |");
            assert!(table.contains(&row), "the policy says\n{row}");
            let none = decide(os, python, StartMethodSetting::None)
                .expect("`none` is possible everywhere");
            assert_eq!(none.method, None);
        }
    }
}

#[test]
fn the_settings_tables_have_every_key_and_its_default() {
    let tables = page("docs/settings.md");
    let has_row = |key: &str, default: &str| {
        let row = format!("| `{key}` | {default} | ");
        assert!(tables.contains(&row), "no row begins with\n{row}");
    };
    let defaults = Settings::default().to_toml();
    for key in allowed_keys("nothing-of-this-name = 1") {
        let default = defaults.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
        match default {
            _ if key == "build" => {}
            Some(default) => has_row(&key, &format!("`{default}`")),
            None => has_row(&key, "not set"),
        }
    }
    let build = Settings::default().build;
    for key in allowed_keys("[build]\nnothing-of-this-name = 1") {
        let default = match key.as_str() {
            "include" if build.include.is_empty() => "`[]`",
            "exclude" if build.exclude.is_empty() => "`[]`",
            "distribution-rules" if build.distribution_rules.is_empty() => "`[]`",
            "keep-symbols" if !build.keep_symbols => "`false`",
            "compress" if !build.compress => "`false`",
            "standard-library" if build.standard_library == StandardLibraryExtent::Auto => {
                "`\"auto\"`"
            }
            "data" if build.data.is_empty() => "`[]`",
            "file-access" if build.file_access.is_empty() => "`{}`",
            "system-libraries" if build.system_libraries.is_empty() => "`{}`",
            _other => "not set",
        };
        has_row(&key, default);
    }
}

/// The keys that the parser says are allowed, when it meets one that is not.
fn allowed_keys(text: &str) -> Vec<String> {
    let error = parse(text, "test", Document::Coldframe).expect_err("no such key").to_string();
    let (_, allowed) = error.split_once("allowed: ").expect("the error lists the keys");
    let keys: Vec<String> =
        allowed.split(", ").map(|key| key.trim_matches('`').to_owned()).collect();
    assert!(keys.len() > 5, "{error}");
    keys
}

#[test]
fn the_readme_is_short() {
    assert!(readme().lines().count() <= 150);
}
