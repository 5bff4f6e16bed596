//! From our settings to CPython's `PyConfig`, which is alike enough from 3.9 to 3.15 to need one way only.

use std::ffi::{CString, OsStr, OsString, c_char, c_int};
use std::mem::MaybeUninit;

use interp_config::{Allocator, OptimizationLevel, Profile, PythonInterpreterConfig};
use libc::wchar_t;
use pyo3_ffi as ffi;

use crate::error::Error;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::token::Token;
use crate::py::process::runtime;

/// How a call of the initialisation API ended: the three ways that CPython itself tells apart.
pub(in crate::py) enum Started {
    Ready,
    /// Python has done all there was to do (`--version`, `--help`): the process ends with this code.
    Exit(i32),
}

/// The outcome of initialising the main interpreter.
pub(in crate::py) enum Initialised {
    Ready,
    /// As [`Started::Exit`].
    Exit(i32),
    /// It is ready, and the command line asks for this file of the archives as a script: CPython would open it.
    Script(String),
}

/// Where Python finds itself, as the paths of `PyConfig`.
pub(in crate::py) struct Paths {
    pub(in crate::py) executable: OsString,
    /// `sys.prefix` and its siblings; without it Python searches for them as `python` does.
    pub(in crate::py) prefix: Option<OsString>,
    /// `sys.path`; without it Python computes it.
    pub(in crate::py) module_search_paths: Option<Vec<OsString>>,
}

/// Python's use of the command line.
pub(in crate::py) enum CommandLine {
    /// `sys.argv` is this, and nothing else is read from it.
    Given(Vec<OsString>),
    /// Python reads flags, `-c`, `-m` and the rest itself.
    Parsed(Vec<OsString>),
}

/// The program that Python itself runs, and its flags.
#[derive(Default)]
pub(in crate::py) struct Run {
    /// The text of `-c`.
    pub(in crate::py) code: Option<String>,
    /// The path of a script.
    pub(in crate::py) file: Option<OsString>,
    /// As by `-u`.
    pub(in crate::py) unbuffered: bool,
}

/// Initialises the main interpreter.
pub(in crate::py) fn initialise(
    config: &PythonInterpreterConfig,
    paths: &Paths,
    command_line: &CommandLine,
    run: &Run,
) -> Result<Initialised, Error> {
    match pre_initialise(config, command_line)? {
        Started::Ready => {}
        Started::Exit(code) => return Ok(Initialised::Exit(code)),
    }
    let fill = || filled(config, paths, command_line, run);
    let mut raw = fill()?;
    let mut script = None;
    if needs_reading(paths, command_line) {
        // Another one: of a configuration that is read twice CPython forgets `-X warn_default_encoding`.
        let mut read = fill()?;
        // SAFETY: a configuration that CPython initialised and our setters filled.
        let status = unsafe { ffi::PyConfig_Read(&raw mut *read.0) };
        if let Started::Exit(code) = outcome(status, "reading the command line")? {
            return Ok(Initialised::Exit(code));
        }
        let folders = read.python_path();
        script = read.take_archived_script()?;
        if script.is_some() {
            // `sys.argv` is what is left of the command line now; 3.9 would take it for one and parse it again.
            read.0.parse_argv = 0;
            raw = read;
        }
        raw.search_first(&folders)?;
    }
    // SAFETY: a configuration that CPython initialised and our setters filled; it copies what it keeps.
    let status = unsafe { ffi::Py_InitializeFromConfig(&raw const *raw.0) };
    Ok(match (outcome(status, "starting the interpreter")?, script) {
        (Started::Exit(code), _) => Initialised::Exit(code),
        (Started::Ready, Some(script)) => Initialised::Script(script),
        (Started::Ready, None) => Initialised::Ready,
    })
}

/// Whether CPython has to read the configuration before it is complete: for what its command line and its environment
/// say of the search path, or for a script that lies in the archives.
fn needs_reading(paths: &Paths, command_line: &CommandLine) -> bool {
    let CommandLine::Parsed(arguments) = command_line else { return false };
    let is_script = |argument: &OsString| {
        argument.to_str().is_some_and(|path| {
            runtime::get_if_set().is_some_and(|runtime| runtime.script(path).is_some())
        })
    };
    paths.module_search_paths.is_some()
        && (std::env::var_os("PYTHONPATH").is_some() || arguments.iter().skip(1).any(is_script))
}

