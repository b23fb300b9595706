"""Each mistake that `make mutate` plants can be made in a service with own modules: a change of the code leaves none behind."""

import re
from collections.abc import Callable

import pytest

from benchmarks.fault_operators import OPERATORS, planted
from tests.support.services import Service


@pytest.mark.xdist_group("blank")
def test_every_operator_finds_a_place(written: Callable[[str], Service]) -> None:
    service = written("blank")
    source = service.folder / "src" / service.package

    def has_place(files: str, pattern: str) -> bool:
        return any(re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE) for file in source.glob(files))

    assert [operator.name for operator in OPERATORS if not has_place(operator.files, operator.pattern)] == []
    assert len({operator.name for operator in OPERATORS}) == len(OPERATORS) >= 60


@pytest.mark.xdist_group("blank")
def test_a_mutant_has_one_mistake_and_can_start(written: Callable[[str], Service]) -> None:
    service = written("blank")
    file = service.folder / "src" / service.package / "core/cursors.py"
    original = file.read_text(encoding="utf-8")

    found = {operator.name: mutant for operator, mutant in planted(service.folder, file.relative_to(service.folder))}

    assert "tuple_(*self.order) >= _row" in found["row of the cursor repeated"].text
    for mutant in found.values():
        compile(mutant.text, str(mutant.file), "exec")
        assert mutant.text != original
