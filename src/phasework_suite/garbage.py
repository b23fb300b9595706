"""Keeps the garbage collector away from the objects that last as long as the run."""

import gc


def pytest_collection_finish() -> None:
    """Freeze all modules and tests; the objects that tests create are still collected."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let the collector see all objects again."""
    gc.unfreeze()
