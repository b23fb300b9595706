"""What the processes of one run share: its name, a folder, and a port that closes when the run ends.

Servers of the whole run keep a connection to that port. They stop when it closes, even if the run was killed.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from .waiting import wait_for

CONTROLLER = "main"
SHUTDOWN_TIMEOUT = 10.0
"""Seconds that the servers of a run have to stop by themselves."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the suite, as each of its processes knows it."""

    name: str
    worker: str
    """The name of this process: `main`, or under pytest-xdist `gw0`, `gw1` ..."""
    port: int
    """The port on this machine that stays open until the run ends."""

    @property
    def is_controller(self) -> bool:
        """Whether this process began the run, and so ends it."""
        return self.worker == CONTROLLER

    @property
    def folder(self) -> Path:
        """The folder for the files of the run's servers; the first process that needs it creates it."""
        temporary = tempfile.gettempdir()
        # The path of a socket in it may have 103 bytes on macOS and 107 on Linux.
        return Path(temporary if len(os.fsencode(temporary)) < 70 else "/tmp", f"tests-{self.name}")


@contextmanager
def begin() -> Iterator[Run]:
    """Yield a run that lasts as long as the `with` block."""
    listener = socket.create_server(("127.0.0.1", 0))
    run = Run(uuid4().hex[:8], CONTROLLER, listener.getsockname()[1])
    try:
        yield run
    finally:
        end(run, listener)


def end(run: Run, listener: socket.socket) -> None:
    """Close the port of the run, and wait until its servers have stopped and removed their files."""
    listener.close()
    with suppress(TimeoutError):
        wait_for(lambda: not run.folder.exists(), "the servers of the run to stop", SHUTDOWN_TIMEOUT)
    shutil.rmtree(run.folder, ignore_errors=True)


@contextmanager
def connect(port: int) -> Iterator[socket.socket]:
    """Yield a connection to the port of a run; raise OSError if that run has ended already."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        yield connection


def wait_for_end(connection: socket.socket) -> None:
    """Return when the run has ended."""
    with suppress(OSError):
        connection.recv(1)
