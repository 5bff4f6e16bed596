//! Post-import hooks that an application registers by `import coldframe`: one script after another, with its output.

use crate::support::{App, Child, coldframe};

/// Runs `main`, with modules beside it that say when they run, and compares.
#[track_caller]
pub(crate) fn check(what: &str, files: &[(&str, &str)], main: &str, expected: &str) {
    let app = App::new(files);
    app.write("__main__.py", main);
    compare(what, app.run([""; 0]), expected);
}

#[track_caller]
pub(crate) fn compare(what: &str, child: Child, expected: &str) {
    let outcome = child.outcome();
    let found = (outcome.ending(), outcome.stdout.as_str(), outcome.stderr.as_str());
    assert_eq!(found, (Ok(0), expected, ""), "{what}");
}

#[test]
fn hooks_run_once_in_order_before_the_import_continues() {
    let files = [
        ("pkg/__init__.py", "print('run pkg')"),
        ("pkg/mod.py", "print('run pkg.mod')\nVALUE = 1\n"),
        (
            "lazy_hooks.py",
            "print('run lazy_hooks')\ndef go(module): print('go', module.__name__)\n",
        ),
    ];
    for (what, main, expected) in [
        (
            "first in, first out, and a `from` import sees what hooks changed",
            "\
from coldframe import register_post_import_hook, when_imported
register_post_import_hook(lambda module: print('one', module.__name__), 'pkg.mod')
@when_imported('pkg.mod')
def two(module):
    module.VALUE = 2
    import pkg
    print('two', pkg.mod is module)
register_post_import_hook(hook=lambda module: print('three'), name='pkg.mod')
from pkg.mod import VALUE
print('continues', VALUE, two.__name__)
import pkg.mod
",
            "run pkg\nrun pkg.mod\none pkg.mod\ntwo True\nthree\ncontinues 2 two\n",
        ),
        (
            "a module that is loaded has its hook run at once",
            "\
import coldframe, pkg.mod
coldframe.when_imported('pkg.mod')(lambda module: print('at once', module.VALUE))
import pkg.mod
print('end')
",
            "run pkg\nrun pkg.mod\nat once 1\nend\n",
        ),
        (
            "a hook is found by its name when it is needed, and not before",
            "\
import coldframe, sys
coldframe.register_post_import_hook('lazy_hooks:go', 'pkg')
coldframe.register_post_import_hook('not_there:go', 'pkg.mod')
print('lazy_hooks' in sys.modules)
import pkg
try:
    import pkg.mod
except ImportError as error:
    print(error, hasattr(pkg, 'mod'), 'pkg.mod' in sys.modules)
",
            "False\nrun pkg\nrun lazy_hooks\ngo pkg\nrun pkg.mod\nNo module named 'not_there' False False\n",
        ),
        (
            "a reload runs only what asks for it",
            "\
import coldframe, importlib
coldframe.register_post_import_hook(lambda module: print('once'), 'pkg.mod')
coldframe.register_post_import_hook(lambda module: print('each time'), 'pkg.mod', every_load=True)
coldframe.when_imported('pkg.mod', every_load=True)(lambda module: print('decorated'))
import pkg.mod
importlib.reload(pkg.mod)
",
            "run pkg\nrun pkg.mod\nonce\neach time\ndecorated\nrun pkg.mod\neach time\ndecorated\n",
        ),
        (
            "a new module object gets its hooks again, and a replaced one does not",
            "\
import coldframe, sys, types
coldframe.register_post_import_hook(lambda module: print('hook', module.VALUE), 'pkg.mod')
import pkg.mod
del sys.modules['pkg.mod']
coldframe.register_post_import_hook(lambda module: print('late', module.VALUE), 'pkg.mod')
import pkg.mod
sys.modules['pkg.mod'] = types.SimpleNamespace(VALUE=3)
import pkg.mod
coldframe.register_post_import_hook(lambda module: print('other', module.VALUE), 'pkg.mod')
sys.modules['pkg.mod'] = None
coldframe.register_post_import_hook(lambda module: print('never'), 'pkg.mod')
",
            "run pkg\nrun pkg.mod\nhook 1\nrun pkg.mod\nhook 1\nlate 1\nother 3\n",
        ),
        (
            "hooks register, take out and import from within",
            "\
import coldframe
tokens = {}
def first(module):
    print('first', coldframe.unregister(tokens['second']), coldframe.unregister(tokens['first']))
    coldframe.register_post_import_hook(lambda module: print('from within'), 'pkg')
    import pkg.mod
    print('imported', pkg.mod.VALUE)
tokens['first'] = coldframe.register_post_import_hook(first, 'pkg')
tokens['second'] = coldframe.register_post_import_hook(lambda module: print('never'), 'pkg')
import pkg
print(coldframe.unregister(tokens['first']), coldframe.unregister(10 ** 6))
",
            "run pkg\nfirst True True\nrun pkg.mod\nimported 1\nfrom within\nFalse False\n",
        ),
        (
            "a hook that fails fails the import, and all of them are kept for the next",
            "\
import coldframe, sys
fails = [True]
coldframe.register_post_import_hook(lambda module: print('before'), 'pkg.mod')
@coldframe.when_imported('pkg.mod')
def failing(module):
    if fails.pop():
        fails.append(False)
        raise ValueError('not yet')
coldframe.register_post_import_hook(lambda module: print('behind'), 'pkg.mod')
try:
    import pkg.mod
except ValueError as error:
    print(error, 'pkg.mod' in sys.modules, hasattr(pkg, 'mod') if 'pkg' in dir() else None)
import pkg.mod
print(pkg.mod.VALUE)
",
            "run pkg\nrun pkg.mod\nbefore\nnot yet False None\nrun pkg.mod\nbefore\nbehind\n1\n",
        ),
        (
            "one that fails at once is not registered",
            "\
import coldframe, pkg.mod, importlib
def failing(module): raise ValueError(module.__name__)
try:
    coldframe.register_post_import_hook(failing, 'pkg.mod', every_load=True)
except ValueError as error:
    print(error)
importlib.reload(pkg.mod)
",
            "run pkg\nrun pkg.mod\npkg.mod\nrun pkg.mod\n",
        ),
    ] {
        check(what, &files, main, expected);
    }
}

