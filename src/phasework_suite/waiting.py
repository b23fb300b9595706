"""Waits for a state that another thread or process causes."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

INTERVAL = 0.02
"""Seconds between two checks."""
START_TIMEOUT = 300.0
"""Seconds that a program has to start, unless TEST_START_TIMEOUT says otherwise."""


def wait_for(find: Callable[[], Found | None], what: str, timeout: float = 20.0) -> Found:
    """Return the first result of `find` that is true; after `timeout` seconds raise TimeoutError, which names `what`."""
    deadline = time.monotonic() + timeout
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {timeout:g} s for {what}.")
        time.sleep(INTERVAL)
    return found


def start_timeout() -> float:
    """Return the seconds that a program has to start; raise ValueError if TEST_START_TIMEOUT is not a number."""
    return float(os.environ.get("TEST_START_TIMEOUT") or START_TIMEOUT)
