//! Post-import hooks from Rust, in programs that embed Python: this test binary, started again with a scenario.
//!
//! The hooks and the Python code write all events to a file, for a test harness prints to the streams.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use interp_config::{PythonInterpreterConfig, RunTarget};
use launcher::{Exception, Imported, Interpreter, Object};

/// The variables by which a scenario reaches the child.
const ARCHIVE: &str = "COLDFRAME_HOOKS_ARCHIVE";
const HOOKS: &str = "COLDFRAME_HOOKS";
const CODE: &str = "COLDFRAME_HOOKS_CODE";
const LOG: &str = "COLDFRAME_HOOKS_LOG";
const ON_DISK: &str = "COLDFRAME_HOOKS_ON_DISK";

/// The modules that the scenarios import.
const MODULES: [(&str, &str); 7] = [
    (
        "note.py",
        "import os\ndef note(*words):\n    with open(os.environ['COLDFRAME_HOOKS_LOG'], 'a') as log: print(*words, file=log)\n",
    ),
    ("pkg/__init__.py", ""),
    (
        "pkg/mod.py",
        "from note import note\nnote('mod runs')\nNAME = __name__\ndef through_parent():\n    import pkg\n    return pkg.mod.NAME\ndef importing():\n    import pkg.other\n    return pkg.other.VALUE\n",
    ),
    ("pkg/other.py", "VALUE = 'other'\n"),
    ("space/leaf.py", ""),
    (
        "replaced.py",
        "import sys\nclass Stand:\n    __name__ = 'stand-in'\nsys.modules[__name__] = Stand()\n",
    ),
    ("circle_a.py", "from note import note\nimport circle_b\nnote('a runs')\n"),
];

fn note(line: &str) {
    let log = std::env::var_os(LOG).unwrap();
    writeln!(File::options().append(true).create(true).open(log).unwrap(), "{line}").unwrap();
}

/// One hook, by its name in a scenario: `LABEL`, or its task on the module.
fn hook<'py>(kind: &str, imported: Imported<'py>) -> Result<(), Exception<'py>> {
    static FAILED: AtomicBool = AtomicBool::new(false);
    let module = imported.module();
    match kind.split_once(':') {
        Some(("call", name)) => {
            note(&format!("{name}() = {}", module.call_method(name, &[])?.display()?));
        }
        Some(("show", attribute)) => {
            let error = module.attribute(attribute).unwrap_err();
            let none = Object::none(imported.token());
            let (kind, message) = error
                .to_string()
                .split_once(": ")
                .map(|(kind, message)| (kind.to_owned(), message.contains(attribute)))
                .unwrap();
            note(&format!("{kind} {message} {} {}", error.value().is_none(), none.is_none()));
        }
        Some(("fail", attribute)) => module.attribute(attribute).map(drop)?,
        Some(("fail-once", attribute)) => {
            if !FAILED.swap(true, Ordering::Relaxed) {
                module.attribute(attribute)?;
            }
        }
        Some(("loader", _)) => {
            let spec = module.attribute("__spec__")?.attribute("loader")?;
            let loader = module.attribute("__loader__")?;
            let class = loader
                .attribute_or_none("__name__")?
                .map_or_else(|| loader.attribute("__class__")?.attribute("__name__"), Ok)?;
            note(&format!("{} {}", class.display()?.trim_start_matches('_'), spec.is(&loader)));
        }
        Some(_) | None => note(&format!("{kind} {}", imported.name()?)),
    }
    Ok(())
}

/// The embedding program; nothing when no scenario asks for it.
#[test]
fn child_main() {
    let (Some(archive), Ok(hooks), Ok(code)) =
        (std::env::var_os(ARCHIVE), std::env::var(HOOKS), std::env::var(CODE))
    else {
        return;
    };
    let on_disk = std::env::var(ON_DISK).unwrap();
    let config = PythonInterpreterConfig {
        run: RunTarget::Code(format!("import importlib, sys\nfrom note import note\n{code}")),
        filesystem_importer: !on_disk.is_empty(),
        module_search_paths: vec![on_disk],
        ..PythonInterpreterConfig::default()
    };
    let mut interpreter = Interpreter::builder(config).archive(archive).arguments(["embedding"]);
    for (module, kind) in hooks.split_whitespace().filter_map(|hook| hook.split_once('=')) {
        let kind = kind.to_owned();
        interpreter = interpreter.post_import_hook(module, move |imported| hook(&kind, imported));
    }
    note(&format!("{:?}", interpreter.run().unwrap()));
}

