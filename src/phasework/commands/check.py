"""`phasework check`: find faults in a test suite."""

import sys
from importlib import import_module
from typing import Any

import typer

from ..rules import PACKAGED, REPOSITORY

PASS_ON = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}
"""The checks read their own options, because they run without this command, too."""


def check(context: typer.Context) -> None:
    """Find faults in a test suite of any project."""
    sys.exit(load("cli").main(context.args))


def load(name: str) -> Any:
    """Return a module of the checks."""
    package = "phasework_hooks"
    if not PACKAGED.is_dir():  # in a checkout, the checks are not installed
        package = "hooks"
        sys.path.insert(0, str(REPOSITORY))
    return import_module(f"{package}.{name}")
