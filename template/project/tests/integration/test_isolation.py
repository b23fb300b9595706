"""No test leaves anything behind in PostgreSQL."""

from tests.support.isolation import IsolationTests


class TestIsolation(IsolationTests):
    """The tests of one process share a database of the run's server."""
