"""Asks a question in the terminal until its answer is allowed. Ctrl-C raises `KeyboardInterrupt`; Ctrl-D, where nothing is typed, `EOFError`."""

import shutil
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import questionary

WIDTH = 80

Check = Callable[[Any], str]
"""Returns what is wrong with an answer, in one sentence, or an empty text."""


def ask_text(question: str, check: Check, default: str = "") -> str:
    """Return a text; one that is refused is shown again, to be corrected."""
    while True:
        answer = str(questionary.text(question, default=default).unsafe_ask()).strip()
        if not refused(check(answer)):
            return answer
        default = answer


def ask_number(question: str, check: Check, default: int) -> int:
    """Return a whole number."""
    answer = ask_text(question, lambda text: check(as_number(text)), str(default))
    return int(answer)


def ask_list(question: str, check: Check) -> list[str]:
    """Return texts that were separated by commas."""
    return as_list(ask_text(question, lambda text: check(as_list(text))))


def choose(question: str, choices: Sequence[str | questionary.Choice], default: str | None = None) -> str:
    """Return one of some values."""
    return str(questionary.select(question, choices, default, instruction="(arrows, Enter)").unsafe_ask())


def tick(question: str, choices: Sequence[str]) -> list[str]:
    """Return any number of some values."""
    if not choices:
        return []
    return list(questionary.checkbox(question, choices, instruction="(space ticks, Enter goes on)").unsafe_ask())


def confirm(question: str, default: bool = True) -> bool:
    """Return whether the answer is yes."""
    return bool(questionary.confirm(question, default=default).unsafe_ask())


def refused(problem: str) -> bool:
    """Tell a problem, and return whether there is one."""
    if problem:
        print(textwrap.fill(problem, min(WIDTH, shutil.get_terminal_size().columns), break_on_hyphens=False))
    return bool(problem)


def as_number(text: str) -> int | str:
    """Return the number that a text tells, or else the text: it is refused as it was typed."""
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 10 else text


def as_list(text: str) -> list[str]:
    """Return the parts of a text between commas."""
    return [part.strip() for part in text.split(",")] if text else []
