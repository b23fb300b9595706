"""The `phasework` command line: each subcommand is one module."""

import signal
import sys
from typing import NoReturn

import typer

from .commands.add import add
from .commands.check import PASS_ON, check
from .commands.codemod import codemod
from .commands.diff import diff
from .commands.new import new
from .commands.schema import schema
from .commands.test import write_test
from .commands.update import update

app = typer.Typer(
    help="Write services with tested modules, and keep them current.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command("new")(new)
app.command("add")(add)
app.command("update")(update)
app.command("diff")(diff)
app.command("schema")(schema)
app.command("test")(write_test)
app.command("check", context_settings=PASS_ON, add_help_option=False)(check)
app.command("codemod", context_settings=PASS_ON, add_help_option=False)(codemod)


def main() -> None:
    """Run the command line."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if number := getattr(signal, name, None):
            signal.signal(number, stop)
    app()


def stop(number: int, _: object) -> NoReturn:
    """Exit as after a signal, so that temporary folders are removed."""
    sys.exit(128 + number)
