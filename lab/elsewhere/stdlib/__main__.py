"""Imports every module of the standard library, and uses each extension module once.

Each module gives one line: `ok NAME`, or `FAILS NAME: why`. Modules that Python itself does not have on Linux are not asked for.
"""

import importlib
import sys

import every
import uses

OTHERS = {
    "_msi", "_overlapped", "_scproxy", "_winapi", "_wmi", "msilib", "msvcrt", "nt", "ntpath", "winreg", "winsound", "antigravity", "this",
    "idlelib", "lib2to3", "turtledemo", "_winreg", "ensurepip", "_tkinter", "test", "_testconsole", "_dbm", "_gdbm", "_android_support",
    "_ios_support", "_apple_support", "nturl2path", "_pyrepl", "turtle",
}

SINCE_3_10 = {"_pydatetime", "_pylong", "_sha2", "_tokenize", "_typing", "tomllib"}


def names():
    """All names that are modules here; `every` imports them, for packagers that follow import statements."""
    # Python 3.9 does not tell its own.
    known = getattr(sys, "stdlib_module_names", every.NAMES - SINCE_3_10)
    return sorted(name for name in known if name not in OTHERS and name in every.NAMES)


def attempt(label, function):
    try:
        function()
    except BaseException as error:  # The module's own error is the result.
        text = " ".join(str(error).split())
        print(f"FAILS {label}: {type(error).__name__}: {text}", flush=True)
        return 1
    print(f"ok {label}", flush=True)
    return 0


if __name__ == "__main__":
    failures = sum(attempt(name, lambda name=name: importlib.import_module(name)) for name in names())
    for name, function in uses.FUNCTIONS.items():
        failures += attempt(f"use of {name}", function)
    sys.exit(1 if failures else 0)
