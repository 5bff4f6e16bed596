"""Rare questions about the files that lie in a Coldframe archive: `os.scandir`, and paths for other programs.

Coldframe's replacements of CPython's functions import this module when they need it, and not before.
"""

import os
import sys

posix = sys.modules["nt" if os.name == "nt" else "posix"]

import _coldframe


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
    """The iterator of `os.scandir`, for a folder of the archive."""

    def __init__(self, folder, entries):
        slash, slashes = os.sep, "/" + os.sep
        if isinstance(folder, bytes):
            slash, slashes = os.fsencode(slash), os.fsencode(slashes)
        self._front = folder if folder[-1:] in slashes else folder + slash
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


real_path = _coldframe.finder.real_path

ENDS = _coldframe.finder.path_ends()


def real_text(text):
    """A text, in which paths below the executable are replaced by those on disk."""
    if not isinstance(text, (str, bytes, os.PathLike)):
        return text
    path = os.fspath(text)
    decoded = os.fsdecode(path)
    root = os.fsdecode(_coldframe.finder.root())
    slash = os.sep
    if root + slash not in decoded:
        return text
    found = os.fsdecode(real_path(decoded))
    if found == decoded:
        # It may stand behind an option, or in a command for a shell.
        front, *parts = decoded.split(root + slash)
        for part in parts:
            end = next((place for place, letter in enumerate(part) if letter in ENDS), len(part))
            front += os.fsdecode(real_path(root + slash + part[:end])) + part[end:]
        found = front
    return os.fsencode(found) if isinstance(path, bytes) else found


def real_command(program, arguments):
    """A program and its arguments, with paths that it can open. This executable itself opens paths below it."""
    if os.fsencode(program) == os.fsencode(sys.executable or ""):
        return program, arguments
    if _is_python_script(program):
        return sys.executable, _as_python(program, arguments)
    if isinstance(arguments, (list, tuple)):
        arguments = type(arguments)(map(real_text, arguments)) if type(arguments) in (list, tuple) else arguments
    return _program(program), arguments


def real_file_actions(actions):
    """The actions of `posix_spawn`, with paths that the system can open for reading."""
    if not isinstance(actions, (list, tuple)):
        return actions
    return [_opens_real(action) if isinstance(action, tuple) and len(action) == 5 else action for action in actions]


def _opens_real(action):
    kind, descriptor, path, flags, mode = action
    reads = isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_TRUNC)
    return (kind, descriptor, real_path(path) if reads else path, flags, mode)


# A script of a distribution begins with a line that names the Python of the environment that it was installed in.
RUN_SCRIPT = "import sys; del sys.argv[0]; exec(compile(open(sys.argv[0], 'rb').read(), sys.argv[0], 'exec'))"


def _is_python_script(path):
    """Whether a packed file is a script for Python, which our executable is for its own children."""
    path = os.fsencode(path)
    if not path.startswith(os.fsencode(_coldframe.finder.root()) + b"/"):
        return False
    try:
        with open(path, "rb") as file:
            line = file.readline(256)
    except OSError:
        return False
    return line.startswith(b"#!") and b"python" in line


def _as_python(script, arguments):
    own = [sys.executable, "-c", RUN_SCRIPT, os.fsdecode(script)]
    return own + list(arguments)[1:]


def _program(path):
    """A program's path on disk, with all files beside it and below, or beside its folder `bin`: it may look for them.

    The system's error on a missing program would be another one, so it is raised here.
    """
    path = os.fspath(path)
    decoded, root = os.fsdecode(path), os.fsdecode(_coldframe.finder.root()) + os.sep
    if decoded.startswith(root):
        posix.stat(decoded)
        folder = os.path.dirname(decoded)
        if os.path.basename(folder) == "bin" and os.path.dirname(folder) + os.sep != root:
            folder = os.path.dirname(folder)
        real_path(folder)
    return real_path(path)


