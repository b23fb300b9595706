"""Programs that tests start stop together with the tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from phasework_suite.programs import PACKAGES, Program, ProgramFailed, free_port, listens, running

FOREVER = "import time; print('ready', flush=True); time.sleep(600)"


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_program_runs_until_its_block_ends(tmp_path: Path) -> None:
    with running(python(f"import os; print(os.getpid()); {FOREVER}"), tmp_path / "log", os.environ) as program:
        pid = int(program.wait_for(r"(\d+)\s+ready")[1])
        os.kill(pid, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_program_gets_its_environment(tmp_path: Path) -> None:
    program = python("import os; print('Hello', os.environ['NAME'], flush=True)")

    with running(program, tmp_path / "log", {"NAME": "Ada"}) as hello:
        assert hello.wait_for("Hello .*")[0] == "Hello Ada"


def test_program_that_ends_early_is_reported_with_its_output(tmp_path: Path) -> None:
    with (
        running(python("raise SystemExit('out of paper')"), tmp_path / "log", os.environ) as program,
        pytest.raises(ProgramFailed, match=r"(?s)has ended:.*out of paper"),
    ):
        program.wait_for("ready")


@pytest.mark.parametrize("wait", [lambda program: program.wait_for("never"), lambda program: program.wait_for_port(1)])
def test_program_that_is_not_ready_in_time_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait: Callable[[Program], object]
) -> None:
    monkeypatch.setenv("TEST_START_TIMEOUT", "0.1")

    with (
        running(python(FOREVER), tmp_path / "log", os.environ) as program,
        pytest.raises(ProgramFailed, match=r"is not ready after 0\.1 s \(TEST_START_TIMEOUT sets this limit\)"),
    ):
        wait(program)


def test_program_may_need_a_minute_on_a_busy_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_START_TIMEOUT", raising=False)
    clock = time.monotonic
    # A second lasts a minute for those who wait.
    monkeypatch.setattr("phasework_suite.waiting.time.monotonic", lambda: 60 * clock())

    with running(python(f"import time; time.sleep(1); {FOREVER}"), tmp_path / "log", os.environ) as program:
        assert program.wait_for("ready")


def test_program_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    starter = f"""
import os
from pathlib import Path
from phasework_suite.programs import running
with running({python(f"import os; print(os.getpid()); {FOREVER}")!r}, Path({str(log)!r}), os.environ) as program:
    print(program.wait_for(r"(\\d+)\\s+ready")[1], flush=True)
    input()
"""
    environment = {**os.environ, "PYTHONPATH": PACKAGES}
    with subprocess.Popen(python(starter), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()

    assert has_ended(pid)


def test_free_port_can_be_used() -> None:
    port = free_port()

    assert not listens(port)
    with socket.create_server(("127.0.0.1", port)):
        assert listens(port)


def has_ended(pid: int, timeout: float = 10.0) -> bool:
    """Return whether a process ends within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False
