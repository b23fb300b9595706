"""Excludes imported modules from garbage collection: each collection would scan all of their objects again."""

import gc


def pytest_addoption() -> None:
    """Switch the collector off during imports: pytest calls this hook as soon as it loads the plugin."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Collect unused objects of imports, then freeze the others; objects that tests create are collected as usual."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Switch the collector on again after a run that collected no tests."""
    gc.enable()
