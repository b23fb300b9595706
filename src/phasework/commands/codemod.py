"""`phasework codemod`: change code, and show the change first."""

import sys

import typer

from .check import load


def codemod(context: typer.Context) -> None:
    """Change code of any project, and show the change first."""
    sys.exit(load("codemod").main(context.args))
