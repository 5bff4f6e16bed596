//! `$ORIGIN` in every field that is a path, and in none that is not.

use interp_config::{PostImportHook, PythonInterpreterConfig, RunTarget};

#[test]
fn where_the_word_is_replaced() {
    let mut table = String::new();
    for (path, origin) in [
        ("$ORIGIN", "/opt/app"),
        ("$ORIGIN/lib", "/opt/app"),
        ("${ORIGIN}/lib", "/opt/app"),
        ("$ORIGIN/../lib", "/opt/app"),
        ("$ORIGIN.d", "/opt/app"),
        ("a:$ORIGIN:$ORIGIN/b", "/opt/app"),
        // Another word, or no word.
        ("$ORIGINAL/lib", "/opt/app"),
        ("$ORIGIN_2", "/opt/app"),
        ("$ORIGINÄR", "/opt/app"),
        ("${ORIGINAL}", "/opt/app"),
        ("$origin", "/opt/app"),
        ("ORIGIN", "/opt/app"),
        ("$$ORIGIN", "/opt/app"),
        ("$", "/opt/app"),
        ("", "/opt/app"),
        // The root folder brings its own separator.
        ("$ORIGIN/lib", "/"),
        ("$ORIGIN", "/"),
        ("$ORIGIN\\lib", "C:\\"),
        ("$ORIGIN\\lib", "C:\\Program Files\\app"),
        // The inserted text is not read again.
        ("$ORIGIN/lib", "/opt/$ORIGIN"),
        ("$ORIGIN/lib", ""),
    ] {
        let config = PythonInterpreterConfig {
            tcl_library: Some(path.to_owned()),
            ..PythonInterpreterConfig::default()
        };
        let resolved = config.resolve(origin).tcl_library.expect("it was set");
        table.push_str(&format!("{path:<22}in {origin:<24}is {resolved}\n"));
    }
    insta::assert_snapshot!(table);
}

/// The pattern without a rest makes a new field a question for this test: is it a path?
#[test]
fn every_path_is_resolved_and_nothing_else() {
    let word = || "$ORIGIN".to_owned();
    let hook = PostImportHook { module: word(), hook: "a:b".parse().expect("an entry point") };
    let before = PythonInterpreterConfig {
        run: RunTarget::Script(word()),
        argv: vec![word()],
        module_search_paths: vec![word()],
        warnings: vec![word()],
        x_options: vec![word()],
        post_import_hooks: vec![hook.clone()],
        before_main: vec![hook.hook.clone()],
        tcl_library: Some(word()),
        terminfo_dirs: vec![word()],
        ssl_cert_file: Some(word()),
        ssl_cert_dir: Some(word()),
        ..PythonInterpreterConfig::default()
    };
    let PythonInterpreterConfig {
        profile,
        run,
        argv,
        optimization_level,
        sys_frozen,
        sys_meipass,
        multiprocessing_start_method,
        multiprocessing_auto_dispatch,
        workers_end_with_parent,
        python_mode,
        extensions,
        filesystem_importer,
        module_search_paths,
        utf8_mode,
        warnings,
        x_options,
        site_import,
        allocator,
        post_import_hooks,
        before_main,
        tcl_library,
        terminfo_dirs,
        ssl_cert_file,
        ssl_cert_dir,
    } = before.resolve("/o");

    let path = || "/o".to_owned();
    assert_eq!(run, RunTarget::Script(path()));
    assert_eq!((module_search_paths, terminfo_dirs), (vec![path()], vec![path()]));
    assert_eq!(
        (tcl_library, ssl_cert_file, ssl_cert_dir),
        (Some(path()), Some(path()), Some(path()))
    );

    assert_eq!((argv, warnings, x_options), (vec![word()], vec![word()], vec![word()]));
    assert_eq!((&post_import_hooks, before_main), (&vec![hook.clone()], vec![hook.hook]));
    assert_eq!(
        (profile, optimization_level, allocator),
        (before.profile, before.optimization_level, before.allocator)
    );
    assert_eq!((extensions, python_mode), (before.extensions, before.python_mode));
    assert_eq!(multiprocessing_start_method, before.multiprocessing_start_method);
    assert!(
        sys_frozen
            && !sys_meipass
            && multiprocessing_auto_dispatch
            && workers_end_with_parent
            && utf8_mode
    );
    assert!(!filesystem_importer && !site_import);
}

#[test]
fn other_run_targets_are_no_paths() {
    for run in [
        RunTarget::Module("$ORIGIN".to_owned()),
        RunTarget::Code("print('$ORIGIN')".to_owned()),
        RunTarget::EntryPoint("a:b".parse().expect("an entry point")),
        RunTarget::Repl,
        RunTarget::Auto,
    ] {
        let config = PythonInterpreterConfig { run, ..PythonInterpreterConfig::default() };
        assert_eq!(config.resolve("/o"), config);
    }
}
