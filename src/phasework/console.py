"""What the command prints: results to stdout, progress and notices to stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from rich.console import Console
from rich.table import Table
from rich.text import Text

INTERRUPTED = 130
"""The exit code after Ctrl-C, the same as that of a shell."""


def show(text: str, style: str = "") -> None:
    """Print a result."""
    # A file name that is not UTF-8 cannot be printed as it is.
    printable = text.encode(errors="backslashreplace").decode()
    Console().print(Text(printable, style=style), soft_wrap=True)


def show_table(table: Table) -> None:
    """Print a table."""
    Console().print(table)


def notice(text: str, style: str = "") -> None:
    """Print a message that is not a result."""
    Console(stderr=True).print(Text(text, style=style), soft_wrap=True)


@contextmanager
def progress(text: str) -> Iterator[None]:
    """Show a progress display during a `with` block, in a terminal."""
    with Console(stderr=True).status(text):
        yield


def interrupted(text: str) -> NoReturn:
    """Exit because the user pressed Ctrl-C or Ctrl-D."""
    notice(text)
    sys.exit(INTERRUPTED)
