"""The distributions whose metadata lies in a Coldframe archive, as `importlib.metadata` wants them.

The finder imports this module when distributions are asked for, and not before.
"""

import functools
import os
import posixpath
import sys


def base():
    """The class that callers know: `importlib_metadata` stands for all of `importlib.metadata` once it is imported."""
    backport = getattr(sys.modules.get("importlib_metadata"), "Distribution", None)
    if backport is not None:
        return backport
    import importlib.metadata

    return importlib.metadata.Distribution


@functools.lru_cache(maxsize=None)
def archive_distribution(base):
    """The class of our distributions, below that one."""
    from _coldframe_resources import ArchivePath

    class ArchiveDistribution(base):
        """A distribution whose metadata lies in the archive."""

        def __init__(self, finder, folder):
            self._finder = finder
            self._folder = folder

        def read_text(self, filename):
            # An `.egg-info` may be a file itself, which is asked for by no name.
            path = posixpath.join(self._folder, filename) if filename else self._folder
            try:
                return self._finder.get_data(path).decode("utf-8")
            except OSError:
                return None

        def locate_file(self, path):
            return ArchivePath(self._finder, os.path.dirname(self._folder)).joinpath(path)

        def _read_files_egginfo_installed(self):
            # From Python 3.12 on: its own form of this asks for a path on disk.
            text = self.read_text("installed-files.txt")
            if not text:
                return None
            name = os.path.basename(self._folder)
            return [f'"{posixpath.normpath(posixpath.join(name, line))}"' for line in text.splitlines()]

    ArchiveDistribution.__qualname__ = "ArchiveDistribution"
    return ArchiveDistribution


def normalized(name):
    """The name of a distribution as the archive keeps it (PEP 503)."""
    result = []
    for character in name.lower():
        character = "-" if character in "-_." else character
        if character != "-" or result[-1:] != ["-"]:
            result.append(character)
    return "".join(result)


def folders(finder, path, name):
    """The folders, or files, with metadata in a folder of the archive, as importlib takes them for some."""
    for entry, _ in finder.list_folder(path) or ():
        stem, kind = os.path.splitext(entry)
        if kind.lower() in (".dist-info", ".egg-info"):
            if name is None or normalized(stem.partition("-")[0]) == name:
                yield f"{path}/{entry}"


def find_distributions(finder, context=None):
    """The distributions of the name in the context, or all, in those of its paths that lie in the archive."""
    name = getattr(context, "name", None)
    name = normalized(name) if name else None
    paths = getattr(context, "path", sys.path)
    # The archive keeps a list of those that lie at its root, which are nearly all.
    known = [folder for _, folder in finder.list_distributions(name)] if name else []
    found = []
    for path in dict.fromkeys(os.fspath(path).rstrip("/") for path in paths if isinstance(path, (str, os.PathLike))):
        at_root = [folder for folder in known if os.path.dirname(folder) == path]
        found += at_root or folders(finder, path, name)
    return [archive_distribution(base())(finder, folder) for folder in found]
