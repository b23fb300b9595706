"""Tests of the pre-commit hooks: a new service passes, and planted problems are not committed."""

import re
import secrets
import shutil
import string
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.checkouts import Checkout, check_out, check_out_hooks, check_out_service
from tests.support.revisions import revision
from tests.support.services import Service, lock

# tests/test_services.py runs these hooks in every form.
RUN_ELSEWHERE = "ruff-check,ruff-format,mypy"
ALPHABET = string.ascii_letters + string.digits
# Built at run time, because our own hooks would find them here.
SECRETS: dict[str, Callable[[], str]] = {
    "a key of AWS": lambda: f'KEY = "AKIA{text_of(16, string.ascii_uppercase)}"',
    "a private key": lambda: f"KEY = '''-----BEGIN {'RSA'} PRIVATE KEY-----\n{text_of(64)}\n'''",
    "a setting": lambda: f'JWT_SECRET = "{secrets.token_urlsafe(32)}"',
    "a URL": lambda: f'URL = "postgresql://clinic:{text_of(14)}@db.example.com/clinic"',
    "a token of GitHub": lambda: f'TOKEN = "ghp_{text_of(36)}"',
    "a token of Slack": lambda: (
        f'TOKEN = "xoxb-{text_of(12, string.digits)}-{text_of(12, string.digits)}-{text_of(24)}"'
    ),
}
MOCK = "from unittest.mock import AsyncMock\n\nmock = AsyncMock()\n"
IMPORT_OF_TESTS = "from tests.test_config import TEST_USER_ID\n\nUSER = TEST_USER_ID\n"
COMMIT = "\n\ndef pay(session: Session) -> None:\n    session.commit()\n"
NO_MOCK = "unittest.mock.AsyncMock stands for mock, without a spec, in tests/integration, where mocks are forbidden."
NO_TESTS = "Production code imports tests/test_config.py, a file of tests."
NO_COMMIT = "session.commit() commits in a service."
SERVICES = '[tool.phasework.import_validator]\nservices = ["*/service.py"]\n'


