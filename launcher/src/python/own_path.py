"""What a module does with the place where it lies, read from its syntax tree; `compile_worker.py` stands behind this.

`__file__` and `__path__` are followed to where they end. What makes paths of paths is followed on, through variables and
private functions too; what is plainly harmless is known by name. All the rest may open files, for a package that
breaks is worse than a file too many.
"""

# Besides `__file__` and `__path__`: what finds files by the name of a package, which is then its first text.
BY_NAME = {"PackageLoader", "resource_filename", "resource_listdir", "Flask", "Quart", "Blueprint", "add_static_files"}
PLACES = {"__file__", "__path__"}
# The setting of Django that names packages, in whose folders it looks for templates, translations and more.
APPLICATIONS = "INSTALLED_APPS"
# The functions of ctypes and cffi, and of packages that wrap them, that open a shared library by its path.
LOADERS = {"CDLL", "PyDLL", "LoadLibrary", "dlopen", "load_library"}
# Functions that look into folders, and those that ask finders and not the disk.
LISTING = {"listdir", "scandir", "walk", "fwalk", "glob", "iglob", "rglob", "iterdir"}
# The same by methods of path types of packages' own, for which the paths come from other functions (Twisted).
LISTING_ELSEWHERE = LISTING | {"children"}
BY_FINDERS = {"extend_path", "iter_modules", "walk_packages", "find_spec", "append", "insert", "extend"}
# A module without any of these words needs no closer look.
NAMES = BY_NAME | PLACES | LOADERS | {APPLICATIONS, "AppConfig", "resources"}
WORDS = [word.encode() for word in sorted(NAMES | {name + "(" for name in LISTING})]
# Makes a path, or a text, of one.
MAKES_PATHS = {
    "dirname", "abspath", "realpath", "normpath", "normcase", "join", "joinpath", "fspath", "str", "Path", "PurePath", "resolve",
    "absolute", "expanduser", "split", "rsplit", "partition", "rpartition", "splitext", "replace", "as_posix", "with_name",
    "with_suffix", "format", "decode", "encode", "list", "tuple", "iter", "next", "strip", "rstrip", "lstrip", "lower", "parents",
    "sorted", "set", "relpath", "relative_to", "commonprefix", "commonpath", "removesuffix", "removeprefix",
}  # fmt: skip
# Looks at the text of a path, or takes it to where no file is opened.
HARMLESS = {
    "basename", "startswith", "endswith", "print", "len", "bool", "repr", "hash", "isinstance", "hasattr", "type", "extend_path",
    "iter_modules", "walk_packages", "find_spec", "PathFinder", "warn", "warn_explicit", "filterwarnings", "debug", "info", "warning",
    "error", "exception", "critical", "log", "WinDLL",
    "add_dll_directory", "addsitedir", "isabs", "count", "find", "index", "samefile", "is_relative_to", "getmodulename", "spec_from_loader", "ModuleSpec",
}  # fmt: skip
# Attributes of a path that are only its name.
NAMES_OF_PATHS = {"name", "stem", "suffix", "suffixes", "drive", "anchor"}
# Functions for those who compile or package against a package, and for its own tests.
DEVELOPERS = {
    "get_include", "get_includes", "get_library_dirs", "create_library_symlinks", "get_cmake_dir", "configuration", "test", "run_tests",
    "runtests",
}  # fmt: skip
# What `importlib.resources.files` gives reads from an archive too; it is a place where it is taken for a path.
RESOURCES = {"importlib.resources.files", "importlib_resources.files"}
RESOURCE = "+"
READS_RESOURCES = {"read_text", "read_bytes", "open", "iterdir", "is_file", "is_dir", "exists"}


def kind(node):
    return type(node).__name__


def children(node):
    for field in node._fields:
        value = getattr(node, field, None)
        for one in value if isinstance(value, list) else [value]:
            if hasattr(one, "_fields"):
                yield one


def constant(node):
    """The text that a node is."""
    value = getattr(node, "value", None)
    return value if kind(node) == "Constant" and isinstance(value, str) else None


