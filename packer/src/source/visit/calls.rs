//! The meaning of calls and texts in a module: imports by function, libraries that are opened, code that is run.

use ruff_python_ast::{Arguments, Expr, ExprCall, Stmt};
use ruff_python_parser::parse_module;
use ruff_text_size::{Ranged, TextSize};

use super::{Reader, text_of};
use crate::source::condition::last_name;
use crate::source::{Import, ImportPlace};

/// Functions that import by a name which is computed, or a literal.
const IMPORT_FUNCTIONS: &[&str] = &["import_module", "__import__"];

/// Functions that say which modules lie in a folder, and those that say which files do.
const MODULE_LISTERS: &[&str] = &["walk_packages", "iter_modules"];
const FOLDER_LISTERS: &[&str] =
    &["listdir", "scandir", "iterdir", "glob", "iglob", "rglob", "walk"];

/// Functions that open a shared library by its name, or find one.
const LIBRARY_OPENERS: &[&str] = &["CDLL", "PyDLL", "LoadLibrary", "dlopen", "find_library"];

/// Functions that read the metadata of a distribution that they are given by name.
const METADATA_READERS: &[&str] =
    &["version", "metadata", "distribution", "requires", "files", "get_distribution", "require"];

/// Functions that run code from files and texts. Of the plain ones, methods of that name are others.
const CODE_RUNNERS: &[&str] = &[
    "exec",
    "run_path",
    "run_module",
    "spec_from_file_location",
    "SourceFileLoader",
    "load_source",
    "InteractiveConsole",
    "interact",
];
const PLAIN_RUNNERS: &[&str] = &["exec"];

/// No name of a module or of a library is longer.
const LONGEST_TEXT: usize = 200;

impl Reader<'_, '_> {
    pub(super) fn call(&mut self, call: &ExprCall) {
        let Some(function) = last_name(&call.func) else { return };
        let first = argument(&call.arguments);
        let literal = first.and_then(text_of);
        let line = self.line(call.start());
        if let Some(importer) = IMPORT_FUNCTIONS.iter().find(|name| **name == function) {
            match literal {
                Some(name) => self.import_literal(name, &call.arguments, line),
                None => {
                    self.import_computed();
                    self.runs_unseen(importer, call.start());
                }
            }
        } else if function.to_lowercase().contains("import")
            && let Some(name) = literal.filter(|name| is_module_name(name))
        {
            let place = if self.guards > 0 { ImportPlace::Guarded } else { ImportPlace::Function };
            self.add(name.to_owned(), Vec::new(), line, place);
        } else if MODULE_LISTERS.contains(&function) {
            self.facts.lists_modules = true;
        } else if FOLDER_LISTERS.contains(&function) {
            self.lists_folders = true;
        } else if function == "attach_stub" {
            self.facts.attaches_stub = true;
        } else if function == "find_spec"
            && let Some(name) = literal.filter(|name| is_module_name(name))
        {
            self.found_specs.push((name.to_owned(), line));
        }
        if METADATA_READERS.contains(&function)
            && let Some(name) = literal
        {
            self.facts.metadata.insert(name.to_owned());
        }
        self.opens_libraries |= LIBRARY_OPENERS.contains(&function);
        let is_plain = matches!(&*call.func, Expr::Name(_));
        if is_plain && function == "breakpoint" {
            self.add("pdb".to_owned(), Vec::new(), line, ImportPlace::Function);
        }
        let runs = CODE_RUNNERS.iter().find(|name| **name == function);
        if let Some(runs) = runs.filter(|name| is_plain || !PLAIN_RUNNERS.contains(name)) {
            self.runs_texts |= *runs == "exec";
            self.runs_unseen(runs, call.start());
        }
        // `sys.path.insert(0, folder)`
        if let Expr::Attribute(method) = &*call.func
            && is_search_path(&method.value)
        {
            self.runs_unseen("sys.path", call.start());
        }
    }

    pub(super) fn import_literal(&mut self, name: &str, arguments: &Arguments, line: u32) {
        let anchor = arguments
            .args
            .get(1)
            .or_else(|| arguments.find_keyword("package").map(|keyword| &keyword.value));
        let package = match anchor {
            Some(Expr::StringLiteral(text)) => text.value.to_str(),
            Some(Expr::Name(name)) if name.id.as_str() == "__name__" => self.name,
            _other => self.package,
        };
        if let Some(module) = self.absolute_text(name, package) {
            let place = if self.guards > 0 { ImportPlace::Guarded } else { ImportPlace::Function };
            self.add(module, Vec::new(), line, place);
        }
    }

