"""Uses files beside it as programs do, and prints the results, with the folder's own name taken out.

It is run by `python` on the disk, and on the same files in an archive: both print the same.
"""

import builtins
import configparser
import errno
import fileinput
import filecmp
import fnmatch
import glob
import gzip
import io
import linecache
import mimetypes
import mmap
import os
import pathlib
import shutil
import stat
import sys
import tarfile
import tempfile
import tokenize
import zipfile

PKG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pkg")
SCRATCH = tempfile.mkdtemp()


def shown(value):
    """The text, without parts that differ from run to run."""
    if isinstance(value, bytes):
        return repr(value.replace(os.fsencode(PKG), b"PKG").replace(os.fsencode(SCRATCH), b"SCRATCH"))
    if isinstance(value, os.stat_result):
        return f"stat {stat.S_IFMT(value.st_mode):o} {value.st_size if stat.S_ISREG(value.st_mode) else 'folder'}"
    if isinstance(value, BaseException):
        names = [getattr(value, name, None) for name in ("filename", "filename2")]
        code = errno.errorcode.get(getattr(value, "errno", None))
        if code is None:
            return f"{type(value).__name__}"
        shown = f"{type(value).__name__} {code} {value.strerror} {names}".replace(PKG, "PKG").replace(SCRATCH, "SCRATCH")
        return shown.replace(os.path.basename(os.path.dirname(PKG)) + "/pkg", "PKG")
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, (str, int, float, type(None))):
        return repr(value).replace(PKG, "PKG").replace(SCRATCH, "SCRATCH")
    return f"{type(value).__name__}: {value!r}".replace(PKG, "PKG").replace(SCRATCH, "SCRATCH")


class Named:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


def read(path, mode="r", **options):
    with open(path, mode, **options) as file:
        return file.name, file.mode, file.read()


def read_descriptor(path, flags=os.O_RDONLY):
    descriptor = os.open(path, flags)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISDIR(found.st_mode):
            return sorted(os.listdir(descriptor)), os.get_inheritable(descriptor)
        return os.read(descriptor, 100), found.st_size, os.get_inheritable(descriptor)
    finally:
        os.close(descriptor)


