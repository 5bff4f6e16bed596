"""Starts and ends many workers, and prints the descriptors, processes, threads and files before and after."""

import json
import multiprocessing
import os
import tempfile
import threading
import time

SPAWNED = 500
POOLS = 50


def square(number):
    return number * number


def threads():
    # A thread that was joined has released its lock, and may be at its end for a moment longer.
    end = time.monotonic() + 5
    while (found := len(os.listdir("/proc/self/task"))) > threading.active_count() and time.monotonic() < end:
        time.sleep(0.01)
    return found


def state():
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        children = len(file.read().split())
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "processes": children,
        "threads": threads(),
        "temporary files": len(os.listdir(tempfile.gettempdir())),
        "shared memory": len(os.listdir("/dev/shm")),
    }


def main():
    contexts = [multiprocessing.get_context(method) for method in ("spawn", "forkserver", "fork")]

    def pool(context):
        with context.Pool(2) as pool:
            assert pool.map(square, range(4)) == [0, 1, 4, 9]
        pool.join()

    # The first of each kind starts helpers, which stay to the end.
    for context in contexts:
        pool(context)
    before = state()
    for _ in range(SPAWNED):
        process = contexts[0].Process(target=square, args=(3,))
        process.start()
        process.join()
        assert process.exitcode == 0
        process.close()
    for context in contexts:
        for _ in range(POOLS):
            pool(context)
    print(json.dumps([before, state()]))


if __name__ == "__main__":
    main()
