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
HANDED_ON = "every_setting_is_passed_to_its_container"

CONFIG = "src/clinic_service/core/config.py"


@pytest.fixture
def service(written: Callable[[str], Service], tmp_path: Path) -> Service:
    """A copy of the default service that tests can break."""
    return written("defaults").copy(tmp_path / "service")


@pytest.mark.xdist_group("defaults")
@pytest.mark.parametrize(
    ("file", "before", "after", "failing"),
    [
        (CONFIG, "    # RFC 7518", "    page_size: int = 20\n    # RFC 7518", [NAMES, f"{HANDED_ON}[app]"]),
        (".env.example", "SMTP_PORT=1025\n", "", [NAMES]),
        (".env.example", "# IMAGE=\n", "# IMAGE=\n# IMAGES=\n", [NAMES]),
        (".env.example", "# JWT_SECRET=\n", f"JWT_SECRET={'s' * 32}\n", [NO_SECRET]),
        (".env.example", "# SMTP_PASSWORD=\n", "# SMTP_PASSWORD=geheim\n", [NO_SECRET]),
        (".env.example", "SMTP_PORT=1025\n", "SMTP_PORT=none\n", [f"{ACCEPTED}[WorkerSettings]"]),
        ("docker-compose.yml", "${PORT:-8000}", "8000", [NAMES]),
        ("docker-compose.yml", "      SMTP_ATTEMPTS:\n", "", [f"{HANDED_ON}[worker]"]),
    ],
    ids=["setting", "line", "other line", "secret", "secret of a comment", "value", "variable", "hand"],
)
def test_fault_is_reported(service: Service, file: str, before: str, after: str, failing: list[str]) -> None:
    path = service.folder / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")

    output = service.run("pytest", "--no-cov", "-q", "-p", "no:randomly", TESTS, expect=pytest.ExitCode.TESTS_FAILED)

    assert re.findall(r"^FAILED \S+::test_(\S+)", output, re.MULTILINE) == failing
