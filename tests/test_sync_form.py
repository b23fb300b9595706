"""Tests of the table of replacements in template/macros/python.jinja that derives the sync form."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from tests.support.in_process import compiled_once, written_files
from tests.support.services import ROOT

# The sources that the table is applied to, by path.
SOURCES = {
    path.relative_to(ROOT / "template").as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "template").rglob("*")
    if path.is_file() and path.suffix in (".py", ".jinja") and path.parent.name != "macros"
}


def replacements() -> list[tuple[str, str]]:
    """Return the pairs of the table: the async text and the sync text."""
    environment = Environment(
        loader=FileSystemLoader(ROOT), extensions=["jinja2_ansible_filters.AnsibleCoreFiltersExtension"]
    )
    table = vars(environment.get_template("template/macros/python.jinja").module)["sync_form"]
    return [(written, derived) for written, derived in table]


@pytest.mark.parametrize("written", [written for written, _ in replacements()])
def test_every_replacement_is_needed(written: str) -> None:
    whole_word = re.compile(rf"\b{re.escape(written)}" + ("" if written.endswith(" ") else r"\b"))

    assert any(whole_word.search(source) for source in SOURCES.values())


def test_no_source_awaits_in_parentheses() -> None:
    in_parentheses = re.compile(r"(?<![\w\])])\(await ")

    assert {path for path, source in SOURCES.items() if in_parentheses.search(source)} == set()


def test_names_that_look_like_syntax_keep_their_words(template: Path, tmp_path: Path) -> None:
    own_modules = {"await_items": {"fields": {"my_await": "str", "async_with": "text"}, "search": ["my_await"]}}
    with compiled_once():
        written = {
            form: written_files(
                template,
                tmp_path / form,
                {"domain": "blank", "own_modules": own_modules, "database_access": form},
            )
            for form in ("sync", "async")
        }

    texts = {form: texts_of(files) for form, files in written.items()}

    assert "await item" in texts["sync"]
    assert "My await {number}" in texts["sync"]
    assert texts["sync"] == texts["async"]


def texts_of(files: dict[str, bytes]) -> list[str]:
    """Return what stands between double quotes on one line in the Python files about await items."""
    sources = [text.decode() for path, text in sorted(files.items()) if "await_items" in path and path.endswith(".py")]
    return [text for source in sources for text in re.findall(r'"+([^"\n]+)"', source)]
