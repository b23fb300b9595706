"""The command runs outside of this repository: the wheel contains what it reads, and uvx runs the requested version."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.services import ROOT, program
from tests.support.updates import LivingService, commit_all, git

pytestmark = pytest.mark.xdist_group("distribution")

FOLDERS = {
    "src/phasework/": "phasework/",
    "src/phasework_suite/": "phasework_suite/",
    "hooks/": "phasework_hooks/",
    "CHANGELOG.md": "phasework/data/CHANGELOG.md",
    "copier.yml": "phasework/data/copier.yml",
    "template/catalog/": "phasework/data/template/catalog/",
    "template/flows/": "phasework/data/template/flows/",
    "template/gateways/": "phasework/data/template/gateways/",
    "template/macros/": "phasework/data/template/macros/",
}
"""Where the wheel has the files of the repository."""


def tracked() -> list[str]:
    """Return the files of the working tree that git tracks, or would track."""
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as it is in the working tree, with a first version."""
    folder = tmp_path_factory.mktemp("clone") / "phasework"
    for name in tracked():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    commit_all(folder, "Begin")
    git(folder, "tag", "v0.1.0")
    return folder


def run(folder: Path, source: str | Path, *command: str, expect: int = 0) -> str:
    """Run a command line with uvx in a folder, and return what it printed."""
    ours = ("GIT_", "PHASEWORK_", "PYTHONPATH", "UV", "VIRTUAL_ENV")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    identity = {f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    ran = subprocess.run(
        [program("uv"), "tool", "run", "--python", sys.executable, "--from", str(source), *command],
        cwd=folder,
        env=variables | identity | {"UV_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == expect, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def test_the_wheel_contains_every_file_that_the_command_reads(clone: Path, tmp_path: Path) -> None:
    build = [program("uv"), "build", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(clone)]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")

    names = zipfile.ZipFile(wheel).namelist()

    expected = [
        place + name.removeprefix(folder)
        for name in tracked()
        for folder, place in FOLDERS.items()
        if name.startswith(folder)
    ]
    assert len(expected) > 100
    assert sorted(name for name in names if ".dist-info/" not in name) == sorted(expected)


def test_a_service_is_written_and_updated_by_the_requested_version(clone: Path, tmp_path: Path) -> None:
    run(tmp_path, clone, "phasework", "new", "--defaults", "library", "--data", "project_name=Library")
    service = LivingService(tmp_path / "library")
    assert service.answers()["_src_path"] == str(clone)
    assert service.answers()["_commit"] == "v0.1.0"
    assert service.status() == []
    assert f"uvx --from {clone} phasework update --defaults\n" in service.read("README.md")

    # The next version prints and writes different texts.
    sentence = "The service of the next version has everything"
    updates = clone / "src/phasework/updates.py"
    updates.write_text(updates.read_text().replace("the service has everything", sentence), encoding="utf-8")
    readme = clone / "template/project/README.md.jinja"
    readme.write_text(f"{readme.read_text()}\nThe end.\n", encoding="utf-8")

    # Uncommitted changes are used if no other version is requested.
    current = ("phasework", "update", "--defaults", "--vcs-ref", ":current:")
    assert "next version" not in run(service.folder, f"git+{clone.as_uri()}@v0.1.0", *current)
    assert sentence in run(service.folder, clone, *current)

    commit_all(clone, "Go on")
    git(clone, "tag", "v0.2.0")
    update = ("phasework", "update", "--defaults")
    printed = run(service.folder, f"git+{clone.as_uri()}@v0.1.0", *update)
    assert "The template's v0.1.0 -> v0.2.0:" in printed
    assert service.read("README.md").endswith("\nThe end.\n")


def test_a_wrong_command_line_exits_with_2(clone: Path, tmp_path: Path) -> None:
    assert "No such option" in run(tmp_path, clone, "phasework", "new", "--colour", expect=2)
