"""What is written fits on every file system, stays where it belongs, and shows nothing of how it was written."""

import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
import yaml

from tests.support.cases import CASES
from tests.support.services import ROOT, Service, write_service

FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$')
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
NEEDS_TRUST = {"_tasks", "_migrations", "_jinja_extensions"}
LEFTOVERS = re.compile(r"your_service|(?<!\$)\{\{|\{%|\{#|jinja|phasework|copier", re.IGNORECASE)
HOST = re.compile(r"https?://([\w.-]+)")
HOSTS = {
    "github.com",
    "gitlab.com",
    "127.0.0.1",
    "docs.astral.sh",
    "docs.locust.io",
    "example.com",
    "pytest-benchmark.readthedocs.io",
    "staging.example.com",
    "test",
}

# Where a service tells how it was made, and how it is kept current.
SAYS_WHERE_IT_COMES_FROM = {
    ".copier-answers.yml",
    "README.md",
    "pyproject.toml",
    "scripts/add_module.py",
    "scripts/template.py",
    "scripts/update.py",
    "tests/support/template.py",
    "tests/unit/scripts/test_add_module.py",
    "tests/unit/scripts/test_template.py",
}


def test_template_names_fit_on_windows() -> None:
    paths = [path.relative_to(ROOT) for path in (ROOT / "template").rglob("*")]

    assert [path for path in paths if not fits_on_windows(path.as_posix())] == []


def test_names_fit_on_windows(service: Service) -> None:
    assert [path for path in service.files if not fits_on_windows(path)] == []


def test_names_differ_in_more_than_case(service: Service) -> None:
    assert len({path.lower() for path in service.files}) == len(service.files)


def test_holds_no_links(service: Service) -> None:
    assert [path for path in service.files if (service.folder / path).is_symlink()] == []


@pytest.mark.parametrize("case", ["defaults", "blank"])
def test_nothing_is_written_elsewhere(template: Path, tmp_path: Path, case: str) -> None:
    write_service(template, tmp_path / "service", CASES[case])

    assert [path.name for path in tmp_path.iterdir()] == ["service"]


def test_asks_for_no_trust() -> None:
    tree = yaml.compose((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert isinstance(tree, yaml.MappingNode)

    assert NEEDS_TRUST.isdisjoint(key.value for key, _ in tree.value)


def test_shows_no_leftovers(service: Service) -> None:
    texts = {path: text for path, text in texts_of(service).items() if path not in SAYS_WHERE_IT_COMES_FROM}
    # What a person wrote may look like Jinja.
    texts = {path: text.replace(service.answers["description"], "") for path, text in texts.items()}

    assert {path: found for path, text in texts.items() if (found := LEFTOVERS.findall(text))} == {}


def test_names_no_host_of_ours(service: Service) -> None:
    hosts = {host for text in texts_of(service).values() for host in HOST.findall(text)}

    assert hosts <= HOSTS


def test_files_end_in_one_newline(service: Service) -> None:
    texts = {path: text for path, text in texts_of(service).items() if text}

    assert [path for path, text in texts.items() if not text.endswith("\n") or text.endswith("\n\n")] == []


@pytest.mark.parametrize("case", ["blank"])
def test_own_modules_hold_no_module_that_was_not_asked_for(written: Callable[[str], Service], case: str) -> None:
    assert written(case).modules == sorted(CASES[case]["own_modules"])


def fits_on_windows(path: str) -> bool:
    """Tell whether Windows can check out a path."""
    parts = PurePosixPath(path).parts
    return not any(FORBIDDEN_IN_NAMES.search(part) or DEVICES.fullmatch(part) for part in parts)


def texts_of(service: Service) -> dict[str, str]:
    """Return the text of every file that was written, by its path."""
    return {path: content.decode() for path, content in service.files.items()}
