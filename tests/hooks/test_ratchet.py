"""The check counts what may only become less."""

import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Project, Result

Check = Callable[..., Result]

FILE = "phasework-ratchet.toml"
MOCK = "from unittest.mock import Mock\nMock()\n"
COUNTED = {
    "mocks_without_spec": [
        "from unittest.mock import Mock\nMock()",
        "from unittest.mock import AsyncMock\nx = AsyncMock(return_value=1)",
        "from unittest.mock import patch\npatch('a.b')",
        "def test_it(mocker):\n    assert mocker.stub()",
    ],
    "tests_without_assertion": [
        "def test_it(): run()",
        "from a import run\nclass TestIt:\n    def test_it(self): run(self)",
        "def test_it(thing): ...",
    ],
    "broad_raises": [
        "import pytest\nwith pytest.raises(Exception): run()",
        "import pytest\nwith pytest.raises(ValueError): run()",
        "class A:\n    def test_it(self):\n        with self.assertRaises(Exception): run()",
    ],
    "skipped_tests": [
        "import pytest\n@pytest.mark.skip\ndef test_it(): assert 1",
        "import pytest\n@pytest.mark.skip(reason='later')\nclass TestIt: ...",
        "import pytest\npytestmark = [pytest.mark.skip('later')]",
        "import unittest\n@unittest.skip('later')\nclass TestIt: ...",
        "import pytest\ndef test_it():\n    pytest.skip('later')\n    assert 1",
        "class TestIt:\n    def test_it(self):\n        self.skipTest('later')\n        assert 1",
        "from unittest import SkipTest\ndef test_it():\n    raise SkipTest('later')",
    ],
}
NOT_COUNTED = [
    "from unittest.mock import Mock\nfrom a import B\nMock(B)\nMock(spec=B)\nMock(wraps=B())",
    "from unittest.mock import patch, Mock\nfrom a import B\npatch('a.b', autospec=True)\npatch('a.b', 1)\npatch('a.b', new=f)",
    "from unittest.mock import create_autospec, mock_open, PropertyMock\ncreate_autospec(a)\nmock_open()\nPropertyMock()",
    "def test_it(): assert run()",
    "def test_it():\n    check_it()",
    "def look(): assert 1\ndef test_it(): look()",
    "import pytest\n@pytest.fixture\ndef thing():\n    yield 1\n    assert 1\ndef test_it(thing): ...",
    "class TestIt:\n    def look(self): self.assertEqual(1, 1)\n    def test_it(self): self.look()",
    "import pytest\nwith pytest.raises(ValueError, match='a'): run()",
    "import pytest\n@pytest.mark.skipif(a, reason='b')\ndef test_it(): assert 1",
    "import pytest\ndef test_it():\n    if a:\n        pytest.skip('b')\n    assert 1",
    "this is no Python",
]


@pytest.fixture(autouse=True)
def ruff(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ruff of our environment is on the PATH."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))


@pytest.mark.parametrize("name", COUNTED)
def test_each_number_may_only_fall(project: Project, check: Check, name: str) -> None:
    sources = COUNTED[name]
    project.write("pyproject.toml", "")
    project.write("tests/test_none.py", "")
    check("ratchet", "--update")
    for number, source in enumerate(sources):
        project.write(f"tests/test_{number}.py", source)

    result = check("ratchet")

    risen = [line for line in result.out.splitlines() if f"rose from 0 to {len(sources)}: this file has 1" in line]
    assert (result.code, len(risen)) == (1, len(sources))


def test_nothing_else_is_counted(project: Project, check: Check) -> None:
    for number, source in enumerate(NOT_COUNTED):
        project.write(f"tests/test_{number}.py", source)

    check("ratchet", "--update")

    names = [
        "mocks_without_spec",
        "tests_without_assertion",
        "broad_raises",
        "skipped_tests",
        "commits_in_services",
        "cycles",
    ]
    text = (project.folder / FILE).read_text()
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        *(part for name in names for part in ("", f"[{name}]")),
        "edges = [",
        "]",
    ]


def test_update_writes_lowers_and_never_raises(project: Project, check: Check) -> None:
    assert check("ratchet").out == f"There is no {FILE}: write it with --update.\n"
    assert check().out == ""
    project.write("tests/test_a.py", MOCK * 3)
    project.write("tests/test_b.py", MOCK)

    first = check("ratchet", "--update")
    assert '+"tests/test_a.py" = 3\n+"tests/test_b.py" = 1\n' in first.out
    assert check("ratchet", "--update").out == f"{FILE} is up to date.\n"

    project.write("tests/test_a.py", MOCK * 2)
    assert check("ratchet").out == "mocks without a spec fell from 4 to 3: keep that with --update.\n"
    lowered = check("ratchet", "--update", "--format=json")
    assert '"tests/test_a.py" = 2\n' in (project.folder / FILE).read_text()

    project.write("tests/test_b.py", MOCK * 3)
    risen = check("ratchet", "--update")
    assert (first.code, lowered.code, risen.code) == (0, 0, 1)
    assert risen.out == (
        "tests/test_b.py:2:1: ratchet: mocks without a spec rose from 3 to 5: this file has 3, before 1.\n"
        "    In line 2, 4, 6.\n"
        f"{FILE} is up to date.\n"
        "Found 1 error.\n"
    )


