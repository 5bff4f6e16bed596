"""Prints facts about the running interpreter, its modules, resources and tracebacks: the same under any launcher."""

import importlib, importlib.machinery, importlib.util, inspect, json, linecache, os, pkgutil, sys, traceback

import solo

ROOT = os.path.dirname(solo.__spec__.origin)
STDLIB = os.path.dirname(os.path.dirname(json.__file__))

def shown(value):
    if isinstance(value, (list, tuple)) or type(value).__name__ == "_NamespacePath":
        return [shown(item) for item in value]
    text = value if isinstance(value, str) and "\n" not in value else repr(value)
    for path, name in ((STDLIB, "ANY"), (ROOT, "ANY")):
        # In the form of a text in quotes, backslashes are doubled.
        for path in (path, os.path.normcase(path)):
            text = text.replace(path, name).replace(path.replace("\\", "\\\\"), name)
    return text

def fact(label, value):
    print(label, "=", shown(value))

def failure(label, call):
    try:
        fact(label, call())
    except BaseException as error:
        fact(label, f"{type(error).__name__}: {error}")
        return error

class section:
    def __init__(self, name): self.name = name
    def __enter__(self): print("#", self.name)
    def __exit__(self, kind, error, tb):
        if error is not None:
            fact("FAILED", "".join(traceback.format_exception(kind, error, tb)))
        return True

def describe(name):
    module = importlib.import_module(name)
    for attribute in ("__name__", "__package__", "__file__", "__path__", "__cached__", "__doc__"):
        fact(f"{name}.{attribute}", getattr(module, attribute, "absent"))
    spec = module.__spec__
    for attribute in ("name", "parent", "origin", "cached", "has_location", "submodule_search_locations"):
        fact(f"{name}.__spec__.{attribute}", getattr(spec, attribute))
    if module.__file__ is not None:
        fact(f"{name} loader", spec.loader is module.__loader__)

with section("modules"):
    for name in ("pkg", "pkg.mod", "pkg.sub", "pkg.sub.leaf", "solo", "json", "json.decoder", "email.mime.text", "encodings"):
        describe(name)
    describe_namespace = importlib.import_module("space.inner")
    describe("space.inner.leaf")
    import space
    fact("space", [space.__name__, space.__package__, space.__path__, getattr(space, "__file__", "absent"), space.__spec__.origin])
    fact("bound", [space.inner is describe_namespace, sys.modules["pkg"].mod is sys.modules["pkg.mod"]])

with section("specs"):
    for name in ("pkg", "pkg.mod", "nope", "pkg.nope", "space", "sys"):
        spec = importlib.util.find_spec(name)
        fact(name, spec and [spec.name, spec.origin, spec.submodule_search_locations])
    failure("nope.nope", lambda: importlib.util.find_spec("nope.nope"))
    failure("solo.nope", lambda: importlib.util.find_spec("solo.nope"))
    spec = importlib.util.find_spec("solo")
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    fact("again", [again is sys.modules["solo"], again.VALUE])
    loader = spec.loader
    fact("loader", [loader.get_filename("solo"), loader.get_source("solo"), loader.is_package("solo"), loader.is_package("solo")])
    fact("code", [loader.get_code("solo").co_filename, loader.get_code("solo").co_name])
    fact("data", loader.get_data(os.path.join(ROOT, "pkg", "data", "text.txt")))
    failure("no data", lambda: loader.get_data(os.path.join(ROOT, "pkg", "data", "none.txt")))
    lazy_spec = importlib.util.find_spec("lazy")
    lazy_spec.loader = importlib.util.LazyLoader(lazy_spec.loader)
    lazy = importlib.util.module_from_spec(lazy_spec)
    sys.modules["lazy"] = lazy
    lazy_spec.loader.exec_module(lazy)
    print("not yet")
    fact("lazy", lazy.VALUE)
    fact("machinery", importlib.util.cache_from_source(os.path.join(ROOT, "x.py")))

with section("failures"):
    for name in ("nope", "pkg.nope", "solo.nope", "json.nope", "space.nope", "nope.nope", "pkg.raises", "pkg.raises"):
        failure(name, lambda: importlib.import_module(name))
        fact("left", [name in sys.modules, hasattr(sys.modules["pkg"], "raises")])
    failure("from", lambda: exec("from pkg import nope"))
    failure("from dotted", lambda: exec("from pkg.mod import nope"))
    failure("relative", lambda: exec("from . import nope", {"__name__": "__main__", "__package__": None}))
    failure("too far", lambda: importlib.import_module("....nope", "pkg.sub"))
    failure("empty", lambda: importlib.import_module(""))
    failure("circular", lambda: importlib.import_module("circle_a"))
    failure("missing inside", lambda: importlib.import_module("needs_missing"))
    fact("blocked", sys.modules.setdefault("blocked", None))
    failure("blocked", lambda: importlib.import_module("blocked"))

