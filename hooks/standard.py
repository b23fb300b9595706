"""The standard library of the Python that runs the checks. The code that is checked is never imported."""

import sysconfig
import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from itertools import takewhile
from types import FunctionType, ModuleType

from .modules import is_standard

FOLDER = sysconfig.get_path("stdlib").replace("\\", "/")
WITH_EFFECTS = {"antigravity", "idlelib", "lib2to3", "test", "this", "tkinter", "turtle", "turtledemo", "__main__"}
"""Modules that do something when they are imported."""
REMOVED = {
    "aifc", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "crypt", "distutils", "imghdr", "imp", "mailcap",
    "msilib", "nis", "nntplib", "ossaudiodev", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib",
}  # fmt: skip
"""Modules that Python 3.12 or 3.13 removed. Other packages provide some of them under the same name."""


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """A module of the standard library, or something in it."""

    name: str
    value: object
    sure: bool = True

    @property
    def file(self) -> str:
        """A path outside of every project."""
        return f"{FOLDER}/{self.name}"

    @property
    def names(self) -> list[str]:
        """The names that it has."""
        return [*dir(self.value), *(dir(type) if isinstance(self.value, type) else ())]


@cache
def find_standard(name: str) -> Standard | None:
    """Return a module of the standard library."""
    if not is_standard(name) or name.partition(".")[0] in WITH_EFFECTS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Standard(name, import_module(name), name not in REMOVED) if find_spec(name) else None
    except ImportError:
        return None


def member_of(standard: Standard, name: str) -> Standard | None:
    """Return an attribute, or a module of a package."""
    full = f"{standard.name}.{name}"
    if name in standard.names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Standard(full, getattr(standard.value, name, None))
    is_package = isinstance(standard.value, ModuleType) and hasattr(standard.value, "__path__")
    return find_standard(full) if is_package else None


def is_used_in(kind: type, name: str) -> bool:
    """Return whether the methods of a class, or of its bases, use an attribute: they may give it to its objects."""
    functions = (value for each in kind.__mro__ for value in vars(each).values() if isinstance(value, FunctionType))
    return any(name in function.__code__.co_names for function in functions)


def is_misspelt(standard: Standard, name: str) -> bool:
    """Return whether a name looks like a misspelt one. Constants differ by one letter on purpose."""
    return not name.isupper() and any(is_one_edit(name, known) for known in standard.names)


def is_one_edit(one: str, other: str) -> bool:
    """Return whether one letter is changed, added or left out, or two neighbours are swapped."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    rest, others = one[start:], other[start:]
    swapped = rest[:2] == others[:2][::-1] and rest[2:] == others[2:]
    return swapped or rest[1:] == others[1:] or rest[1:] == others or rest == others[1:]
