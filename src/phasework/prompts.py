"""Asks questions in the terminal until each answer is allowed.

Ctrl-C raises `KeyboardInterrupt`. Ctrl-D raises `EOFError`, in a text only if it is empty.
"""

import shutil
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import questionary
from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings

WIDTH = 80

Check = Callable[[Any], str]
"""Return one sentence about what is wrong with an answer, or an empty text."""


def ask_text(question: str, check: Check, default: str = "") -> str:
    """Return a text; a refused one is shown again for editing."""
    while True:
        answer = str(questionary.text(question, default=default).unsafe_ask()).strip()
        if not show_problem(check(answer)):
            return answer
        default = answer


def ask_number(question: str, check: Check, default: int) -> int:
    """Return a whole number."""
    answer = ask_text(question, lambda text: check(as_number(text)), str(default))
    return int(answer)


def ask_list(question: str, check: Check) -> list[str]:
    """Return a list of texts, typed with commas between them."""
    return as_list(ask_text(question, lambda text: check(as_list(text))))


def choose(question: str, choices: Sequence[str | questionary.Choice], default: str | None = None) -> str:
    """Return one of the choices."""
    return str(ask(questionary.select(question, choices, default, instruction="(arrow keys, Enter)")))


def tick(question: str, choices: Sequence[str | questionary.Choice]) -> list[str]:
    """Return any number of the choices."""
    if not choices:
        return []
    return list(ask(questionary.checkbox(question, choices, instruction="(Space selects, Enter continues)")))


def ask(question: questionary.Question) -> Any:
    """Return the answer to a question with choices, for which questionary ignores Ctrl-D."""
    keys = KeyBindings()
    keys.add("c-d", eager=True)(lambda event: event.app.exit(exception=EOFError, style="class:aborting"))
    application = question.application
    application.key_bindings = merge_key_bindings([application.key_bindings or KeyBindings(), keys])
    return question.unsafe_ask()


def confirm(question: str, default: bool = True) -> bool:
    """Return whether the answer is yes."""
    # With `auto_enter`, the Enter after a "y" would answer the next question.
    return bool(questionary.confirm(question, default=default, auto_enter=False).unsafe_ask())


def show_problem(problem: str) -> bool:
    """Print a problem, and return whether there is one."""
    if problem:
        print(textwrap.fill(problem, min(WIDTH, shutil.get_terminal_size().columns), break_on_hyphens=False))
    return bool(problem)


def as_number(text: str) -> int | str:
    """Return the number in a text, or the text itself, so that a refusal shows it as it was typed."""
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 10 else text


def as_list(text: str) -> list[str]:
    """Return the parts of a text between commas."""
    return [part.strip() for part in text.split(",")] if text else []
