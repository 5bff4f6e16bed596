//! `coldframe build`: one executable.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use interp_config::{OptimizationLevel, RunTarget, Settings};
use serde::Serialize;

use super::arguments;
use super::context::{Context, SUPPORT};
use super::error::CommandError;
use super::needs::NeedsSummary;
use super::policy::print_json;
use super::progress::Bar;
use super::python;
use super::run::{broken, run_target, warn};
use crate::bundle::{
    Application, Bundle, BundleError, BundleRequest, GlibcVersion, Report, StandardLibrary,
    copy_libpython_beside, write_executable,
};
use crate::exe;

/// What `--json` prints.
#[derive(Serialize)]
struct Summary {
    output: PathBuf,
    /// The settings file that was used.
    settings: Option<PathBuf>,
    bytes: u64,
    libpython: Option<PathBuf>,
    parts: BTreeMap<String, PartSummary>,
    packages: Vec<PackageSummary>,
    /// Packages whose files are put into the user's cache, and the code that wants them there.
    file_users: Vec<FileUserSummary>,
    needs: NeedsSummary,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct FileUserSummary {
    package: String,
    file: String,
    line: u32,
    code: String,
}

#[derive(Serialize)]
struct PartSummary {
    modules: usize,
    extensions: usize,
    files: usize,
}

#[derive(Serialize)]
struct PackageSummary {
    name: String,
    version: Option<String>,
    reason: String,
}

pub(super) fn run(options: Box<arguments::Build>) -> Result<ExitCode, CommandError> {
    let context = Context::new(options.app.as_deref(), &options.source)?;
    let mut options = options;
    if options.app.is_none() && !options.interpreter {
        options.app = context.settings.build.app.as_deref().map(|app| context.folder.join(app));
    }
    let mut settings = context.settings.clone();
    if let Some(level) = options.optimize {
        settings.interpreter.optimization_level = match level {
            0 => OptimizationLevel::Zero,
            1 => OptimizationLevel::One,
            _ => OptimizationLevel::Two,
        };
    }
    let output = output_path(&options, &context)?;
    let allowed = allowed_glibc(&options, &context)?;
    let Bundle { writer, report } = bundle(&options, &context, &mut settings, &output)?;
    warn(&report.warnings);
    if options.strict {
        let absent = report.warnings.iter().filter(|warning| warning.is_about_absence()).count();
        if absent > 0 {
            return Err(BundleError::Absent(absent).into());
        }
    }
    let mut report = report;
    if !options.archive {
        let launcher = exe::own_executable()?;
        let contents = fs::read(&launcher).map_err(|source| CommandError::Io {
            action: "read the launcher",
            path: launcher,
            source,
        })?;
        report.needs.add_launcher(&contents);
    }
    if let Some(allowed) = allowed {
        let needs = report.needs.above(allowed);
        if !needs.is_empty() {
            return Err(BundleError::Glibc { allowed, needs }.into());
        }
    }
    let (bytes, libpython) = if options.archive {
        (write_archive(&output, |file| Ok(writer.finish(file)?))?, None)
    } else {
        let launcher = exe::own_executable()?;
        create_parent(&output)?;
        let bytes = write_executable(&launcher, writer, &output)?;
        (bytes, copy_libpython_beside(&launcher, &context.python, &output)?)
    };
    report_result(&options, &context, &output, bytes, libpython, report)
}

/// Finds, compiles and packs.
fn bundle(
    options: &arguments::Build,
    context: &Context,
    settings: &mut Settings,
    output: &Path,
) -> Result<Bundle, CommandError> {
    let entry = settings.build.entry.clone();
    let app = options.app.as_deref();
    let read = |path| {
        Application::read(
            path,
            entry.as_ref(),
            &context.python.extension_suffixes,
            &[output, context.cache.path()],
        )
    };
    let application = app.map(read).transpose()?;
    if options.interpreter {
        settings.interpreter = python::configuration();
    }
    settings.interpreter.run = match (&entry, &application, app) {
        (Some(entry), _, _) => RunTarget::EntryPoint(entry.clone()),
        (None, _, _) if options.interpreter => RunTarget::Repl,
        (None, Some(application), Some(path)) => {
            run_target(&settings.interpreter.run, application, path)?
        }
        (None, _, _) => {
            return Err(CommandError::Usage(
                "name an application, or an installed function with `--entry package.module:function`".into(),
            ));
        }
    };
    let level = settings.interpreter.optimization_level;
    // A part of the standard library that the cached archive leaves out, or serves in another way, has to be packed from
    // the installation.
    // (The one that this program carries has no more than is in it, whatever is to be included.)
    let is_whole = (settings.build.include.is_empty() || context.carried.is_some())
        && settings.build.file_access.is_empty()
        && settings.build.system_libraries.is_empty();
    let library = if is_whole {
        Some(crate::py::map_archive(&context.standard_library(level)?)?)
    } else {
        None
    };
    let mut bar = Bar::new("Packing");
    let request = BundleRequest {
        application: application.as_ref(),
        entry: entry.as_ref(),
        environment: context.environment.as_ref(),
        include: settings.build.include.clone(),
        exclude: settings.build.exclude.clone(),
        file_access: settings.build.file_access.clone(),
        system_libraries: settings.build.system_libraries.clone(),
        glibc_floor: context.glibc_floor.as_ref(),
        optimization: level,
        settings: settings.clone(),
        broken: broken(options.source.allow_broken),
        jobs: options.jobs,
        support: if library.is_some() { &[] } else { SUPPORT },
        ..BundleRequest::new(
            &context.python,
            &context.compile,
            library.as_ref().map_or(context.standard_library_files(), StandardLibrary::FromArchive),
        )
    };
    Ok(request.build(&mut |progress| bar.show(progress))?)
}

/// The highest version of glibc that may be needed: what the command line says, or the settings.
fn allowed_glibc(
    options: &arguments::Build,
    context: &Context,
) -> Result<Option<GlibcVersion>, CommandError> {
    if options.glibc.is_some() {
        return Ok(options.glibc);
    }
    let configured = context.settings.build.glibc.as_deref().map(str::parse).transpose();
    configured.map_err(|error| CommandError::Usage(format!("the setting `build.glibc`: {error}")))
}

/// Where to write: what the command line says, or the settings.
fn output_path(options: &arguments::Build, context: &Context) -> Result<PathBuf, CommandError> {
    let configured =
        context.settings.build.output.as_deref().map(|output| context.folder.join(output));
    let named = options.output.clone().or(configured);
    let output = named
        .ok_or_else(|| CommandError::Usage("name the executable to write with `-o FILE`".into()))?;
    // Before the long work: nothing is worth compiling for a place that cannot be written to.
    if output.is_dir() {
        return Err(BundleError::Output {
            path: output,
            reason: "it is a folder; name a file in it".into(),
        }
        .into());
    }
    Ok(output)
}

fn create_parent(output: &Path) -> Result<(), CommandError> {
    match output.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => fs::create_dir_all(parent).map_err(|source| {
            BundleError::Output {
                path: output.to_owned(),
                reason: format!("cannot make its folder: {source}"),
            }
            .into()
        }),
        None => Ok(()),
    }
}