#[test]
fn a_failure_can_be_logged() {
    let main = "\
import logging, sys
logging.basicConfig(stream=sys.stdout, format='%(name)s %(levelname)s: %(message)s')
import coldframe
def failing(module): 1 / 0
coldframe.register_post_import_hook(failing, 'mod', on_failure='log')
@coldframe.when_imported('mod', on_failure='log')
def ending(module): raise SystemExit('enough')
try:
    import mod
except SystemExit as error:
    print(error)
# An error that cannot be logged is shown as Python shows exceptions that nobody can catch.
logging.getLogger = None
sys.unraisablehook = lambda unraisable: print(type(unraisable.exc_value).__name__, unraisable.object)
coldframe.register_post_import_hook(failing, 'sys', on_failure='log')
";
    let app = App::new(&[("__main__.py", main), ("mod.py", "")]);
    let outcome = app.run([""; 0]).outcome();
    let lines: Vec<_> = outcome.stdout.lines().collect();
    let shown = (lines.first().copied(), lines.get(lines.len().saturating_sub(3)..));
    let expected =
        ["ZeroDivisionError: division by zero", "enough", "ZeroDivisionError __main__:failing"];
    assert_eq!(
        shown,
        (
            Some("coldframe ERROR: post-import hook __main__:failing on mod failed"),
            Some(&expected[..])
        ),
        "{outcome:#?}"
    );
}

