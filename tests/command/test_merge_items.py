"""Files with one item per line are merged item by item."""

import tomllib
from collections.abc import Callable
from configparser import ConfigParser
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasework.git import merge_texts
from phasework.items import Item, Unreadable, split_ini, split_patterns, split_python, split_toml, split_variables
from phasework.merge_items import find_split, is_valid, merge_items

LABELS = ("yours", "before", "new")
INI = """\
[pytest]
testpaths = tests
# Gates in percent.
coverage_gates =
    books: 80
    trips: 85
# Budgets.
test_budgets =
    unit: 100 ms
"""
TOML = """\
[project]
name = "library"
dependencies = [
    "fastapi>=1,<2",
    "uvicorn>=1,<2", # the server
]

[tool.ruff]
line-length = 120
"""
VARIABLES = """\
# The database.
DATABASE_URL=sqlite:///library.db

# How long a reminder waits.
# REMINDER_HOURS=24
"""
PLUGINS = """\
\"\"\"Loads the fixtures.\"\"\"

pytest_plugins = [
    "tests.suite",
    "tests.fixtures.books",
]
"""
PLACES = {
    "pytest.ini": INI,
    "pyproject.toml": TOML,
    ".env.example": VARIABLES,
    "tests/conftest.py": PLUGINS,
    ".gitignore": ".venv/\n*.db\n",
}


def merge(path: str, base: str, ours: str, new: str) -> str:
    """Return the merged text; a file that has items must be merged by items."""
    merged = merge_items(path, ours, base, new, partial(merge_texts, labels=LABELS, cwd=Path()))
    assert merged is not None
    return merged


def in_conflict(*_: str) -> str:
    """Return what a conflict is replaced with."""
    return "in conflict\n"


def edited(text: str, *edits: tuple[str, str]) -> str:
    """Return `text` with replacements, each of which must change it."""
    for before, after in edits:
        assert text.count(before) == 1
        text = text.replace(before, after)
    return text


@pytest.mark.parametrize(("path", "text"), PLACES.items())
def test_items_have_the_whole_text(path: str, text: str) -> None:
    split = find_split(path)

    assert split is not None
    assert str(split(text)) == text
    assert is_valid(path, text)


MARKERS = ("    trips: 85\n", "    trips: 85\nmarkers =\n    slow: takes long\n")
GATE = ("    trips: 85\n", "    trips: 85\n    visits: 80\n")


@pytest.mark.parametrize(
    ("path", "ours", "new", "merged"),
    [
        # The lines of a value stay together, whichever side adds an option below it.
        ("pytest.ini", [MARKERS], [GATE], [("    trips: 85\n", f"{GATE[1]}markers =\n    slow: takes long\n")]),
        ("pytest.ini", [GATE], [MARKERS], [("    trips: 85\n", f"{GATE[1]}markers =\n    slow: takes long\n")]),
        # A value that becomes a list is not emptied.
        (
            "pytest.ini",
            [("testpaths = tests\n", "testpaths =\n    tests\n    extra\n")],
            [GATE],
            [("testpaths = tests\n", "testpaths =\n    tests\n    extra\n"), GATE],
        ),
        # Both change the same list.
        ("pytest.ini", [("books: 80", "books: 95")], [GATE], [("books: 80", "books: 95"), GATE]),
        ("pytest.ini", [("    books: 80\n", "")], [GATE], [("    books: 80\n", ""), GATE]),
        ("pytest.ini", [GATE], [("trips: 85", "trips: 90")], [("    trips: 85\n", "    trips: 90\n    visits: 80\n")]),
        # Both add the same item.
        ("pytest.ini", [GATE], [("    books: 80\n", "    books: 80\n    visits: 80\n")], [GATE]),
        (
            "pytest.ini",
            [("testpaths = tests\n", "testpaths = tests\ntimeout = 60\n")],
            [("    unit: 100 ms\n", "    unit: 100 ms\ntimeout = 60\n")],
            [("testpaths = tests\n", "testpaths = tests\ntimeout = 60\n")],
        ),
        (
            "pyproject.toml",
            [('    "fastapi>=1,<2",\n', '    "fastapi>=1,<2",\n    "structlog>=24,<25",\n')],
            [('server\n]', 'server\n    "structlog>=24,<25"\n]')],
            [('    "fastapi>=1,<2",\n', '    "fastapi>=1,<2",\n    "structlog>=24,<25",\n')],
        ),
        (
            "tests/conftest.py",
            [('    "tests.suite",\n', '    "tests.suite",\n    "tests.fixtures.visits",\n')],
            [('    "tests.fixtures.books",\n', '    "tests.fixtures.books",\n    "tests.fixtures.visits",\n')],
            [('    "tests.suite",\n', '    "tests.suite",\n    "tests.fixtures.visits",\n')],
        ),
        (".gitignore", [("*.db\n", "*.db\n*.log\n")], [(".venv/\n", ".venv/\n*.log\n")], [("*.db\n", "*.db\n*.log\n")]),
        # A comment stays above its item.
        (
            ".env.example",
            [("# How long", "SENTRY_DSN=\n# How long")],
            [("# How long", "# The port.\n# PORT=8000\n\n# How long")],
            [("# How long", "# The port.\n# PORT=8000\n\nSENTRY_DSN=\n# How long")],
        ),
        (
            "pyproject.toml",
            [('    "uvicorn>=1,<2", # the server\n', '    # fast\n    "orjson>=3",\n    "uvicorn>=1,<2", # the server\n')],
            [('    "fastapi>=1,<2",\n', '    "fastapi>=1,<2",\n    # tables\n    "sqlalchemy>=2",\n')],
            [
                (
                    '    "fastapi>=1,<2",\n',
                    '    "fastapi>=1,<2",\n    # fast\n    "orjson>=3",\n    # tables\n    "sqlalchemy>=2",\n',
                )
            ],
        ),
        # A variable that the team switched on stays on.
        (
            ".env.example",
            [("# REMINDER_HOURS=24", "REMINDER_HOURS=48")],
            [("How long a reminder waits", "How many hours a reminder waits")],
            [("How long a reminder waits", "How many hours a reminder waits"), ("# REMINDER_HOURS=24", "REMINDER_HOURS=48")],
        ),
    ],
)  # fmt: skip
def test_both_changes_are_kept(
    path: str, ours: list[tuple[str, str]], new: list[tuple[str, str]], merged: list[tuple[str, str]]
) -> None:
    base = PLACES[path]

    assert merge(path, base, edited(base, *ours), edited(base, *new)) == edited(base, *merged)


