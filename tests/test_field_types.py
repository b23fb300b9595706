"""A field type is one entry in a table, from which all code for such fields follows."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.services import ROOT, Service, copy_template, write_service

TABLE = Path("template/macros/field_types.yml")
FIELD_TYPES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / TABLE).read_text(encoding="utf-8"))
KEYS = {
    "written": str,
    "request": str,
    "response": str,
    "python": str,
    "column": str,
    "migration": str,
    "parts": dict,
    "attribute": str,
    "imports": dict,
    "sample": str,
    "spellings": dict,
    "refused": list,
    "default": dict,
    "unique": bool,
    "filter": bool,
    "search": str,
    "dependencies": list,
    "bounds": dict,
}

# Together, these types use every key of the table.
NEW_TYPES = r"""
clock:
  request: dt.time
  response: dt.time
  python: dt.time
  migration: sa.Time()
  imports: {dt: import datetime as dt}
  sample: str((dt.datetime(2030, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=number)).time())
  spellings: {'"09:00"': '"09:00:00"'}
  refused: ['"25:00:00"']
  default:
    pattern: 0?([0-9]|1[0-9]|2[0-3]):0?([0-9]|[1-5][0-9])
    words: a time as in 09:30
    python: dt.time(\1, \2)
  unique: true
  filter: true

dialled:
  request: Annotated[str, StringConstraints(pattern=r"^\+[0-9]{7,15}$")]
  python: str
  column: String(16)
  migration: sa.String(16)
  imports: &constrained {Annotated: typing, StringConstraints: pydantic, String: sqlalchemy}
  sample: 'f"+1202{number:07}"'
  refused: ['"12345678"', '"+12 34"']
  default:
    pattern: \+[0-9]{7,15}
    words: a number as in +12025550100
    python: '"\g<0>"'
  unique: true
  filter: true

colour:
  request: Annotated[str, StringConstraints(max_length=20)]
  python: str
  column: String(20)
  migration: sa.String(20)
  imports: *constrained
  sample: 'f"shade {number}"'
  refused: ['5', '"x" * 21']
  default:
    pattern: '[a-z]{1,20}'
    words: a name of 1 to 20 letters
    python: '"\g<0>"'
  unique: true
  filter: true
  search: '"a {word} here"'
"""
EVERY_USE = {
    "shifts": {
        "fields": {
            "starts": "clock",
            "ends": "clock?",
            "pause": "clock = 12:05",
            "hotline": "dialled",
            "deputy": "dialled?",
            "office": "dialled = +12025550100",
            "badge": "colour",
            "coat": "colour?",
            "door": "colour = green",
        },
        "unique": ["starts", "hotline", "deputy", "badge"],
        "search": ["badge", "coat"],
    }
}


@pytest.mark.parametrize("name", FIELD_TYPES)
def test_an_entry_is_complete(name: str) -> None:
    entry = FIELD_TYPES[name]

    assert {key: KEYS[key] for key in entry} == {key: type(value) for key, value in entry.items()}
    assert {"imports", "refused", "unique", "filter"} <= entry.keys()
    # Links have a table instead of a column.
    assert bool(entry.keys() & {"migration", "parts"}) == (name != "links")
    assert "written" in entry or {"request", "python", "sample"} <= entry.keys()


@pytest.mark.parametrize("name", [name for name, entry in FIELD_TYPES.items() if "written" not in entry])
def test_every_type_is_documented(name: str) -> None:
    documented = (ROOT / "docs/reference/own-modules.md").read_text(encoding="utf-8")

    assert f"\n| `{name}` | " in documented


@pytest.fixture(scope="module")
def template_with_types(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with three more entries in the table, and no other change."""
    template = copy_template(tmp_path_factory.mktemp("template"))
    with (template / TABLE).open("a", encoding="utf-8") as table:
        table.write(NEW_TYPES)
    return template


def test_an_added_type_works_in_every_use(template_with_types: Path, tmp_path: Path) -> None:
    service = write_service(template_with_types, tmp_path / "service", {"domain": "blank", "own_modules": EVERY_USE})

    assert_clean(service)
    service.run_suite("--no-cov", "tests/unit/phase1", "tests/api", "tests/integration")


def test_an_added_type_is_clean_in_the_async_form(template_with_types: Path, tmp_path: Path) -> None:
    answers = {"domain": "blank", "own_modules": EVERY_USE, "database_access": "async"}

    assert_clean(write_service(template_with_types, tmp_path / "service", answers))


def assert_clean(service: Service) -> None:
    """Check style, format and types of a service."""
    service.run("ruff", "check", ".")
    service.run("ruff", "format", "--check", "--diff", ".")
    service.check_types()
