"""A user who answers the questions of questionary, without a terminal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from questionary import Choice

YES, NO, ENTER, CTRL_C, CTRL_D = True, False, None, KeyboardInterrupt, EOFError
LEAVE = (CTRL_C, CTRL_D)
OWN_MODULE, TEXTS, REFERENCE = "a module of your own", "one of several texts", "a record of another module"


class Person:
    """Gives its answers in order; `ENTER` takes the default."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.asked: list[str] = []

    def will_say(self, *answers: Any) -> None:
        """Plan the next answers."""
        self.answers += answers

    def text(self, question: str, default: str = "") -> "Reply":
        return self._reply(question, default)

    def confirm(self, question: str, default: bool, auto_enter: bool) -> "Reply":
        assert not auto_enter, "the Enter after a y would answer the next question"
        return self._reply(question, default)

    def select(self, question: str, choices: Sequence[str | Choice], default: Any = None, **_: Any) -> "Reply":
        values = [choice.value if isinstance(choice, Choice) else choice for choice in choices]
        reply = self._reply(question, default or values[0])
        assert reply.output in {*values, ENTER, *LEAVE}, question
        return reply

    def checkbox(self, question: str, choices: Sequence[str | Choice], **_: Any) -> "Reply":
        listed = [choice if isinstance(choice, Choice) else Choice(choice, choice) for choice in choices]
        reply = self._reply(question, [choice.value for choice in listed if choice.checked])
        assert reply.output in LEAVE or set(reply.output or []) <= {choice.value for choice in listed}, question
        return reply

    def _reply(self, question: str, default: Any) -> "Reply":
        self.asked.append(question)
        assert self.answers, f"nobody has an answer to: {question}"
        return Reply(self.answers.pop(0), default)


class Reply:
    """What a question of questionary returns."""

    def __init__(self, output: Any, default: Any) -> None:
        self.output, self.default = output, default
        self.application = SimpleNamespace(key_bindings=None)

    def unsafe_ask(self) -> Any:
        """Return the answer, or cancel as questionary does."""
        if self.output in LEAVE:
            raise self.output
        return self.default if self.output is ENTER else self.output


@contextmanager
def answering() -> Iterator[Person]:
    """Let a user answer inside a `with` block; at its end, every planned answer must have been given."""
    person = Person()
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("text", "confirm", "select", "checkbox"):
            patch.setattr(f"questionary.{kind}", getattr(person, kind))
        yield person
    assert person.answers == []
