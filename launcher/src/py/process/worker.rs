//! Becoming a worker process: the library's own function is called, with values that were read as literals.

use std::ffi::OsString;

use crate::literal::{Arguments, Literal};
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{bytes, path_text, surrogate_text, text};
use crate::py::ffi::token::Token;
use crate::py::ffi::values::{import, tuple};
use crate::py::process::main_module;
use crate::worker::{Action, Worker};

/// Does what makes this process the worker; it returns, or raises `SystemExit`, when the work is done.
pub(in crate::py) fn become_worker(py: Token<'_>, worker: &Worker) -> Result<(), Exception> {
    match &worker.action {
        Action::Call { module, function, arguments } => {
            let remaining = worker.argv.get(1..).unwrap_or_default();
            let function = import(py, module)?.attribute(py, function)?;
            call(py, &function, arguments, remaining)
        }
        Action::Module(module) => main_module::run_module(py, module),
        Action::Code(code) => {
            let namespace = main_module::main_module(py)?.attribute(py, "__dict__")?;
            let run = import(py, "builtins")?.attribute(py, "exec")?;
            run.call(py, &[&text(py, code)?, &namespace]).map(drop)
        }
    }
}

fn call(
    py: Token<'_>,
    function: &Object,
    arguments: &Arguments,
    remaining: &[OsString],
) -> Result<(), Exception> {
    let convert = |literal: &Literal| object(py, literal, remaining);
    let positional = arguments.positional.iter().map(convert).collect::<Result<Vec<_>, _>>()?;
    let keywords = arguments
        .keywords
        .iter()
        .map(|(name, value)| Ok((name.as_str(), convert(value)?)))
        .collect::<Result<Vec<_>, Exception>>()?;
    let positional: Vec<&Object> = positional.iter().collect();
    let keywords: Vec<(&str, &Object)> =
        keywords.iter().map(|(name, value)| (*name, value)).collect();
    function.call_with_keywords(py, &positional, &keywords).map(drop)
}

/// The Python object of a literal.
fn object(py: Token<'_>, literal: &Literal, remaining: &[OsString]) -> Result<Object, Exception> {
    let all = |literals: &[Literal]| {
        literals.iter().map(|literal| object(py, literal, remaining)).collect::<Result<Vec<_>, _>>()
    };
    match literal {
        Literal::None => Ok(Object::none(py)),
        Literal::Boolean(value) => Ok(Object::boolean(py, *value)),
        Literal::Integer(value) => Object::integer(py, *value),
        Literal::Text(value) => surrogate_text(py, value),
        Literal::Bytes(value) => bytes(py, value),
        Literal::List(items) => Object::list(py, all(items)?),
        Literal::Tuple(items) => tuple(py, &all(items)?),
        Literal::Dict(pairs) => {
            let made = import(py, "builtins")?.attribute(py, "dict")?.call(py, &[])?;
            for (key, value) in pairs {
                let (key, value) = (object(py, key, remaining)?, object(py, value, remaining)?);
                made.call_method(py, "__setitem__", &[&key, &value])?;
            }
            Ok(made)
        }
        Literal::RemainingArguments => {
            let items = remaining
                .iter()
                .map(|argument| path_text(py, argument))
                .collect::<Result<Vec<_>, _>>()?;
            Object::list(py, items)
        }
    }
}
