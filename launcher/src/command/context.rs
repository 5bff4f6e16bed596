//! What `run` and `build` work with: the settings, the Python, the environment, the cache.

use std::error::Error as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use importer_core::Writer;
use interp_config::{Document, OptimizationLevel, Settings};

use super::arguments::Source;
use super::error::CommandError;
use super::progress::Bar;
use super::requirements;
use super::variable;
use crate::build_kind::{BUILD_PYTHON, PYTHON_VERSION};
use crate::bundle::{
    BundleRequest, COMPILE_WORKER, CacheFolder, CompileCommand, Environment, GlibcVersion,
    KeyBuilder, Needs, PythonInstallation, StandardLibrary, SupportModule,
};

/// A module of ours, from its file in `src/python`.
macro_rules! support {
    ($name:literal) => {
        SupportModule {
            name: concat!("_coldframe_", $name),
            path: concat!("_coldframe_", $name, ".py"),
            is_package: false,
            source: include_str!(concat!("../python/", $name, "_support.py")),
        }
    };
}

/// The modules of ours that every standard library archive holds.
pub(super) const SUPPORT: &[SupportModule] = &[
    support!("importlib"),
    support!("libraries"),
    support!("metadata"),
    support!("pkg_resources"),
    support!("resources"),
    support!("tracebacks"),
    support!("workers"),
];

pub(super) struct Context {
    pub(super) settings: Settings,
    /// The folder that the settings' paths start from.
    pub(super) folder: PathBuf,
    pub(super) python: PythonInstallation,
    pub(super) environment: Option<Environment>,
    pub(super) cache: CacheFolder,
    pub(super) compile: CompileCommand,
    /// The glibc that the launcher itself needs: libraries are lowered to it, and not further.
    pub(super) glibc_floor: Option<GlibcVersion>,
}

impl Context {
    /// Finds everything, for an application at `app`; the command line wins over the settings file.
    pub(super) fn new(app: Option<&Path>, source: &Source) -> Result<Self, CommandError> {
        let (mut settings, folder) = settings(app)?;
        if let Some(method) = source.start_method {
            settings.interpreter.multiprocessing_start_method = method;
        }
        if let Some(extensions) = source.extensions {
            settings.interpreter.extensions = extensions;
        }
        if source.entry.is_some() {
            settings.build.entry.clone_from(&source.entry);
        }
        settings.build.include.extend(source.include.iter().cloned());
        settings.build.exclude.extend(source.exclude.iter().cloned());
        // Before those of the file, for the first one that fits holds.
        settings.build.file_access.splice(0..0, source.file_access.iter().cloned());
        settings.build.system_libraries.splice(0..0, source.system_library.iter().cloned());
        // Before anything is done for a long time: a setting that is impossible here.
        crate::start_method::decision(&settings.interpreter)?;

        let venv = source
            .venv
            .clone()
            .or_else(|| settings.build.venv.as_deref().map(|venv| folder.join(venv)))
            .or_else(|| {
                variable("VIRTUAL_ENV").filter(|value| !value.is_empty()).map(PathBuf::from)
            });
        let python = find_python(source.python.as_deref(), venv.as_deref())?;
        let cache = cache(source.cache_dir.as_deref())?;
        let venv = match &source.requirements {
            Some(requirements) => Some(requirements::environment(requirements, &python, &cache)?),
            None => venv,
        };
        let environment = venv.map(|venv| Environment::read(&venv, &python)).transpose()?;
        let compile = CompileCommand {
            program: python.executable.clone(),
            arguments: ["-I", "-S", "-B", "-c", COMPILE_WORKER].map(Into::into).into(),
            environment: Vec::new(),
        };
        let glibc_floor = glibc_floor();
        Ok(Self { settings, folder, python, environment, cache, compile, glibc_floor })
    }

