"""Run the jobs of a GitHub workflow on this machine: their `run:` steps in order."""

import itertools
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

# GitHub's default shell.
SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")


class JobFailed(AssertionError):
    """A step of a job failed; the message contains the job, the step and its output."""


def read_jobs(workflow: Path) -> dict[str, dict[str, Any]]:
    """Return the jobs of a workflow by name."""
    jobs: dict[str, dict[str, Any]] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    return jobs


def run_job(job: Mapping[str, Any], checkout: Path, variables: Mapping[str, str]) -> None:
    """Run a job in a checkout once for each entry of its matrix, with `variables` in place of its own."""
    folder = checkout / job.get("defaults", {}).get("run", {}).get("working-directory", "")
    for number, entry in enumerate(matrix_of(job)):
        known = {f"matrix.{key}": value for key, value in entry.items()} | {"strategy.job-index": number}
        environment = {name: fill_in(str(text), known) for name, text in job.get("env", {}).items()}
        for step in job["steps"]:
            if "run" in step:
                run_step(step["run"], folder, environment | dict(variables))


def matrix_of(job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each combination of a job's matrix; a job without a matrix runs once."""
    matrix = job.get("strategy", {}).get("matrix", {})
    return (dict(zip(matrix, values, strict=True)) for values in itertools.product(*matrix.values()))


def fill_in(text: str, known: Mapping[str, Any]) -> str:
    """Replace each expression by its value; raise `KeyError` for an unknown one."""
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: str(known[found[1]]), text)


def run_step(script: str, checkout: Path, environment: Mapping[str, str]) -> None:
    """Run the script of a step; raise JobFailed if it fails."""
    run = subprocess.run(
        [*SHELL, script],
        cwd=checkout,
        env=os.environ | dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode:
        raise JobFailed(f"`{script.strip()}` exited {run.returncode}:\n{run.stdout}")
