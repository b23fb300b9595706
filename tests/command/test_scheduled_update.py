"""The workflow in docs/how-to/keep-many-services-current.md opens a pull request with an update."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.documents import read_workflow
from tests.support.services import ROOT
from tests.support.updates import GIT_VARIABLES, WORKING_TREE, LivingService, git, make_versions
from tests.support.workflows import run_step

PAGE = ROOT / "docs/how-to/keep-many-services-current.md"
BRANCH = "update-from-the-template-v0.2.0"
PROGRAMS = {
    "uvx": f'shift 3\nexec {sys.executable} -m phasework "$@"',
    "uv": "echo locked > uv.lock",
    "gh": '[ "$1" != pr ] || { echo "$@" >> "$CALLS"; cat > "$CALLS.md"; }',
}
SENTENCE = "The tests need no server and no settings."


def job() -> dict[str, Any]:
    """Return the job of the workflow."""
    found: dict[str, Any] = yaml.safe_load(read_workflow(PAGE))["jobs"]["update"]
    return found


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """The variables of the script: programs that stand in for uv and GitHub's own."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    given = dict.fromkeys(job()["steps"][-1]["env"], "given")
    outside = {"CALLS": str(tmp_path / "calls"), "RUNNER_TEMP": str(tmp_path), "UV": str(programs / "uv")}
    path = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    return {**WORKING_TREE, **GIT_VARIABLES, **given, **outside, **path}


def test_a_pull_request_has_the_update_and_its_summary(tmp_path: Path, variables: dict[str, str]) -> None:
    versions = make_versions(tmp_path / "phasework")
    service = versions.write(tmp_path / "service", {"modules": []})
    service.edit("README.md", SENTENCE, "The tests need nothing.")
    service.commit()
    git(tmp_path, "clone", "--quiet", "--bare", str(service.folder), "origin.git")
    origin = tmp_path / "origin.git"
    calls, branches = tmp_path / "calls", git(origin, "branch")

    run_workflow(origin, tmp_path / "too-early", variables)

    assert not calls.exists()
    assert git(origin, "branch") == branches

    versions.release("v0.2.0", {"template/project/README.md.jinja": (SENTENCE, "The tests need no server.")})
    updated = run_workflow(origin, tmp_path / "first", variables)

    [call] = calls.read_text(encoding="utf-8").splitlines()
    assert call == f"pr create --head {BRANCH} --title Update from the template to v0.2.0 --body-file -"
    body = (tmp_path / "calls.md").read_text(encoding="utf-8")
    assert body.startswith("## The template's v0.1.0 -> v0.2.0\n")
    assert "### In CONFLICT at these lines\n\n- `README.md`: " in body
    assert "<<<<<<< yours\n" in updated.read("README.md")
    assert updated.read("uv.lock") == "locked\n"
    assert git(origin, "log", "--format=%s", BRANCH).splitlines()[0] == "Update from the template to v0.2.0"

    # Somebody may be resolving the conflicts.
    before = git(origin, "rev-parse", BRANCH)
    run_workflow(origin, tmp_path / "second", variables)

    assert git(origin, "rev-parse", BRANCH) == before
    assert calls.read_text(encoding="utf-8").splitlines() == [call]


def run_workflow(origin: Path, folder: Path, variables: dict[str, str]) -> LivingService:
    """Run the last step of the workflow in a new checkout, as GitHub does."""
    git(origin.parent, "clone", "--quiet", "--depth", "1", origin.as_uri(), str(folder))
    run_step(job()["steps"][-1]["run"], folder, variables)
    return LivingService(folder)
