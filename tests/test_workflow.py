"""Tests of the workflow of a service: its steps run here as on GitHub."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from tests.support.environments import FOLDER
from tests.support.services import Service, write_files
from tests.support.workflows import JobFailed, read_jobs, run_job, run_step

WORKFLOW = ".github/workflows/test-deploy.yml"
TESTS = ("unit", "integration")
BIN = Path(sys.executable).parent


@pytest.fixture(scope="session")
def repository(written: Callable[[str], Service], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed service with one module and a lock file."""
    folder = tmp_path_factory.mktemp("workflow") / "repository"
    write_files(folder, written("patients").files)
    run("uv", "lock", "--quiet", "--python", sys.executable, cwd=folder)
    run("git", "init", "--quiet", cwd=folder)
    run("git", "add", "--all", cwd=folder)
    run(
        "git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "Start", cwd=folder
    )
    return folder


@pytest.fixture
def checkout(repository: Path, tmp_path: Path) -> Path:
    """A clean checkout of the repository."""
    run("git", "clone", "--quiet", str(repository), str(tmp_path / "checkout"), cwd=tmp_path)
    return tmp_path / "checkout"


@pytest.fixture(scope="session")
def environment() -> Iterator[Path]:
    """The folder of an environment, which uv makes for the first checkout, and adapts to each other one."""
    # Not below pytest's own folder: each pytest closes it to the user that runs PostgreSQL in place of root.
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="workflow-", dir=FOLDER) as folder:
        yield Path(folder) / ".venv"


@pytest.fixture
def variables(tmp_path: Path, environment: Path) -> dict[str, str]:
    """The variables that differ here: one Python, one environment, and the servers that the suite starts itself."""
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
        # tests/test_pre_commit.py runs it as a hook.
        "SKIP": "mypy",
        "UV_PROJECT_ENVIRONMENT": str(environment),
        "UV_PYTHON": sys.executable,
        "VIRTUAL_ENV": "",
        "REDIS_URL": "",
        "TEST_DATABASE_URL": "",
    }


@pytest.mark.xdist_group("workflow")
def test_steps_pass_in_a_clean_checkout(checkout: Path, variables: dict[str, str]) -> None:
    jobs = jobs_for_one_python(checkout)

    for name in ("lint", *TESTS, "gates"):
        run_job(jobs[name], checkout, variables)

    # The combined coverage data stay the same; only the gates decide.
    service = next(checkout.glob("src/*/modules/patients/service.py"))
    untested = "\n\ndef untested(number: int) -> int:\n" + "    number += 1\n" * 200 + "    return number\n"
    service.write_text(service.read_text(encoding="utf-8") + untested, encoding="utf-8")
    combined = {"COVERAGE_FILE": str(shutil.copy(checkout / ".coverage", checkout / "data"))}
    steps = jobs["gates"]["steps"]
    checking = {"steps": [step for step in steps if "coverage combine" not in step.get("run", "")]}

    with pytest.raises(JobFailed, match="Below their gate: patients"):
        run_job(checking, checkout, variables | combined)


@pytest.mark.xdist_group("workflow")
@pytest.mark.parametrize(
    ("job", "files"),
    [
        ("lint", ["tests/unit/phase3/test_planted.py"]),
        ("unit", ["tests/unit/phase3/test_planted.py"]),
        ("unit", ["tests/unit/core/test_planted.py", "tests/api/test_planted.py"]),
        ("integration", ["tests/e2e/test_planted.py"]),
    ],
)
def test_planted_fault_fails_its_job(checkout: Path, variables: dict[str, str], job: str, files: list[str]) -> None:
    fault = "import os\n" if job == "lint" else "def test_planted() -> None:\n    assert 1 == 2\n"
    for file in files:
        (checkout / file).write_text(fault, encoding="utf-8")
        run("git", "add", file, cwd=checkout)
    # Only a few of the other tests: all of them pass above.
    few = {"PYTEST_ADDOPTS": "--no-cov -k 'planted or test_patients_api or test_clock'"}

    with pytest.raises(JobFailed) as error:
        run_job(jobs_for_one_python(checkout)[job], checkout, variables | few)

    expected = ["F401"] if job == "lint" else [f"FAILED {file}::test_planted" for file in files]
    assert [sentence for sentence in expected if sentence not in str(error.value)] == []


@pytest.mark.xdist_group("sixty")
def test_large_suite_is_sharded_by_stored_durations(written: Callable[[str], Service], tmp_path: Path) -> None:
    service = written("sixty")
    job = read_jobs(service.folder / WORKFLOW)["integration"]
    shards = job["strategy"]["matrix"]["shard"]
    command = next(step["run"] for step in job["steps"] if "--splits" in step.get("run", ""))
    whole = collect(service)
    durations = tmp_path / "durations"
    durations.write_text(json.dumps(dict.fromkeys(whole, 0.1) | {whole[0]: 60}), encoding="utf-8")

    parts = [collect(service, *split(command, shard), "--durations-path", str(durations)) for shard in shards]

    assert shards == [1, 2, 3]
    assert sorted(test for part in parts for test in part) == sorted(whole)
    assert min(parts, key=len) == [whole[0]]


