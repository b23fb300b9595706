"""Waits for a state that another thread or process causes."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

INTERVAL = 0.02
"""Seconds between two checks."""


def wait_for(find: Callable[[], Found | None], what: str, timeout: float = 20.0) -> Found:
    """Return the first result of `find` that is true; after `timeout` seconds raise TimeoutError, which names `what`."""
    deadline = time.monotonic() + timeout
    while not (found := find()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"Waited {timeout:g} s for {what}.")
        time.sleep(INTERVAL)
    return found
