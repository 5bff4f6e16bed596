//! Properties that hold for all settings and for every text.

use interp_config::{
    AddedData, Allocator, BuildSettings, Document, EntryPoint, ExtensionLoading, FileAccess,
    FileAccessRule, OptimizationLevel, PostImportHook, Profile, PythonInterpreterConfig,
    PythonMode, RunTarget, Settings, StandardLibraryExtent, StartMethodSetting, SystemLibrary,
    SystemLibraryRule, parse,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const DOCUMENTS: [Document; 2] = [Document::Pyproject, Document::Coldframe];

/// The letters of TOML in any order.
const ALMOST_TOML: &str = "([a-z-]{1,9} ?= ?|\\[{1,2}|\\]{1,2}|\\{|\\}|\"{1,3}|'\
    |\\\\u00|[0-9.:T-]{1,6}|é|\n|,|#|\r| ){0,40}";

/// Any text that a setting can hold.
fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text.replace('\0', ""))
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..4)
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_é][a-z0-9_ü]{0,5}(\\.[a-z_][a-z0-9]{0,3}){0,2}"
}

fn entry_point() -> impl Strategy<Value = EntryPoint> {
    (name(), name()).prop_map(|(module, attribute)| EntryPoint { module, attribute })
}

fn run_target() -> impl Strategy<Value = RunTarget> {
    prop_oneof![
        name().prop_map(RunTarget::Module),
        text()
            .prop_filter("a script has a name", |path| !path.is_empty())
            .prop_map(RunTarget::Script),
        entry_point().prop_map(RunTarget::EntryPoint),
        text().prop_map(RunTarget::Code),
        Just(RunTarget::Repl),
        Just(RunTarget::Auto),
    ]
}

/// Hooks of which those of one module stand together, as a file has them.
fn hooks() -> impl Strategy<Value = Vec<PostImportHook>> {
    vec((name(), vec(entry_point(), 1..3)), 0..3).prop_map(|mut modules| {
        modules.sort_by(|one, other| one.0.cmp(&other.0));
        modules.dedup_by(|one, other| one.0 == other.0);
        modules.reverse();
        let of_module = |(module, hooks): (String, Vec<EntryPoint>)| {
            hooks.into_iter().map(move |hook| PostImportHook { module: module.clone(), hook })
        };
        modules.into_iter().flat_map(of_module).collect()
    })
}

/// Rules about different packages, as a table has them.
fn system_rules() -> impl Strategy<Value = Vec<SystemLibraryRule>> {
    vec((name(), select(SystemLibrary::ALL)), 0..3).prop_map(|mut rules| {
        rules.sort();
        rules.dedup_by(|one, other| one.0 == other.0);
        rules.into_iter().map(|(name, place)| SystemLibraryRule { name, place }).collect()
    })
}

fn rules() -> impl Strategy<Value = Vec<FileAccessRule>> {
    vec((name(), select(FileAccess::ALL)), 0..3).prop_map(|mut rules| {
        rules.sort();
        rules.dedup_by(|one, other| one.0 == other.0);
        rules.into_iter().map(|(package, access)| FileAccessRule { package, access }).collect()
    })
}

prop_compose! {
    fn interpreter()(
        (profile, optimization_level) in (select(Profile::ALL), select(OptimizationLevel::ALL)),
        (multiprocessing_start_method, allocator) in (select(StartMethodSetting::ALL), select(Allocator::ALL)),
        (extensions, python_mode) in (select(ExtensionLoading::ALL), select(PythonMode::ALL)),
        (run, post_import_hooks, before_main) in (run_target(), hooks(), vec(entry_point(), 0..3)),
        [sys_frozen, sys_meipass, multiprocessing_auto_dispatch, workers_end_with_parent] in any::<[bool; 4]>(),
        [filesystem_importer, utf8_mode, site_import] in any::<[bool; 3]>(),
        (argv, module_search_paths, warnings) in (texts(), texts(), texts()),
        (x_options, terminfo_dirs) in (texts(), texts()),
        (tcl_library, ssl_cert_file, ssl_cert_dir) in (option::of(text()), option::of(text()), option::of(text())),
    ) -> PythonInterpreterConfig {
        PythonInterpreterConfig {
            profile, run, argv, optimization_level, sys_frozen, sys_meipass, multiprocessing_start_method,
            multiprocessing_auto_dispatch, workers_end_with_parent, python_mode, extensions, filesystem_importer, module_search_paths, utf8_mode, warnings,
            x_options, site_import, allocator, post_import_hooks, before_main, tcl_library, terminfo_dirs, ssl_cert_file, ssl_cert_dir,
        }
    }
}

