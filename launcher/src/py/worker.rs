//! Becoming a worker process: CPython's own function is called, with values that were read as literals.

use std::ffi::OsString;

use super::exception::Exception;
use super::object::{Object, import, tuple};
use super::text::{bytes, path_text, surrogate_text};
use super::token::Token;
use crate::literal::Literal;
use crate::worker::Worker;

/// Calls the worker's function; it returns, or raises `SystemExit`, when the work is done.
pub(super) fn become_worker(py: Token<'_>, worker: &Worker) -> Result<(), Exception> {
    let function = import(py, worker.role.module())?.attribute(py, worker.role.function())?;
    let remaining = worker.argv.get(1..).unwrap_or_default();
    let convert = |literal: &Literal| object(py, literal, remaining);
    let positional =
        worker.arguments.positional.iter().map(convert).collect::<Result<Vec<_>, _>>()?;
    let keywords = worker
        .arguments
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