/// Writes a bare archive: into a file beside, which then takes the place.
fn write_archive(
    output: &Path,
    write: impl FnOnce(&mut File) -> Result<u64, CommandError>,
) -> Result<u64, CommandError> {
    create_parent(output)?;
    let cannot = |source: std::io::Error| BundleError::Output {
        path: output.to_owned(),
        reason: source.to_string(),
    };
    let folder =
        output.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // What the user's `umask` leaves of it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(cannot)?;
    let bytes = write(file.as_file_mut())?;
    file.as_file().sync_all().map_err(cannot)?;
    file.persist(output).map_err(|error| cannot(error.error))?;
    Ok(bytes)
}

/// Says what was made.
fn report_result(
    options: &arguments::Build,
    context: &Context,
    output: &Path,
    bytes: u64,
    libpython: Option<PathBuf>,
    report: Report,
) -> Result<ExitCode, CommandError> {
    if options.json {
        let parts = report.parts.iter().map(|(origin, part)| {
            let summary = PartSummary {
                modules: part.modules,
                extensions: part.extensions,
                files: part.files,
            };
            (origin.to_string(), summary)
        });
        let packages = report.packages.into_iter().map(|package| PackageSummary {
            reason: package.reason.to_string(),
            name: package.name,
            version: package.version,
        });
        let file_users = report.file_users.into_iter().map(|found| FileUserSummary {
            package: found.package,
            file: found.file,
            line: found.line,
            code: found.code,
        });
        let summary = Summary {
            output: output.to_owned(),
            settings: context.settings_file.clone(),
            bytes,
            libpython,
            parts: parts.collect(),
            packages: packages.collect(),
            file_users: file_users.collect(),
            needs: NeedsSummary::of(&report.needs),
            warnings: report.warnings.iter().map(ToString::to_string).collect(),
        };
        print_json(&mut anstream::stdout(), &summary)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = anstream::stderr();
    let megabytes = bytes as f64 / 1e6;
    let mut say = |line: String| writeln!(out, "{line}").map_err(CommandError::Print);
    if let Some(file) = &context.settings_file {
        say(format!("settings from {}", file.display()))?;
    }
    for package in &report.packages {
        let version = package.version.as_deref().unwrap_or_default();
        say(format!("packed {} {version}: {}", package.name, package.reason))?;
    }
    for found in &report.file_users {
        let package = &found.package;
        say(format!(
            "the files of `{package}` go to the user's cache when they are used: {found}"
        ))?;
    }
    say(format!("wrote {} ({megabytes:.1} MB)", output.display()))?;
    say(format!("needs {}", report.needs))?;
    if options.needs {
        for need in report.needs.all() {
            say(format!("  {need}"))?;
        }
    }
    if let Some(library) = libpython {
        say(format!(
            "wrote {}: this `coldframe` is linked to a shared libpython, and the executable looks for it beside itself; \
             `cargo xtask dist` makes a `coldframe` whose executables need nothing",
            library.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
