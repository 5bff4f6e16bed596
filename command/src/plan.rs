//! An application as its folder, the settings and the command line have it: resolved once, for `run` and `build` alike.

use std::path::Path;

use interp_config::{EntryPoint, RunTarget, Settings};
use launcher::command_parts::python_configuration;
use packer::{Application, BrokenModules, BundleError, BundleRequest, StandardLibrary};

use super::context::Context;
use super::error::CommandError;

/// The application to look for.
pub(super) struct Wanted<'a> {
    /// The path that was given, if any.
    pub(super) app: Option<&'a Path>,
    /// Whether the application is Python itself.
    pub(super) interpreter: bool,
    /// Paths below the application that are no part of it.
    pub(super) left_out: &'a [&'a Path],
    /// Whether modules that do not compile are packed without code.
    pub(super) allow_broken: bool,
}

/// The application, and all that was decided about it before anything is compiled.
pub(super) struct Plan<'c> {
    context: &'c Context,
    /// The settings, with the run target.
    pub(super) settings: Settings,
    pub(super) entry: Option<EntryPoint>,
    pub(super) application: Option<Application>,
    broken: BrokenModules,
}

impl<'c> Plan<'c> {
    pub(super) fn resolve(
        context: &'c Context,
        mut settings: Settings,
        wanted: &Wanted<'_>,
    ) -> Result<Self, CommandError> {
        let entry = settings.build.entry.clone();
        let read = |path| Application::read(path, entry.as_ref(), &context.python, wanted.left_out);
        let mut application = wanted.app.map(read).transpose()?;
        match &mut application {
            Some(application) => context.add_data(application)?,
            None if !settings.build.data.is_empty() => {
                return Err(CommandError::Usage(
                    "data is added to an application: name one, beside the entry point".into(),
                ));
            }
            None => {}
        }
        if wanted.interpreter {
            settings.interpreter = python_configuration();
        }
        settings.interpreter.run = match (&entry, &application, wanted.app) {
            (Some(entry), _, _) => RunTarget::EntryPoint(entry.clone()),
            (None, _, _) if wanted.interpreter => RunTarget::Repl,
            (None, Some(application), Some(path)) => {
                run_target(&settings.interpreter.run, application, path)?
            }
            (None, _, _) => {
                return Err(CommandError::Usage(
                    "name an application, or an installed function with `--entry package.module:function`".into(),
                ));
            }
        };
        let broken = if wanted.allow_broken { BrokenModules::Pack } else { BrokenModules::Refuse };
        Ok(Self { context, settings, entry, application, broken })
    }

    /// The request for an archive, of which the caller says where the standard library comes from, and how it is stored.
    pub(super) fn request<'p>(&'p self, library: StandardLibrary<'p>) -> BundleRequest<'p> {
        let (context, settings) = (self.context, &self.settings);
        BundleRequest {
            application: self.application.as_ref(),
            entry: self.entry.as_ref(),
            environment: context.environment.as_ref(),
            include: settings.build.include.clone(),
            exclude: settings.build.exclude.clone(),
            distribution_rules: context.distribution_rules(),
            file_access: settings.build.file_access.clone(),
            system_libraries: settings.build.system_libraries.clone(),
            glibc_floor: context.glibc_floor.as_ref(),
            debug_symbols: context.debug_symbols(),
            cache: Some(&context.cache),
            optimization: settings.interpreter.optimization_level,
            settings: settings.clone(),
            broken: self.broken,
            ..BundleRequest::new(&context.python, &context.compile, library)
        }
    }
}

/// The run target: the configured one, or else the one that the application's layout has.
fn run_target(
    configured: &RunTarget,
    application: &Application,
    path: &Path,
) -> Result<RunTarget, CommandError> {
    if *configured != RunTarget::Auto {
        return Ok(configured.clone());
    }
    application.run_target().ok_or_else(|| BundleError::nothing_to_run(path).into())
}
