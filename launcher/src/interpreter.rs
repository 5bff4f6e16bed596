//! The library's front door: build an interpreter, and run it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use interp_config::{PostImportHook, Profile, PythonInterpreterConfig};

use crate::ancestors;
use crate::ancestry::{self, Ancestry};
use crate::bound::{Exception, Object};
use crate::error::{Error, Problem};
use crate::exit_code::{self, End};
use crate::import_trace::{self, ImportTrace};
use crate::py::{self, Launch, RegisteredHook, Task, Token};
use crate::python_mode::{PythonRequest, is_heard};
use crate::{build, exe, importlib_hooks, start_method, surroundings, worker, worker_hooks};

/// The variable by which a user has libraries copied: a way out where mapping them goes wrong.
const MAP_LIBRARIES: &str = "COLDFRAME_MAP_LIBRARIES";

/// A Python interpreter that is ready to run. One process runs one.
#[must_use = "an interpreter does nothing until it is run"]
pub struct Interpreter {
    config: PythonInterpreterConfig,
    archives: Vec<PathBuf>,
    arguments: Vec<OsString>,
    hooks: Vec<RegisteredHook>,
    variables: Vec<(&'static str, Option<OsString>)>,
    cache: Option<PathBuf>,
    open_log: Option<PathBuf>,
    mode: Mode,
    children: Children,
}

/// The kind of the processes that this one starts as `sys.executable`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "runtime"),
    expect(unreachable_pub, reason = "only programs with a runtime choose")
)]
pub enum Children {
    /// Their own command line decides.
    #[default]
    ByCommandLine,
    /// `python`, because this one was asked to be that.
    #[cfg(feature = "runtime")]
    Python,
    /// They are told nothing: this is a `python`, and leaves its children's environment as that would.
    #[cfg(feature = "runtime")]
    Untold,
}

/// Whether the interpreter runs the application or is `python`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The configuration's run target; a worker process when the command line is that of one.
    #[default]
    Application,
    /// The command line of `python`: `-c`, `-m`, flags, the REPL.
    Python,
}

impl Children {
    /// The message to them: whether they are `python`; `None` for no message.
    fn are_python(self) -> Option<bool> {
        match self {
            Self::ByCommandLine => Some(false),
            #[cfg(feature = "runtime")]
            Self::Python => Some(true),
            #[cfg(feature = "runtime")]
            Self::Untold => None,
        }
    }
}

/// A module that has just been imported, as a post-import hook gets it.
#[derive(Clone, Debug)]
pub struct Imported<'py> {
    module: Object<'py>,
}

impl<'py> Imported<'py> {
    /// Proof that this thread is attached, for functions that make objects.
    pub fn token(&self) -> Token<'py> {
        self.module.token()
    }

    /// The module.
    pub fn module(&self) -> Object<'py> {
        self.module.clone()
    }

    /// The module's name.
    ///
    /// # Errors
    ///
    /// The exception that Python raises for a module that has none.
    pub fn name(&self) -> Result<String, Exception<'py>> {
        self.module.attribute("__name__")?.to_text()
    }
}

impl Interpreter {
    /// Starts from a configuration, no archive, and the command line of this process.
    pub fn builder(config: PythonInterpreterConfig) -> Self {
        Self {
            config,
            archives: Vec::new(),
            arguments: std::env::args_os().collect(),
            hooks: Vec::new(),
            variables: Vec::new(),
            cache: None,
            open_log: None,
            mode: Mode::default(),
            children: Children::default(),
        }
    }

    /// Adds an archive, or an executable with one behind it. The first that holds a module wins.
    pub fn archive(mut self, path: impl Into<PathBuf>) -> Self {
        self.archives.push(path.into());
        self
    }

    /// Replaces the command line, the program's name first.
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Sets a variable in the environment of this process, for the processes that it starts.
    #[cfg(feature = "runtime")]
    #[doc(hidden)]
    pub fn inherited_variable(mut self, name: &'static str, value: OsString) -> Self {
        self.variables.push((name, Some(value)));
        self
    }