def folder_descriptor(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        same = [os.path.samestat(os.stat(path), found) for found in (os.fstat(descriptor), os.stat(descriptor), os.lstat(path))]
        with os.scandir(descriptor) as found:
            names = sorted((entry.name, entry.is_dir()) for entry in found)
        inside = [os.stat(name, dir_fd=descriptor, follow_symlinks=False) for name, _ in names]
        other = os.open(names[0][0], os.O_RDONLY, dir_fd=descriptor)
        inside.append(os.path.samestat(os.stat(names[0][0], dir_fd=descriptor), os.fstat(other)))
        os.close(other)
    finally:
        os.close(descriptor)
    other = os.open("/", os.O_RDONLY)  # The same number, most likely.
    same.append(os.path.samestat(os.fstat(other), os.stat("/")))
    os.close(other)
    return same, names, inside


def fwalked(path, **options):
    found = []
    for root, folders, files, descriptor in os.fwalk(path, **options):
        folders.sort()
        sizes = [os.stat(name, dir_fd=descriptor).st_size for name in sorted(files)]
        found.append((root, sorted(folders), sorted(files), sizes))
    return sorted(found)


def mapped(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as found:
        return found[:]


def same_times(path):
    found = os.stat(path)
    with open(path) as file:
        opened = os.fstat(file.fileno())
    return found.st_mtime == opened.st_mtime, found.st_size == opened.st_size, found.st_mtime_ns // 10**9 == found[8]


def entries(path):
    with os.scandir(path) as found:
        return sorted(
            (
                shown(entry.name), shown(entry.path), entry.is_dir(), entry.is_file(), entry.is_symlink(),
                entry.is_dir(follow_symlinks=False), shown(entry.stat()), entry.inode() == os.stat(entry.path).st_ino,
                isinstance(entry, os.DirEntry), shown(os.fspath(entry)), repr(entry),
            )
            for entry in found
        )


def half_scanned(path):
    found = os.scandir(path)
    next(found)
    found.close()
    return list(found)


def walked(path, **options):
    return [(root, sorted(folders), sorted(files)) for root, folders, files in sorted(os.walk(path, **options))]


def copied(path):
    target = os.path.join(SCRATCH, "copied")
    shutil.copytree(path, target)
    try:
        with open(os.path.join(target, "data.txt"), "a") as file:
            file.write("more")
        return walked(target), read(os.path.join(target, "data.txt"))
    finally:
        shutil.rmtree(target)


def copied_file(copy, path):
    target = os.path.join(SCRATCH, "file")
    result = copy(path, target)
    try:
        return result, read(target, "rb"), os.access(target, os.W_OK)
    finally:
        os.remove(target)


def tarred(path):
    with tarfile.open(os.path.join(SCRATCH, "x.tar"), "w") as archive:
        archive.add(path, "inside")
        return sorted((member.name, member.size, member.isdir(), member.mode & 0o700) for member in archive.getmembers())


def zipped(path):
    with zipfile.ZipFile(os.path.join(SCRATCH, "x.zip"), "w") as archive:
        archive.write(path, "inside")
        return archive.infolist()[0].file_size, archive.read("inside")


def unzipped(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist(), archive.read("a.txt")


def configured(path):
    parser = configparser.ConfigParser()
    return parser.read([path, path + ".none"]), dict(parser["section"])


def through_link(name, path, target=PKG):
    link = os.path.join(SCRATCH, name)
    os.symlink(target, link)
    try:
        return read(os.path.join(link, path) if path else link), os.path.realpath(link) == os.path.realpath(target)
    finally:
        os.remove(link)


def relative(path):
    before = os.getcwd()
    os.chdir(os.path.dirname(os.path.dirname(PKG)))
    try:
        path = os.path.relpath(path)
        return read(path)[2], shown(os.stat(path)), os.path.exists(path + ".none"), os.access(path, os.R_OK)
    finally:
        os.chdir(before)


def own_opener(path):
    return read(path, opener=lambda path, flags: os.open(path, flags))


class Logged(io.FileIO):
    def __init__(self, path):
        super().__init__(path)
        self.seen = self.name


def subclassed(path):
    with Logged(path) as file:
        return file.seen, file.read(), file.readable(), file.writable(), file.seekable(), file.closefd, file.mode


def run(label, call):
    try:
        result = shown(call())
    except BaseException as error:
        result = shown(error)
    print(label, "->", result)


PATHS = {
    "file": "data.txt",
    "folder": "sub",
    "missing": "none.txt",
    "below missing": "none/data.txt",
    "below a file": "data.txt/x",
    "a file as folder": "data.txt/",
    "a folder with a slash": "sub/",
    "through a folder": "sub/../data.txt",
    "through a missing one": "none/../data.txt",
    "through a file": "data.txt/../data.txt",
    "dots": "././sub//deep/../more.txt",
    "long": "x" * 300,
    "nul": "a\0b",
    "not ascii": "\u00fcml\u00e4ut.txt",
    "surrogate": "a\udcffb",
    "source": "module.py",
    "empty": "empty.txt",
    "out of it": "../pkg/data.txt",
}

OPERATIONS = {
    "stat": os.stat,
    "lstat": os.lstat,
    "stat without links": lambda path: os.stat(path, follow_symlinks=False),
    "access": lambda path: [os.access(path, mode) for mode in (os.F_OK, os.R_OK, os.R_OK | os.X_OK)],
    "listdir": lambda path: sorted(os.listdir(path)),
    "listdir of bytes": lambda path: sorted(os.listdir(os.fsencode(path))),
    "scandir": entries,
    "scandir of bytes": lambda path: entries(os.fsencode(path)),
    "readlink": os.readlink,
    "open": read,
    "open of bytes": lambda path: read(os.fsencode(path)),
    "open of a path": lambda path: read(pathlib.Path(path)),
    "open of what names a path": lambda path: read(Named(path)),
    "open in binary": lambda path: read(path, "rb"),
    "open without a buffer": lambda path: read(path, "rb", buffering=0),
    "open with an opener": own_opener,
    "io.open": lambda path: io.open(path).read(),
    "io.open_code": lambda path: io.open_code(path).read(),
    "FileIO": subclassed,
    "os.open": read_descriptor,
    "folder descriptor": folder_descriptor,
    "fwalk": fwalked,
    "fwalk again": fwalked,
    "fwalk up": lambda path: fwalked(path, topdown=False),
    "fwalk with links": lambda path: os.path.isdir(path) and fwalked(path, follow_symlinks=True),
    "fwalk of bytes": lambda path: fwalked(os.fsencode(path)),
    "os.open of a path": lambda path: read_descriptor(Named(path)),
    "exists": lambda path: [check(path) for check in (os.path.exists, os.path.lexists, os.path.isfile, os.path.isdir, os.path.islink, os.path.ismount)],
    "getsize": os.path.getsize,
    "realpath": lambda path: os.path.realpath(path) == os.path.realpath(PKG) + os.path.normpath(path)[len(PKG):],
    "samefile": lambda path: [os.path.samefile(path, os.path.join(PKG, "sub", "..", "data.txt")), os.path.samefile(path, __file__ if os.path.isfile(__file__) else sys.executable)],
    "pathlib": lambda path: [pathlib.Path(path).exists(), pathlib.Path(path).is_dir(), pathlib.Path(path).is_file()],
    "read_text": lambda path: pathlib.Path(path).read_text(),
    "read_bytes": lambda path: pathlib.Path(path).read_bytes(),
    "iterdir": lambda path: sorted(map(str, pathlib.Path(path).iterdir())),
    "glob": lambda path: sorted(map(str, pathlib.Path(path).glob("*"))),
    "rglob": lambda path: sorted(map(str, pathlib.Path(path).rglob("*.txt"))),
    "glob.glob": lambda path: sorted(glob.glob(os.path.join(glob.escape(path), "**"), recursive=True)),
    "walk": walked,
    "walk bottom up": lambda path: walked(path, topdown=False),
    "copy": lambda path: copied_file(shutil.copy, path),
    "copy2": lambda path: copied_file(shutil.copy2, path),
    "copyfile": lambda path: copied_file(shutil.copyfile, path),
    "tarfile": tarred,
    "zipfile": zipped,
    "linecache": lambda path: linecache.getlines(path),
    "tokenize": lambda path: tokenize.open(path).read(),
    "fileinput": lambda path: list(fileinput.input([path])),
    "mimetypes": mimetypes.guess_type,
    "times": same_times,
    "relative": relative,
    "listxattr": lambda path: os.listxattr(path),
    "getxattr": lambda path: os.getxattr(path, "user.none"),
    "statvfs": lambda path: os.statvfs(path).f_namemax > 0,
    "pathconf": lambda path: os.pathconf(path, "PC_NAME_MAX") > 0,
}

for label, path in PATHS.items():
    for name, operation in OPERATIONS.items():
        # The system reads of a file what is no text; and what is reached through a relative path is shown as that.
        run(f"{name} of {label}", lambda: operation(os.path.join(PKG, path)))

DATA = os.path.join(PKG, "data.txt")
for label, call in {
    "no arguments": lambda: os.stat(),
    "a wrong name": lambda: os.stat(DATA, none=1),
    "too many": lambda: os.stat(DATA, 1),
    "twice": lambda: os.stat(DATA, path=DATA),
    "by name": lambda: os.stat(path=DATA),
    "open by names": lambda: os.close(os.open(path=DATA, flags=os.O_RDONLY)),
    "flags of another type": lambda: os.open(DATA, "r"),
    "mode of another type": lambda: os.access(DATA, "r"),
    "dir_fd is not looked at": lambda: os.stat(DATA, dir_fd=os.open("/", os.O_RDONLY)),
    "a number": lambda: os.stat(10**6),
    "nothing": lambda: os.stat(None),
    "a list": lambda: os.stat([DATA]),
    "listdir by name": lambda: sorted(os.listdir(path=PKG)),
    "half a scan": lambda: half_scanned(PKG),
    "created exclusively": lambda: os.open(DATA, os.O_CREAT | os.O_EXCL | os.O_WRONLY),
    "open exclusively": lambda: open(DATA, "x"),
    "a file as a folder": lambda: os.open(DATA, os.O_DIRECTORY),
    "a bad mode": lambda: open(DATA, "q"),
    "closefd": lambda: open(DATA, closefd=False),
    "mkdir of one that is there": lambda: os.mkdir(os.path.join(PKG, "sub")),
    "makedirs of one that is there": lambda: os.makedirs(os.path.join(PKG, "sub"), exist_ok=True),
    "symlink over one that is there": lambda: os.symlink("x", DATA),
    "remove of a missing one": lambda: os.remove(os.path.join(PKG, "none")),
    "rename of a missing one": lambda: os.rename(os.path.join(PKG, "none"), os.path.join(SCRATCH, "x")),
    "chmod of a missing one": lambda: os.chmod(os.path.join(PKG, "none"), 0o600),
    "truncate of a missing one": lambda: os.truncate(os.path.join(PKG, "none"), 0),
    "making below a missing one": lambda: os.mkdir(os.path.join(PKG, "none", "x")),
    "writing below a missing one": lambda: open(os.path.join(PKG, "none", "x"), "w"),
    "writing below a file": lambda: open(os.path.join(DATA, "x"), "w"),
    "writing to a folder": lambda: open(os.path.join(PKG, "sub"), "w"),
    "mmap": lambda: mapped(DATA),
    "copytree": lambda: copied(PKG),
    "a link to it": lambda: through_link("a", "data.txt"),
    "a link into it": lambda: through_link("b", "", DATA),
    "a link of a missing one": lambda: through_link("c", "none"),
    "configparser": lambda: configured(os.path.join(PKG, "settings.ini")),
    "a zip in it": lambda: unzipped(os.path.join(PKG, "some.zip")),
    "gzip": lambda: gzip.open(os.path.join(PKG, "some.gz")).read(),
    "filecmp": lambda: filecmp.cmp(DATA, os.path.join(PKG, "sub", "more.txt"), shallow=False),
    "dircmp": lambda: sorted(filecmp.dircmp(PKG, os.path.join(PKG, "sub")).left_only),
    "fnmatch": lambda: fnmatch.filter(sorted(os.listdir(PKG)), "*.txt"),
    "Path.resolve": lambda: pathlib.Path(DATA).resolve(strict=True).read_text(),
    "Path.samefile": lambda: pathlib.Path(DATA).samefile(os.path.join(PKG, ".", "data.txt")),
    "Path.glob with folders": lambda: sorted(map(str, pathlib.Path(PKG).glob("**/deep/*"))),
    "Path.open": lambda: pathlib.Path(DATA).open().read(),
    "encoding": lambda: read(os.path.join(PKG, "latin.txt"), encoding="latin-1"),
    "newline": lambda: read(os.path.join(PKG, "lines.txt"), newline="")[2],
    "os.DirEntry is a path": lambda: [read(entry)[2] for entry in os.scandir(os.path.join(PKG, "sub", "deep"))],
    "which": lambda: shutil.which("data.txt", path=PKG),
    "disk_usage": lambda: shutil.disk_usage(PKG).total > 0,
}.items():
    run(label, call)

# The functions' own attributes and signatures.
import inspect
import pickle

for name in ("stat", "open", "listdir", "scandir", "access", "rename", "truncate", "execv", "chdir"):
    function = getattr(os, name)
    print(
        name, function.__name__, function.__qualname__, function.__module__, type(function).__name__, bool(function.__doc__),
        inspect.signature(function), pickle.loads(pickle.dumps(function)) is function,
        [kind for kind in ("dir_fd", "fd", "follow_symlinks", "effective_ids") if function in getattr(os, f"supports_{kind}")],
    )
print(inspect.signature(io.FileIO), open is io.open is builtins.open, repr(io.FileIO.__init__), pickle.loads(pickle.dumps(open)) is open)
shutil.rmtree(SCRATCH)
