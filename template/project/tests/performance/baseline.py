"""The baseline of the benchmarks: a fixed piece of work that depends only on the speed of Python."""

import json
from time import perf_counter

ROUNDS = 10
RECORDS = [{"number": number, "text": f"Record {number}", "parts": [number, str(number)]} for number in range(150)]


def measure_baseline() -> float:
    """Return the seconds that the work takes, as the fastest of several rounds."""
    return min(_time_work() for _ in range(ROUNDS))


def _time_work() -> float:
    started = perf_counter()
    records = json.loads(json.dumps(RECORDS))
    sorted(records, key=lambda record: (record["text"], record["number"]))
    return perf_counter() - started
