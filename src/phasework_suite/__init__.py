"""The pytest plugin of a service: markers, coverage gates, budgets, test databases, servers and isolation.

Owned by the template: updates replace it. `tests/conftest.py` loads it, and `pytest.ini` holds its settings.
"""

PARTS = (
    # First: they change what the imports of the others cost and read.
    "garbage",
    "shell",
    "plugin",
    "database_url",
    "postgres",
    "redis",
    "coverage",
    "gates",
    "parallel",
    "budgets",
    "phases",
    "unawaited",
    "no_mocks",
    "api_changes",
)

pytest_plugins = [f"{__name__}.{part}" for part in PARTS]
