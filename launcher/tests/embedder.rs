//! A program that embeds Python and does not say `launcher::program!()`, which is this test binary: nothing of its process is
//! taken over. The project's own programs stand beside it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;

use interp_config::{PythonInterpreterConfig, RunTarget};
use launcher::Interpreter;
use object::{Object as _, ObjectSymbol as _};

/// The variable by which the child is told to be one: a file for its findings.
const RESULT: &str = "COLDFRAME_EMBEDDER_RESULT";

/// The functions of a program, by the names that the linker left: those that it defines, and those that it takes from
/// libraries.
struct Symbols {
    defined: Vec<String>,
    imported: Vec<String>,
}

impl Symbols {
    fn of(program: &Path) -> Self {
        let bytes = std::fs::read(program).unwrap();
        let file = object::File::parse(&*bytes).unwrap();
        let (mut defined, mut imported) = (Vec::new(), Vec::new());
        for symbol in file.symbols().chain(file.dynamic_symbols()) {
            let name = symbol.name().unwrap();
            // Names may have a version behind them.
            let name = name.split('@').next().unwrap_or(name).to_owned();
            if symbol.is_undefined() { imported.push(name) } else { defined.push(name) }
        }
        assert!(defined.iter().any(|name| name == "main"), "{} has no symbols", program.display());
        assert!(imported.iter().any(|name| name == "Py_FinalizeEx"), "{}", program.display());
        Self { defined, imported }
    }

    fn replaces(&self, function: &str) -> bool {
        self.defined.iter().any(|name| name == function)
    }

    /// Whether it runs the launcher's function before `main`.
    fn begins_early(&self) -> bool {
        self.defined.iter().any(|name| name.contains("program5begin"))
    }
}

/// The embedding program; nothing when it is not started as one.
#[test]
fn child_main() {
    let Ok(result) = std::env::var(RESULT) else { return };
    let code = format!(
        "import os, signal\nwith open({result:?}, 'w') as file: print([signal.getsignal(one) for one in (signal.SIGSEGV, signal.SIGBUS)], os.environ['TERMINFO_DIRS'], file=file)"
    );
    let config = PythonInterpreterConfig {
        run: RunTarget::Code(code),
        filesystem_importer: true,
        terminfo_dirs: vec!["told".to_owned()],
        ..PythonInterpreterConfig::default()
    };
    assert_eq!(std::env::var_os("TERMINFO_DIRS"), None);
    Interpreter::builder(config).arguments(["embedding"]).run().unwrap();
    assert_eq!(std::env::var("TERMINFO_DIRS").unwrap(), "told");
}

#[test]
fn a_library_leaves_the_process_alone() {
    let own = launcher::own_executable().unwrap();
    let symbols = Symbols::of(&own);
    assert!(!symbols.replaces("pthread_exit"));
    assert!(!symbols.begins_early());
    // These functions move the environment while other threads may read it.
    for function in ["setenv", "unsetenv", "putenv"] {
        assert!(!symbols.imported.iter().any(|name| name == function), "{function} is used");
    }
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("result");
    let child = Command::new(own)
        .args(["--exact", "child_main", "--nocapture"])
        .env(RESULT, &result)
        .env_remove("TERMINFO_DIRS")
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    // Handlers that are not Python's own are `None`, and these are of Rust's runtime.
    assert_eq!(std::fs::read_to_string(result).unwrap(), "[None, None] told\n");
}

#[test]
fn a_program_asks_for_its_process() {
    let symbols = Symbols::of(Path::new(env!("CARGO_BIN_EXE_coldframe-runtime")));
    let ends_threads = cfg!(all(target_env = "gnu", not(Py_3_14)));
    assert_eq!(symbols.replaces("pthread_exit"), ends_threads);
    assert!(symbols.begins_early());
}
