"""What README, tutorial and how-tos say is true: their commands run, and their claims hold."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from phasework.sources import copier_address
from tests.support.documents import indented, read_blocks, run_commands, running, shell_variables
from tests.support.services import ROOT, Service, copy_template
from tests.support.updates import ANSWERS, COMMAND, GIT_VARIABLES, WORKING_TREE, commit_all, git, make_versions

README = ROOT / "README.md"
TUTORIAL = ROOT / "docs/tutorial.md"
NO_TAGS = "No git tags found in template; using HEAD as ref"


# --- What a phase is ------------------------------------------------------------------------------


def test_a_phase_has_its_tests_marker_gates_and_job(written: Callable[[str], Service]) -> None:
    service = written("defaults")
    [command] = re.findall(r"marker \(`(pytest -m phase1)`\)", README.read_text(encoding="utf-8"))
    first = [name for name, plan in service.plan.items() if plan["phase"] == 1]

    output = service.run(*shlex.split(command), "--collect-only", "-q", "--no-cov")

    [total] = re.findall(r"^\d+/(\d+) tests collected", output, re.MULTILINE)
    [claimed] = re.findall(r"more than ([\d,]+) tests", README.read_text(encoding="utf-8"))
    assert 0.9 * int(total) < int(claimed.replace(",", "")) < int(total)
    files = {line.partition("::")[0] for line in output.splitlines() if "::" in line}
    api = {f"tests/api/test_{name}_api.py" for name in first}
    assert api < files
    assert {file.rpartition("/")[0] for file in files - api} == {"tests/unit/phase1"}
    settings = (service.folder / "pytest.ini").read_text(encoding="utf-8")
    assert [name for name in first if f"\n    {name}: {service.plan[name]['coverage']}\n" not in settings] == []
    workflow = yaml.safe_load((service.folder / ".github/workflows/test-deploy.yml").read_text(encoding="utf-8"))
    assert "phase1" in workflow["jobs"]["unit"]["strategy"]["matrix"]["part"]


# --- Installers of uv -----------------------------------------------------------------------------


INSTALLER = "https://astral.sh/uv/install.sh"


def test_the_same_installers_of_uv_are_shown() -> None:
    for page in (README, TUTORIAL):
        assert f"curl -LsSf {INSTALLER} | sh" in indented(page.read_text(encoding="utf-8"))
        assert "`pipx install uv`" in page.read_text(encoding="utf-8")


@pytest.mark.long
def test_the_installer_of_uv_works(tmp_path: Path) -> None:
    reached = subprocess.run(["curl", "-LsSf", "--max-time", "20", "-o", os.devnull, INSTALLER], check=False)
    if reached.returncode != 0:
        pytest.skip(f"{INSTALLER} cannot be reached")
    [command] = [line for line in indented(README.read_text(encoding="utf-8")) if INSTALLER in line]

    # It changes no shell of this machine.
    places = {"HOME": str(tmp_path), "UV_UNMANAGED_INSTALL": str(tmp_path / "bin")}
    subprocess.run(["sh", "-c", command], env=os.environ | places, check=True)

    subprocess.run([tmp_path / "bin" / "uv", "--version"], check=True)


@pytest.mark.long
def test_pipx_installs_uv(tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    places = {"PIPX_HOME": str(tmp_path / "home"), "PIPX_BIN_DIR": str(tmp_path / "bin")}

    subprocess.run([uv, "tool", "run", "pipx", "install", "uv"], env=os.environ | places, check=True)

    subprocess.run([tmp_path / "bin" / "uv", "--version"], check=True)


@pytest.mark.skipif(not [*Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED")], reason="only on Debian and Ubuntu")
def test_pip_of_the_system_refuses_to_install_uv() -> None:
    command = ["/usr/bin/python3", "-m", "pip", "install", "--dry-run", "uv"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode != 0
    assert "externally-managed-environment" in run.stderr or "No module named pip" in run.stderr


# --- The first version ----------------------------------------------------------------------------


def copy_service(template: Path, folder: Path) -> tuple[str, str]:
    """Write a service with Copier; return what Copier says, and the recorded version."""
    command = [sys.executable, "-m", "copier", "copy", "--defaults", "--data", "modules=[]", str(template), str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return run.stderr, yaml.safe_load((folder / ANSWERS).read_text(encoding="utf-8"))["_commit"]


def test_a_tag_makes_the_first_version_of_a_copy(tmp_path: Path) -> None:
    page = ROOT / "docs/how-to/run-phasework.md"
    [tagging] = [
        block.text for block in read_blocks(page.read_text(encoding="utf-8")) if block.text.startswith("git tag")
    ]
    copy, origin = copy_template(tmp_path / "phasework"), tmp_path / "phasework.git"
    commit_all(copy, "Begin")
    git(tmp_path, "clone", "--quiet", "--bare", str(copy), str(origin))
    git(copy, "remote", "add", "origin", str(origin))
    said, recorded = copy_service(copy, tmp_path / "before")
    assert NO_TAGS in said
    assert NO_TAGS in page.read_text(encoding="utf-8")
    assert recorded in git(copy, "rev-parse", "HEAD")

    run_commands(tagging, copy, {**GIT_VARIABLES, "PATH": f"{Path(shutil.which('git') or '').parent}:/usr/bin:/bin"})

    said, recorded = copy_service(copy, tmp_path / "after")
    assert (NO_TAGS in said, recorded) == (False, "v0.1.0")
    assert git(origin, "tag") == "v0.1.0\n"


# --- Conflicts and Renovate -----------------------------------------------------------------------


def test_a_conflict_ends_with_exit_code_3(tmp_path: Path) -> None:
    versions = make_versions(tmp_path / "phasework")
    service = versions.write(tmp_path / "service", {"modules": []})
    sentence = "The tests need no server and no settings."
    service.edit("README.md", sentence, "The tests need nothing.")
    service.commit()
    versions.release("v0.2.0", {"template/project/README.md.jinja": (sentence, "The tests need no server.")})

    run = subprocess.run(
        [*COMMAND, "update", "--defaults"],
        cwd=service.folder,
        env={**WORKING_TREE, **GIT_VARIABLES},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 3, run.stdout + run.stderr
    title = "in CONFLICT at these lines:\n  README.md: "
    assert title in run.stdout
    update_page = (ROOT / "docs/how-to/update-a-service.md").read_text(encoding="utf-8")
    assert title in update_page
    assert "0 after a merge without conflicts, 3 if there are conflicts" in update_page
    run_page = (ROOT / "docs/how-to/run-phasework.md").read_text(encoding="utf-8")
    assert "| 3 | an update has conflicts |" in run_page


def test_renovate_gets_the_full_url_of_the_template() -> None:
    page = ROOT / "docs/how-to/keep-many-services-current.md"
    [command] = re.findall(r"uvx --from git\+(\S+) phasework new", page.read_text(encoding="utf-8"))

    recorded = urlsplit(copier_address(command))

    assert (recorded.scheme, recorded.netloc) == ("https", "github.com")
    assert recorded.path.endswith(".git")


# --- The first request ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("defaults", marks=pytest.mark.xdist_group("defaults")),
        pytest.param("blank-async", marks=[pytest.mark.xdist_group("blank-async"), pytest.mark.long]),
    ],
)
def test_the_first_request_has_the_answer_in_the_readme(
    written: Callable[[str], Service], template: Path, tmp_path: Path, case: str
) -> None:
    service = written(case).copy(tmp_path / "service")
    blocks = [block.text for block in read_blocks((service.folder / "README.md").read_text(encoding="utf-8"))]
    [number] = [n for n, text in enumerate(blocks) if "uvicorn" in text]
    *preparing, server = blocks[number].splitlines()
    token, request = blocks[number + 2].splitlines()
    variables = shell_variables(tmp_path / "programs", service, template)
    run_commands("\n".join(preparing), service.folder, variables)

    with running(server, service.folder, variables) as address:
        asked = request.replace("127.0.0.1:8000", address).replace("curl", "curl --silent --show-error")
        run_commands(f"{token}\n{asked} >answer.json", service.folder, variables)

    assert (service.folder / "answer.json").read_text(encoding="utf-8") == blocks[number + 3].strip()
    assert json.loads(blocks[number + 3])["items"] == []


def test_our_readme_shows_the_same_request(written: Callable[[str], Service]) -> None:
    ours = README.read_text(encoding="utf-8")
    theirs = (written("defaults").folder / "README.md").read_text(encoding="utf-8")
    [answer] = [block.text for block in read_blocks(README.read_text(encoding="utf-8")) if block.language == "json"]
    commands = ours[ours.index("To run the service itself:") : ours.index("The answer is")]

    shown = [line[4:] for line in commands.splitlines() if line.startswith("    ")]

    assert len(shown) == 6
    assert [line for line in [*shown, answer.strip()] if line not in theirs.splitlines()] == []
