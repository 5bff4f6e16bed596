//! The walk through a module's syntax tree.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_except_handler, walk_expr, walk_stmt};
use ruff_python_ast::{
    Arguments, ExceptHandler, Expr, ExprCall, Stmt, StmtFunctionDef, StmtIf, StmtImport,
    StmtImportFrom, StmtTry, StmtWith,
};
use ruff_text_size::{Ranged, TextSize};

use super::condition::{decide, last_name};
use super::{Facts, Import, Place, Questions};

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
    "exec", "run_path", "run_module", "spec_from_file_location", "SourceFileLoader", "load_source", "InteractiveConsole", "interact",
];
const PLAIN_RUNNERS: &[&str] = &["exec"];

/// Exceptions whose handlers expect that a module is missing.
const IMPORT_ERRORS: &[&str] =
    &["ImportError", "ModuleNotFoundError", "Exception", "BaseException"];

/// No name of a module or of a library is longer.
const LONGEST_TEXT: usize = 200;

pub(super) struct Reader<'s, 'q> {
    line_starts: Vec<usize>,
    name: &'s str,
    /// The package that relative imports start from.
    package: &'s str,
    questions: &'q Questions<'q>,
    facts: Facts,
    functions: usize,
    /// Conditions around that only the running program decides.
    conditions: usize,
    guards: usize,
    /// The parameter of the module's `__getattr__`, while it is read.
    attribute: Option<String>,
    scopes: Vec<Scope>,
    /// Texts of scopes that import nothing by a computed name.
    others: Vec<(String, u32)>,
    /// Names that stand for modules.
    bound: BTreeMap<String, (String, Place, u32)>,
    /// Uses of attributes, from a name on.
    chains: BTreeSet<(String, String)>,
    opens_libraries: bool,
    libraries: BTreeSet<String>,
    lists_folders: bool,
    has_own_place: bool,
    names_loader: bool,
    found_specs: Vec<(String, u32)>,
    text_words: HashSet<String>,
}

/// A function's body, or the module's top level.
#[derive(Default)]
struct Scope {
    texts: Vec<(String, u32)>,
    imports_computed: bool,
}

impl<'s, 'q> Reader<'s, 'q> {
    pub(super) fn new(
        text: &'s str,
        name: &'s str,
        package: &'s str,
        questions: &'q Questions<'q>,
    ) -> Self {
        let line_starts = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self {
            line_starts: line_starts.collect(),
            name,
            package,
            questions,
            facts: Facts::default(),
            functions: 0,
            conditions: 0,
            guards: 0,
            attribute: None,
            scopes: vec![Scope::default()],
            others: Vec::new(),
            bound: BTreeMap::new(),
            chains: BTreeSet::new(),
            opens_libraries: false,
            libraries: BTreeSet::new(),
            lists_folders: false,
            has_own_place: false,
            names_loader: false,
            found_specs: Vec::new(),
            text_words: HashSet::new(),
        }
    }

    pub(super) fn module(&mut self, body: &[Stmt]) {
        self.visit_body(body);
    }

    pub(super) fn finish(mut self) -> Facts {
        self.leave_scope();
        if self.facts.imports_computed {
            for (text, line) in std::mem::take(&mut self.others) {
                self.import_text(&text, line);
            }
        }
        if self.names_loader {
            for (name, line) in std::mem::take(&mut self.found_specs) {
                self.add(name, Vec::new(), line, Place::Function);
            }
        }
        self.use_attributes();
        self.facts.lists_modules |= self.lists_folders && self.has_own_place;
        if self.opens_libraries {
            self.facts.libraries = std::mem::take(&mut self.libraries);
        }
        self.facts
    }

    /// Adds to the imports what is used of the modules: `import a` and `a.b.c` may mean `a.b`.
    fn use_attributes(&mut self) {
        let mut more: BTreeMap<(String, Place, u32), BTreeSet<String>> = BTreeMap::new();
        for (root, chain) in &self.chains {
            if let Some((module, place, line)) = self.bound.get(root) {
                let key = (module.clone(), *place, *line);
                more.entry(key).or_default().insert(chain.clone());
            }
        }
        for ((module, place, line), chains) in more {
            let same = self.facts.imports.iter_mut().find(|import| {
                import.line == line && import.place == place && import.module == module
            });
            if let Some(import) = same {
                import.members.extend(chains);
                continue;
            }
            // `from a import b` and `b.c`
            let outer = module.rsplit_once('.').and_then(|(outer, member)| {
                let import = self.facts.imports.iter_mut().find(|import| {
                    import.line == line && import.module == outer && !import.members.is_empty()
                })?;
                Some((import, member))
            });
            if let Some((import, member)) = outer {
                import.members.extend(chains.iter().map(|chain| format!("{member}.{chain}")));
            } else {
                let members = chains.into_iter().collect();
                self.facts.imports.push(Import { module, members, has_star: false, line, place });
            }
        }
    }

