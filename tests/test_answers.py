"""The same answers write the same bytes: given again, read back from the service, and on any file system."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import copier
import pytest

from tests.support.cases import CASES
from tests.support.services import Service, read_files, run_copier, write_service

SOME_CASES = pytest.mark.parametrize("case", ["defaults", "async", "blank", "everything", "empty"])


@SOME_CASES
def test_writes_the_same_again(written: Callable[[str], Service], template: Path, tmp_path: Path, case: str) -> None:
    again = write_service(template, tmp_path / case, CASES[case])

    assert again.files == written(case).files


@SOME_CASES
def test_recorded_answers_write_the_same(
    written: Callable[[str], Service], template: Path, tmp_path: Path, case: str
) -> None:
    recorded = tmp_path / "answers.yml"
    recorded.write_bytes(written(case).files[".copier-answers.yml"])

    run_copier("copy", "--data-file", recorded, template, tmp_path / "service")

    assert read_files(tmp_path / "service") == written(case).files


@SOME_CASES
def test_recopying_changes_nothing(template: Path, tmp_path: Path, case: str) -> None:
    service = write_service(template, tmp_path / case, CASES[case])

    run_copier("recopy", "--overwrite", service.folder)

    assert read_files(service.folder) == service.files


@SOME_CASES
@pytest.mark.parametrize("order", [sorted, reversed, lambda names: names[1::2] + names[::2]], ids=["az", "za", "mixed"])
def test_order_of_the_file_system_does_not_matter(
    written: Callable[[str], Service],
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    order: Callable[[list[str]], Iterator[str]],
) -> None:
    read_folder = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path=".": Listing(read_folder(path), order))

    copier.run_copy(str(template), tmp_path, data=CASES[case], defaults=True, quiet=True)

    assert read_files(tmp_path) == written(case).files


class Listing:
    """What `os.scandir` returns, in another order."""

    def __init__(self, entries: Iterator[os.DirEntry[str]], order: Callable[[list[str]], Iterator[str]]) -> None:
        by_name = {entry.name: entry for entry in entries}
        self.entries = iter([by_name[name] for name in order(sorted(by_name))])

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        return self.entries

    def __next__(self) -> os.DirEntry[str]:
        return next(self.entries)

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass
