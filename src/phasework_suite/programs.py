"""Programs that tests use, such as a server. A program stops when the process that started it ends, even if it was killed.

`python -m tests.suite.programs COMMAND` runs a command, and stops it when its own standard input is closed.
"""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TypeVar

from .waiting import start_timeout, wait_for

ROOT = Path(__file__).parents[2]
PACKAGES = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
"""Where Python finds the packages of this repository, from any folder."""
SHUTDOWN_TIMEOUT = 10.0
"""Seconds that a program has to stop by itself."""

Found = TypeVar("Found")


class ProgramFailed(RuntimeError):
    """A program did not start; the message holds its output."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running program, and the file that holds its output."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def wait_for_port(self, port: int) -> None:
        """Return once the program listens on a port of this machine; raise ProgramFailed if it ends or needs too long."""
        self._wait(lambda: self.process.poll() is None and listens(port), start_timeout())

    def wait_for(self, pattern: str, timeout: float | None = None) -> re.Match[str]:
        """Return the first match of `pattern` in the output; raise ProgramFailed if the program ends or needs too long."""
        limit = start_timeout() if timeout is None else timeout
        return self._wait(lambda: re.search(pattern, self._output()), limit)

    def _wait(self, find: Callable[[], Found | None], timeout: float) -> Found:
        def find_or_fail() -> Found | None:
            ended = self.process.poll() is not None
            found = find()
            if ended and not found:
                raise self._failure("has ended")
            return found

        try:
            return wait_for(find_or_fail, "a program", timeout)
        except TimeoutError:
            raise self._failure(f"is not ready after {timeout:g} s (TEST_START_TIMEOUT sets this limit)") from None

    def _failure(self, problem: str) -> ProgramFailed:
        command = " ".join(map(str, self.process.args))  # type: ignore[arg-type]
        return ProgramFailed(f"`{command}` {problem}:\n{self._output()}")

    def _output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def free_port() -> int:
    """Return a port of this machine that no program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Return whether a program listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Iterator[Program]:
    """Run a command during a `with` block, in the folder of the file `log`, which gets its output.

    The command can import the packages of the service. It finds no `.env`: all its settings come from `environment`.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, *command],
            cwd=log.parent,
            env={**environment, "PYTHONPATH": PACKAGES},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches a whole session: the program would end before the test that talks to it.
            start_new_session=True,
        )
    with process:
        yield Program(process, log)


def main(command: Sequence[str]) -> int:
    """Run `command` until it ends or our standard input is closed; return its exit code."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as program:
        Thread(target=stop_with_input, args=[program], daemon=True).start()
        return program.wait()


def stop_with_input(program: "subprocess.Popen[bytes]") -> None:
    """Wait until the process that started us closes our input or ends, then stop the program."""
    # Not sys.stdin: Python would wait for its lock if the program ends first.
    while os.read(0, 1024):
        pass
    program.terminate()
    try:
        program.wait(SHUTDOWN_TIMEOUT)
    except subprocess.TimeoutExpired:
        kill_with_children(program)


def kill_with_children(program: "subprocess.Popen[bytes]") -> None:
    """Kill all processes of our session: the program, everything that it started, and this process."""
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    program.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
