"""The same answers write the same files, from any source and on any file system."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import copier
import pytest

from tests.support.cases import CASES
from tests.support.in_process import write
from tests.support.services import Service, read_files, run_copier, write_service

Entry = TypeVar("Entry", os.DirEntry[str], Path)

SOME_CASES = pytest.mark.parametrize("case", ["defaults", "async", "blank", "everything", "empty"])


@SOME_CASES
def test_recorded_answers_write_the_same(
    written: Callable[[str], Service], template: Path, tmp_path: Path, case: str
) -> None:
    again = write_service(template, tmp_path / case, written(case).answers)

    assert again.files == written(case).files


def test_the_command_line_writes_the_same(written: Callable[[str], Service], template: Path, tmp_path: Path) -> None:
    recorded = tmp_path / "answers.yml"
    recorded.write_bytes(written("everything").files[".copier-answers.yml"])

    run_copier("copy", "--data-file", recorded, template, tmp_path / "service")

    assert read_files(tmp_path / "service") == written("everything").files


@SOME_CASES
def test_recopying_changes_nothing(template: Path, tmp_path: Path, case: str) -> None:
    service = write_service(template, tmp_path / case, CASES[case])

    copier.run_recopy(service.folder, defaults=True, quiet=True, overwrite=True)

    assert read_files(service.folder) == service.files


@SOME_CASES
@pytest.mark.parametrize("order", ["alphabetical", "reverse", "mixed"])
def test_order_of_the_file_system_does_not_matter(
    written: Callable[[str], Service], template: Path, tmp_path: Path, case: str, order: str
) -> None:
    with folders_listed_in(order):
        copier.run_copy(str(template), tmp_path, data=CASES[case], defaults=True, quiet=True)

    assert read_files(tmp_path) == written(case).files


@contextmanager
def folders_listed_in(order: str) -> Iterator[None]:
    """Let every folder list its entries in this order within a `with` block."""
    scandir, glob = os.scandir, Path.glob
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", lambda path=".": Listing(in_order(scandir(path), order)))
        # From Python 3.13 on, glob keeps a reference to os.scandir.
        patch.setattr(Path, "glob", lambda *path, **options: in_order(glob(*path, **options), order))
        yield


def in_order(entries: Iterable[Entry], order: str) -> Iterator[Entry]:
    """Return entries in this order: forwards, backwards, or every second one first."""
    by_path = sorted(entries, key=os.fspath, reverse=order == "reverse")
    return iter(by_path[1::2] + by_path[::2] if order == "mixed" else by_path)


class Listing(Iterator[os.DirEntry[str]]):
    """An iterator that can be closed, like the result of `os.scandir`."""

    def __init__(self, entries: Iterator[os.DirEntry[str]]) -> None:
        self.entries = entries

    def __next__(self) -> os.DirEntry[str]:
        return next(self.entries)

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Do nothing, because the entries are already read."""


def test_partial_plan_leaves_other_modules_unchanged(template: Path, tmp_path: Path) -> None:
    answers = {"modules": ["patients", "tickets"], "plan": {"patients": {"phase": 5}, "tickets": {"coverage": 91}}}

    service = write_service(template, tmp_path / "service", answers)

    assert {"tests/unit/phase5/test_patients_service.py", "tests/unit/phase1/test_tickets_service.py"} <= set(
        service.files
    )
    assert "    patients: 85\n    tickets: 91\n" in service.files["pytest.ini"].decode()


@pytest.mark.parametrize(
    "text",
    [
        '["tickets", "patients"]',
        "['tickets', 'patients']",
        "[tickets, patients]",
        "[ tickets,patients, ]",
        "# both\n[\n  tickets, # first\n  'patients',\n]\n",
        "- tickets\n- patients",
        "- \"tickets\" # first\n- 'patients'\n",
        "---\n# both\n\n  - tickets\n\n  - patients\n",
    ],
)
def test_modules_can_be_any_list_of_yaml(template: Path, tmp_path: Path, text: str) -> None:
    # As with `--data` on the command line, the answer is a text: tests/command/test_updates.py.
    service = write_service(template, tmp_path / "service", {"modules": text})

    assert service.answers["modules"] == ["tickets", "patients"]
    assert service.modules == ["patients", "tickets"]


@pytest.mark.parametrize("name", ["", "colour", "own_module"])
def test_an_answer_without_a_question_is_refused(template: Path, tmp_path: Path, name: str) -> None:
    assert str(write(template, tmp_path / "service", {name: None})).startswith(
        f"{name}: there is no such question; use "
    )


def test_an_unknown_answer_of_an_update_is_dropped(
    written: Callable[[str], Service], template: Path, tmp_path: Path
) -> None:
    # Copier passes on all answers of the file when it has written the new version already.
    answers = {name: answer for name, answer in written("defaults").answers.items() if not name.startswith("_")}

    service = write_service(template, tmp_path / "service", answers | {"colour": None})

    assert service.files == written("defaults").files
