"""Written files fit on every file system, stay inside the folder, and contain no leftovers of the template."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import copier
import editorconfig
import pytest
import yaml
from copier._template import Template
from copier.errors import ForbiddenPathError

from tests.support.cases import CASES
from tests.support.in_process import write, written_files
from tests.support.services import ROOT, Service, read_files, write_service

FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*\\\x00-\x1f]|[. ]$')
DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
NEEDS_TRUST = {"_tasks", "_migrations", "_jinja_extensions"}
# Workflows contain `${{ ... }}`, alerts `{{ $... }}`.
IGNORES = re.compile(r"# phasework: ignore\[\w+\]")
LEFTOVERS = re.compile(r"your_service|(?<!\$)\{\{(?! \$|\d)|\{%|\{#|jinja|phasework|copier", re.IGNORECASE)
HOST = re.compile(r"https?://([\w.-]+)")
HOSTS = {
    "127.0.0.1",
    "api.example.com",
    "api.openai.com",
    "api.twilio.com",
    "app.example.com",
    "clinic.example.com",
    "docs.astral.sh",
    "docs.locust.io",
    "docs.renovatebot.com",
    "elsewhere.example.com",
    "example.com",
    "github.com",
    "gitlab.com",
    "hl7.org",
    "localhost",
    "login.example.com",
    "media.s3.amazonaws.com",
    "mycompany.com",
    "other.example.com",
    "pytest-benchmark.readthedocs.io",
    "s3.example.com",
    "staging.example.com",
    "test",
    "www.standardwebhooks.com",
    "www.twilio.com",
    "www.w3.org",
}

# Runs Copier in a Python that exits when a socket is opened or a name is resolved.
WITHOUT_NETWORK = """
import sys

def refuse(event, _):
    if event.startswith("socket."):
        raise RuntimeError("the network was used: " + event)

