"""What importlib's own base classes say of modules that lie in a Coldframe archive.

The finder, which is not written in Python, imports this module when a package's resources or a distribution's
metadata are asked for, and not before.
"""

import importlib.metadata
import io
import os
import posixpath

try:
    from importlib.resources.abc import Traversable, TraversableResources  # 3.11 and later
except ImportError:
    from importlib.abc import Traversable, TraversableResources


class ArchivePath(Traversable):
    """A file or folder of the archive, by its virtual path."""

    def __init__(self, finder, path):
        self._finder = finder
        self._path = path

    def __repr__(self):
        return f"{type(self).__name__}({self._path!r})"

    def __str__(self):
        return self._path

    def __fspath__(self):
        return self._path

    def __eq__(self, other):
        return isinstance(other, ArchivePath) and self._path == other._path

    def __hash__(self):
        return hash(self._path)

    @property
    def name(self):
        return os.path.basename(self._path)

    def iterdir(self):
        entries = self._finder.list_folder(self._path)
        if entries is None:
            raise NotADirectoryError(self._path)
        return (self.joinpath(name) for name, _ in entries)

    def is_dir(self):
        return self._finder.list_folder(self._path) is not None

    def is_file(self):
        folder, name = os.path.split(self._path)
        entries = self._finder.list_folder(folder)
        return entries is not None and (name, False) in entries

    def exists(self):
        return self.is_file() or self.is_dir()

    def joinpath(self, *children):
        path = self._path
        for child in children:
            path = posixpath.normpath(posixpath.join(path, os.fspath(child)))
        return type(self)(self._finder, path)

    def __truediv__(self, child):
        return self.joinpath(child)

    def open(self, mode="r", *args, **kwargs):
        if mode not in ("r", "rb", "rt"):
            raise ValueError(f"invalid mode {mode!r}: an archive is only read")
        stream = io.BytesIO(self.read_bytes())
        return stream if "b" in mode else io.TextIOWrapper(stream, *args, **kwargs)

    def read_bytes(self):
        if self.is_dir():
            raise IsADirectoryError(self._path)
        return self._finder.get_data(self._path)

    def read_text(self, encoding=None, errors=None):
        with self.open("r", encoding=encoding or "utf-8", errors=errors) as stream:
            return stream.read()


class ResourceReader(TraversableResources):
    """The resources of a package: the files below its folder."""

    def __init__(self, finder, folder):
        self._finder = finder
        self._folder = folder

    def files(self):
        return ArchivePath(self._finder, self._folder)

    def is_resource(self, path):
        # What the base class of 3.9 calls, does not exist.
        return self.files().joinpath(path).is_file()


class ArchiveDistribution(importlib.metadata.Distribution):
    """A distribution whose metadata lies in the archive."""

    def __init__(self, finder, folder):
        self._finder = finder
        self._folder = folder

    def read_text(self, filename):
        try:
            return self._finder.get_data(f"{self._folder}/{filename}").decode("utf-8")
        except OSError:
            return None

    def locate_file(self, path):
        return ArchivePath(self._finder, os.path.dirname(self._folder)).joinpath(path)


def normalized(name):
    """The name of a distribution as the archive keeps it (PEP 503)."""
    result = []
    for character in name.lower():
        character = "-" if character in "-_." else character
        if character != "-" or result[-1:] != ["-"]:
            result.append(character)
    return "".join(result)


def find_distributions(finder, context=None):
    """The distributions of the archive, or those of the name in the context, in which ours is one of the paths."""
    name = getattr(context, "name", None)
    found = finder.list_distributions(normalized(name) if name else None)
    paths = getattr(context, "path", None)
    if paths is not None:
        paths = {os.fspath(path) for path in paths}
        found = [(name, folder) for name, folder in found if os.path.dirname(folder) in paths]
    return [ArchiveDistribution(finder, folder) for _, folder in found]
