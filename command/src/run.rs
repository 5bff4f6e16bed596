//! `coldframe run`: an application from a cached archive.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cache::{CACHE_VARIABLE, LockedEntry};
use importer_core::Archive;
use interp_config::PythonMode;
use launcher::Interpreter;
use launcher::command_parts::configuration;
use launcher::command_parts::map_archive;
use packer::{KeyBuilder, StandardLibrary, Warning};

use super::context::{Context, build_id, cache};
use super::error::CommandError;
use super::packed_python;
use super::plan::{Plan, Wanted};
use super::progress::Bar;
use super::warnings::warn_of;
use super::{ARCHIVES_VARIABLE, arguments};

pub(super) fn run(options: arguments::Run) -> Result<ExitCode, CommandError> {
    let archives = archives(&options)?;
    let mut arguments = vec![options.app.into_os_string()];
    arguments.extend(options.arguments);
    start(archives, arguments, options.source.cache_dir.as_deref(), None)
}

/// The variable by which processes that a recorded application starts find the log.
pub(super) const LOG_VARIABLE: &str = "COLDFRAME_OPEN_LOG";

/// The log of a recorded application.
pub(super) enum OpenLog {
    /// In the process that is the application.
    OfApplication(PathBuf),
    /// In one that it started.
    Inherited(PathBuf),
}

/// Runs the application in the first of the archives, or becomes its worker. The log is for the files that it opens.
pub(super) fn start(
    archives: Vec<PathBuf>,
    arguments: Vec<OsString>,
    cache_dir: Option<&Path>,
    log: Option<OpenLog>,
) -> Result<ExitCode, CommandError> {
    let config = match archives.first() {
        Some(first) => configuration(first)?,
        None => None,
    };
    let Some(mut config) = config else {
        return Err(CommandError::Usage(
            "the archive holds no application: it has no configuration".into(),
        ));
    };
    let variable = std::env::join_paths(&archives).map_err(|error| {
        CommandError::Usage(format!("the cache folder cannot be used: {error}"))
    })?;
    let log = log.map(|log| match log {
        OpenLog::OfApplication(file) => {
            // A process of this program started it, whose child is no more of a `python` than that of a shell.
            config.python_mode = PythonMode::Never;
            file
        }
        OpenLog::Inherited(file) => file,
    });
    let mut interpreter = Interpreter::builder(config)
        .arguments(arguments)
        .inherited_variable(ARCHIVES_VARIABLE, variable);
    for archive in archives {
        // Its workers open it again, by its path. An archive that cannot be locked is in nobody's cache.
        if let Ok(Some(locked)) = LockedEntry::shared(&archive) {
            locked.keep();
        }
        interpreter = interpreter.archive(archive);
    }
    if cache_dir.is_some() {
        let folder = cache(cache_dir)?.path().to_owned();
        interpreter = interpreter
            .inherited_variable(CACHE_VARIABLE, folder.clone().into())
            .cache_folder(folder);
    }
    if let Some(log) = log {
        interpreter =
            interpreter.inherited_variable(LOG_VARIABLE, log.clone().into()).open_log(log);
    }
    Ok(interpreter.run()?)
}

/// The archives to run from, the application's first.
fn archives(options: &arguments::Run) -> Result<Vec<PathBuf>, CommandError> {
    if let Some(archive) = as_archive(&options.app)? {
        let has_library = archive.module("encodings")?.is_some();
        // The path is absolute, for the application may change its folder before it starts workers.
        let app = std::path::absolute(&options.app).map_err(|source| CommandError::Io {
            action: "find the folder of",
            path: options.app.clone(),
            source,
        })?;
        let mut archives = vec![app];
        if !has_library {
            let context = Context::new(None, &options.source)?;
            archives
                .push(context.standard_library(context.settings.interpreter.optimization_level)?);
        }
        return Ok(archives);
    }
    let context = Context::new(Some(&options.app), &options.source)?;
    let level = context.settings.interpreter.optimization_level;
    let library = context.standard_library(level)?;
    Ok(vec![application_archive(options, &context, &library)?, library])
}

/// The application's archive in the cache, made anew when any of its files has changed.
pub(super) fn application_archive(
    options: &arguments::Run,
    context: &Context,
    library: &Path,
) -> Result<PathBuf, CommandError> {
    let wanted = Wanted {
        app: Some(&options.app),
        interpreter: false,
        left_out: &[context.cache.path()],
        allow_broken: options.source.allow_broken,
    };
    let plan = Plan::resolve(context, context.settings.clone(), &wanted)?;
    let mut key = KeyBuilder::new()
        .text("launcher", &build_id())
        .text("python", &context.python.identity())
        .text("settings", &plan.settings.to_toml())
        .text("broken", if options.source.allow_broken { "pack" } else { "refuse" });
    if let Some(application) = &plan.application {
        key = key.application(application)?;
    }
    for file in context.distribution_rules() {
        let text = std::fs::read_to_string(&file).map_err(|source| CommandError::Io {
            action: "read the rules",
            path: file.clone(),
            source,
        })?;
        key = key.text("rules", &text);
    }
    if let Some(environment) = &context.environment {
        key = key.environment(environment)?;
    }
    context.cached(&key.finish(), |file| {
        let library = map_archive(library)?;
        let mut bar = Bar::new("Packing");
        let request = plan.request(StandardLibrary::Beside(&library));
        let bundle = request.build(&mut |progress| bar.show(progress))?;
        drop(bar);
        // The call itself says it, when the application runs now.
        let is_news = |warning: &&Warning| !matches!(warning, Warning::SetsStartMethod { .. });
        bundle.report.warnings.iter().filter(is_news).for_each(warn_of);
        context.write_to_cache(bundle.writer, file)
    })
}

/// The file as an archive, when it is one: by its contents, and not by its name.
pub(super) fn as_archive(path: &Path) -> Result<Option<Archive>, CommandError> {
    if !path.is_file() || path.extension().is_some_and(|extension| extension == "py") {
        return Ok(None);
    }
    Ok(Some(map_archive(path)?))
}

/// The archive of the standard library alone, for `coldframe python`.
pub(super) fn standard_library_only() -> Result<PathBuf, CommandError> {
    if let Some(carried) = packed_python::carried()? {
        return Ok(carried.installation.executable);
    }
    let context = Context::of_no_application(&arguments::Source::default())?;
    context.standard_library(interp_config::OptimizationLevel::default())
}
