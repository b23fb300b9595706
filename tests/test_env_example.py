"""The tests of a service fail if `.env.example` or `docker-compose.yml` lack a setting."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.services import Service

TESTS = "tests/unit/core/test_env_example.py"
NAMES = "the_example_has_every_setting_and_nothing_else"
NO_SECRET = "the_example_has_no_secrets"
ACCEPTED = "the_example_is_valid"
EMPTY = "an_empty_variable_is_not_set"
HANDED_ON = "every_setting_is_passed_to_its_container"

CONFIG = "src/clinic_service/core/config.py"


@pytest.fixture
def service(written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of the default service that tests can break."""
    return written("defaults").copy(tmp_path / "service")


FAULTS = {
    "too much": (
        [
            (CONFIG, "    jwt_jwks_url:", "    page_size: int = 20\n    jwt_jwks_url:"),
            (".env.example", "# IMAGE=\n", "# IMAGE=\n# IMAGES=\n"),
            (".env.example", "# JWT_SECRET=\n", f"JWT_SECRET={'s' * 32}\n"),
            (".env.example", "SMTP_PORT=1025\n", "SMTP_PORT=none\n"),
            ("docker-compose.yml", "      SMTP_TIMEOUT_SECONDS:\n", ""),
        ],
        [
            NAMES,
            NO_SECRET,
            f"{ACCEPTED}[WorkerSettings]",
            f"{EMPTY}[WorkerSettings]",
            f"{HANDED_ON}[app]",
            f"{HANDED_ON}[worker]",
        ],
        ["'IMAGES'", "'PAGE_SIZE'", "'SMTP_TIMEOUT_SECONDS'"],
    ),
    "too little": (
        [
            (".env.example", "SMTP_PORT=1025\n", ""),
            (".env.example", "# SMTP_PASSWORD=\n", "# SMTP_PASSWORD=geheim\n"),
            ("docker-compose.yml", "${PORT:-8000}", "8000"),
        ],
        [NAMES, NO_SECRET],
        ["'SMTP_PORT'", "'PORT'", "geheim"],
    ),
}


@pytest.mark.xdist_group("defaults")
@pytest.mark.parametrize(("faults", "failing", "named"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_are_reported(
    service: Service, faults: list[tuple[str, str, str]], failing: list[str], named: list[str]
) -> None:
    for file, before, after in faults:
        path = service.folder / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")

    output = service.run("pytest", "--no-cov", "-vv", "-p", "no:randomly", TESTS, expect=pytest.ExitCode.TESTS_FAILED)

    assert re.findall(r"^FAILED \S+::test_(\S+)", output, re.MULTILINE) == failing
    assert [name for name in named if name not in output] == []
