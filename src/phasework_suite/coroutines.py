"""Makes the warning about a coroutine that was never awaited say where the coroutine was created.

The test itself fails by `filterwarnings = error`, once the coroutine is freed: usually at once, but later if it is part of a
reference cycle.
"""

import sys

FRAMES = 5


def pytest_configure() -> None:
    """Record where each coroutine is created."""
    sys.set_coroutine_origin_tracking_depth(FRAMES)
