//! `coldframe inspect`: the contents of an archive or executable.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use importer_core::{Archive, ModuleKind, Optimization};
use packer::{self, Needs, Trace};
use serde::Serialize;

use super::arguments;
use super::error::CommandError;
use super::needs::NeedsSummary;
use super::policy::print_json;
use super::why;

#[derive(Serialize)]
struct Contents {
    file: String,
    target: String,
    bytes: u64,
    configuration: Option<String>,
    modules: Vec<ModuleRow>,
    files: Vec<FileRow>,
    distributions: Vec<String>,
    /// Its needs of a system.
    needs: NeedsSummary,
}

#[derive(Serialize)]
struct ModuleRow {
    name: String,
    kind: &'static str,
    package: bool,
    path: String,
    code: usize,
    source: usize,
    library: usize,
}

#[derive(Serialize)]
struct FileRow {
    path: String,
    bytes: u64,
}

pub(super) fn run(options: &arguments::Inspect) -> Result<ExitCode, CommandError> {
    let archive = Archive::open(&options.file)?;
    if let Some(name) = &options.why {
        why::print(
            &trace(&archive)?,
            name,
            &format!("in `{}`", options.file.display()),
            options.json,
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let needs = needs(&options.file, &archive)?;
    let mut out = anstream::stdout();
    if options.needs && !options.json {
        print_needs(&mut out, &needs).or_else(broken_pipe_is_fine).map_err(CommandError::Print)?;
        return Ok(ExitCode::SUCCESS);
    }
    let contents = read(&options.file.display().to_string(), &archive, &needs)?;
    if options.json {
        print_json(&mut out, &contents)?;
    } else {
        print(&mut out, &contents, &needs)
            .or_else(broken_pipe_is_fine)
            .map_err(CommandError::Print)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// `coldframe inspect … | head` is no failure.
fn broken_pipe_is_fine(error: std::io::Error) -> Result<(), std::io::Error> {
    if error.kind() == std::io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}

/// The way to each module of an archive.
fn trace(archive: &Archive) -> Result<Trace, CommandError> {
    // An archive without a trace, of a standard library alone, has no ways to tell.
    let text = archive.attribute(packer::TRACE)?.unwrap_or_default();
    Ok(Trace::unpack(&text))
}

/// The needs of the file and of the libraries in its archive.
fn needs(file: &Path, archive: &Archive) -> Result<Needs, CommandError> {
    let mut needs = Needs::default();
    let contents = fs::read(file).map_err(|source| CommandError::Io {
        action: "read",
        path: file.to_owned(),
        source,
    })?;
    needs.add_launcher(&contents);
    needs.add_archive(archive)?;
    Ok(needs)
}

fn print_needs(out: &mut impl Write, needs: &Needs) -> std::io::Result<()> {
    writeln!(out, "needs {needs}")?;
    for need in needs.all() {
        writeln!(out, "  {need}")?;
    }
    Ok(())
}

fn read(file: &str, archive: &Archive, needs: &Needs) -> Result<Contents, CommandError> {
    let mut modules = Vec::new();
    for module in archive.modules() {
        let module = module?;
        let levels = [Optimization::Zero, Optimization::One, Optimization::Two];
        let mut code = 0;
        for level in levels {
            code += module.code(level)?.map_or(0, |code| code.len());
        }
        modules.push(ModuleRow {
            name: module.name().to_owned(),
            kind: match module.kind() {
                ModuleKind::Source => "source",
                ModuleKind::Extension => "extension",
                ModuleKind::Namespace => "namespace",
            },
            package: module.is_package(),
            path: module.path().to_owned(),
            code,
            source: module.source()?.map_or(0, |source| source.len()),
            library: module.extension()?.map_or(0, |library| library.len()),
        });
    }
    let mut files = Vec::new();
    for entry in archive.files() {
        let entry = entry?;
        files.push(FileRow { path: entry.path().to_owned(), bytes: entry.len() });
    }
    let mut distributions = Vec::new();
    for distribution in archive.distributions() {
        distributions.push(distribution?.0);
    }
    let configuration = archive.attribute(manifest::CONFIGURATION)?;
    Ok(Contents {
        file: file.to_owned(),
        target: archive.target().to_string(),
        bytes: archive.len_bytes(),
        configuration: configuration.map(|text| String::from_utf8_lossy(&text).into_owned()),
        modules,
        files,
        distributions,
        needs: NeedsSummary::of(needs),
    })
}

fn print(out: &mut impl Write, contents: &Contents, needs: &Needs) -> std::io::Result<()> {
    writeln!(out, "{}: {} bytes, for {}", contents.file, contents.bytes, contents.target)?;
    let (modules, files) = (contents.modules.len(), contents.files.len());
    writeln!(
        out,
        "{modules} modules, {files} files, {} distributions",
        contents.distributions.len()
    )?;
    writeln!(out, "needs {needs}")?;
    if let Some(configuration) = &contents.configuration {
        writeln!(out, "\nconfiguration:\n{}", configuration.trim_end())?;
    }
    writeln!(out, "\n{:<11} {:>9} {:>9} {:>9}  module", "kind", "code", "source", "library")?;
    for module in &contents.modules {
        let ModuleRow { name, kind, code, source, library, .. } = module;
        writeln!(out, "{kind:<11} {code:>9} {source:>9} {library:>9}  {name}")?;
    }
    Ok(())
}
