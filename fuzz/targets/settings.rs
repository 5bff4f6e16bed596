//! Settings files: one that is read is written so that it reads as the same.

#![no_main]

use interp_config::{Document, parse};
use libfuzzer_sys::fuzz_target;

const TEXTS: &[&str] = &[
    "",
    "run = \"repl\"\nmultiprocessing-start-method = \"spawn\"\n",
    "run = { code = \"print(1)\" }\nfilesystem-importer = true\nargv = [\"a\"]\n",
    "run = { entry-point = \"pkg.mod:main\" }\nprofile = \"python\"\npython-mode = \"never\"\n",
    "module-search-paths = [\"$ORIGIN/lib\"]\nbefore-main = [\"a:b\"]\npost-import-hooks = { json = \"a:b\" }\n",
    "[tool.coldframe]\nrun = \"repl\"\n[tool.coldframe.build]\nvenv = \".venv\"\nexclude = [\"x.*\"]\n",
    "[build]\ninclude = [\"*\"]\nfile-access = { numpy = \"cache\" }\nsystem-libraries = { \"*\" = \"pack\" }\n",
];

fuzz_target!(
    init: fuzz::seed_texts(TEXTS),
    |text: &str| {
        for document in [Document::Coldframe, Document::Pyproject] {
            match parse(text, "fuzzed.toml", document) {
                Ok(Some(settings)) => {
                    let written = settings.to_toml();
                    let again = parse(&written, "written.toml", Document::Coldframe);
                    let again = again.expect("the written text").expect("settings");
                    // Hooks of different modules may change places the first time.
                    assert_eq!(again.to_toml(), written);
                }
                Ok(None) => {}
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
);
