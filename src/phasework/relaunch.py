"""Continues in another version of this program, because an update always runs the newest one."""

import os
import shutil
import subprocess
import sys

from .console import notice
from .sources import Source, find_source, has_versions, requirement, running_source

STARTED = "PHASEWORK_VERSION"
"""The environment variable that prevents the started version from starting another one."""


def use_version(address: str, version: str | None) -> None:
    """Run the program of the template at this version, or at its newest tag, and exit with its exit code.

    Return if it is this program already.
    """
    if STARTED in os.environ or not has_versions(address):
        return
    running = running_source()
    wanted = find_source(address, version)
    if running and wanted.commit and running.commit.startswith(wanted.commit):
        return
    sys.exit(run(wanted))


def run(source: Source) -> int:
    """Run the same command line with the program of another version, and return its exit code."""
    uv = os.environ.get("UV") or shutil.which("uv")
    if not uv:
        sys.exit(
            f"uv is needed to run version {source.commit[:12]} of {source.address}: see https://docs.astral.sh/uv/."
        )
    command = [uv, "tool", "run", "--from", requirement(source), "phasework", *sys.argv[1:]]
    notice(f"Using version {source.commit[:12]} of {source.address} ...", "dim")
    process = subprocess.Popen(command, env=os.environ | {STARTED: source.commit})
    try:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the other program has received it, too
    finally:
        process.terminate()
