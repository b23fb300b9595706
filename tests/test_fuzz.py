"""Answers that the documentation allows give a service that passes; all others are refused before anything is written.

`make fuzz` tries more cases, and new ones. A test that fails there is named with its seed: `make fuzz SEED=...` tries it again.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from tests.support.fuzzing import BASE, fuzz, tried
from tests.support.in_process import write, written_files
from tests.support.services import Service, read_files
from tests.support.strategies import damaged_answers, own_modules, valid_answers, wrong_answers
from tests.support.subsets import SEED

Answers = dict[str, Any]

QUESTIONS = r"(project_name|package_name|description|domain|modules|own_modules|plan|coverage_total|database_access|python_version)"
SAYS_WHAT_IS_ALLOWED = re.compile(rf"{QUESTIONS}\b.*(use |tick |leave out |add )")
# Control characters and line breaks.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture
def ruff(written: Callable[[str], Service]) -> Path:
    """A service whose ruff checks all others."""
    return written("blank").environment / "bin/ruff"


@fuzz(few=16, many=3000)
def test_valid_answers_give_clean_services(template: Path, tmp_path: Path, ruff: Path, seed: int, cases: int) -> None:
    @given(valid_answers())
    def property_(answers: Answers) -> None:
        files = written_files(template, emptied(tmp_path / "service"), answers)

        assert_holds_what_was_asked_for(answers, files)
        assert_clean(tmp_path / "service", ruff)
        assert_writes_the_same_again(template, tmp_path / "again", files)

    tried(property_, seed, cases)


@fuzz(few=120, many=4000)
def test_wrong_answers_are_refused(template: Path, tmp_path: Path, seed: int, cases: int) -> None:
    @given(wrong_answers())
    def property_(case: tuple[str, Answers]) -> None:
        key, answers = case

        sentence = write(template, emptied(tmp_path / "service"), answers)

        assert sentence is not None, f"{key} should have been refused"
        assert sentence.startswith(key)
        assert_refused(sentence, tmp_path / "service")

    tried(property_, seed, cases)


@fuzz(few=40, many=3000)
def test_damaged_answers_are_refused_or_give_clean_services(
    template: Path, tmp_path: Path, ruff: Path, seed: int, cases: int
) -> None:
    @given(damaged_answers())
    def property_(answers: Answers) -> None:
        sentence = write(template, emptied(tmp_path / "service"), answers)

        if sentence is None:
            files = read_files(tmp_path / "service")
            assert_clean(tmp_path / "service", ruff)
            assert_writes_the_same_again(template, tmp_path / "again", files)
        else:
            assert_refused(sentence, tmp_path / "service")

    tried(property_, seed, cases)


@fuzz(few=5, many=1000, parts=1)
def test_a_service_of_odd_modules_passes(template: Path, tmp_path: Path, seed: int, cases: int) -> None:
    drawn: list[dict[str, Any]] = []

    @given(own_modules(least=8, most=8))
    def draw(modules: dict[str, Any]) -> None:
        drawn.append(modules)

    tried(draw, seed, cases)
    # hypothesis draws the simplest examples first.
    access = "async" if (seed + SEED) % 2 else "sync"
    answers = {"domain": "blank", "own_modules": drawn[-1], "database_access": access}

    service = Service(tmp_path / "service", written_files(template, tmp_path / "service", answers))

    service.check_types()
    # Only the tests of these modules; `make fuzz` runs the whole suite, with its gates.
    service.run_suite(*([] if BASE else ["--no-cov", "-k", " or ".join(drawn[-1])]))


def emptied(folder: Path) -> Path:
    """Return an empty path for a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def assert_refused(sentence: str, folder: Path) -> None:
    """Assert that one line names the question and what is allowed, and that nothing is written."""
    assert SAYS_WHAT_IS_ALLOWED.match(sentence), sentence
    assert not CONTROL.search(sentence), ascii(sentence)
    assert len(sentence) < 1000
    assert not folder.exists()


def assert_holds_what_was_asked_for(answers: Answers, files: dict[str, bytes]) -> None:
    """Assert that the code contains each choice unchanged."""
    models = {
        path.split("/")[3]: text.decode()
        for path, text in files.items()
        if re.fullmatch(r"src/\w+/modules/\w+/models\.py", path)
    }
    for name, module in answers["own_modules"].items():
        for kind in module["fields"].values():
            if isinstance(kind, list):
                assert all(f'"{choice}"' in models[name] for choice in kind)


def assert_clean(folder: Path, ruff: Path) -> None:
    """Assert that every source compiles and that ruff finds nothing."""
    for command in (["check", "--output-format=concise"], ["format", "--diff"]):
        run = subprocess.run(
            [ruff, *command, "--no-cache", "."], cwd=folder, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout


def assert_writes_the_same_again(template: Path, folder: Path, files: dict[str, bytes]) -> None:
    """Assert that the recorded answers write the same bytes."""
    recorded = yaml.safe_load(files[".copier-answers.yml"])
    assert written_files(template, emptied(folder), recorded) == files