    fn line(&self, at: TextSize) -> u32 {
        let before = self.line_starts.partition_point(|start| *start <= at.to_usize());
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }

    fn place(&self) -> Place {
        if self.guards > 0 {
            Place::Guarded
        } else if self.functions > 0 || self.conditions > 0 {
            Place::Function
        } else {
            Place::Top
        }
    }

    fn add(&mut self, module: String, members: Vec<String>, line: u32, place: Place) {
        if !module.is_empty() {
            self.facts.imports.push(Import { module, members, has_star: false, line, place });
        }
    }

    fn import(&mut self, statement: &StmtImport) {
        let (line, place) = (self.line(statement.start()), self.place());
        for alias in &statement.names {
            let name = alias.name.as_str();
            self.add(name.to_owned(), Vec::new(), line, place);
            let (bound, module) = match &alias.asname {
                Some(bound) => (bound.as_str(), name),
                None => {
                    let first = crate::bundle::tree::first_part(name);
                    (first, first)
                }
            };
            self.bind(bound, module.to_owned(), place, line);
        }
    }

    fn import_from(&mut self, statement: &StmtImportFrom) {
        let module = statement.module.as_ref().map_or("", |module| module.as_str());
        let Some(module) = self.absolute(statement.level, module, self.package) else { return };
        let (line, place) = (self.line(statement.start()), self.place());
        let names = statement.names.iter().map(|alias| alias.name.as_str());
        let members: Vec<String> = names.filter(|name| *name != "*").map(str::to_owned).collect();
        for alias in statement.names.iter().filter(|alias| alias.name.as_str() != "*") {
            let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            self.bind(bound, format!("{module}.{}", alias.name.as_str()), place, line);
        }
        let has_star = members.len() < statement.names.len();
        self.facts.imports.push(Import { module, members, has_star, line, place });
    }

    fn bind(&mut self, name: &str, module: String, place: Place, line: u32) {
        if self.functions == 0 {
            self.facts.names.insert(name.to_owned());
        }
        self.bound.entry(name.to_owned()).or_insert((module, place, line));
    }

    /// The absolute name of a relative one with so many dots; nothing when it leaves the top.
    fn absolute(&self, level: u32, module: &str, package: &str) -> Option<String> {
        if level == 0 {
            return (!module.is_empty()).then(|| module.to_owned());
        }
        let mut base = package;
        for _ in 1..level {
            base = base.rsplit_once('.')?.0;
        }
        if base.is_empty() {
            return None;
        }
        Some(if module.is_empty() { base.to_owned() } else { format!("{base}.{module}") })
    }

    /// The absolute name of a text with leading dots.
    fn absolute_text(&self, text: &str, package: &str) -> Option<String> {
        let name = text.trim_start_matches('.');
        let level = u32::try_from(text.len() - name.len()).ok()?;
        (name.is_empty() || is_module_name(name)).then(|| self.absolute(level, name, package))?
    }

    fn import_text(&mut self, text: &str, line: u32) {
        if let Some(name) = self.absolute_text(text, self.package) {
            self.add(name, Vec::new(), line, Place::Text);
        }
    }

    fn call(&mut self, call: &ExprCall) {
        let Some(function) = last_name(&call.func) else { return };
        let first = argument(&call.arguments);
        let literal = first.and_then(text_of);
        let line = self.line(call.start());
        if IMPORT_FUNCTIONS.contains(&function) {
            match literal {
                Some(name) => self.import_literal(name, &call.arguments, line),
                None => self.import_computed(first),
            }
        } else if function.to_lowercase().contains("import")
            && let Some(name) = literal.filter(|name| is_module_name(name))
        {
            let place = if self.guards > 0 { Place::Guarded } else { Place::Function };
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
        let runs = CODE_RUNNERS.iter().find(|name| **name == function);
        if let Some(runs) = runs.filter(|name| is_plain || !PLAIN_RUNNERS.contains(name)) {
            self.runs_unseen(runs, call.start());
        }
        // `sys.path.insert(0, folder)`
        if let Expr::Attribute(method) = &*call.func
            && is_search_path(&method.value)
        {
            self.runs_unseen("sys.path", call.start());
        }
    }

    fn runs_unseen(&mut self, sign: &'static str, at: TextSize) {
        let line = self.line(at);
        self.facts.runs_unseen.get_or_insert((sign, line));
    }

    fn import_literal(&mut self, name: &str, arguments: &Arguments, line: u32) {
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
            let place = if self.guards > 0 { Place::Guarded } else { Place::Function };
            self.add(module, Vec::new(), line, place);
        }
    }

