"""No test leaves anything behind in SQLite."""

from tests.support.isolation import IsolationTests


class TestIsolation(IsolationTests):
    """The tests of one process share a database in memory."""
