"""Leaves alone what lasts as long as the run: a collection of garbage would look at all of it again and again."""

import gc


def pytest_collection_finish() -> None:
    """Freeze what was imported and collected; what tests make is collected as always."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """Let the end of the run collect everything."""
    gc.unfreeze()
