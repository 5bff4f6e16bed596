import os

import anyio
from anyio import to_process


def square(number):
    return number * number, os.getpid()


async def main():
    results = [None] * 4

    async def work(number):
        results[number] = await to_process.run_sync(square, number)

    async with anyio.create_task_group() as group:
        for number in range(4):
            group.start_soon(work, number)
    squares, processes = zip(*results)
    print(squares)
    print("here:", os.getpid() in processes)


if __name__ == "__main__":
    anyio.run(main)
