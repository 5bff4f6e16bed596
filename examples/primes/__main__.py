"""Counts primes in worker processes: no `set_start_method`, no `freeze_support`."""

import multiprocessing
import sys


def is_prime(number):
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def main():
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with multiprocessing.Pool(4) as pool:
        count = sum(pool.map(is_prime, range(limit), chunksize=500))
    print(f"{count} primes below {limit}, counted by {multiprocessing.get_start_method()}ed workers")


if __name__ == "__main__":
    main()
