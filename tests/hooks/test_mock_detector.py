"""The check finds what tests replace, and refuses mocks in the folders that forbid them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Project, Result

Check = Callable[..., Result]

FILE = "tests/integration/test_it.py"
MOCKS = {
    "from unittest.mock import AsyncMock\nx = AsyncMock()": "unittest.mock.AsyncMock stands for x, without a spec,",
    "from unittest import mock\nmock.patch('a.b')": "unittest.mock.patch replaces a.b, without a spec,",
    "import unittest\n@unittest.mock.patch('a.b')\ndef test_it(b): ...": "unittest.mock.patch replaces a.b, without a spec,",
    "import unittest.mock\nunittest.mock.Mock()": "unittest.mock.Mock, without a spec,",
    "from mock.mock import Mock\nMock()": "unittest.mock.Mock, without a spec,",
    "from mock import patch\npatch('a.b', autospec=True)": "unittest.mock.patch replaces a.b",
    "from unittest.mock import create_autospec\nfrom a import B\ncreate_autospec(B)": "unittest.mock.create_autospec has the spec of a.B",
    "from unittest.mock import Mock\nclass Fake(Mock): ...\nFake()": "unittest.mock.Mock, without a spec,",
    "def test_it(mocker): mocker.patch('a.b')": "pytest-mock.patch replaces a.b, without a spec,",
    "def test_it(class_mocker): class_mocker.stub()": "pytest-mock.stub, without a spec,",
    "import pytest\n@pytest.mark.usefixtures('mocker')\ndef test_it(): ...": "pytest-mock.mocker",
    "from a import B\ndef test_it(monkeypatch): monkeypatch.setattr(B, 'c', d)": "monkeypatch.setattr replaces a.B.c",
    "def test_it(monkeypatch): monkeypatch.delattr('a.b.c')": "monkeypatch.delattr replaces a.b.c",
}
NO_MOCKS = [
    "from unittest.mock import ANY, call, sentinel\nassert x == ANY",
    "from unittest import mock\nassert x == mock.ANY",
    "from unittest.mock import Mock",
    "from unittest.mock import Mock\ndef f(x: Mock) -> Mock: return x",
    "from unittest.mock import Mock\nx: 'Mock' = make()",
    "from unittest.mock import Mock\nfrom typing import Callable\nMake = Callable[[], Mock]",
    "from unittest.mock import Mock\nassert not isinstance(x, Mock)",
    "from unittest.mock import Mock\nfrom typing import cast\nx = cast(Mock, y)",
    "from unittest.mock import patch\ndef test_it(patch): patch('a.b')",
    "def test_it(mocker): ...",
    "def mocker(): ...\ndef test_it(mocker): mocker.patch('a.b')",
    "def test_it(monkeypatch): monkeypatch.setenv('A', '1')",
    "def test_it(monkeypatch): monkeypatch.setattr('a.LIMIT', 3)",
    "import os\nfrom unittest.mock import patch\npatch.dict(os.environ, {'A': '1'})",
    "from unittest.mock import patch\npatch.dict('os.environ', {'A': '1'})",
    "import respx\n@respx.mock\ndef test_it(): ...",
    "from unittest.mock import Mock\nx = Mock()  # phasework: ignore[mock_detector]",
]
INVENTORY = {
    "import respx\n@respx.mock\ndef test_it(): respx.get('https://a/b')": [("respx", "mock", "", None), ("respx", "get", "https://a/b", None)],
    "def test_it(respx_mock): ...": [("respx", "respx_mock", "", None)],
    "import responses\n@responses.activate\ndef test_it(): responses.add(responses.GET, 'https://a/b')": [
        ("responses", "activate", "", None),
        ("responses", "add", "https://a/b", None),
    ],
    "from moto import mock_aws\n@mock_aws\ndef test_it(): ...": [("moto", "mock_aws", "aws", None)],
    "import fakeredis\nfakeredis.FakeRedis()": [("fakeredis", "FakeRedis", "redis", None)],
    "from freezegun import freeze_time\nwith freeze_time('2020-01-01'): ...": [("freezegun", "freeze_time", "time", None)],
    "import time_machine\n@time_machine.travel(0)\ndef test_it(): ...": [("time-machine", "travel", "time", None)],
    "def test_it(time_machine): time_machine.move_to(0)": [("time-machine", "move_to", "time", None)],
    "def test_it(monkeypatch): monkeypatch.setenv('A', 'b')": [("monkeypatch", "setenv", "os.environ[A]", None)],
    "import pytest\nwith pytest.MonkeyPatch.context() as m: m.setattr('a.b', 1)": [("monkeypatch", "setattr", "a.b", None)],
    "def test_it(mocker):\n    from a import B\n    mocker.spy(B, 'c')": [("pytest-mock", "spy", "a.B.c", True)],
    "from unittest.mock import patch\nfrom a import B\npatch.object(B, 'c', autospec=True)": [("unittest.mock", "patch.object", "a.B.c", True)],
    "from unittest.mock import patch\nfrom a import B\npatch.object(B, 'c', 1)": [("unittest.mock", "patch.object", "a.B.c", None)],
    "from unittest.mock import patch, DEFAULT\npatch.multiple('a.b', c=DEFAULT, d=DEFAULT)": [("unittest.mock", "patch.multiple", "a.b.{c, d}", False)],
    "from unittest.mock import patch, AsyncMock\npatch('a.b', new_callable=AsyncMock)": [("unittest.mock", "patch", "a.b", False)],
    "from unittest.mock import patch, Mock\npatch('a.b', Mock(spec=['c']))": [
        ("unittest.mock", "patch", "a.b", None),
        ("unittest.mock", "Mock", "", True),
    ],
    "from unittest.mock import patch\noptions = {}\npatch('a.b', **options)": [("unittest.mock", "patch", "a.b", None)],
    "from unittest.mock import patch\nWHERE = 'a.b'\npatch(f'{WHERE}.c')": [("unittest.mock", "patch", "a.b.c", False)],
    "from unittest.mock import patch\ndef test_it(service): patch.object(service, 'c')": [("unittest.mock", "patch.object", "service.c", False)],
}  # fmt: skip
WITH_TESTS = """\
from unittest.mock import Mock, patch

