import os

import billiard


def square(number):
    return number * number


def process(_):
    return os.getpid()


if __name__ == "__main__":
    for method in ("fork", "forkserver", "spawn"):
        with billiard.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(4)), os.getpid() in pool.map(process, range(4)))
