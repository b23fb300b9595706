"""Refuses what would outlive its test."""

from sqlalchemy import Connection, Engine, event


class LeakError(AssertionError):
    """A test was about to change the database of every other test."""


def refuse_commits(engine: Engine) -> None:
    """Make each further commit on a connection of `engine` raise LeakError, and store nothing.

    Sessions of `session_factory` commit as they like: theirs ends at a savepoint.
    """

    @event.listens_for(engine, "commit")
    def refuse(connection: Connection) -> None:
        raise LeakError(
            "This commit would have left its rows behind for every other test. Use `db_session` or "
            "`session_factory`: what they commit is gone after the test."
        )
