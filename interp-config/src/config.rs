//! The settings of the interpreter.

use crate::choices::{
    Allocator, ExtensionLoading, OptimizationLevel, Profile, PythonMode, StartMethodSetting,
};
use crate::entry_point::EntryPoint;

/// The code that the interpreter runs once it has started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunTarget {
    /// A module or a package with a `__main__`, as by `python -m` (`PyConfig.run_module`).
    Module(String),
    /// A file, as by `python FILE` (`PyConfig.run_filename`). It may begin with `$ORIGIN`.
    Script(String),
    /// A function of a module, as the scripts that `pip` installs.
    EntryPoint(EntryPoint),
    /// Source text, as by `python -c` (`PyConfig.run_command`).
    Code(String),
    /// The interactive prompt.
    Repl,
    /// The application's `__main__`. Where there is no application, the interactive prompt.
    #[default]
    Auto,
}

/// A function that is called when a module has been imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostImportHook {
    /// The module that is waited for.
    pub module: String,
    /// The function that is then called with the module. Its own module is imported as late as that.
    pub hook: EntryPoint,
}

/// The settings of the embedded interpreter.
///
/// It holds the user's settings and nothing that was found on this machine. In TOML every key is the field's name with
/// hyphens in place of underscores. Path fields may contain `$ORIGIN`, the folder of the executable:
/// see [`resolve`](Self::resolve).
#[derive(Clone, Debug, PartialEq)]
pub struct PythonInterpreterConfig {
    /// The defaults that other settings change: `PyConfig_InitIsolatedConfig`'s or `PyConfig_InitPythonConfig`'s.
    pub profile: Profile,
    /// The code to run: `PyConfig.run_module`, `run_filename` or `run_command`, or the launcher's own call of an entry point.
    pub run: RunTarget,
    /// Arguments that are put before those of the command line in `sys.argv` (`PyConfig.argv`).
    pub argv: Vec<String>,
    /// How far bytecode is stripped (`PyConfig.optimization_level`).
    pub optimization_level: OptimizationLevel,
    /// Whether `sys.frozen` is true. `multiprocessing` then starts its workers by running the executable again.
    pub sys_frozen: bool,
    /// Whether `sys._MEIPASS` is set to the folder of the executable, for code that was written for PyInstaller.
    pub sys_meipass: bool,
    /// The start method of `multiprocessing`.
    pub multiprocessing_start_method: StartMethodSetting,
    /// Whether a process that was started as a worker becomes that worker, with no `freeze_support()` in the application.
    pub multiprocessing_auto_dispatch: bool,
    /// Whether a worker ends when its parent has been killed or has left without ending it, as `python` itself does not see to.
    pub workers_end_with_parent: bool,
    /// Whether a process of this executable can behave as `python`. A command line with `-c`, `-m` or a script makes one only
    /// if the application itself wrote it; that of anybody else reaches the application.
    pub python_mode: PythonMode,
    /// The place that extension modules are loaded from.
    pub extensions: ExtensionLoading,
    /// Whether Python may start with the standard library of the disk, where no archive holds one. Folders on `sys.path` are
    /// looked into either way; at the start there are none but those of `module_search_paths`.
    pub filesystem_importer: bool,
    /// Folders of `sys.path` (`PyConfig.module_search_paths`).
    pub module_search_paths: Vec<String>,
    /// Whether text is UTF-8 in every locale (`PyPreConfig.utf8_mode`); Python's own default from 3.15 (PEP 686).
    pub utf8_mode: bool,
    /// Warning filters, as by `-W` (`PyConfig.warnoptions`).
    pub warnings: Vec<String>,
    /// Implementation options, as by `-X` (`PyConfig.xoptions`).
    pub x_options: Vec<String>,
    /// Whether `site` is imported at start (`PyConfig.site_import`).
    pub site_import: bool,
    /// The memory allocators (`PyPreConfig.allocator`).
    pub allocator: Allocator,
    /// Functions that are called when a module has been imported; those of one module run in this order.
    pub post_import_hooks: Vec<PostImportHook>,
    /// Functions that are called without arguments when Python is ready, in this order and before `run`; in workers too.
    pub before_main: Vec<EntryPoint>,
    /// The folder of the Tcl library, for `tkinter` (`TCL_LIBRARY`).
    pub tcl_library: Option<String>,
    /// Folders of the terminal database, for `curses` and `readline` (`TERMINFO_DIRS`).
    pub terminfo_dirs: Vec<String>,
    /// The file of trusted certificates, for `ssl` (`SSL_CERT_FILE`).
    pub ssl_cert_file: Option<String>,
    /// The folder of trusted certificates, for `ssl` (`SSL_CERT_DIR`).
    pub ssl_cert_dir: Option<String>,
}

impl Default for PythonInterpreterConfig {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            run: RunTarget::default(),
            argv: Vec::new(),
            optimization_level: OptimizationLevel::default(),
            sys_frozen: true,
            sys_meipass: false,
            multiprocessing_start_method: StartMethodSetting::default(),
            multiprocessing_auto_dispatch: true,
            workers_end_with_parent: true,
            python_mode: PythonMode::default(),
            extensions: ExtensionLoading::default(),
            filesystem_importer: false,
            module_search_paths: Vec::new(),
            utf8_mode: true,
            warnings: Vec::new(),
            x_options: Vec::new(),
            site_import: false,
            allocator: Allocator::default(),
            post_import_hooks: Vec::new(),
            before_main: Vec::new(),
            tcl_library: None,
            terminfo_dirs: Vec::new(),
            ssl_cert_file: None,
            ssl_cert_dir: None,
        }
    }
}
