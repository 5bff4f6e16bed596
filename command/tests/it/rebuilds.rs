//! The next build of an application takes over all parts that have not changed, and its result equals that of a full build.

use std::fs;

use crate::support::{App, coldframe};

/// Builds, and says whether modules alone were replaced.
fn build(app: &App, output: &str, options: &[&str]) -> (Vec<u8>, bool, String) {
    let built = coldframe(["build"])
        .of(app)
        .arg(app.path())
        .arg("-o")
        .arg(app.beside(output))
        .args(options)
        .arg("--json")
        .env("COLDFRAME_LOG", "debug")
        .outcome();
    assert_eq!(built.ending(), Ok(0), "{built:#?}");
    let is_rebuilt = built.stderr.contains("taken over from the last executable");
    let said = built.stdout.replace(&format!("{output}\""), "OUTPUT\"");
    (fs::read(app.beside(output)).unwrap(), is_rebuilt, said)
}

#[test]
fn modules_are_replaced_and_all_else_is_built_anew() {
    let app = App::new(&[
        ("__main__.py", "import json, helper\nprint(json.dumps(helper.value))\n"),
        ("helper.py", "value = 1\ndef call(): pass\n"),
        ("package/__init__.py", ""),
        ("package/data.txt", "data"),
        ("package/lib.so", "no library"),
        (
            "package/opens.py",
            "import os\npath = open(os.path.dirname(__file__) + '/data.txt').read()\n",
        ),
    ]);
    let table: &[(&str, &str, &str, bool)] = &[
        ("nothing", "helper.py", "value = 1\ndef call(): pass\n", true),
        ("a value", "helper.py", "value = 2\ndef call(): pass\n", true),
        ("a longer value", "helper.py", "value = 'a longer one'\ndef call(): pass\n", true),
        ("a new name", "helper.py", "value = 2; other = 3\ndef call(): pass\n", true),
        ("a name less", "helper.py", "value = 2\n", false),
        ("an import", "helper.py", "value = 2\nimport decimal\n", false),
        (
            "the main module",
            "__main__.py",
            "import json, helper\nprint(json.dumps(helper.value), 2)\n",
            true,
        ),
        (
            "a main guard",
            "__main__.py",
            "import json, helper\nprint(json.dumps(helper.value), 2)\nif __name__ == '__main__': print(1)\n",
            true,
        ),
        (
            "a start method",
            "helper.py",
            "import decimal, multiprocessing as m\nvalue = m.set_start_method\n",
            false,
        ),
        ("data", "package/data.txt", "other data", true),
        ("no data", "package/data.txt", "", true),
        ("data that is a module's text", "package/data.txt", "value = 2\nimport decimal\n", true),
        ("a library's name", "package/lib.so", "other", false),
        ("a new file", "new.py", "value = 5\n", false),
        (
            "a module that opens files",
            "package/opens.py",
            "import os\npath = open(os.path.dirname(__file__) + '/data.txt').read(2)\n",
            true,
        ),
    ];
    let (_, is_rebuilt, _) = build(&app, "built", &[]);
    assert!(!is_rebuilt);
    for (change, path, text, may_be_rebuilt) in table {
        app.write(path, text);
        let (bytes, is_rebuilt, said) = build(&app, "built", &[]);
        assert_eq!(is_rebuilt, *may_be_rebuilt, "{change}");
        // Nothing is remembered of an executable that is not there.
        let (expected, is_rebuilt, expected_said) = build(&app, change, &[]);
        assert!(!is_rebuilt, "{change}");
        assert!(bytes == expected, "{change}: the executable is another one");
        assert_eq!(said, expected_said, "{change}");
    }
    let (_, is_rebuilt, _) = build(&app, "built", &["--exclude", "decimal"]);
    assert!(!is_rebuilt);
}

#[test]
fn what_is_damaged_is_built_anew() {
    let app = App::new(&[("__main__.py", "print('one')\n")]);
    let kept = app.beside("kept");
    let options = ["--cache-dir", kept.to_str().unwrap()];
    let (whole, _, _) = build(&app, "built", &options);
    let folder = kept.join("rebuilds-v1");
    let remembered = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    for damage in ["executable", "memory", "no executable"] {
        match damage {
            "executable" => fs::write(app.beside("built"), &whole[..whole.len() / 2]).unwrap(),
            "memory" => fs::write(&remembered, b"{\"key\": 1").unwrap(),
            _ => fs::remove_file(app.beside("built")).unwrap(),
        }
        let (bytes, is_rebuilt, _) = build(&app, "built", &options);
        assert!(!is_rebuilt && bytes == whole, "{damage}");
        let (bytes, is_rebuilt, _) = build(&app, "built", &options);
        assert!(is_rebuilt && bytes == whole, "{damage}");
    }
}
