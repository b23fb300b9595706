"""Run Copier in this process, where Jinja compiles each source only once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import copier
import pytest
from copier.errors import UserMessageError
from jinja2 import Environment

from .services import Answers, read_files

# Copier's text before the sentence, see docs/decisions/0003-refuse-before-writing.md.
PREFIX = "Error rendering template path {% include 'template%crefusal.jinja' % 47 %}: "


def write(template: Path, folder: Path, answers: Answers) -> str | None:
    """Write a service from `answers`; return the sentence that refuses them, or None.

    Other errors are raised: on the command line they would be a traceback.
    """
    try:
        copier.run_copy(str(template), folder, data=dict(answers), defaults=True, quiet=True, overwrite=True)
    except UserMessageError as error:
        return sentence_of(error.message)
    return None


def sentence_of(message: str) -> str:
    """Return a refusal without Copier's text before it."""
    assert message.startswith(PREFIX), f"Copier, not the template, refused: {message}"
    return message.removeprefix(PREFIX)


def written_files(template: Path, folder: Path, answers: Answers) -> dict[str, bytes]:
    """Write a service from valid `answers` and return its files."""
    sentence = write(template, folder, answers)
    assert sentence is None, sentence
    return read_files(folder)


@contextmanager
def compiled_once() -> Iterator[None]:
    """Cache compiled Jinja sources within a `with` block, and skip Copier's git call for each file."""
    compiled: dict[tuple[Any, ...], CodeType] = {}
    compile_source: Any = Environment.compile

    def compile_once(self: Environment, source: str, name: str | None = None, filename: str | None = None) -> CodeType:
        key = (source, name, filename)
        if key in compiled:
            self.preprocess(source, name, filename)  # Copier's `yield` forgets there what it looped over before
        else:
            compiled[key] = compile_source(self, source, name, filename)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compile_once)
        # It asks whether git keeps executable bits by itself, which it does on Unix.
        patch.setattr("copier._main.is_git_available", lambda: False)
        yield
