//! Conditions that are decided before the program runs: by the target, or because only type checkers take a branch.

use ruff_python_ast::helpers::any_over_expr;
use ruff_python_ast::{BoolOp, CmpOp, Expr, Number, UnaryOp};

use super::TargetSystem;

/// Whether a condition holds on the target; nothing when only the running program knows.
pub(super) fn decide(condition: &Expr, target: &TargetSystem) -> Option<bool> {
    match condition {
        Expr::BooleanLiteral(literal) => Some(literal.value),
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(number) => Some(number.as_i64()? != 0),
            Number::Float(_) | Number::Complex { .. } => None,
        },
        Expr::Name(_) | Expr::Attribute(_) => match last_name(condition)? {
            "TYPE_CHECKING" | "PY2" | "MYPY" => Some(false),
            "PY3" => Some(true),
            _ => None,
        },
        Expr::UnaryOp(not) if not.op == UnaryOp::Not => decide(&not.operand, target).map(|is| !is),
        Expr::BoolOp(several) => {
            // One decided part may decide the whole: `False and x`, `True or x`.
            let deciding = several.op == BoolOp::Or;
            let mut parts = several.values.iter().map(|part| decide(part, target));
            let mut known = Some(!deciding);
            if parts.any(|part| {
                known = known.and(part);
                part == Some(deciding)
            }) {
                return Some(deciding);
            }
            known
        }
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([op], [right]) => compared(&compare.left, *op, right, target),
            _chain => None,
        },
        Expr::Call(call) => {
            let Expr::Attribute(function) = &*call.func else { return None };
            let known = text_of_system(&function.value, target)?;
            let prefix = |argument: &Expr| match argument {
                Expr::StringLiteral(text) => Some(known.starts_with(text.value.to_str())),
                _computed => None,
            };
            match (function.attr.as_str(), call.arguments.args.first()?) {
                ("startswith", Expr::Tuple(texts)) => {
                    let found: Option<Vec<bool>> = texts.elts.iter().map(prefix).collect();
                    Some(found?.contains(&true))
                }
                ("startswith", text) => prefix(text),
                _other => None,
            }
        }
        _other => None,
    }
}

/// Whether a condition asks if some module is there: by `"a" in sys.modules`, `sys.modules.get("a")` or `find_spec("a")`.
pub(super) fn asks_for_module(condition: &Expr) -> bool {
    any_over_expr(condition, |part| match part {
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([CmpOp::In], [right]) => is_loaded_modules(right),
            _other => false,
        },
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(function) if function.attr.as_str() == "get" => {
                is_loaded_modules(&function.value)
            }
            function => last_name(function) == Some("find_spec"),
        },
        _other => false,
    })
}

fn is_loaded_modules(expression: &Expr) -> bool {
    match expression {
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "modules" && last_name(&attribute.value) == Some("sys")
        }
        _other => false,
    }
}

fn compared(left: &Expr, op: CmpOp, right: &Expr, target: &TargetSystem) -> Option<bool> {
    if let Some(known) = text_of_system(left, target) {
        return compared_text(known, op, right);
    }
    if let Some(known) = text_of_system(right, target) {
        return matches!(op, CmpOp::Eq | CmpOp::NotEq).then(|| compared_text(known, op, left))?;
    }
    if let Some(known) = version(left, target) {
        return compared_numbers(&known, op, &numbers(right)?);
    }
    let swapped = match op {
        CmpOp::Lt => CmpOp::Gt,
        CmpOp::LtE => CmpOp::GtE,
        CmpOp::Gt => CmpOp::Lt,
        CmpOp::GtE => CmpOp::LtE,
        same => same,
    };
    compared_numbers(&version(right, target)?, swapped, &numbers(left)?)
}

