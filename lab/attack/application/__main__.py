"""An application to attack: each word does one thing, and prints one line when it went well."""

import multiprocessing
import os
import subprocess
import sys
import time


def double(number):
    return 2 * number


def hello(*words):
    """Says with which rights it runs: the user's number, and the capabilities that are in force."""
    with open("/proc/self/status") as status:
        capabilities = next(line.split()[1] for line in status if line.startswith("CapEff"))
    print("application", os.geteuid(), capabilities, *words)


def work(*methods):
    """A pool under each start method."""
    for method in methods:
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(double, range(4)) == [0, 2, 4, 6]
    print("worked", *methods)


def imports():
    """Modules of many kinds, and their results."""
    import decimal
    import email.message
    import hashlib
    import json
    import sqlite3
    import xml.etree.ElementTree as tree

    facts = [str(decimal.Decimal(1) / 3), hashlib.sha256(b"x").hexdigest(), json.dumps({"a": [1, None]})]
    facts.append(sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0])
    facts.append(tree.fromstring("<a><b>c</b></a>").find("b").text)
    message = email.message.EmailMessage()
    message["Subject"] = "x"
    print("imported", *facts, len(message.as_string()))


def data():
    """A package with a large file beside it."""
    import carried

    print("read", carried.length())


def wait(method):
    """A pool, a manager and shared memory, and then nothing until somebody ends it."""
    from multiprocessing.shared_memory import SharedMemory

    context = multiprocessing.get_context(method)
    memory = SharedMemory(create=True, size=1 << 16)
    with context.Pool(3) as pool, context.Manager() as manager:
        assert list(manager.list(pool.map(double, range(3)))) == [0, 2, 4]
        print("ready", flush=True)
        time.sleep(300)
    memory.unlink()


def again():
    """The command that starts this program once more."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-E", "-s", sys.argv[0]]


def restart(times):
    """The program takes its own place, as a service that is updated does."""
    if int(times) == 0:
        print("restarted")
    else:
        sys.stdout.flush()
        command = again() + ["restart", str(int(times) - 1)]
        os.execv(command[0], command)


def environment():
    """The names of variables that another program finds in its environment, and that were not there before or were changed."""
    code = "tr '\\0' '\\n' < /proc/self/environ"
    lines = subprocess.run(["/bin/sh", "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    before = {"PATH=/usr/bin:/bin", "KEPT=1", "LC_CTYPE=C.UTF-8"}
    names = {line.partition("=")[0] for line in set(lines.splitlines()) - before} - {"HOME", "TMPDIR", "COLDFRAME_CACHE_DIR"}
    print("environment", *sorted(names - {"PWD", "OLDPWD", "SHLVL", "_"}))


if __name__ == "__main__":
    multiprocessing.freeze_support()
    words = {word.__name__: word for word in (work, imports, data, wait, restart, environment)}
    words.get((sys.argv + [""])[1], lambda *rest: hello(*sys.argv[1:]))(*sys.argv[2:])
