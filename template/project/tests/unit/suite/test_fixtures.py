"""Every fixture is documented."""

from scripts.fixture_files import find_conftest_files, find_fixture_files, read_fixtures
from scripts.list_fixtures import DOCUMENT, ROOT, list_fixtures, read_documented

TESTS = ROOT / "tests"
COMMAND = "uv run python -m scripts.list_fixtures"


def test_the_documentation_lists_every_fixture() -> None:
    documented, actual = read_documented(ROOT).splitlines(), list_fixtures(ROOT).splitlines()

    missing = [line.split("`")[1] for line in actual if line not in documented]

    assert documented == actual, f"{DOCUMENT.as_posix()} is behind: run `{COMMAND}`. Not in it yet: {missing}"


def test_every_fixture_says_what_it_gives() -> None:
    files = [*find_fixture_files(TESTS), *find_conftest_files(TESTS)]
    fixtures = [fixture for file in files for fixture in read_fixtures(file)]

    assert [fixture.name for fixture in fixtures if not fixture.summary] == []


def test_every_file_of_fixtures_is_in_use() -> None:
    files = {file for file in TESTS.glob("fixtures/**/*.py") if file.name != "__init__.py"}

    differ = sorted(file.name for file in files.symmetric_difference(find_fixture_files(TESTS)))

    assert differ == [], "tests/conftest.py has to name each file in tests/fixtures/, and no other"
