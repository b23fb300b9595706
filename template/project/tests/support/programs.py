"""Programs that tests talk to, such as a server: each ends with the process that started it, however that ends.

Between the two stands `python -m tests.support.programs COMMAND`, which ends the command when its own input does.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TypeVar

ROOT = Path(__file__).parents[2]
PACKAGES = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
"""Where Python finds what is in this repository, from any folder."""
PATIENCE = 10.0
"""Seconds that a program gets to end by itself."""

Found = TypeVar("Found")


class ProgramFailed(RuntimeError):
    """A program has not come up; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs, and the file that holds all that it says."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def wait_for_port(self, port: int, timeout: float = 30.0) -> None:
        """Return once the program listens on a port of this machine; raise ProgramFailed when that never happens."""
        self._wait(lambda: self.process.poll() is None and listens(port), timeout)

    def wait_for(self, pattern: str, timeout: float = 30.0) -> re.Match[str]:
        """Return where `pattern` matches what the program has said; raise ProgramFailed when that never happens."""
        return self._wait(lambda: re.search(pattern, self._said()), timeout)

    def _wait(self, find: Callable[[], Found | None], timeout: float) -> Found:
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll() is not None
            if found := find():
                return found
            if ended or time.monotonic() > deadline:
                command = " ".join(map(str, self.process.args))  # type: ignore[arg-type]
                what = "has ended" if ended else f"is not ready after {timeout:.0f} s"
                raise ProgramFailed(f"`{command}` {what}:\n{self._said()}")
            time.sleep(0.02)

    def _said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Tell whether anybody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[Program]:
    """Run a command inside of a `with` block; what it says goes to `log`, and its folder is that of `log`.

    It finds the service's packages, and no `.env`: only `environment` steers it.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, *command],
            cwd=log.parent,
            env={**environment, "PYTHONPATH": PACKAGES},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches a whole session: the program would go down before the test that talks to it.
            start_new_session=True,
        )
    with process:
        yield Program(process, log)


def main(command: Sequence[str]) -> int:
    """Run `command` until it ends or our input does; return its exit code."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as program:
        Thread(target=end_with_input, args=[program], daemon=True).start()
        return program.wait()


def end_with_input(program: "subprocess.Popen[bytes]") -> None:
    """Wait until whoever started us closes our input or is gone, then end the program."""
    # Not sys.stdin: Python would wait for its lock when the program ends first.
    while os.read(0, 1024):
        pass
    program.terminate()
    try:
        program.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        kill_with_children(program)


def kill_with_children(program: "subprocess.Popen[bytes]") -> None:
    """Kill a program and what it has started: all that is in the session that began with us, and us."""
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    program.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