#[test]
fn wrong_arguments_are_named() {
    check(
        "wrong arguments",
        &[],
        "\
import coldframe
for function, arguments, named in [
    (coldframe.register_post_import_hook, (), {}),
    (coldframe.register_post_import_hook, (print,), {}),
    (coldframe.register_post_import_hook, (1, 'json'), {}),
    (coldframe.register_post_import_hook, ('json', print), {}),
    (coldframe.register_post_import_hook, ('no colon', 'json'), {}),
    (coldframe.register_post_import_hook, (print, 'json', True), {}),
    (coldframe.register_post_import_hook, (print, 'json'), {'on_failure': 'ignore'}),
    (coldframe.register_post_import_hook, (print, 'json'), {'on_failure': 1}),
    (coldframe.register_post_import_hook, (print, '.json'), {}),
    (coldframe.when_imported, ('json',), {'always': True}),
    (coldframe.when_imported, ('json',), {'on_failure': ''}),
    (coldframe.when_imported, (print,), {}),
    (coldframe.when_imported('json'), (1,), {}),
    (coldframe.unregister, (), {}),
    (coldframe.unregister, ('1',), {}),
]:
    try:
        function(*arguments, **named)
    except Exception as error:
        print(type(error).__name__, error)
",
        "\
TypeError register_post_import_hook() missing required argument: 'hook'
TypeError register_post_import_hook() missing required argument: 'name'
TypeError hook must be callable, or a string 'package.module:function', not 'int'
TypeError name must be str, not 'builtin_function_or_method'
ValueError bad entry point `no colon`: there is no `:`; allowed: `package.module:function`
TypeError register_post_import_hook() takes 2 positional arguments but 3 were given
ValueError on_failure must be 'raise' or 'log', not 'ignore'
TypeError on_failure must be str, not 'int'
ValueError '.json' is no absolute module name
TypeError when_imported() got an unexpected keyword argument 'always'
ValueError on_failure must be 'raise' or 'log', not ''
TypeError name must be str, not 'builtin_function_or_method'
TypeError hook must be callable, or a string 'package.module:function', not 'int'
TypeError unregister() missing required argument: 'token'
TypeError token must be int, not 'str'
",
    );
}

#[test]
fn hooks_are_garbage_as_anything_else() {
    check(
        "garbage",
        &[("mod.py", "")],
        "\
import coldframe, gc, weakref
class Hook:
    def __call__(self, module): pass
    def __del__(self): print('gone')
hook = Hook()
token = coldframe.register_post_import_hook(hook, 'mod')
seen = weakref.ref(hook)
del hook
gc.collect()
print(seen() is not None)
coldframe.unregister(token)
print(seen() is None)
# This one stays to the end of the interpreter, and is in a cycle with its module.
kept = Hook()
kept.self = kept
coldframe.register_post_import_hook(kept, 'mod')
del kept
print('end')
",
        "True\ngone\nTrue\nend\ngone\n",
    );
}

#[test]
fn the_stub_says_what_the_module_has() {
    let app = App::new(&[("coldframe.txt", &coldframe(["stubs"]).ok())]);
    app.write(
        "__main__.py",
        "\
import ast, coldframe, inspect, pkgutil
stub = ast.parse(pkgutil.get_data('__main__', 'coldframe.txt'))
functions = {node.name: node for node in stub.body if isinstance(node, ast.FunctionDef)}
classes = [node.name for node in stub.body if isinstance(node, ast.ClassDef)]
print(sorted([*functions, *classes]) == sorted(name for name in dir(coldframe) if not name.startswith('_')))
for name, node in functions.items():
    stubbed = [argument.arg for argument in node.args.args], [argument.arg for argument in node.args.kwonlyargs]
    parameters = inspect.signature(getattr(coldframe, name)).parameters.values()
    kinds = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
    real = tuple([parameter.name for parameter in parameters if parameter.kind is kind] for kind in kinds)
    print(name, stubbed == real, [ast.literal_eval(default) for default in node.args.kw_defaults]
        == [parameter.default for parameter in parameters if parameter.kind is kinds[1]])
print(coldframe.__version__, bool(coldframe.__doc__))
",
    );
    app.run([""; 0]).prints(&format!(
        "\
True
when_imported True True
register_post_import_hook True True
unregister True True
{} True
",
        env!("CARGO_PKG_VERSION")
    ));
}
