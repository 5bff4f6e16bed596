//! The walk through a module's syntax tree.

mod calls;

use std::collections::{BTreeMap, BTreeSet};

use calls::is_search_path;
use ruff_python_ast::visitor::{Visitor, walk_except_handler, walk_expr, walk_stmt};
use ruff_python_ast::{
    CmpOp, ExceptHandler, Expr, Stmt, StmtFunctionDef, StmtIf, StmtImport, StmtImportFrom, StmtTry,
    StmtWith,
};
use ruff_text_size::{Ranged, TextSize};

use super::condition::{asks_for_module, decide, last_name};
use super::{Facts, Import, ImportPlace, Questions, RunsAs};

/// Functions by which modules of the standard library test themselves, or run as programs.
const SELF_TESTS: &[&str] = &["_main", "_test", "main", "test"];

/// Exceptions whose handlers expect that a module is missing.
const IMPORT_ERRORS: &[&str] =
    &["ImportError", "ModuleNotFoundError", "Exception", "BaseException"];

pub(super) struct Reader<'s, 'q> {
    line_starts: Vec<usize>,
    name: &'s str,
    /// The package that relative imports start from.
    package: &'s str,
    runs_as: RunsAs,
    questions: &'q Questions<'q>,
    facts: Facts,
    functions: usize,
    /// Conditions around that only the running program decides.
    conditions: usize,
    guards: usize,
    scopes: Vec<Scope>,
    /// Texts of scopes that import nothing by a computed name.
    others: Vec<(String, u32)>,
    /// Names that stand for modules.
    bound: BTreeMap<String, (String, ImportPlace, u32)>,
    /// Uses of attributes, from a name on.
    chains: BTreeSet<(String, String)>,
    opens_libraries: bool,
    libraries: BTreeSet<String>,
    lists_folders: bool,
    has_own_place: bool,
    names_loader: bool,
    found_specs: Vec<(String, u32)>,
    /// Texts that may be import statements, for a module that runs texts.
    statements: Vec<(String, u32)>,
    runs_texts: bool,
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
        runs_as: RunsAs,
        questions: &'q Questions<'q>,
    ) -> Self {
        let line_starts = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        Self {
            line_starts: line_starts.collect(),
            name,
            package,
            runs_as,
            questions,
            facts: Facts::default(),
            functions: 0,
            conditions: 0,
            guards: 0,
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
            statements: Vec::new(),
            runs_texts: false,
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
                self.add(name, Vec::new(), line, ImportPlace::Function);
            }
        }
        if self.runs_texts {
            for (text, line) in std::mem::take(&mut self.statements) {
                self.import_statements(&text, line);
            }
        }
        self.use_attributes();
        self.facts.lists_modules |= self.lists_folders && self.has_own_place;
        self.facts.opens_libraries = self.opens_libraries;
        if self.opens_libraries {
            self.facts.libraries = std::mem::take(&mut self.libraries);
        }
        self.facts
    }

    /// Adds to the imports the used members of the modules: `import a` and `a.b.c` may mean `a.b`.
    fn use_attributes(&mut self) {
        let mut more: BTreeMap<(String, ImportPlace, u32), BTreeSet<String>> = BTreeMap::new();
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

    fn place(&self) -> ImportPlace {
        if self.guards > 0 {
            ImportPlace::Guarded
        } else if self.functions > 0 || self.conditions > 0 {
            ImportPlace::Function
        } else {
            ImportPlace::Top
        }
    }

    fn add(&mut self, module: String, members: Vec<String>, line: u32, place: ImportPlace) {
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
                    let first = crate::tree::first_part(name);
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
            self.word(alias.name.as_str());
            let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            self.bind(bound, format!("{module}.{}", alias.name.as_str()), place, line);
        }
        let has_star = members.len() < statement.names.len();
        self.facts.imports.push(Import { module, members, has_star, line, place });
    }

    fn bind(&mut self, name: &str, module: String, place: ImportPlace, line: u32) {
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

    fn function(&mut self, function: &StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.visit_decorator(decorator);
        }
        if self.runs_as == RunsAs::StandardModule && SELF_TESTS.contains(&function.name.as_str()) {
            return;
        }
        if self.functions == 0 {
            self.facts.names.insert(function.name.as_str().to_owned());
        }
        self.scopes.push(Scope::default());
        self.functions += 1;
        self.visit_parameters(&function.parameters);
        self.visit_body(&function.body);
        self.functions -= 1;
        self.leave_scope();
    }

    fn if_statement(&mut self, statement: &StmtIf) {
        let target = self.questions.target;
        let mut decided = decide(&statement.test, target);
        if self.runs_as != RunsAs::Main && asks_for_main(&statement.test) {
            decided = Some(false);
        }
        self.visit_expr(&statement.test);
        let is_guarded = asks_for_module(&statement.test);
        self.guards += usize::from(is_guarded);
        self.branch(decided, &statement.body);
        self.guards -= usize::from(is_guarded);
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

    // Annotations name modules that only type checkers need.
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

/// Whether a condition is `__name__ == "__main__"`.
fn asks_for_main(condition: &Expr) -> bool {
    let Expr::Compare(compare) = condition else { return false };
    let (CmpOp::Eq, [right]) =
        (compare.ops.first().copied().unwrap_or(CmpOp::NotEq), &*compare.comparators)
    else {
        return false;
    };
    let is_pair = |name: &Expr, text: &Expr| {
        last_name(name) == Some("__name__") && text_of(text) == Some("__main__")
    };
    is_pair(&compare.left, right) || is_pair(right, &compare.left)
}

fn is_import_error(caught: &Expr) -> bool {
    match caught {
        Expr::Tuple(several) => several.elts.iter().any(is_import_error),
        one => last_name(one).is_some_and(|name| IMPORT_ERRORS.contains(&name)),
    }
}

pub(super) fn text_of(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::StringLiteral(text) => Some(text.value.to_str()),
        _computed => None,
    }
}
