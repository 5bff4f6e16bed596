//! One run of the main interpreter, from start to exit code.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use importer_core::{Archive, Stack};
use interp_config::{PythonInterpreterConfig, RunTarget, with_origin};
use pyo3_ffi as ffi;

use crate::error::{Error, Problem};
use crate::file_access::FileAccess;
use crate::import_trace::ImportTrace;
use crate::open_log::OpenLog;
use crate::py::ffi::boundary;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::text::path_text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, loaded_module};
use crate::py::import::lookup::virtual_path;
use crate::py::import::own_module;
#[cfg(not(windows))]
use crate::py::process::audit;
use crate::py::process::boot;
use crate::py::process::config::{CommandLine, Initialised, Paths, Run, initialise};
use crate::py::process::environment::{self, Change};
use crate::py::process::exit::{Ending, end_interrupted, ending_of, finalise};
use crate::py::process::main_module;
use crate::py::process::process_state;
use crate::py::process::runtime::{self, RegisteredHook, Runtime};
use crate::py::process::task::Task;
use crate::py::process::version;
use crate::py::process::worker;

/// Everything that a run needs, as values.
pub(crate) struct Launch {
    pub(crate) config: PythonInterpreterConfig,
    pub(crate) archives: Vec<Archive>,
    /// `sys.executable`: what worker processes start.
    pub(crate) executable: PathBuf,
    /// The command line, the program's name first.
    pub(crate) arguments: Vec<OsString>,
    /// The folder for the files of packages that must lie on disk; none where there is no home folder either.
    pub(crate) cache: Option<PathBuf>,
    pub(crate) hooks: Vec<RegisteredHook>,
    /// Set in the environment of this process for its children, or taken out of it.
    pub(crate) variables: Vec<(&'static str, Option<OsString>)>,
    /// Whether libraries are mapped from the archive where they can be.
    pub(crate) maps_libraries: bool,
    /// The timeline of imports, if one was asked for.
    pub(crate) trace: Option<ImportTrace>,
    /// The file for a record of the files that Python code opens, if one was asked for.
    pub(crate) open_log: Option<PathBuf>,
    pub(crate) task: Task,
}

/// Runs an interpreter to its end, and gives the exit code of the process.
pub(crate) fn run(launch: Launch) -> Result<i32, Error> {
    let Launch {
        config,
        archives,
        executable,
        arguments,
        cache,
        hooks,
        variables,
        maps_libraries,
        trace,
        open_log,
        task,
    } = launch;
    let root = archives.first().map(|archive| archive.path().as_os_str().to_owned());
    let archives = Stack::new(archives);
    let opened = open_log.zip(cache.as_ref());
    let opened = opened.map(|(log, folder)| OpenLog::new(log, folder.join(cache::FILES)));
    let files = FileAccess::read(&archives, cache)?;
    // Before anything of Python's is called.
    #[cfg(windows)]
    crate::py::native::deferred_python::link(&archives, &files)?;
    for archive in archives.archives() {
        // The number of the bytecode can only be asked of a running Python; `boot` does.
        let running =
            version::running_target(archive.target().bytecode_magic, archive.target().optimization);
        archive.check_target(&running)?;
    }
    process_state::restore();
    let folder =
        executable.parent().map(|folder| folder.as_os_str().to_owned()).unwrap_or_default();
    let own = variables
        .into_iter()
        .map(|(name, value)| (name, value.map_or(Change::Remove, Change::Set)));
    let changes: Vec<_> = library_variables(&config, &folder).chain(own).collect();
    environment::change(&changes)?;
    let boots_from_archive = archives.module("encodings")?.is_some();
    let worker_main = match &task {
        Task::Worker(_) => Some(main_module::worker_main(&archives, &config.run)?),
        Task::Application | Task::Python => None,
    };
    let behaves_as_python = matches!(task, Task::Python);
    if !boots_from_archive && !config.filesystem_importer {
        return Err(Problem::NoStandardLibrary.into());
    }

    let (command_line, run) = what_to_run(&config, &task, arguments, &folder);
    let extra_paths = config.module_search_paths.iter().map(|path| with_origin(path, &folder));
    let paths = Paths {
        executable: executable.into_os_string(),
        prefix: root.clone().filter(|_| boots_from_archive),
        module_search_paths: root.clone().filter(|_| boots_from_archive).map(|root| {
            let mut entries = vec![root];
            entries.extend(extra_paths.clone());
            entries
        }),
    };
    let late_paths: Vec<OsString> =
        if boots_from_archive { Vec::new() } else { extra_paths.collect() };
    let runtime = Runtime {
        archives,
        root: root.unwrap_or_else(|| paths.executable.clone()),
        facts: std::sync::OnceLock::new(),
        files,
        config: config.clone(),
        folder,
        behaves_as_python,
        worker_main,
        hooks,
        maps_libraries,
        trace,
        opened,
    };
    if !runtime::set(runtime) {
        return Err(Error::start("this process has already started an interpreter"));
    }
    #[cfg(not(windows))]
    if runtime::get_if_set().is_some_and(|runtime| runtime.opened.is_some()) {
        audit::add()?;
    }
    boot::add_builtin_modules(boots_from_archive)?;
    let script = match initialise(&config, &paths, &command_line, &run)? {
        Initialised::Exit(code) => return Ok(code),
        Initialised::Script(script) => Some(script),
        Initialised::Ready => None,
    };
    // SAFETY: initialisation leaves this thread attached to the main interpreter.
    let py = unsafe { Token::assume_attached() };
    if !boots_from_archive {
        let installed = boundary::guarded(py, |py| install_late(py, &late_paths));
        if let Err(exception) = installed {
            let message = exception.describe(py);
            drop(exception);
            finalise(Ending::Code(1));
            return Err(Error::start(message));
        }
    }
    let ready = boundary::guarded(py, |py| {
        if boots_from_archive {
            set_library_folder(py)?;
        }
        own_module::finder(py)?.call_method(py, "run_waiting_hooks", &[])?;
        main_module::before_main(py, &config, &task)
    });
    let outcome = match (ready, task) {
        (Err(exception), _) => Err(exception),
        (Ok(()), Task::Worker(worker)) => {
            boundary::guarded(py, |py| worker::become_worker(py, &worker))
        }
        (Ok(()), Task::Application) => match &config.run {
            RunTarget::Module(name) => {
                boundary::guarded(py, |py| main_module::run_module(py, name))
            }
            RunTarget::EntryPoint(entry) => {
                boundary::guarded(py, |py| main_module::run_entry_point(py, entry))
            }
            RunTarget::Script(_) | RunTarget::Code(_) | RunTarget::Repl | RunTarget::Auto => {
                // SAFETY: initialised, attached, and no `Object` is alive; it finalises and returns the exit code.
                return Ok(unsafe { ffi::Py_RunMain() });
            }
        },
        (Ok(()), Task::Python) if let Some(script) = script => {
            boundary::guarded(py, |py| main_module::run_script(py, &script))
        }
        // SAFETY: as above.
        (Ok(()), Task::Python) => return Ok(unsafe { ffi::Py_RunMain() }),
    };
    let ending = match outcome {
        Ok(()) => Ending::Code(0),
        Err(exception) => ending_of(py, exception),
    };
    Ok(match finalise(ending) {
        Ending::Code(code) => code,
        Ending::Interrupted => end_interrupted(),
    })
}

/// The command line that Python sees, and the text or file that it runs itself.
fn what_to_run(
    config: &PythonInterpreterConfig,
    task: &Task,
    arguments: Vec<OsString>,
    folder: &OsStr,
) -> (CommandLine, Run) {
    let program = arguments.first().cloned().unwrap_or_default();
    let with_first = |first: OsString| {
        let mut argv = vec![first];
        argv.extend(config.argv.iter().map(OsString::from));
        argv.extend(arguments.iter().skip(1).cloned());
        CommandLine::Given(argv)
    };
    match task {
        Task::Python => (CommandLine::Parsed(arguments), Run::default()),
        Task::Worker(worker) => (
            CommandLine::Given(worker.argv.clone()),
            Run { unbuffered: worker.unbuffered, ..Run::default() },
        ),
        Task::Application => match &config.run {
            RunTarget::Code(code) => {
                (with_first("-c".into()), Run { code: Some(code.clone()), ..Run::default() })
            }
            RunTarget::Script(path) => {
                let path = with_origin(path, folder);
                (with_first(path.clone()), Run { file: Some(path), ..Run::default() })
            }
            RunTarget::Repl | RunTarget::Auto => (with_first(OsString::new()), Run::default()),
            RunTarget::Module(_) | RunTarget::EntryPoint(_) => {
                (with_first(program), Run::default())
            }
        },
    }
}

/// Says where the standard library is, in `sys` and in the modules that lie there although they are frozen.
///
/// CPython takes it from its configuration; but up to 3.11.7 and 3.12.1 it forgets it where a home is set, and imports those
/// modules before any code of ours runs.
fn set_library_folder(py: Token<'_>) -> Result<(), Exception> {
    let sys = import(py, "sys")?;
    if !cfg!(Py_3_11) || sys.attribute_or_none(py, "_stdlib_dir")?.is_some() {
        return Ok(());
    }
    sys.set_attribute(py, "_stdlib_dir", &path_text(py, &runtime::get(py)?.root)?)?;
    for (name, path) in [
        ("zipimport", "zipimport.py"),
        ("_frozen_importlib_external", "importlib/_bootstrap_external.py"),
    ] {
        let path = virtual_path(py, path)?;
        if let Some(module) = loaded_module(py, name)? {
            // A copy of importlib compares these two.
            let state = module.attribute(py, "__spec__")?.attribute(py, "loader_state")?;
            state.set_attribute(py, "filename", &path)?;
            module.set_attribute(py, "__file__", &path)?;
        }
    }
    Ok(())
}

fn install_late(py: Token<'_>, extra_paths: &[OsString]) -> Result<(), Exception> {
    boot::install_late(py)?;
    let path = import(py, "sys")?.attribute(py, "path")?;
    for entry in extra_paths {
        path.call_method(py, "append", &[&path_text(py, entry)?])?;
    }
    Ok(())
}

/// Tells the libraries below Python where their files are, unless the user has said so already: they read the environment
/// themselves, so there is no other way.
fn library_variables(
    config: &PythonInterpreterConfig,
    folder: &OsStr,
) -> impl Iterator<Item = (&'static str, Change)> {
    let terminfo = (!config.terminfo_dirs.is_empty()).then(|| config.terminfo_dirs.join(":"));
    let variables = [
        ("TCL_LIBRARY", config.tcl_library.clone()),
        ("TERMINFO_DIRS", terminfo),
        ("SSL_CERT_FILE", config.ssl_cert_file.clone()),
        ("SSL_CERT_DIR", config.ssl_cert_dir.clone()),
    ];
    variables.into_iter().filter_map(move |(name, value)| {
        Some((name, Change::Default(with_origin(&value?, folder))))
    })
}