prop_compose! {
    fn build()(
        (entry, include, exclude, distribution_rules) in (option::of(entry_point()), texts(), texts(), texts()),
        (venv, glibc, output, app) in (option::of(text()), option::of(text()), option::of(text()), option::of(text())),
        file_access in rules(),
        system_libraries in system_rules(),
        data in vec((text(), option::of(text())), 0..3),
        (keep_symbols, compress, standard_library) in (any::<bool>(), any::<bool>(), select(StandardLibraryExtent::ALL)),
    ) -> BuildSettings {
        let data = data.into_iter().map(|(from, to)| AddedData { from, to }).collect();
        BuildSettings { data, entry, venv, include, exclude, distribution_rules, file_access, system_libraries, standard_library, glibc, keep_symbols, compress, output, app }
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    (interpreter(), build()).prop_map(|(interpreter, build)| Settings { interpreter, build })
}

/// A document with a stretch of it replaced by some other text.
fn mutated() -> impl Strategy<Value = String> {
    let inserted = prop_oneof![
        "[\\[\\]{}=\"'.,#\n\\\\x0]{0,3}",
        any::<String>(),
        select(vec![
            "run",
            "build",
            "[build]",
            "true",
            "3",
            "\"\"\"",
            "[tool.coldframe]",
            "\u{feff}",
            "é"
        ])
        .prop_map(str::to_owned),
    ];
    (settings(), any::<Index>(), any::<Index>(), inserted).prop_map(
        |(settings, one, other, inserted)| {
            let document: Vec<char> = settings.to_toml().chars().collect();
            let (one, other) = (one.index(document.len()), other.index(document.len()));
            // Mostly a short stretch: a document without most of its text is seldom interesting.
            let end = one.max(other).min(one.min(other) + 3);
            let (before, after) = (&document[..one.min(other)], &document[end..]);
            before.iter().copied().chain(inserted.chars()).chain(after.iter().copied()).collect()
        },
    )
}

/// Any text gives settings, or one line that points into the text.
fn check_total(text: &str) -> Result<(), TestCaseError> {
    for document in DOCUMENTS {
        if let Err(error) = parse(text, "file", document) {
            prop_assert_eq!(error.to_string().lines().count(), 1, "{}", error);
            let lines: Vec<&str> = text.split('\n').collect();
            prop_assert!((1..=lines.len()).contains(&error.line()), "{}", error);
            let line = lines[error.line() - 1];
            prop_assert!((1..=line.chars().count() + 1).contains(&error.column()), "{}", error);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_written_reads_back(settings in settings()) {
        let text = settings.to_toml();
        let read = parse(&text, "coldframe.toml", Document::Coldframe);
        prop_assert_eq!(read.map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?, Some(settings));
    }

    #[test]
    fn any_text_has_an_answer(text in any::<String>()) {
        check_total(&text)?;
    }

    #[test]
    fn almost_toml_has_an_answer(text in ALMOST_TOML) {
        check_total(&text)?;
    }

    #[test]
    fn a_mutated_document_has_an_answer(text in mutated()) {
        check_total(&text)?;
        check_total(&format!("[tool.coldframe]\n{text}"))?;
    }

    #[test]
    fn any_entry_point_has_an_answer(text in any::<String>()) {
        match text.parse::<EntryPoint>() {
            Ok(entry) => prop_assert_eq!(entry.to_string(), text),
            Err(error) => prop_assert_eq!(error.to_string().lines().count(), 1),
        }
    }

    #[test]
    fn resolving_twice_is_resolving_once(path in "([$]|ORIGIN|[{]|[}]|/|a|é){0,12}", other in text()) {
        let config = PythonInterpreterConfig {
            module_search_paths: vec![path, other],
            ..PythonInterpreterConfig::default()
        };
        let once = config.resolve("/opt/app");
        prop_assert_eq!(once.resolve("/elsewhere"), once);
    }
}

/// Nesting without end must not use up the stack.
#[test]
fn deep_nesting_is_an_error() {
    for opening in ["[", "{ a = ", "a = [", "a."] {
        for document in DOCUMENTS {
            let text = format!("x = {}", opening.repeat(50_000));
            assert!(parse(&text, "file", document).is_err());
            assert!(parse(&opening.repeat(50_000), "file", document).is_err());
        }
    }
}
