"""Lets code that opens shared libraries by name, or looks for files of theirs, find what the archive and the system have.

The launcher calls these functions when the module that they are about has been imported, and before anybody uses it.
"""

import os

import _coldframe


def mend_ctypes(module):
    """For `_ctypes`: a packed library is in the process before it is opened by its name."""
    dlopen = module.dlopen

    def _dlopen(name, *arguments):
        if name is not None:
            _coldframe.finder.load_library(name)
        return dlopen(name, *arguments)

    module.dlopen = _dlopen


def mend_ctypes_util(module):
    """For `ctypes.util`: a packed library is found, where the system may have none or another version."""
    find_library = module.find_library

    def _find_library(name):
        return _packed(name) or find_library(name)

    module.find_library = _find_library


def _packed(name):
    names = [found for found in _coldframe.finder.list_libraries() if found.startswith("lib%s.so" % name)]
    return max(names, default=None)


def mend_cffi(module):
    """For `_cffi_backend`: as `ctypes`, for `FFI.dlopen`."""
    load_library = module.load_library

    def _load_library(name=None, *arguments):
        if isinstance(name, (str, bytes)):
            _coldframe.finder.load_library(name)
        return load_library(name, *arguments)

    module.load_library = _load_library


def find_certificates(module):
    """For `_ssl`: OpenSSL looks where the build machine's distribution keeps certificates, and others keep them elsewhere."""
    file_variable, file, folder_variable, folder = module.get_default_verify_paths()
    if os.environ.get(file_variable) or os.environ.get(folder_variable):
        return
    if os.path.isfile(file) or (os.path.isdir(folder) and os.listdir(folder)):
        return
    file, folder = _coldframe.finder.certificates()
    if file is not None:
        os.environ[file_variable] = file
    elif folder is not None:
        os.environ[folder_variable] = folder
