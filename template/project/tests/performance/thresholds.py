"""What a run under load must hold: numbers that options and environment variables replace."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from locust.env import Environment
from locust.runners import WorkerRunner

MAX_FAILURES = 1.0
"""Percent of the requests that may fail."""
MAX_P95 = 500.0
"""Milliseconds within which 95 of 100 requests are answered."""


def add_options(parser: ArgumentParser) -> None:
    """Let the command line and the environment replace the numbers."""
    limits: dict[str, Any] = {"type": float, "include_in_web_ui": False}
    parser.add_argument(
        "--max-failures",
        default=MAX_FAILURES,
        env_var="LOAD_MAX_FAILURES",
        metavar="PERCENT",
        help=f"requests that may fail; {MAX_FAILURES:g} %% unless told otherwise",
        **limits,
    )
    parser.add_argument(
        "--max-p95",
        default=MAX_P95,
        env_var="LOAD_MAX_P95",
        metavar="MS",
        help=f"time within which 95 %% of the requests are answered; {MAX_P95:g} ms unless told otherwise",
        **limits,
    )


def judge(environment: Environment, **_: Any) -> None:
    """Set the exit code of the run, and print what it misses; a worker leaves that to its master."""
    if isinstance(environment.runner, WorkerRunner):
        return
    missed = list(find_missed(environment))
    environment.process_exit_code = 1 if missed else 0
    print(*(missed or ["Every threshold is held."]), sep="\n", flush=True)


def find_missed(environment: Environment) -> Iterator[str]:
    """Return a sentence for each threshold that is missed, and for whatever kept the run from being one."""
    total, options = environment.stats.total, environment.parsed_options
    if not total.num_requests:
        yield "MISSED: not a single request was answered."
    failures = 100 * total.fail_ratio
    if failures > options.max_failures:
        yield f"MISSED: max-failures: {failures:.2f} % of the requests failed, {options.max_failures:g} % may."
    p95 = total.get_response_time_percentile(0.95) or 0
    if p95 > options.max_p95:
        yield f"MISSED: max-p95: 95 % of the requests took up to {p95:.0f} ms, {options.max_p95:g} ms are allowed."
    for error in environment.runner.exceptions.values() if environment.runner else ():
        yield f"MISSED: a user stopped at an error of its own: {error['msg']}"
