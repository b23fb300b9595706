"""`phasework diff`: show where a service differs from the template."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..console import interrupted, notice, show
from ..drift import find_drift, to_lines
from ..git import GitError
from .options import Folder

DRIFT = 1
CANNOT_COMPARE = 2
"""The exit code if there was no comparison, the same as for a wrong command line."""


def diff(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]...", help="Files and folders, from the folder of the service; default: all."),
    ] = None,
    output: Annotated[
        Literal["text", "patch", "json"],
        typer.Option("--format", help="A list, a patch for `git apply`, or JSON for other programs."),
    ] = "text",
    folder: Folder = Path(),
) -> None:
    """Show where a service differs from what its version of the template writes for its answers.

    Exits with 1 if it differs, and with 2 if the comparison is not possible. Changes nothing. Files that only you have,
    migrations and the answers are not compared.
    """
    with refusals_exit_with(CANNOT_COMPARE):
        drift = find_drift(folder.resolve(), paths or [])
    if output == "patch":
        sys.stdout.buffer.write(drift.patch)
    elif output == "json":
        found = [{"path": each.path, "kind": each.kind, "now": each.now} for each in drift.differences]
        show(json.dumps({"version": drift.version, "compared": drift.files, "differences": found}, indent=2))
    else:
        show("\n".join(to_lines(drift)))
    sys.exit(DRIFT if drift.differences else 0)


@contextmanager
def refusals_exit_with(code: int) -> Iterator[None]:
    """Print why a `with` block exits, and exit with this code; Python's code for a message is 1."""
    try:
        yield
    except GitError as error:
        notice(f"git: {error}.")
        sys.exit(code)
    except KeyboardInterrupt:
        interrupted("Interrupted.")
    except SystemExit as refusal:
        if not isinstance(refusal.code, str):
            raise
        notice(refusal.code)
        sys.exit(code)
