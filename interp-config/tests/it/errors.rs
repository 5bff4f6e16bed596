//! Every message that a settings file can provoke. The snapshots read as the specification of them.

use interp_config::{Document, EntryPoint, StartMethodSetting, parse};

/// Each text with the error it gives, one beneath the other.
fn complaints(document: Document, texts: &[&str]) -> String {
    let file = match document {
        Document::Pyproject => "pyproject.toml",
        Document::Coldframe => "coldframe.toml",
    };
    let mut list = String::new();
    for text in texts {
        let answer = match parse(text, file, document) {
            Ok(settings) => format!("NO ERROR: {settings:?}"),
            Err(error) => {
                let (file, line, column) = (error.file(), error.line(), error.column());
                assert_eq!(
                    error.to_string(),
                    format!("{file}:{line}:{column}: {}", error.message())
                );
                assert_eq!(error.to_string().lines().count(), 1, "one error is one line");
                error.to_string()
            }
        };
        let shown: String = text.chars().map(shown).collect();
        list.push_str(&format!("    {}\n{answer}\n\n", shown.trim_end()));
    }
    list
}

/// A character as the snapshot shows it: a new line indented, and what cannot be seen escaped.
fn shown(character: char) -> String {
    match character {
        '\n' => "\n    ".to_owned(),
        '\u{feff}' => "\\u{feff}".to_owned(),
        character if character.is_control() => character.escape_default().to_string(),
        character => character.to_string(),
    }
}

#[test]
fn unknown_keys() {
    let list = complaints(
        Document::Coldframe,
        &[
            "multiprocessing-start-methd = \"fork\"",
            "multiprocessing_start_method = \"fork\"",
            "Profile = \"python\"",
            "start-method = \"fork\"",
            "tcl = \"x\"",
            "ssl-cert = \"x\"",
            "zebra = 1",
            "\"\" = 1",
            "\"a\\nb\\u001b\" = 1",
            "# ein Kommentar: é\n  sys-frozen = true\n  ärger = 1",
            // The first in the text is reported, and not the first in the alphabet.
            "zoo = 1\nape = 1",
            "argv.first = 1",
            // In the wrong one of the two tables.
            "venv = \"x\"",
            "[build]\nsys-frozen = true",
            "[build]\nvemv = \"x\"",
            "build.inlcude = []",
            "[tool.coldframe]\nprofile = \"python\"",
            "[coldframe]\nprofile = \"python\"",
        ],
    );
    insta::assert_snapshot!(list);
}

#[test]
fn wrong_types() {
    let list = complaints(
        Document::Coldframe,
        &[
            "sys-frozen = \"true\"",
            "sys-frozen = \"no\"",
            "sys-frozen = 1",
            "argv = \"-v\"",
            "argv = [\"-v\", 3]",
            "argv = {}",
            "[argv]\nx = 1",
            "tcl-library = true",
            "tcl-library = 1979-05-27",
            "tcl-library = [\"x\"]",
            "tcl-library = [\"x\", \"y\"]",
            "tcl-library = { a = [\n] }",
            "profile = 1",
            "profile = [\"isolated\"]",
            "optimization-level = \"2\"",
            "optimization-level = \"O2\"",
            "optimization-level = 1.0",
            "optimization-level = true",
            "run = 3",
            "run = []",
            "post-import-hooks = \"a:b\"",
            "post-import-hooks = [\"a:b\"]",
            "post-import-hooks = { json = true }",
            "post-import-hooks = { json = [1] }",
            "before-main = \"a:b\"",
            "before-main = [1]",
            "build = true",
            "[[build]]\nvenv = \"x\"",
            "build.entry = 3",
        ],
    );
    insta::assert_snapshot!(list);
}

#[test]
fn unknown_values() {
    let list = complaints(
        Document::Coldframe,
        &[
            "multiprocessing-start-method = \"forks\"",
            "multiprocessing-start-method = \"fork_server\"",
            "multiprocessing-start-method = \"SPAWN\"",
            "multiprocessing-start-method = \"threads\"",
            "multiprocessing-start-method = \"\"",
            "profile = \"izolated\"",
            "allocator = \"py_malloc\"",
            "optimization-level = 3",
            "optimization-level = -1",
            "optimization-level = 0x10",
            "optimization-level = 99999999999999999999999999",
            "profile = \"\\u001b[2Jisolated\"",
            "profile = \"\\u202edetalosi\"",
            "profile = \"isolated, but of such a length that nobody would want to read the whole of it in one message\"",
        ],
    );
    insta::assert_snapshot!(list);
}

