"""Functions of Coldframe for the programs that it runs; `coldframe stubs` prints this file."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal, NewType, TypeVar

__version__: str

# An archive is damaged: the module or file is in it, and cannot be read.
class DamagedArchive(SystemError): ...

_Hook = TypeVar("_Hook", bound="Callable[[Any], object] | str")

# A number: register_post_import_hook() gives it and unregister() takes it. Only type checkers know this name.
HookToken = NewType("HookToken", int)

def when_imported(
    name: str, *, every_load: bool = False, on_failure: Literal["raise", "log"] = "raise"
) -> Callable[[_Hook], _Hook]: ...
def register_post_import_hook(
    hook: Callable[[ModuleType], object] | Callable[[Any], object] | str,
    name: str,
    *,
    every_load: bool = False,
    on_failure: Literal["raise", "log"] = "raise",
) -> HookToken: ...
def unregister(token: HookToken) -> bool: ...
