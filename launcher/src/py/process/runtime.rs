//! The state that the interpreters of this process share: set once before Python starts, and only read afterwards.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use importer_core::Stack;
use interp_config::PythonInterpreterConfig;

use crate::file_access::FileAccess;
use crate::files::Facts;
use crate::import_trace::ImportTrace;
use crate::open_log::OpenLog;
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;

/// The function of a hook, which gets the module that was imported.
pub(crate) type HookFunction = dyn Fn(Token<'_>, &Object) -> Result<(), Exception> + Send + Sync;

/// A post-import hook given before Python starts; every interpreter of the process registers it.
#[derive(Clone)]
pub(crate) struct RegisteredHook {
    /// The module whose import it waits for.
    pub(crate) module: String,
    /// Its name in log lines.
    pub(crate) label: String,
    /// Runs with the module that was imported.
    pub(crate) run: Arc<HookFunction>,
}

/// The meaning of `import __main__` in a worker process.
///
/// The application is the `__main__` of the process above, so it must not be run here. But functions that are sent to
/// workers say that they are from there, and libraries that know no archive (anyio) leave `__main__` to be imported.
pub(in crate::py) enum WorkerMain {
    /// The archives' module of this name, which then sees `__mp_main__` as its `__name__`, as in CPython's workers.
    Guarded(String),
    /// Nothing: without `if __name__ == "__main__"` it would be the application that runs.
    Unguarded,
}

/// The immutable facts that the import system works from.
pub(in crate::py) struct Runtime {
    /// The archives, first wins.
    pub(in crate::py) archives: Stack,
    /// The virtual folder below which the archives' paths lie: the executable or archive file, taken for a folder.
    pub(in crate::py) root: OsString,
    /// The facts of a file system about all that lies below it, once somebody has asked.
    pub(in crate::py) facts: OnceLock<Facts>,
    /// The packages whose files have to lie on disk, and the cache where they do.
    pub(in crate::py) files: FileAccess,
    /// The settings, resolved.
    pub(in crate::py) config: PythonInterpreterConfig,
    /// Where `sys._MEIPASS` points, when the setting asks for it.
    pub(in crate::py) folder: OsString,
    /// Whether the interpreter is to behave as `python` does, in which case `sys.frozen` is not set.
    pub(in crate::py) behaves_as_python: bool,
    /// In a worker, the module of the archives that `__main__` means when it is imported; see [`WorkerMain`].
    pub(in crate::py) worker_main: Option<WorkerMain>,
    /// The hooks that every interpreter registers.
    pub(in crate::py) hooks: Vec<RegisteredHook>,
    /// Whether libraries are mapped from the archive where they can be; else they are copied.
    pub(in crate::py) maps_libraries: bool,
    /// The timeline of imports, if one was asked for.
    pub(in crate::py) trace: Option<ImportTrace>,
    /// The record of opened files, if one was asked for.
    pub(in crate::py) opened: Option<OpenLog>,
}

impl Runtime {
    /// The facts of a file system about all that lies below the root.
    pub(in crate::py) fn facts(&self) -> &Facts {
        self.facts.get_or_init(|| Facts::of(Path::new(&self.root)))
    }

    /// The path inside of the archives that a virtual path stands for; `None` for a path that lies elsewhere.
    pub(in crate::py) fn inside(&self, path: &OsStr) -> Option<String> {
        // The folder's name need not be text; all behind it is.
        let below = path.as_encoded_bytes().strip_prefix(self.root.as_encoded_bytes());
        let rest = match below {
            Some(below) => std::str::from_utf8(below).ok()?,
            None => self.files.inside(path.to_str()?)?,
        };
        match rest.strip_prefix(['/', std::path::MAIN_SEPARATOR]) {
            Some(rest) => {
                Some(rest.replace(std::path::MAIN_SEPARATOR, "/").trim_end_matches('/').to_owned())
            }
            None => rest.is_empty().then(String::new),
        }
    }

    /// The path inside of the archives of a folder below `lib` beside the executable, where no such folder is.
    ///
    /// There cx_Freeze keeps modules, and there packages look for theirs when `sys.frozen` is true and `sys._MEIPASS` is
    /// not there (`faker.utils.loading`, 2017 to 2026).
    pub(in crate::py) fn frozen_folder(&self, path: &str) -> Option<String> {
        if !self.config.sys_frozen || self.behaves_as_python {
            return None;
        }
        let rest =
            Path::new(path).strip_prefix(Path::new(&self.folder).join("lib")).ok()?.to_str()?;
        let is_below = !rest.is_empty() && !Path::new(path).exists();
        is_below.then(|| rest.replace(std::path::MAIN_SEPARATOR, "/"))
    }

    /// The path inside of the archives of a script that `python` was asked for by its virtual path; `None` when there
    /// is a real file at that path, which Python then reads itself.
    pub(in crate::py) fn script(&self, path: &str) -> Option<String> {
        let inside = self.inside(path.as_ref())?;
        let is_archived = matches!(self.archives.file(&inside), Ok(Some(_)));
        (is_archived && !Path::new(path).exists()).then_some(inside)
    }
}

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// Sets the facts; false when an interpreter was already started in this process.
pub(in crate::py) fn set(runtime: Runtime) -> bool {
    RUNTIME.set(runtime).is_ok()
}

/// The facts, where no Python is needed to complain that they are not there.
pub(in crate::py) fn get_if_set() -> Option<&'static Runtime> {
    RUNTIME.get()
}

/// The facts; set before Python starts, so that everything that Python calls finds them.
pub(in crate::py) fn get(py: Token<'_>) -> Result<&'static Runtime, Exception> {
    RUNTIME.get().ok_or_else(|| {
        Exception::new(
            py,
            crate::py::ffi::exception::Kind::Runtime,
            "this process was not started by Coldframe",
        )
    })
}
