"""Registrations that tell `pkg_resources` of modules and distributions in a Coldframe archive.

It knows loaders and finders by their types, and for a type that it does not know it finds nothing.
"""

import os
import sys

import _coldframe
from _coldframe_resources import ArchivePath


def patch_pkg_resources(pkg_resources):
    """Register readers of the archive, and find the distributions that were not found while the module was imported."""
    finder = _coldframe.finder

    class ArchiveProvider(pkg_resources.NullProvider):
        """The resources of a module in the archive."""

        def _has(self, path):
            return ArchivePath(finder, path).exists()

        def _isdir(self, path):
            return ArchivePath(finder, path).is_dir()

        def _listdir(self, path):
            return [child.name for child in ArchivePath(finder, path).iterdir()]

        def get_resource_filename(self, manager, resource_name):
            path = ArchivePath(finder, self._fn(self.module_path, resource_name))
            return extracted(manager, path)

    class ArchiveMetadata(ArchiveProvider):
        """The metadata of a distribution in the archive."""

        loader = finder

        def __init__(self, root, folder):
            self.module_path = root
            self.egg_info = folder

    class ArchiveFileMetadata(pkg_resources.FileMetadata):
        """The metadata of a distribution of which it is one file."""

        def has_metadata(self, name):
            return name == "PKG-INFO"

        def get_metadata(self, name):
            if name != "PKG-INFO":
                raise KeyError("No metadata except PKG-INFO is available")
            return finder.get_data(self.path).decode("utf-8", "replace")

    def extracted(manager, path):
        """A file on disk with the contents of one in the archive: the one in our cache, or one in that of `pkg_resources`."""
        try:
            real = finder.real_path(str(path))
        except OSError:  # Coldframe has no cache.
            real = str(path)
        if finder.is_on_disk(real) and os.path.isdir(real) == path.is_dir():
            return real
        root = os.path.basename(sys.executable)
        target = manager.get_cache_path(root, path.relative_to(ArchivePath(finder, sys.path[0])).split("/"))
        if path.is_dir():
            for child in path.iterdir():
                extracted(manager, child)
            return target
        contents = path.read_bytes()
        if os.path.isfile(target):
            with open(target, "rb") as file:
                if file.read() == contents:
                    return target
        temporary = f"{target}.{os.getpid()}.tmp"
        with open(temporary, "wb") as file:
            file.write(contents)
        manager.postprocess(temporary, target)
        os.replace(temporary, target)
        return target

    def find_distributions(importer, path_item, only=False):
        for _, folder in finder.list_distributions(None):
            root, name = os.path.split(folder)
            if root == path_item:
                is_file = finder.list_folder(folder) is None
                metadata = ArchiveFileMetadata(folder) if is_file else ArchiveMetadata(root, folder)
                # As `pkg_resources` itself ranks those that lie on the search path.
                precedence = pkg_resources.DEVELOP_DIST
                yield pkg_resources.Distribution.from_location(root, name, metadata, precedence=precedence)

    def handle_namespace(importer, path_item, name, module):
        folder = os.path.join(path_item, name.rpartition(".")[2])
        if folder not in module.__path__ and finder.list_folder(folder) is not None:
            return folder
        return None

    pkg_resources.register_loader_type(_coldframe.Finder, ArchiveProvider)
    pkg_resources.register_finder(_coldframe.Finder, find_distributions)
    pkg_resources.register_namespace_handler(_coldframe.Finder, handle_namespace)
    # The last step of `_initialize_master_working_set`, once more: now our entries can be read.
    pkg_resources.working_set.entries[:] = []
    for entry in sys.path:
        pkg_resources.working_set.add_entry(entry)
