"""A piece of work that takes any machine as long as its Python is slow: what benchmarks are measured by."""

import json
from time import perf_counter

ROUNDS = 10
RECORDS = [{"number": number, "text": f"Record {number}", "parts": [number, str(number)]} for number in range(150)]


def measure_yardstick() -> float:
    """Return how many seconds the work takes here and now, when nothing comes in between."""
    return min(_time_work() for _ in range(ROUNDS))


def _time_work() -> float:
    started = perf_counter()
    records = json.loads(json.dumps(RECORDS))
    sorted(records, key=lambda record: (record["text"], record["number"]))
    return perf_counter() - started
