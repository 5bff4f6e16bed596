"""wrapt's post-import hooks and ours on the same modules, and functions that wrapt decorates."""

import importlib
import inspect
import sys

import wrapt

try:
    from coldframe import register_post_import_hook, when_imported
except ImportError:  # under any other Python, wrapt's own have the same arguments
    from wrapt import register_post_import_hook, when_imported


@wrapt.decorator
def shouted(wrapped, instance, args, kwargs):
    return wrapped(*args, **kwargs).upper()


@shouted
def greet(name: str) -> str:
    return f"hello, {name}"


@when_imported("colorsys")
def ours(module):
    print("ours:", module.__name__)
    module.ONE_THIRD = 3


@wrapt.when_imported("colorsys")
def theirs(module):
    print("wrapt's:", module.__name__, module.ONE_THIRD)
    wrapt.wrap_function_wrapper(module, "rgb_to_hsv", lambda wrapped, instance, args, kwargs: "wrapped")


def main():
    print(greet("wrapt"), inspect.signature(greet))

    import colorsys

    print(colorsys.ONE_THIRD, colorsys.rgb_to_hsv(0, 0, 0), colorsys.rgb_to_hsv.__name__)
    print(type(colorsys.__loader__) is type(importlib.__loader__), inspect.getsource(colorsys.hsv_to_rgb).split("(")[0])

    # A hook by name, and one on a module that is loaded already.
    register_post_import_hook("later:patch", "graphlib")
    wrapt.register_post_import_hook("later:patch_too", "graphlib")
    print("later" in sys.modules)
    import graphlib

    print(graphlib.PATCHED)
    wrapt.register_post_import_hook(lambda module: print("wrapt's at once:", module.__name__), "graphlib")
    register_post_import_hook(lambda module: print("ours at once:", module.__name__), "graphlib")

    # A hook that fails, fails the import.
    @wrapt.when_imported("plistlib")
    def failing(module):
        raise RuntimeError("wrapt's hook failed")

    try:
        import plistlib
    except RuntimeError as error:
        print(error, "plistlib" in sys.modules)


if __name__ == "__main__":
    main()
