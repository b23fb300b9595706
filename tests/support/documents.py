"""The commands and edits in a page of `docs/`, so that tests can follow it step by step."""

import os
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from .servers import wait_until
from .services import Service
from .updates import GIT_VARIABLES, WORKING_TREE

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The programs of a reader; both use what is installed already.
_PROGRAMS = {
    "phasework": """\
#!/bin/sh
if [ "$1" = new ]; then shift; set -- new --template "$TEMPLATE" "$@"; fi
exec "$PYTHON" -m phasework "$@"
""",
    "uv": """\
#!/bin/sh
if [ "$1" != run ]; then exit; fi
shift
PATH="$SERVICE_ENVIRONMENT/bin:$PATH" PYTHONPATH=src exec "$@"
""",
}


@dataclass(frozen=True)
class Block:
    """A block of a page: its language, its text, and the file that the paragraph before it names last."""

    language: str
    text: str
    path: str


def read_blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page in their order."""
    for found in _BLOCK.finditer(text):
        paragraph = text[: found.start()].rstrip().rpartition("\n\n")[2]
        names = re.findall(r"`([\w./-]+\.\w+)`", paragraph)
        yield Block(found[1], found[2], names[-1] if names else "")


def read_workflow(page: Path) -> str:
    """Return the only workflow that a page shows, in an item of a list."""
    [block] = re.findall(r"^   ```yaml\n(.*?)^   ```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return textwrap.dedent(block)


def change(file: Path, diff: str) -> None:
    """Change a file as a diff shows, which has no line numbers: `@@` separates its parts."""
    text = file.read_text(encoding="utf-8")
    for part in diff.split("@@\n"):
        lines = part.splitlines(keepends=True)
        old = "".join(line[1:] or "\n" for line in lines if line[0] != "+")
        new = "".join(line[1:] or "\n" for line in lines if line[0] != "-")
        assert text.count(old) == 1, f"{file} has these lines {text.count(old)} times:\n{old}"
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def indented(text: str) -> list[str]:
    """Return the commands in the indented blocks of a page."""
    return [line[4:] for line in text.splitlines() if line.startswith("    ")]


def run_commands(commands: str, folder: Path, variables: Mapping[str, str]) -> Path:
    """Run commands in a shell, and return the folder in which they end. A failure fails the test with its output."""
    run = subprocess.run(
        ["bash", "-ec", f"{commands}\npwd"],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{commands}\n{run.stdout}"
    return Path(run.stdout.splitlines()[-1])


def shell_variables(folder: Path, service: Service, template: Path) -> dict[str, str]:
    """Write `phasework` and `uv` into a folder; return the variables of a shell that finds them.

    `uv run` uses the environment of the service, and `phasework new` the template.
    """
    folder.mkdir()
    for name, text in _PROGRAMS.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return {
        **service.variables,
        **GIT_VARIABLES,
        "SERVICE_ENVIRONMENT": str(service.environment),
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PHASEWORK_VERSION": WORKING_TREE["PHASEWORK_VERSION"],
        "PYTHON": sys.executable,
        "TEMPLATE": str(template),
        "UV": str(folder / "uv"),
    }


@contextmanager
def running(command: str, folder: Path, variables: dict[str, str]) -> Iterator[str]:
    """Run the command of a server on another port; yield its address when it responds."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen(
        ["bash", "-c", f"exec {command} --port {address.partition(':')[2]}"], cwd=folder, env=variables
    )
    try:
        wait_until(lambda: server.poll() is not None or responds(f"http://{address}/ready"))
        assert server.poll() is None, f"{command} ended"
        yield address
    finally:
        server.kill()
        server.wait()


def responds(url: str) -> bool:
    """Return whether a request succeeds."""
    try:
        with urlopen(url, timeout=5):
            return True
    except URLError:
        return False
