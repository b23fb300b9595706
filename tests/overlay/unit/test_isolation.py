"""No test leaves anything in SQLite."""

from tests.isolation import IsolationTests


class TestIsolation(IsolationTests):
    """The tests of a process share one database in memory."""
