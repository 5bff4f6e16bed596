"""Runs the command that its arguments are; the last line that it prints says in JSON how it went.

`time` and `cpu` are in seconds. `largest` is the peak of resident memory in that process of the command's which had most,
as the system has kept it; `all` is that of all its processes together, looked at a hundred times in a second. Both are in bytes.
"""

import json
import os
import subprocess
import sys
import threading
import time

PAGE = os.sysconf("SC_PAGE_SIZE")


def below(process):
    """The process and all that it has started and that live."""
    found = [process]
    for process in found:
        try:
            tasks = os.listdir(f"/proc/{process}/task")
            for task in tasks:
                with open(f"/proc/{process}/task/{task}/children") as file:
                    found += map(int, file.read().split())
        except OSError:
            # It has ended.
            continue
    return found


def resident(process):
    try:
        with open(f"/proc/{process}/statm") as file:
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def watch(process, ended, sums):
    while not ended.wait(0.01):
        sums.append(sum(map(resident, below(process))))


ended = threading.Event()
sums = [0]
started = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
watcher = threading.Thread(target=watch, args=(child.pid, ended, sums))
watcher.start()
# The usage has the children's that the process has waited for.
_, status, usage = os.wait4(child.pid, 0)
elapsed = time.perf_counter() - started
ended.set()
watcher.join()
child.returncode = os.waitstatus_to_exitcode(status)
largest = usage.ru_maxrss * 1024
cost = {
    "time": elapsed,
    "cpu": usage.ru_utime + usage.ru_stime,
    "largest": largest,
    "all": max(largest, *sums),
}
print(json.dumps(cost), flush=True)
sys.exit(0 if child.returncode == 0 else 1)