def last_name(node):
    """`c` of `a.b.c`, and of `c`."""
    return getattr(node, "attr", None) or getattr(node, "id", None)


def names_given(node):
    """The names that get what is in a statement, a keyword argument or a call of a method."""
    if kind(node) == "Assign":
        return [target.id for target in node.targets if kind(target) == "Name"]
    if kind(node) in ("AnnAssign", "AugAssign"):
        return [node.target.id] if kind(node.target) == "Name" else []
    if kind(node) == "keyword":
        return [node.arg]
    if kind(node) == "Call" and kind(node.func) == "Attribute" and node.func.attr in ("append", "extend", "insert"):
        return [last_name(node.func.value)]
    return []


def dotted(node):
    """`a.b.c`; nothing for what is no plain name."""
    if kind(node) == "Name":
        return node.id
    inner = dotted(node.value) if kind(node) == "Attribute" else None
    return inner and inner + "." + node.attr


class OwnPath:
    """One module's tree."""

    def __init__(self, tree, is_main):
        self.tree = tree
        self.is_main = is_main
        self.nodes = []
        self.parents = {}
        self.imported = {}
        self.seen = set()
        # What it opens: the first line that does, by the package that lies there ("" is the module's own).
        self.opens = {}
        # The functions that get a place to do something unknown with it.
        self.handed = set()
        waiting = [tree]
        while waiting:
            node = waiting.pop()
            self.nodes.append(node)
            for child in children(node):
                self.parents[child] = node
                waiting.append(child)
            if kind(node) == "Import":
                for alias in node.names:
                    name = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.imported[alias.asname or name] = name
            elif kind(node) == "ImportFrom" and not node.level:
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = node.module + "." + alias.name

    def judge(self):
        for node in self.nodes:
            name = last_name(node) if kind(node) in ("Name", "Attribute") else None
            if name in PLACES and kind(node.ctx) == "Load":
                owner = dotted(node.value) if kind(node) == "Attribute" else None
                imported = self.imported.get((owner or "").partition(".")[0], "")
                self.follow(node, imported.partition(".")[0])
            elif kind(node) == "Call" and last_name(node.func) in BY_NAME:
                texts = [argument for argument in node.args if kind(argument) == "Constant" and constant(argument)]
                own = [argument for argument in node.args if last_name(argument) in ("__name__", "__package__")]
                if own or texts:
                    self.found(node, "" if own else constant(texts[0]).partition(".")[0])
            elif kind(node) == "Call" and self.full_name(node.func) in RESOURCES:
                # Marked, for its methods are others than a path's.
                text = constant(node.args[0]) if node.args else None
                self.follow(node, RESOURCE + (text or "").partition(".")[0])
            elif kind(node) == "ClassDef" and "AppConfig" in map(last_name, node.bases):
                # The same of Django, from the other side: such a class is in most of those packages.
                self.found(node, "")
            elif APPLICATIONS in names_given(node):
                self.named_packages(node, {APPLICATIONS})
        return self.opens

    def named_packages(self, node, seen):
        """The packages that are named in texts, of the node itself or of lists that it has by name."""
        waiting = list(children(node))
        while waiting:
            node = waiting.pop()
            package = (constant(node) or "").partition(".")[0]
            if package.isidentifier():
                self.found(node, package)
            elif kind(node) == "Name" and kind(node.ctx) == "Load" and node.id not in seen:
                seen.add(node.id)
                waiting.extend(other for other in self.nodes if node.id in names_given(other))
            waiting.extend(children(node))

    def full_name(self, node):
        first, dot, rest = (dotted(node) or "").partition(".")
        return self.imported.get(first, first) + dot + rest

    def found(self, node, package):
        package = package.replace(RESOURCE, "")
        line = getattr(node, "lineno", 0)
        self.opens[package] = min(line, self.opens.get(package, line))

    def follow(self, node, package):
        """From an expression that is a place upwards, to what is done with it."""
        if (node, package) in self.seen or self.never_runs(node):
            return
        self.seen.add((node, package))
        start = node
        while True:
            parent = self.parents[node]
            step = getattr(self, "in_" + kind(parent), None)
            onward = kind(parent) in PASSED_ON if step is None else step(parent, node, package)
            if onward is False:
                self.found(start, package)
            if onward is not True:
                return
            node = parent

    # Each says True: the parent is a place too; None: no harm; False: it may open files.

    def in_Attribute(self, parent, node, package):
        return None if parent.attr in NAMES_OF_PATHS else True

    def in_Call(self, parent, node, package):
        name = last_name(parent.func)
        name = self.imported.get(name, name or "").rpartition(".")[2]
        if name in HARMLESS:
            return None
        if name in MAKES_PATHS:
            return True
        owner = dotted(parent.func.value) if kind(parent.func) == "Attribute" else None
        if owner == "pytest":
            return None
        if owner in ("sys.path", "__path__", "path") and name in ("insert", "append", "remove", "extend"):
            return None
        if node is parent.func:
            return None if RESOURCE in package and name in READS_RESOURCES else False
        if kind(self.parents[parent]) == "Raise":
            return None
        self.handed.add(name)
        return False

    def in_keyword(self, parent, node, package):
        return None if parent.arg == "skip_file_prefixes" else True

    def in_Compare(self, parent, node, package):
        return None

    in_Expr = in_Raise = in_Assert = in_Delete = in_Slice = in_Compare

    def in_UnaryOp(self, parent, node, package):
        return None

    def in_If(self, parent, node, package):
        return None

    in_While = in_If

    def in_IfExp(self, parent, node, package):
        return None if node is parent.test else True

    def in_Subscript(self, parent, node, package):
        return True if node is parent.value else None

    def in_Assign(self, parent, node, package):
        return self.into(parent.targets, parent, package)

    def in_AnnAssign(self, parent, node, package):
        return self.into([parent.target], parent, package)

    in_AugAssign = in_AnnAssign

    def in_NamedExpr(self, parent, node, package):
        self.into([parent.target], parent, package)
        return True

    def in_For(self, parent, node, package):
        return self.into([parent.target], parent, package)

    in_comprehension = in_AsyncFor = in_For

    def into(self, targets, statement, package):
        """A place gets a name: what is done under that name is followed."""
        for target in targets:
            if kind(target) in ("Tuple", "List"):
                if self.into(target.elts, statement, package) is False:
                    return False
            elif kind(target) == "Name":
                if target.id in PLACES or target.id == "__all__":
                    continue
                function = self.function_of(statement)
                if function is None and self.is_public(target.id):
                    return False
                self.uses(target.id, function or self.tree, package)
            else:
                return False
        return None

    def in_Return(self, parent, node, package):
        function = self.function_of(parent)
        name = getattr(function, "name", "")
        if not name.startswith("_") and self.function_of(function) is None:
            return False
        self.uses(name, self.tree, package)
        return None

    def is_public(self, name):
        """May other modules take it by name? What is deleted at the end of a module is its own."""
        deleted = [target for node in self.nodes if kind(node) == "Delete" for target in node.targets]
        return not name.startswith("_") and name not in map(last_name, deleted)

    def uses(self, name, where, package):
        waiting = [where]
        while waiting:
            node = waiting.pop()
            if kind(node) in ("Name", "Attribute") and last_name(node) == name and kind(node.ctx) == "Load":
                parent = self.parents[node]
                is_called = kind(parent) == "Call" and parent.func is node and kind(where) == "Module"
                self.follow(parent if is_called else node, package)
            waiting.extend(children(node))

    def function_of(self, node):
        while node in self.parents:
            node = self.parents[node]
            if kind(node) in ("FunctionDef", "AsyncFunctionDef", "Lambda"):
                return node
        return None

    def never_runs(self, node):
        """Is it for developers, for a complaint, or under the main guard of a module that is not the main one?"""
        while node in self.parents:
            child, node = node, self.parents[node]
            if is_aside(node) or is_complaint(node) and child in node.body:
                return True
            if kind(node) == "If" and not self.is_main and is_main_guard(node):
                return True
        return False

    def loads_libraries(self):
        """Does it open a shared library whose name does not stand there?"""
        calls = [node for node in self.nodes if kind(node) == "Call" and last_name(node.func) in LOADERS and node.args]
        return any(not self.is_of_system(call.args[0]) and not self.never_runs(call) for call in calls)

    def is_of_system(self, node):
        """Is it the name of a library that stands there, or that `ctypes.util.find_library` has found?"""
        if kind(node) == "Name":
            values = [other.value for other in self.nodes if kind(other) == "Assign" and node.id in names_given(other)]
            return bool(values) and all(kind(value) != "Name" and self.is_of_system(value) for value in values)
        return kind(node) == "Constant" or kind(node) == "Call" and last_name(node.func) == "find_library"

    def listers(self):
        """The functions that look into folders, or call one of the module's own that does."""
        if not any(last_name(node) in LISTING for node in self.nodes if kind(node) in ("Name", "Attribute")):
            return set()
        calls = {}
        for node in self.nodes:
            name = last_name(node.func) if kind(node) == "Call" else None
            if name is None or name in LISTING and self.never_runs(node):
                continue
            function = self.function_of(node)
            if hasattr(function, "name"):
                calls.setdefault(function.name, set()).add(name)
        found = set()
        while True:
            more = {name for name, called in calls.items() if called & (LISTING | found)} - found
            if not more:
                return found
            found |= more

    def lists(self):
        """Does a function, or the top level, look for what lies beside the module, or hand a package's `__path__` on?"""
        lists_elsewhere = any(last_name(node) in LISTING_ELSEWHERE for node in self.nodes if kind(node) == "Attribute")
        scopes = [[self.tree]]
        while scopes:
            names, words, texts, nodes = set(), set(), set(), scopes.pop()
            while nodes:
                node = nodes.pop()
                if is_aside(node):
                    continue
                if kind(node) == "Name" and kind(node.ctx) == "Load":
                    names.add(node.id)
                elif kind(node) == "Attribute" and (node.attr not in PLACES or kind(node.ctx) == "Load"):
                    words.add(node.attr)
                elif constant(node):
                    texts.add(constant(node))
                inner = list(children(node))
                if is_complaint(node):
                    inner = [node.test] + node.orelse
                if kind(node) in ("FunctionDef", "AsyncFunctionDef", "Lambda"):
                    scopes.append(inner)
                else:
                    nodes.extend(inner)
            words |= names
            if names & PLACES and words & LISTING:
                return True
            # Who wants a package's `__init__.py` as a file, wants its folder (imageio-ffmpeg).
            if "as_file" in words and "__init__.py" in texts:
                return True
            if "__path__" in (words if lists_elsewhere else names) and not words & BY_FINDERS:
                return True
        return False


def is_complaint(node):
    """Is it an `if` that ends in an exception?"""
    return kind(node) == "If" and kind(node.body[-1]) == "Raise"


def is_aside(node):
    """Is it code for developers, or for a complaint about an installation that is broken?"""
    if kind(node) == "ExceptHandler":
        return kind(node.body[-1]) == "Raise"
    if kind(node) not in ("FunctionDef", "AsyncFunctionDef"):
        return False
    if node.name in DEVELOPERS or node.name.startswith("test_"):
        return True
    waiting, returns = [node], False
    while waiting:
        inner = waiting.pop()
        returns = returns or kind(inner) in ("Return", "Yield")
        waiting.extend(children(inner))
    return kind(node.body[-1]) == "Raise" and not returns


PASSED_ON = {"BinOp", "BoolOp", "JoinedStr", "FormattedValue", "Tuple", "List", "Set", "Dict", "Starred", "Await"}


def is_main_guard(statement):
    if kind(statement) != "If" or kind(statement.test) != "Compare":
        return False
    sides = [statement.test.left] + statement.test.comparators
    names = [getattr(side, "id", None) for side in sides]
    return "__name__" in names and "__main__" in [getattr(side, "value", None) for side in sides]
