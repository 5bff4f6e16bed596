//! The summary that `coldframe build` prints, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use packer::{FileUse, Package, Report, StandardLibraryPart};
use serde::{Deserialize, Serialize};

use super::arguments;
use super::error::CommandError;
use super::needs::NeedsSummary;
use super::policy::print_json;

/// The number of distributions that are listed, the largest.
const LARGEST: usize = 10;

/// The number of names of missing modules on the line that tells of them.
const MISSING_NAMES: usize = 5;

/// The summary of a build, but for the executable's name and length. The next build has the same one if it replaces modules
/// only.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BuildSummary {
    /// The warnings as text, each with whether it is about something that is absent at run time.
    pub(super) warnings: Vec<(String, bool)>,
    /// The lines before that of the executable.
    packed: String,
    /// The largest distribution, for the hint on a terminal.
    largest: Option<String>,
    left_out: String,
    behind: String,
    /// The lines behind that of the executable.
    needs: String,
    each_need: String,
    json: serde_json::Value,
}

impl BuildSummary {
    /// The form in which the memory of the build keeps it.
    pub(super) fn to_value(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("texts and flags have a form in JSON")
    }

    /// The summary of a report.
    pub(super) fn of(report: &Report) -> Result<Self, CommandError> {
        let lines = |print: &dyn Fn(&mut String) -> fmt::Result| {
            let mut text = String::new();
            // A text has room for everything.
            let _always_fits = print(&mut text);
            text
        };
        let largest = report
            .packages
            .iter()
            .max_by_key(|package| (package.bytes, std::cmp::Reverse(&package.name)));
        Ok(Self {
            warnings: report
                .warnings
                .iter()
                .map(|warning| (warning.to_string(), warning.is_about_absence()))
                .collect(),
            packed: lines(&|out| print_packages(out, report)),
            largest: largest.map(|package| package.name.clone()),
            left_out: lines(&|out| print_left_out(out, report)),
            behind: lines(&|out| print_behind(out, report)),
            needs: lines(&|out| writeln!(out, "needs {}", report.needs)),
            each_need: lines(&|out| {
                report.needs.all().into_iter().try_for_each(|need| writeln!(out, "  {need}"))
            }),
            json: serde_json::to_value(summary(report))
                .map_err(|error| CommandError::Print(error.into()))?,
        })
    }

    /// Notes that sources and code of the application have become longer.
    pub(super) fn grow(&mut self, growth: i64) {
        let bytes = self.json.pointer_mut("/parts/application/bytes");
        if let Some(bytes) = bytes
            && let Some(before) = bytes.as_i64()
        {
            *bytes = (before + growth).into();
        }
    }
}

/// The written executable, and the settings that were used.
pub(super) struct WrittenExecutable<'m> {
    pub(super) output: &'m Path,
    pub(super) bytes: u64,
    pub(super) libpython: Option<PathBuf>,
    pub(super) settings: Option<&'m Path>,
}

/// The output of `--json`.
#[derive(Serialize)]
struct JsonSummary<'s> {
    output: &'s Path,
    /// The settings file that was used.
    settings: Option<&'s Path>,
    bytes: u64,
    libpython: Option<&'s Path>,
    #[serde(flatten)]
    packed: &'s serde_json::Value,
}

/// The part of it that is about the archive.
#[derive(Serialize)]
struct PackedSummary<'s> {
    parts: BTreeMap<String, PartSummary>,
    standard_library: StandardLibrarySummary<'s>,
    packages: Vec<PackageSummary<'s>>,
    /// Imports that nothing answers.
    missing: Vec<MissingSummary<'s>>,
    /// Installed distributions that are imported, and were left out.
    left_out: Vec<LeftOutSummary<'s>>,
    /// Packages whose files are put into the user's cache, and the reason.
    file_users: Vec<FileUserSummary<'s>>,
    needs: NeedsSummary,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct FileUserSummary<'s> {
    package: &'s str,
    because: &'s str,
}

#[derive(Serialize)]
struct PartSummary {
    modules: usize,
    extensions: usize,
    files: usize,
    /// The length before anything is compressed.
    bytes: u64,
}

#[derive(Serialize)]
struct PackageSummary<'s> {
    name: &'s str,
    version: Option<&'s str>,
    reason: String,
    /// The length before anything is compressed.
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

/// Prints the summary.
pub(super) fn print(
    options: &arguments::Build,
    written: &WrittenExecutable<'_>,
    summary: &BuildSummary,
) -> Result<ExitCode, CommandError> {
    if options.json {
        let json = JsonSummary {
            output: written.output,
            settings: written.settings,
            bytes: written.bytes,
            libpython: written.libpython.as_deref(),
            packed: &summary.json,
        };
        print_json(&mut anstream::stdout(), &json)?;
        return Ok(ExitCode::SUCCESS);
    }
    print_lines(&mut anstream::stderr(), options, written, summary).map_err(CommandError::Print)?;
    Ok(ExitCode::SUCCESS)
}

fn summary(report: &Report) -> PackedSummary<'_> {
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
    let file_users = report
        .file_users
        .iter()
        .map(|found| FileUserSummary { package: &found.package, because: &found.because });
    PackedSummary {
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
    written: &WrittenExecutable<'_>,
    summary: &BuildSummary,
) -> std::io::Result<()> {
    if let Some(file) = written.settings {
        writeln!(out, "settings from {}", file.display())?;
    }
    write!(out, "{}", summary.packed)?;
    if let Some(name) = summary.largest.as_ref().filter(|_| std::io::stderr().is_terminal()) {
        writeln!(
            out,
            "`--exclude {name}` leaves a distribution out, and `--explain {name}` tells the way to it"
        )?;
    }
    let megabytes = written.bytes as f64 / 1e6;
    write!(out, "{}{}", summary.left_out, summary.behind)?;
    writeln!(out, "wrote {} ({megabytes:.1} MB)", written.output.display())?;
    write!(out, "{}", summary.needs)?;
    if options.needs {
        write!(out, "{}", summary.each_need)?;
    }
    if let Some(library) = &written.libpython {
        writeln!(
            out,
            "wrote {}: this `coldframe` is linked to a shared libpython, and the executable looks for it beside itself; \
             `cargo xtask dist` makes a `coldframe` whose executables need nothing",
            library.display()
        )?;
    }
    Ok(())
}

/// Prints the packed part of the standard library, the packages in the cache, and the missing modules.
fn print_behind(out: &mut String, report: &Report) -> fmt::Result {
    match &report.standard_library {
        StandardLibraryPart::All(reason) => writeln!(out, "all of the standard library: {reason}")?,
        StandardLibraryPart::Reached { modules, of } => writeln!(
            out,
            "{modules} of {of} modules of the standard library (`--standard-library whole` packs all)"
        )?,
        StandardLibraryPart::Elsewhere => {}
    }
    for found in &report.file_users {
        let FileUse { package, because, .. } = found;
        writeln!(out, "the files of `{package}` go to the user's cache: {because}")?;
    }
    print_missing(out, report)
}

/// The largest distributions with their reasons, and how to leave one out.
fn print_packages(out: &mut String, report: &Report) -> fmt::Result {
    let mut largest: Vec<&Package> = report.packages.iter().collect();
    largest.sort_by_key(|package| std::cmp::Reverse(package.bytes));
    for package in largest.iter().take(LARGEST) {
        let Package { name, version, reason, bytes, .. } = package;
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
    Ok(())
}

fn print_left_out(out: &mut String, report: &Report) -> fmt::Result {
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

fn print_missing(out: &mut String, report: &Report) -> fmt::Result {
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