/// A configuration with all our settings in it.
fn filled(
    config: &PythonInterpreterConfig,
    paths: &Paths,
    command_line: &CommandLine,
    run: &Run,
) -> Result<Config, Error> {
    let mut raw = Config::new();
    let isolated = config.profile == Profile::Isolated;
    // Not `PyConfig_InitIsolatedConfig`: that also leaves signals and C streams alone, and the promise is `python -I`.
    if isolated {
        raw.0.isolated = 1;
        raw.0.use_environment = 0;
        raw.0.user_site_directory = 0;
        #[cfg(Py_3_11)]
        {
            raw.0.safe_path = 1;
        }
    }
    if is_dev_mode(config) {
        raw.0.dev_mode = 1;
    }
    raw.0.pathconfig_warnings = 0;
    raw.0.site_import = config.site_import.into();
    raw.0.optimization_level = match config.optimization_level {
        OptimizationLevel::Zero => 0,
        OptimizationLevel::One => 1,
        OptimizationLevel::Two => 2,
    };
    match command_line {
        CommandLine::Given(arguments) => {
            raw.0.parse_argv = 0;
            raw.set_arguments(arguments)?;
        }
        CommandLine::Parsed(arguments) => {
            raw.0.parse_argv = 1;
            raw.set_arguments(arguments)?;
        }
    }
    raw.set_paths(paths)?;
    for option in &config.x_options {
        raw.append(|raw| &raw mut raw.xoptions, option)?;
    }
    for warning in &config.warnings {
        raw.append(|raw| &raw mut raw.warnoptions, warning)?;
    }
    if run.unbuffered {
        raw.0.buffered_stdio = 0;
    }
    if let Some(code) = &run.code {
        // As `python -c` does: the text ends in a line feed.
        raw.set(|raw| &raw mut raw.run_command, OsStr::new(&format!("{code}\n")))?;
    }
    if let Some(file) = &run.file {
        raw.set(|raw| &raw mut raw.run_filename, file)?;
    }
    Ok(raw)
}

/// Whether `-X dev` is asked for: the only such option that Python acts on before it looks at the list of them.
fn is_dev_mode(config: &PythonInterpreterConfig) -> bool {
    config.x_options.iter().any(|option| option == "dev")
}

fn pre_initialise(
    config: &PythonInterpreterConfig,
    command_line: &CommandLine,
) -> Result<Started, Error> {
    let mut raw = MaybeUninit::<ffi::PyPreConfig>::zeroed();
    // SAFETY: the function fills all of the structure that it is given.
    unsafe { ffi::PyPreConfig_InitPythonConfig(raw.as_mut_ptr()) };
    // SAFETY: filled just now.
    let mut raw = unsafe { raw.assume_init() };
    if config.profile == Profile::Isolated {
        raw.isolated = 1;
        raw.use_environment = 0;
    }
    if config.utf8_mode {
        raw.utf8_mode = 1;
    }
    if is_dev_mode(config) {
        raw.dev_mode = 1;
    }
    // CPython takes them, but its garbage collector then finds no object; of PYTHONMALLOC it refuses them.
    if cfg!(Py_GIL_DISABLED) && matches!(config.allocator, Allocator::Malloc | Allocator::Pymalloc)
    {
        return Err(Error::start(format!(
            "the setting `allocator` is `{}`, and a free-threaded Python has no allocator but its own; set `default` or `debug`",
            config.allocator.as_str()
        )));
    }
    // The values of `PyMemAllocatorName` (`Include/cpython/pymem.h`), which are the same in every version.
    raw.allocator = match config.allocator {
        Allocator::Default => 0,
        Allocator::Debug => 2,
        Allocator::Malloc => 3,
        Allocator::Pymalloc => 5,
    };
    let status = match command_line {
        CommandLine::Given(_) => {
            raw.parse_argv = 0;
            // SAFETY: a complete configuration.
            unsafe { ffi::Py_PreInitialize(&raw const raw) }
        }
        CommandLine::Parsed(arguments) => {
            raw.parse_argv = 1;
            let arguments = c_strings(arguments)?;
            let mut pointers: Vec<*mut c_char> =
                arguments.iter().map(|one| one.as_ptr().cast_mut()).collect();
            // SAFETY: a complete configuration, and as many C strings as said, which are only read.
            unsafe {
                ffi::Py_PreInitializeFromBytesArgs(
                    &raw const raw,
                    pointers.len() as ffi::Py_ssize_t,
                    pointers.as_mut_ptr(),
                )
            }
        }
    };
    outcome(status, "preparing the interpreter")
}

/// A `PyConfig` that frees its strings. Boxed, so that pointers into it stay good.
struct Config(Box<ffi::PyConfig>);

impl Config {
    fn new() -> Self {
        let mut raw = Box::new(MaybeUninit::<ffi::PyConfig>::zeroed());
        // SAFETY: the function fills all of the structure that it is given.
        unsafe { ffi::PyConfig_InitPythonConfig(raw.as_mut_ptr()) };
        // SAFETY: filled just now.
        Self(unsafe { raw.assume_init() })
    }

