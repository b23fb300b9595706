"""`phasework test`: write the file for a new test."""

from pathlib import Path
from typing import Annotated

import typer

from ..console import show
from ..new_test import DEFAULT_NAME, new_test, open_service
from .options import Folder


def write_test(
    module: Annotated[str, typer.Argument(help="The module, named like its folder.")],
    name: Annotated[str, typer.Argument(help="What the test is about, in snake_case.")] = DEFAULT_NAME,
    phase: Annotated[int | None, typer.Option(min=1, max=9, help="The phase of a module without tests.")] = None,
    folder: Folder = Path(),
) -> None:
    """Write a file for new tests of a module.

    Its two tests pass; change them to what you expect.
    """
    path = new_test(open_service(folder.resolve()), module, name, phase)
    show(f"Written: {path}\nRun it:  uv run pytest {path}")