import pytest

shared = Mock()

@pytest.fixture
def session():
    return Mock()

@pytest.fixture
def service(session):
    return session

@pytest.fixture(name="clock")
def make_clock():
    return Mock()

def make():
    return Mock()

def test_fixture(session): ...
def test_fixture_of_fixture(service): ...
def test_name(clock): ...
def test_helper(): make()
def test_variable(): shared.a()
def test_own(): Mock()

class TestAll:
    def setup_method(self):
        self.a = Mock()

    def make(self):
        return Mock()

    def test_one(self): ...
    def test_two(self): self.make()

class TestMore(TestAll):
    def test_three(self): ...

@patch("a.b")
class TestPatched:
    def test_four(self, b): ...

class Fake:
    def __init__(self):
        self.a = Mock()

def test_class(): Fake()
"""
TESTS = {
    "shared": ["test_variable"],
    "session": ["test_fixture", "test_fixture_of_fixture"],
    "make_clock": ["test_name"],
    "make": ["test_helper"],
    "test_own": ["test_own"],
    "TestAll.setup_method": ["TestAll::test_one", "TestAll::test_two", "TestMore::test_three"],
    "TestAll.make": ["TestAll::test_two"],
    "TestPatched": ["TestPatched::test_four"],
    "Fake.__init__": ["test_class"],
}


@pytest.mark.parametrize("folder", ["tests/integration", "tests/e2e", "service/tests/integration/concurrency"])
@pytest.mark.parametrize(("source", "what"), MOCKS.items())
def test_a_mock_is_refused_where_a_path_forbids_it(
    project: Project, check: Check, folder: str, source: str, what: str
) -> None:
    project.write(f"{folder}/test_it.py", source)

    result = check("mock_detector")

    assert result.code == 1
    forbidden_in = "tests/e2e" if "e2e" in folder else "tests/integration"
    assert f": mock_detector: {what} in {forbidden_in}, where mocks are forbidden.\n" in result.out


@pytest.mark.parametrize("source", NO_MOCKS)
def test_nothing_else_is_refused(project: Project, check: Check, source: str) -> None:
    project.write(FILE, source)

    result = check()

    assert (result.code, result.out) == (0, "")


def test_unit_tests_may_mock_and_folders_may_be_chosen(project: Project, check: Check) -> None:
    project.write("tests/unit/test_it.py", "from unittest.mock import Mock\nMock()")
    project.write("tests/integration/test_it.py", "from unittest.mock import Mock\nMock()")
    project.write("pyproject.toml", "[tool.phasework.mock_detector]\nforbidden = ['tests/unit']\n")

    result = check("mock_detector")

    assert "tests/unit/test_it.py:2:1: mock_detector: " in result.out
    assert "tests/integration" not in result.out


def test_a_mock_that_a_helper_makes_is_refused(project: Project, check: Check) -> None:
    project.write(
        "tests/helpers.py", "from unittest.mock import Mock\ndef make():\n    return Mock()\ndef other(): ..."
    )
    project.write(
        "tests/conftest.py",
        "import pytest\nfrom .helpers import make\n@pytest.fixture\ndef mail():\n    return make()\n"
        "@pytest.fixture(autouse=True)\ndef quiet(monkeypatch):\n    monkeypatch.setattr('a.b', lambda: 1)\n",
    )
    project.write(
        FILE,
        "from ..helpers import make, other\n\n\ndef test_a(mail): ...\n\n\ndef test_b(): make()\n\n\ndef test_c(): other()\n",
    )

    result = check()

    assert result.out.splitlines()[::2] == [
        f"{FILE}:4:1: mock_detector: test_a gets a mock from make (tests/helpers.py:3) in tests/integration, "
        "where mocks are forbidden.",
        f"{FILE}:7:1: mock_detector: test_b gets a mock from make (tests/helpers.py:3) in tests/integration, "
        "where mocks are forbidden.",
        "Found 2 errors.",
    ]


@pytest.mark.parametrize(("source", "expected"), INVENTORY.items())
def test_all_libraries_are_reported(
    project: Project, check: Check, source: str, expected: list[tuple[str, str, str, bool | None]]
) -> None:
    project.write("tests/unit/test_it.py", source)

    found = inventory(check)

    assert [tuple(each[key] for key in ("library", "call", "target", "spec")) for each in found] == expected


def test_the_tests_with_a_mock_are_reported(project: Project, check: Check) -> None:
    project.write("tests/test_it.py", WITH_TESTS)

    found = {each["owner"]: [test.partition("::")[2] for test in each["tests"]] for each in inventory(check)}

    assert found == TESTS


def test_fixtures_come_from_the_nearest_place(project: Project, check: Check) -> None:
    fixture = "import pytest\nfrom unittest.mock import Mock\n@pytest.fixture{}\ndef {}():\n    return Mock()\n"
    project.write("tests/conftest.py", "pytest_plugins = ['tests.fixtures']\n" + fixture.format("", "session"))
    project.write("tests/fixtures.py", fixture.format("", "mail") + fixture.format("(autouse=True)", "quiet"))
    project.write("tests/unit/conftest.py", "from tests.more import *\n" + fixture.format("(autouse=True)", "all"))
    project.write("tests/more.py", fixture.format("", "session"))
    project.write("tests/unit/test_a.py", "def test_it(session): ...")
    project.write("tests/api/test_b.py", "def test_it(session, mail): ...")

    found = {f"{each['path']}:{each['owner']}": each["tests"] for each in inventory(check)}

    assert found == {
        "tests/conftest.py:session": ["tests/api/test_b.py::test_it"],
        "tests/fixtures.py:mail": ["tests/api/test_b.py::test_it"],
        "tests/fixtures.py:quiet": ["tests/api/test_b.py::test_it", "tests/unit/test_a.py::test_it"],
        "tests/more.py:session": ["tests/unit/test_a.py::test_it"],
        "tests/unit/conftest.py:all": ["tests/unit/test_a.py::test_it"],
    }


def test_the_summary_counts_and_leads_to_the_list(project: Project, check: Check) -> None:
    project.write(
        "tests/test_it.py",
        "from unittest.mock import Mock\nfrom a import B\ndef test_it(monkeypatch):\n"
        "    Mock(B)\n    Mock()\n    monkeypatch.setenv('A', 'b')\n",
    )

    assert check("mock_detector").out == (
        "3 replacements in 1 file; 1 test use them.\n"
        "Of 2 mocks that could have a spec, 1 have one.\n"
        "unittest.mock: 2\n"
        "monkeypatch: 1\n"
        "Add --all for all of them, or --format=html for a page with all of them.\n"
    )


def test_the_page_needs_no_other_file_and_escapes_names(project: Project, check: Check) -> None:
    project.write("tests/test_it.py", "from unittest.mock import patch\npatch('a.<b>')")

    page = check("mock_detector", "--format=html").out

    assert "<td>a.&lt;b&gt;</td>" in page
    assert "<td>tests/test_it.py:2</td>" in page
    assert "src=" not in page
    assert "href=" not in page


def inventory(check: Check) -> list[dict[str, Any]]:
    """Return the data of all findings, each with its path."""
    report = json.loads(check("mock_detector", "--all", "--format=json").out)
    return [finding["data"] | {"path": finding["path"]} for finding in report["findings"]]
