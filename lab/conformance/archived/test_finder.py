"""CPython's own mixins for finders and loaders, on packages that a path entry finder serves.

In the stock interpreter that is the finder of a folder; in a built application the packages lie in the archive.
"""

import importlib
import importlib.abc
import importlib.util
import inspect
import os
import pkgutil
import sys
import tempfile
import textwrap
import types
import unittest

from test.test_importlib import abc as mixins

import adapter

TREE = {
    "top_level.py": "value = 1\n",
    "package/__init__.py": '"""A package."""\nvalue = 2\n',
    "package/module.py": "from . import value\n\n\ndef function():\n    return value\n",
    "package/inner/__init__.py": "value = 4\n",
    "package/data.txt": "text\n",
    "both.py": "kind = 'module'\n",
    "both/__init__.py": "kind = 'package'\n",
    "fails.py": "value = 5\nimport no_module_of_this_name\n",
    "portion/module.py": "value = 6\n",
    "Case.py": "value = 7\n",
}
TOP_LEVEL = {name.partition("/")[0].partition(".")[0] for name in TREE}


class Packages:
    """Puts the tree on `sys.path`; each test starts without its modules."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for name, source in TREE.items():
            path = os.path.join(cls.folder.name, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(source)
        cls.root = adapter.archived(cls.folder.name)
        sys.path.insert(0, cls.root)
        importlib.invalidate_caches()
        cls.finder = pkgutil.get_importer(cls.root)

    @classmethod
    def tearDownClass(cls):
        sys.path.remove(cls.root)
        cls.folder.cleanup()

    def setUp(self):
        for name in list(sys.modules):
            if name.partition(".")[0] in TOP_LEVEL:
                del sys.modules[name]

    def path(self, *parts):
        return os.path.join(self.root, *parts)


class PathEntryFinderTests(Packages, unittest.TestCase, mixins.FinderTests):
    def test_module(self):
        spec = self.finder.find_spec("top_level")
        self.assertEqual(spec.name, "top_level")
        self.assertEqual(spec.origin, self.path("top_level.py"))
        self.assertTrue(spec.has_location)
        self.assertIsNone(spec.submodule_search_locations)
        self.assertEqual(spec.parent, "")

    def test_package(self):
        spec = self.finder.find_spec("package")
        self.assertEqual(spec.origin, self.path("package", "__init__.py"))
        self.assertEqual(list(spec.submodule_search_locations), [self.path("package")])
        self.assertEqual(spec.parent, "package")

    def inner(self):
        return pkgutil.get_importer(self.path("package"))

    def test_module_in_package(self):
        spec = self.inner().find_spec("package.module")
        self.assertEqual(spec.name, "package.module")
        self.assertEqual(spec.origin, self.path("package", "module.py"))
        self.assertEqual(spec.parent, "package")

    def test_package_in_package(self):
        spec = self.inner().find_spec("package.inner")
        self.assertEqual(list(spec.submodule_search_locations), [self.path("package", "inner")])

    def test_package_over_module(self):
        self.assertIsNotNone(self.finder.find_spec("both").submodule_search_locations)

    def test_failure(self):
        for name in ("no_module", "case", "TOP_LEVEL", "package.nothing", ""):
            with self.subTest(name=name):
                self.assertIsNone(self.finder.find_spec(name))

    def test_namespace_portion(self):
        spec = self.finder.find_spec("portion")
        self.assertIsNone(spec.loader)
        self.assertEqual(list(spec.submodule_search_locations), [self.path("portion")])

    def test_target(self):
        target = types.ModuleType("top_level")
        self.assertEqual(self.finder.find_spec("top_level", target).name, "top_level")

    def test_iter_modules(self):
        found = {(found.name, found.ispkg) for found in pkgutil.iter_modules([self.root])}
        expected = {("top_level", False), ("package", True), ("both", True), ("fails", False), ("Case", False)}
        self.assertEqual(found, expected)

    def test_path_hook_refuses_what_is_no_folder(self):
        for path in (self.path("no_folder"), self.path("top_level.py"), "no such place"):
            with self.subTest(path=path):
                self.assertFalse(getattr(pkgutil.get_importer(path), "find_spec", lambda name: None)("top_level"))

    def test_abstract_classes(self):
        self.assertIsInstance(self.finder, importlib.abc.PathEntryFinder)
        self.assertIsNone(self.finder.invalidate_caches())


class MetaPathFinderTests(Packages, unittest.TestCase, mixins.FinderTests):
    """Through `importlib.util.find_spec`, which asks all of `sys.meta_path`."""

    def find(self, name):
        return importlib.util.find_spec(name)

    def test_module(self):
        self.assertEqual(self.find("top_level").origin, self.path("top_level.py"))

    def test_package(self):
        self.assertEqual(list(self.find("package").submodule_search_locations), [self.path("package")])

    def test_module_in_package(self):
        self.assertEqual(self.find("package.module").origin, self.path("package", "module.py"))
        self.assertIn("package", sys.modules)

    def test_package_in_package(self):
        self.assertEqual(self.find("package.inner").origin, self.path("package", "inner", "__init__.py"))

    def test_package_over_module(self):
        self.assertEqual(importlib.import_module("both").kind, "package")

    def test_failure(self):
        self.assertIsNone(self.find("no_module"))
        self.assertIsNone(self.find("package.no_module"))
        with self.assertRaises(ModuleNotFoundError):
            self.find("no_package.module")
        with self.assertRaises(ModuleNotFoundError):
            self.find("top_level.module")

    def test_namespace_package_merges_its_portions(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "portion"))
            with open(os.path.join(folder, "portion", "other.py"), "w") as file:
                file.write("value = 8\n")
            sys.path.append(folder)
            try:
                importlib.invalidate_caches()
                import portion.module
                import portion.other

                self.assertEqual((portion.module.value, portion.other.value), (6, 8))
                self.assertEqual(list(portion.__path__), [self.path("portion"), os.path.join(folder, "portion")])
            finally:
                sys.path.remove(folder)

    def test_what_stands_first_on_the_search_path_is_found_first(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "top_level.py"), "w") as file:
                file.write("value = 9\n")
            for position, expected in ((0, 9), (1, 1)):
                sys.path.insert(position, folder)
                try:
                    importlib.invalidate_caches()
                    sys.modules.pop("top_level", None)
                    self.assertEqual(importlib.import_module("top_level").value, expected)
                finally:
                    sys.path.remove(folder)


class LoaderTests(Packages, unittest.TestCase, mixins.LoaderTests):
    def load(self, name):
        spec = importlib.util.find_spec(name)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    def check(self, module, **expected):
        for attribute, value in expected.items():
            self.assertEqual(getattr(module, attribute), value, attribute)
        self.assertIs(sys.modules[module.__name__], module)
        self.assertIs(module.__spec__.loader, module.__loader__)

    def test_module(self):
        module = self.load("top_level")
        self.check(module, __name__="top_level", __file__=self.path("top_level.py"), __package__="", value=1)
        self.assertFalse(hasattr(module, "__path__"))
        self.assertEqual(repr(module), f"<module 'top_level' from {self.path('top_level.py')!r}>")

    def test_package(self):
        module = self.load("package")
        file = self.path("package", "__init__.py")
        self.check(module, __name__="package", __file__=file, __package__="package", value=2)
        self.assertEqual(list(module.__path__), [self.path("package")])
        self.assertEqual(module.__doc__, "A package.")

    @unittest.skipIf(sys.version_info >= (3, 15), "modules have no `__cached__` from 3.15 on")
    def test_cached(self):
        module = self.load("top_level")
        self.assertEqual(module.__cached__, importlib.util.cache_from_source(self.path("top_level.py")))

    def test_lacking_parent(self):
        spec = importlib.util.find_spec("package.inner")
        del sys.modules["package"]
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.assertEqual(module.value, 4)

    def test_state_after_failure(self):
        sys.modules["fails"] = module = types.ModuleType("fails")
        spec = self.finder.find_spec("fails")
        module.__spec__, module.__loader__ = spec, spec.loader
        module.kept = "as it was"
        with self.assertRaises(ModuleNotFoundError):
            importlib.reload(module)
        self.assertIs(sys.modules["fails"], module)
        self.assertEqual((module.kept, module.value), ("as it was", 5))

    def test_unloadable(self):
        loader = importlib.util.find_spec("top_level").loader
        spec = importlib.util.spec_from_loader("no_module", loader, is_package=False)
        with self.assertRaises(ImportError):
            spec.loader.exec_module(importlib.util.module_from_spec(spec))

    def test_failed_import_leaves_no_module(self):
        with self.assertRaises(ModuleNotFoundError):
            import fails
        self.assertNotIn("fails", sys.modules)

    def test_reload(self):
        module = importlib.import_module("package.module")
        module.extra, module.value = 1, 0
        again = importlib.reload(module)
        self.assertIs(again, module)
        self.assertEqual((module.extra, module.value), (1, 2))

    @unittest.skipIf(sys.version_info >= (3, 15), "loaders have no `load_module` from 3.15 on")
    def test_load_module(self):
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            module = importlib.util.find_spec("top_level").loader.load_module("top_level")
        self.check(module, value=1, __name__="top_level")


class InspectLoaderTests(Packages, unittest.TestCase):
    def loader(self, name):
        return importlib.util.find_spec(name).loader

    def test_get_code(self):
        namespace = {"__name__": "top_level"}
        code = self.loader("top_level").get_code("top_level")
        exec(code, namespace)
        self.assertEqual((namespace["value"], code.co_filename), (1, self.path("top_level.py")))

    def test_get_source(self):
        self.assertEqual(self.loader("package").get_source("package"), TREE["package/__init__.py"])

    def test_get_filename(self):
        self.assertEqual(self.loader("package").get_filename("package"), self.path("package", "__init__.py"))

    def test_get_data(self):
        loader = self.loader("package")
        self.assertEqual(loader.get_data(self.path("package", "data.txt")), b"text\n")
        self.assertEqual(loader.get_data(self.path("top_level.py")), TREE["top_level.py"].encode())
        with self.assertRaises(FileNotFoundError):
            loader.get_data(self.path("package", "nothing.txt"))
        with self.assertRaises(OSError):
            loader.get_data(self.path("package"))
        self.assertEqual(pkgutil.get_data("package", "data.txt"), b"text\n")

    def test_is_package(self):
        for name, expected in (("package", True), ("top_level", False), ("package.module", False)):
            self.assertEqual(self.loader(name).is_package(name), expected)

    def test_failure(self):
        loader = self.loader("top_level")
        for method in ("get_code", "get_source", "get_filename"):
            with self.subTest(method=method), self.assertRaises(ImportError):
                getattr(loader, method)("no_module_of_this_name")

    def test_abstract_classes(self):
        for name in ("ExecutionLoader", "InspectLoader", "Loader"):
            self.assertIsInstance(self.loader("top_level"), getattr(importlib.abc, name), name)

    def test_inspect(self):
        from package.module import function

        expected = "def function():\n    return value\n"
        self.assertEqual(inspect.getsource(function), expected)
        module = sys.modules["package.module"]
        self.assertEqual(inspect.getsource(module), TREE["package/module.py"])
        self.assertEqual(inspect.getsourcefile(module), self.path("package", "module.py"))
        self.assertIs(inspect.getmodule(function), module)

    def test_traceback(self):
        import traceback

        try:
            import fails
        except ModuleNotFoundError as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
        self.assertEqual((last.filename, last.line), (self.path("fails.py"), "import no_module_of_this_name"))

    def test_linecache(self):
        import linecache

        linecache.clearcache()
        self.assertEqual(linecache.getline(self.path("package", "module.py"), 4), "def function():\n")

    def test_runpy(self):
        import runpy

        self.assertEqual(runpy.run_module("package.module")["value"], 2)

    def test_resources(self):
        from importlib import resources

        files = resources.files("package")
        self.assertEqual((files / "data.txt").read_text(encoding="utf-8"), "text\n")
        names = {path.name for path in files.iterdir()} - {"__pycache__"}
        self.assertEqual(names, {"__init__.py", "module.py", "inner", "data.txt"})
        with resources.as_file(files / "data.txt") as path:
            self.assertEqual((path.read_text(), path.suffix), ("text\n", ".txt"))

    @unittest.skipIf(sys.version_info < (3, 12), "`as_file` takes folders from 3.12 on")
    def test_folder_as_file(self):
        from importlib import resources

        with resources.as_file(resources.files("package")) as path:
            self.assertEqual((path / "inner" / "__init__.py").read_text(), TREE["package/inner/__init__.py"])

    @unittest.skipIf(sys.version_info < (3, 10), "namespace packages have resources from 3.10 on")
    def test_resources_of_a_namespace_package(self):
        from importlib import resources

        files = resources.files("portion")
        self.assertEqual((files / "module.py").read_text(encoding="utf-8"), TREE["portion/module.py"])

    def test_help(self):
        import pydoc

        text = pydoc.render_doc("package.module", renderer=pydoc.plaintext)
        self.assertIn(textwrap.indent(self.path("package", "module.py"), "    "), text)


if __name__ == "__main__":
    unittest.main()
