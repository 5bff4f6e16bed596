//! Which modules a compiled module imports, read from its bytecode.

use std::collections::BTreeSet;

use super::marshal::{Code, Graph, Id};
use super::protocol::Opcodes;

/// How an import finds its module when the program imports by a function call.
const IMPORT_FUNCTIONS: &[&str] = &["import_module", "__import__"];

/// Functions that open a shared library by its name, or find one.
const LIBRARY_OPENERS: &[&str] = &["CDLL", "PyDLL", "LoadLibrary", "dlopen", "find_library"];

/// What stands for `from .module import *`.
const RELATIVE_STAR: &str = ".*";

/// The dotted names of the absolute imports in a module and its functions.
///
/// `from a import b` gives `a` and `a.b` (`b` may be a module); `from a import *` gives `a.*`. Strings in functions that call `import_module` or
/// `__import__` count when they look like a module's name: that finds most plug-in tables for the price of a few names too many.
pub(super) fn imports(graph: &Graph<'_>, opcodes: Opcodes) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for code in graph.codes() {
        statements(graph, code, opcodes, &mut found);
        calls(graph, code, &mut found);
    }
    found
}

/// Whether a module takes names from another without naming them.
pub(super) fn has_star(imports: &BTreeSet<String>) -> bool {
    imports.iter().any(|name| name.ends_with(RELATIVE_STAR))
}

/// Those of `groups`, the known groups of entry points, that a module's code names: it may ask for what is plugged in there.
pub(super) fn plug_in_groups(graph: &Graph<'_>, groups: &BTreeSet<String>) -> BTreeSet<String> {
    let constants = graph.codes().flat_map(|code| tuple(graph, code.constants()));
    // A tuple of texts is one constant.
    let texts = constants.flat_map(|&id| {
        let inner = tuple(graph, Some(id)).iter().filter_map(|&id| graph.text(id));
        graph.text(id).into_iter().chain(inner)
    });
    texts.filter(|text| groups.contains(*text)).map(str::to_owned).collect()
}

/// The names of shared libraries in a module that opens some by name: `libfoo.so.2`, and `foo` where it is searched for.
pub(super) fn opened_libraries(graph: &Graph<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let uses = |wanted: &[&str]| {
        let names = graph.codes().flat_map(|code| tuple(graph, code.names()));
        names.filter_map(|&id| graph.text(id)).any(|name| wanted.contains(&name))
    };
    if !uses(LIBRARY_OPENERS) {
        return found;
    }
    let constants = graph.codes().flat_map(|code| tuple(graph, code.constants()));
    let texts = constants.flat_map(|&id| {
        let inner = tuple(graph, Some(id)).iter().filter_map(|&id| graph.text(id));
        graph.text(id).into_iter().chain(inner)
    });
    found.extend(texts.filter(|text| is_soname(text)).map(str::to_owned));
    found
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

/// The names that a module's top level uses: all that it defines, and more.
pub(super) fn top_level_names(graph: &Graph<'_>) -> BTreeSet<String> {
    let names = graph.root_code().and_then(Code::names).and_then(|names| graph.tuple(names));
    names.unwrap_or_default().iter().filter_map(|&id| graph.text(id)).map(str::to_owned).collect()
}

fn statements(graph: &Graph<'_>, code: &Code<'_>, opcodes: Opcodes, found: &mut BTreeSet<String>) {
    let Some(bytecode) = code.bytecode().and_then(|id| graph.byte_string(id)) else { return };
    let names = tuple(graph, code.names());
    let constants = tuple(graph, code.constants());
    let mut extended = 0usize;
    // The two instructions before: they push the level and the list of names.
    let mut before = [(0u8, 0usize); 2];
    for unit in bytecode.chunks_exact(2) {
        let &[opcode, argument] = unit else { continue };
        let argument = extended << 8 | usize::from(argument);
        if opcode == opcodes.extended_arg {
            extended = argument & 0x00ff_ffff;
            continue;
        }
        extended = 0;
        if opcode == opcodes.import_name {
            let [level, from_list] = before;
            let name = names.get(argument >> opcodes.name_shift).and_then(|&id| graph.text(id));
            if is_absolute(graph, constants, opcodes, level) {
                let name = name.unwrap_or_default();
                found.insert(name.to_owned());
                found.extend(
                    from_list_names(graph, constants, opcodes, from_list)
                        .map(|part| format!("{name}.{part}")),
                );
            } else if from_list_names(graph, constants, opcodes, from_list).any(|part| part == "*")
            {
                found.insert(RELATIVE_STAR.to_owned());
            }
        }
        before = [before[1], (opcode, argument)];
    }
}

fn is_absolute(graph: &Graph<'_>, constants: &[Id], opcodes: Opcodes, level: (u8, usize)) -> bool {
    let (opcode, argument) = level;
    if Some(opcode) == opcodes.load_small_int {
        argument == 0
    } else if opcode == opcodes.load_const {
        constants.get(argument).and_then(|&id| graph.integer(id)).is_none_or(|level| level == 0)
    } else {
        true
    }
}

fn from_list_names<'g>(
    graph: &'g Graph<'_>,
    constants: &[Id],
    opcodes: Opcodes,
    (opcode, argument): (u8, usize),
) -> impl Iterator<Item = &'g str> {
    let list = constants.get(argument).copied().filter(|_| opcode == opcodes.load_const);
    tuple(graph, list).iter().filter_map(|&id| graph.text(id))
}

fn calls(graph: &Graph<'_>, code: &Code<'_>, found: &mut BTreeSet<String>) {
    let imports_by_call = tuple(graph, code.names())
        .iter()
        .filter_map(|&id| graph.text(id))
        .any(|name| IMPORT_FUNCTIONS.contains(&name));
    if !imports_by_call {
        return;
    }
    for &id in tuple(graph, code.constants()) {
        let texts = graph
            .text(id)
            .into_iter()
            .chain(tuple(graph, Some(id)).iter().filter_map(|&id| graph.text(id)));
        found.extend(texts.filter(|text| is_module_name(text)).map(str::to_owned));
    }
}

fn tuple<'g>(graph: &'g Graph<'_>, id: Option<Id>) -> &'g [Id] {
    id.and_then(|id| graph.tuple(id)).unwrap_or_default()
}

fn is_module_name(text: &str) -> bool {
    text.split('.').all(|part| {
        part.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && part.chars().all(|character| character.is_alphanumeric() || character == '_')
    })
}
