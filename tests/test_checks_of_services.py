"""`phasework check` finds nothing in new services, nor in this repository."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hooks.cli import main
from tests.support.services import Service

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("defaults", marks=pytest.mark.xdist_group("defaults")),
        pytest.param("everything-async", marks=pytest.mark.xdist_group("everything-async")),
        pytest.param("blank", marks=pytest.mark.xdist_group("blank")),
    ],
)
def test_a_new_service_passes(written: Callable[[str], Service], case: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--root", str(written(case).folder), "--no-cache"])

    assert capsys.readouterr().out == ""
    assert code == 0


def test_this_repository_passes(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--root", str(REPOSITORY), "--no-cache"])

    assert capsys.readouterr().out == ""
    assert code == 0
