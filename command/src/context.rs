//! The settings, the Python, the environment and the cache that `run` and `build` work with.

use std::error::Error as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use importer_core::{Archive, Writer};
use interp_config::{AddedData, OptimizationLevel, Settings};
use launcher::command_parts::map_archive;
use launcher::command_parts::{SUPPORT_MODULES, SupportSource};
use packer::{
    Application, BundleRequest, COMPILE_WORKER, CacheFolder, CompileCommand, DebugSymbols,
    Environment, GlibcFloor, KeyBuilder, Needs, Purpose, PythonInstallation, StandardLibrary,
    SupportModule,
};

use super::arguments::Source;
use super::build_target::BuildTarget;
use super::error::CommandError;
use super::packed_python::{self, PackedPython};
use super::progress::Bar;
use super::requirements;
use super::runtime_file::RuntimeFile;
use super::settings_file::{self, Found};
use super::variable;
use super::warnings::warn_of;

/// The level that the archive of a program with its own standard library is compiled for.
pub(super) const CARRIED_LEVEL: OptimizationLevel = OptimizationLevel::Zero;

/// The modules of ours that every standard library archive holds.
pub(super) fn support_modules() -> Vec<SupportModule> {
    let modules = SUPPORT_MODULES.iter().map(|&SupportSource { name, path, source }| {
        SupportModule { name, path, is_package: false, source }
    });
    modules.collect()
}

pub(super) struct Context {
    pub(super) settings: Settings,
    /// The folder that the settings' paths start from.
    pub(super) folder: PathBuf,
    /// The file that they were read from.
    pub(super) settings_file: Option<PathBuf>,
    pub(super) python: PythonInstallation,
    /// The archive behind this program, when it is that Python's standard library.
    pub(super) carried: Option<Archive>,
    pub(super) environment: Option<Environment>,
    pub(super) cache: CacheFolder,
    pub(super) compile: CompileCommand,
    /// The glibc that the launcher itself needs: libraries are lowered to it, and not further.
    pub(super) glibc_floor: Option<GlibcFloor>,
    /// The program that is put before the archives of applications.
    pub(super) runtime: RuntimeFile,
}

impl Context {
    /// Finds everything, for an application at `app`; the command line wins over the settings file.
    pub(super) fn new(app: Option<&Path>, source: &Source) -> Result<Self, CommandError> {
        Self::for_target(app, source, &BuildTarget::Here)
    }

    /// The same, for another system.
    pub(super) fn for_target(
        app: Option<&Path>,
        source: &Source,
        target: &BuildTarget,
    ) -> Result<Self, CommandError> {
        let Found { settings, folder, file, refused } = settings_file::find(app)?;
        if let Some(refused) = refused {
            warn_of(&refused);
        }
        let venv = source
            .venv
            .clone()
            .or_else(|| target.environment_around(source.python.as_deref()?))
            .or_else(|| settings.build.venv.as_deref().map(|venv| folder.join(venv)))
            .or_else(|| active_environment().filter(|_| !target.is_elsewhere()));
        let environments = Environments { named: venv, may_be_own: true };
        let context = Self::with_settings(settings, folder, environments, source, target)?;
        Ok(Self { settings_file: file, ..context })
    }

    /// Finds the parts that no application decides: no settings and no environment are looked for.
    pub(super) fn of_no_application(source: &Source) -> Result<Self, CommandError> {
        let environments = Environments { named: None, may_be_own: false };
        let folder = PathBuf::from(".");
        Self::with_settings(Settings::default(), folder, environments, source, &BuildTarget::Here)
    }

    fn with_settings(
        mut settings: Settings,
        folder: PathBuf,
        environments: Environments,
        source: &Source,
        target: &BuildTarget,
    ) -> Result<Self, CommandError> {
        if let Some(mode) = source.python_mode {
            settings.interpreter.python_mode = mode;
        }
        if let Some(method) = source.start_method {
            settings.interpreter.multiprocessing_start_method = method;
        }
        if let Some(extensions) = source.extensions {
            settings.interpreter.extensions = extensions;
        }
        if source.entry.is_some() {
            settings.build.entry.clone_from(&source.entry);
        }
        if let Some(extent) = source.standard_library {
            settings.build.standard_library = extent;
        }
        settings.build.keep_symbols |= source.keep_symbols;
        settings.build.include.extend(source.include.iter().cloned());
        settings.build.exclude.extend(source.exclude.iter().cloned());
        // Paths on the command line are relative to the current folder.
        let absolute = |file: &PathBuf| std::path::absolute(file).unwrap_or_else(|_| file.clone());
        let named =
            source.distribution_rules.iter().map(|file| absolute(file).display().to_string());
        settings.build.distribution_rules.extend(named);
        settings.build.data.extend(source.add_data.iter().map(|data| AddedData {
            from: absolute(&PathBuf::from(&data.from)).display().to_string(),
            to: data.to.clone(),
        }));
        // Rules of the command line come before those of the file, for the first one that fits holds.
        settings.build.file_access.splice(0..0, source.file_access.iter().cloned());
        settings.build.system_libraries.splice(0..0, source.system_library.iter().cloned());
        // The check comes before the long work: the setting may be impossible here.
        target.check_start_method(&settings.interpreter)?;

        let packed = target.python(source.python.as_deref(), environments.named.as_deref())?;
        let runtime = target.runtime(&packed)?;
        let PackedPython { installation: python, carried, compile } = packed;
        let cache = cache(source.cache_dir.as_deref())?;
        let venv = match &source.requirements {
            Some(_) if target.is_elsewhere() => return Err(target.no_requirements()),
            Some(requirements) => Some(requirements::environment(requirements, &python, &cache)?),
            None if environments.may_be_own => {
                let around = || target.prefix_around(source.python.as_deref()?, &python);
                let own = || packed_python::own_environment(&python);
                environments.named.or_else(around).or_else(own)
            }
            None => environments.named,
        };
        let environment = venv.map(|venv| Environment::read(&venv, &python)).transpose()?;
        let glibc_floor = glibc_floor(&runtime.contents);
        Ok(Self {
            settings,
            folder,
            settings_file: None,
            python,
            carried,
            environment,
            cache,
            compile,
            glibc_floor,
            runtime,
        })
    }

