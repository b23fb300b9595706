"""The catalogue of fixtures is written from their files."""

from pathlib import Path

import pytest

from scripts.fixture_files import Fixture, read_fixtures
from scripts.list_fixtures import BEGIN, END, main

FIXTURES = '''
"""Fixtures of parcels."""

import pytest
import pytest_asyncio


@pytest.fixture
def parcel() -> Parcel:
    """A parcel, or | a letter.

    More about it.
    """


@pytest.fixture(scope="session", autouse=True)
async def make_parcel(parcel: Parcel) -> Factory[Parcel]:
    """Make a parcel."""


@pytest_asyncio.fixture(name="post")
async def _post():
    pass


@other.decorator
def helper():
    """No fixture."""


def fixture():
    """No fixture either."""
'''
TABLES = """### `tests/fixtures/parcels.py`

| fixture | scope | what it gives |
|---|---|---|
| `parcel` | function | A parcel, or \\| a letter. |
| `make_parcel` | session | Make a parcel. |
| `post` | function |  |"""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service with fixtures of parcels, and a document without them."""
    for folder in ("docs", "tests/fixtures"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tests/conftest.py").write_text('pytest_plugins = ["tests.suite.gates", "tests.fixtures.parcels"]')
    (tmp_path / "tests/fixtures/parcels.py").write_text(FIXTURES)
    (tmp_path / "docs/testing.md").write_text(f"# Tests\n\n{BEGIN}\n{END}\n\nThe end is naïve.\n", encoding="utf-8")
    return tmp_path


def test_fixtures_are_read_from_their_source(service: Path) -> None:
    assert read_fixtures(service / "tests/fixtures/parcels.py") == [
        Fixture("parcel", "function", "A parcel, or | a letter.", "Parcel"),
        Fixture("make_parcel", "session", "Make a parcel.", "Factory[Parcel]"),
        Fixture("post", "function", "", ""),
    ]


def test_the_catalogue_is_written_between_its_marks(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(service)

    document = (service / "docs/testing.md").read_text(encoding="utf-8")
    assert document == f"# Tests\n\n{BEGIN}\n\n{TABLES}\n\n{END}\n\nThe end is naïve.\n"
    assert capsys.readouterr().out == "The catalogue of fixtures in docs/testing.md was written.\n"


def test_a_catalogue_that_is_current_stays_as_it_is(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(service)
    written = (service / "docs/testing.md").read_text(encoding="utf-8")
    capsys.readouterr()

    main(service)

    assert (service / "docs/testing.md").read_text(encoding="utf-8") == written
    assert capsys.readouterr().out == "The catalogue of fixtures in docs/testing.md is current.\n"


@pytest.mark.parametrize("document", ["", BEGIN, END, f"{END}\n{BEGIN}"])
def test_a_document_without_a_place_for_it_is_told(service: Path, document: str) -> None:
    (service / "docs/testing.md").write_text(document)

    with pytest.raises(SystemExit) as error:
        main(service)

    assert str(error.value.code).startswith("docs/testing.md has no place for fixtures: write a line <!--")
    assert (service / "docs/testing.md").read_text() == document
