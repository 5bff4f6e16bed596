import os

import multiprocess
from pathos.multiprocessing import ProcessingPool


def process(_):
    return os.getpid()


if __name__ == "__main__":
    # Functions without a name, which `multiprocessing` cannot send.
    print(ProcessingPool(2).map(lambda number: number * number, range(6)))
    for method in ("fork", "forkserver", "spawn"):
        with multiprocess.get_context(method).Pool(2) as pool:
            print(method, pool.map(lambda number: number + 1, range(3)), os.getpid() in pool.map(process, range(4)))
