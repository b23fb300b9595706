"""Refuses commits whose rows would stay in the database after the test."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, event

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


class LeakError(AssertionError):
    """A test tried to change the database of all other tests."""


def refuse_commits(engine: "Engine | AsyncEngine") -> None:
    """Make each further commit on a connection of `engine` raise LeakError, and store nothing.

    Sessions of `session_factory` may commit: their commits end at a savepoint.
    """

    @event.listens_for(getattr(engine, "sync_engine", engine), "commit")
    def refuse(_: Connection) -> None:
        raise LeakError(
            "All other tests would see the rows of this commit. Use `db_session` or `session_factory`: "
            "their commits are rolled back after the test."
        )
