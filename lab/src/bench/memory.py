"""Eight workers under `spawn` that have imported numpy, and the memory that they and their parent take up."""

import json
import multiprocessing
import os

import numpy

WORKERS = 8


def work(barrier, results):
    numpy.arange(6).sum()
    results.put(os.getpid())
    # Until the parent has looked at all of them.
    barrier.wait()


def rollup(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        fields = dict(line.split(":", 1) for line in file.read().splitlines()[1:])
    return {name: int(fields[name].split()[0]) for name in ("Rss", "Pss")}


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(WORKERS + 1), context.SimpleQueue()
    workers = [context.Process(target=work, args=(barrier, results)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    found = [rollup(pid) for pid in [os.getpid()] + [results.get() for _ in workers]]
    barrier.wait()
    for worker in workers:
        worker.join()
    print(json.dumps({name.lower(): sum(one[name] for one in found) for name in ("Rss", "Pss")}))
