"""The thresholds of load tests; options and environment variables override them."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from locust.env import Environment
from locust.runners import WorkerRunner

MAX_FAILURES = 1.0
"""The maximum percentage of failed requests."""
MAX_P95 = 500.0
"""The maximum 95th percentile of response times in milliseconds."""


def add_options(parser: ArgumentParser) -> None:
    """Add the options for the thresholds."""
    limits: dict[str, Any] = {"type": float, "include_in_web_ui": False}
    parser.add_argument(
        "--max-failures",
        default=MAX_FAILURES,
        env_var="LOAD_MAX_FAILURES",
        metavar="PERCENT",
        help=f"maximum percentage of failed requests (default: {MAX_FAILURES:g})",
        **limits,
    )
    parser.add_argument(
        "--max-p95",
        default=MAX_P95,
        env_var="LOAD_MAX_P95",
        metavar="MS",
        help=f"maximum 95th percentile of response times (default: {MAX_P95:g} ms)",
        **limits,
    )


def check_thresholds(environment: Environment, **_: Any) -> None:
    """Set the exit code and print the missed thresholds; only the master does this, not its workers."""
    if isinstance(environment.runner, WorkerRunner):
        return
    missed = list(find_missed(environment))
    environment.process_exit_code = 1 if missed else 0
    print(*(missed or ["All thresholds are met."]), sep="\n", flush=True)


def find_missed(environment: Environment) -> Iterator[str]:
    """Yield a sentence for each missed threshold and each error of a user."""
    total, options = environment.stats.total, environment.parsed_options
    if not total.num_requests:
        yield "MISSED: no requests were made."
    failures = 100 * total.fail_ratio
    if failures > options.max_failures:
        yield f"MISSED: max-failures: {failures:.2f} % of the requests failed; {options.max_failures:g} % are allowed."
    p95 = total.get_response_time_percentile(0.95) or 0
    if p95 > options.max_p95:
        yield f"MISSED: max-p95: 95 % of the requests took up to {p95:.0f} ms; {options.max_p95:g} ms are allowed."
    for error in environment.runner.exceptions.values() if environment.runner else ():
        yield f"MISSED: a user stopped with an error: {error['msg']}"