with section("importing"):
    import circle_c
    fact("circle", [circle_c.circle_d.value, circle_c.circle_d.circle_c is circle_c])
    import pkg.sub.relative
    fact("relative", pkg.sub.relative.FOUND)
    module = sys.modules["solo"]
    module.VALUE, module.extra = 0, "kept"
    fact("reload", [importlib.reload(module) is module, module.VALUE, module.extra, module.__spec__.name])
    fact("reload package", importlib.reload(sys.modules["pkg"]).mod.NAME)
    import replaced
    fact("replaced", replaced)
    import dynamic
    fact("dynamic", [dynamic.anything, dir(dynamic)])
    sys.path.insert(0, os.path.join(ROOT, "plugins"))
    import plugin, plugged
    fact("plugin", [plugin.__file__, plugin.__spec__.name, plugged.__path__, plugged.part.NAME])
    fact("plugin source", inspect.getsource(plugin))
    sys.path.remove(os.path.join(ROOT, "plugins"))
    space_path = sys.modules["space"].__path__
    fact("invalidate", importlib.invalidate_caches())
    from star import *
    fact("star", [public, "_private" in globals(), "hidden" in globals()])
    import ünïcode_näme
    fact("unicode", [ünïcode_näme.__file__, ünïcode_näme.VALUE])
    import latin
    fact("latin", [latin.VALUE, inspect.getsource(latin)])
    __import__("pkg.deep.deeper.deepest")
    fact("deep", [name for name in sorted(sys.modules) if name.startswith("pkg.deep")])

with section("introspection"):
    import pkg.mod
    fact("source", [inspect.getsource(pkg.mod.function), inspect.getsource(pkg.mod.Class), inspect.getsource(pkg.mod)])
    fact("file", [inspect.getfile(pkg.mod), inspect.getsourcefile(pkg.mod.function), inspect.getmodule(pkg.mod.function).__name__])
    fact("stdlib source", inspect.getsource(json.loads)[:40])
    fact("line", [linecache.getline(pkg.mod.__file__, 1, pkg.mod.__dict__), linecache.getlines(pkg.mod.__file__)[:1]])
    fact("code", [pkg.mod.function.__code__.co_filename, pkg.mod.nested()().__code__.co_filename])
    linecache.clearcache()
    try:
        pkg.mod.fail()
    except ZeroDivisionError as error:
        fact("traceback", traceback.format_exc())
        fact("frames", [(frame.filename, frame.lineno, frame.line) for frame in traceback.extract_tb(error.__traceback__)])
    import warnings
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pkg.mod.warn()
    fact("warning", [caught[0].filename, caught[0].lineno, warnings.formatwarning(caught[0].message, caught[0].category, caught[0].filename, caught[0].lineno)])
    import doctest, logging, pickle, pydoc
    fact("doctest", doctest.testmod(pkg.mod))
    fact("pydoc", pydoc.plain(pydoc.render_doc(pkg.mod)))
    fact("pickle", pickle.loads(pickle.dumps(pkg.mod.Class(3))).number)
    logging.basicConfig(format="%(pathname)s %(module)s %(funcName)s %(lineno)d", stream=sys.stdout)
    import io
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(filename)s %(module)s %(funcName)s %(lineno)d"))
    logging.getLogger("x").propagate = False
    logging.getLogger("x").addHandler(handler)
    pkg.mod.log(logging.getLogger("x"))
    fact("logging", stream.getvalue())
    import runpy
    # `runpy` warns of what is imported already, with its own path, which is `<frozen runpy>` under python.
    warnings.simplefilter("ignore", RuntimeWarning)
    fact("runpy", sorted(name for name in runpy.run_module("pkg.mod", run_name="other") if not name.startswith("_")))
    fact("runpy package", runpy.run_module("pkg", run_name="other")["RAN"])