    /// An import of a computed name. A lazy package's `__getattr__` makes it of the attribute, which its user names.
    fn import_computed(&mut self, name: Option<&Expr>) {
        let is_attribute = |name: &Expr| {
            self.attribute.as_deref().is_some_and(|attribute| mentions(name, attribute))
        };
        if name.is_some_and(is_attribute) {
            return;
        }
        self.facts.imports_computed = true;
        if let Some(scope) = self.scopes.last_mut() {
            scope.imports_computed = true;
        }
    }

    fn text(&mut self, text: &str, at: TextSize) {
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

    fn word(&mut self, word: &str) {
        if self.questions.words.contains(word) {
            self.text_words.insert(word.to_owned());
            self.facts.words.insert(word.to_owned());
        }
    }

    fn leave_scope(&mut self) {
        let Some(scope) = self.scopes.pop() else { return };
        for (text, line) in scope.texts {
            if scope.imports_computed {
                self.import_text(&text, line);
            } else if text.contains('.') {
                self.others.push((text, line));
            }
        }
    }

    fn function(&mut self, function: &StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.visit_decorator(decorator);
        }
        let is_lazy = self.functions == 0 && function.name.as_str() == "__getattr__";
        if self.functions == 0 {
            self.facts.names.insert(function.name.as_str().to_owned());
        }
        if is_lazy {
            let parameter = function.parameters.iter().next();
            self.attribute = parameter.map(|parameter| parameter.name().as_str().to_owned());
        }
        self.scopes.push(Scope::default());
        self.functions += 1;
        self.visit_parameters(&function.parameters);
        self.visit_body(&function.body);
        self.functions -= 1;
        self.leave_scope();
        if is_lazy {
            self.attribute = None;
        }
    }

    fn if_statement(&mut self, statement: &StmtIf) {
        let target = self.questions.target;
        let mut decided = decide(&statement.test, target);
        self.visit_expr(&statement.test);
        self.branch(decided, &statement.body);
        for clause in &statement.elif_else_clauses {
            if decided == Some(true) {
                return;
            }
            let before = decided;
            decided = match &clause.test {
                Some(test) => {
                    self.visit_expr(test);
                    decide(test, target)
                }
                // `else` is taken where all before it is known not to be.
                None => before.map(|taken| !taken),
            };
            // A branch after an open one is open too.
            if before.is_none() && decided != Some(false) {
                decided = None;
            }
            self.branch(decided, &clause.body);
        }
    }

    /// Reads a branch that is taken, not taken, or perhaps taken.
    fn branch(&mut self, decided: Option<bool>, body: &[Stmt]) {
        let is_open = decided.is_none();
        self.conditions += usize::from(is_open);
        if decided != Some(false) {
            self.visit_body(body);
        }
        self.conditions -= usize::from(is_open);
    }

    fn try_statement(&mut self, statement: &StmtTry) {
        let expects = |ExceptHandler::ExceptHandler(handler): &ExceptHandler| match &handler.type_ {
            None => true,
            Some(caught) => is_import_error(caught),
        };
        let is_guarded = statement.handlers.iter().any(expects);
        self.guards += usize::from(is_guarded);
        self.visit_body(&statement.body);
        for handler in &statement.handlers {
            walk_except_handler(self, handler);
        }
        self.visit_body(&statement.orelse);
        self.guards -= usize::from(is_guarded);
        self.visit_body(&statement.finalbody);
    }

    fn with_statement(&mut self, statement: &StmtWith) {
        let suppresses = |expression: &Expr| match expression {
            Expr::Call(call) => {
                last_name(&call.func) == Some("suppress")
                    && call.arguments.args.iter().any(is_import_error)
            }
            _other => false,
        };
        let is_guarded = statement.items.iter().any(|item| suppresses(&item.context_expr));
        for item in &statement.items {
            self.visit_with_item(item);
        }
        self.guards += usize::from(is_guarded);
        self.visit_body(&statement.body);
        self.guards -= usize::from(is_guarded);
    }

    /// `__all__ = [...]`, `__all__ += [...]`, `__all__: list[str] = [...]`.
    fn export(&mut self, target: &Expr, value: &Expr) {
        if self.functions > 0 || last_name(target) != Some("__all__") {
            return;
        }
        let names = match value {
            Expr::List(list) => &list.elts,
            Expr::Tuple(tuple) => &tuple.elts,
            _computed => return,
        };
        self.facts.exported.extend(names.iter().filter_map(text_of).map(str::to_owned));
    }
}