@pytest.mark.parametrize(
    ("path", "ours", "new"),
    [
        ("pytest.ini", ("    trips: 85\n", "    trips: 70\n"), ("    trips: 85\n", "    trips: 90\n")),
        ("pytest.ini", ("    trips: 85\n", ""), ("    trips: 85\n", "    trips: 90\n")),
        ("pytest.ini", ("testpaths = tests\n", "testpaths = tests ours\n"), ("testpaths = tests\n", "testpaths =\n    a\n    b\n")),
        ("pytest.ini", ("testpaths = tests\n", "testpaths = tests\ntimeout = 60\n"), ("# Budgets", "timeout = 90\n# Budgets")),
        ("pyproject.toml", ('"fastapi>=1,<2",\n', '"fastapi>=1,<2",\n    "structlog>=24,<25",\n'), ('server\n', 'server\n    "Structlog >=25",\n')),
        ("pyproject.toml", ("line-length = 120", "line-length = 88"), ("line-length = 120", "line-length = 100")),
        (".env.example", ("# How long", "PORT=80\n\n# How long"), ("=24\n", "=24\n# PORT=8000\n")),
    ],
)  # fmt: skip
def test_different_changes_of_an_item_conflict(path: str, ours: tuple[str, str], new: tuple[str, str]) -> None:
    base = PLACES[path]

    merged = merge(path, base, edited(base, ours), edited(base, new))

    assert merged.count("<<<<<<< yours\n") == merged.count(">>>>>>> new\n") == 1
    for text in (ours[1], new[1]):
        assert all(line in merged for line in text.splitlines())


def test_files_without_items_are_merged_otherwise() -> None:
    assert merge_items("src/library/main.py", "a\nb\n", "a\n", "A\n", in_conflict) is None
    assert merge_items(".gitignore", "a\n!b\n", "a\n", "a\nc\n", in_conflict) is None
    assert merge_items("pyproject.toml", "a\n", "a = 1\n", "a = 2\n", in_conflict) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pytest.ini", "[pytest]\nminversion = 9\nminversion = 8\n"),
        ("pyproject.toml", "[a]\n[a]\n"),
        ("tests/conftest.py", "pytest_plugins = [\n"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_valid(path: str, text: str) -> None:
    assert not is_valid(path, text)


VALUES = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3))


def expected(base: dict[str, int], ours: dict[str, int], new: dict[str, int]) -> dict[str, int] | None:
    """Return the merged values, or None if both sides changed one differently."""
    merged: dict[str, int] = {}
    for name in base | ours | new:
        sides = [side.get(name) for side in (ours, base, new)]
        if sides[1] not in (sides[0], sides[2]) and sides[0] != sides[2]:
            return None
        value = sides[2] if sides[0] == sides[1] else sides[0]
        merged |= {} if value is None else {name: value}
    return merged


@given(VALUES, VALUES, VALUES)
def test_merged_options_have_the_merged_values(base: dict[str, int], ours: dict[str, int], new: dict[str, int]) -> None:
    values = expected(base, ours, new)
    for path in ("pytest.ini", "pyproject.toml"):
        texts = ["[x]\n" + "".join(f"{name} = {value}\n" for name, value in side.items()) for side in (ours, base, new)]
        text = merge_items(path, texts[0], texts[1], texts[2], in_conflict)
        assert text is not None
        if values is None:
            assert "in conflict" in text
        elif path == "pytest.ini":
            parser = ConfigParser()
            parser.read_string(text)
            assert {name: int(value) for name, value in parser["x"].items()} == values
        else:
            assert tomllib.loads(text)["x"] == values


@pytest.mark.parametrize("split", [split_ini, split_variables, split_patterns])
@given(text=st.text(alphabet="ab =#[]\n:"))
def test_lines_are_never_lost(split: Callable[[str], Item], text: str) -> None:
    with suppress(Unreadable):
        assert str(split(text)) == text


@given(st.lists(st.sampled_from(['"a"', '"b>=1"', "# c", "1", '"#"']), max_size=4))
def test_elements_are_never_lost(elements: list[str]) -> None:
    text = "x = [\n" + "".join(f"    {each}{'' if each[0] == '#' else ','}\n" for each in elements) + "]\n"

    assert str(split_toml(text)) == text
    assert str(split_python(text.replace("1,", "1,  # d"))) == text.replace("1,", "1,  # d")
