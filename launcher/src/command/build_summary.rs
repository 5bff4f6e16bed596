//! What `coldframe build` says of what it made, for people and for programs.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::arguments;
use super::error::CommandError;
use super::needs::NeedsSummary;
use super::policy::print_json;
use crate::bundle::{Package, Report, StandardLibraryPart};

/// How many distributions are listed, the largest.
const LARGEST: usize = 10;

/// How many names of missing modules stand on the line that tells of them.
const MISSING_NAMES: usize = 5;

/// What was written, and by which settings.
pub(super) struct Made<'m> {
    pub(super) output: &'m Path,
    pub(super) bytes: u64,
    pub(super) libpython: Option<PathBuf>,
    pub(super) settings: Option<&'m Path>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'s> {
    output: &'s Path,
    /// The settings file that was used.
    settings: Option<&'s Path>,
    bytes: u64,
    libpython: Option<&'s Path>,
    parts: BTreeMap<String, PartSummary>,
    standard_library: StandardLibrarySummary<'s>,
    packages: Vec<PackageSummary<'s>>,
    /// Imports that nothing answers.
    missing: Vec<MissingSummary<'s>>,
    /// Installed distributions that are imported, and were left out.
    left_out: Vec<LeftOutSummary<'s>>,
    /// Packages whose files are put into the user's cache, and the code that wants them there.
    file_users: Vec<FileUserSummary<'s>>,
    needs: NeedsSummary,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct FileUserSummary<'s> {
    package: &'s str,
    file: &'s str,
    line: u32,
    code: &'s str,
}

#[derive(Serialize)]
struct PartSummary {
    modules: usize,
    extensions: usize,
    files: usize,
    /// Before anything is compressed.
    bytes: u64,
}

#[derive(Serialize)]
struct PackageSummary<'s> {
    name: &'s str,
    version: Option<&'s str>,
    reason: String,
    /// Before anything is compressed.
    bytes: u64,
}

#[derive(Serialize)]
#[serde(tag = "extent", rename_all = "kebab-case")]
enum StandardLibrarySummary<'s> {
    Whole { because: &'s str },
    Reached { modules: usize, of: usize },
    Elsewhere,
}

#[derive(Serialize)]
struct MissingSummary<'s> {
    name: &'s str,
    file: &'s str,
    line: u32,
    optional: bool,
}

#[derive(Serialize)]
struct LeftOutSummary<'s> {
    distribution: &'s str,
    import: &'s str,
    file: &'s str,
    line: u32,
    why: &'s str,
}

/// Says what was made.
pub(super) fn print(
    options: &arguments::Build,
    made: &Made<'_>,
    report: &Report,
) -> Result<ExitCode, CommandError> {
    if options.json {
        print_json(&mut anstream::stdout(), &summary(made, report))?;
        return Ok(ExitCode::SUCCESS);
    }
    print_lines(&mut anstream::stderr(), options, made, report).map_err(CommandError::Print)?;
    Ok(ExitCode::SUCCESS)
}

fn summary<'s>(made: &'s Made<'_>, report: &'s Report) -> Summary<'s> {
    let parts = report.parts.iter().map(|(origin, part)| {
        let summary = PartSummary {
            modules: part.modules,
            extensions: part.extensions,
            files: part.files,
            bytes: part.source_bytes + part.code_bytes + part.extension_bytes + part.file_bytes,
        };
        (origin.to_string(), summary)
    });
    let packages = report.packages.iter().map(|package| PackageSummary {
        reason: package.reason.to_string(),
        name: &package.name,
        version: package.version.as_deref(),
        bytes: package.bytes,
    });
    let missing = report.missing.iter().map(|missing| MissingSummary {
        name: &missing.name,
        file: &missing.file,
        line: missing.line,
        optional: missing.is_optional,
    });
    let left_out = report.left_out.iter().map(|left| LeftOutSummary {
        distribution: &left.distribution,
        import: &left.import,
        file: &left.file,
        line: left.line,
        why: left.why,
    });
    let file_users = report.file_users.iter().map(|found| FileUserSummary {
        package: &found.package,
        file: &found.file,
        line: found.line,
        code: &found.code,
    });
    Summary {
        output: made.output,
        settings: made.settings,
        bytes: made.bytes,
        libpython: made.libpython.as_deref(),
        parts: parts.collect(),
        standard_library: match &report.standard_library {
            StandardLibraryPart::All(because) => StandardLibrarySummary::Whole { because },
            StandardLibraryPart::Reached { modules, of } => {
                StandardLibrarySummary::Reached { modules: *modules, of: *of }
            }
            StandardLibraryPart::Elsewhere => StandardLibrarySummary::Elsewhere,
        },
        packages: packages.collect(),
        missing: missing.collect(),
        left_out: left_out.collect(),
        file_users: file_users.collect(),
        needs: NeedsSummary::of(&report.needs),
        warnings: report.warnings.iter().map(ToString::to_string).collect(),
    }
}