sys.addaudithook(refuse)
from copier._cli import CopierApp
CopierApp.run(exit=False)[1] and sys.exit(1)
"""

PLUGIN = ROOT / "src" / "phasework_suite"

# Files that explain how the service was written and how it is updated.
SAYS_WHERE_IT_COMES_FROM = {
    ".copier-answers.yml",
    "README.md",
    "docs/runbooks/when-a-gate-fails.md",
    "docs/testing.md",
    "pyproject.toml",
    "renovate.json",
}


def test_names_of_the_repository_fit_on_windows() -> None:
    assert [path for path in tracked() if not fits_on_windows(path)] == []


def test_names_of_the_repository_differ_in_more_than_case() -> None:
    assert len({path.lower() for path in tracked()}) == len(tracked())


def test_the_repository_has_no_links() -> None:
    assert [path for path in tracked() if (ROOT / path).is_symlink()] == []


def test_names_fit_on_windows(service: Service) -> None:
    assert [path for path in service.files if not fits_on_windows(path)] == []


def test_names_differ_in_more_than_case(service: Service) -> None:
    assert len({path.lower() for path in service.files}) == len(service.files)


def test_paths_are_short_enough_for_windows(written: Callable[[str], Service]) -> None:
    # Windows allows 260 characters; 60 are left for the folder of the service.
    assert [path for path in written("limits-async").files if len(path) > 200] == []


def test_has_no_links(service: Service) -> None:
    assert [path for path in service.files if (service.folder / path).is_symlink()] == []


@pytest.mark.parametrize("case", ["defaults", "blank"])
def test_nothing_is_written_outside_of_the_folder(template: Path, tmp_path: Path, case: str) -> None:
    write_service(template, tmp_path / "service", CASES[case])

    assert [path.name for path in tmp_path.iterdir()] == ["service"]


OUTSIDE = ["../evil", "../../evil", "/evil", "..\\evil", "C:\\evil", "~/evil", "evil/../../evil", "."]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize(
    "answers",
    [
        lambda path: {"project_name": path},
        lambda path: {"package_name": path},
        lambda path: {"modules": [path]},
        lambda path: {"domain": "blank", "own_modules": {path: {"fields": {"title": "str"}}}},
        lambda path: {"domain": "blank", "own_modules": {"loans": {"entity": path, "fields": {"title": "str"}}}},
        lambda path: {"service_modules": [{"name": path}]},
        lambda path: {"malformed_answer": path},
        lambda path: {"answers_refused": "", "package_name": path},
    ],
    ids=[
        "project name",
        "package name",
        "module",
        "own module",
        "entity",
        "computed module",
        "no problem",
        "no refusal",
    ],
)
def test_no_answer_writes_outside_of_the_folder(
    template: Path, tmp_path: Path, answers: Callable[[str], dict[str, Any]], path: str
) -> None:
    sentence = write(template, tmp_path / "folder/service", answers(path))

    assert sentence is not None
    assert list(tmp_path.rglob("*")) == []


def test_the_answers_file_stays_inside(template: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"evil\.yml"):
        copier.run_copy(str(template), tmp_path / "service", answers_file="../evil.yml", defaults=True, quiet=True)

    assert list(tmp_path.rglob("*evil*")) == []


def test_only_a_link_to_the_folder_itself_is_followed(template: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "service").symlink_to("folder", target_is_directory=True)

    files = written_files(template, tmp_path / "service", CASES["empty"])

    assert {path.name for path in tmp_path.iterdir()} == {"folder", "service"}
    assert read_files(tmp_path / "folder") == files


def test_a_link_inside_of_the_folder_is_not_followed(template: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "service").mkdir()
    (tmp_path / "service/src").symlink_to(tmp_path / "elsewhere", target_is_directory=True)

    with pytest.raises(ForbiddenPathError):
        write(template, tmp_path / "service", CASES["empty"])

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_copier_uses_no_network(template: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        WITHOUT_NETWORK,
        "copy",
        "--defaults",
        "--quiet",
        str(template),
        str(tmp_path / "service"),
    ]

    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert (tmp_path / "service/README.md").is_file()


def test_network_access_would_be_detected() -> None:
    program = f"import sys; sys.argv = ['copier', '--version']; {WITHOUT_NETWORK}import socket; socket.socket()"

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "the network was used" in run.stderr


def test_needs_no_trust() -> None:
    tree = yaml.compose((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert isinstance(tree, yaml.MappingNode)

    assert NEEDS_TRUST.isdisjoint(key.value for key, _ in tree.value)


def test_copier_detects_nothing_that_needs_trust(template: Path) -> None:
    parsed = Template(url=str(template))

    assert (parsed.tasks, parsed.jinja_extensions, parsed.migration_tasks("after", parsed)) == ([], (), [])


def test_plugin_is_the_same_in_each_service(service: Service) -> None:
    written = {path: content for path, content in service.files.items() if path.startswith("tests/suite/")}

    assert written == {f"tests/suite/{file.name}": file.read_bytes() for file in PLUGIN.glob("*.py")}


def test_shows_no_leftovers(service: Service) -> None:
    texts = {path: text for path, text in texts_of(service).items() if path not in SAYS_WHERE_IT_COMES_FROM}
    # A description may look like Jinja.
    description = service.answers["description"]
    in_toml = description.replace('"', '\\"')
    texts = {path: text.replace(in_toml, "").replace(description, "") for path, text in texts.items()}

    assert {path: found for path, text in texts.items() if (found := LEFTOVERS.findall(IGNORES.sub("", text)))} == {}


def test_contains_no_host_names(service: Service) -> None:
    hosts = {host for text in texts_of(service).values() for host in HOST.findall(text)}

    assert hosts <= HOSTS


def test_files_end_in_one_newline(service: Service) -> None:
    texts = {path: text for path, text in texts_of(service).items() if text}

    assert [path for path, text in texts.items() if not text.endswith("\n") or text.endswith("\n\n")] == []


def test_files_follow_the_settings_of_editors(service: Service) -> None:
    wrong = []
    for path, text in texts_of(service).items():
        settings = editorconfig.get_properties(str(service.folder / path))
        assert (settings["charset"], settings["end_of_line"], settings["indent_style"]) == ("utf-8", "lf", "space")
        trimmed = settings["trim_trailing_whitespace"] == "true"
        if "\r" in text or "\n\t" in text or (trimmed and re.search(r"[ \t]$", text, re.MULTILINE)):
            wrong.append(path)

    assert wrong == []
    ruff = tomllib.loads(texts_of(service)["pyproject.toml"])["tool"]["ruff"]
    assert str(ruff["line-length"]) == editorconfig.get_properties(str(service.folder / "any.py"))["max_line_length"]


@pytest.mark.parametrize("case", ["blank"])
def test_blank_service_has_only_own_modules(written: Callable[[str], Service], case: str) -> None:
    assert written(case).modules == sorted(CASES[case]["own_modules"])


def tracked() -> list[str]:
    """Return the paths of all tracked files of this repository."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return listing.split("\0")[:-1]


def fits_on_windows(path: str) -> bool:
    """Return whether Windows can check out a path."""
    parts = PurePosixPath(path).parts
    return not any(FORBIDDEN_IN_NAMES.search(part) or DEVICES.fullmatch(part) for part in parts)


def texts_of(service: Service) -> dict[str, str]:
    """Return the text of each written file by its path."""
    return {path: content.decode() for path, content in service.files.items()}
