//! `coldframe build`: one executable.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use importer_core::{Storage, Writer};
use interp_config::{OptimizationLevel, Settings, StandardLibraryExtent};
use launcher::command_parts::map_archive;
use launcher::own_executable;
use manifest::RUNTIME;
use packer::{
    Bundle, BundleError, BundleRequest, GlibcVersion, Rebuild, StandardLibrary,
    copy_libpython_beside, write_executable_from,
};
use twox_hash::XxHash3_128;

use super::arguments;
use super::build_summary::{self, BuildSummary, WrittenExecutable};
use super::build_target::BuildTarget;
use super::context::{Context, build_id, support_modules};
use super::error::CommandError;
use super::plan::{Plan, Wanted};
use super::progress::Bar;
use super::warnings::warn_of;
use super::{why, windows_program};

pub(super) fn run(options: Box<arguments::Build>) -> Result<ExitCode, CommandError> {
    let target = BuildTarget::new(options.target.as_deref(), options.launcher.as_deref())?;
    let context = Context::for_target(options.app.as_deref(), &options.source, &target)?;
    let mut options = options;
    if options.app.is_none() && !options.interpreter {
        options.app = context.settings.build.app.as_deref().map(|app| context.folder.join(app));
    }
    let mut settings = context.settings.clone();
    settings.build.compress |= options.compress;
    if let Some(level) = options.optimize {
        settings.interpreter.optimization_level = match level {
            0 => OptimizationLevel::Zero,
            1 => OptimizationLevel::One,
            _ => OptimizationLevel::Two,
        };
    }
    let output = match &options.explain {
        // Nothing is written.
        Some(_) => PathBuf::from("explained"),
        None => output_path(&options, &context)?,
    };
    let allowed = allowed_glibc(&options, &context)?;
    with_request(&options, &context, settings, &output, |request| {
        let (options, output) = (&*options, &*output);
        let more = more_that_decides(options, &context);
        let rebuild = match options.archive || options.explain.is_some() {
            true => None,
            false => Rebuild::new(request, output, &more, |path| map_archive(path).ok())?,
        };
        if let Some(rebuild) = &rebuild
            && let Some(rebuilt) = rebuild.rebuild()?
            && let Ok(mut summary) = serde_json::from_value::<BuildSummary>(rebuilt.caller_data)
        {
            summary.grow(rebuilt.growth);
            summary.warnings.iter().for_each(|(warning, _)| warn_of(warning));
            let written = write(options, &context, output, rebuilt.writer)?;
            rebuild.remember_again(rebuilt.memory, summary.to_value());
            return build_summary::print(options, &written, &summary);
        }
        let mut bar = Bar::new("Packing");
        let Bundle { mut writer, mut report, outside, .. } =
            request.build(&mut |progress| bar.show(progress))?;
        drop(bar);
        if let Some(name) = &options.explain {
            why::print(&report.trace, name, "in this application", options.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        // It comes along with a standard library that is copied as a whole.
        writer.remove_attribute(RUNTIME);
        if !options.archive {
            report.needs.add_launcher(&context.runtime.contents);
        }
        let summary = BuildSummary::of(&report)?;
        summary.warnings.iter().for_each(|(warning, _)| warn_of(warning));
        let absent =
            summary.warnings.iter().filter(|(_, is_about_absence)| *is_about_absence).count();
        if options.strict && absent > 0 {
            return Err(CommandError::Absent(absent));
        }
        if let Some(allowed) = allowed {
            let needs = report.needs.above(allowed);
            if !needs.is_empty() {
                return Err(CommandError::Glibc { allowed, needs });
            }
        }
        let written = write(options, &context, output, writer)?;
        if let Some(rebuild) = &rebuild {
            rebuild.remember(&report, &outside, summary.to_value());
        }
        build_summary::print(options, &written, &summary)
    })
}

/// Writes the executable, or the archive.
fn write<'m>(
    options: &arguments::Build,
    context: &'m Context,
    output: &'m Path,
    writer: Writer,
) -> Result<WrittenExecutable<'m>, CommandError> {
    let settings = context.settings_file.as_deref();
    if options.archive {
        let bytes = write_archive(output, |file| Ok(writer.finish(file)?))?;
        return Ok(WrittenExecutable { output, bytes, libpython: None, settings });
    }
    let launcher = own_executable()?;
    create_parent(output)?;
    let mut runtime = context.runtime.contents.clone();
    windows_program::read(&options.windows)?.write_into(&mut runtime)?;
    let bytes = write_executable_from(runtime, context.debug_symbols(), writer, output)?;
    let libpython = copy_libpython_beside(&launcher, &context.python, output)?;
    Ok(WrittenExecutable { output, bytes, libpython, settings })
}

