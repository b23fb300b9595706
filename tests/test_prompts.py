"""The prompts of Copier in a terminal."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from phasework.rules import load_rules
from tests.support.services import read_files, write_service
from tests.support.terminal import BACKSPACE, CTRL_C, ENTER, WIDTH, Terminal

from .test_bad_answers import BAD_ANSWERS, NAME_RULE, own
from .test_mistakes import MISTAKES

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
    wrong = "loans:\n  fields:\n    title: colour"

    terminal.answer(QUESTIONS[5], PASTE.format(wrong))
    terminal.wait_for("use str, text, int, decimal")
    terminal.process.send(BACKSPACE * len("colour") + "str" + ENTER)
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


# Copier prints `Validation error for question 'own_modules': ` before a refusal.
VISIBLE = 35
AT_PROMPTS = {
    name: sentence
    for name, (_, sentence) in [*BAD_ANSWERS.items(), *MISTAKES.items()]
    if re.match(r"(project_name|package_name|description|modules|own_modules|plan|coverage_total)\b", sentence)
} | {
    "plan without a module": "plan: add loans, as in loans: {phase: 1, coverage: 80}.",
    "plan with a module that is gone": 'plan: leave out "loans", which is not a module of the service.',
    "names of the maximum length": f'own_modules.{"m" * 30}.fields.{"f" * 25}: use {NAME_RULE}, not "".',
}


@pytest.mark.parametrize("sentence", AT_PROMPTS.values(), ids=AT_PROMPTS.keys())
def test_a_refusal_begins_with_what_is_allowed(sentence: str) -> None:
    question = re.split(r"[.:]", sentence)[0]

    shown = load_rules().render_macro("prompts", "below_prompt", question, sentence)

    assert re.match("(use|write|tick|add|leave out) ", shown)
    _, _, allowed = sentence.partition(": ")
    assert shown.startswith(allowed)
    # A name that would be accepted is visible as a whole.
    assert " or another name" not in shown[VISIBLE:]


def test_what_is_allowed_is_visible_in_80_columns(template: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "copier", "copy", str(template), str(tmp_path / "service")]
    terminal = Terminal(command, tmp_path, width=WIDTH)
    for question in QUESTIONS[:5]:
        terminal.answer(question)
    fields = own("b" * 30, fields={"c" * 25: "colour"})["own_modules"]

    terminal.answer("Or paste YAML:", str(fields).replace("'", ""))
    terminal.wait_for("use str, text, int, decimal")
    terminal.type(CTRL_C)

    assert terminal.finish() == 1
