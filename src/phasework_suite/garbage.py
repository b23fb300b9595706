"""Keeps the garbage collector away from the objects that last as long as the run: it would look at them again and again."""

import gc


def pytest_addoption() -> None:
    """Stop the collector while modules are imported: pytest calls this hook as soon as it loads the plugin."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Collect what imports left behind, then freeze the rest; the objects that tests create are collected as usual."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Let the collector work again after a run that collected no tests."""
    gc.enable()