with section("resources"):
    fact("iter", [(item.name, item.ispkg) for item in sorted(pkgutil.iter_modules(sys.modules["pkg"].__path__))])
    fact("iter prefix", [item.name for item in sorted(pkgutil.iter_modules(sys.modules["pkg"].__path__, "pkg."))][:2])
    fact("iter root", [item.name for item in sorted(pkgutil.iter_modules([ROOT])) if item.name in ("pkg", "solo", "space")])
    fact("iter space", [item.name for item in pkgutil.iter_modules(space.__path__)])
    fact("iter json", sorted(item.name for item in pkgutil.iter_modules(json.__path__)))
    fact("walk", sorted(item.name for item in pkgutil.walk_packages(sys.modules["pkg"].__path__, "pkg.", onerror=lambda name: None)))
    fact("get_data", pkgutil.get_data("pkg", "data/text.txt"))
    failure("get_data none", lambda: pkgutil.get_data("pkg", "data/none"))
    fact("resolve_name", pkgutil.resolve_name("pkg.mod:Class.method").__name__)
    fact("get_importer", type(pkgutil.get_importer(ROOT)).__name__ != "NoneType")
    from importlib import resources
    files = resources.files("pkg")
    names = lambda folder: sorted(entry.name for entry in folder.iterdir() if entry.name != "__pycache__")
    if sys.version_info >= (3, 10):
        # Before, `files()` knows nothing but folders on disk, where the archive's modules are not.
        fact("names", names(files))
    data = files.joinpath("data")
    fact("data", [data.is_dir(), data.is_file(), data.name, names(data), str(data)])
    text = data / "text.txt"
    fact("text", [text.read_text(encoding="utf-8"), text.read_bytes(), text.is_file(), text.is_dir(), text.name])
    with text.open("rb") as stream: fact("open rb", stream.read())
    with text.open("r", encoding="utf-8") as stream: fact("open r", stream.readlines())
    failure("missing", lambda: (data / "none").read_bytes() and None)
    fact("missing is", [(data / "none").is_file(), (data / "none").is_dir()])
    with resources.as_file(text) as path: fact("as_file", [path.read_text(encoding="utf-8"), os.path.exists(path)])
    if sys.version_info >= (3, 12):
        with resources.as_file(data) as path: fact("as_file folder", sorted(entry.name for entry in path.iterdir()))
        fact("module anchor", resources.files("pkg.mod").name)
    if sys.version_info >= (3, 13):
        fact("functional", [resources.read_text("pkg", "data", "text.txt", encoding="utf-8"), resources.is_resource("pkg", "mod.py")])
    else:
        fact("legacy", [resources.read_text("pkg", "top.txt"), resources.is_resource("pkg", "top.txt"), resources.is_resource("pkg", "data"),
            sorted(name for name in resources.contents("pkg") if name != "__pycache__")])
        with resources.path("pkg", "top.txt") as path: fact("legacy path", path.read_text())
        with resources.open_binary("pkg", "top.txt") as stream: fact("legacy open", stream.read())
    fact("empty file", (data / "empty").read_bytes())
    fact("binary", (data / "binary.bin").read_bytes())

with section("interpreter"):
    import locale, signal, threading, gc
    fact("flags", sys.flags)
    fact("arguments", sys.argv[1:])
    fact("options", [{name: value for name, value in sys._xoptions.items() if name != "utf8"}, sys.warnoptions, sys.dont_write_bytecode, sys.pycache_prefix])
    fact("encodings", [sys.getdefaultencoding(), sys.getfilesystemencoding(), sys.getfilesystemencodeerrors(), locale.getpreferredencoding(False)])
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        fact(stream.name, [stream.encoding, stream.errors, stream.line_buffering, stream.write_through, stream.mode, type(stream.buffer).__name__])
    fact("locale", locale.setlocale(locale.LC_ALL))
    fact("environment", {name: os.environ[name] for name in ("LC_CTYPE", "LANG", "PYTHONPATH") if name in os.environ})
    fact("signals", [str(signal.getsignal(getattr(signal, name))) for name in ("SIGINT", "SIGPIPE", "SIGXFSZ", "SIGTERM", "SIGCHLD") if hasattr(signal, name)])
    fact("limits", [sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold(), gc.isenabled()])
    fact("threads", [threading.active_count(), threading.current_thread().name, threading.main_thread() is threading.current_thread()])
    __import__("warnings").filters[:1] = []
    fact("filters", __import__("warnings").filters)
    fact("version", [sys.version, sys.hexversion, sys.implementation.cache_tag, sys.platform, sys.byteorder])
    fact("main", [sys.modules["__main__"].__name__, __name__, sys.modules["__main__"].__builtins__ is sys.modules["builtins"]])
    fact("interactive", [hasattr(sys, "ps1"), hasattr(builtins := __import__("builtins"), "exit")])
    fact("stdin", sys.stdin.read())
    import asyncio
    async def answer(): await asyncio.sleep(0); return 42
    fact("asyncio", asyncio.run(answer()))
    import ctypes, sqlite3, ssl, zlib, hashlib, decimal, lzma
    if os.name == "posix": import curses
    fact("extensions", [ctypes.sizeof(ctypes.c_long), sqlite3.connect(":memory:").execute("select 1").fetchone(), hashlib.sha256(b"x").hexdigest()])
    fact("errors", [error for error in (ssl.SSLError.__name__, decimal.Decimal(1) / 3)])
