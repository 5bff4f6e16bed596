//! Packs an application into an archive, without the standard library, and tells what is in it.
//!
//! `cargo run -p coldframe-packer --example pack -- PYTHON`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use importer_core::Archive;
use packer::{
    Application, BundleRequest, COMPILE_WORKER, CompileCommand, PythonInstallation, StandardLibrary,
};

fn main() -> Result<(), Box<dyn Error>> {
    let python = std::env::args_os().nth(1).unwrap_or_else(|| "python3".into());
    print!("{}", shown(&python)?);
    Ok(())
}

fn shown(python: &OsString) -> Result<String, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("__main__.py"), "import spam\nspam.greet()\n")?;
    fs::write(folder.path().join("spam.py"), "def greet():\n    print('hello')\n")?;

    let python = PythonInstallation::inspect(Path::new(python))?;
    let application = Application::read(folder.path(), None, &python, &[])?;
    let compile = CompileCommand {
        program: python.executable.clone(),
        arguments: ["-I", "-S", "-B", "-c", COMPILE_WORKER].map(Into::into).into(),
        environment: Vec::new(),
    };
    let request = BundleRequest {
        application: Some(&application),
        ..BundleRequest::new(&python, &compile, StandardLibrary::None)
    };
    let bundle = request.build(&mut |_progress| {})?;
    let mut bytes = Vec::new();
    bundle.writer.finish(&mut bytes)?;

    let archive = Archive::from_bytes(bytes, Path::new("app.coldframe"))?;
    let mut lines = Vec::new();
    for module in archive.modules() {
        let module = module?;
        lines.push(format!("{} from {}\n", module.name(), module.path()));
    }
    Ok(lines.concat())
}

#[test]
fn both_modules_are_packed() {
    let python = std::env::var_os("COLDFRAME_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let shown = shown(&python).expect("the application can be packed");
    assert_eq!(shown, "__main__ from __main__.py\nspam from spam.py\n");
}
