//! Texts of a source that may be names of modules.

use std::collections::BTreeSet;

use ruff_python_ast::Expr;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

/// The texts with the form of a dotted name (`site.settings`), of an entry point (`app:run`), or of a name in a list.
pub(crate) fn module_texts(source: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(source);
    let parsed = parse_unchecked(&text, ParseOptions::from(Mode::Module));
    let mut texts = Texts(BTreeSet::new());
    if let Some(module) = parsed.syntax().as_module() {
        texts.visit_body(&module.body);
    }
    texts.0
}

struct Texts(BTreeSet<String>);

impl Texts {
    fn note(&mut self, expression: &Expr, may_be_one_word: bool) {
        let Expr::StringLiteral(literal) = expression else { return };
        let text = literal.value.to_str();
        let module = text.split_once(':').map_or(text, |(module, _)| module);
        let is_name = |part: &str| {
            part.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
                && part.chars().next().is_some_and(|first| !first.is_numeric())
        };
        let has_form = may_be_one_word || module.contains('.') || module.len() < text.len();
        if has_form && module.split('.').all(is_name) {
            self.0.insert(module.to_owned());
        }
    }
}

impl<'a> Visitor<'a> for Texts {
    fn visit_expr(&mut self, expression: &'a Expr) {
        let several = match expression {
            Expr::List(list) => &*list.elts,
            Expr::Tuple(tuple) => &*tuple.elts,
            Expr::Set(set) => &*set.elts,
            single => {
                self.note(single, false);
                &[]
            }
        };
        for element in several {
            self.note(element, true);
        }
        walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::module_texts;

    #[test]
    fn texts_may_name_modules() {
        for (source, expected) in [
            ("x = 'site.settings'", "site.settings"),
            ("run('app:run', 'one word', '1.5', 'a..b', '')", "app"),
            ("run('app')", ""),
            ("APPS = ['polls', 'other.apps.Config', f'x']", "other.apps.Config polls"),
            ("APPS += ('polls',)", "polls"),
            ("{'key': 'a.b'}['c']", "a.b"),
            ("def f(:\n  return 'a.b'", "a.b"),
        ] {
            let found: Vec<String> = module_texts(source.as_bytes()).into_iter().collect();
            assert_eq!(found.join(" "), expected, "{source}");
        }
    }
}
