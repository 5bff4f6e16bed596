//! How a run ends: the exit codes that `python` gives.

use std::io::Write;

use pyo3_ffi as ffi;

use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, of_sys};

/// How the process is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With this exit code.
    Code(i32),
    /// By the signal of an interrupt that nobody caught, as `Modules/main.c` ends (`exit_sigint`), so that a shell
    /// sees what happened.
    Interrupted,
}

/// Reports an exception that reached the top, as `python` does, and says how the process ends.
pub(in crate::py) fn ending_of(py: Token<'_>, exception: Exception) -> Ending {
    if exception.is_system_exit(py) {
        return Ending::Code(system_exit_code(py, exception));
    }
    let interrupted = exception.is_keyboard_interrupt(py);
    let hint = missing_module(py, &exception).or_else(|| hint(py, &exception));
    exception.restore(py);
    // SAFETY: attached, with an exception set; it is not a `SystemExit`, on which this function would end the process.
    unsafe { ffi::PyErr_Print() };
    if let Some(hint) = hint {
        print_to_stderr(py, &hint);
    }
    if interrupted { Ending::Interrupted } else { Ending::Code(1) }
}

/// A line about a module that an executable does without.
fn missing_module(py: Token<'_>, exception: &Exception) -> Option<Object> {
    let said = missing_module_text(py, exception);
    drop(Exception::take_if_raised(py));
    text(py, &format!("coldframe: {}", said.ok()??)).ok()
}

fn missing_module_text(py: Token<'_>, exception: &Exception) -> Result<Option<String>, Exception> {
    if exception.value().type_name(py) != "ModuleNotFoundError" {
        return Ok(None);
    }
    let Some(name) = exception.value().attribute_or_none(py, "name")?.filter(Object::is_text)
    else {
        return Ok(None);
    };
    let name = name.to_text(py)?;
    let first = text(py, name.split('.').next().unwrap_or(&name))?;
    let runtime = crate::py::process::runtime::get(py)?;
    let has = |name: &str| runtime.archives.module(name).is_ok_and(|found| found.is_some());
    if has(&name) {
        return Ok(None);
    }
    // From Python 3.10 on.
    let is_standard = match of_sys(py, c"stdlib_module_names") {
        Some(names) => names.call_method(py, "__contains__", &[&first])?.is_true(py)?,
        None => false,
    };
    if is_standard {
        return Ok(Some(format!(
            "`{name}` is a module of the standard library that is not in this executable, for nothing that can be read imports \
             it; where Python has it, `coldframe build --include {name}` packs it, and `--standard-library whole` packs all"
        )));
    }
    // Where Python's own modules are files, the others are files too.
    Ok((has("encodings") && !runtime.behaves_as_python).then(|| {
        format!(
            "`{name}` is not in this executable; where it is installed, `coldframe build --include {name}` packs it"
        )
    }))
}

/// A line about a packed path that an error names.
fn hint(py: Token<'_>, exception: &Exception) -> Option<Object> {
    let runtime = crate::py::process::runtime::get_if_set()?;
    let (root, said) = (runtime.root.to_str()?, exception.describe(py));
    let number = exception.value().attribute_or_none(py, "errno").ok().flatten();
    let is_write = number.and_then(|number| number.to_integer(py).ok()) == Some(libc::EROFS.into());
    drop(Exception::take_if_raised(py));
    let hint = crate::files::hint::hint(&runtime.archives, root, &said, is_write)?;
    text(py, &format!("coldframe: {hint}")).ok()
}

/// The code of a `SystemExit` (`Python/pythonrun.c`, `_Py_HandleSystemExit`): nothing is 0, a number is itself, and
/// anything else is printed and is 1.
fn system_exit_code(py: Token<'_>, exception: Exception) -> i32 {
    let code = match exception.value().attribute_or_none(py, "code") {
        Ok(Some(code)) => code,
        Ok(None) => return 0,
        Err(_) => return 1,
    };
    // SAFETY: `PyLong_Type` is a static type; the object is live.
    if unsafe { ffi::PyObject_TypeCheck(code.as_ptr(), &raw mut ffi::PyLong_Type) } != 0 {
        // SAFETY: attached; an `int`; -1 with an exception when it is too large, which CPython takes as the code too.
        let number = unsafe { ffi::PyLong_AsLong(code.as_ptr()) };
        drop(Exception::take_if_raised(py));
        return number as i32;
    }
    print_to_stderr(py, &code);
    1
}

/// `print(message, file=sys.stderr)`; where Python has no such stream, to that of the process.
fn print_to_stderr(py: Token<'_>, message: &Object) {
    let print = || -> Result<(), Exception> {
        let Some(stderr) = import(py, "sys")?.attribute_or_none(py, "stderr")? else {
            // As in CPython, a stream that cannot be written to does not change the exit code.
            let _ = writeln!(std::io::stderr(), "{}", message.display(py).unwrap_or_default());
            return Ok(());
        };
        // A value that cannot be shown is an empty line.
        let shown = import(py, "builtins")?
            .attribute(py, "str")?
            .call(py, &[message])
            .or_else(|_| text(py, ""))?;
        stderr.call_method(py, "write", &[&shown])?;
        stderr.call_method(py, "write", &[&text(py, "\n")?])?;
        stderr.call_method(py, "flush", &[]).map(drop)
    };
    drop(print());
}

/// Ends the interpreter: waits for threads, runs `atexit`, flushes the streams.
pub(in crate::py) fn finalise(ending: Ending) -> Ending {
    // SAFETY: called once, by the thread that initialised, which is attached and holds no `Object` any more.
    let status = unsafe { ffi::Py_FinalizeEx() };
    match ending {
        // `Modules/main.c`: streams that could not be flushed are exit code 120.
        Ending::Code(_) if status < 0 => Ending::Code(120),
        Ending::Code(_) | Ending::Interrupted => ending,
    }
}

/// Ends the process by an interrupt: the default action of the signal, so that the parent sees it.
#[cfg(unix)]
pub(crate) fn end_interrupted() -> i32 {
    // SAFETY: plain calls of the C library with valid arguments; the second does not return unless the signal is
    // blocked.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::kill(libc::getpid(), libc::SIGINT);
    }
    128 + libc::SIGINT
}

/// `STATUS_CONTROL_C_EXIT`, as `Modules/main.c` returns it.
#[cfg(windows)]
pub(crate) fn end_interrupted() -> i32 {
    0xC000_013A_u32 as i32
}