    /// Sets one string; the bytes are decoded as CPython decodes the command line.
    fn set(
        &mut self,
        field: impl FnOnce(&mut ffi::PyConfig) -> *mut *mut wchar_t,
        value: &OsStr,
    ) -> Result<(), Error> {
        let value = c_string(value)?;
        let field = field(&mut self.0);
        // SAFETY: the field is inside of this configuration; Python is pre-initialised, as decoding asks.
        let status =
            unsafe { ffi::PyConfig_SetBytesString(&raw mut *self.0, field, value.as_ptr()) };
        outcome(status, "setting a path").map(drop)
    }

    /// Appends to one list of strings.
    fn append(
        &mut self,
        field: impl FnOnce(&mut ffi::PyConfig) -> *mut ffi::PyWideStringList,
        value: impl AsRef<OsStr>,
    ) -> Result<(), Error> {
        // CPython has no list setter that takes bytes: decode through a string field that is set again, or unused.
        let decoded = Decoded::new(value.as_ref())?;
        let list = field(&mut self.0);
        // SAFETY: the list is inside of this configuration; the item is a wide string, and copied.
        let status = unsafe { ffi::PyWideStringList_Append(list, decoded.0) };
        outcome(status, "setting a list of options").map(drop)
    }

    fn set_arguments(&mut self, arguments: &[OsString]) -> Result<(), Error> {
        let arguments = c_strings(arguments)?;
        let mut pointers: Vec<*const c_char> = arguments.iter().map(|one| one.as_ptr()).collect();
        // SAFETY: as many C strings as said, which are copied; Python is pre-initialised, as decoding asks.
        let status = unsafe {
            ffi::PyConfig_SetBytesArgv(
                &raw mut *self.0,
                pointers.len() as ffi::Py_ssize_t,
                pointers.as_mut_ptr(),
            )
        };
        outcome(status, "setting the arguments").map(drop)
    }

    /// The folders of `PYTHONPATH`, of a configuration that has been read; the flags that forbid the variable (`-E`,
    /// `-I`) have been read with it.
    fn python_path(&self) -> Vec<Vec<wchar_t>> {
        let variable = self.0.pythonpath_env;
        if variable.is_null() {
            return Vec::new();
        }
        let separator = if cfg!(windows) { ';' } else { ':' } as wchar_t;
        let mut folders = Vec::new();
        let mut folder = Vec::new();
        for place in 0.. {
            // SAFETY: a wide string of CPython's, read up to the zero that ends it.
            let character = unsafe { *variable.add(place) };
            if character != 0 && character != separator {
                folder.push(character);
                continue;
            }
            folder.push(0);
            folders.push(std::mem::take(&mut folder));
            if character == 0 {
                break;
            }
        }
        folders
    }

    /// Puts folders first, as `python` does with those of `PYTHONPATH`: with a search path that is set CPython reads
    /// the variable, but leaves it unused.
    fn search_first(&mut self, folders: &[Vec<wchar_t>]) -> Result<(), Error> {
        for (index, folder) in folders.iter().enumerate() {
            let list = &raw mut self.0.module_search_paths;
            // SAFETY: the list is inside of this configuration; a wide string that ends in a zero, and is copied.
            let status = unsafe {
                ffi::PyWideStringList_Insert(list, index as ffi::Py_ssize_t, folder.as_ptr())
            };
            outcome(status, "setting the module search path")?;
        }
        Ok(())
    }

    /// Takes the script away from CPython when it lies in the archives. With `-i` it stays: what follows it then is
    /// CPython's to do.
    fn take_archived_script(&mut self) -> Result<Option<String>, Error> {
        let name = self.0.run_filename;
        if name.is_null() || self.0.inspect != 0 {
            return Ok(None);
        }
        // SAFETY: a wide string of this configuration.
        let path = unsafe { wide_text(name) };
        let script = path.and_then(|path| runtime::get_if_set()?.script(&path));
        if script.is_some() {
            let field = &raw mut self.0.run_filename;
            // SAFETY: the field is inside of this configuration; null clears it, as documented.
            let status =
                unsafe { ffi::PyConfig_SetString(&raw mut *self.0, field, std::ptr::null()) };
            outcome(status, "taking the script from the command line")?;
        }
        Ok(script)
    }