fn compared_text(known: &str, op: CmpOp, other: &Expr) -> Option<bool> {
    let is = |expression: &Expr| match expression {
        Expr::StringLiteral(text) => Some(text.value.to_str() == known),
        _computed => None,
    };
    let is_in = |several: &[Expr]| {
        Some(several.iter().map(is).collect::<Option<Vec<bool>>>()?.contains(&true))
    };
    let found = match (op, other) {
        (CmpOp::Eq | CmpOp::NotEq, text) => is(text)?,
        (CmpOp::In | CmpOp::NotIn, Expr::Tuple(texts)) => is_in(&texts.elts)?,
        (CmpOp::In | CmpOp::NotIn, Expr::List(texts)) => is_in(&texts.elts)?,
        (CmpOp::In | CmpOp::NotIn, Expr::Set(texts)) => is_in(&texts.elts)?,
        _other => return None,
    };
    Some(found == matches!(op, CmpOp::Eq | CmpOp::In))
}

/// The value on the target of an expression that names the system or the kind of Python.
fn text_of_system(expression: &Expr, target: &TargetSystem) -> Option<&'static str> {
    match expression {
        Expr::Attribute(attribute) => {
            match (last_name(&attribute.value)?, attribute.attr.as_str()) {
                ("sys", "platform") => Some(target.platform),
                ("os", "name") => Some(target.os_name),
                ("implementation", "name") => Some("cpython"),
                _other => None,
            }
        }
        Expr::Call(call) if call.arguments.args.is_empty() => match last_name(&call.func)? {
            "system" => Some(target.system),
            "python_implementation" => Some("CPython"),
            _other => None,
        },
        _other => None,
    }
}

/// The parts of Python's version that an expression gives.
fn version(expression: &Expr, target: &TargetSystem) -> Option<Vec<u64>> {
    let (major, minor) = (u64::from(target.version.0), u64::from(target.version.1));
    match expression {
        Expr::Attribute(attribute) if last_name(&attribute.value) == Some("version_info") => {
            match attribute.attr.as_str() {
                "major" => Some(vec![major]),
                "minor" => Some(vec![minor]),
                _micro => None,
            }
        }
        Expr::Name(_) | Expr::Attribute(_) => {
            (last_name(expression)? == "version_info").then(|| vec![major, minor])
        }
        Expr::Subscript(part) if last_name(&part.value) == Some("version_info") => {
            match &*part.slice {
                Expr::Slice(slice) if slice.lower.is_none() => {
                    match number(slice.upper.as_deref()?)? {
                        1 => Some(vec![major]),
                        _more => Some(vec![major, minor]),
                    }
                }
                index => match number(index)? {
                    0 => Some(vec![major]),
                    1 => Some(vec![minor]),
                    _micro => None,
                },
            }
        }
        _other => None,
    }
}

fn numbers(expression: &Expr) -> Option<Vec<u64>> {
    match expression {
        Expr::Tuple(tuple) => tuple.elts.iter().map(number).collect(),
        single => Some(vec![number(single)?]),
    }
}

fn number(expression: &Expr) -> Option<u64> {
    match expression {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(number) => number.as_i64().and_then(|number| u64::try_from(number).ok()),
            Number::Float(_) | Number::Complex { .. } => None,
        },
        _other => None,
    }
}

fn compared_numbers(known: &[u64], op: CmpOp, other: &[u64]) -> Option<bool> {
    // `sys.version_info` has more parts than are known here: they matter where all the known ones are equal.
    let shared = known.len().min(other.len());
    let order = known.get(..shared)?.cmp(other.get(..shared)?);
    if order.is_eq() && other.len() > known.len() {
        return None;
    }
    // A longer tuple is greater than one that it begins with, as `sys.version_info >= (3,)`.
    let order = if order.is_eq() { known.len().cmp(&other.len()) } else { order };
    Some(match op {
        CmpOp::Eq => order.is_eq(),
        CmpOp::NotEq => order.is_ne(),
        CmpOp::Lt => order.is_lt(),
        CmpOp::LtE => order.is_le(),
        CmpOp::Gt => order.is_gt(),
        CmpOp::GtE => order.is_ge(),
        CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => return None,
    })
}

/// The last part of a dotted name.
pub(super) fn last_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _other => None,
    }
}
