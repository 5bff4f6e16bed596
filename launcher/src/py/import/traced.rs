//! The time of a module's import, for the timeline.

use crate::import_trace::{Event, Phase};
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::import;
use crate::py::process::runtime;

/// Whether there is a timeline.
pub(in crate::py) fn is_on(py: Token<'_>) -> Result<bool, Exception> {
    Ok(runtime::get(py)?.trace.is_some())
}

/// Makes a module. Most loaders leave that to importlib, which is no event.
pub(in crate::py) fn create(
    py: Token<'_>,
    spec: &Object,
    loader: Loader<'_>,
    body: impl FnOnce() -> Result<Object, Exception>,
) -> Result<Object, Exception> {
    phase(py, Phase::Create, (spec, loader), body, |made| !made.is_none(py))
}

/// Executes a module, and runs the hooks that wait for it.
pub(in crate::py) fn execute(
    py: Token<'_>,
    spec: &Object,
    loader: Loader<'_>,
    body: impl FnOnce() -> Result<(), Exception>,
) -> Result<(), Exception> {
    phase(py, Phase::Execute, (spec, loader), body, |()| true)
}

/// Runs a phase of an import, and puts it on the timeline if there is one. Nothing that is only about the timeline changes
/// how the import goes.
fn phase<T>(
    py: Token<'_>,
    phase: Phase,
    (spec, loader): (&Object, Loader<'_>),
    body: impl FnOnce() -> Result<T, Exception>,
    is_event: impl FnOnce(&T) -> bool,
) -> Result<T, Exception> {
    let Some(trace) = &runtime::get(py)?.trace else { return body() };
    let start = trace.now();
    let outcome = body();
    if outcome.as_ref().is_ok_and(|made| !is_event(made)) {
        return outcome;
    }
    let text = |name: &str| spec.attribute(py, name)?.to_text(py);
    let thread = || import(py, "_thread")?.call_method(py, "get_native_id", &[])?.to_integer(py);
    trace.write(Event {
        name: text("name").unwrap_or_default(),
        phase,
        start,
        thread: thread().unwrap_or_default(),
        loader: loader.name(py),
        origin: text("origin").ok(),
        error: outcome.as_ref().err().map(|error| error.value().type_name(py)),
    });
    outcome
}

/// The loader of a module.
#[derive(Clone, Copy)]
pub(in crate::py) enum Loader<'a> {
    Archive,
    Other(&'a Object),
}

impl Loader<'_> {
    /// Its name. The loaders of built-in and frozen modules are classes.
    fn name(self, py: Token<'_>) -> Option<String> {
        match self {
            Self::Archive => Some("archive".to_owned()),
            Self::Other(loader) => match loader.attribute_or_none(py, "__name__") {
                Ok(Some(name)) => name.to_text(py).ok(),
                Ok(None) | Err(_) => Some(loader.type_name(py)),
            },
        }
    }
}
