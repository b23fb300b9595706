"""Run the tests of a service again and again, with the Python of the service: `python -P forking.py`, in its folder.

Each run is a copy of this process, which has imported the libraries. A line of the input has the arguments of pytest, more
environment variables, and a time limit in seconds, as JSON; the answer is a line with the exit code.
"""

import json
import os
import re
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

OWN = ("src", "tests")
# pytest would rewrite the assertions of these libraries.
IMPORTED_BEFORE = ("-W", "ignore:Module already imported:pytest.PytestAssertRewriteWarning")
TIMED_OUT = 124


def import_libraries() -> None:
    """Import what the service imports, except its own files."""
    texts = [path.read_text(encoding="utf-8") for folder in OWN for path in Path(folder).rglob("*.py")]
    names = {name for text in texts for name in re.findall(r"^(?:import|from) (\w[\w.]*)", text, re.MULTILINE)}
    left_out = {*OWN, *(path.name for path in Path("src").iterdir())}
    for name in sorted(names):
        if name.partition(".")[0] not in left_out:
            with suppress(ImportError):
                import_module(name)


def run(arguments: list[str], variables: dict[str, str], limit: float) -> int:
    """Run pytest in a copy of this process, and return its exit code; kill it after `limit` seconds."""
    process = os.fork()
    if not process:
        os.setsid()
        os.environ.update(variables)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        import pytest

        os._exit(pytest.main([*IMPORTED_BEFORE, *arguments]))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return TIMED_OUT


if __name__ == "__main__":
    import_libraries()
    for line in sys.stdin:
        print(run(*json.loads(line)), flush=True)