def split(command: str, shard: int) -> list[str]:
    """Return the options of pytest in a shard, without the folders."""
    known = {"SHARD": str(shard), "GITHUB_RUN_ID": "17"}
    words = [Template(word).substitute(known) for word in shlex.split(command)]
    return words[words.index("--randomly-seed") :]


def collect(service: Service, *options: str) -> list[str]:
    """Return the integration tests that a run collects."""
    output = service.run("pytest", "tests/integration", "--collect-only", "-q", "--no-cov", *options)
    return [line for line in output.splitlines() if "::" in line]


def jobs_for_one_python(checkout: Path) -> dict[str, dict[str, Any]]:
    """Return the jobs of the workflow, limited to the current Python version."""
    jobs = read_jobs(checkout / WORKFLOW)
    pythons = jobs["unit"]["strategy"]["matrix"]["python"]
    del pythons[1:]
    return jobs


def run(*command: str, cwd: Path) -> str:
    """Run a command and return its output; a failure fails the test."""
    ours = os.environ | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=cwd, env=ours, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)} exited {done.returncode}:\n{done.stdout}"
    return done.stdout


@pytest.mark.xdist_group("workflow")
@pytest.mark.skipif(not shutil.which("jq"), reason="jq, which GitHub's runners have, is not on this machine")
class TestDelivery:
    """The jobs `publish` and `deploy`, with a double of docker that records its calls."""

    @pytest.fixture
    def docker(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The file with the recorded calls; the image also has another name with another digest."""
        calls = tmp_path / "calls"
        digests = ["built@sha256:1", "ghcr.io/acme/clinic@sha256:2"]
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir()
        answer = json.dumps([{"RepoDigests": digests}])
        program.write_text(f"#!/bin/sh\necho \"$@\" >> '{calls}'\n[ \"$1\" != inspect ] || echo '{answer}'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        return calls

    def test_the_pushed_image_is_passed_on_by_digest(self, repository: Path, docker: Path, tmp_path: Path) -> None:
        output = tmp_path / "output"
        variables = {"GITHUB_REPOSITORY": "Acme/Clinic", "GITHUB_SHA": "c0ffee", "GITHUB_OUTPUT": str(output)}

        run_job(read_jobs(repository / WORKFLOW)["publish"], tmp_path, variables)

        assert output.read_text(encoding="utf-8") == (
            "image=ghcr.io/acme/clinic@sha256:2\nname=ghcr.io/acme/clinic\ndigest=sha256:2\n"
        )
        assert "push ghcr.io/acme/clinic:c0ffee" in docker.read_text(encoding="utf-8").splitlines()

    def test_the_pushed_image_gets_a_signed_provenance(self, repository: Path) -> None:
        job = read_jobs(repository / WORKFLOW)["publish"]

        steps = {str(step.get("uses")).partition("@")[0]: step for step in job["steps"]}

        assert steps["actions/attest-build-provenance"]["with"] == {
            "subject-name": "${{ steps.push.outputs.name }}",
            "subject-digest": "${{ steps.push.outputs.digest }}",
            "push-to-registry": True,
        }
        assert job["permissions"] == {"attestations": "write", "id-token": "write", "packages": "write"}

    @pytest.mark.parametrize(
        ("url", "calls"),
        [("postgresql://db/clinic", "run --rm --env DATABASE_URL clinic@sha256:2 alembic upgrade heads\n"), ("", "")],
    )
    def test_migration_runs_before_the_deploy_command(
        self, repository: Path, docker: Path, tmp_path: Path, url: str, calls: str
    ) -> None:
        docker.touch()
        steps = {step.get("name"): step["run"] for step in self.steps_of_a_deployment(repository)}
        variables = {
            "DATABASE_URL": url,
            "IMAGE": "clinic@sha256:2",
            "DEPLOY_COMMAND": f"cp {docker} before; echo $IMAGE > deployed",
        }

        for name in ("Migrate the database", "Run the deploy command"):
            run_step(steps[name], tmp_path, variables)

        assert (tmp_path / "before").read_text(encoding="utf-8") == calls
        assert (tmp_path / "deployed").read_text(encoding="utf-8") == "clinic@sha256:2\n"

    def test_nothing_is_deployed_without_a_deploy_command(self, repository: Path) -> None:
        first, *others = read_jobs(repository / WORKFLOW)["deploy"]["steps"]

        assert first["if"] == "vars.DEPLOY_COMMAND == ''"
        assert "DEPLOY_COMMAND" in first["run"]
        assert "docs/ci.md" in first["run"]
        assert {step["if"] for step in others} == {"vars.DEPLOY_COMMAND != ''"}

    @staticmethod
    def steps_of_a_deployment(repository: Path) -> list[dict[str, Any]]:
        """Return the script steps of a deployment."""
        steps = read_jobs(repository / WORKFLOW)["deploy"]["steps"]
        return [step for step in steps if "run" in step and step["if"] == "vars.DEPLOY_COMMAND != ''"]


def test_a_merge_queue_starts_the_workflow(written: Callable[[str], Service]) -> None:
    # GitHub waits for the check `Passed` in the queue, too.
    text = (written("defaults").folder / ".github/workflows/test-deploy.yml").read_text(encoding="utf-8")

    # YAML reads the key `on` as true.
    assert yaml.safe_load(text)[True].keys() == {"pull_request", "merge_group", "push", "workflow_dispatch"}
