"""A package that opens a file by its path. The file is made when the application is built."""

import os

FILE = os.path.join(os.path.dirname(__file__), "large.bin")


def length():
    """Reads all of it."""
    with open(FILE, "rb") as file:
        return len(file.read())
