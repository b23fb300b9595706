"""Two services in one repository: git runs the hooks of each, and GitHub its workflow, for its own files only."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from phasework import cli
from phasework.root_files import hook_of
from tests.support.checkouts import Checkout, check_out
from tests.support.environments import cache_of_types
from tests.support.services import ROOT, Service, lock, program, read_files
from tests.support.updates import WORKING_TREE, make_versions
from tests.support.workflows import read_jobs, run_job, run_step
from tests.test_pre_commit import COMMIT, IMPORT_OF_TESTS, SECRETS

pytestmark = pytest.mark.xdist_group("several-services")

SERVICES = {"orders": "services/orders", "stock": "services/stock"}
HOOKS = ".pre-commit-config.yaml"
OURS = """\
# The hooks of our team.
repos:
  - repo: local
    hooks:
      - id: no-todo
        name: no TODO
        entry: TODO
        language: pygrep
        files: ^notes/
"""
# tests/test_services.py runs these in every form, and a planted fault shows that mypy runs here.
RUN_ELSEWHERE = "mypy,ruff-check,ruff-format"


@pytest.fixture(scope="module")
def repository(written: Callable[[str], Service], tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A repository of a team, with hooks of its own and two services."""
    folder = tmp_path_factory.mktemp("several") / "shop"
    (folder / "notes").mkdir(parents=True)
    (folder / "notes" / "plan.md").write_text("Open on Monday.\n", encoding="utf-8")
    (folder / HOOKS).write_text(OURS, encoding="utf-8")
    checkout = check_out(folder, written("patients").environment)
    template = make_versions(folder.with_name("versions"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHASEWORK_VERSION", WORKING_TREE["PHASEWORK_VERSION"])
        # The dependencies are locked below.
        patch.setenv("UV", "true")
        patch.chdir(folder)
        for name, place in SERVICES.items():
            answers = ["--data", f"project_name={name}", "--data", "modules=[patients]"]
            with pytest.raises(SystemExit) as end:
                cli.app(["new", "--defaults", "--join-repository", "--template", str(template.folder), *answers, place])
            assert end.value.code == 0
            lock(folder / place)
    checkout.run("git", "add", "--all")
    checkout.run("git", "commit", "--quiet", "--message", "Write two services")
    return checkout


@pytest.fixture
def checkout(repository: Checkout) -> Iterator[Checkout]:
    """The repository, which tests can change."""
    head = repository.run("git", "rev-parse", "HEAD").strip()
    yield repository
    repository.run("git", "reset", "--quiet", "--hard", head)


def workflow_of(checkout: Checkout, name: str) -> Path:
    """Return the workflow of a service."""
    return checkout.folder / f".github/workflows/services-{name}.yml"


def test_only_the_root_has_what_is_read_only_there(repository: Checkout) -> None:
    files = read_files(repository.folder)

    assert sorted(path for path in files if "/workflows/" in f"/{path}") == [
        ".github/workflows/services-orders.yml",
        ".github/workflows/services-stock.yml",
    ]
    assert files[HOOKS].decode().startswith(OURS)
    assert [hook["id"] for entry in yaml.safe_load(files[HOOKS])["repos"] for hook in entry["hooks"]] == [
        "no-todo",
        "services-orders",
        "services-stock",
    ]


class TestHooks:
    """The hooks at the root."""

    def test_new_services_pass(self, checkout: Checkout) -> None:
        output = run_hooks(checkout, RUN_ELSEWHERE, expect=0)

        assert output.count("Passed") == 3

    def test_faults_are_found_in_their_service(self, checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
        service = "src/orders/modules/patients/service.py"
        text = (checkout.folder / SERVICES["orders"] / service).read_text(encoding="utf-8")
        for file, planted in {
            "removed/docs/ours.md": "Ours.\n",
            "docs/example.yml": "a: 1\na: 2\n",
            "docs/long.md": "Notes\n\n\n",
            "scripts/planted.py": f"import os\n{SECRETS['a setting']()}\nNUMBER: int = 'one'\n",
            "src/orders/core/users_of_tests.py": IMPORT_OF_TESTS,
            service: text + COMMIT,
        }.items():
            checkout.add(f"{SERVICES['orders']}/{file}", planted)

        assert checkout.environment is not None
        with cache_of_types(checkout.environment) as variables:
            monkeypatch.setenv(*variables.popitem())
            output = run_hooks(checkout, "", expect=1)

        assert "- hook id: services-orders" in output
        assert "- hook id: services-stock" not in output
        for finding in (
            "services/orders/removed/docs/ours.md",
            'duplication of key "a"',
            "Fixing services/orders/docs/long.md",
            "services/orders/scripts/planted.py:2",
            "F401",
            "error: Incompatible types in assignment",
            "orders.core.users_of_tests -> tests (l.1)",
            f"services/orders/{service}:",
        ):
            assert finding in output

    def test_a_service_checks_its_own_files_as_in_ci(self, checkout: Checkout) -> None:
        checkout.add("services/stock/docs/long.md", "Notes\n\n\n")

        run_job(read_jobs(workflow_of(checkout, "orders"))["lint"], checkout.folder, variables(checkout))

        assert (checkout.folder / "services/stock/docs/long.md").read_text(encoding="utf-8") == "Notes\n\n\n"

    def test_the_guide_shows_the_hook(self) -> None:
        guide = (ROOT / "docs/how-to/several-services-in-one-repository.md").read_text(encoding="utf-8")
        shown = yaml.safe_load(guide.partition("```yaml\n")[2].partition("```")[0])

        assert shown["repos"] == yaml.safe_load(hook_of(SERVICES["orders"], "services-orders"))


def run_hooks(checkout: Checkout, skip: str, expect: int) -> str:
    """Run all hooks of the root."""
    return checkout.run(program("pre-commit"), "run", "--all-files", expect=expect, skip=skip)


def variables(checkout: Checkout) -> dict[str, str]:
    """Return the variables for steps of a workflow."""
    return checkout.variables(RUN_ELSEWHERE) | {"TEST_DATABASE_URL": "", "REDIS_URL": ""}


class TestWorkflows:
    """The workflow of each service."""

    @pytest.mark.parametrize(
        ("changed", "found"),
        [
            ("services/orders/README.md", ["orders"]),
            ("services/stock/new.md", ["stock"]),
            (".github/workflows/services-stock.yml", ["stock"]),
            ("services/orders-of-last-year.md", []),
            ("notes/plan.md", []),
        ],
    )
    def test_jobs_run_for_changes_of_their_service(
        self, checkout: Checkout, tmp_path: Path, changed: str, found: list[str]
    ) -> None:
        checkout.run("git", "checkout", "--quiet", "-B", "change")
        file = checkout.folder / changed
        checkout.add(changed, f"{file.read_text(encoding='utf-8') if file.exists() else ''}# Changed.\n")
        checkout.commit()
        # What GitHub checks out for a pull request.
        checkout.run("git", "checkout", "--quiet", "--detach", "main")
        checkout.run("git", "merge", "--quiet", "--no-ff", "--no-edit", "change")

        assert [name for name in SERVICES if compare(checkout, name, "HEAD^1", tmp_path)] == found
        assert [name for name in SERVICES if compare(checkout, name, "main", tmp_path)] == found
        # A push, and a run that is started by hand, have no base.
        assert [name for name in SERVICES if compare(checkout, name, "", tmp_path)] == [*SERVICES]
        checkout.run("git", "checkout", "--quiet", "main")

    def test_steps_work_in_the_folder_of_the_service(self, checkout: Checkout) -> None:
        jobs = read_jobs(workflow_of(checkout, "orders"))
        few = {"PYTEST_ADDOPTS": "-n 0 -k test_clock"}
        job = jobs["unit"] | {"strategy": {"matrix": {"part": ["not phase3"], "python": ["3.11"]}}}

        run_job(job, checkout.folder, variables(checkout) | few | {"COVERAGE_FILE": ".coverage.unit.0"})

        uploaded = [step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", "")]
        assert uploaded == ["services/orders/${{ env.COVERAGE_FILE }}"]
        assert (checkout.folder / "services/orders/.coverage.unit.0").is_file()

    @pytest.mark.parametrize("name", SERVICES)
    def test_actions_get_paths_from_the_root(self, repository: Checkout, name: str) -> None:
        folder = SERVICES[name]
        jobs = read_jobs(workflow_of(repository, name))

        inputs = [step["with"] for job in jobs.values() for step in job["steps"] if "with" in step]
        assert {given["working-directory"] for given in inputs if "enable-cache" in given} == {folder}
        assert {given["context"] for given in inputs if "context" in given} == {folder}
        assert {given["cache-from"] for given in inputs if "cache-from" in given} == {f"type=gha,scope=services-{name}"}
        assert {given["files"] for given in inputs if "files" in given} == {f"{folder}/coverage.xml"}
        assert {given.get("path") for given in inputs if "pattern" in given} == {folder}
        in_service = {job for job, steps in jobs.items() if "uv run" in str(steps)}
        assert {job for job, steps in jobs.items() if "defaults" in steps} == in_service
        assert {jobs[job]["defaults"]["run"]["working-directory"] for job in in_service} == {folder}

    def test_nothing_is_shared_that_github_knows_by_name(self, repository: Checkout) -> None:
        orders, stock = (yaml.safe_load(workflow_of(repository, name).read_text(encoding="utf-8")) for name in SERVICES)

        for find in NAMES:
            assert find(orders) != find(stock)

    def test_a_required_check_is_always_reported(self, repository: Checkout) -> None:
        workflow = yaml.safe_load(workflow_of(repository, "orders").read_text(encoding="utf-8"))

        # YAML reads the key `on` as true. GitHub never reports a check of a workflow that `paths` keeps from running.
        assert workflow[True]["pull_request"] is None
        assert workflow[True]["merge_group"] is None
        assert workflow[True]["push"]["paths"] == ["services/orders/**", ".github/workflows/services-orders.yml"]
        jobs = workflow["jobs"]
        skipped = {name for name, job in jobs.items() if "changes" in str(job.get("if", ""))}
        (judged,) = (step["with"] for step in jobs["passed"]["steps"])
        assert all(name in judged["allowed-skips"] for name in skipped | {"gates"})
        assert set(jobs["passed"]["needs"]) == skipped | {"changes", "gates"}


NAMES: tuple[Callable[[dict[Any, Any]], object], ...] = (
    lambda workflow: workflow["name"],
    lambda workflow: workflow["jobs"]["passed"]["name"],
    lambda workflow: workflow["jobs"]["deploy"]["environment"],
    lambda workflow: workflow["jobs"]["deploy"]["concurrency"]["group"],
    lambda workflow: [step["run"] for step in workflow["jobs"]["publish"]["steps"] if step.get("id") == "push"],
)


def compare(checkout: Checkout, name: str, base: str, folder: Path) -> bool:
    """Return whether the job `changes` of a service finds changes."""
    steps = read_jobs(workflow_of(checkout, name))["changes"]["steps"]
    output = folder / "output"
    output.unlink(missing_ok=True)
    script = next(step["run"] for step in steps if "run" in step)
    run_step(script, checkout.folder, dict(os.environ) | {"BASE": base, "GITHUB_OUTPUT": str(output)})
    return output.read_text(encoding="utf-8") == "found=true\n"
