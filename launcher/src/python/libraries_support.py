"""Patches by which code that opens shared libraries, or looks for their files, finds those of the archive and the system.

The launcher calls these functions when the module that they are about has been imported, and before anybody uses it.
"""

import os

import _coldframe


def patch_ctypes(module):
    """For `_ctypes`: a packed library is in the process before it is opened by its name, and on disk before by its path."""
    function = "LoadLibrary" if os.name == "nt" else "dlopen"
    dlopen = getattr(module, function)

    def _dlopen(name, *arguments):
        if name is not None:
            name = _coldframe.finder.real_path(name)
            _coldframe.finder.load_library(name)
        return dlopen(name, *arguments)

    setattr(module, function, _dlopen)


def patch_ctypes_util(module):
    """For `ctypes.util`: a packed library is found, where the system may have none or another version."""
    find_library = module.find_library

    def _find_library(name):
        return _packed(name) or find_library(name)

    module.find_library = _find_library


def _packed(name):
    names = [found for found in _coldframe.finder.list_libraries() if found.startswith("lib%s.so" % name)]
    return max(names, default=None)


def patch_cffi(module):
    """For `_cffi_backend`: as `ctypes`, for `FFI.dlopen`.

    The `ffi` of an out-of-line module is a static type's, and asks nobody for a name: what code opens so is loaded before it, and
    the dynamic linker then finds it by its name.
    """
    for name in _coldframe.finder.list_opened_libraries():
        try:
            _coldframe.finder.load_library(name)
        except ImportError:
            pass  # The code that opens it gets the error.
    _coldframe.finder.redirect_dlopen(module.FFI)
    load_library = module.load_library

    def _load_library(name=None, *arguments):
        if isinstance(name, (str, bytes)):
            name = _coldframe.finder.real_path(name)
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


# Where the packed libraries look for descriptions of terminals by themselves, and where some distributions keep them.
TERMINFO = ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo"]
TERMINFO_ELSEWHERE = ["/usr/lib/terminfo", "/usr/local/share/terminfo", "/run/current-system/sw/share/terminfo"]


def find_terminal_descriptions():
    """Before `_curses` and `readline`: a terminal that the system does not describe where they look is found elsewhere.

    The variable's empty entry stands for where a program looks by itself, so other programs that get it find no less.
    """
    terminal = os.environ.get("TERM") or "dumb"
    named = os.environ.get("TERMINFO_DIRS", "")
    folders = [os.environ.get("TERMINFO"), os.path.join(os.environ.get("HOME") or "/", ".terminfo")]
    if _describes(folders + named.split(os.pathsep) + TERMINFO, terminal):
        return
    for folder in TERMINFO_ELSEWHERE:
        if _describes([folder], terminal):
            break
    else:
        folder = _coldframe.finder.system_data("coldframe.terminfo")
    if folder is not None:
        os.environ["TERMINFO_DIRS"] = named + os.pathsep + folder


def _describes(folders, terminal):
    initials = terminal[0], "%x" % ord(terminal[0])
    return any(
        os.path.isfile(os.path.join(folder, initial, terminal)) for folder in folders if folder for initial in initials
    )


# The end of the name of the variable with Tcl's module path; before it stands the version.
MODULES = "_TM_PATH"


def patch_tkinter(module):
    """For `_tkinter`: Tcl reads scripts of exactly its own version, and so those that were packed with it.

    They are named while an interpreter is made, and not longer: another program that is started may have another Tcl.
    """
    create = module.create

    def _create(*arguments, **keywords):
        added = {name: folder for name, folder in _scripts() if name not in os.environ}
        os.environ.update(added)
        try:
            interpreter = create(*arguments, **keywords)
        finally:
            for name in added:
                os.environ.pop(name, None)
        for name, folder in added.items():
            # Tcl has a copy of the variables, which would be read where there is nothing any more.
            interpreter.eval("unset -nocomplain ::env(%s)" % name)
            if name.endswith(MODULES):
                interpreter.call("::tcl::tm::path", "add", folder)
        return interpreter

    module.create = _create


def _scripts():
    """The variables that Tcl and Tk read, with the folders of the packed scripts."""
    place = _coldframe.finder.system_data("coldframe.tcltk")
    names = os.listdir(place) if place is not None else []
    for variable, kind, script in (("TCL_LIBRARY", "tcl", "init.tcl"), ("TK_LIBRARY", "tk", "tk.tcl")):
        for name in names:
            folder = os.path.join(place, name)
            if name.startswith(kind) and os.path.isfile(os.path.join(folder, script)):
                yield variable, folder
                # Debian has modules of Tcl's own in there, and looks for them by an absolute path (tm.tcl, tm(n)).
                if os.path.isdir(os.path.join(folder, "tcl8")):
                    yield name.upper().replace(".", "_") + MODULES, os.path.join(folder, "tcl8")
