"""The prompts of Copier in a terminal."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.services import read_files, write_service
from tests.support.terminal import BACKSPACE, CTRL_C, ENTER, WIDTH, Terminal

QUESTIONS = [
    "What is the name of the service?",
    "What is the name of its Python package?",
    "What does it do, in one sentence?",
    "Which modules do you want to choose from?",
    "Which modules does it have?",
    "Do you want modules of your own?",
    "In which phase is each module delivered",
    "How much of the whole service must the tests cover, in percent?",
    "How does it access the database?",
    "What is the lowest Python version that it supports?",
]
# A terminal marks pasted text, so that its newlines do not count as Enter.
PASTE = "\x1b[200~{}\x1b[201~"


@pytest.fixture
def terminal(template: Path, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal with the questions of Copier, in the parent folder of the new service."""
    (tmp_path / "phasework").mkdir()
    command = [sys.executable, "-m", "copier", "copy", str(template), "../clinic-service"]
    terminal = Terminal(command, tmp_path / "phasework")
    yield terminal
    terminal.process.close(force=True)


def test_pressing_enter_everywhere_is_the_same_as_defaults(terminal: Terminal, template: Path, tmp_path: Path) -> None:
    for question in QUESTIONS:
        terminal.answer(question)

    assert terminal.finish() == 0
    assert read_files(tmp_path / "clinic-service") == write_service(template, tmp_path / "defaults", {}).files


def test_every_prompt_fits_into_80_columns(terminal: Terminal) -> None:
    for question in QUESTIONS:
        terminal.answer(question)
    terminal.finish()

    # The line of the plan is long by nature; the terminal wraps it.
    lines = [line for line in terminal.lines if not line.lstrip().startswith("{")]
    asked = lines[: next(n for n, line in enumerate(lines) if line.startswith("Copying"))]
    assert len(asked) >= 2 * len(QUESTIONS)
    assert [line for line in asked if len(line) > WIDTH] == []


def test_own_modules_can_be_pasted_and_corrected(terminal: Terminal, tmp_path: Path) -> None:
    for question in QUESTIONS[:5]:
        terminal.answer(question)
    wrong = "loans:\n  fields:\n    title: number"

    terminal.answer(QUESTIONS[5], PASTE.format(wrong))
    terminal.wait_for("loans.title: use str, text, int, decimal")
    terminal.process.send(BACKSPACE * len("number") + "str" + ENTER)
    for question in QUESTIONS[6:]:
        terminal.answer(question)

    assert terminal.finish() == 0
    assert (tmp_path / "clinic-service/src/clinic_service/modules/loans/service.py").is_file()


def test_nothing_is_written_if_the_user_cancels(terminal: Terminal, tmp_path: Path) -> None:
    terminal.answer(QUESTIONS[0])
    terminal.wait_for(QUESTIONS[1])
    terminal.type(CTRL_C)

    assert terminal.finish() == 1
    assert not (tmp_path / "clinic-service").exists()
