"""The hooks of a service, driven by pre-commit: a fresh service passes, and what is planted in it is not committed."""

import secrets
import string
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.checkouts import Checkout, check_out, check_out_hooks, check_out_service
from tests.support.services import Service

# tests/test_services.py runs these in every form.
RUN_ELSEWHERE = "ruff-check,ruff-format,mypy"
ALPHABET = string.ascii_letters + string.digits
# They are made when they are planted: our own hooks would find them here.
SECRETS = {
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
NO_MOCK = "unittest.mock.AsyncMock is a mock in tests/integration: use real servers here"
NO_TESTS = "imports tests.test_config, but tests are not installed in production"
NO_COMMIT = "session.commit() commits in a service: flush, and let the caller that opened the session commit"


@pytest.fixture(scope="module")
def defaults(written: Callable[[str], Service], tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout of the default service, whose hooks are installed."""
    checkout = check_out_service(written("defaults"), tmp_path_factory.mktemp("checkout") / "service")
    checkout.run("uv", "run", "--locked", "pre-commit", "install")
    return checkout


@pytest.fixture
def checkout(defaults: Checkout) -> Iterator[Checkout]:
    """The same, in which a test may plant something."""
    yield defaults
    defaults.restore()


@pytest.mark.xdist_group("pre-commit")
class TestHooksOfAService:
    """What a person sees who commits."""

    def test_fresh_service_passes_and_stays_as_it_is(self, checkout: Checkout) -> None:
        output = checkout.run("uv", "run", "--locked", "pre-commit", "run", "--all-files")

        assert "Failed" not in output
        assert output.count("Passed") >= 10
        assert checkout.run("git", "status", "--porcelain") == ""

    def test_nothing_is_cloned(self, checkout: Checkout) -> None:
        checkout.run("uv", "run", "--locked", "pre-commit", "run", "--all-files", skip=RUN_ELSEWHERE)

        assert [path.name for path in checkout.cache.glob("repo*")] == []

    @pytest.mark.parametrize("kind", SECRETS)
    def test_secret_is_not_committed(self, checkout: Checkout, kind: str) -> None:
        checkout.add("scripts/secret.py", f"{SECRETS[kind]()}\n")

        output = checkout.commit(expect=1, skip=RUN_ELSEWHERE)

        assert failed(output) == ["secrets"]
        assert "scripts/secret.py:1" in output

    def test_merge_conflict_is_not_committed(self, checkout: Checkout) -> None:
        checkout.add("docs/notes.md", f"{'<' * 7} before updating\nours\n{'=' * 7}\ntheirs\n{'>' * 7} after updating\n")

        output = checkout.commit(expect=1)

        assert failed(output) == ["merge-conflict"]
        assert "docs/notes.md:1: Merge conflict string" in output

    def test_change_that_an_update_could_not_make_is_not_committed(self, checkout: Checkout) -> None:
        checkout.add("README.md.rej", "--- a\n")

        output = checkout.commit(expect=1)

        assert failed(output) == ["rejected-changes"]
        assert "apply them by hand and delete the file." in output

    def test_mock_in_an_integration_test_is_not_committed(self, checkout: Checkout) -> None:
        checkout.add("tests/integration/test_mocks.py", MOCK)

        output = checkout.commit(expect=1, skip="mypy")

        assert failed(output) == ["ruff-check"]
        assert "`unittest.mock` is banned: Integration and e2e tests use no mocks." in output

    def test_import_of_tests_is_not_committed(self, checkout: Checkout) -> None:
        checkout.add("src/clinic_service/core/users_of_tests.py", IMPORT_OF_TESTS)

        output = checkout.commit(expect=1, skip="mypy")

        assert failed(output) == ["import-linter"]
        assert "clinic_service.core.users_of_tests -> tests (l.1)" in output

    def test_commit_in_a_service_is_not_committed(self, checkout: Checkout) -> None:
        file = "src/clinic_service/modules/patients/service.py"
        checkout.add(file, (checkout.folder / file).read_text(encoding="utf-8") + COMMIT)

        output = checkout.commit(expect=1, skip="mypy,ruff-check")

        assert failed(output) == ["commit-in-service"]
        assert f"{file}:" in output
        assert "session.commit()" in output

    def test_workflow_with_a_hole_is_not_committed(self, checkout: Checkout) -> None:
        checkout.add(".github/workflows/hole.yml", WORKFLOW)

        output = checkout.commit(expect=1)

        assert failed(output) == ["zizmor"]
        assert "error[template-injection]" in output

    def test_workflow_that_github_would_refuse_is_not_committed(self, checkout: Checkout) -> None:
        checkout.add(".github/workflows/typo.yml", WORKFLOW.replace("timeout-minutes", "timeout"))

        output = checkout.commit(expect=1)

        assert "workflow-schema" in failed(output)
        assert "'timeout' was unexpected" in output

    def test_yaml_with_a_key_twice_is_not_committed(self, checkout: Checkout) -> None:
        checkout.add("docs/example.yml", "a: 1\na: 2\n")

        output = checkout.commit(expect=1)

        assert failed(output) == ["yamllint"]
        assert 'duplication of key "a"' in output

    def test_hook_repairs_the_end_of_a_file(self, checkout: Checkout) -> None:
        checkout.add("docs/notes.md", "Notes\n\n\n")

        assert failed(checkout.commit(expect=1)) == ["end-of-file"]
        assert (checkout.folder / "docs/notes.md").read_text(encoding="utf-8") == "Notes\n"

    def test_exception_that_is_marked_is_committed(self, checkout: Checkout) -> None:
        checkout.add("scripts/secret.py", f"{SECRETS['a setting']()}  # pragma: allowlist secret\n")

        assert failed(checkout.commit(skip=RUN_ELSEWHERE)) == []


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.xdist_group(case)) for case in ("async", "blank", "patients")]
)
def test_hooks_find_nothing_in_a_fresh_service(written: Callable[[str], Service], tmp_path: Path, case: str) -> None:
    checkout = check_out_service(written(case), tmp_path / "service")

    output = checkout.run("uv", "run", "--locked", "pre-commit", "run", "--all-files", skip=RUN_ELSEWHERE)

    assert failed(output) == []
    assert checkout.run("git", "status", "--porcelain") == ""


@pytest.mark.xdist_group("pre-commit")
class TestRepositoryOfOthers:
    """A repository that this template did not write."""

    def test_tries_our_hooks_and_is_told(self, defaults: Checkout, tmp_path: Path) -> None:
        offered = check_out_hooks(tmp_path / "offered")
        (tmp_path / "theirs").mkdir()
        theirs = check_out(tmp_path / "theirs")
        theirs.add("tests/integration/test_mocks.py", MOCK)
        theirs.add("src/shop/users.py", IMPORT_OF_TESTS)
        theirs.add("src/shop/orders/service.py", COMMIT.lstrip())
        theirs.add("src/shop/orders/router.py", COMMIT.lstrip())
        pre_commit = str(defaults.folder / ".venv/bin/pre-commit")

        output = theirs.run(pre_commit, "try-repo", str(offered.folder), "--all-files", expect=1)

        assert sorted(failed(output)) == ["import_direction", "mock_policy"]
        assert f"tests/integration/test_mocks.py:1:1: {NO_MOCK}" in output
        assert f"src/shop/users.py:1:1: {NO_TESTS}" in output
        assert f"src/shop/orders/service.py:2:5: {NO_COMMIT}" in output
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
    """Return the identifiers of the hooks that failed, in their order."""
    lines = output.splitlines()
    return [after.removeprefix("- hook id: ") for line, after in pairwise(lines) if line.endswith("Failed")]


def text_of(length: int, alphabet: str = ALPHABET) -> str:
    """Return text that nobody can guess."""
    return "".join(secrets.choice(alphabet) for _ in range(length))