def test_the_diff_shows_what_fell(project: Project, check: Check) -> None:
    project.write("tests/test_a.py", MOCK * 3)
    check("ratchet", "--update")
    project.write("tests/test_a.py", MOCK)

    out = check("ratchet", "--update").out

    assert '-"tests/test_a.py" = 3\n+"tests/test_a.py" = 1\n' in out


def test_a_file_may_be_renamed(project: Project, check: Check) -> None:
    project.write("tests/test_a.py", MOCK)
    check("ratchet", "--update")
    (project.folder / "tests/test_a.py").rename(project.folder / "tests/test_b.py")

    assert check("ratchet").code == 0


def test_all_files_count_even_if_only_some_are_checked(project: Project, check: Check) -> None:
    project.write("tests/test_a.py", MOCK)
    project.write("tests/test_b.py", "")
    check("ratchet", "--update")
    project.write("tests/test_a.py", MOCK * 2)

    assert check("ratchet", "tests/test_b.py").code == 1


def test_the_ruff_of_the_project_counts(project: Project, check: Check) -> None:
    ruff = project.folder / ".venv/bin/ruff"
    packages = project.folder / ".venv/lib/python3.12/site-packages"
    packages.mkdir(parents=True)
    ruff.parent.mkdir()
    places = ", ".join(
        f'{{"code": "PT011", "filename": "{project.folder}/tests/{name}", "location": {{"row": 1}}}}'
        for name in ("test_a.py", "test_a.py", "elsewhere.txt")
    )
    ruff.write_text(f"#!/bin/sh\necho '[{places}]'\n")
    ruff.chmod(0o755)
    project.write("tests/test_a.py", "")

    check("ratchet", "--update")

    assert '[broad_raises]\n"tests/test_a.py" = 1\n' in (project.folder / FILE).read_text()


def test_a_number_that_nobody_can_count_stays(project: Project, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(FILE, '[broad_raises]\n"tests/test_a.py" = 2\n')
    monkeypatch.setenv("PATH", "")

    result = check("ratchet", "--update")

    assert result.code == 0
    assert result.err == (
        "broad_raises was not counted: ruff is neither in the environment of the project nor on the PATH.\n"
    )
    assert '[broad_raises]\n"tests/test_a.py" = 2\n' in (project.folder / FILE).read_text()


@pytest.mark.parametrize(
    ("text", "sentence"),
    {
        "[": "phasework-ratchet.toml is not valid TOML: ",
        "skipped_tests = 1": "phasework-ratchet.toml: [skipped_tests] must have one number for each file.",
        "[skipped_tests]\na = true": "phasework-ratchet.toml: [skipped_tests] must have one number for each file.",
        "[skipped_tests]\na = -1": "phasework-ratchet.toml: [skipped_tests] must have one number for each file.",
    }.items(),
)
def test_a_file_with_faults_is_refused(project: Project, check: Check, text: str, sentence: str) -> None:
    project.write(FILE, text)

    result = check("ratchet")

    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(sentence)
    assert result.err.count("\n") == 1


def test_cycles_are_stored_and_only_become_fewer(project: Project, check: Check) -> None:
    for name, other in ("ab", "bc", "ca"):
        project.write(f"shop/{name}.py", f"from . import {other}\n")
    project.write("shop/__init__.py", "")
    assert check("import_validator").code == 1

    check("ratchet", "--update")

    edges = ["shop/a.py -> shop/b.py", "shop/b.py -> shop/c.py", "shop/c.py -> shop/a.py"]
    assert tomllib.loads((project.folder / FILE).read_text())["cycles"]["edges"] == edges
    assert check("import_validator").code == 0

    project.write("shop/c.py", "from . import b\n")
    assert check("import_validator").code == 1
    check("ratchet", "--update")

    assert tomllib.loads((project.folder / FILE).read_text())["cycles"]["edges"] == ["shop/b.py -> shop/c.py"]


def test_commits_in_services_are_counted(project: Project, check: Check) -> None:
    project.write("pyproject.toml", '[tool.phasework.import_validator]\nservices = ["*/service.py"]\n')
    project.write("shop/service.py", "def pay(session):\n    session.commit()\n")
    project.write("shop/router.py", "def pay(session):\n    session.commit()\n")

    check("ratchet", "--update")

    assert '[commits_in_services]\n"shop/service.py" = 1\n' in (project.folder / FILE).read_text()