/// A name, the hooks in the order in which they are registered, the Python code, and the expected events.
const SCENARIOS: &[(&str, &str, &str, &str)] = &[
    (
        "in order, before the import continues",
        "json=first json=second json=third",
        "note('before')\nimport json\nnote('after')",
        "before\nfirst json\nsecond json\nthird json\nafter\n",
    ),
    (
        "an exception says its message",
        "json=show:missing",
        "import json",
        "AttributeError true false true\n",
    ),
    (
        "once for each module object",
        "json=hook",
        "
import json, json as again
importlib.reload(json); note('reloaded')
del sys.modules['json']
import json; note('imported anew')",
        "hook json\nreloaded\nhook json\nimported anew\n",
    ),
    (
        "nothing for what is not imported",
        "csv=hook nonsense=hook",
        "
try: import nonsense
except ImportError as error: note(error)",
        "No module named 'nonsense'\n",
    ),
    (
        "a hook that fails, fails the import each time",
        "pkg.mod=first pkg.mod=fail:missing pkg.mod=never",
        "
for _ in range(2):
    try: import pkg.mod
    except AttributeError as error: note(type(error).__name__)
    note('pkg.mod' in sys.modules, hasattr(sys.modules['pkg'], 'mod'))",
        "\
mod runs\nfirst pkg.mod\nAttributeError\nFalse False
mod runs\nfirst pkg.mod\nAttributeError\nFalse False\n",
    ),
    (
        "all hooks are kept for the next try",
        "pkg.mod=first pkg.mod=fail-once:missing pkg.mod=last",
        "
try: import pkg.mod
except AttributeError: note('failed')
import pkg.mod; note(pkg.mod.NAME)",
        "mod runs\nfirst pkg.mod\nfailed\nmod runs\nfirst pkg.mod\nlast pkg.mod\npkg.mod\n",
    ),
    (
        "the module is bound in its parent",
        "pkg.mod=call:through_parent",
        "import pkg.mod",
        "mod runs\nthrough_parent() = pkg.mod\n",
    ),
    (
        "a hook may import",
        "pkg.other=hook pkg.mod=call:importing",
        "import pkg.mod",
        "mod runs\nhook pkg.other\nimporting() = other\n",
    ),
    (
        "parents first",
        "pkg.mod=child pkg=parent",
        "from pkg.mod import NAME; note('imported')",
        "parent pkg\nmod runs\nchild pkg.mod\nimported\n",
    ),
    (
        "what a module puts in its own place",
        "replaced=hook",
        "import replaced; note(type(replaced).__name__)",
        "hook stand-in\nStand\n",
    ),
    (
        "built-in, frozen, extension: the loader stays its own",
        "atexit=hook atexit=loader: zipimport=loader: _struct=hook json=loader:",
        "import atexit, zipimport, _struct, json; note(atexit.__spec__.loader is atexit.__loader__)",
        "FrozenImporter true\nhook atexit\nBuiltinImporter true\nhook _struct\nFinder true\nTrue\n",
    ),
    (
        "what Python loads before there is a finder",
        "sys=hook builtins=hook encodings=hook",
        "note('code')",
        "hook sys\nhook builtins\nhook encodings\ncode\n",
    ),
    (
        "a namespace package",
        "space=hook space=loader: space.leaf=hook",
        "import space.leaf; note(space.__file__, len(space.__path__), type(space.__path__).__name__.lstrip('_'))",
        "hook space\nNamespaceLoader true\nhook space.leaf\nNone 1 NamespacePath\n",
    ),
    (
        "a module on disk",
        "disk=hook disk=loader:",
        "import disk; note(disk.__file__.endswith('disk.py'), type(disk.__loader__).__name__)",
        "hook disk\nSourceFileLoader true\nTrue SourceFileLoader\n",
    ),
    (
        "a circle",
        "circle_a=a circle_b=b",
        "import circle_a",
        "b runs\nb circle_b\na runs\na circle_a\n",
    ),
    (
        "the start method is the first hook",
        "multiprocessing=call:get_start_method",
        "import multiprocessing",
        "get_start_method() = fork\n",
    ),
    (
        "threads that import at once",
        "json=hook",
        "
import threading
threads = [threading.Thread(target=importlib.import_module, args=('json',)) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()",
        "hook json\n",
    ),
    (
        "a module that is not imported",
        "pkg.other=hook",
        "
import importlib.util
spec = importlib.util.find_spec('pkg.other')
note('found')
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
note('executed')",
        "found\nhook pkg.other\nexecuted\n",
    ),
];

#[test]
fn scenarios() {
    let folder = tempfile::tempdir().unwrap();
    let app = folder.path().join("app");
    let circle_b = ("circle_b.py", "from note import note\nimport circle_a\nnote('b runs')\n");
    for (path, text) in MODULES.into_iter().chain([circle_b, ("__main__.py", "")]) {
        let path = app.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let disk = folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    fs::write(disk.join("disk.py"), "").unwrap();
    let archive = folder.path().join("app.coldframe");
    let built = Command::new(env!("CARGO_BIN_EXE_coldframe"))
        .args(["build", "--archive", "-o"])
        .args([&archive, &app])
        .env("COLDFRAME_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));

    let mut wrong = String::new();
    for (position, (name, hooks, code, expected)) in SCENARIOS.iter().enumerate() {
        let expected = if cfg!(windows) {
            expected.replace("= fork", "= spawn")
        } else {
            (*expected).to_owned()
        };
        let log = folder.path().join(format!("log{position}"));
        let on_disk = if code.contains("disk") { disk.as_os_str() } else { "".as_ref() };
        let output = Command::new(launcher::own_executable().unwrap())
            .args(["child_main", "--exact", "--nocapture", "--test-threads=1"])
            .envs([(ARCHIVE, archive.as_os_str()), (HOOKS, hooks.as_ref()), (CODE, code.as_ref())])
            .envs([(LOG, log.as_os_str()), (ON_DISK, on_disk)])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let happened = fs::read_to_string(&log).unwrap_or_default().replace("\r\n", "\n");
        if happened != format!("{expected}{:?}\n", std::process::ExitCode::SUCCESS) {
            let stderr = String::from_utf8_lossy(&output.stderr);
            write!(wrong, "# {name}\nexpected:\n{expected}\nhappened:\n{happened}\n{stderr}\n\n")
                .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
