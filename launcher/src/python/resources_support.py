"""Subclasses of importlib's own classes, for the resources of packages that lie in a Coldframe archive.

The finder, which is not written in Python, imports this module when resources are asked for, and not before.
"""

import contextlib
import io
import os
import pathlib
import sys

try:
    from importlib.resources.abc import Traversable, TraversableResources  # 3.11 and later
except ImportError:
    from importlib.abc import Traversable, TraversableResources


class ArchivePath(Traversable):
    """A file or folder of the archive, by its virtual path.

    Beyond what `Traversable` asks for it has the reading half of `zipfile.Path`, which programs use as well.
    """

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

    def __lt__(self, other):
        return self._path < other._path if isinstance(other, ArchivePath) else NotImplemented

    def __hash__(self):
        return hash(self._path)

    @property
    def name(self):
        return os.path.basename(self._path)

    @property
    def parent(self):
        return self._at(os.path.dirname(self._path))

    @property
    def _pure(self):
        return pathlib.PurePath(self._path)

    def _at(self, path):
        return type(self)(self._finder, str(path))

    @property
    def stem(self):
        return self._pure.stem

    @property
    def suffix(self):
        return self._pure.suffix

    @property
    def suffixes(self):
        return self._pure.suffixes

    # Attributes that only a `pathlib.Path` has. `files` gives one for packages on disk, and programs use it as one (gradio).

    @property
    def parts(self):
        return self._pure.parts

    @property
    def parents(self):
        return tuple(map(self._at, self._pure.parents))

    def as_posix(self):
        return self._pure.as_posix()

    def as_uri(self):
        return self._pure.as_uri()

    def is_absolute(self):
        return True

    def absolute(self):
        return self

    def expanduser(self):
        return self

    def resolve(self, strict=False):
        if strict and not self.exists():
            raise FileNotFoundError(self._path)
        return self

    def with_name(self, name):
        return self._at(self._pure.with_name(name))

    def with_suffix(self, suffix):
        return self._at(self._pure.with_suffix(suffix))

    def iterdir(self):
        entries = self._finder.list_folder(self._path)
        if entries is None:
            error = NotADirectoryError if self.is_file() else FileNotFoundError
            raise error(self._path)
        return (self.joinpath(name) for name, _ in entries)

    def is_dir(self):
        return self._finder.list_folder(self._path) is not None

    def is_file(self):
        folder, name = os.path.split(self._path)
        entries = self._finder.list_folder(folder)
        return entries is not None and (name, False) in entries

    def is_symlink(self):
        return False

    def exists(self):
        return self.is_file() or self.is_dir()

    def joinpath(self, *children):
        path = self._path
        for child in children:
            path = os.path.normpath(os.path.join(path, os.fspath(child)))
        return self._at(path)

    def __truediv__(self, child):
        return self.joinpath(child)

    def relative_to(self, other, *extra):
        return os.path.relpath(self._path, str(other.joinpath(*extra)))

    def match(self, pattern):
        return self._pure.match(pattern)

    def glob(self, pattern):
        import fnmatch

        first, _, rest = pattern.partition("/")
        if first == "**":
            found = [self, *self._folders_below()]
            return iter([path for folder in found for path in folder.glob(rest)] if rest else found)
        if not self.is_dir():
            return iter(())
        found = [path for path in self.iterdir() if fnmatch.fnmatchcase(path.name, first)]
        return iter([path for folder in found for path in folder.glob(rest)] if rest else found)

    def rglob(self, pattern):
        return self.glob(f"**/{pattern}")

    def _folders_below(self):
        for path in self.iterdir():
            if path.is_dir():
                yield path
                yield from path._folders_below()

    def open(self, mode="r", *args, **kwargs):
        if mode not in ("r", "rb", "rt"):
            raise ValueError(f"invalid mode {mode!r}: an archive is only read")
        stream = io.BytesIO(self.read_bytes())
        return stream if "b" in mode else io.TextIOWrapper(stream, *args, **kwargs)

    def read_bytes(self):
        if self.is_dir():
            # The error that `open` raises for a folder on this system.
            raise (PermissionError if os.name == "nt" else IsADirectoryError)(self._path)
        return self._finder.get_data(self._path)

    def read_text(self, encoding=None, errors=None):
        with self.open("r", encoding=encoding or "utf-8", errors=errors) as stream:
            return stream.read()

    def copy_to(self, folder):
        """Write the file, or the folder with all that is in it, into a folder on disk, and give its path there."""
        target = pathlib.Path(folder, self.name)
        if self.is_dir():
            target.mkdir()
            for child in self.iterdir():
                child.copy_to(target)
        else:
            contents = self.read_bytes()
            target.write_bytes(contents)
            # An archive keeps no modes; this is how programs begin.
            if contents.startswith((b"\x7fELF", b"#!")):
                target.chmod(0o700)
        return target


@contextlib.contextmanager
def as_file(path):
    """A file or folder on disk: in the cache; or, without one, a copy of the same name, for as long as the context lasts."""
    try:
        if path.name == "__init__.py":
            # The caller means the files beside it (imageio-ffmpeg).
            path._finder.real_path(os.path.dirname(path._path))
        real = path._finder.real_path(path._path)
    except OSError:
        real = path._path
    if path._finder.is_on_disk(real) and os.path.isdir(real) == path.is_dir():
        yield pathlib.Path(real)
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        yield path.copy_to(folder)


class ResourceReader(TraversableResources):
    """The resources of a package: the files below its folder."""

    def __init__(self, finder, folder):
        self._finder = finder
        self._folder = folder

    def files(self):
        return ArchivePath(self._finder, self._folder)

    def resource_path(self, resource):
        path = self.files().joinpath(resource)
        if path.is_file() and self._finder.is_on_disk(str(path)):
            return str(path)
        # The caller then makes a copy.
        raise FileNotFoundError(str(path))

    def is_resource(self, path):
        # The base class of 3.9 calls a method that does not exist.
        return self.files().joinpath(path).is_file()


def register(module):
    """Let a module's `as_file` know our paths."""
    module.as_file.register(ArchivePath)(as_file)


for _name in ("importlib._common", "importlib.resources._common", "importlib_resources._common"):
    if hasattr(sys.modules.get(_name), "as_file"):
        register(sys.modules[_name])
