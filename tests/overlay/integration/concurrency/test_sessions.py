"""Tests of the fixtures of this folder: sessions are separate, and the tables are emptied."""

import pytest
from sqlalchemy import func, select, text
{%- if database_access == 'async' %}
from sqlalchemy.ext.asyncio import AsyncSession
{%- else %}
from sqlalchemy.orm import Session
{%- endif %}

from your_service.core.database import SessionFactory
from your_service.core.tenancy import Organisation

from tests.support.races import RaceRunner


async def test_each_racer_has_its_own_connection(race: RaceRunner) -> None:
    async def connection(session: AsyncSession) -> str:
        return str(await session.scalar(text("SELECT pg_backend_pid()")))

    connections = await race(connection, connection, connection)

    assert len(set(connections)) == 3


async def test_a_race_returns_results_and_exceptions(race: RaceRunner) -> None:
    async def succeed(session: AsyncSession) -> str:
        return "done"

    async def fail(session: AsyncSession) -> str:
        raise ZeroDivisionError

    done, failed = await race(succeed, fail)

    assert (done, type(failed)) == ("done", ZeroDivisionError)


@pytest.mark.parametrize("time", ["once", "again"])
async def test_commits_are_visible_to_other_sessions_until_the_test_ends(
    session_factory: SessionFactory,
    time: str,
) -> None:
    async with session_factory() as before, session_factory.begin() as session:
        session.add(Organisation(name="Acme"))
        await session.flush()
        unseen = await before.scalar(select(func.count(Organisation.id)))

    async with session_factory() as after:
        seen = await after.scalar(select(func.count(Organisation.id)))

    assert (unseen, seen) == (0, 1)
