import os

from tqdm.contrib.concurrent import process_map


def square(number):
    return number * number, os.getpid()


if __name__ == "__main__":
    squares, processes = zip(*process_map(square, range(6), max_workers=2, chunksize=1))
    print(squares)
    print("here:", os.getpid() in processes)
