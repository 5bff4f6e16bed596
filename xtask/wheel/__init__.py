"""Coldframe makes one executable of a Python application, with worker processes that start right.

This package brings the command `coldframe`. In an application that Coldframe runs, `import coldframe` gives the built-in
module of that name, whose types stand in `__init__.pyi`.
"""

import os
import sys
import sysconfig


def find_command():
    """The path of the command that was installed with this package."""
    name = "coldframe" + (sysconfig.get_config_var("EXE") or "")
    beside = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders = [
        sysconfig.get_path("scripts"),
        # `pip install --user`, and `pip install --target`.
        sysconfig.get_path("scripts", "nt_user" if os.name == "nt" else "posix_user"),
        os.path.join(beside, "bin"),
        # An environment that is laid over this one.
        os.path.join(sys.base_prefix, "Scripts" if os.name == "nt" else "bin"),
    ]
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    raise FileNotFoundError("the command `%s` is in none of %s; install coldframe again" % (name, ", ".join(folders)))
