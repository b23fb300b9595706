"""The changes of versions and the edits of a team, which the tests of updates and `make bench` use, fit what the template writes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.edits import CHANGES, EDITS
from tests.support.services import Service, copy_template
from tests.support.updates import LivingService, replace


def test_each_change_of_a_version_fits_the_template(tmp_path: Path) -> None:
    template = copy_template(tmp_path / "template")
    changes = [(path, change) for files in CHANGES.values() for path, change in files.items()]

    for path, change in changes:
        if not isinstance(change, str):
            assert replace(template / path, *change) != (template / path).read_text(encoding="utf-8")


@pytest.mark.xdist_group("defaults")
def test_each_edit_of_a_team_fits_a_service(written: Callable[[str], Service], tmp_path: Path) -> None:
    service = LivingService(written("defaults").copy(tmp_path / "service").folder)

    for name, edit in EDITS.items():
        before = service.files()
        edit(service)
        assert service.files() != before, name