/// The facts that decide about an executable beside the request.
fn more_that_decides(options: &arguments::Build, context: &Context) -> String {
    let runtime = XxHash3_128::oneshot(&context.runtime.contents);
    let windows = &options.windows;
    format!("{} {runtime:x} {} {:?} {windows:?}", build_id(), options.strict, options.glibc)
}

/// Finds the files to pack, and hands over the request for them.
fn with_request<T>(
    options: &arguments::Build,
    context: &Context,
    settings: Settings,
    output: &Path,
    work: impl FnOnce(&BundleRequest<'_>) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let wanted = Wanted {
        app: options.app.as_deref(),
        interpreter: options.interpreter,
        left_out: &[output, context.cache.path()],
        allow_broken: options.source.allow_broken,
    };
    let mut plan = Plan::resolve(context, settings, &wanted)?;
    let build = &mut plan.settings.build;
    // The program that embeds the archive decides what runs.
    if options.archive && build.standard_library == StandardLibraryExtent::Auto {
        build.standard_library = StandardLibraryExtent::Whole;
    }
    let (plan, build) = (&plan, &plan.settings.build);
    // A part of the standard library that the cached archive leaves out, or serves in another way, has to be packed from
    // the installation.
    // (The one that this program carries has no more than is in it, whatever is to be included.)
    let is_whole = (build.include.is_empty() || context.carried.is_some())
        && build.file_access.is_empty()
        && (!build.keep_symbols || context.carried.is_some())
        && build.system_libraries.is_empty();
    let level = plan.settings.interpreter.optimization_level;
    let library =
        if is_whole { Some(map_archive(&context.standard_library(level)?)?) } else { None };
    let support_modules = support_modules();
    let source =
        library.as_ref().map_or(context.standard_library_files(), StandardLibrary::FromArchive);
    work(&BundleRequest {
        storage: if build.compress { Storage::Compressed } else { Storage::InPlace },
        waiting_room: waiting_room(options, output),
        standard_library: build.standard_library,
        jobs: options.jobs,
        support: if library.is_some() { &[] } else { &support_modules },
        ..plan.request(source)
    })
}

/// The highest version of glibc that may be needed: the command line's, or the settings'.
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

/// The path of the output: the command line's, or the settings'.
fn output_path(options: &arguments::Build, context: &Context) -> Result<PathBuf, CommandError> {
    let configured =
        context.settings.build.output.as_deref().map(|output| context.folder.join(output));
    let named = options.output.clone().or(configured);
    let output = named
        .ok_or_else(|| CommandError::Usage("name the executable to write with `-o FILE`".into()))?;
    // The check comes before the long work: nothing is worth compiling for a place that cannot be written to.
    if output.is_dir() {
        return Err(BundleError::output(output, "it is a folder; name a file in it").into());
    }
    Ok(output)
}

/// The folder of the executable, for contents that do not fit into memory: without room for them it has none for the
/// executable.
fn waiting_room(options: &arguments::Build, output: &Path) -> Option<PathBuf> {
    let folder = match output.parent()? {
        empty if empty.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    (options.explain.is_none() && folder.is_dir()).then(|| folder.to_owned())
}

fn create_parent(output: &Path) -> Result<(), CommandError> {
    match output.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => fs::create_dir_all(parent).map_err(|source| {
            BundleError::output(output, format!("cannot make its folder: {source}")).into()
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
    let cannot = |source: std::io::Error| BundleError::output(output, source.to_string());
    let folder =
        output.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // The user's `umask` takes its part away.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(cannot)?;
    let bytes = write(file.as_file_mut())?;
    file.as_file().sync_all().map_err(cannot)?;
    file.persist(output).map_err(|error| cannot(error.error))?;
    Ok(bytes)
}
