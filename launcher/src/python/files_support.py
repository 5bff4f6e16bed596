"""What is rarely asked of the files that lie in a Coldframe archive: `os.scandir`.

Our function in the place of CPython's imports this module when a folder of the archive is listed so, and not before.
"""

import os
import posix


class DirEntry:
    """As `os.DirEntry`, of which no program can make one."""

    __slots__ = ("name", "path", "_is_folder", "_stat")

    def __init__(self, name, path, is_folder):
        self.name, self.path, self._is_folder, self._stat = name, path, is_folder, None

    # For `isinstance`.
    @property
    def __class__(self):
        return os.DirEntry

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"

    def __fspath__(self):
        return self.path

    def is_dir(self, *, follow_symlinks=True):
        return self._is_folder

    def is_file(self, *, follow_symlinks=True):
        return not self._is_folder

    def is_symlink(self):
        return False

    if hasattr(os.DirEntry, "is_junction"):

        def is_junction(self):
            return False

    def stat(self, *, follow_symlinks=True):
        if self._stat is None:
            self._stat = posix.stat(self.path)
        return self._stat

    def inode(self):
        return self.stat().st_ino


class ScandirIterator:
    """As what `os.scandir` gives."""

    def __init__(self, folder, entries):
        slash = b"/" if isinstance(folder, bytes) else "/"
        self._front = folder if folder.endswith(slash) else folder + slash
        self._entries = iter(entries)

    def __iter__(self):
        return self

    def __next__(self):
        name, is_folder = next(self._entries)
        return DirEntry(name, self._front + name, is_folder)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def close(self):
        self._entries = iter(())
