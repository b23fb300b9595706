"""Run Copier in this process, where Jinja compiles each source only once, and Copier prepares its context only once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import copier
import pytest
import yaml
from copier._main import Worker
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
    """Cache compiled Jinja sources within a `with` block, and let Copier prepare once what it prepares for each file.

    tests/test_answers.py shows that the command line writes the same files.
    """
    compiled: dict[tuple[Any, ...], CodeType] = {}
    compile_source: Any = Environment.compile

    def compile_once(self: Environment, source: str, name: str | None = None, filename: str | None = None) -> CodeType:
        # Copier clones a template in git into a new folder for each service: `filename` is another one each time.
        # The code of a sandbox runs only there.
        key = (self.sandboxed, source, name)
        if key in compiled:
            self.preprocess(source, name, filename)  # Copier's `yield` forgets there what it looped over before
        else:
            compiled[key] = compile_source(self, source, name, filename)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compile_once)
        # It asks whether git keeps executable bits by itself, which it does on Unix.
        patch.setattr("copier._main.is_git_available", lambda: False)
        # It reads the catalog with the slow parser.
        patch.setattr("copier._template.yaml", SimpleNamespace(**vars(yaml) | {"SafeLoader": yaml.CSafeLoader}))
        prepare_once(patch)
        yield


def prepare_once(patch: pytest.MonkeyPatch) -> None:
    """Let Copier prepare the context of all files, and the path of the answers file, once per service."""
    render_template, render_context = Worker._render_template, Worker._render_context
    answers_path: Any = vars(Worker)["answers_relpath"]
    known: dict[int, tuple[dict[str, Any], Path]] = {}

    def render(self: Worker) -> None:
        # All questions are answered now.
        known[id(self)] = dict(render_context(self)), answers_path.fget(self)
        try:
            render_template(self)
        finally:
            del known[id(self)]

    def context(self: Worker) -> dict[str, Any]:
        return dict(known[id(self)][0] if id(self) in known else render_context(self))

    def path(self: Worker) -> Path:
        found: Path = known[id(self)][1] if id(self) in known else answers_path.fget(self)
        self.jinja_env.preprocess("")  # as above
        return found

    patch.setattr(Worker, "_render_template", render)
    patch.setattr(Worker, "_render_context", context)
    patch.setattr(Worker, "answers_relpath", property(path))