    /// The archive of that key in the cache. One that is damaged is made again.
    pub(super) fn cached(
        &self,
        key: &str,
        create: impl FnOnce(&mut fs::File) -> Result<(), CommandError>,
    ) -> Result<PathBuf, CommandError> {
        if let Some(path) = self.cache.get(key)
            && let Err(error) = crate::py::map_archive(&path).and_then(|archive| archive.check())
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
        let mut key = KeyBuilder::new()
            .text("launcher", &build_id())
            .text("python", &self.python.identity())
            .text("level", level.as_str())
            .text("compile worker", COMPILE_WORKER)
            .text("glibc", &self.glibc_floor.map(|floor| floor.to_string()).unwrap_or_default());
        for support in SUPPORT {
            key = key.text(support.name, support.source);
        }
        self.cached(&key.finish(), |file| {
            let mut bar = Bar::new("Packing Python");
            let request = BundleRequest {
                optimization: level,
                support: SUPPORT,
                glibc_floor: self.glibc_floor,
                ..BundleRequest::new(&self.python, &self.compile, StandardLibrary::Whole)
            };
            let bundle = request.build(&mut |progress| bar.show(progress))?;
            self.write_to_cache(bundle.writer, file)
        })
    }
}

/// What tells this build of the program from others of its version: they may pack in other ways.
pub(super) fn build_id() -> String {
    let found = crate::exe::own_executable().ok().and_then(|path| fs::metadata(path).ok());
    let modified = found.as_ref().and_then(|found| found.modified().ok());
    let length = found.as_ref().map(fs::Metadata::len);
    format!("{} {length:?} {modified:?}", env!("CARGO_PKG_VERSION"))
}

/// The version of glibc that this program needs; none elsewhere than on Linux.
fn glibc_floor() -> Option<GlibcVersion> {
    let contents = fs::read(crate::exe::own_executable().ok()?).ok()?;
    let mut needs = Needs::default();
    needs.add_launcher(&contents);
    needs.glibc()
}

/// The cache folder that was named, or the user's.
pub(super) fn cache(named: Option<&Path>) -> Result<CacheFolder, CommandError> {
    let cache = CacheFolder::locate(named, variable(crate::cache::CACHE_VARIABLE).as_deref())?;
    // Absolute, for the application may change its folder before it starts workers.
    match std::path::absolute(cache.path()) {
        Ok(folder) => Ok(CacheFolder::locate(Some(&folder), None)?),
        Err(_) => Ok(cache),
    }
}

/// The settings that hold for an application, and the folder that their paths start from.
///
/// `coldframe.toml`, or `pyproject.toml` with our table, beside the application or in the nearest folder above.
fn settings(app: Option<&Path>) -> Result<(Settings, PathBuf), CommandError> {
    let start = app.unwrap_or(Path::new("."));
    let start = fs::canonicalize(start).unwrap_or_else(|_| start.to_owned());
    for folder in start.ancestors().filter(|folder| folder.is_dir()) {
        for (name, document) in
            [("coldframe.toml", Document::Coldframe), ("pyproject.toml", Document::Pyproject)]
        {
            let path = folder.join(name);
            let text = match fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => {
                    return Err(CommandError::Io { action: "read the settings", path, source });
                }
            };
            if let Some(settings) =
                interp_config::parse(&text, &path.display().to_string(), document)?
            {
                return Ok((settings, folder.to_owned()));
            }
        }
    }
    Ok((Settings::default(), start))
}

/// The interpreter of a virtual environment.
pub(super) fn environment_python(venv: &Path) -> PathBuf {
    venv.join(if cfg!(windows) { r"Scripts\python.exe" } else { "bin/python" })
}

/// The Python to pack: the one named, that of the build, or (where that is gone) that of the virtual environment. It
/// must be of the version that this program is linked with.
fn find_python(
    named: Option<&Path>,
    venv: Option<&Path>,
) -> Result<PythonInstallation, CommandError> {
    let of_build = Some(Path::new(BUILD_PYTHON)).filter(|path| path.is_file());
    let of_venv = venv.map(environment_python).filter(|path| path.is_file());
    let Some(path) = named.or(of_build).or(of_venv.as_deref()) else {
        return Err(CommandError::Python(format!(
            "no Python {PYTHON_VERSION} was found to take the standard library from; name one with `--python`"
        )));
    };
    let python = PythonInstallation::inspect(path)?;
    let (major, minor, _) = python.version;
    if format!("{major}.{minor}") != PYTHON_VERSION {
        return Err(CommandError::Python(format!(
            "`{}` is Python {major}.{minor}, and this `coldframe` is built for Python {PYTHON_VERSION}; name a Python \
             {PYTHON_VERSION} with `--python`, or use a `coldframe` built for {major}.{minor}",
            path.display()
        )));
    }
    Ok(python)
}
