"""No test leaves anything in PostgreSQL."""

from tests.isolation import IsolationTests


class TestIsolation(IsolationTests):
    """The tests of a process share one database of the run's server."""