#[test]
fn bad_run_targets_and_names() {
    let list = complaints(
        Document::Coldframe,
        &[
            "run = \"REPL\"",
            "run = \"primes\"",
            "run = \"primes.py\"",
            "run = \"primes:main\"",
            "run = \"print(1)\"",
            "run = {}",
            "run = { modul = \"x\" }",
            "run = { module = \"x\", script = \"y\" }",
            "run = { module = \"\" }",
            "run = { module = \"a..b\" }",
            "run = { module = \"a b\" }",
            "run = { module = \"./a.py\" }",
            "run = { module = \"a:b\" }",
            "run = { script = \"\" }",
            "run = { entry-point = \"a.b\" }",
            "run = { code = 1 }",
            "[run]\ncode = \"import this\"\nentry_point = \"a:b\"",
            "argv = [\"a\\u0000b\"]",
            "[post-import-hooks]\njson = \"a:b\"\n\"a..b\" = \"a:b\"",
            "[post-import-hooks]\njson = \"a.b\"",
            "[build.file-access]\nnumpy = \"memmory\"",
            "[build.file-access]\n\"a/b\" = \"cache\"",
            "[build]\ndata = \"assets\"",
            "[build]\ndata = [\"assets\"]",
            "[build]\ndata = [{ to = \"x\" }]",
            "[build]\ndata = [{ from = \"assets\", tp = \"x\" }]",
            "[build]\ndata = [{ from = 1 }]",
            "[post-import-hooks]\njson = [\"a:b\", \"a.b\"]",
            "[post-import-hooks]\njson.decoder = \"a:b\"",
            "before-main = [\"a:b\", \"a.b\"]",
        ],
    );
    insta::assert_snapshot!(list);
}

#[test]
fn not_toml() {
    let list = complaints(
        Document::Coldframe,
        &[
            "profile = isolated",
            "sys-frozen = True",
            "argv = [a, b]",
            "argv = [ \"a\", b ]",
            "venv = C:\\x",
            "run = { module = http.server }",
            "profile = isolated # why not",
            "argv = [\n  a,\n]",
            "[profile = 1]",
            "[build",
            "[build]\n[[build]]",
            "run = { module = \"a\", module = \"b\" }",
            "run = { module = \"a\", ä = \"b\" }",
            "profile.x.y = 1\nprofile.x = 2",
            "argv = [\"a\" \"b\"]",
            "profile = \"a\" sys-frozen = true",
            "optimization-level = 01",
            "optimization-level = 1e",
            "profile = ",
            "profile",
            "profile = \"isolated",
            "profile = \"python\"\nprofile = \"python\"",
            "[build]\n[build]",
            "argv = [\"é\", ]]",
            "argv = [",
            "run = { module = \"a\"",
            "x = \"\\q\"",
            "\u{feff}x",
            "profile = \"python\"\r\nx = ?\r\n",
            "x = 1\ny = \u{7}",
            "\0",
        ],
    );
    insta::assert_snapshot!(list);
}

#[test]
fn in_a_pyproject() {
    let list = complaints(
        Document::Pyproject,
        &[
            "[project]\nname = \"x\"\n\n[tool.coldframe]\nargs = []",
            "[tool]\ncoldframe = true",
            "tool = \"coldframe\"",
            "[[tool.coldframe]]\nprofile = \"python\"",
            "[tool.coldframe.build]\nprofile = \"python\"",
            "[tool.coldframe]\nvenv = \"x\"",
            "tool.coldframe.run.module = 3",
        ],
    );
    insta::assert_snapshot!(list);
}

#[test]
fn entry_points() {
    let mut list = String::new();
    for text in [
        "black:patched_main",
        "a.b.c:D.e.f",
        "_a1:_b2",
        "größe.Straße:führe_aus",
        "",
        ":",
        "a:",
        ":b",
        "a.b",
        "main.py",
        "a:b:c",
        "a..b:c",
        ".a:b",
        "a:b.",
        "a : b",
        "a:b()",
        "a:b [extra]",
        "my-app:main",
        "1a:b",
        "a/b:c",
        "a:b\n",
        "a:\u{1f389}",
    ] {
        let answer = match text.parse::<EntryPoint>() {
            Ok(entry) => {
                assert_eq!(entry.to_string(), text);
                format!("module {}, attribute {}", entry.module, entry.attribute)
            }
            Err(error) => {
                assert_eq!(error.given(), text);
                // A proposed spelling must be accepted.
                assert!(
                    error.suggestion().is_none_or(|better| better.parse::<EntryPoint>().is_ok())
                );
                error.to_string()
            }
        };
        list.push_str(&format!("{:<26}{answer}\n", format!("{text:?}")));
    }
    insta::assert_snapshot!(list);
}

#[test]
fn parts_of_a_choice_error() {
    let error = "fork_server".parse::<StartMethodSetting>().unwrap_err();
    assert_eq!(error.given(), "fork_server");
    assert_eq!(error.allowed(), StartMethodSetting::SPELLINGS);
    assert_eq!(error.suggestion(), Some("forkserver"));
}