    /// Adds the imports of a text that consists of nothing else.
    pub(super) fn import_statements(&mut self, text: &str, line: u32) {
        let Ok(parsed) = parse_module(text) else { return };
        let mut found = Vec::new();
        for statement in &parsed.syntax().body {
            match statement {
                Stmt::Import(import) => {
                    let names = import.names.iter().map(|alias| alias.name.as_str().to_owned());
                    found.extend(names.map(|name| (name, Vec::new())));
                }
                Stmt::ImportFrom(import) if import.level == 0 => {
                    let Some(module) = &import.module else { return };
                    let members = import.names.iter().map(|alias| alias.name.as_str().to_owned());
                    found.push((module.as_str().to_owned(), members.collect()));
                }
                _other => return,
            }
        }
        for (module, mut members) in found {
            let count = members.len();
            members.retain(|name| name != "*");
            let (has_star, place) = (members.len() < count, ImportPlace::Function);
            self.facts.imports.push(Import { module, members, has_star, line, place });
        }
    }

    fn import_computed(&mut self) {
        self.facts.imports_computed = true;
        if let Some(scope) = self.scopes.last_mut() {
            scope.imports_computed = true;
        }
    }

    pub(super) fn text(&mut self, text: &str, at: TextSize) {
        if text.len() > LONGEST_TEXT {
            return;
        }
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        for word in text.split(|character: char| !is_part(character)) {
            self.word(word);
        }
        if self.questions.groups.contains(text) {
            self.facts.groups.insert(text.to_owned());
        }
        if text.starts_with("import ") || text.starts_with("from ") {
            self.statements.push((text.to_owned(), self.line(at)));
        }
        if is_soname(text) {
            self.libraries.insert(text.to_owned());
        }
        if is_module_name(text.trim_start_matches('.')) {
            let line = self.line(at);
            if let Some(scope) = self.scopes.last_mut() {
                scope.texts.push((text.to_owned(), line));
            }
        }
    }

    pub(super) fn word(&mut self, word: &str) {
        if self.questions.words.contains(word) {
            self.facts.words.insert(word.to_owned());
        }
    }

    pub(super) fn runs_unseen(&mut self, sign: &'static str, at: TextSize) {
        let line = self.line(at);
        self.facts.runs_unseen.get_or_insert((sign, line));
    }

    pub(super) fn leave_scope(&mut self) {
        let Some(scope) = self.scopes.pop() else { return };
        for (text, line) in scope.texts {
            if scope.imports_computed {
                self.import_text(&text, line);
            } else if text.contains('.') {
                self.others.push((text, line));
            }
        }
    }

    pub(super) fn import_text(&mut self, text: &str, line: u32) {
        if let Some(name) = self.absolute_text(text, self.package) {
            self.add(name, Vec::new(), line, ImportPlace::Text);
        }
    }

    /// The absolute name of a text with leading dots.
    pub(super) fn absolute_text(&self, text: &str, package: &str) -> Option<String> {
        let name = text.trim_start_matches('.');
        let level = u32::try_from(text.len() - name.len()).ok()?;
        (name.is_empty() || is_module_name(name)).then(|| self.absolute(level, name, package))?
    }
}

/// Whether an expression is `sys.path`, or a part of it.
pub(super) fn is_search_path(expression: &Expr) -> bool {
    match expression {
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "path" && last_name(&attribute.value) == Some("sys")
        }
        Expr::Subscript(part) => is_search_path(&part.value),
        _other => false,
    }
}

/// The first argument, which may be given by its name.
fn argument(arguments: &Arguments) -> Option<&Expr> {
    arguments.args.first().or_else(|| arguments.find_keyword("name").map(|found| &found.value))
}

/// Whether a text can only be the name of a shared library of a certain version.
fn is_soname(text: &str) -> bool {
    let version = text.strip_prefix("lib").and_then(|rest| rest.split_once(".so"));
    version.is_some_and(|(name, version)| {
        !name.is_empty()
            && !text.contains(['/', ' ', '%', '{', '*'])
            && (version.is_empty() || version.starts_with('.'))
    })
}

fn is_module_name(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && part.chars().all(|character| character.is_alphanumeric() || character == '_')
    })
}