    /// Takes a variable out of the environment: it was for this process, and not for those that it starts.
    #[cfg(feature = "runtime")]
    #[doc(hidden)]
    pub fn taken_variable(mut self, name: &'static str) -> Self {
        self.variables.push((name, None));
        self
    }

    /// Chooses the folder for the files that packages must find on disk.
    pub fn cache_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = Some(folder.into());
        self
    }

    /// Writes the files of the cache that Python code opens into that log, which is there already.
    #[cfg(feature = "runtime")]
    #[doc(hidden)]
    pub fn open_log(mut self, file: PathBuf) -> Self {
        self.open_log = Some(file);
        self
    }

    /// Chooses between the application and `python`.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Runs `hook` when `module` has been imported, before the importing statement continues.
    ///
    /// An error fails the import with that exception.
    pub fn post_import_hook(
        mut self,
        module: impl Into<String>,
        hook: impl for<'py> Fn(Imported<'py>) -> Result<(), Exception<'py>> + Send + Sync + 'static,
    ) -> Self {
        let module = module.into();
        self.hooks.push(RegisteredHook {
            label: format!("Rust hook on {module}"),
            module,
            run: Arc::new(move |token, module| {
                let module = Object::new(token, module.clone_ref(token));
                hook(Imported { module }).map_err(Exception::unbound)
            }),
        });
        self
    }

    /// Says whether a process that this one starts as `sys.executable` is to be `python` as well.
    #[cfg(feature = "runtime")]
    #[doc(hidden)]
    pub fn children(mut self, children: Children) -> Self {
        self.children = children;
        self
    }

    /// Runs the interpreter to its end.
    ///
    /// A process that CPython's `multiprocessing` started becomes its worker and never runs the application, unless
    /// the configuration says otherwise.
    ///
    /// On Linux two things of Rust's runtime are taken back first, for Python has its own ways: standard streams that were
    /// closed when the process began are closed again, and Rust's handlers of `SIGSEGV` and `SIGBUS` are removed.
    ///
    /// On Windows an exit code may have 32 bits, of which `ExitCode` takes a byte: with a larger one the process ends here.
    ///
    /// # Errors
    ///
    /// The reason why Python could not run. Errors of the application give an exit code.
    pub fn run(self) -> Result<ExitCode, Error> {
        let Self {
            mut config,
            archives,
            arguments,
            mut hooks,
            mut variables,
            cache,
            open_log,
            mode,
            children,
        } = self;
        if surroundings::is_privileged() {
            // `PYTHONPATH` and its like are code of the user who starts this program.
            config.profile = Profile::Isolated;
        }
        let executable = exe::own_executable()?;
        let archives =
            archives.iter().map(|path| py::map_archive(path)).collect::<Result<Vec<_>, _>>()?;
        archives.iter().try_for_each(manifest::check_version)?;
        // A process may be started without even the program's name, and then has no arguments.
        let worker = if config.multiprocessing_auto_dispatch {
            worker::parse(arguments.get(1..).unwrap_or_default())?
        } else {
            None
        };
        // Without the library it is nobody's worker, and the words are the application's own.
        let worker = match worker {
            Some(worker) if !config.filesystem_importer => {
                let mut holds = archives.is_empty();
                for archive in &archives {
                    holds |= archive.module(worker.library())?.is_some();
                }
                holds.then_some(worker)
            }
            worker => worker,
        };
        if worker.is_some() && surroundings::is_privileged() {
            return Err(worker::Refused::privileged().into());
        }
        // It counts also where other variables do not: it can only stop the program.
        let variable = std::env::var_os(ancestry::VARIABLE);
        let process = std::process::id();
        let above = Ancestry::read(variable.as_deref(), &executable, process);
        // A program that leaves its workers to Python starts them by the same command lines.
        let limit = if worker::is_one(arguments.get(1..).unwrap_or_default()) {
            ancestry::WORKER_DEPTH_LIMIT
        } else {
            ancestry::DEPTH_LIMIT
        };
        let ancestors = ancestors::look(limit, above.is_marked());
        let is_ours = ancestors.is_this(above.is_marked());
        let is_refused = worker.is_some() && !is_ours;
        let above = above.with_living(ancestors.living);
        above.check(&executable, &arguments, limit)?;
        let asks_for_python = is_heard(config.python_mode, PythonRequest::ByCommandLine, is_ours)
            && !surroundings::is_privileged()
            && worker::is_for_python(arguments.get(1..).unwrap_or_default());
        let task = match (worker, mode) {
            (Some(worker), _) => Task::Worker(worker),
            (None, Mode::Application) if !asks_for_python => Task::Application,
            (None, Mode::Application | Mode::Python) => Task::Python,
        };
        if let Some(are_python) = children.are_python() {
            let value = above.for_children(&executable, process, are_python);
            variables.push((ancestry::VARIABLE, Some(value)));
        }
        let variable = surroundings::variable(import_trace::VARIABLE);
        let trace = ImportTrace::begin(variable.as_deref(), &process_name(&executable, &task))?;
        variables
            .extend(trace.iter().map(|trace| (import_trace::VARIABLE, Some(trace.for_children()))));
        let decision = start_method::decision(&config)?;
        tracing::debug!(method = ?decision.method, reason = %decision.reason, "start method decided");
        if let Some(caution) = decision.caution {
            tracing::warn!(%caution, "start method");
        }
        // In a program that is `python` only the start method is ours, where it is set.
        let patches = config.multiprocessing_auto_dispatch && !matches!(task, Task::Python);
        let worker_patches = worker_hooks::hooks().filter(|_| patches);
        let first =
            importlib_hooks::hooks().chain(worker_patches).chain(start_method::hook(&decision));
        hooks.splice(0..0, first);
        hooks.extend(config.post_import_hooks.iter().map(configured_hook));
        if let Some(archive) = archives.first() {
            let own = build::identity(archive.id(), &executable);
            let parent = surroundings::variable(build::VARIABLE);
            if matches!(task, Task::Worker(_)) && build::is_another(parent.as_deref(), &own) {
                return Err(Problem::Replaced { path: executable }.into());
            }
            if children.are_python().is_some() {
                variables.push((build::VARIABLE, Some(own)));
            }
        }
        // The worker of a program that was replaced has got its own error above.
        if is_refused {
            return Err(worker::Refused::by_another().into());
        }
        let variable = surroundings::variable(cache::CACHE_VARIABLE).map(PathBuf::from);
        if let Some(folder) = variable.filter(|folder| !folder.as_os_str().is_empty())
            && folder.is_relative()
            && let Ok(folder) = std::path::absolute(folder)
        {
            // The variable is for processes that start in another folder.
            variables.push((cache::CACHE_VARIABLE, Some(folder.into())));
        }
        let cache = cache::locate(
            cache.as_deref(),
            surroundings::variable(cache::CACHE_VARIABLE).as_deref(),
        );
        let code = py::run(Launch {
            config,
            archives,
            executable,
            arguments,
            cache,
            hooks,
            variables,
            maps_libraries: surroundings::variable(MAP_LIBRARIES).is_none_or(|value| value != "0"),
            trace,
            open_log,
            task,
        })?;
        match exit_code::end(code, cfg!(windows)) {
            End::Returned(byte) => Ok(ExitCode::from(byte)),
            #[expect(
                clippy::disallowed_methods,
                reason = "the standard library has no `ExitCode` for it, and Python has ended"
            )]
            End::Exited(code) => std::process::exit(code),
        }
    }
}

/// The name of a process on the timeline of imports.
fn process_name(executable: &Path, task: &Task) -> String {
    // The path of a file that runs ends with a name.
    let name = executable.file_name().unwrap_or_default().to_string_lossy();
    match task {
        Task::Application => name.into_owned(),
        Task::Worker(_) => format!("{name} (worker)"),
        Task::Python => format!("{name} (python)"),
    }
}

/// A hook that the configuration names: its function is found when the module is imported, and not before.
fn configured_hook(hook: &PostImportHook) -> RegisteredHook {
    let function = hook.hook.clone();
    RegisteredHook {
        module: hook.module.clone(),
        label: function.to_string(),
        run: Arc::new(move |token, module| {
            py::resolve(token, &function)?.call(token, &[module]).map(drop)
        }),
    }
}
