//! A Rust program with Python inside: it runs a line of Python, and is told when `json` has been imported.
//!
//! ```text
//! cargo run -p embed                               boots from the files of the Python it was linked with
//! EMBED_ARCHIVE=app.coldframe cargo run -p embed   boots from an archive (`coldframe build APP --archive -o app.coldframe`)
//! ```

#![expect(clippy::print_stderr, reason = "a program tells its user what it does")]

use std::env;
use std::process::ExitCode;

use interp_config::{PythonInterpreterConfig, RunTarget};
use launcher::Interpreter;

// This program does nothing beside its Python, so its process may be what one of `python` would be.
launcher::program!();

fn main() -> ExitCode {
    // An exception in Python code becomes an exit code. An error kept Python from running.
    run().unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(error.exit_code())
    })
}

// The README shows this function, and a test of the launcher compares the two.
fn run() -> Result<ExitCode, launcher::Error> {
    // Not an argument: worker processes run this executable with arguments of their own, but inherit the environment.
    let archive = env::var_os("EMBED_ARCHIVE");
    let config = PythonInterpreterConfig {
        run: RunTarget::Code("import json; print(json.dumps({'answer': 42}))".into()),
        // Without an archive the standard library comes from disk.
        filesystem_importer: archive.is_none(),
        ..PythonInterpreterConfig::default()
    };
    let interpreter = Interpreter::builder(config).post_import_hook("json", |imported| {
        let file = imported.module().attribute("__file__")?;
        eprintln!("json came from {}", file.to_text()?);
        Ok(())
    });
    match archive {
        Some(archive) => interpreter.archive(archive).run(),
        None => interpreter.run(),
    }
}
