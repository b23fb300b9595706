"""Tests of the static checks of a service: import-linter's contracts, ruff's banned imports, and a pattern."""

import re
import shutil
import tomllib
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from tests.support.services import ROOT, Service

CASES = {"sync": "defaults", "async": "async"}
NO_TESTS = "Source code does not import tests"
LAYERS = "Modules build on core, and core builds on gateways"
# The file that breaks a contract, what it imports, and the chain that import-linter reports.
FORBIDDEN_IMPORTS = [
    (NO_TESTS, "core/planted.py", "import tests.support.settings", "core.planted -> tests (l.1)"),
    (NO_TESTS, "core/planted.py", "from tests import test_config", "core.planted -> tests (l.1)"),
    (NO_TESTS, "gateways/planted.py", "from tests.test_config import X", "gateways.planted -> tests (l.1)"),
    (NO_TESTS, "planted.py", "def load():\n    from tests import test_config", "planted -> tests (l.2)"),
    (NO_TESTS, "modules/planted.py", "if TYPE_CHECKING:\n    import tests", "modules.planted -> tests (l.2)"),
    (LAYERS, "core/planted.py", "from ..modules import patients", "core.planted -> {package}.modules.patients (l.1)"),
    (LAYERS, "core/planted.py", "from ..main import create_app", "core.planted -> {package}.main (l.1)"),
    (
        LAYERS,
        "gateways/planted.py",
        "from ..core.clock import utcnow",
        "gateways.planted -> {package}.core.clock (l.1)",
    ),
    (LAYERS, "gateways/planted.py", "import {package}.modules", "gateways.planted -> {package}.modules (l.1)"),
]
MOCKS = [
    "from unittest.mock import AsyncMock",
    "from unittest import mock",
    "import unittest.mock",
    "def load():\n    from mock import patch",
    "import pytest_mock",
    "import respx",
    "import responses",
    "from moto import mock_aws",
    "from tests.suite.mocks import mocked",
    "from tests.test_utils import create_mock_service",
    "from tests import test_utils\ntest_utils.create_session_mock()",
    "from {dots}test_utils import ProperAsyncMock",
]
ALLOWED = ["from tests.test_utils import TenantContext", "import moto.server", "from unittest import TestCase"]
COMMITS = [
    "session.commit()",
    "    await self.session.commit()",
    "    with self.db_session.begin() as transaction:",
    "def f(db: AsyncSession): db.commit()",
]
NO_COMMITS = [
    "session.flush()",
    "with session.begin_nested(): pass",
    "session.rollback()",
    "with sessions.begin() as session:",
    "session.commit",
    "session.commit()  # allow-commit: nobody calls this within a transaction",
]


@pytest.fixture(params=[pytest.param(form, marks=pytest.mark.xdist_group(CASES[form])) for form in CASES])
def service(request: pytest.FixtureRequest, written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of the default service, in each form, that the test may change."""
    original = written(CASES[request.param])
    folder = shutil.copytree(original.folder, tmp_path / "service", ignore=shutil.ignore_patterns(".*_cache"))
    return replace(original, folder=folder)


class TestContracts:
    """The contracts of import-linter in `pyproject.toml`."""

    def test_fresh_service_keeps_them(self, service: Service) -> None:
        assert f"{NO_TESTS} KEPT {LAYERS} KEPT Contracts: 2 kept, 0 broken." in lint_imports(service, expect=0)

    @pytest.mark.parametrize("contract", [NO_TESTS, LAYERS])
    def test_forbidden_imports_break_their_contract(self, service: Service, contract: str) -> None:
        planted = [entry[1:] for entry in FORBIDDEN_IMPORTS if entry[0] == contract]
        chains = []
        for number, (file, source, chain) in enumerate(planted):
            name = file.replace("planted", f"planted_{number}")
            plant(service, f"src/{service.package}/{name}", source.replace("{package}", service.package))
            chains.append(chain.replace("planted ", f"planted_{number} ").replace("{package}", service.package))

        output = lint_imports(service, expect=1)

        assert f"{contract} BROKEN" in output
        assert "1 kept, 1 broken." in output
        assert [chain for chain in chains if f"{service.package}.{chain}" not in output] == []

    def test_folder_that_import_linter_overlooks_is_reported_by_ruff(self, service: Service) -> None:
        file = f"src/{service.package}/modules/planted/service.py"
        plant(service, file, "import tests")

        assert f"{file}:1:1: INP001" in service.run("ruff", "check", "--output-format=concise", expect=1)


class TestBannedImports:
    """The imports that ruff refuses in integration and e2e tests."""

    def test_mocks_are_found_in_integration_and_e2e_tests_alone(self, service: Service) -> None:
        folders = {"integration": "..", "e2e": "..", "integration/concurrency": "...", "unit": "..", "api": ".."}
        for (folder, dots), (number, source) in product(folders.items(), enumerate(MOCKS + ALLOWED)):
            plant(service, f"tests/{folder}/test_planted_{number:02}.py", source.replace("{dots}", dots))

        output = service.run("ruff", "check", "--output-format=concise", expect=1)

        assert set(re.findall(r"^(\S+?):.* TID251 ", output, re.MULTILINE)) == {
            f"tests/{folder}/test_planted_{number:02}.py"
            for folder in ("integration", "e2e", "integration/concurrency")
            for number in range(len(MOCKS))
        }

    def test_helpers_that_are_banned_exist(self, service: Service) -> None:
        settings = tomllib.loads((service.folder / "pyproject.toml").read_text(encoding="utf-8"))
        banned = settings["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
        helpers = [name for name in banned if name.startswith("tests.")]

        service.run("python", "-c", f"from pkgutil import resolve_name\nfor name in {helpers}: resolve_name(name)")

        assert len(helpers) >= 4


class TestCommitsInServices:
    """The pattern that pre-commit looks for in each `service.py`."""

    @pytest.mark.parametrize("line", COMMITS)
    def test_commit_is_found(self, line: str) -> None:
        assert commit_pattern().search(line)

    @pytest.mark.parametrize("line", NO_COMMITS)
    def test_nothing_else_is_found(self, line: str) -> None:
        assert not commit_pattern().search(line)


def plant(service: Service, file: str, source: str) -> None:
    """Write a file that breaks a rule."""
    path = service.folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source + "\n", encoding="utf-8")


def lint_imports(service: Service, expect: int) -> str:
    """Check the contracts, and return the output on one line: its width depends on the terminal."""
    return " ".join(service.run("lint-imports", "--no-logo", "--no-cache", expect=expect).split())


def commit_pattern() -> re.Pattern[str]:
    """Return the pattern of the hook `commit-in-service`."""
    config = (ROOT / "template/project/.pre-commit-config.yaml.jinja").read_text(encoding="utf-8")
    (entry,) = re.findall(r"id: commit-in-service\n.*\n *entry: '(.*)'", config)
    return re.compile(entry)
