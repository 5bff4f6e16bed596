//! `coldframe run --record-files`: the packages whose C code opens files, found by running the application.
//!
//! The application runs in a process of its own, with the files of all packages in the cache, where C code finds them. This
//! process watches the cache (`watch`), and the application's processes write down what their Python code opens there. A file
//! that was opened and is not accounted for (`opened_by_c`) was opened by C code: its package gets a rule in the settings
//! (`rules`). A process that only watches survives whatever end the application takes.

#[cfg(target_os = "linux")]
mod opened_by_c;
#[cfg(target_os = "linux")]
mod rules;
#[cfg(target_os = "linux")]
mod watch;

#[cfg(target_os = "linux")]
use std::ffi::OsString;
#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::process::ExitCode;

use super::arguments;
use super::error::CommandError;
use super::run;

/// Becomes the application, which writes its log.
pub(super) fn become_application(options: arguments::Recorded) -> Result<ExitCode, CommandError> {
    let arguments::Recorded { log, cache_dir, archive, app, arguments } = options;
    let mut all = vec![app.into_os_string()];
    all.extend(arguments);
    run::start(archive, all, Some(&cache_dir), Some(run::OpenLog::OfApplication(log)))
}

/// The command line of the process that becomes the application.
#[cfg(target_os = "linux")]
fn command_line(
    log: PathBuf,
    cache: PathBuf,
    archives: [PathBuf; 2],
    options: arguments::Run,
) -> Vec<OsString> {
    let mut line = vec!["recorded".into(), "--log".into(), log.into(), "--cache-dir".into()];
    line.push(cache.into());
    for archive in archives {
        line.extend(["--archive".into(), archive.into()]);
    }
    line.extend([options.app.into(), "--".into()]);
    line.extend(options.arguments);
    line
}

/// No other system tells who opens a file.
#[cfg(not(target_os = "linux"))]
pub(super) fn run(_options: arguments::Run) -> Result<ExitCode, CommandError> {
    Err(CommandError::Usage(
        "`--record-files` needs inotify, which only Linux has; use it there, or name the packages whose C code opens files by \
         `--file-access PACKAGE=cache`"
            .into(),
    ))
}

/// Runs the application, and writes the rules that it needs.
#[cfg(target_os = "linux")]
pub(super) fn run(options: arguments::Run) -> Result<ExitCode, CommandError> {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    use interp_config::{FileAccess, FileAccessRule};
    use launcher::command_parts::{
        end_by_signal, map_archive, opened_files, pass_signals_to, put_served_files,
    };

    use super::context::Context;
    use opened_by_c::{Packages, opened_by_c};
    use rules::RulesFile;
    use watch::Watch;

    if run::as_archive(&options.app)?.is_some() {
        return Err(CommandError::Usage(format!(
            "`{}` is an archive, whose packages are served as they were when it was made; name the application's folder or \
             file with `--record-files`, and make the archive again",
            options.app.display()
        )));
    }
    let mut context = Context::new(Some(&options.app), &options.source)?;
    let rules_file = RulesFile::of(context.settings_file.as_deref(), &options.app)?;
    let library = context.standard_library(context.settings.interpreter.optimization_level)?;
    let plain = run::application_archive(&options, &context, &library)?;
    // Rules that are there come first: they are the user's word.
    let rule = FileAccessRule { package: "*".into(), access: FileAccess::Cache };
    context.settings.build.file_access.push(rule);
    let archive = run::application_archive(&options, &context, &library)?;
    let cache = context.cache.path().to_owned();
    put_served_files(vec![map_archive(&archive)?, map_archive(&library)?], cache.clone())?;

    let packages = Packages::read(map_archive(&archive)?, map_archive(&plain)?)?;
    let files = cache.join(cache::FILES);
    let files = files.canonicalize().unwrap_or(files);
    let mut watch = Watch::begin(packages.digests().map(|digest| files.join(digest)))?;
    let cannot_log =
        |source| CommandError::Io { action: "write a log to", path: std::env::temp_dir(), source };
    let log = tempfile::NamedTempFile::new().map_err(cannot_log)?;
    let program = launcher::own_executable()?;
    let about = |source| CommandError::Io { action: "start", path: program.clone(), source };
    let line = command_line(log.path().to_owned(), cache, [archive, library], options);
    let mut child = Command::new(&program).args(line).spawn().map_err(about)?;
    pass_signals_to(child.id());
    let status = watch.until_end_of(&mut child).map_err(about)?;

    let (opened, is_whole) = watch.opened();
    let opened = opened_by_c(opened, &opened_files(log.path()).map_err(cannot_log)?);
    let needs = packages.needs(&files, &opened)?;
    rules_file.record(&needs, is_whole)?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => ExitCode::from(code as u8),
        (None, Some(signal)) => ExitCode::from(end_by_signal(signal)),
        (None, None) => ExitCode::FAILURE,
    })
}