impl<'a> Visitor<'a> for Reader<'_, '_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::If(condition) => self.if_statement(condition),
            Stmt::Try(guarded) => self.try_statement(guarded),
            Stmt::With(with) => self.with_statement(with),
            // A docstring.
            Stmt::Expr(expression) if expression.value.is_string_literal_expr() => {}
            other => {
                match other {
                    Stmt::ClassDef(class) if self.functions == 0 => {
                        self.facts.names.insert(class.name.as_str().to_owned());
                    }
                    Stmt::Assign(assign) => {
                        for target in &assign.targets {
                            if is_search_path(target) {
                                self.runs_unseen("sys.path", assign.start());
                            }
                            self.export(target, &assign.value);
                        }
                    }
                    Stmt::AugAssign(assign) => {
                        if is_search_path(&assign.target) {
                            self.runs_unseen("sys.path", assign.start());
                        }
                        self.export(&assign.target, &assign.value);
                    }
                    Stmt::AnnAssign(assign) => {
                        if let Some(value) = &assign.value {
                            self.export(&assign.target, value);
                        }
                    }
                    _other => {}
                }
                walk_stmt(self, other);
            }
        }
    }

    // Annotations name what only type checkers need.
    fn visit_annotation(&mut self, annotation: &'a Expr) {
        walk_expr(self, annotation);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => {
                let id = name.id.as_str();
                if self.functions == 0 {
                    self.facts.names.insert(id.to_owned());
                }
                self.has_own_place |= matches!(id, "__file__" | "__path__");
                self.names_loader |= id == "LazyLoader";
                self.word(id);
            }
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                if self.functions == 0 {
                    self.facts.names.insert(name.to_owned());
                }
                self.has_own_place |= matches!(name, "__file__" | "__path__");
                self.names_loader |= name == "LazyLoader";
                if name == "executable" && last_name(&attribute.value) == Some("sys") {
                    self.runs_unseen("sys.executable", attribute.start());
                }
                self.word(name);
                match &*attribute.value {
                    Expr::Name(root) => {
                        self.chains.insert((root.id.as_str().to_owned(), name.to_owned()));
                    }
                    Expr::Attribute(inner) => {
                        if let Expr::Name(root) = &*inner.value {
                            let chain = format!("{}.{name}", inner.attr.as_str());
                            self.chains.insert((root.id.as_str().to_owned(), chain));
                        }
                    }
                    _other => {}
                }
            }
            Expr::StringLiteral(text) => self.text(text.value.to_str(), text.start()),
            Expr::Call(call) => self.call(call),
            Expr::If(choice) => match decide(&choice.test, self.questions.target) {
                Some(true) => return self.visit_expr(&choice.body),
                Some(false) => return self.visit_expr(&choice.orelse),
                None => {}
            },
            Expr::Lambda(_) => {
                self.functions += 1;
                walk_expr(self, expression);
                self.functions -= 1;
                return;
            }
            _other => {}
        }
        walk_expr(self, expression);
    }
}

/// Whether an expression is `sys.path`, or a part of it.
fn is_search_path(expression: &Expr) -> bool {
    match expression {
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "path" && last_name(&attribute.value) == Some("sys")
        }
        Expr::Subscript(part) => is_search_path(&part.value),
        _other => false,
    }
}

fn is_import_error(caught: &Expr) -> bool {
    match caught {
        Expr::Tuple(several) => several.elts.iter().any(is_import_error),
        one => last_name(one).is_some_and(|name| IMPORT_ERRORS.contains(&name)),
    }
}

/// The first argument, which may be given by its name.
fn argument(arguments: &Arguments) -> Option<&Expr> {
    arguments.args.first().or_else(|| arguments.find_keyword("name").map(|found| &found.value))
}

fn text_of(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::StringLiteral(text) => Some(text.value.to_str()),
        _computed => None,
    }
}

/// Whether a name occurs in an expression.
fn mentions(expression: &Expr, name: &str) -> bool {
    struct Search<'n> {
        name: &'n str,
        is_found: bool,
    }
    impl<'a> Visitor<'a> for Search<'_> {
        fn visit_expr(&mut self, expression: &'a Expr) {
            match expression {
                Expr::Name(found) => self.is_found |= found.id.as_str() == self.name,
                // A table that is asked by the attribute gives other names than it.
                Expr::Subscript(_) | Expr::Call(_) => {}
                other => walk_expr(self, other),
            }
        }
    }
    let mut search = Search { name, is_found: false };
    search.visit_expr(expression);
    search.is_found
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
