"""Lets suites that write packages to disk find the same packages in the archive, in a built application.

Such a suite writes a tree into a temporary folder, and puts that on `sys.path`. In the stock interpreter this module
keeps a copy of each tree, by a digest of its contents, in the folder `fixtures` beside it; that folder is packed with the
suite. In the built application the suite still writes its trees, but their copies in the archive go on `sys.path`.
"""

import contextlib
import hashlib
import importlib
import importlib.abc
import os
import shutil
import sys

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
IS_ARCHIVED = hasattr(sys, "frozen")


def digest(folder):
    """Names a tree by all that is in it; None where that is nothing."""
    found, is_empty = hashlib.sha1(), True
    for path, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            found.update(os.path.relpath(os.path.join(path, name), folder).encode() + b"\0")
            with open(os.path.join(path, name), "rb") as file:
                found.update(file.read())
            is_empty = False
    return None if is_empty else found.hexdigest()


def archived(folder):
    """The path to put on `sys.path`: the tree's copy in the archive; in the stock interpreter the tree itself, of which a copy is kept."""
    name = digest(folder) if os.path.isdir(folder) else None
    if name is None:
        # A zip file, or a folder that is filled later.
        return folder
    kept = os.path.join(FIXTURES, name)
    if not IS_ARCHIVED:
        if not os.path.exists(kept):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(folder, kept, symlinks=True, ignore=ignored, ignore_dangling_symlinks=True)
        return folder
    import _coldframe

    if _coldframe.finder.list_folder(kept) is None:
        raise AssertionError(f"the archive has no copy of this tree: {sorted(os.listdir(folder))}")
    return kept


@contextlib.contextmanager
def isolated_modules():
    """`test.support.import_helper.isolated_modules`, which only later releases have."""
    saved = sys.modules.copy()
    try:
        yield
    finally:
        sys.modules.clear()
        sys.modules.update(saved)


def adapt(name):
    """Changes the places where a suite puts its trees on `sys.path`."""
    if name.startswith("importlib_resources"):
        util = importlib.import_module(f"{name}.util")
        if not hasattr(util.import_helper, "isolated_modules"):
            # Newer than some of the releases that the suite is for.
            util.import_helper.isolated_modules = isolated_modules
        on_path = util.import_helper.DirsOnSysPath

        def dirs_on_sys_path(*folders):
            return on_path(*map(archived, folders))

        util.import_helper.DirsOnSysPath = dirs_on_sys_path
    elif name == "tests":
        fixtures = importlib.import_module("tests.fixtures")
        add_sys_path = fixtures.OnSysPath.add_sys_path

        @contextlib.contextmanager
        def add_archived(folder):
            with add_sys_path(archived(folder)):
                yield

        fixtures.OnSysPath.add_sys_path = staticmethod(add_archived)
