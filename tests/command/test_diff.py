"""`phasework diff` finds each kind of drift, and nothing else."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from phasework.cli import app
from tests.support.updates import FIRST, LivingService, ServiceCache, commit_all, git, make_versions

pytestmark = pytest.mark.xdist_group("diff")

SERVICE = "src/library/modules/loans/service.py"
ANSWERS = {"project_name": "Library", "domain": "blank", "own_modules": {"loans": {"fields": {"title": "str"}}}}


@pytest.fixture(scope="module")
def service_cache(tmp_path_factory: pytest.TempPathFactory) -> ServiceCache:
    """A cache of what the template writes."""
    return ServiceCache(make_versions(tmp_path_factory.mktemp("versions")), tmp_path_factory.mktemp("service_cache"))


@pytest.fixture(autouse=True)
def cached_services(service_cache: ServiceCache) -> Iterator[None]:
    """Use the cache for what the template writes."""
    with service_cache.serve_old_services():
        yield


@pytest.fixture
def service(service_cache: ServiceCache, tmp_path: Path) -> LivingService:
    """A service that is as the template wrote it, with files that only its team has."""
    service = service_cache.begin(tmp_path / "library", ANSWERS, FIRST)
    service.write("uv.lock", "")
    service.write("src/library/modules/loans/fines.py", '"""Fines of loans."""\n')
    service.commit()
    return service


def diff(service: LivingService, *arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["diff", "--folder", str(service.folder), *arguments])


def test_a_service_without_edits_does_not_differ(service: LivingService) -> None:
    outcome = diff(service)

    assert outcome.exit_code == 0
    assert outcome.stdout.startswith(
        f"No file differs from what {FIRST} of the template writes for the recorded answers"
    )
    assert diff(service, "--format", "patch").stdout_bytes == b""


def test_every_kind_of_drift_is_found(service: LivingService) -> None:
    text = service.read("docs/testing.md")
    service.add_line(SERVICE, "# Ours.")
    git(service.folder, "mv", "docs/testing.md", "docs/how-we-test.md")
    service.commit()
    # What is not committed counts, too.
    (service.folder / "renovate.json").unlink()
    service.add_line("README.md", "Ours.")
    service.add_line("migrations/versions/loans_0001.py", "# A comment.")
    before = service.status()

    outcome = diff(service)
    found = json.loads(diff(service, "--format", "json").stdout)

    assert outcome.exit_code == 1
    assert outcome.stdout.splitlines()[1:5] == [
        "  changed README.md",
        "  moved   docs/testing.md -> docs/how-we-test.md",
        "  deleted renovate.json",
        f"  changed {SERVICE}",
    ]
    assert found["version"] == FIRST
    assert found["differences"][1:3] == [
        {"path": "docs/testing.md", "kind": "moved", "now": "docs/how-we-test.md"},
        {"path": "renovate.json", "kind": "deleted", "now": None},
    ]
    assert service.status() == before
    assert service.read("docs/how-we-test.md") == text


def test_a_patch_brings_back_what_the_template_writes(service: LivingService, tmp_path: Path) -> None:
    service.add_line(SERVICE, "# Ours.")
    git(service.folder, "mv", "docs/testing.md", "docs/how-we-test.md")
    (service.folder / "renovate.json").unlink()
    patch = diff(service, "--format", "patch")
    (tmp_path / "drift.patch").write_bytes(patch.stdout_bytes)

    git(service.folder, "apply", "--reverse", str(tmp_path / "drift.patch"))

    assert patch.exit_code == 1
    assert diff(service).exit_code == 0


def test_only_chosen_files_are_compared(service: LivingService) -> None:
    service.add_line(SERVICE, "# Ours.")

    assert diff(service, "tests/suite", "./README.md").exit_code == 0
    assert diff(service, "tests/suite", "src/library/").exit_code == 1
    unknown = diff(service, "src/library/modules/loans/fines.py")
    assert unknown.exit_code == 2
    assert "fines.py: the template writes no such file or folder into this service." in unknown.stderr


def test_edited_answers_are_drift(service: LivingService) -> None:
    service.edit(".copier-answers.yml", "title: str", "subject: str")

    outcome = diff(service)

    assert outcome.exit_code == 1
    assert f"  changed {SERVICE}\n" not in outcome.stdout
    assert "  changed src/library/modules/loans/models.py\n" in outcome.stdout


def test_another_format_is_no_drift(service: LivingService) -> None:
    (service.folder / ".venv").symlink_to(sys.prefix)
    ruff = service.folder / ".venv/bin/ruff"
    version = subprocess.run([ruff, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    service.write("uv.lock", f'[[package]]\nname = "ruff"\nversion = "{version}"\n')
    service.edit("pyproject.toml", "line-length = 120", "line-length = 60")
    subprocess.run([ruff, "format", "--quiet"], cwd=service.folder, check=True)
    service.commit("Format")
    service.add_line(SERVICE, "# Ours.")

    outcome = diff(service)

    assert len(git(service.folder, "diff", "--name-only", "HEAD~", "--", "*.py").splitlines()) > 10
    assert outcome.stdout.splitlines()[1:3] == ["  changed pyproject.toml", f"  changed {SERVICE}"]
    assert "could not be formatted" not in outcome.stdout


def test_a_service_in_a_folder_of_a_repository(service_cache: ServiceCache, tmp_path: Path) -> None:
    answers = ANSWERS | {"repository_folder": "services/library"}
    folder = tmp_path / "services" / "library"
    service = LivingService(service_cache.fresh(answers, FIRST)).copy(folder)
    (folder / ".github").rename(tmp_path / ".github")
    commit_all(tmp_path, "Begin")
    workflow = next((tmp_path / ".github/workflows").iterdir())
    unedited = diff(service)
    workflow.write_text("# Ours.\n", encoding="utf-8")

    outcome = diff(service)

    assert unedited.exit_code == 0
    assert outcome.stdout.splitlines()[1] == f"  changed ../../.github/workflows/{workflow.name}"
    assert f"+++ b/.github/workflows/{workflow.name}" in diff(service, "--format", "patch").stdout


def test_what_prevents_a_comparison_has_an_exit_code_of_its_own(service: LivingService, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    nothing = diff(LivingService(tmp_path / "empty"))
    shutil.rmtree(service.folder / ".git")
    no_repository = diff(service)

    assert nothing.exit_code == no_repository.exit_code == 2
    assert (
        nothing.stderr
        == f"There is no .copier-answers.yml in {tmp_path / 'empty'}: run the command in the folder of a service.\n"
    )
    assert no_repository.stderr.startswith("git: not a git repository")
