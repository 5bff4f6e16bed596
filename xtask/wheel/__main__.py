"""`python -m coldframe`: the command, with the packages of this Python's environment."""

import os
import subprocess
import sys

from coldframe import find_command


def main():
    if sys.prefix != sys.base_prefix:
        os.environ.setdefault("VIRTUAL_ENV", sys.prefix)
    command = [find_command(), *sys.argv[1:]]
    if os.name == "nt":
        # There, a process that replaces itself looks to its parent as if it had ended.
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
