//! Settings of a file, and the defaults where it has none.

use interp_config::{Document, EntryPoint, RunTarget, Settings, parse};

#[track_caller]
fn read(text: &str, document: Document) -> Option<Settings> {
    parse(text, "settings.toml", document).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn defaults() {
    insta::assert_snapshot!(Settings::default().to_toml());
}

#[test]
fn a_file_with_everything() {
    let text = r#"
        profile = "python"
        run = { entry-point = "primes.main:Application.run" }
        argv = ["--quiet"]
        optimization-level = 0x2
        sys-frozen = false
        sys-meipass = true
        multiprocessing-start-method = "forkserver"
        multiprocessing-auto-dispatch = false
        workers-end-with-parent = false
        python-mode = "never"
        extensions = "memory"
        filesystem-importer = true
        module-search-paths = ["$ORIGIN/lib", 'C:\lib']
        utf8-mode = false
        warnings = ["error::DeprecationWarning"]
        x-options = ["importtime"]
        site-import = true
        allocator = "pymalloc"
        before-main = ["hooks:fifth", "hooks:sixth"]
        tcl-library = "$ORIGIN/tcl"
        terminfo-dirs = ["/usr/share/terminfo"]
        ssl-cert-file = "/etc/ssl/cert.pem"
        ssl-cert-dir = "/etc/ssl/certs"

        [post-import-hooks]
        "zoneinfo" = "hooks:first"
        "json.decoder" = ["hooks:second", "hooks:third"]
        "ast" = "hooks:fourth"

        [build]
        entry = "primes.main:run"
        venv = ".venv"
        include = ["primes.plugins"]
        exclude = ["tkinter", "idlelib"]
        file-access = { "numpy" = "memory", "plug*" = "cache" }
        data = [{ from = "assets" }, { from = "images", to = "pkg/images" }]
        output = "dist/primes"
        app = "app"
    "#;
    let settings = read(text, Document::Coldframe).expect("a coldframe.toml always has settings");
    let written = settings.to_toml();
    for line in Settings::default().to_toml().lines() {
        assert!(!written.lines().any(|other| other == line), "the test has the default of {line}");
    }
    insta::assert_snapshot!(written);
}

#[test]
fn the_same_table_in_both_files() {
    let text = "profile = \"python\"\nbuild.venv = \"v\"\n";
    let expected = read(text, Document::Coldframe);
    assert_eq!(read(&format!("[tool.coldframe]\n{text}"), Document::Pyproject), expected);
    assert_eq!(
        read(
            "tool.coldframe = { profile = \"python\", build = { venv = \"v\" } }",
            Document::Pyproject
        ),
        expected
    );
}

#[test]
fn nothing_written() {
    for text in ["", "\n# nothing\n", "\u{feff}", "[build]\n"] {
        assert_eq!(read(text, Document::Coldframe), Some(Settings::default()), "{text:?}");
    }
    assert_eq!(read("[tool.coldframe]", Document::Pyproject), Some(Settings::default()));
    for text in
        ["", "[project]\nname = \"x\"", "[tool.black]\nline-length = 3", "[coldframe]\nx = 1"]
    {
        assert_eq!(read(text, Document::Pyproject), None, "{text:?}");
    }
}

/// Tables of other tools in a pyproject are not checked.
#[test]
fn strangers_in_a_pyproject() {
    let text =
        "[tool.other]\nprofile = 3\n[tool.coldframe]\nargv = []\n[tool.coldframe-plugin]\nx = 1\n";
    assert_eq!(read(text, Document::Pyproject), Some(Settings::default()));
}

#[test]
fn run_targets() {
    #[track_caller]
    fn check(text: &str, expected: RunTarget) {
        let settings = read(text, Document::Coldframe).expect("always there");
        assert_eq!(settings.interpreter.run, expected, "{text}");
    }
    let entry: EntryPoint = "pkg.mod:func".parse().expect("an entry point");
    check("", RunTarget::Auto);
    check("run = \"auto\"", RunTarget::Auto);
    check("run = \"repl\"", RunTarget::Repl);
    check("run = { module = \"http.server\" }", RunTarget::Module("http.server".to_owned()));
    // `python -m` runs what is no identifier, too.
    check("run.module = \"my-app\"", RunTarget::Module("my-app".to_owned()));
    check("[run]\nscript = \"$ORIGIN/main.py\"", RunTarget::Script("$ORIGIN/main.py".to_owned()));
    check("run = { entry-point = \"pkg.mod:func\" }", RunTarget::EntryPoint(entry));
    check("run = { code = '''\nprint(\n1)''' }", RunTarget::Code("print(\n1)".to_owned()));
    check("run = { code = \"\" }", RunTarget::Code(String::new()));
}

#[test]
fn hooks_keep_the_order_of_the_file() {
    let text = "[post-import-hooks]\nz = \"h:one\"\na = [\"h:two\", \"h:three\"]\nm = \"h:four\"\n";
    let settings = read(text, Document::Coldframe).expect("always there");
    let hooks: Vec<String> = settings
        .interpreter
        .post_import_hooks
        .iter()
        .map(|hook| format!("{} {}", hook.module, hook.hook))
        .collect();
    assert_eq!(hooks, ["z h:one", "a h:two", "a h:three", "m h:four"]);
}