@pytest.fixture(scope="module")
def defaults(written: Callable[[str], Service], tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout of the default service with installed hooks."""
    checkout = check_out_service(written("defaults"), tmp_path_factory.mktemp("checkout") / "service")
    checkout.run("uv", "run", "--locked", "pre-commit", "install")
    return checkout


@pytest.fixture
def checkout(defaults: Checkout) -> Iterator[Checkout]:
    """A copy of the checkout that tests can change."""
    yield defaults
    defaults.restore()


@pytest.mark.xdist_group("pre-commit")
class TestHooksOfAService:
    """Commits with the hooks."""

    def test_new_service_passes_unchanged(self, checkout: Checkout) -> None:
        # tests/test_services.py runs mypy, and a planted fault shows that it runs here: tests/test_several_services.py.
        output = checkout.run("uv", "run", "--locked", "pre-commit", "run", "--all-files", skip="mypy")

        assert "Failed" not in output
        assert output.count("Passed") >= 10
        assert checkout.run("git", "status", "--porcelain") == ""

        assert [path.name for path in checkout.cache.glob("repo*")] == []

    def test_faults_are_not_committed(self, checkout: Checkout) -> None:
        service = "src/clinic_service/modules/patients/service.py"
        text = (checkout.folder / service).read_text(encoding="utf-8")
        conflict = f"{'<' * 7} before updating\nours\n{'=' * 7}\ntheirs\n{'>' * 7} after updating\n"
        for file, planted in {
            **{f"scripts/secret_{n}.py": f"{secret()}\n" for n, secret in enumerate(SECRETS.values())},
            "README.md.rej": "--- a\n",
            "removed/tests/unit/phase1/test_ours.py": "def test_ours() -> None: ...\n",
            "docs/conflict.md": conflict,
            "docs/long.md": "Notes\n\n\n",
            "docs/example.yml": "a: 1\na: 2\n",
            "tests/integration/test_mocks.py": MOCK,
            "src/clinic_service/core/users_of_tests.py": IMPORT_OF_TESTS,
            service: text + COMMIT,
            ".github/workflows/hole.yml": WORKFLOW,
            ".github/workflows/typo.yml": WORKFLOW.replace("timeout-minutes", "timeout"),
        }.items():
            checkout.add(file, planted)

        output = checkout.commit(expect=1, skip="mypy")

        printed = {
            "leftovers": "removed/tests/unit/phase1/test_ours.py",
            "merge-conflict": "docs/conflict.md:1: Merge conflict string",
            "end-of-file": "Fixing docs/long.md",
            "secrets": "scripts/secret_0.py:1",
            "ruff-check": "`unittest.mock` is banned: Integration and e2e tests use no mocks.",
            "import-linter": "clinic_service.core.users_of_tests -> tests (l.1)",
            "commit-in-service": f"{service}:",
            "yamllint": 'duplication of key "a"',
            "workflow-schema": "'timeout' was unexpected",
            "zizmor": "error[template-injection]",
        }
        reports = report_of_each_hook(output)
        assert list(reports) == list(printed)
        assert {hook: sentence for hook, sentence in printed.items() if sentence not in reports[hook]} == {}
        named = set(re.findall(r"scripts/secret_(\d)\.py:1", reports["secrets"]))
        assert named == {str(n) for n in range(len(SECRETS))}
        assert (checkout.folder / "docs/long.md").read_text(encoding="utf-8") == "Notes\n"

    def test_risks_of_a_migration_are_shown(self, checkout: Checkout) -> None:
        index = 'op.create_index("ix_patients_phone", "patients", ["phone"])'
        checkout.add("migrations/versions/patients_0002.py", revision("patients_0002", "patients_0001", index))

        output = checkout.run("uv", "run", "--locked", "pre-commit", "run", "migrations")

        assert "It blocks writes to patients while PostgreSQL builds the index ix_patients_phone" in output

    def test_marked_exception_is_committed(self, checkout: Checkout) -> None:
        checkout.add("scripts/secret.py", f"{SECRETS['a setting']()}  # pragma: allowlist secret\n")

        assert failed(checkout.commit(skip=RUN_ELSEWHERE)) == []


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("everything-async", marks=pytest.mark.xdist_group("everything-async")),
        pytest.param("blank", marks=[pytest.mark.xdist_group("blank"), pytest.mark.long]),
    ],
)
def test_hooks_find_nothing_in_a_new_service(written: Callable[[str], Service], tmp_path: Path, case: str) -> None:
    service = written(case)
    shutil.copytree(service.folder, tmp_path / "service", ignore=shutil.ignore_patterns(".*_cache", "__pycache__"))
    lock(tmp_path / "service")
    checkout = check_out(tmp_path / "service", service.environment)

    output = checkout.run("pre-commit", "run", "--all-files", skip=RUN_ELSEWHERE)

    assert failed(output) == []
    assert checkout.run("git", "status", "--porcelain") == ""


@pytest.mark.xdist_group("pre-commit")
class TestRepositoryOfOthers:
    """A repository that was not written by the template."""

    def test_our_hooks_work_with_try_repo(self, defaults: Checkout, tmp_path: Path) -> None:
        offered = check_out_hooks(tmp_path / "offered")
        (tmp_path / "theirs").mkdir()
        theirs = check_out(tmp_path / "theirs")
        theirs.add("tests/integration/test_mocks.py", MOCK)
        theirs.add("tests/test_config.py", "TEST_USER_ID = 1\n\n\ndef test_user() -> None:\n    assert TEST_USER_ID\n")
        theirs.add("pyproject.toml", SERVICES)
        theirs.add("src/shop/users.py", IMPORT_OF_TESTS)
        theirs.add("src/shop/orders/service.py", COMMIT.lstrip())
        theirs.add("src/shop/orders/router.py", COMMIT.lstrip())
        pre_commit = str(defaults.folder / ".venv/bin/pre-commit")

        output = theirs.run(pre_commit, "try-repo", str(offered.folder), "--all-files", expect=1)

        assert sorted(failed(output)) == ["import_validator", "mock_detector"]
        assert f"tests/integration/test_mocks.py:3:8: mock_detector: {NO_MOCK}" in output
        assert f"src/shop/users.py:1:1: import_validator: {NO_TESTS}" in output
        assert f"src/shop/orders/service.py:2:5: import_validator: {NO_COMMIT}" in output
        assert "router.py" not in output


WORKFLOW = """\
name: Hole

on: pull_request

permissions: {}

jobs:
  greet:
    name: Greet
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - run: echo "${{ github.event.pull_request.title }}"
"""


def failed(output: str) -> list[str]:
    """Return the ids of the failed hooks in order."""
    return list(report_of_each_hook(output))


def report_of_each_hook(output: str) -> dict[str, str]:
    """Return what each hook that failed printed, by its identifier."""
    reports = re.split(r"^.*\.(?:Passed|Failed|Skipped|\(no files to check\)Skipped)$\n?", output, flags=re.MULTILINE)
    found = [re.match(r"- hook id: (\S+)\n", report) for report in reports]
    return {match[1]: match.string for match in found if match and "- exit code:" in match.string}


def text_of(length: int, alphabet: str = ALPHABET) -> str:
    """Return random text."""
    return "".join(secrets.choice(alphabet) for _ in range(length))
