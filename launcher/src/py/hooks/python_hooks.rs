//! Post-import hooks that Python code registers.
//!
//! The registry holds no Python object of theirs: it could not say so to the garbage collector, and a hook refers to its
//! module's globals, which refer to our finder. The registry holds a number, the *token*; the object of that number
//! is in a dictionary of the interpreter's, from where Python frees it as anything else.

use std::sync::atomic::{AtomicU64, Ordering};

use importer_core::{Frequency, Hook, HookId};
use interp_config::EntryPoint;
use pyo3_ffi as ffi;

use crate::py::ffi::boundary;
use crate::py::ffi::exception::{Exception, Kind};
use crate::py::ffi::object::Object;
use crate::py::ffi::text::text;
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, loaded_module, resolve, tuple};
use crate::py::hooks::initialising;
use crate::py::import::finder_type;
use crate::py::import::own_module;

/// The module object that holds the hooks of its interpreter, `{token: (hook, id in the registry)}`. It is in `sys.modules` and
/// nowhere else: what our finder refers to lives until the registry of codecs is taken apart, for `encodings` is loaded by
/// the finder, and then it is too late for destructors.
const HOLDER: &str = "_coldframe_hooks";
const TABLE: &str = "hooks";

/// Tokens are numbers of the process, so that one of another interpreter means nothing.
static LAST_TOKEN: AtomicU64 = AtomicU64::new(0);

/// The effect of a failing hook.
#[derive(Clone, Copy)]
enum OnFailure {
    Raise,
    Log,
}

/// How a hook is to be registered.
pub(in crate::py) struct Options {
    frequency: Frequency,
    on_failure: OnFailure,
}

impl Options {
    /// From the arguments `every_load` and `on_failure`, which need not be given.
    pub(in crate::py) fn read(
        py: Token<'_>,
        every_load: Option<&Object>,
        on_failure: Option<&Object>,
    ) -> Result<Self, Exception> {
        let frequency = match every_load.map(|every_load| every_load.is_true(py)).transpose()? {
            Some(true) => Frequency::EveryLoad,
            Some(false) | None => Frequency::OncePerModule,
        };
        if let Some(other) = on_failure.filter(|on_failure| !on_failure.is_text()) {
            let message = format!("on_failure must be str, not '{}'", other.type_name(py));
            return Err(Exception::new(py, Kind::Type, &message));
        }
        let on_failure = match on_failure.map(|on_failure| on_failure.to_text(py)).transpose()? {
            None => OnFailure::Raise,
            Some(word) => match word.as_str() {
                "raise" => OnFailure::Raise,
                "log" => OnFailure::Log,
                other => {
                    let message = format!("on_failure must be 'raise' or 'log', not '{other}'");
                    return Err(Exception::new(py, Kind::Value, &message));
                }
            },
        };
        Ok(Self { frequency, on_failure })
    }
}

/// Makes the dictionary of hooks of this interpreter.
pub(in crate::py) fn prepare(py: Token<'_>) -> Result<(), Exception> {
    let builtins = import(py, "builtins")?;
    let holder = builtins.object_type(py).call(py, &[&text(py, HOLDER)?])?;
    holder.set_attribute(py, TABLE, &builtins.attribute(py, "dict")?.call(py, &[])?)?;
    import(py, "sys")?.attribute(py, "modules")?.set_item(py, &text(py, HOLDER)?, &holder)
}

/// The dictionary of hooks; nothing when the interpreter is being torn down.
fn table(py: Token<'_>) -> Result<Option<Object>, Exception> {
    match loaded_module(py, HOLDER)?.filter(|holder| !holder.is_none(py)) {
        Some(holder) => holder.attribute_or_none(py, TABLE),
        None => Ok(None),
    }
}

/// Registers a hook, and runs it at once if its module is loaded; gives its token.
pub(in crate::py) fn register(
    py: Token<'_>,
    hook: &Object,
    name: &str,
    options: &Options,
) -> Result<Object, Exception> {
    let label = label(py, hook)?;
    let finder = own_module::finder(py)?;
    let hooks = finder_type::hooks_of(py, &finder)?;
    let gone = || Exception::new(py, Kind::Runtime, "the interpreter is being torn down");
    let table = table(py)?.ok_or_else(gone)?;
    let number = LAST_TOKEN.fetch_add(1, Ordering::Relaxed) + 1;
    let token = Object::integer(py, number as i64)?;
    table.set_item(py, &token, &tuple(py, &[hook.clone_ref(py)])?)?;

    let on_failure = options.on_failure;
    let (called, imported) = (label.clone(), name.to_owned());
    let registered = Hook::new(label, move |module: &Object| {
        // SAFETY: hooks run from the finder's methods and from `register`, which CPython calls attached.
        let py = unsafe { Token::assume_attached() };
        boundary::guarded(py, |py| {
            let outcome = run(py, number, module);
            match (outcome, on_failure) {
                (Err(exception), OnFailure::Log) if exception.is_ordinary(py) => {
                    report(py, &called, &imported, exception);
                    Ok(())
                }
                (outcome, OnFailure::Log | OnFailure::Raise) => outcome,
            }
        })
    });
    let mut failed = None;
    let (id, outcome) = hooks.register(name, registered.frequency(options.frequency), || {
        initialising::find_loaded(py, &finder, name).unwrap_or_else(|exception| {
            failed = Some(exception);
            None
        })
    });
    if let Err(exception) = failed.map_or(outcome, Err) {
        // Nobody gets a token for it.
        hooks.unregister(id);
        table.call_method(py, "pop", &[&token, &Object::none(py)])?;
        return Err(exception);
    }
    let id = Object::integer(py, u64::from(id) as i64)?;
    table.set_item(py, &token, &tuple(py, &[hook.clone_ref(py), id])?)?;
    Ok(token)
}