fn print_lines(
    out: &mut impl Write,
    options: &arguments::Build,
    made: &Made<'_>,
    report: &Report,
) -> std::io::Result<()> {
    if let Some(file) = made.settings {
        writeln!(out, "settings from {}", file.display())?;
    }
    print_packages(out, report)?;
    match &report.standard_library {
        StandardLibraryPart::All(reason) => writeln!(out, "all of the standard library: {reason}")?,
        StandardLibraryPart::Reached { modules, of } => writeln!(
            out,
            "{modules} of {of} modules of the standard library (`--standard-library whole` packs all)"
        )?,
        StandardLibraryPart::Elsewhere => {}
    }
    for found in &report.file_users {
        let package = &found.package;
        writeln!(
            out,
            "the files of `{package}` go to the user's cache when they are used: {found}"
        )?;
    }
    print_missing(out, report)?;
    let megabytes = made.bytes as f64 / 1e6;
    writeln!(out, "wrote {} ({megabytes:.1} MB)", made.output.display())?;
    writeln!(out, "needs {}", report.needs)?;
    if options.needs {
        for need in report.needs.all() {
            writeln!(out, "  {need}")?;
        }
    }
    if let Some(library) = &made.libpython {
        writeln!(
            out,
            "wrote {}: this `coldframe` is linked to a shared libpython, and the executable looks for it beside itself; \
             `cargo xtask dist` makes a `coldframe` whose executables need nothing",
            library.display()
        )?;
    }
    Ok(())
}

/// The largest distributions with their reasons, and how to leave one out.
fn print_packages(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    let mut largest: Vec<&Package> = report.packages.iter().collect();
    largest.sort_by_key(|package| std::cmp::Reverse(package.bytes));
    for package in largest.iter().take(LARGEST) {
        let Package { name, version, reason, bytes } = package;
        let version = version.as_deref().unwrap_or_default();
        let megabytes = *bytes as f64 / 1e6;
        writeln!(out, "packed {name} {version} ({megabytes:.1} MB): {reason}")?;
    }
    if let Some(more) = largest.get(LARGEST..).filter(|more| !more.is_empty()) {
        let megabytes = more.iter().map(|package| package.bytes).sum::<u64>() as f64 / 1e6;
        writeln!(
            out,
            "packed {} smaller distributions ({megabytes:.1} MB); `--json` lists them",
            more.len()
        )?;
    }
    if let Some(largest) = largest.first()
        && std::io::stderr().is_terminal()
    {
        let name = &largest.name;
        writeln!(
            out,
            "`--exclude {name}` leaves a distribution out, and `--explain {name}` tells the way to it"
        )?;
    }
    let names: Vec<&str> = report.left_out.iter().map(|left| left.distribution.as_str()).collect();
    if !names.is_empty() {
        let shown = shortened(&names);
        writeln!(
            out,
            "left out what only optional imports want: {shown} (`--include NAME` packs one)"
        )?;
    }
    Ok(())
}

fn print_missing(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    let mut names: Vec<&str> = Vec::new();
    for missing in report.missing.iter().filter(|missing| !missing.is_optional) {
        if !names.contains(&missing.name.as_str()) {
            names.push(&missing.name);
        }
    }
    let optional = report.missing.iter().filter(|missing| missing.is_optional).count();
    if names.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "not found: {} (and {optional} optional imports); `--json` lists files and lines",
        shortened(&names)
    )
}

/// A few names, and how many more there are.
fn shortened(names: &[&str]) -> String {
    let shown = names.iter().take(MISSING_NAMES).map(|name| format!("`{name}`"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MISSING_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
