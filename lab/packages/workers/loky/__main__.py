import os

from loky import get_reusable_executor


def square(number):
    return number * number, os.getpid()


if __name__ == "__main__":
    with get_reusable_executor(max_workers=2) as executor:
        squares, processes = zip(*executor.map(square, range(6)))
        print(squares)
        # A function that only the main process has.
        print(executor.submit(lambda: sum(range(4))).result())
    print("here:", os.getpid() in processes)