/// Takes a hook out; whether it was there.
pub(in crate::py) fn unregister(py: Token<'_>, token: &Object) -> Result<bool, Exception> {
    if token.to_integer(py).is_err() {
        let message = format!("token must be int, not '{}'", token.type_name(py));
        return Err(Exception::new(py, Kind::Type, &message));
    }
    let Some(table) = table(py)? else { return Ok(false) };
    let entry = table.call_method(py, "pop", &[token, &Object::none(py)])?;
    if entry.is_none(py) {
        return Ok(false);
    }
    let hooks = finder_type::hooks_of(py, &own_module::finder(py)?)?;
    let id = entry.item(py, 1)?.to_integer(py)?;
    Ok(hooks.unregister(HookId::from(id as u64)))
}

/// Calls the hook with the module. One that was taken out while this load was on its way to it is not called.
fn run(py: Token<'_>, number: u64, module: &Object) -> Result<(), Exception> {
    let Some(table) = table(py)? else { return Ok(()) };
    let entry = table.call_method(py, "get", &[&Object::integer(py, number as i64)?])?;
    if entry.is_none(py) {
        return Ok(());
    }
    let hook = entry.item(py, 0)?;
    let function = if hook.is_text() { resolve(py, &entry_point(py, &hook)?)? } else { hook };
    function.call(py, &[module]).map(drop)
}

fn entry_point(py: Token<'_>, hook: &Object) -> Result<EntryPoint, Exception> {
    let parsed = hook.to_text(py)?.parse::<EntryPoint>();
    parsed.map_err(|error| Exception::new(py, Kind::Value, &error.to_string()))
}

/// The name of a hook in logs; an object that is neither callable nor a name is refused.
fn label(py: Token<'_>, hook: &Object) -> Result<String, Exception> {
    if hook.is_text() {
        return entry_point(py, hook).map(|entry| entry.to_string());
    }
    if !hook.is_callable(py) {
        let message = format!(
            "hook must be callable, or a string 'package.module:function', not '{}'",
            hook.type_name(py)
        );
        return Err(Exception::new(py, Kind::Type, &message));
    }
    let part = |name| match hook.attribute_or_none(py, name) {
        Ok(part) => part.and_then(|part| part.to_text(py).ok()),
        Err(_) => None,
    };
    Ok(match (part("__module__"), part("__qualname__")) {
        (Some(module), Some(name)) => format!("{module}:{name}"),
        (None, Some(name)) => name,
        (_, None) => hook.type_name(py),
    })
}

/// `logging.getLogger("coldframe").error(…)`; where that cannot be, as in a hook on a part of `logging`, what Python does with
/// exceptions that nobody can catch.
fn report(py: Token<'_>, label: &str, module: &str, exception: Exception) {
    tracing::debug!(module, hook = label, exception = %exception.describe(py), "post-import hook failed");
    let logged = text(py, "post-import hook %s on %s failed").and_then(|message| {
        let logger =
            import(py, "logging")?.call_method(py, "getLogger", &[&text(py, "coldframe")?])?;
        logger.attribute(py, "error")?.call_with_keywords(
            py,
            &[&message, &text(py, label)?, &text(py, module)?],
            &[("exc_info", exception.value())],
        )
    });
    if logged.is_err() {
        match text(py, label) {
            Ok(label) => exception.write_unraisable(py, &label),
            Err(_) => drop(exception),
        }
    }
}

/// The function that `when_imported` gives, which registers what it decorates: its `self` is a tuple of the arguments.
pub(in crate::py) fn decorator(
    py: Token<'_>,
    definition: *mut ffi::PyMethodDef,
    arguments: &[Option<&Object>],
) -> Result<Object, Exception> {
    let none = Object::none(py);
    let known: Vec<_> =
        arguments.iter().map(|argument| argument.unwrap_or(&none).clone_ref(py)).collect();
    let known = tuple(py, &known)?;
    // SAFETY: attached; the caller's definition is static; the function takes a reference to the tuple.
    unsafe {
        Object::from_owned(
            py,
            ffi::PyCFunction_NewEx(definition, known.as_ptr(), std::ptr::null_mut()),
        )
    }
}
