"""Patches that tell modules of the standard library, and their backports, of modules in a Coldframe archive.

The finder imports this module when one of them has been imported, and calls the function that is for it.
"""

import sys

import _coldframe


def patch_common(module):
    """Let `files` ask our loader on 3.9, where it makes a path of the origin; and `as_file` know our paths."""
    if hasattr(module, "fallback_resources") and not hasattr(module, "get_resource_reader"):
        from_package = module.from_package

        def from_package_or_archive(package):
            loader = package.__spec__.loader
            if isinstance(loader, _coldframe.Finder):
                return loader.get_resource_reader(package.__spec__.name).files()
            return from_package(package)

        module.from_package = from_package_or_archive
    # The module is not imported here, for its import may be going on now. It registers itself with modules that are there
    # before it.
    register = getattr(sys.modules.get("_coldframe_resources"), "register", None)
    if register is not None:
        register(module)


def patch_readers(module):
    """Let namespace packages have portions in the archive: importlib's own reader wants folders on disk."""
    import os
    import pathlib

    class MultiplexedPath(module.MultiplexedPath):
        def __init__(self, *paths):
            self._paths = list(dict.fromkeys(paths))
            if not all(path.is_dir() for path in self._paths):
                raise NotADirectoryError("MultiplexedPath only supports directories")

    class NamespaceReader(module.NamespaceReader):
        def __init__(self, namespace_path):
            is_archived = [_coldframe.finder.list_folder(path) is not None for path in namespace_path]
            if "NamespacePath" not in str(namespace_path) or not any(is_archived):
                super().__init__(namespace_path)
                return
            from _coldframe_resources import ArchivePath

            paths = (
                ArchivePath(_coldframe.finder, path) if archived else pathlib.Path(path)
                for path, archived in zip(namespace_path, is_archived)
            )
            self.path = MultiplexedPath(*(path for path in paths if path.is_dir()))

        def resource_path(self, resource):
            path = super().resource_path(resource)
            folder, name = os.path.split(path)
            is_archived = (name, False) in (_coldframe.finder.list_folder(folder) or ())
            if is_archived and not os.path.exists(path):
                # The caller then makes a copy.
                raise FileNotFoundError(path)
            return path

    # The backport tells the standard library's readers, which know less than its own, by where they are from.
    for ours in (MultiplexedPath, NamespaceReader):
        ours.__module__, ours.__qualname__ = getattr(module, ours.__name__).__module__, ours.__name__
    module.NamespaceReader = NamespaceReader


def patch_linecache(linecache):
    """Let `linecache.updatecache` read a path in the archive when nothing else has given lines for it.

    It asks the loader of a module, and is not always told which module a path is of: `pdb`, tracebacks while modules are
    torn down, and the main module of a worker process would show no lines.
    """
    original = linecache.updatecache

    def updatecache(filename, module_globals=None):
        lines = original(filename, module_globals)
        path = filename
        # From 3.14 on, code that CPython has frozen is looked for where its module says that it is.
        if sys.version_info >= (3, 14) and filename and filename.startswith("<frozen "):
            path = (module_globals or {}).get("__file__")
        if lines or not path or not path.endswith(".py"):
            return lines
        try:
            source = _coldframe.finder.get_data(path)
        except (OSError, ValueError):  # A path with surrogates is none of the archive's.
            return lines
        import importlib.util

        try:
            lines = importlib.util.decode_source(source).splitlines(keepends=True)
        except (SyntaxError, UnicodeDecodeError):
            return []
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        # Without a time, as for a loader's source: such an entry never grows old.
        linecache.cache[filename] = len(source), None, lines, path
        return lines

    updatecache.__doc__ = original.__doc__
    updatecache.__module__ = original.__module__
    linecache.updatecache = updatecache