    /// The archive of that key in the cache. One that is damaged is made again.
    pub(super) fn cached(
        &self,
        key: &str,
        create: impl FnOnce(&mut fs::File) -> Result<(), CommandError>,
    ) -> Result<PathBuf, CommandError> {
        if let Some(path) = self.cache.get(key)
            && let Err(error) = map_archive(&path).and_then(|archive| archive.check())
        {
            tracing::warn!(%error, "an archive in the cache is made again");
            self.cache.remove(key)?;
        }
        self.cache.get_or_create(key, create)
    }

    /// Writes an archive into a file that the cache handed out.
    pub(super) fn write_to_cache(
        &self,
        writer: Writer,
        file: &mut fs::File,
    ) -> Result<(), CommandError> {
        let Err(error) = writer.finish(file) else { return Ok(()) };
        match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
            // The place is at fault, and not what was to be packed.
            Some(source) => Err(self
                .cache
                .write_error(io::Error::new(source.kind(), source.to_string()))
                .into()),
            None => Err(error.into()),
        }
    }

    /// The archive of the whole standard library for an optimisation level, made when it is not in the cache yet.
    pub(super) fn standard_library(
        &self,
        level: OptimizationLevel,
    ) -> Result<PathBuf, CommandError> {
        if let Some(carried) = &self.carried
            && level == CARRIED_LEVEL
        {
            return Ok(carried.path().to_owned());
        }
        let mut key = KeyBuilder::new()
            .text("launcher", &build_id())
            .text("python", &self.python.identity())
            .text("level", level.as_str())
            .text("compile worker", COMPILE_WORKER)
            .text(
                "glibc",
                &self.glibc_floor.as_ref().map(|floor| format!("{floor:?}")).unwrap_or_default(),
            );
        let support_modules = support_modules();
        for support in &support_modules {
            key = key.text(support.name, support.source);
        }
        self.cached(&key.finish(), |file| {
            let mut bar = Bar::new("Packing Python");
            let request = BundleRequest {
                optimization: level,
                support: &support_modules,
                cache: Some(&self.cache),
                purpose: Purpose::StandardLibrary,
                glibc_floor: self.glibc_floor.as_ref(),
                ..BundleRequest::new(&self.python, &self.compile, self.standard_library_files())
            };
            let bundle = request.build(&mut |progress| bar.show(progress))?;
            self.write_to_cache(bundle.writer, file)
        })
    }

    /// The setting for the sections that debuggers read.
    pub(super) fn debug_symbols(&self) -> DebugSymbols {
        if self.settings.build.keep_symbols { DebugSymbols::Keep } else { DebugSymbols::Remove }
    }

    /// The files with rules for distributions that the settings and the command line name.
    pub(super) fn distribution_rules(&self) -> Vec<PathBuf> {
        self.settings.build.distribution_rules.iter().map(|file| self.folder.join(file)).collect()
    }

    /// Adds the data that the settings name to an application.
    pub(super) fn add_data(&self, application: &mut Application) -> Result<(), CommandError> {
        for data in &self.settings.build.data {
            let suffixes = &self.python.extension_suffixes;
            application.add_data(&self.folder.join(&data.from), data.to.as_deref(), suffixes)?;
        }
        Ok(())
    }

    /// The standard library's files, to be packed anew.
    pub(super) fn standard_library_files(&self) -> StandardLibrary<'_> {
        self.carried.as_ref().map_or(StandardLibrary::Whole, StandardLibrary::FromSources)
    }
}

/// The environments that packages may come from.
struct Environments {
    /// The environment of the command line or the settings, or the active one.
    named: Option<PathBuf>,
    /// Whether the one that this program is installed in is meant where none is named.
    may_be_own: bool,
}

/// The virtual environment that is active.
fn active_environment() -> Option<PathBuf> {
    variable("VIRTUAL_ENV").filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// An identity of this build of the program, for others of its version may pack in other ways.
pub(super) fn build_id() -> String {
    let found = launcher::own_executable().ok().and_then(|path| fs::metadata(path).ok());
    let modified = found.as_ref().and_then(|found| found.modified().ok());
    let length = found.as_ref().map(fs::Metadata::len);
    format!("{} {length:?} {modified:?}", env!("CARGO_PKG_VERSION"))
}

/// The glibc that the runtime needs; none elsewhere than on Linux.
fn glibc_floor(runtime: &[u8]) -> Option<GlibcFloor> {
    let mut needs = Needs::default();
    needs.add_launcher(runtime);
    Some(GlibcFloor::of_launcher(needs.glibc()?, runtime))
}

/// The cache folder that was named, or the user's.
pub(super) fn cache(named: Option<&Path>) -> Result<CacheFolder, CommandError> {
    let cache = CacheFolder::locate(named, variable(cache::CACHE_VARIABLE).as_deref())?;
    // The path is absolute, for the application may change its folder before it starts workers.
    match std::path::absolute(cache.path()) {
        Ok(folder) => Ok(CacheFolder::locate(Some(&folder), None)?),
        Err(_) => Ok(cache),
    }
}