def patch_posixsubprocess(module):
    """For `_posixsubprocess`, by which `subprocess` starts programs."""
    fork_exec = module.fork_exec

    def _fork_exec(args, executable_list, close_fds, pass_fds, cwd, *others):
        if not all(isinstance(one, (list, tuple)) for one in (args, executable_list)):
            # The function says itself what it does not take.
            return fork_exec(args, executable_list, close_fds, pass_fds, cwd, *others)
        own = os.fsencode(sys.executable or "")
        if len(executable_list) == 1 and _is_python_script(executable_list[0]):
            args, executable_list = _as_python(executable_list[0], args), [own]
        elif own not in executable_list:
            args = [real_text(argument) for argument in args]
            executable_list = [_program(executable) for executable in executable_list]
        if cwd is not None:
            cwd = real_path(cwd)
        return fork_exec(args, executable_list, close_fds, pass_fds, cwd, *others)

    _fork_exec.__name__, _fork_exec.__doc__ = fork_exec.__name__, fork_exec.__doc__
    module.fork_exec = _fork_exec


def patch_winapi(module):
    """For `_winapi`, by which `subprocess` starts programs on Windows, with one text for all arguments."""
    create = module.CreateProcess

    def CreateProcess(application_name, command_line, proc_attrs, thread_attrs, inherit, flags, env, cwd, startup_info):
        own = os.path.normcase(sys.executable or "")
        first = command_line.lstrip().lstrip('"') if isinstance(command_line, str) else ""
        is_own = own and own in (os.path.normcase(application_name or ""), os.path.normcase(first[: len(own)]))
        # `…\\app.exe\\tool.exe` begins so too.
        if not is_own or first[len(own) : len(own) + 1] in ("/", os.sep):
            application_name, command_line = real_text(application_name), real_text(command_line)
        if cwd is not None:
            cwd = real_path(cwd)
        return create(
            application_name, command_line, proc_attrs, thread_attrs, inherit, flags, env, cwd, startup_info
        )

    CreateProcess.__doc__ = create.__doc__
    module.CreateProcess = CreateProcess


def patch_sqlite(module):
    """For `_sqlite3`, whose library opens databases itself."""
    connect = module.connect

    def _connect(database, *arguments, **names):
        try:
            return connect(real_text(database), *arguments, **names)
        except module.OperationalError as error:
            # SQLite does not say which file it could not make.
            location = os.fsdecode(database)
            if os.fsdecode(_coldframe.finder.root()) + os.sep in location:
                error.args = (
                    f"{error}: `{location}` lies in the executable, whose files cannot be written; give a path outside of it",
                )
            raise

    _connect.__name__, _connect.__qualname__, _connect.__doc__ = "connect", "connect", connect.__doc__
    _connect.__module__ = connect.__module__
    module.connect = _connect


def patch_ssl(ssl):
    """For `ssl`, whose library opens certificates itself."""
    base = ssl._SSLContext

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        return base.load_verify_locations(self, _real(cafile), _real(capath), cadata)

    def load_cert_chain(self, certfile, keyfile=None, password=None):
        return base.load_cert_chain(self, _real(certfile), _real(keyfile), password)

    for function in (load_verify_locations, load_cert_chain):
        function.__doc__ = getattr(base, function.__name__).__doc__
        function.__qualname__ = f"SSLContext.{function.__name__}"
        setattr(ssl.SSLContext, function.__name__, function)


# Functions of C code that open the file which their first argument names, by module.
OPENERS = {
    "PIL._imagingft": ["getfont"],
    "cv2": ["imread", "imreadmulti"],
    "lxml.etree": ["parse"],
}


def patch_openers(module):
    """For a module of `OPENERS`: a file that it opens is put on disk before."""
    for name in OPENERS[module.__name__]:
        if hasattr(module, name):
            setattr(module, name, _opener(getattr(module, name)))


def _opener(function):
    def opener(path, *arguments, **names):
        if isinstance(path, (str, bytes, os.PathLike)):
            path = real_path(path)
        return function(path, *arguments, **names)

    for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
        if isinstance(getattr(function, attribute, None), str):
            setattr(opener, attribute, getattr(function, attribute))
    return opener


def _real(path):
    return None if path is None else real_path(path)