    fn set_paths(&mut self, paths: &Paths) -> Result<(), Error> {
        self.set(|raw| &raw mut raw.program_name, &paths.executable)?;
        self.set(|raw| &raw mut raw.executable, &paths.executable)?;
        self.set(|raw| &raw mut raw.base_executable, &paths.executable)?;
        if let Some(prefix) = &paths.prefix {
            self.set(|raw| &raw mut raw.prefix, prefix)?;
            self.set(|raw| &raw mut raw.base_prefix, prefix)?;
            self.set(|raw| &raw mut raw.exec_prefix, prefix)?;
            self.set(|raw| &raw mut raw.base_exec_prefix, prefix)?;
            #[cfg(Py_3_11)]
            {
                self.set(|raw| &raw mut raw.stdlib_dir, prefix)?;
                // The archive's modules stand for those, and a copy of importlib that a program makes takes a module of
                // their names for a frozen one.
                self.0.use_frozen_modules = 0;
            }
            // With a home that is set, nothing beside the executable is looked for: no `pyvenv.cfg`, no `._pth`, no
            // `pybuilddir.txt` (Modules/getpath.py, 3.11 to 3.15; before, nothing is when all the others are set).
            self.set(|raw| &raw mut raw.home, prefix)?;
        }
        if let Some(entries) = &paths.module_search_paths {
            self.0.module_search_paths_set = 1;
            for entry in entries {
                self.append(|raw| &raw mut raw.module_search_paths, entry)?;
            }
        }
        Ok(())
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: initialised in `new`, and cleared only here.
        unsafe { ffi::PyConfig_Clear(&raw mut *self.0) };
    }
}

/// A wide string that CPython decoded, in its own memory.
struct Decoded(*mut wchar_t);

impl Decoded {
    fn new(value: &OsStr) -> Result<Self, Error> {
        let value = c_string(value)?;
        // SAFETY: a C string; Python is pre-initialised, as decoding asks; null when it cannot be decoded.
        let decoded = unsafe { ffi::Py_DecodeLocale(value.as_ptr(), std::ptr::null_mut()) };
        if decoded.is_null() {
            Err(Error::start(format!("cannot decode {value:?}")))
        } else {
            Ok(Self(decoded))
        }
    }
}

impl Drop for Decoded {
    fn drop(&mut self) {
        // SAFETY: allocated by `Py_DecodeLocale`, which documents this function to free it.
        unsafe { ffi::PyMem_RawFree(self.0.cast()) };
    }
}

/// A wide string of CPython's as text; `None` for one that is none (it has bytes that could not be decoded).
///
/// Not `Py_EncodeLocale`, which wants an interpreter (`Python/fileutils.c` allocates by `PyMem_Malloc`).
///
/// # Safety
///
/// It ends in a zero.
unsafe fn wide_text(string: *const wchar_t) -> Option<String> {
    // SAFETY: the caller's promise: nothing behind the zero is read.
    let characters = (0..).map(|place| unsafe { *string.add(place) });
    let characters = characters.take_while(|character| *character != 0);
    #[cfg(windows)]
    return char::decode_utf16(characters).collect::<Result<_, _>>().ok();
    #[cfg(not(windows))]
    return characters.map(|character| char::from_u32(u32::try_from(character).ok()?)).collect();
}

fn c_string(value: &OsStr) -> Result<CString, Error> {
    CString::new(value.as_encoded_bytes()).map_err(|_| {
        Error::start(format!("{value:?} holds a NUL character, which no path or option may"))
    })
}

fn c_strings(values: &[OsString]) -> Result<Vec<CString>, Error> {
    values.iter().map(|value| c_string(value)).collect()
}

/// Reads a status, and forgets the exit form nowhere.
fn outcome(status: ffi::PyStatus, phase: &'static str) -> Result<Started, Error> {
    // SAFETY: the status is a plain value that CPython returned.
    let (is_exit, failed) =
        unsafe { (ffi::PyStatus_IsExit(status) != 0, ffi::PyStatus_Exception(status) != 0) };
    if is_exit {
        let code: c_int = status.exitcode;
        return Ok(Started::Exit(code));
    }
    if !failed {
        return Ok(Started::Ready);
    }
    if let Some(failure) = crate::py::import::own_module::BOOT_FAILURE.get() {
        return Err(Error::start(format!("while {phase}: {failure}")));
    }
    let message = if status.err_msg.is_null() {
        "unknown error".to_owned()
    } else {
        // SAFETY: a C string that is static, or lives as long as the status.
        unsafe { std::ffi::CStr::from_ptr(status.err_msg) }.to_string_lossy().into_owned()
    };
    let message = match raised() {
        Some(cause) => format!("{message}: {cause}"),
        None => message,
    };
    Err(Error::start(format!("while {phase}: {message}")))
}

/// The exception that kept the interpreter from starting: the status says no more than which part of it failed.
fn raised() -> Option<String> {
    // SAFETY: both may be called at any time; the first one gives null where this thread has no state, as before there is
    // an interpreter, and the second one tells that it is attached.
    let is_attached =
        unsafe { !ffi::PyGILState_GetThisThreadState().is_null() && ffi::PyGILState_Check() == 1 };
    if !is_attached {
        return None;
    }
    // SAFETY: so it was told.
    let py = unsafe { Token::assume_attached() };
    Exception::take_if_raised(py).map(|exception| exception.describe(py))
}
