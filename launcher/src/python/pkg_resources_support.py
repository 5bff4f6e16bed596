"""Tells `pkg_resources` of what lies in a Coldframe archive: it knows loaders by their types, and asks others nothing.

The launcher calls `register` when `pkg_resources` has been imported, and before anybody uses it.
"""

import os
import sys

from _coldframe import finder


def register(pkg_resources):
    class ArchiveProvider(pkg_resources.NullProvider):
        """The files of a package, by their virtual paths."""

        def _has(self, path):
            folder, name = os.path.split(path)
            return self._isdir(path) or (name, False) in (finder.list_folder(folder) or ())

        def _isdir(self, path):
            return finder.list_folder(path) is not None

        def _listdir(self, path):
            return [name for name, _ in finder.list_folder(path) or ()]

        def get_resource_filename(self, manager, resource_name):
            path = super().get_resource_filename(manager, resource_name)
            if self._has(path) and not os.path.exists(path):
                raise FileNotFoundError(
                    f"`{path}` lies in an archive only: have its package put on disk, by a line in the table "
                    "`[build.file-access]` of the settings, or ask for `resource_string`"
                )
            return path

    class ArchiveMetadata(ArchiveProvider):
        """The files of a distribution, and those of its metadata folder."""

        def __init__(self, folder):
            self.loader = finder
            self.module_path = os.path.dirname(folder)
            self.egg_info = folder

    def find_distributions(importer, path, only=False):
        for _, folder in finder.list_distributions():
            location, name = os.path.split(folder)
            if location == path:
                yield pkg_resources.Distribution.from_location(
                    path, name, ArchiveMetadata(folder), precedence=pkg_resources.DEVELOP_DIST
                )

    pkg_resources.register_loader_type(type(finder), ArchiveProvider)
    pkg_resources.register_finder(type(finder), find_distributions)
    # It has looked for distributions while it was imported.
    for entry in sys.path:
        for distribution in pkg_resources.find_distributions(entry, only=True):
            pkg_resources.working_set.add(distribution, entry, insert=False)
