//! Loading: from bytes in the archive to a module that has run.

use importer_core::{Load, Module, ModuleKind};
use pyo3_ffi as ffi;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{bytes, text};
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, loaded_module};
use crate::py::hooks::ready;
use crate::py::hooks::run_hooks::run_hooks;
use crate::py::import::finder_type::{Finder, State};
use crate::py::import::lookup::require;
use crate::py::import::own_module;
use crate::py::import::spec;

/// The code object of a module; `None` for an extension module.
pub(in crate::py) fn code(
    py: Token<'_>,
    name: &str,
    module: &Module<'_>,
) -> Result<Option<Object>, Exception> {
    let damaged = |error: importer_core::Error| {
        Exception::damaged(py, &format!("cannot import `{name}`: {error}"))
    };
    match module.kind() {
        ModuleKind::Extension => return Ok(None),
        ModuleKind::Namespace => return compile(py, b"", &spec::origin(py, module)?).map(Some),
        ModuleKind::Source => {}
    }
    let origin = spec::origin(py, module)?;
    if let Some(marshalled) = module.code(spec::optimization(py)?).map_err(damaged)? {
        return unmarshal(py, name, &marshalled, &origin).map(Some);
    }
    // Another optimisation level than the archive was built for, or a module that did not compile: the source says it all.
    match module.source().map_err(damaged)? {
        Some(source) => compile(py, &source, &origin).map(Some),
        None => Err(Exception::import_error(
            py,
            &format!(
                "the archive holds neither bytecode of this optimisation level nor source for `{name}`"
            ),
            name,
        )),
    }
}

/// Reads a code object, in place where it is not compressed, and gives it the file name that it has in this process.
fn unmarshal(
    py: Token<'_>,
    name: &str,
    marshalled: &[u8],
    origin: &Object,
) -> Result<Object, Exception> {
    // SAFETY: attached; pointer and length describe bytes whose checksum the archive has just compared, so they are
    // what this Python's own `marshal` wrote; nothing refers to them after the call.
    let code = unsafe {
        Object::from_owned(
            py,
            ffi::PyMarshal_ReadObjectFromString(
                marshalled.as_ptr().cast(),
                marshalled.len() as ffi::Py_ssize_t,
            ),
        )
    }?;
    // SAFETY: `PyCode_Type` is a static type.
    let is_code = unsafe { ffi::PyObject_TypeCheck(code.as_ptr(), &raw mut ffi::PyCode_Type) } != 0;
    if !is_code {
        return Err(Exception::damaged(
            py,
            &format!("what the archive holds for `{name}` is not code"),
        ));
    }
    // Private, but what importlib itself calls for each source file, alike from 3.9 to 3.15 (`Python/import.c`): code
    // is compiled under a relative name, so that an executable can be moved; tracebacks, `inspect` and `linecache`
    // want the module's `__file__`.
    import(py, "_imp")?.call_method(py, "_fix_co_filename", &[&code, origin])?;
    Ok(code)
}

/// `compile(source, origin, "exec", dont_inherit=True)`, as importlib calls it: the traceback of a `SyntaxError` is without
/// importlib's frames too.
pub(in crate::py) fn compile(
    py: Token<'_>,
    source: &[u8],
    origin: &Object,
) -> Result<Object, Exception> {
    let compile = import(py, "builtins")?.attribute(py, "compile")?;
    let (contents, mode) = (bytes(py, source)?, text(py, "exec")?);
    let (flags, dont_inherit) = (Object::integer(py, 0)?, Object::boolean(py, true));
    let call = [&compile, &contents, origin, &mode, &flags, &dont_inherit];
    let compiled = call_with_frames_removed(py, &call);
    compiled.or_else(|error| {
        quote_line(py, &error, source)?;
        Err(error)
    })
}

/// Gives a `SyntaxError` the line that it is about. The parser does so; but what the compiler itself finds (a `return` outside
/// of functions), it quotes from the file on disk.
fn quote_line(py: Token<'_>, error: &Exception, source: &[u8]) -> Result<(), Exception> {
    if !error.is_syntax_error(py) {
        return Ok(());
    }
    let error = error.value();
    let (number, known) = (error.attribute(py, "lineno")?, error.attribute(py, "text")?);
    if !known.is_none(py) || number.is_none(py) {
        return Ok(());
    }
    let index =
        usize::try_from(number.to_integer(py)?).ok().and_then(|number| number.checked_sub(1));
    // UTF-8 whatever the file declares, as CPython reads it there.
    let source = String::from_utf8_lossy(source);
    match index.and_then(|index| source.split_inclusive('\n').nth(index)) {
        Some(line) => error.set_attribute(py, "text", &text(py, &line.replace("\r\n", "\n"))?),
        None => Ok(()),
    }
}

/// `exec(code, module.__dict__)`.
fn execute_code(py: Token<'_>, code: &Object, namespace: &Object) -> Result<(), Exception> {
    let execute = import(py, "builtins")?.attribute(py, "exec")?;
    call_with_frames_removed(py, &[&execute, code, namespace]).map(drop)
}

/// Calls the first of the arguments with the others, so that importlib's frames are left out of tracebacks.
///
/// The function is private, but the interpreter itself knows it by its name (`remove_importlib_frames` in
/// `Python/import.c`, 3.9 to 3.15), and every loader of importlib runs a module through it.
pub(in crate::py) fn call_with_frames_removed(
    py: Token<'_>,
    call: &[&Object],
) -> Result<Object, Exception> {
    own_module::bootstrap(py)?.call_method(py, "_call_with_frames_removed", call)
}

/// Executes a module, and runs the post-import hooks that wait for it.
pub(in crate::py) fn execute(
    py: Token<'_>,
    finder: &Finder<'_>,
    module: &Object,
    name: &str,
    load: Load,
) -> Result<(), Exception> {
    let found = require(py, finder.state, name)?;
    with_hooks(py, finder.state, module, name, load, || match found.kind() {
        ModuleKind::Extension => {
            let execute = import(py, "_imp")?.attribute(py, "exec_dynamic")?;
            call_with_frames_removed(py, &[&execute, module]).map(drop)
        }
        ModuleKind::Source | ModuleKind::Namespace => match code(py, name, &found)? {
            Some(code) => execute_code(py, &code, &module.attribute(py, "__dict__")?),
            None => Ok(()),
        },
    })
}

/// Runs `body`, which executes the module, and then the hooks that wait for it.
///
/// The hooks run before the import statement continues, with the module already bound in its parent package:
/// importlib binds it a moment later, but a hook on `a.b` may well use `a.b`.
pub(in crate::py) fn with_hooks(
    py: Token<'_>,
    state: &State,
    module: &Object,
    name: &str,
    load: Load,
    body: impl FnOnce() -> Result<(), Exception>,
) -> Result<(), Exception> {
    let loading = state.hooks.begin(name);
    // `importlib.util.module_from_spec` makes modules that nobody can import: those are bound nowhere.
    let is_imported = loaded_module(py, name)?.is_some_and(|loaded| loaded.is(module));
    body()?;
    if !is_imported || !state.hooks.has_hooks(name) {
        return loading.finish(module, load);
    }
    if !ready::is_ready(py)? {
        // The modules that Python needs to start are imported before hooks could print or import: they run when it has started.
        drop(loading);
        return ready::wait(py);
    }
    // A module may replace itself in `sys.modules` while it runs; what the importing statement gets is what counts.
    let current = loaded_module(py, name)?.unwrap_or_else(|| module.clone_ref(py));
    run_hooks(py, loading, name, &current, load)
}
