"""`phasework new` in a terminal."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.services import ROOT
from tests.support.terminal import CTRL_C, CTRL_D, WIDTH, Terminal
from tests.support.updates import COMMAND, WORKING_TREE, Versions, make_versions

pytestmark = pytest.mark.xdist_group("new")

QUESTIONS = [
    "What is the name of the service?",
    "What is the name of its Python package?",
    "What does it do, in one sentence?",
    "do you want to choose from?",
    "Which modules does it have?",
    "Describe a module of your own?",
    "Keep this plan?",
    "in percent?",
    "How does it",
    "lowest",
]


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    """The template as a repository with a version."""
    return make_versions(tmp_path_factory.mktemp("versions"))


@pytest.fixture
def open_terminal(versions: Versions, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start the command in a terminal, in the parent folder of the service; uv has nothing to lock."""
    terminals: list[Terminal] = []
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\n", encoding="utf-8")
    uv.chmod(0o755)
    (tmp_path / "phasework").mkdir()
    identity = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    variables = WORKING_TREE | identity | {"UV": str(uv), "GIT_CONFIG_GLOBAL": os.devnull}

    def start(*arguments: str) -> Terminal:
        command = [*COMMAND, "new", "--template", str(versions.folder), *arguments]
        terminals.append(Terminal(command, tmp_path / "phasework", variables))
        return terminals[-1]

    yield start
    for terminal in terminals:
        terminal.process.close(force=True)


def test_the_tutorial_shows_this_conversation(open_terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = open_terminal("../clinic-service")
    for question in QUESTIONS:
        terminal.answer(question)

    assert terminal.finish() == 0, "\n".join(terminal.lines)
    _, transcript, *_ = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8").split("```\n")
    shown = [line for line in terminal.lines if "..." not in line]
    # The terminal of the tutorial has 80 columns, and breaks longer lines.
    assert "".join(transcript.split()) == "".join("".join(shown).split())
    assert [line for line in transcript.splitlines() if len(line) > WIDTH] == []
    assert (tmp_path / "clinic-service/.git").is_dir()


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
@pytest.mark.parametrize("number", [0, 3, 4, 5], ids=["a text", "one of several", "several", "yes or no"])
def test_nothing_is_written_if_the_user_cancels(
    open_terminal: Callable[..., Terminal], tmp_path: Path, number: int, key: str
) -> None:
    terminal = open_terminal("../clinic-service")
    for question in QUESTIONS[:number]:
        terminal.answer(question)
    terminal.wait_for(QUESTIONS[number])
    terminal.type({CTRL_D: "\x15" + CTRL_D}.get(key, key))

    assert terminal.finish() == 130
    assert terminal.lines[-1] == "Nothing was written."
    assert not (tmp_path / "clinic-service").exists()
