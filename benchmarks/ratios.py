"""The median time of runs that take turns, and their ratio."""

import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 7


def medians(runs: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Return the median seconds of each run, after one round to warm the caches."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def print_ratio(ratio: float, goal: float | None) -> None:
    """Print a ratio with its goal, if it has one."""
    result = "" if goal is None else f", goal {goal:g}: {'met' if ratio <= goal else 'MISSED'}"
    print(f"  ratio {ratio:.3g}{result}", flush=True)
