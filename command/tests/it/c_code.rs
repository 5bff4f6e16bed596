//! Packed files as C code sees them, which opens them by functions of the C library.

use crate::libraries::compile_with;
use crate::support::{App, Child};

/// Calls functions of the C library through a library of the application, and prints their results.
const CALLS: &str = r#"
import ctypes, os, stat, subprocess, sys
here = os.path.dirname(os.path.abspath(__file__))
c = ctypes.CDLL(here + "/libreader.so", use_errno=True)
c.text.restype = c.real.restype = ctypes.c_char_p

def call(name, path, *more):
    ctypes.set_errno(0)
    result = getattr(c, name)(os.fsencode(here + path), *more)
    if isinstance(result, bytes):
        result = os.fsdecode(result).replace(here, "HERE")
    print(name, path, *more, result, os.strerror(ctypes.get_errno()) if result in (None, -1) else "")

paths = ["/data.txt", "/sub/more.txt", "//sub/./../data.txt", "/sub", "/sub/", "/none", "/none/none", "/data.txt/x", "/data.txt/", "/large.txt", "/../beside.txt"]
for path in paths:
    for name in ("text", "kind", "link_kind", "old_kind", "kind_at", "statx_kind", "size", "listed", "real", "is_link"):
        call(name, path)
    for wanted in (os.F_OK, os.R_OK, os.X_OK if "sub" in path else os.R_OK):
        call("may", path, wanted)
    for flags in (os.O_RDONLY, os.O_RDONLY | os.O_DIRECTORY, os.O_RDONLY | os.O_CLOEXEC):
        for name in ("opened", "opened_at"):
            call(name, path, flags)
print(c.inherited(os.fsencode(here + "/data.txt"), 0), c.inherited(os.fsencode(here + "/data.txt"), os.O_CLOEXEC))
print(c.loaded(os.fsencode(here + "/plugins/plugin.so")), c.loaded(os.fsencode(here + "/plugins/none.so")), c.loaded(b"libc.so.6"))
print(c.text(os.fsencode(os.path.join(sys.argv[1], "beside.txt"))))
"#;

/// The library.
const READER: &str = r#"
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* Libraries that were linked with an older glibc call this one. */
#ifdef __x86_64__
__asm__(".symver __xstat,__xstat@GLIBC_2.2.5");
int __xstat(int, const char *, struct stat *);
#else
#define __xstat(version, path, into) stat(path, into)
#endif
#define FORMAT(s) ((s).st_mode & S_IFMT)
const char *text(const char *path) {
    static char line[100];
    FILE *file = fopen(path, "re");
    if (!file) return NULL;
    char *read = fgets(line, sizeof line, file);
    fclose(file);
    return read;
}
int kind(const char *path) { struct stat s; return stat(path, &s) ? -1 : (int)FORMAT(s); }
int link_kind(const char *path) { struct stat s; return lstat(path, &s) ? -1 : (int)FORMAT(s); }
int old_kind(const char *path) { struct stat s; return __xstat(1, path, &s) ? -1 : (int)FORMAT(s); }
int kind_at(const char *path) { struct stat s; return fstatat(AT_FDCWD, path, &s, 0) ? -1 : (int)FORMAT(s); }
int statx_kind(const char *path) { struct statx s; return statx(AT_FDCWD, path, 0, STATX_ALL, &s) ? -1 : s.stx_mode & S_IFMT; }
int size(const char *path) { struct stat s; return stat(path, &s) ? -1 : S_ISDIR(s.st_mode) ? 0 : (int)s.st_size; }
int listed(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) return -1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}
const char *real(const char *path) { static char into[PATH_MAX]; return realpath(path, into); }
int is_link(const char *path) { char into[100]; return (int)readlink(path, into, sizeof into); }
int may(const char *path, int wanted) { return access(path, wanted) || faccessat(AT_FDCWD, path, wanted, 0) ? -1 : 0; }
int opened(const char *path, int flags) { int got = open(path, flags); if (got >= 0) close(got); return got < 0 ? -1 : 0; }
int opened_at(const char *path, int flags) { int got = openat(AT_FDCWD, path, flags); if (got >= 0) close(got); return got < 0 ? -1 : 0; }
int inherited(const char *path, int flags) { int got = open(path, flags); int is = !(fcntl(got, F_GETFD) & FD_CLOEXEC); close(got); return is; }
int loaded(const char *path) { void *library = dlopen(path, RTLD_NOW); int (*answer)(void) = library ? (int (*)(void))dlsym(library, "answer") : NULL; return answer ? answer() : -1; }
int write_to(const char *path) { return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644); }
int edit(const char *path) { return open(path, O_RDWR); }
int append(const char *path) { return fopen(path, "a") ? 0 : -1; }
"#;

fn app(main: &str) -> App {
    let app = App::new(&[
        ("__main__.py", main),
        ("data.txt", "data\n"),
        ("sub/more.txt", "more\n"),
        ("large.txt", &"x".repeat(3 << 20)),
    ]);
    compile_with("cc", READER, &app.path(), "libreader.so", &[], &[]);
    let plugin = "int answer(void) { return 42; }";
    compile_with("cc", plugin, &app.file("plugins"), "plugin.so", &[], &[]);
    app
}

#[test]
fn c_code_finds_packed_files_where_the_disk_has_them() {
    let app = app(CALLS);
    let built = app.build("built", &[]);
    std::fs::write(app.beside("beside.txt"), "beside\n").unwrap();
    let folder = app.beside("");
    let expected = app.python([&folder]).ok();
    let printed = Child::new(&built).of(&app).arg(&folder).ok();
    for (ours, theirs) in printed.lines().zip(expected.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(printed.lines().count(), expected.lines().count());
}

#[test]
fn c_code_cannot_change_packed_files() {
    let app = app(r#"
import ctypes, os
here = os.path.dirname(__file__)
c = ctypes.CDLL(here + "/libreader.so", use_errno=True)
for name in ("write_to", "edit", "append"):
    for path in ("/data.txt", "/large.txt", "/new.txt", "/sub", "/none/new.txt"):
        print(name, path, getattr(c, name)(os.fsencode(here + path)), os.strerror(ctypes.get_errno()))
print(c.may(os.fsencode(here + "/data.txt"), os.W_OK), open(here + "/data.txt").read())
"#);
    let (refused, missing, folder) =
        ("Read-only file system", "No such file or directory", "Is a directory");
    let mut expected = String::new();
    for name in ["write_to", "edit", "append"] {
        let new = if name == "edit" { missing } else { refused };
        for (path, error) in [
            ("/data.txt", refused),
            ("/large.txt", refused),
            ("/new.txt", new),
            ("/sub", folder),
            ("/none/new.txt", missing),
        ] {
            expected.push_str(&format!("{name} {path} -1 {error}\n"));
        }
    }
    expected.push_str("-1 data\n\n");
    Child::new(app.build("built", &[])).of(&app).prints(&expected);
}
