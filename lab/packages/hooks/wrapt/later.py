"""Hooks that are found by their names."""


def patch(module):
    module.PATCHED = ["ours"]


def patch_too(module):
    module.PATCHED.append("wrapt's")
