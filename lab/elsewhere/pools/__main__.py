"""Pools of workers under each start method. The last line says how many ways work."""

import multiprocessing


def square(number):
    return number * number


if __name__ == "__main__":
    multiprocessing.freeze_support()
    for method in ("fork", "forkserver", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert sum(pool.map(square, range(5))) == 30
        print(f"ok {method}", flush=True)
